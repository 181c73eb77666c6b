/* SPDX-License-Identifier: BSD-3-Clause */
/* Cases of the suite: links between actors. */
#include "conformance/cases.h"

static const enum conf_place places[] = { CONF_A, CONF_B };

static uint32_t
sent(const struct conf_fixture *fixture)
{
    return conf_count_of(&fixture->log, CONF_WHAT_SENT);
}

/* A linker there that is linked to the peer. */
static struct myc_ref
spawn_linked(struct conf_fixture *fixture, enum conf_place place, struct myc_ref peer)
{
    uint32_t before = sent(fixture);
    struct myc_ref linker =
        conf_spawn(fixture, place, "linker", (struct conf_plan){ .peer = peer });

    conf_await(fixture, CONF_WHAT_SENT, before + 1);
    assert_int_equal(conf_last_of(&fixture->log, CONF_WHAT_SENT)->status, MYC_OK);
    conf_linger(fixture);
    return linker;
}

static void
end_with(struct conf_fixture *fixture, struct myc_ref ref, enum myc_status reason)
{
    uint32_t before = sent(fixture);

    conf_spawn(fixture, CONF_A, "ender", (struct conf_plan){ .peer = ref, .option = reason });
    conf_await(fixture, CONF_WHAT_SENT, before + 1);
}

static void
assert_stops_with(struct conf_fixture *fixture, struct myc_ref ref, enum myc_status reason)
{
    conf_await_of(fixture, CONF_WHAT_STOPPED, ref, 1);
    assert_int_equal(conf_report_of(&fixture->log, CONF_WHAT_STOPPED, ref)->status, reason);
}

/* Whoever of the two asked for the link, and whoever ends. */
void
test_an_abnormal_end_ends_who_is_linked(void **state)
{
    struct conf_fixture *fixture = conf_begin(state);

    for (uint32_t i = 0; i < 4; i++) {
        struct myc_ref first =
            conf_spawn(fixture, places[i % 2], "victim", (struct conf_plan){ 0 });
        struct myc_ref second =
            conf_spawn(fixture, places[i % 2], "victim", (struct conf_plan){ 0 });
        struct myc_ref linker = spawn_linked(fixture, places[i / 2], first);

        end_with(fixture, first, MYC_KILLED);
        assert_stops_with(fixture, linker, MYC_KILLED);
        linker = spawn_linked(fixture, places[i / 2], second);
        end_with(fixture, linker, MYC_SHUTDOWN);
        assert_stops_with(fixture, second, MYC_SHUTDOWN);
    }
}

void
test_neither_a_normal_end_nor_that_of_an_unlinked_ends_another(void **state)
{
    struct conf_fixture *fixture = conf_begin(state);

    for (uint32_t i = 0; i < 4; i++) {
        struct myc_ref first =
            conf_spawn(fixture, places[i % 2], "victim", (struct conf_plan){ 0 });
        struct myc_ref second =
            conf_spawn(fixture, places[i % 2], "victim", (struct conf_plan){ 0 });
        struct myc_ref normal = spawn_linked(fixture, places[i / 2], first);
        struct myc_ref unlinked = spawn_linked(fixture, places[i / 2], second);
        uint32_t before = sent(fixture);

        end_with(fixture, first, MYC_NORMAL);
        conf_spawn(fixture, CONF_A, "prober", (struct conf_plan){ .peer = unlinked, .option = 1 });
        conf_await(fixture, CONF_WHAT_SENT, before + 3);
        conf_linger(fixture);
        end_with(fixture, second, MYC_SHUTDOWN);
        assert_stops_with(fixture, second, MYC_SHUTDOWN);
        conf_linger(fixture);
        assert_null(conf_report_of(&fixture->log, CONF_WHAT_STOPPED, normal));
        assert_null(conf_report_of(&fixture->log, CONF_WHAT_STOPPED, unlinked));
    }
}

void
test_a_link_to_who_has_ended_says_no_process(void **state)
{
    struct conf_fixture *fixture = conf_begin(state);

    for (uint32_t i = 0; i < 4; i++) {
        struct myc_ref gone = conf_spawn(fixture, places[i % 2], "victim", (struct conf_plan){ 0 });

        end_with(fixture, gone, MYC_NORMAL);
        conf_await_of(fixture, CONF_WHAT_STOPPED, gone, 1);
        conf_linger(fixture);
        assert_stops_with(fixture, spawn_linked(fixture, places[i / 2], gone), MYC_NO_PROCESS);
    }
}

/* Which of the two asked for the link makes no difference. */
void
test_the_crash_of_the_other_node_ends_who_is_linked_there(void **state)
{
    struct conf_fixture *fixture = *state;

    if (!fixture->crash_b || fixture->is_one_node)
        conf_skip("there is no other node that could crash");
    for (unsigned life = 0; life < 2; life++) {
        struct myc_ref here, there;

        conf_begin(state);
        if (life == 0) {
            there = conf_spawn(fixture, CONF_B, "victim", (struct conf_plan){ 0 });
            here = spawn_linked(fixture, CONF_A, there);
        } else {
            here = conf_spawn(fixture, CONF_A, "victim", (struct conf_plan){ 0 });
            spawn_linked(fixture, CONF_B, here);
        }
        fixture->crash_b(fixture);
        assert_stops_with(fixture, here, MYC_NO_CONNECTION);
        fixture->start_b(fixture);
        conf_cross(fixture);
    }
}
