/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The supervisor: who is run again, and how often. Rows of OTP's supervisor_SUITE have their names
 * there; those that speak of new refs run with FRESH_REF, as the default keeps the ref.
 */
#include "support/supervisor_lab.h"

#include <limits.h>

#define FRESH MYC_CHILD_FRESH_REF

/* --- restart types ---------------------------------------------------------------------------- */

static void
check_type(enum myc_restart_policy restart, enum myc_status reason, bool is_restarted,
           unsigned specs_after)
{
    struct myc_ref before;

    sup_begin(2, MYC_ONE_FOR_ONE, FRESH);
    sup.specs[0].restart = restart;
    sup_start();
    before = kid('a')->ref;
    kid_end('a', reason);
    lab_settle(&sup.lab);
    assert_counts(specs_after, is_restarted ? 2 : 1, 0, specs_after);
    assert_int_equal(kid('a')->starts, is_restarted ? 2 : 1);
    if (is_restarted)
        assert_false(myc_ref_is_equal(before, kid('a')->ref));
    assert_true(sup_is_alive());
    sup_end();
}

static void
test_permanent_normal_shutdown_abnormal(void **state)
{
    (void)state;
    check_type(MYC_RESTART_POLICY_PERMANENT, MYC_NORMAL, true, 2);
    check_type(MYC_RESTART_POLICY_PERMANENT, MYC_SHUTDOWN, true, 2);
    check_type(MYC_RESTART_POLICY_PERMANENT, MYC_FAILED, true, 2);
    check_type(MYC_RESTART_POLICY_PERMANENT, MYC_KILLED, true, 2);
}

static void
test_transient_normal_shutdown_abnormal(void **state)
{
    (void)state;
    check_type(MYC_RESTART_POLICY_TRANSIENT, MYC_NORMAL, false, 2);
    check_type(MYC_RESTART_POLICY_TRANSIENT, MYC_SHUTDOWN, false, 2);
    check_type(MYC_RESTART_POLICY_TRANSIENT, MYC_FAILED, true, 2);
    check_type(MYC_RESTART_POLICY_TRANSIENT, MYC_KILLED, true, 2);
}

static void
test_temporary_normal_shutdown_abnormal(void **state)
{
    (void)state;
    check_type(MYC_RESTART_POLICY_TEMPORARY, MYC_NORMAL, false, 1);
    check_type(MYC_RESTART_POLICY_TEMPORARY, MYC_SHUTDOWN, false, 1);
    check_type(MYC_RESTART_POLICY_TEMPORARY, MYC_FAILED, false, 1);
    check_type(MYC_RESTART_POLICY_TEMPORARY, MYC_KILLED, false, 1);
}

static void
test_by_default_a_restarted_child_keeps_its_ref_and_mailbox(void **state)
{
    struct myc_ref before;
    uint64_t monitor;

    (void)state;
    sup_begin(1, MYC_ONE_FOR_ONE, 0);
    sup_start();
    before = kid('a')->ref;
    assert_int_equal(probe_monitor(&sup.boss, before, &monitor), MYC_OK);
    /* The first one is poison; the others wait for the next life. */
    assert_int_equal(probe_send(&sup.boss, before, MYC_FAILED), MYC_OK);
    assert_int_equal(probe_send(&sup.boss, before, MYC_OK), MYC_OK);
    assert_int_equal(probe_send(&sup.boss, before, MYC_OK), MYC_OK);
    lab_settle(&sup.lab);
    assert_int_equal(kid('a')->starts, 2);
    assert_int_equal(kid('a')->handled, 3);
    assert_true(myc_ref_is_equal(before, kid('a')->ref));
    assert_int_equal(probe_count(&sup.boss, MYC_UNDELIVERED_KEY), 0);
    assert_int_equal(probe_count(&sup.boss, MYC_DOWN_KEY), 0);
    sup_end();
}

/* Pekko's "ensure stash message retention on start exception when restart". */
static void
test_mail_waits_through_restarts_whose_init_fails(void **state)
{
    struct myc_ref before;

    (void)state;
    sup_begin(1, MYC_ONE_FOR_ONE, 0);
    sup.spec.intensity = 10;
    sup_start();
    before = kid('a')->ref;
    kid_fail_inits('a', MYC_FAILED, 3);
    assert_int_equal(probe_send(&sup.boss, before, MYC_FAILED), MYC_OK);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(probe_send(&sup.boss, before, MYC_OK), MYC_OK);
    lab_settle(&sup.lab);
    assert_int_equal(kid('a')->starts, 1 + 3 + 1);
    assert_int_equal(kid('a')->handled, 1 + 5);
    assert_int_equal(probe_count(&sup.boss, MYC_UNDELIVERED_KEY), 0);
    sup_end();
}

