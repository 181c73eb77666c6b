/* SPDX-License-Identifier: BSD-3-Clause */
/* Cases of the suite: ends of every kind, order among kinds of messages, saturation. */
#include "conformance/cases.h"

#define STALL_NS      1000000000ULL /* without an answer, on CPUs that others use, too */
#define CROSSFIRE_MIN 1000U         /* answers that each gets in any time */

static const enum conf_place places[] = { CONF_A, CONF_B };

void
test_a_drained_actor_handles_what_waits_and_refuses_the_rest(void **state)
{
    struct conf_fixture *fixture = conf_begin(state);
    const struct conf_log *log = &fixture->log;

    for (uint32_t i = 0; i < 2; i++) {
        struct myc_ref sink =
            conf_spawn(fixture, places[i], "sink", (struct conf_plan){ .count = 1000 });
        const struct conf_report *report;

        conf_spawn(fixture, CONF_A, "watcher", (struct conf_plan){ .peer = sink });
        conf_await(fixture, CONF_WHAT_SENT, 2 * i + 1);
        conf_spawn(fixture, CONF_A, "drainer", (struct conf_plan){ .peer = sink, .count = 1000 });
        conf_await(fixture, CONF_WHAT_DOWN, i + 1);
        assert_int_equal(conf_last_of(log, CONF_WHAT_DOWN)->status, MYC_SHUTDOWN);
        conf_await(fixture, CONF_WHAT_COMPLETE, i + 1);
        conf_await(fixture, CONF_WHAT_SENT, 2 * i + 2);
        report = conf_last_of(log, CONF_WHAT_SENT);
        if (report->status == MYC_OK) {
            conf_await(fixture, CONF_WHAT_UNDELIVERED, 1);
            report = conf_last_of(log, CONF_WHAT_UNDELIVERED);
        }
        assert_int_equal(report->status, MYC_GONE);
    }
    conf_linger(fixture);
    assert_int_equal(conf_count_of(log, CONF_WHAT_DISORDER), 0);
    assert_int_equal(conf_count_of(log, CONF_WHAT_DOWN), 2);
}

/* kill_terminates_work; and a stop reaches it as well. */
void
test_who_is_never_idle_can_be_stopped_and_killed(void **state)
{
    static const enum myc_status reasons[] = { MYC_SHUTDOWN, MYC_KILLED };
    struct conf_fixture *fixture = conf_begin(state);
    uint32_t downs = 0;

    for (uint32_t i = 0; i < 2; i++)
        for (uint32_t r = 0; r < 2; r++) {
            struct myc_ref toiler =
                conf_spawn(fixture, places[i], "toiler", (struct conf_plan){ 0 });

            conf_spawn(fixture, CONF_A, "watcher", (struct conf_plan){ .peer = toiler });
            conf_linger(fixture);
            conf_spawn(fixture, CONF_A, "ender",
                       (struct conf_plan){ .peer = toiler, .option = reasons[r] });
            conf_await(fixture, CONF_WHAT_DOWN, ++downs);
            assert_int_equal(conf_last_of(&fixture->log, CONF_WHAT_DOWN)->status, reasons[r]);
        }
}

void
test_replies_keep_their_place_among_messages(void **state)
{
    struct conf_fixture *fixture = conf_begin(state);
    const struct conf_log *log = &fixture->log;

    for (uint32_t i = 0; i < 2; i++) {
        struct myc_ref narrator =
            conf_spawn(fixture, places[i], "narrator", (struct conf_plan){ 0 });
        uint64_t expected = 1;

        conf_spawn(fixture, CONF_A, "listener", (struct conf_plan){ .peer = narrator });
        conf_await(fixture, CONF_WHAT_NUMBER, 3 * (i + 1));
        for (uint32_t n = 0; n < conf_log_count(log); n++)
            if (log->reports[n].what == CONF_WHAT_NUMBER) {
                assert_int_equal(log->reports[n].value, expected);
                expected = expected == 3 ? 1 : expected + 1;
            }
    }
}

