/* SPDX-License-Identifier: BSD-3-Clause */
#include "conformance/cases.h"

/* --- cases ------------------------------------------------------------------------------------ */

static void
test_messages_of_a_pair_arrive_in_order_and_once(void **state)
{
    static const enum conf_place ways[][2] = {
        { CONF_A, CONF_B }, { CONF_B, CONF_A }, { CONF_A, CONF_A }, { CONF_B, CONF_B }
    };
    struct conf_fixture *fixture = conf_begin(state);

    for (uint32_t i = 0; i < 4; i++) {
        struct myc_ref sink =
            conf_spawn(fixture, ways[i][1], "sink", (struct conf_plan){ .count = 5000 });

        conf_spawn(fixture, ways[i][0], "source",
                   (struct conf_plan){ .peer = sink, .count = 5000, .option = 1, .source = i });
        conf_await(fixture, CONF_WHAT_COMPLETE, i + 1);
    }
    conf_linger(fixture);
    assert_int_equal(conf_count_of(&fixture->log, CONF_WHAT_COMPLETE), 4);
    assert_int_equal(conf_count_of(&fixture->log, CONF_WHAT_DISORDER), 0);
}

static void
test_many_messages_arrive_in_order_and_once(void **state)
{
    struct conf_fixture *fixture = *state;
    struct myc_ref sink;

    if (!fixture->many)
        conf_skip("so many messages are for other carriers");
    conf_begin(state);
    sink = conf_spawn(fixture, CONF_B, "sink", (struct conf_plan){ .count = fixture->many });
    conf_spawn(fixture, CONF_A, "source",
               (struct conf_plan){ .peer = sink, .count = fixture->many, .option = 1 });
    conf_await_within(fixture, CONF_WHAT_COMPLETE, 1, 10 * CONF_TIMEOUT_NS);
    conf_linger(fixture);
    assert_int_equal(conf_count_of(&fixture->log, CONF_WHAT_COMPLETE), 1);
    assert_int_equal(conf_count_of(&fixture->log, CONF_WHAT_DISORDER), 0);
    assert_int_equal(conf_count_of(&fixture->log, CONF_WHAT_UNDELIVERED), 0);
}

static void
test_many_senders_to_a_small_mailbox_lose_and_repeat_nothing(void **state)
{
    struct conf_fixture *fixture = conf_begin(state);
    struct myc_ref sink =
        conf_spawn_with(fixture, CONF_B, "sink", (struct conf_plan){ .count = 1000, .option = 6 },
                        (struct myc_spawn_options){ .mailbox_max = 8 });

    for (uint32_t i = 0; i < 6; i++)
        conf_spawn(fixture, i % 3 == 0 ? CONF_B : CONF_A, "source",
                   (struct conf_plan){ .peer = sink, .count = 1000, .option = 1, .source = i });
    conf_await(fixture, CONF_WHAT_COMPLETE, 1);
    conf_linger(fixture);
    assert_int_equal(conf_count_of(&fixture->log, CONF_WHAT_COMPLETE), 1);
    assert_int_equal(conf_count_of(&fixture->log, CONF_WHAT_DISORDER), 0);
}

static void
test_full_is_told_and_writable_follows(void **state)
{
    static const enum conf_place places[] = { CONF_A, CONF_B };
    struct conf_fixture *fixture = conf_begin(state);
    const struct conf_log *log = &fixture->log;

    for (uint32_t i = 0; i < 2; i++) {
        struct myc_ref keeper = conf_spawn(fixture, places[i], "keeper",
                                           (struct conf_plan){ .count = 100, .option = 8 });
        uint32_t refusals = conf_refusals(log), writable;

        conf_await(fixture, CONF_WHAT_CHILD, i + 1);
        conf_spawn(
            fixture, CONF_A, "source",
            (struct conf_plan){ .peer = conf_last_of(log, CONF_WHAT_CHILD)->ref, .count = 100 });
        conf_await_refusal(fixture, refusals);
        conf_linger(fixture);
        assert_int_equal(conf_count_of(log, CONF_WHAT_COMPLETE), i);
        writable =
            conf_count_of(log, CONF_WHAT_WRITABLE); /* a link may have been full on the way */
        conf_spawn(fixture, CONF_A, "prober", (struct conf_plan){ .peer = keeper, .option = 1 });
        conf_await(fixture, CONF_WHAT_COMPLETE, i + 1);
        assert_true(conf_count_of(log, CONF_WHAT_WRITABLE) > writable);
    }
    assert_int_equal(conf_count_of(log, CONF_WHAT_DISORDER), 0);
}

