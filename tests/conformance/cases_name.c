/* SPDX-License-Identifier: BSD-3-Clause */
/* Cases of the suite: names, found, waited for and followed. */
#include "conformance/cases.h"

static const enum conf_place places[] = { CONF_A, CONF_B };

void
test_a_name_is_found_wherever_it_lives(void **state)
{
    struct conf_fixture *fixture = conf_begin(state);

    for (uint32_t i = 0; i < 2; i++) {
        struct conf_plan plan = { .count = 1 };
        struct myc_ref named = conf_spawn_with(
            fixture, places[i], "sink", plan,
            (struct myc_spawn_options){ .name = i == 0 ? "conf_near" : "conf_far" });

        plan = (struct conf_plan){ .option = CONF_TIMEOUT_NS };
        strcpy(plan.name, i == 0 ? "conf_near" : "conf_far");
        conf_spawn(fixture, CONF_A, "finder", plan);
        conf_await(fixture, CONF_WHAT_FOUND, i + 1);
        assert_int_equal(conf_last_of(&fixture->log, CONF_WHAT_FOUND)->status, MYC_OK);
        assert_true(myc_ref_is_equal(conf_last_of(&fixture->log, CONF_WHAT_FOUND)->ref, named));
    }
}

void
test_a_search_waits_for_who_registers_later_and_gives_up_in_time(void **state)
{
    struct conf_fixture *fixture = conf_begin(state);
    struct conf_plan plan = { .option = CONF_TIMEOUT_NS, .name = "conf_late" };
    struct myc_ref named;

    conf_spawn(fixture, CONF_A, "finder", plan);
    conf_linger(fixture);
    assert_int_equal(conf_count_of(&fixture->log, CONF_WHAT_FOUND), 0);
    named = conf_spawn_with(fixture, CONF_B, "sink", (struct conf_plan){ .count = 1 },
                            (struct myc_spawn_options){ .name = "conf_late" });
    conf_await(fixture, CONF_WHAT_FOUND, 1);
    assert_true(myc_ref_is_equal(conf_last_of(&fixture->log, CONF_WHAT_FOUND)->ref, named));
    strcpy(plan.name, "conf_never");
    plan.option = 30 * MS;
    conf_spawn(fixture, CONF_A, "finder", plan);
    conf_await(fixture, CONF_WHAT_FOUND, 2);
    assert_int_equal(conf_last_of(&fixture->log, CONF_WHAT_FOUND)->status, MYC_TIMEOUT);
}

/* Both followers see it come and go. */
static void
name_and_end(struct conf_fixture *fixture, enum conf_place place, const char *name)
{
    struct myc_ref named = conf_spawn_with(fixture, place, "sink", (struct conf_plan){ .count = 1 },
                                           (struct myc_spawn_options){ .name = name });

    conf_await_of(fixture, CONF_WHAT_FOUND, named, 2);
    conf_spawn(fixture, CONF_A, "ender",
               (struct conf_plan){ .peer = named, .option = MYC_SHUTDOWN });
    conf_await_of(fixture, CONF_WHAT_LOST, named, 2);
}

void
test_who_follows_a_name_sees_it_come_and_go(void **state)
{
    struct conf_fixture *fixture = conf_begin(state);

    for (uint32_t i = 0; i < 2; i++)
        conf_spawn(fixture, places[i], "follower", (struct conf_plan){ .name = "conf_follow" });
    conf_linger(fixture);
    assert_int_equal(conf_count_of(&fixture->log, CONF_WHAT_FOUND), 0);
    for (uint32_t i = 0; i < 4; i++)
        name_and_end(fixture, places[i % 2], "conf_follow");
    conf_linger(fixture);
    assert_int_equal(conf_count_of(&fixture->log, CONF_WHAT_FOUND), 8);
    assert_int_equal(conf_count_of(&fixture->log, CONF_WHAT_LOST), 8);
}

/* actor_failing_in_spawn_err_doesnt_poison_registries, and gen_server's start: the name is free for
 * the next one at once, whom everybody sees; and it has one holder. */
void
test_a_failed_init_leaves_no_name_and_a_name_has_one_holder(void **state)
{
    static const enum myc_status failures[] = { MYC_FAILED, MYC_IGNORED };
    const struct myc_spawn_options options = { .name = "conf_still" };
    struct conf_fixture *fixture = conf_begin(state);

    for (uint32_t i = 0; i < 2; i++)
        conf_spawn(fixture, places[i], "follower", (struct conf_plan){ .name = "conf_still" });
    for (uint32_t i = 0; i < 4; i++) {
        const struct conf_plan plan = { .option = failures[i / 2] };

        assert_int_equal(conf_try_spawn(fixture, places[i % 2], "stillborn", plan, options),
                         failures[i / 2]);
        name_and_end(fixture, places[i % 2], options.name);
    }
    conf_spawn_with(fixture, CONF_B, "sink", (struct conf_plan){ .count = 1 }, options);
    assert_int_equal(conf_try_spawn(fixture, CONF_B, "sink", (struct conf_plan){ 0 }, options),
                     MYC_EXISTS);
}

