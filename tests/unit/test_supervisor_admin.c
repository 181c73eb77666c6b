/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The supervisor: children at run time, and back-off. Rows of OTP's supervisor_SUITE have their
 * names there; those that speak of new refs run with FRESH_REF, as the default keeps the ref.
 */
#include "support/supervisor_lab.h"

#include <limits.h>

#define FRESH MYC_CHILD_FRESH_REF

/* --- dynamic children ------------------------------------------------------------------------- */

static void
test_child_adm_simple(void **state)
{
    (void)state;
    sup_begin(1, MYC_DYNAMIC, FRESH);
    sup_start();
    assert_int_equal(sup.began, MYC_OK);
    assert_counts(0, 0, 0, 0);
    sup_start_child('\0', MYC_RESTART_POLICY_PERMANENT, 0);
    assert_int_equal(sup.reply.status, MYC_OK);
    sup_start_child('\0', MYC_RESTART_POLICY_PERMANENT, 0);
    assert_counts(2, 2, 0, 2);
    sup_terminate('a');
    assert_int_equal(sup.reply.status, MYC_NOT_FOUND);
    sup_restart('a');
    assert_int_equal(sup.reply.status, MYC_NOT_FOUND);
    sup_delete('a');
    assert_int_equal(sup.reply.status, MYC_NOT_FOUND);
    sup_terminate_ref(kid('a')->ref);
    assert_int_equal(sup.reply.status, MYC_OK);
    assert_counts(1, 1, 0, 1);
    sup_stop();
    assert_false(sup_is_alive());
    sup_end();
}

static void
test_simple_one_for_one_restarts_and_counts(void **state)
{
    (void)state;
    sup_begin(1, MYC_DYNAMIC, 0);
    sup_start();
    for (unsigned i = 0; i < MYC_SUPERVISOR_CHILDREN_MAX; i++)
        sup_start_child('\0', MYC_RESTART_POLICY_PERMANENT, 0);
    sup_start_child('\0', MYC_RESTART_POLICY_PERMANENT, 0);
    assert_int_equal(sup.reply.status, MYC_NO_MEMORY);
    assert_counts(MYC_SUPERVISOR_CHILDREN_MAX, MYC_SUPERVISOR_CHILDREN_MAX, 0,
                  MYC_SUPERVISOR_CHILDREN_MAX);
    kid_end('a', MYC_FAILED);
    assert_counts(MYC_SUPERVISOR_CHILDREN_MAX, MYC_SUPERVISOR_CHILDREN_MAX, 0,
                  MYC_SUPERVISOR_CHILDREN_MAX);
    sup_end();
}

/* --- run time --------------------------------------------------------------------------------- */

static void
test_child_administration(void **state)
{
    (void)state;
    sup_begin(2, MYC_ONE_FOR_ONE, 0);
    sup_start();
    sup_delete('a');
    assert_int_equal(sup.reply.status, MYC_EXISTS);
    sup_terminate('a');
    assert_int_equal(sup.reply.status, MYC_OK);
    assert_int_equal(sup.reply.stage, MYC_CHILD_STAGE_STOPPED);
    sup_terminate('a');
    assert_int_equal(sup.reply.status, MYC_OK);
    sup_start_child('a', MYC_RESTART_POLICY_PERMANENT, 0);
    assert_int_equal(sup.reply.status, MYC_EXISTS);
    sup_delete('a');
    assert_int_equal(sup.reply.status, MYC_OK);
    sup_terminate('a');
    assert_int_equal(sup.reply.status, MYC_NOT_FOUND);
    sup_start_child('c', MYC_RESTART_POLICY_TRANSIENT, 0);
    sup_which();
    assert_string_equal(sup.listed, "bc");
    assert_int_equal(sup.list.total, 2);
    assert_int_equal(sup.stages[0], MYC_CHILD_STAGE_RUNNING);
    sup_start_child('z', MYC_RESTART_POLICY_TRANSIENT, 0);
    assert_int_equal(sup.reply.status, MYC_NOT_FOUND);
    sup_end();
}

/* A supervisor of three whose child b has ended and never starts again, seen after `wait_ms`. */
static void
start_restart_loop(enum myc_supervisor_strategy strategy, uint64_t backoff_ns_max, unsigned wait_ms)
{
    sup_begin(3, strategy, 0);
    sup.spec.intensity = 200;
    sup.spec.backoff_ns_min = 10 * MS;
    sup.spec.backoff_ns_max = backoff_ns_max;
    sup_start();
    kid_fail_inits('b', MYC_FAILED, UINT_MAX);
    kid_end('b', MYC_FAILED);
    sup_advance(wait_ms * MS);
}