static void
test_who_has_ended_is_gone(void **state)
{
    static const enum conf_place places[] = { CONF_A, CONF_B };
    struct conf_fixture *fixture = conf_begin(state);

    for (uint32_t i = 0; i < 2; i++) {
        struct myc_ref victim = conf_spawn(fixture, places[i], "victim", (struct conf_plan){ 0 });
        const struct conf_report *report;

        conf_spawn(fixture, CONF_A, "ender",
                   (struct conf_plan){ .peer = victim, .option = MYC_SHUTDOWN });
        conf_await(fixture, CONF_WHAT_STOPPED, i + 1);
        assert_int_equal(conf_last_of(&fixture->log, CONF_WHAT_STOPPED)->status, MYC_SHUTDOWN);
        conf_spawn(fixture, CONF_A, "prober", (struct conf_plan){ .peer = victim });
        conf_await(fixture, CONF_WHAT_SENT, 2 * i + 2);
        report = conf_last_of(&fixture->log, CONF_WHAT_SENT);
        if (report->status == MYC_OK) {
            conf_await(fixture, CONF_WHAT_UNDELIVERED, 1);
            report = conf_last_of(&fixture->log, CONF_WHAT_UNDELIVERED);
        }
        assert_int_equal(report->status, MYC_GONE);
        assert_true(myc_ref_is_equal(report->ref, victim));
    }
}

static void
test_each_watcher_gets_one_down_with_the_reason(void **state)
{
    static const enum myc_status reasons[] = { MYC_NORMAL, MYC_SHUTDOWN, MYC_KILLED };
    static const enum conf_place places[] = { CONF_A, CONF_B };
    struct conf_fixture *fixture = conf_begin(state);
    uint32_t downs = 0, sent = 0;

    for (uint32_t p = 0; p < 2; p++) {
        for (uint32_t i = 0; i < 3; i++) {
            struct myc_ref victim =
                conf_spawn(fixture, places[p], "victim", (struct conf_plan){ 0 });

            conf_spawn(fixture, CONF_A, "watcher",
                       (struct conf_plan){ .peer = victim, .source = 1 });
            conf_spawn(fixture, CONF_B, "watcher",
                       (struct conf_plan){ .peer = victim, .source = 2 });
            sent += 2;
            conf_await(fixture, CONF_WHAT_SENT, sent);
            conf_linger(fixture);
            conf_spawn(fixture, CONF_A, "ender",
                       (struct conf_plan){ .peer = victim, .option = reasons[i] });
            sent++;
            downs += 2;
            conf_await(fixture, CONF_WHAT_DOWN, downs);
            conf_linger(fixture);
            assert_int_equal(conf_count_of(&fixture->log, CONF_WHAT_DOWN), downs);
            assert_int_equal(conf_last_of(&fixture->log, CONF_WHAT_DOWN)->status, reasons[i]);
            assert_true(myc_ref_is_equal(conf_last_of(&fixture->log, CONF_WHAT_DOWN)->ref, victim));
        }
    }
}

