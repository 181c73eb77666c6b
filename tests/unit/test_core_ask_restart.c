/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Asks around the restart of a supervised callee, at every level. It keeps its ref and its mailbox,
 * so an ask that waits there is answered by the next life; what the old life had taken in hand is
 * broken at once, and what it had asked itself is forgotten.
 */
#include "support/level_lab.h"

#define MS 1000000ULL

static struct level_lab own;
static struct probe b;

static const struct myc_ask_options patient = { .size = sizeof(patient),
                                                .timeout_ns = MYC_FOREVER };

/* b is a supervised child of c's, beside it. */
static void
begin(struct level_lab *at, void (*on_message)(struct myc_self *self, struct probe *probe,
                                               const struct myc_message *message))
{
    memset(&b, 0, sizeof(b));
    b.on_message = on_message;
    assert_int_equal(
        probe_spawn_child(&b, &at->c, &(struct myc_spawn_options){ .is_supervised = true }),
        MYC_OK);
}

static void
ask(struct level_lab *at, uint64_t value)
{
    assert_int_equal(probe_ask(&at->a, b.ref, value, &patient, NULL), MYC_OK);
}

/* The next message that b handles fails it. */
static void
poison(struct level_lab *at)
{
    b.answer = MYC_FAILED;
    assert_int_equal(probe_send(&at->c, b.ref, LEVEL_HOLD), MYC_OK);
}

static unsigned
answers(const struct level_lab *at)
{
    return probe_count(&at->a, PROBE_NUMBER_KEY);
}

static void
assert_failed(const struct level_lab *at, unsigned count, enum myc_status status)
{
    assert_int_equal(probe_count(&at->a, MYC_ASK_FAILED_KEY), count);
    if (count > 0)
        assert_int_equal(probe_last(&at->a, MYC_ASK_FAILED_KEY)->status, status);
}

static void
run_waits(struct level_lab *at)
{
    struct myc_ref ref;

    begin(at, probe_answers);
    ref = b.ref;
    poison(at);
    ask(at, 1); /* behind the poison, or on its way meanwhile */
    lab_settle(&at->lab);
    assert_int_equal(b.stop_count, 1);
    ask(at, 2); /* to one that is suspended */
    lab_settle(&at->lab);
    assert_int_equal(answers(at), 0);
    assert_failed(at, 0, MYC_OK);
    assert_int_equal(probe_restart(&at->c, ref), MYC_OK);
    lab_settle(&at->lab);
    assert_int_equal(b.init_count, 2);
    assert_int_equal(answers(at), 2);
    assert_int_equal(at->a.notes[0].value, 2);
    assert_int_equal(at->a.notes[1].value, 3);
    assert_true(myc_ref_is_equal(at->a.notes[1].ref, ref));
    assert_failed(at, 0, MYC_OK);
}

static void
test_an_ask_that_waits_is_answered_by_the_next_life(void **state)
{
    (void)state;
    level_each(&own, run_waits);
}

static void
run_in_hand(struct level_lab *at)
{
    begin(at, probe_keeps);
    ask(at, 1);
    lab_settle(&at->lab);
    assert_failed(at, 0, MYC_OK);
    poison(at);
    lab_settle(&at->lab);
    assert_failed(at, 1, MYC_BROKEN); /* before anybody says what becomes of b */
    assert_int_equal(probe_restart(&at->c, b.ref), MYC_OK);
    lab_settle(&at->lab);
    /* The next life may still hold the request: its answer ends nothing twice. */
    assert_int_equal(probe_reply(&b, probe_kept, 7, 8), MYC_OK);
    lab_settle(&at->lab);
    assert_int_equal(answers(at), 0);
    assert_int_equal(lab_counters(&at->lab, 0)->replies_late, 1);
}

static void
test_an_ask_in_hand_is_broken_when_its_callee_fails(void **state)
{
    (void)state;
    level_each(&own, run_in_hand);
}

static void
run_poison(struct level_lab *at)
{
    begin(at, probe_keeps);
    b.answer = MYC_FAILED;
    ask(at, 1);
    lab_settle(&at->lab);
    assert_failed(at, 1, MYC_BROKEN);
    assert_int_equal(probe_restart(&at->c, b.ref), MYC_OK);
    lab_settle(&at->lab);
    assert_int_equal(b.count, 1); /* it is not handled again */
    assert_failed(at, 1, MYC_BROKEN);
}

static void
test_an_ask_that_fails_its_callee_is_broken_and_not_handled_again(void **state)
{
    (void)state;
    level_each(&own, run_poison);
}

static void
run_deadline(struct level_lab *at)
{
    const struct myc_ask_options brief = { .size = sizeof(brief), .timeout_ns = MS };

    begin(at, probe_answers);
    poison(at);
    lab_settle(&at->lab);
    assert_int_equal(probe_ask(&at->a, b.ref, 1, &brief, NULL), MYC_OK);
    lab_advance(&at->lab, 2 * MS);
    assert_failed(at, 1, MYC_TIMEOUT);
    assert_int_equal(probe_restart(&at->c, b.ref), MYC_OK);
    lab_settle(&at->lab);
    assert_int_equal(b.count, 2); /* it was answered, too late */
    assert_int_equal(answers(at), 0);
    assert_int_equal(lab_counters(&at->lab, 0)->replies_late, 1);
}

static void
test_the_deadline_of_an_ask_goes_on_while_its_callee_is_suspended(void **state)
{
    (void)state;
    level_each(&own, run_deadline);
}

static void
run_released(struct level_lab *at)
{
    begin(at, probe_answers);
    poison(at);
    lab_settle(&at->lab);
    ask(at, 1);
    lab_settle(&at->lab);
    assert_int_equal(probe_release(&at->c, b.ref), MYC_OK);
    lab_settle(&at->lab);
    assert_failed(at, 1, MYC_GONE);
}

static void
test_an_ask_that_waits_for_a_child_that_is_not_restarted_is_gone(void **state)
{
    (void)state;
    level_each(&own, run_released);
}

/* The one that fails has asked a. */
static void
run_own_asks(struct level_lab *at)
{
    begin(at, NULL);
    at->a.on_message = probe_keeps;
    assert_int_equal(probe_ask(&b, at->a.ref, 5, &patient, NULL), MYC_OK);
    lab_settle(&at->lab);
    poison(at);
    lab_settle(&at->lab);
    assert_int_equal(probe_restart(&at->c, b.ref), MYC_OK);
    lab_settle(&at->lab);
    assert_int_equal(probe_reply(&at->a, probe_kept, 6, 8), MYC_OK);
    lab_settle(&at->lab);
    assert_int_equal(b.count, 1); /* the poison */
    assert_int_equal(level_counters(at)->replies_late, 1);
}

static void
test_answers_to_asks_of_the_earlier_life_do_not_reach_the_next(void **state)
{
    (void)state;
    level_each(&own, run_own_asks);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_ask_that_waits_is_answered_by_the_next_life),
        cmocka_unit_test(test_an_ask_in_hand_is_broken_when_its_callee_fails),
        cmocka_unit_test(test_an_ask_that_fails_its_callee_is_broken_and_not_handled_again),
        cmocka_unit_test(test_the_deadline_of_an_ask_goes_on_while_its_callee_is_suspended),
        cmocka_unit_test(test_an_ask_that_waits_for_a_child_that_is_not_restarted_is_gone),
        cmocka_unit_test(test_answers_to_asks_of_the_earlier_life_do_not_reach_the_next),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