static void
assert_is_restarting(void)
{
    sup_which();
    assert_string_equal(sup.listed, "abc");
    assert_int_equal(sup.stages[1], MYC_CHILD_STAGE_RESTARTING);
    sup_start_child('b', MYC_RESTART_POLICY_PERMANENT, 0);
    assert_int_equal(sup.reply.status, MYC_EXISTS);
    assert_int_equal(sup.reply.stage, MYC_CHILD_STAGE_RESTARTING);
    sup_restart('b');
    assert_int_equal(sup.reply.status, MYC_BAD_STATE);
    sup_delete('b');
    assert_int_equal(sup.reply.status, MYC_BAD_STATE);
}

static void
test_count_restarting_children_and_hanging_restart_loop(void **state)
{
    (void)state;
    start_restart_loop(MYC_ONE_FOR_ONE, 10 * MS, 55);
    assert_true(kid('b')->starts >= 5);
    assert_counts(3, 2, 0, 3);
    assert_is_restarting();
    sup_terminate('b');
    assert_int_equal(sup.reply.status, MYC_OK);
    sup_advance(100 * MS);
    sup_which();
    assert_int_equal(sup.stages[1], MYC_CHILD_STAGE_STOPPED);
    sup_end();
}

static void
test_a_restart_loop_can_be_shut_down_at_once(void **state)
{
    (void)state;
    for (unsigned strategy = 0; strategy < 3; strategy++) {
        start_restart_loop((enum myc_supervisor_strategy)strategy, 0, 25);
        assert_true(sup_is_alive());
        sup_stop();
        assert_false(sup_is_alive());
        assert_int_equal(sup_actors(), 0);
        sup_end();
    }
}

static void
test_hanging_restart_loop_rest_for_one_ends_by_terminate(void **state)
{
    (void)state;
    start_restart_loop(MYC_REST_FOR_ONE, 0, 25);
    assert_counts(3, 1, 0, 3);
    assert_is_restarting();
    sup_terminate('b');
    assert_int_equal(sup.reply.status, MYC_OK);
    sup_advance(1000 * MS);
    /* Ours: those that had to wait for it are started without it. */
    assert_counts(3, 2, 0, 3);
    assert_true(kid_is_alive('a') && kid_is_alive('c'));
    sup_end();
}

/* The child is named by the ref that it had, also when its restarts get new ones. */
static void
check_simple_restart_loop(uint32_t flags, bool is_shut_down)
{
    unsigned starts;

    sup_begin(1, MYC_DYNAMIC, flags);
    sup.spec.intensity = 200;
    sup.spec.backoff_ns_min = sup.spec.backoff_ns_max = 10 * MS;
    sup_start();
    sup_start_child('\0', MYC_RESTART_POLICY_PERMANENT, 0);
    kid_fail_inits('a', MYC_FAILED, UINT_MAX);
    kid_end('a', MYC_FAILED);
    sup_advance(55 * MS);
    assert_counts(1, 0, 0, 1);
    sup_which();
    assert_int_equal(sup.stages[0], MYC_CHILD_STAGE_RESTARTING);
    starts = kid('a')->starts;
    assert_true(starts >= 5);
    if (is_shut_down) {
        sup_stop();
        assert_false(sup_is_alive());
        assert_int_equal(sup_actors(), 0);
    } else {
        sup_terminate_ref(kid('a')->ref);
        assert_int_equal(sup.reply.status, MYC_OK);
        sup_advance(100 * MS);
        assert_int_equal(kid('a')->starts, starts);
        assert_counts(0, 0, 0, 0);
        sup_terminate_ref(kid('a')->ref);
        assert_int_equal(sup.reply.status, MYC_NOT_FOUND);
    }
    sup_end();
}

static void
test_hanging_restart_loop_simple(void **state)
{
    (void)state;
    for (unsigned is_shut_down = 0; is_shut_down < 2; is_shut_down++) {
        check_simple_restart_loop(0, is_shut_down);
        check_simple_restart_loop(FRESH, is_shut_down);
    }
}

/* --- back-off --------------------------------------------------------------------------------- */

