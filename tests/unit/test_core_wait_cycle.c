/* SPDX-License-Identifier: BSD-3-Clause */
/* Actors that wait for each other's answers are found, at every level; who only waits is not. */
#include "support/level_lab.h"

static struct level_lab own;
static struct probe b, d;

static const struct myc_ask_options patient = { .size = sizeof(patient),
                                                .timeout_ns = UINT64_MAX,
                                                .reply_size_max = 8 };

/* a is on its core; b and d may be elsewhere. All keep what they are asked. */
static void
begin(struct level_lab *at)
{
    memset(&b, 0, sizeof(b)), memset(&d, 0, sizeof(d));
    assert_int_equal(probe_spawn(&b, at->there, NULL), MYC_OK);
    assert_int_equal(probe_spawn(&d, at->there, NULL), MYC_OK);
    at->a.on_message = b.on_message = d.on_message = probe_keeps;
}

static void
ask(struct probe *from, struct probe *to)
{
    uint64_t id;

    assert_int_equal(probe_ask(from, to->ref, 1, &patient, &id), MYC_OK);
}

static uint64_t
cycles(const struct level_lab *at)
{
    return lab_counters(&at->lab, 0)->wait_cycles + lab_counters(&at->lab, 1)->wait_cycles;
}

static void
run_two(struct level_lab *at)
{
    begin(at);
    ask(&at->a, &b);
    lab_settle(&at->lab);
    assert_int_equal(cycles(at), 0);
    ask(&b, &at->a);
    lab_settle(&at->lab);
    assert_true(cycles(at) >= 1);
}

static void
test_deadlock_shows_as_a_wait_for_cycle(void **state)
{
    (void)state;
    level_each(&own, run_two);
}

/* Both ask before either has been asked: the last to keep a request finds it. */
static void
run_at_once(struct level_lab *at)
{
    begin(at);
    ask(&at->a, &b);
    ask(&b, &at->a);
    lab_settle(&at->lab);
    assert_true(cycles(at) >= 1);
}

static void
test_two_that_ask_each_other_at_once_are_found(void **state)
{
    (void)state;
    level_each(&own, run_at_once);
}

static void
run_three(struct level_lab *at)
{
    begin(at);
    ask(&at->a, &b);
    lab_settle(&at->lab);
    ask(&b, &d);
    lab_settle(&at->lab);
    assert_int_equal(cycles(at), 0); /* a chain */
    ask(&d, &at->a);
    lab_settle(&at->lab);
    assert_true(cycles(at) >= 1);
}

static void
test_a_cycle_of_three_is_found_when_it_closes(void **state)
{
    (void)state;
    level_each(&own, run_three);
}

static void
run_answered(struct level_lab *at)
{
    begin(at);
    at->a.on_message = probe_answers;
    ask(&at->a, &b);
    lab_settle(&at->lab);
    for (unsigned i = 0; i < 5; i++) {
        ask(&b, &at->a); /* answered at once, though a waits for b */
        lab_settle(&at->lab);
    }
    assert_int_equal(probe_count(&b, PROBE_NUMBER_KEY), 6);
    assert_int_equal(cycles(at), 0);
}

static void
test_who_answers_though_it_waits_is_in_no_cycle(void **state)
{
    (void)state;
    level_each(&own, run_answered);
}

static void
run_self(struct level_lab *at)
{
    begin(at);
    ask(&at->a, &at->a);
    lab_settle(&at->lab);
    assert_int_equal(cycles(at), 1);
}

static void
test_who_waits_for_itself_is_found(void **state)
{
    (void)state;
    level_each(&own, run_self);
}

/* Many that hold and ask, all ways, without a cycle: the probes come to an end. */
static void
run_many(struct level_lab *at)
{
    static struct probe layers[4][6];

    begin(at);
    memset(layers, 0, sizeof(layers));
    for (unsigned i = 0; i < 4; i++)
        for (unsigned j = 0; j < 6; j++) {
            struct fab_core *core = i % 2 ? at->there : at->lab.cores[0];

            layers[i][j].on_message = probe_keeps;
            assert_int_equal(probe_spawn(&layers[i][j], core, NULL), MYC_OK);
        }
    for (unsigned i = 0; i < 3; i++)
        for (unsigned j = 0; j < 6; j++) {
            for (unsigned k = 0; k < 6; k++)
                ask(&layers[i][j], &layers[i + 1][k]);
            lab_settle(&at->lab);
        }
    assert_int_equal(cycles(at), 0);
}

static void
test_probes_end_where_there_is_no_cycle(void **state)
{
    (void)state;
    level_each(&own, run_many);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_deadlock_shows_as_a_wait_for_cycle),
        cmocka_unit_test(test_two_that_ask_each_other_at_once_are_found),
        cmocka_unit_test(test_a_cycle_of_three_is_found_when_it_closes),
        cmocka_unit_test(test_who_answers_though_it_waits_is_in_no_cycle),
        cmocka_unit_test(test_who_waits_for_itself_is_found),
        cmocka_unit_test(test_probes_end_where_there_is_no_cycle),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