/* --- intensity -------------------------------------------------------------------------------- */

static void
test_multiple_restarts(void **state)
{
    (void)state;
    sup_begin(1, MYC_ONE_FOR_ONE, 0);
    sup.spec.period_ns = S;
    sup_start();
    for (unsigned i = 0; i < 4; i++) {
        kid_end('a', MYC_FAILED);
        sup_advance(2100 * MS);
    }
    assert_true(sup_is_alive());
    assert_int_equal(kid('a')->starts, 5);
    sup_end();
}

static void
test_intensity_none_allows_no_restart(void **state)
{
    (void)state;
    sup_begin(2, MYC_ONE_FOR_ONE, 0);
    sup.spec.intensity = MYC_INTENSITY_NONE;
    sup_start();
    kid_end('a', MYC_FAILED);
    assert_false(sup_is_alive());
    assert_false(kid_is_alive('b'));
    sup_end();
}

/* Children get new refs; more than `intensity` restarts an hour end the supervisor. */
static void
start_limited(unsigned count, enum myc_supervisor_strategy strategy, uint32_t intensity)
{
    sup_begin(count, strategy, FRESH);
    sup.spec.intensity = intensity;
    sup.spec.period_ns = 3600 * S;
    sup_start();
}

/* Child a of two ends, and `failing` never starts again: its attempts use up the intensity. */
static void
check_escalation(enum myc_supervisor_strategy strategy, char failing)
{
    start_limited(2, strategy, 4);
    kid_fail_inits(failing, MYC_FAILED, UINT_MAX);
    kid_end('a', MYC_FAILED);
    lab_settle(&sup.lab);
    assert_int_equal(kid(failing)->starts, 1 + 4);
    assert_false(sup_is_alive());
    assert_false(kid_is_alive('a') || kid_is_alive('b'));
    sup_end();
}

static void
test_one_for_one(void **state)
{
    struct myc_ref a, b;

    (void)state;
    start_limited(2, MYC_ONE_FOR_ONE, 2);
    a = kid('a')->ref, b = kid('b')->ref;
    kid_end('a', MYC_FAILED);
    assert_false(myc_ref_is_equal(a, kid('a')->ref));
    assert_true(myc_ref_is_equal(b, kid('b')->ref) && kid('b')->starts == 1);
    kid_end('b', MYC_FAILED);
    assert_true(sup_is_alive());
    kid_end('a', MYC_FAILED);
    assert_false(sup_is_alive());
    assert_false(kid_is_alive('a') || kid_is_alive('b'));
    sup_end();
}

static void
test_one_for_one_escalation(void **state)
{
    (void)state;
    check_escalation(MYC_ONE_FOR_ONE, 'a');
}

/* --- groups ----------------------------------------------------------------------------------- */

static void
test_one_for_all(void **state)
{
    struct myc_ref a, b;

    (void)state;
    start_limited(2, MYC_ONE_FOR_ALL, 2);
    a = kid('a')->ref, b = kid('b')->ref;
    sup.trace[0] = '\0';
    kid_end('a', MYC_FAILED);
    lab_settle(&sup.lab);
    assert_trace("-a-b+a+b");
    assert_false(myc_ref_is_equal(a, kid('a')->ref) || myc_ref_is_equal(b, kid('b')->ref));
    assert_counts(2, 2, 0, 2);
    kid_end('b', MYC_FAILED);
    assert_true(sup_is_alive());
    kid_end('b', MYC_FAILED);
    assert_false(sup_is_alive());
    assert_false(kid_is_alive('a') || kid_is_alive('b'));
    sup_end();
}

static void
test_one_for_all_keeps_refs_by_default(void **state)
{
    struct myc_ref a, b;

    (void)state;
    sup_begin(2, MYC_ONE_FOR_ALL, 0);
    sup_start();
    a = kid('a')->ref, b = kid('b')->ref;
    kid_end('b', MYC_FAILED);
    assert_true(myc_ref_is_equal(a, kid('a')->ref) && myc_ref_is_equal(b, kid('b')->ref));
    assert_true(kid('a')->starts == 2 && kid('b')->starts == 2);
    assert_counts(2, 2, 0, 2);
    sup_end();
}