static void
test_restart_after_exponential_backoff_and_reset(void **state)
{
    (void)state;
    sup_begin(1, MYC_ONE_FOR_ONE, 0);
    sup.spec.intensity = 100;
    sup.spec.backoff_ns_min = 10 * MS;
    sup.spec.backoff_ns_max = 40 * MS;
    sup.spec.backoff_reset_ns = S;
    sup_start();
    for (unsigned i = 0; i < 5; i++) {
        static const uint64_t delays_ms[] = { 10, 20, 40, 40, 40 };
        unsigned starts = kid('a')->starts;

        kid_end('a', MYC_FAILED);
        sup_advance((delays_ms[i] - 1) * MS);
        assert_int_equal(kid('a')->starts, starts);
        sup_advance(2 * MS);
        assert_int_equal(kid('a')->starts, starts + 1);
    }
    sup_advance(2 * S);
    kid_end('a', MYC_FAILED);
    sup_advance(11 * MS);
    assert_int_equal(kid('a')->starts, 7);
    sup_end();
}

/* Of `delay_ms`, up to half as much again is added: how long child a's next restart takes. */
static uint64_t
measure_backoff(uint64_t delay_ms)
{
    unsigned starts = kid('a')->starts;
    uint64_t began_ns = sup.lab.now_ns;

    kid_end('a', MYC_FAILED);
    sup_advance((delay_ms - 1) * MS);
    assert_int_equal(kid('a')->starts, starts);
    while (kid('a')->starts == starts)
        sup_advance(MS / 10);
    return sup.lab.now_ns - began_ns;
}

static void
test_backoff_is_spread_by_its_jitter(void **state)
{
    uint64_t least_ns = UINT64_MAX, most_ns = 0;

    (void)state;
    sup_begin(1, MYC_ONE_FOR_ONE, 0);
    sup.spec.intensity = 100;
    sup.spec.backoff_ns_min = sup.spec.backoff_ns_max = 100 * MS;
    sup.spec.backoff_jitter_percent = 50;
    sup_start();
    for (unsigned i = 0; i < 40; i++) {
        uint64_t took_ns = measure_backoff(100);

        assert_in_range(took_ns, 99 * MS, 151 * MS);
        least_ns = took_ns < least_ns ? took_ns : least_ns;
        most_ns = took_ns > most_ns ? took_ns : most_ns;
    }
    /* Forty of them leave neither end of the range empty. */
    assert_true(least_ns < 112 * MS && most_ns > 138 * MS);
    sup_end();
}

static void
test_mail_waits_while_a_child_backs_off(void **state)
{
    struct myc_spawn_options tiny = { .size = sizeof(tiny), .mailbox_max = 2 };
    enum myc_status third;

    (void)state;
    sup_begin(1, MYC_ONE_FOR_ONE, 0);
    sup.specs[0].options = &tiny;
    sup.spec.backoff_ns_min = 10 * MS;
    sup_start();
    kid_end('a', MYC_FAILED);
    assert_int_equal(probe_send(&sup.boss, kid('a')->ref, MYC_OK), MYC_OK);
    assert_int_equal(probe_send(&sup.boss, kid('a')->ref, MYC_OK), MYC_OK);
    third = probe_send(&sup.boss, kid('a')->ref, MYC_OK);
    lab_settle(&sup.lab);
    if (third == MYC_OK) /* elsewhere: what was in flight comes back */
        third = probe_last(&sup.boss, MYC_UNDELIVERED_KEY)->status;
    assert_int_equal(third, MYC_FULL);
    sup_advance(11 * MS);
    assert_int_equal(kid('a')->starts, 2);
    assert_int_equal(probe_count(&sup.boss, MYC_WRITABLE_KEY), 1);
    sup_end();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_child_adm_simple),
        cmocka_unit_test(test_simple_one_for_one_restarts_and_counts),
        cmocka_unit_test(test_child_administration),
        cmocka_unit_test(test_count_restarting_children_and_hanging_restart_loop),
        cmocka_unit_test(test_a_restart_loop_can_be_shut_down_at_once),
        cmocka_unit_test(test_hanging_restart_loop_rest_for_one_ends_by_terminate),
        cmocka_unit_test(test_hanging_restart_loop_simple),
        cmocka_unit_test(test_restart_after_exponential_backoff_and_reset),
        cmocka_unit_test(test_backoff_is_spread_by_its_jitter),
        cmocka_unit_test(test_mail_waits_while_a_child_backs_off),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