void
test_a_ref_to_a_node_that_nobody_knows_is_unreachable_at_once(void **state)
{
    struct conf_fixture *fixture = conf_begin(state);
    const struct myc_ref nowhere = { 0xee00000000000001ULL, 1 };

    conf_spawn(fixture, CONF_A, "prober", (struct conf_plan){ .peer = nowhere });
    conf_await(fixture, CONF_WHAT_SENT, 1);
    assert_int_equal(conf_last_of(&fixture->log, CONF_WHAT_SENT)->status, MYC_UNREACHABLE);
    conf_spawn(fixture, CONF_A, "watcher", (struct conf_plan){ .peer = nowhere });
    conf_await(fixture, CONF_WHAT_DOWN, 1);
    assert_int_equal(conf_last_of(&fixture->log, CONF_WHAT_DOWN)->status, MYC_NO_CONNECTION);
    conf_spawn(fixture, CONF_A, "asker",
               (struct conf_plan){ .peer = nowhere, .count = 1, .option = CONF_TIMEOUT_NS });
    conf_await(fixture, CONF_WHAT_ASK_FAILED, 1);
    assert_int_equal(conf_last_of(&fixture->log, CONF_WHAT_ASK_FAILED)->status, MYC_UNREACHABLE);
}

/* crossfire_full_rings_make_progress: for the fixture's time each asks the other as often as it is
 * let; both run into what is full, neither goes without an answer for long, and none is missing. */
void
test_two_who_saturate_each_other_with_asks_make_progress(void **state)
{
    struct conf_fixture *fixture = conf_begin(state);
    const struct conf_log *log = &fixture->log;
    uint64_t stall_ns = fixture->crossfire_ns / 2 < STALL_NS ? fixture->crossfire_ns / 2 : STALL_NS;
    struct conf_plan plan = { .count = fixture->crossfire_ns, .option = stall_ns };

    plan.peer = conf_spawn(fixture, CONF_B, "crossfire", plan);
    conf_spawn(fixture, CONF_A, "crossfire", plan);
    conf_await_within(fixture, CONF_WHAT_COMPLETE, 2, fixture->crossfire_ns + 2 * CONF_TIMEOUT_NS);
    conf_linger(fixture);
    for (uint32_t i = 0; i < conf_log_count(log); i++) {
        if (log->reports[i].what == CONF_WHAT_ASK_FAILED)
            print_message("# an ask failed: %s\n", myc_status_name(log->reports[i].status));
    }
    assert_int_equal(conf_count_of(log, CONF_WHAT_ASK_FAILED), 0);
    assert_int_equal(conf_count_of(log, CONF_WHAT_DISORDER), 0);
    assert_int_equal(conf_count_of(log, CONF_WHAT_COMPLETE), 2);
    for (uint32_t i = 0; i < conf_log_count(log); i++) {
        if (log->reports[i].what == CONF_WHAT_COMPLETE)
            assert_true(log->reports[i].value > CROSSFIRE_MIN);
        if (log->reports[i].what == CONF_WHAT_FULL)
            assert_true(log->reports[i].value > 0);
    }
}

/* slow_actor_does_not_block_link_reader */
void
test_an_actor_that_is_full_does_not_hold_up_its_neighbours(void **state)
{
    struct conf_fixture *fixture = conf_begin(state);
    const struct conf_log *log = &fixture->log;
    struct myc_ref sink;

    conf_spawn(fixture, CONF_B, "keeper", (struct conf_plan){ .count = 1000, .option = 4 });
    conf_await(fixture, CONF_WHAT_CHILD, 1);
    conf_spawn(
        fixture, CONF_A, "source",
        (struct conf_plan){ .peer = conf_last_of(log, CONF_WHAT_CHILD)->ref, .count = 1000 });
    conf_linger(fixture);
    sink = conf_spawn(fixture, CONF_B, "sink", (struct conf_plan){ .count = 5000 });
    conf_spawn(fixture, CONF_A, "source",
               (struct conf_plan){ .peer = sink, .count = 5000, .option = 1 });
    conf_await(fixture, CONF_WHAT_COMPLETE, 1);
    assert_int_equal(conf_count_of(log, CONF_WHAT_DISORDER), 0);
}