static void
test_a_failed_handler_is_the_reason_of_down(void **state)
{
    struct conf_fixture *fixture = conf_begin(state);
    struct myc_ref victim =
        conf_spawn(fixture, CONF_B, "victim", (struct conf_plan){ .option = MYC_FAILED });

    conf_spawn(fixture, CONF_A, "watcher", (struct conf_plan){ .peer = victim });
    conf_await(fixture, CONF_WHAT_SENT, 1);
    conf_spawn(fixture, CONF_A, "prober", (struct conf_plan){ .peer = victim });
    conf_await(fixture, CONF_WHAT_DOWN, 1);
    conf_linger(fixture);
    assert_int_equal(conf_count_of(&fixture->log, CONF_WHAT_DOWN), 1);
    assert_int_equal(conf_last_of(&fixture->log, CONF_WHAT_DOWN)->status, MYC_FAILED);
}

static void
test_watching_who_has_ended_says_no_process(void **state)
{
    static const enum conf_place places[] = { CONF_A, CONF_B };
    struct conf_fixture *fixture = conf_begin(state);

    for (uint32_t i = 0; i < 2; i++) {
        struct myc_ref victim = conf_spawn(fixture, places[i], "victim", (struct conf_plan){ 0 });

        conf_spawn(fixture, places[i], "ender",
                   (struct conf_plan){ .peer = victim, .option = MYC_NORMAL });
        conf_await(fixture, CONF_WHAT_STOPPED, i + 1);
        conf_linger(fixture);
        conf_spawn(fixture, CONF_A, "watcher", (struct conf_plan){ .peer = victim });
        conf_await(fixture, CONF_WHAT_DOWN, i + 1);
        assert_int_equal(conf_last_of(&fixture->log, CONF_WHAT_DOWN)->status, MYC_NO_PROCESS);
    }
}

static void
test_down_comes_after_the_last_message(void **state)
{
    static const enum conf_place places[] = { CONF_A, CONF_B };
    struct conf_fixture *fixture = conf_begin(state);
    const struct conf_log *log = &fixture->log;

    for (uint32_t i = 0; i < 2; i++) {
        struct myc_ref watcher = conf_spawn(fixture, CONF_A, "watcher", (struct conf_plan){ 0 });
        /* It says Go to the watcher, which then watches it, and sends 30 numbers as it stops. */
        struct myc_ref victim = conf_spawn(fixture, places[i], "victim",
                                           (struct conf_plan){ .peer = watcher, .count = 30 });

        conf_await(fixture, CONF_WHAT_SENT, 2 * i + 1);
        conf_linger(fixture);
        conf_spawn(fixture, CONF_A, "ender",
                   (struct conf_plan){ .peer = victim, .option = MYC_SHUTDOWN });
        conf_await(fixture, CONF_WHAT_DOWN, i + 1);
        assert_int_equal(conf_count_of(log, CONF_WHAT_NUMBER), 30 * (i + 1));
    }
}

static void
test_a_ref_to_the_earlier_life_of_a_node_is_gone(void **state)
{
    struct conf_fixture *fixture = *state;
    const struct conf_report *report;
    struct myc_ref old, now;

    if (!fixture->crash_b)
        conf_skip("here a node has no other life");
    conf_begin(state);
    old = conf_spawn(fixture, CONF_B, "sink", (struct conf_plan){ .count = 1 });
    conf_spawn(fixture, CONF_A, "prober", (struct conf_plan){ .peer = old });
    conf_await(fixture, CONF_WHAT_COMPLETE, 1);
    conf_restart_b(fixture);
    now = conf_spawn(fixture, CONF_B, "sink", (struct conf_plan){ .count = 1 });
    assert_true((myc_ref_node(now) == myc_ref_node(old)) == !fixture->is_renumbered);
    assert_false(myc_ref_is_equal(now, old));
    conf_spawn(fixture, CONF_A, "prober", (struct conf_plan){ .peer = old });
    conf_await(fixture, CONF_WHAT_SENT, 2);
    report = conf_last_of(&fixture->log, CONF_WHAT_SENT);
    assert_int_equal(report->status, fixture->is_renumbered ? MYC_UNREACHABLE : MYC_GONE);
    /* The new one is reached, and was not by the other's message. */
    conf_spawn(fixture, CONF_A, "prober", (struct conf_plan){ .peer = now });
    conf_await(fixture, CONF_WHAT_COMPLETE, 2);
    conf_linger(fixture);
    assert_int_equal(conf_count_of(&fixture->log, CONF_WHAT_DISORDER), 0);
}