static void
test_one_for_all_escalation(void **state)
{
    (void)state;
    check_escalation(MYC_ONE_FOR_ALL, 'b');
}

static void
test_one_for_all_other_child_fails_restart(void **state)
{
    (void)state;
    sup_begin(2, MYC_ONE_FOR_ALL, FRESH);
    sup.spec.intensity = 3;
    sup_start();
    sup.trace[0] = '\0';
    kid_fail_inits('b', MYC_FAILED, 1);
    kid_end('a', MYC_FAILED);
    lab_settle(&sup.lab);
    /* a had been started again already: it is stopped and started once more. */
    assert_trace("-a-b+a-a+a+b");
    assert_counts(2, 2, 0, 2);
    sup_end();
}

static void
test_rest_for_one(void **state)
{
    struct myc_ref a, b, c;

    (void)state;
    start_limited(3, MYC_REST_FOR_ONE, 2);
    a = kid('a')->ref, b = kid('b')->ref, c = kid('c')->ref;
    kid_end('b', MYC_FAILED);
    lab_settle(&sup.lab);
    assert_true(myc_ref_is_equal(a, kid('a')->ref));
    assert_false(myc_ref_is_equal(b, kid('b')->ref) || myc_ref_is_equal(c, kid('c')->ref));
    assert_counts(3, 3, 0, 3);
    kid_end('b', MYC_FAILED);
    assert_true(sup_is_alive());
    kid_end('b', MYC_FAILED);
    assert_false(sup_is_alive());
    sup_end();
}

static void
test_rest_for_one_escalation(void **state)
{
    (void)state;
    check_escalation(MYC_REST_FOR_ONE, 'b');
}

static void
test_rest_for_one_other_child_fails_restart(void **state)
{
    (void)state;
    sup_begin(2, MYC_REST_FOR_ONE, FRESH);
    sup.spec.intensity = 3;
    sup_start();
    sup.trace[0] = '\0';
    kid_fail_inits('b', MYC_FAILED, 1);
    kid_end('a', MYC_FAILED);
    lab_settle(&sup.lab);
    assert_trace("-a-b+a+b");
    assert_int_equal(kid('a')->starts, 2);
    assert_counts(2, 2, 0, 2);
    sup_end();
}

static void
test_order_of_children(void **state)
{
    (void)state;
    sup_begin(5, MYC_REST_FOR_ONE, 0);
    sup_start();
    assert_trace("+a+b+c+d+e");
    kid_end('c', MYC_FAILED);
    assert_trace("-c-e-d+c+d+e");
    sup_stop();
    assert_trace("-e-d-c-b-a");
    sup_end();
}

static void
test_a_group_restart_starts_also_who_was_terminated_but_not_temporary_ones(void **state)
{
    (void)state;
    sup_begin(3, MYC_ONE_FOR_ALL, 0);
    sup.specs[2].restart = MYC_RESTART_POLICY_TEMPORARY;
    sup_start();
    sup_terminate('b');
    assert_counts(3, 2, 0, 3);
    kid_end('a', MYC_FAILED);
    assert_counts(2, 2, 0, 2);
    assert_true(kid_is_alive('a') && kid_is_alive('b') && !kid_is_alive('c'));
    sup_end();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_permanent_normal_shutdown_abnormal),
        cmocka_unit_test(test_transient_normal_shutdown_abnormal),
        cmocka_unit_test(test_temporary_normal_shutdown_abnormal),
        cmocka_unit_test(test_by_default_a_restarted_child_keeps_its_ref_and_mailbox),
        cmocka_unit_test(test_mail_waits_through_restarts_whose_init_fails),
        cmocka_unit_test(test_multiple_restarts),
        cmocka_unit_test(test_intensity_none_allows_no_restart),
        cmocka_unit_test(test_one_for_one),
        cmocka_unit_test(test_one_for_one_escalation),
        cmocka_unit_test(test_one_for_all),
        cmocka_unit_test(test_one_for_all_keeps_refs_by_default),
        cmocka_unit_test(test_one_for_all_escalation),
        cmocka_unit_test(test_one_for_all_other_child_fails_restart),
        cmocka_unit_test(test_rest_for_one),
        cmocka_unit_test(test_rest_for_one_escalation),
        cmocka_unit_test(test_rest_for_one_other_child_fails_restart),
        cmocka_unit_test(test_order_of_children),
        cmocka_unit_test(
            test_a_group_restart_starts_also_who_was_terminated_but_not_temporary_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
