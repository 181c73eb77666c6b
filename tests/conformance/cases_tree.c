/* SPDX-License-Identifier: BSD-3-Clause */
/* Cases of the suite: supervisors seen from elsewhere, and nodes that stop in order. */
#include "conformance/cases.h"

static const enum conf_place places[] = { CONF_A, CONF_B };

/* The n-th report of a kind, from 0. */
static const struct conf_report *
nth_of(const struct conf_log *log, enum conf_what what, uint32_t n)
{
    for (uint32_t i = 0; i < conf_log_count(log); i++)
        if (log->reports[i].what == what && n-- == 0)
            return &log->reports[i];
    fail_msg("no such report");
    return NULL;
}

/* A warden with its supervisor and children; their refs. */
static void
spawn_tree(struct conf_fixture *fixture, enum conf_place place, uint64_t intensity,
           struct myc_ref refs[3])
{
    uint32_t before = conf_count_of(&fixture->log, CONF_WHAT_CHILD);

    conf_spawn(fixture, place, "warden", (struct conf_plan){ .option = intensity });
    conf_await(fixture, CONF_WHAT_CHILD, before + 3);
    for (uint32_t i = 0; i < 3; i++) {
        const struct conf_report *report = nth_of(&fixture->log, CONF_WHAT_CHILD, before + i);

        refs[report->value == 0 ? 0 : i + 1] = report->ref;
    }
}

static void
poison(struct conf_fixture *fixture, struct myc_ref ref)
{
    conf_spawn(fixture, CONF_A, "prober", (struct conf_plan){ .peer = ref, .option = 2 });
}

void
test_a_supervised_child_keeps_its_ref_for_those_elsewhere(void **state)
{
    struct conf_fixture *fixture = conf_begin(state);
    const struct conf_log *log = &fixture->log;
    uint32_t children = 0;

    for (uint32_t i = 0; i < 2; i++) {
        struct myc_ref tree[3];

        spawn_tree(fixture, places[i], 5, tree);
        children += 3;
        conf_spawn(fixture, CONF_A, "watcher", (struct conf_plan){ .peer = tree[1] });
        poison(fixture, tree[1]);
        conf_await(fixture, CONF_WHAT_CHILD, ++children);
        assert_true(myc_ref_is_equal(conf_last_of(log, CONF_WHAT_CHILD)->ref, tree[1]));
        conf_spawn(fixture, CONF_A, "prober", (struct conf_plan){ .peer = tree[1] });
        conf_await(fixture, CONF_WHAT_NUMBER, i + 1);
        conf_spawn(fixture, CONF_A, "inspector", (struct conf_plan){ .peer = tree[0] });
        conf_await(fixture, CONF_WHAT_REPLY, i + 1);
        assert_int_equal(conf_last_of(log, CONF_WHAT_REPLY)->value, 202);
    }
    conf_linger(fixture);
    assert_int_equal(conf_count_of(log, CONF_WHAT_DOWN), 0);
    assert_int_equal(conf_count_of(log, CONF_WHAT_CHILD), children);
}

void
test_a_supervisor_that_gives_up_is_seen_from_elsewhere(void **state)
{
    struct conf_fixture *fixture = conf_begin(state);
    const struct conf_log *log = &fixture->log;

    for (uint32_t i = 0; i < 2; i++) {
        const struct conf_report *down;
        struct myc_ref tree[3];

        spawn_tree(fixture, places[i], 1, tree);
        for (uint32_t n = 0; n < 3; n++)
            conf_spawn(fixture, CONF_A, "watcher", (struct conf_plan){ .peer = tree[n] });
        conf_linger(fixture);
        poison(fixture, tree[1]);
        conf_await(fixture, CONF_WHAT_CHILD, 4 * i + 4);
        assert_int_equal(conf_count_of(log, CONF_WHAT_DOWN), 3 * i);
        poison(fixture, tree[2]);
        conf_await(fixture, CONF_WHAT_DOWN, 3 * i + 3);
        /* The supervisor goes, told to by itself. Each has a watcher of its own: which of the three
         * is told first is nobody's promise, and on a wire that loses frames it varies. */
        down = conf_report_of(log, CONF_WHAT_DOWN, tree[0]);
        assert_non_null(down);
        assert_int_equal(down->status, MYC_SHUTDOWN);
    }
    conf_linger(fixture);
    assert_int_equal(conf_count_of(log, CONF_WHAT_DOWN), 6);
}