/* One holder after a name conflict: both may be told OK, as neither place knows of the other's yet;
 * soon everybody sees the same one, and the other one is told. */
void
test_a_name_that_is_claimed_twice_gets_one_holder(void **state)
{
    struct conf_fixture *fixture = conf_begin(state);
    const struct conf_log *log = &fixture->log;
    const struct conf_plan plan = { .name = "conf_twice" };

    for (uint32_t i = 0; i < 2; i++)
        conf_spawn(fixture, places[i], "follower", plan);
    for (uint32_t round = 0; round < 6; round++) {
        struct myc_ref claimers[2], winner;

        for (uint32_t i = 0; i < 2; i++)
            claimers[i] = conf_spawn(fixture, places[(round + i) % 2], "claimer", plan);
        conf_await(fixture, CONF_WHAT_CLAIM_LOST, round + 1);
        winner = myc_ref_is_equal(conf_last_of(log, CONF_WHAT_CLAIM_LOST)->ref, claimers[0])
                     ? claimers[1]
                     : claimers[0];
        conf_await_of(fixture, CONF_WHAT_FOUND, winner, 2);
        conf_linger(fixture);
        assert_int_equal(conf_count_of(log, CONF_WHAT_CLAIM_LOST), round + 1);
        for (uint32_t i = 0; i < 2; i++)
            conf_spawn(fixture, CONF_A, "ender",
                       (struct conf_plan){ .peer = claimers[i], .option = MYC_SHUTDOWN });
        conf_await_of(fixture, CONF_WHAT_LOST, winner, 2);
    }
}

/* inbound_messages_require_an_advertised_remotable_pid */
void
test_only_who_is_exported_is_reached_from_elsewhere(void **state)
{
    struct conf_fixture *fixture = *state;
    const struct conf_log *log = &fixture->log;
    struct myc_ref open, closed;

    if (!fixture->can_export)
        conf_skip("exports are for other nodes, and those with a list of them");
    conf_begin(state);
    fixture->exported = "conf_open";
    fixture->crash_b(fixture);
    fixture->start_b(fixture);
    fixture->exported = NULL;
    open = conf_spawn_with(fixture, CONF_B, "answerer", (struct conf_plan){ 0 },
                           (struct myc_spawn_options){ .name = "conf_open" });
    closed = conf_spawn_with(fixture, CONF_B, "sink", (struct conf_plan){ .count = 1 },
                             (struct myc_spawn_options){ .name = "conf_closed" });
    conf_spawn(fixture, CONF_A, "crosser", (struct conf_plan){ .peer = open });
    conf_await(fixture, CONF_WHAT_CROSSED, 3); /* two were of the begin */
    conf_spawn(fixture, CONF_A, "prober", (struct conf_plan){ .peer = closed });
    conf_await(fixture, CONF_WHAT_UNDELIVERED, 1);
    assert_int_equal(conf_last_of(log, CONF_WHAT_UNDELIVERED)->status, MYC_REFUSED);
    conf_spawn(fixture, CONF_A, "asker",
               (struct conf_plan){ .peer = closed, .count = 1, .option = CONF_TIMEOUT_NS });
    conf_await(fixture, CONF_WHAT_ASK_FAILED, 1);
    assert_int_equal(conf_last_of(log, CONF_WHAT_ASK_FAILED)->status, MYC_REFUSED);
    conf_spawn(fixture, CONF_A, "ender",
               (struct conf_plan){ .peer = closed, .option = MYC_KILLED });
    conf_spawn(fixture, CONF_A, "watcher", (struct conf_plan){ .peer = closed });
    conf_await(fixture, CONF_WHAT_DOWN, 1);
    assert_int_equal(conf_last_of(log, CONF_WHAT_DOWN)->status, MYC_REFUSED);
    /* It lives, and its own node reaches it; what it says itself goes everywhere. */
    assert_int_equal(conf_count_of(log, CONF_WHAT_COMPLETE), 0);
    conf_spawn(fixture, CONF_B, "prober", (struct conf_plan){ .peer = closed });
    conf_await(fixture, CONF_WHAT_COMPLETE, 1);
    conf_restart_b(fixture);
}