/* A source has ended with its reason: refused when it sent, or told of what it had sent. */
static bool
has_source_ended(void *context)
{
    const struct want *want = context;

    return conf_count_of(want->log, CONF_WHAT_UNDELIVERED) +
               conf_count_of(want->log, CONF_WHAT_SENT) >=
           want->count;
}

static void
assert_asks_ended(const struct conf_log *log, uint32_t count)
{
    assert_int_equal(conf_count_of(log, CONF_WHAT_REPLY), 0);
    assert_int_equal(conf_count_of(log, CONF_WHAT_ASK_FAILED), count);
    for (uint32_t i = 0; i < conf_log_count(log); i++)
        if (log->reports[i].what == CONF_WHAT_ASK_FAILED)
            assert_int_equal(log->reports[i].status, MYC_NO_CONNECTION);
}

/* What is begun at A while B lives, with a deadline that is never reached. */
static void
begin_at_a(struct conf_fixture *fixture)
{
    struct myc_ref sink =
        conf_spawn(fixture, CONF_B, "sink", (struct conf_plan){ .count = MYC_FOREVER });
    struct myc_ref silent =
        conf_spawn(fixture, CONF_B, "answerer", (struct conf_plan){ .option = 1 });
    struct myc_ref victim = conf_spawn(fixture, CONF_B, "victim", (struct conf_plan){ 0 });

    conf_spawn(fixture, CONF_A, "watcher", (struct conf_plan){ .peer = victim });
    conf_spawn(fixture, CONF_A, "asker",
               (struct conf_plan){ .peer = silent, .count = 20, .option = 100 * CONF_TIMEOUT_NS });
    conf_linger(fixture);
    conf_spawn(fixture, CONF_A, "source",
               (struct conf_plan){ .peer = sink, .count = UINT32_MAX, .option = 1 });
    conf_await(fixture, CONF_WHAT_SENT, 1); /* the watcher's */
}

