/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The supervisor: starting and stopping. Rows of OTP's supervisor_SUITE have their names there;
 * those that speak of new refs run with FRESH_REF, as the default keeps the ref.
 */
#include "support/supervisor_lab.h"

/* --- start ------------------------------------------------------------------------------------ */

static void
test_sup_start_normal(void **state)
{
    (void)state;
    sup_begin(3, MYC_ONE_FOR_ONE, 0);
    sup_start();
    assert_int_equal(sup.began, MYC_OK);
    assert_trace("+a+b+c");
    assert_counts(3, 3, 0, 3);
    sup_stop();
    assert_trace("-c-b-a");
    assert_false(sup_is_alive());
    sup_end();
}

static void
test_sup_start_ignore_child(void **state)
{
    (void)state;
    sup_begin(3, MYC_ONE_FOR_ONE, 0);
    kid_fail_inits('b', MYC_IGNORED, 1);
    sup_start();
    assert_int_equal(sup.began, MYC_OK);
    assert_trace("+a+c");
    assert_counts(3, 2, 0, 3);
    sup_restart('b');
    assert_int_equal(sup.reply.status, MYC_OK);
    assert_counts(3, 3, 0, 3);
    sup_end();
}

static void
test_sup_start_ignore_temporary_child(void **state)
{
    (void)state;
    sup_begin(2, MYC_ONE_FOR_ONE, 0);
    sup.specs[1].restart = MYC_RESTART_POLICY_TEMPORARY;
    kid_fail_inits('b', MYC_IGNORED, 1);
    kid_fail_inits('c', MYC_IGNORED, 1);
    sup_start();
    assert_counts(1, 1, 0, 1);
    sup_start_child('c', MYC_RESTART_POLICY_TEMPORARY, 0);
    assert_int_equal(sup.reply.status, MYC_IGNORED);
    assert_true(myc_ref_is_null(sup.reply.ref));
    assert_counts(1, 1, 0, 1);
    sup_end();
}

static void
test_sup_start_fail_leaves_nothing_running(void **state)
{
    (void)state;
    sup_begin(3, MYC_ONE_FOR_ONE, 0);
    kid_fail_inits('c', MYC_IO_ERROR, 1);
    sup_start();
    assert_int_equal(sup.began, MYC_IO_ERROR);
    assert_int_equal(sup_actors(), 0);
    sup_end();
}

static void
test_sup_start_child_returns_error(void **state)
{
    (void)state;
    sup_begin(1, MYC_ONE_FOR_ONE, 0);
    sup_start();
    kid_fail_inits('b', MYC_REFUSED, 1);
    sup_start_child('b', MYC_RESTART_POLICY_PERMANENT, 0);
    assert_int_equal(sup.reply.status, MYC_REFUSED);
    assert_counts(1, 1, 0, 1);
    sup_start_child('b', MYC_RESTART_POLICY_PERMANENT, 0);
    assert_int_equal(sup.reply.status, MYC_OK);
    assert_true(myc_ref_is_equal(sup.reply.ref, kid('b')->ref));
    sup_start_child('b', MYC_RESTART_POLICY_PERMANENT, 0);
    assert_int_equal(sup.reply.status, MYC_EXISTS);
    assert_int_equal(sup.reply.stage, MYC_CHILD_STAGE_RUNNING);
    sup_end();
}

static void
test_sup_start_restart_child_returns_error(void **state)
{
    (void)state;
    sup_begin(2, MYC_ONE_FOR_ONE, 0);
    sup_start();
    sup_terminate('b');
    kid_fail_inits('b', MYC_REFUSED, 1);
    sup_restart('b');
    assert_int_equal(sup.reply.status, MYC_REFUSED);
    assert_counts(2, 1, 0, 2);
    sup_restart('b');
    assert_int_equal(sup.reply.status, MYC_OK);
    sup_restart('b');
    assert_int_equal(sup.reply.status, MYC_EXISTS);
    sup_restart('z');
    assert_int_equal(sup.reply.status, MYC_NOT_FOUND);
    sup_end();
}

static void
test_sup_start_map_gives_defaults(void **state)
{
    (void)state;
    sup_begin(1, MYC_ONE_FOR_ONE, 0);
    sup_start();
    /* One restart in five seconds, then no more. */
    kid_end('a', MYC_FAILED);
    assert_int_equal(kid('a')->starts, 2);
    sup_advance(6 * S);
    kid_end('a', MYC_FAILED);
    assert_int_equal(kid('a')->starts, 3);
    assert_true(sup_is_alive());
    kid_end('a', MYC_FAILED);
    assert_false(sup_is_alive());
    sup_end();
}

static enum myc_status
check(uint32_t max)
{
    return myc_supervisor_check(&sup.spec, max);
}