/* Where the next guest begins. */
static struct myc_ref
await_guest(struct conf_fixture *fixture, uint32_t before)
{
    conf_await(fixture, CONF_WHAT_CHILD, before + 1);
    return nth_of(&fixture->log, CONF_WHAT_CHILD, before)->ref;
}

static void
watch(struct conf_fixture *fixture, struct myc_ref ref)
{
    uint32_t sent = conf_count_of(&fixture->log, CONF_WHAT_SENT);

    conf_spawn(fixture, CONF_A, "watcher", (struct conf_plan){ .peer = ref });
    conf_await(fixture, CONF_WHAT_SENT, sent + 1);
    conf_linger(fixture);
}

static void
assert_down_with(struct conf_fixture *fixture, struct myc_ref ref, enum myc_status reason)
{
    conf_await_of(fixture, CONF_WHAT_DOWN, ref, 1);
    assert_int_equal(conf_report_of(&fixture->log, CONF_WHAT_DOWN, ref)->status, reason);
}

/* A child of A's supervisor that is started at B, by the name of its class: a crash and the loss of
 * its node are told apart, and each time another one is started there. */
void
test_a_child_started_elsewhere_is_run_again_after_a_crash_and_a_lost_node(void **state)
{
    const struct conf_plan plan = { .name = "conf_hosts" };
    struct conf_fixture *fixture = conf_begin(state);
    struct myc_ref host, first, second, third;

    host = conf_spawn(fixture, CONF_B, "innkeeper", plan);
    conf_spawn(fixture, CONF_A, "envoy", plan);
    first = await_guest(fixture, 0);
    assert_int_equal(first.home, host.home);
    assert_int_equal(myc_ref_lcore(first), myc_ref_lcore(host));
    watch(fixture, first);
    poison(fixture, first);
    assert_down_with(fixture, first, MYC_FAILED);
    second = await_guest(fixture, 1);
    assert_int_equal(second.home, host.home);
    assert_false(myc_ref_is_equal(first, second));
    if (!fixture->crash_b || fixture->is_one_node)
        return;
    watch(fixture, second);
    fixture->crash_b(fixture);
    assert_down_with(fixture, second, MYC_NO_CONNECTION);
    fixture->start_b(fixture);
    conf_cross(fixture);
    host = conf_spawn(fixture, CONF_B, "innkeeper", plan);
    third = await_guest(fixture, 2);
    assert_int_equal(third.home, host.home);
    assert_int_not_equal(third.home, second.home);
}

void
test_a_node_that_stops_lets_its_actors_say_their_last_word(void **state)
{
    struct conf_fixture *fixture = *state;
    const struct conf_log *log = &fixture->log;
    struct myc_ref watcher;

    if (!fixture->stop_b)
        conf_skip("both places are of one node, which the test needs");
    conf_begin(state);
    watcher = conf_spawn(fixture, CONF_A, "watcher", (struct conf_plan){ 0 });
    conf_spawn_with(fixture, CONF_B, "victim", (struct conf_plan){ .peer = watcher, .count = 30 },
                    (struct myc_spawn_options){ .name = "conf_last_word" });
    conf_await(fixture, CONF_WHAT_SENT, 1);
    conf_linger(fixture);
    fixture->stop_b(fixture);
    conf_await(fixture, CONF_WHAT_DOWN, 1);
    assert_int_equal(conf_count_of(log, CONF_WHAT_NUMBER), 30);
    assert_int_equal(conf_last_of(log, CONF_WHAT_DOWN)->status, MYC_SHUTDOWN);
    fixture->start_b(fixture);
    conf_cross(fixture);
    assert_int_equal(conf_count_of(log, CONF_WHAT_DOWN), 1);
}