static void
test_what_was_begun_ends_when_the_other_node_crashes_and_it_is_taken_back(void **state)
{
    struct conf_fixture *fixture = *state;
    struct conf_log *log = &fixture->log;
    struct want source_ended = { .log = log, .what = CONF_WHAT_SENT, .count = 2 };

    if (!fixture->crash_b || fixture->is_one_node)
        conf_skip("there is no other node that could crash");
    for (unsigned life = 0; life < 2; life++) {
        struct myc_ref sink;

        conf_begin(state);
        begin_at_a(fixture);
        fixture->crash_b(fixture);
        conf_await(fixture, CONF_WHAT_DOWN, 1);
        assert_int_equal(conf_last_of(log, CONF_WHAT_DOWN)->status, MYC_NO_CONNECTION);
        conf_await(fixture, CONF_WHAT_ASK_FAILED, 20);
        assert_true(fixture->run_until(fixture, has_source_ended, &source_ended, CONF_TIMEOUT_NS));
        fixture->start_b(fixture);
        conf_cross(fixture);
        sink = conf_spawn(fixture, CONF_B, "sink", (struct conf_plan){ .count = 1000 });
        conf_spawn(fixture, CONF_A, "source", (struct conf_plan){ .peer = sink, .count = 1000 });
        conf_await(fixture, CONF_WHAT_COMPLETE, 1);
        conf_linger(fixture);
        assert_asks_ended(log, 20);
        assert_int_equal(conf_count_of(log, CONF_WHAT_DOWN), 1);
        assert_int_equal(conf_count_of(log, CONF_WHAT_COMPLETE), 1);
        assert_int_equal(conf_count_of(log, CONF_WHAT_DISORDER), 0);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, conf_setup, conf_teardown)

const struct CMUnitTest conf_cases[] = {
    CASE(test_messages_of_a_pair_arrive_in_order_and_once),
    CASE(test_many_messages_arrive_in_order_and_once),
    CASE(test_many_senders_to_a_small_mailbox_lose_and_repeat_nothing),
    CASE(test_full_is_told_and_writable_follows),
    CASE(test_who_has_ended_is_gone),
    CASE(test_each_watcher_gets_one_down_with_the_reason),
    CASE(test_a_failed_handler_is_the_reason_of_down),
    CASE(test_watching_who_has_ended_says_no_process),
    CASE(test_down_comes_after_the_last_message),
    CASE(test_asks_are_answered_once_each),
    CASE(test_an_ask_that_nobody_answers_times_out),
    CASE(test_an_ask_that_is_answered_with_a_failure_fails_with_it),
    CASE(test_an_ask_whose_callee_ends_is_broken),
    CASE(test_a_ref_to_the_earlier_life_of_a_node_is_gone),
    CASE(test_what_was_begun_ends_when_the_other_node_crashes_and_it_is_taken_back),
    CASE(test_an_abnormal_end_ends_who_is_linked),
    CASE(test_neither_a_normal_end_nor_that_of_an_unlinked_ends_another),
    CASE(test_a_link_to_who_has_ended_says_no_process),
    CASE(test_the_crash_of_the_other_node_ends_who_is_linked_there),
    CASE(test_a_name_is_found_wherever_it_lives),
    CASE(test_a_search_waits_for_who_registers_later_and_gives_up_in_time),
    CASE(test_a_drained_actor_handles_what_waits_and_refuses_the_rest),
    CASE(test_who_is_never_idle_can_be_stopped_and_killed),
    CASE(test_replies_keep_their_place_among_messages),
    CASE(test_a_ref_to_a_node_that_nobody_knows_is_unreachable_at_once),
    CASE(test_two_who_saturate_each_other_with_asks_make_progress),
    CASE(test_an_actor_that_is_full_does_not_hold_up_its_neighbours),
    CASE(test_who_follows_a_name_sees_it_come_and_go),
    CASE(test_a_failed_init_leaves_no_name_and_a_name_has_one_holder),
    CASE(test_a_name_that_is_claimed_twice_gets_one_holder),
    CASE(test_only_who_is_exported_is_reached_from_elsewhere),
    CASE(test_both_places_see_who_joins_leaves_and_ends),
    CASE(test_the_members_of_a_node_that_crashes_are_gone),
    CASE(test_a_supervised_child_keeps_its_ref_for_those_elsewhere),
    CASE(test_a_supervisor_that_gives_up_is_seen_from_elsewhere),
    CASE(test_a_child_started_elsewhere_is_run_again_after_a_crash_and_a_lost_node),
    CASE(test_a_node_that_stops_lets_its_actors_say_their_last_word),
    CASE(test_large_messages_arrive_whole_in_order_and_once),
    CASE(test_more_than_sixteen_mebibytes_are_too_big),
    CASE(test_large_messages_are_written_in_place_shared_and_kept),
    CASE(test_small_messages_pass_among_large_ones),
    CASE(test_a_node_that_dies_half_way_leaves_no_large_message_behind),
    CASE(test_who_conflates_gets_the_latest_of_each_key),
    CASE(test_what_is_too_much_goes_to_another),
    CASE(test_a_margin_leaves_places_to_who_wants_none),
    CASE(test_what_a_mailbox_drops_is_told_as_dead_letters_and_not_to_the_sender),
    CASE(test_what_has_expired_does_not_reach_the_handler),
    CASE(test_what_waits_in_the_mailbox_of_who_ends_comes_back_as_gone),
};

const size_t conf_case_count = sizeof(conf_cases) / sizeof(conf_cases[0]);