static void
test_sup_start_map_faulty_specs_and_sup_flags_and_child_specs(void **state)
{
    (void)state;
    sup_begin(2, MYC_ONE_FOR_ONE, 0);
    assert_int_equal(check(2), MYC_OK);
    assert_int_equal(check(1), MYC_NO_MEMORY);
    sup.specs[1].id = "a";
    assert_int_equal(check(2), MYC_EXISTS);
    sup_start();
    assert_int_equal(sup.began, MYC_EXISTS);
    assert_trace("");
    sup.specs[1].id = "";
    assert_int_equal(check(2), MYC_INVALID);
    sup.specs[1].id = "b";
    sup.specs[1].class_of = NULL;
    assert_int_equal(check(2), MYC_INVALID);
    sup.specs[1].class_of = kid_classes[1];
    sup.specs[1].restart = (enum myc_restart_policy)7;
    assert_int_equal(check(2), MYC_INVALID);
    sup.specs[1].restart = MYC_RESTART_POLICY_TEMPORARY;
    sup.specs[1].flags = MYC_CHILD_IS_SIGNIFICANT;
    assert_int_equal(check(2), MYC_UNSUPPORTED);
    sup.spec.auto_shutdown = MYC_AUTO_SHUTDOWN_ANY;
    assert_int_equal(check(2), MYC_OK);
    sup.specs[1].restart = MYC_RESTART_POLICY_PERMANENT;
    assert_int_equal(check(2), MYC_UNSUPPORTED);
    sup.specs[1].flags = 0;
    sup.spec.strategy = (enum myc_supervisor_strategy)9;
    assert_int_equal(check(2), MYC_INVALID);
    sup.spec.strategy = MYC_DYNAMIC;
    assert_int_equal(check(2), MYC_UNSUPPORTED);
    sup.spec.strategy = MYC_ONE_FOR_ONE;
    sup.spec.intensity = 1000;
    assert_int_equal(check(2), MYC_INVALID);
    sup.spec.intensity = 1;
    sup.spec.period_ns = MYC_FOREVER;
    assert_int_equal(check(2), MYC_INVALID);
    sup_end();
}

/* --- stop ------------------------------------------------------------------------------------- */

static void
test_sup_stop_infinity_waits_and_others_wait_behind_it(void **state)
{
    (void)state;
    sup_begin(8, MYC_ONE_FOR_ONE, 0);
    sup.specs[7].shutdown_ns = MYC_FOREVER;
    sup_start();
    sup.trace[0] = '\0';
    sup_stop();
    sup_advance(1000 * S);
    assert_trace("");
    assert_true(sup_is_alive());
    kid_end('h', MYC_KILLED);
    assert_trace("-g-f-e-d-c-b-a");
    assert_false(sup_is_alive());
    sup_end();
}

static void
test_sup_stop_timeout_kills_a_child_that_does_not_listen(void **state)
{
    (void)state;
    sup_begin(8, MYC_ONE_FOR_ONE, 0);
    sup.specs[7].shutdown_ns = 50 * MS;
    sup_start();
    sup.trace[0] = '\0';
    sup_stop();
    sup_advance(49 * MS);
    assert_trace("");
    sup_advance(2 * MS);
    assert_trace("-g-f-e-d-c-b-a");
    assert_false(sup_is_alive());
    sup_end();
}

static void
test_sup_stop_brutal_kill_runs_no_stop_function(void **state)
{
    (void)state;
    sup_begin(2, MYC_ONE_FOR_ONE, 0);
    sup.specs[1].shutdown_ns = MYC_SHUTDOWN_BRUTAL;
    sup_start();
    sup.trace[0] = '\0';
    sup_stop();
    assert_trace("-a");
    assert_false(sup_is_alive());
    sup_end();
}

static void
test_a_stop_that_hangs_does_not_block_the_supervisor(void **state)
{
    (void)state;
    sup_begin(8, MYC_ONE_FOR_ONE, 0);
    sup.specs[7].shutdown_ns = 100 * S;
    sup.spec.child_count = 1;
    sup.specs[0] = sup.specs[7];
    sup_start();
    sup_start_child('b', MYC_RESTART_POLICY_PERMANENT, 0);
    sup_terminate('h');
    assert_int_equal(sup.reply.status, MYC_STATUS_COUNT); /* not yet */
    assert_counts(2, 2, 0, 2);
    kid_end('b', MYC_FAILED);
    assert_int_equal(kid('b')->starts, 2);
    sup_advance(101 * S);
    assert_int_equal(sup.reply.status, MYC_OK);
    assert_counts(2, 1, 0, 2);
    sup_end();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sup_start_normal),
        cmocka_unit_test(test_sup_start_ignore_child),
        cmocka_unit_test(test_sup_start_ignore_temporary_child),
        cmocka_unit_test(test_sup_start_fail_leaves_nothing_running),
        cmocka_unit_test(test_sup_start_child_returns_error),
        cmocka_unit_test(test_sup_start_restart_child_returns_error),
        cmocka_unit_test(test_sup_start_map_gives_defaults),
        cmocka_unit_test(test_sup_start_map_faulty_specs_and_sup_flags_and_child_specs),
        cmocka_unit_test(test_sup_stop_infinity_waits_and_others_wait_behind_it),
        cmocka_unit_test(test_sup_stop_timeout_kills_a_child_that_does_not_listen),
        cmocka_unit_test(test_sup_stop_brutal_kill_runs_no_stop_function),
        cmocka_unit_test(test_a_stop_that_hangs_does_not_block_the_supervisor),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
