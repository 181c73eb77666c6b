/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The supervisor: significant children and trees. Rows of OTP's supervisor_SUITE have their names
 * there; those that speak of new refs run with FRESH_REF, as the default keeps the ref.
 */
#include "support/supervisor_lab.h"

#define FRESH MYC_CHILD_FRESH_REF

/* --- significant children --------------------------------------------------------------------- */

static void
begin_significant(enum myc_auto_shutdown mode, enum myc_restart_policy restart)
{
    sup_begin(3, MYC_ONE_FOR_ONE, 0);
    sup.spec.auto_shutdown = mode;
    sup.spec.intensity = 5;
    for (unsigned i = 0; i < 2; i++) {
        sup.specs[i].restart = restart;
        sup.specs[i].flags = MYC_CHILD_IS_SIGNIFICANT;
    }
    sup.specs[2].restart = MYC_RESTART_POLICY_TEMPORARY;
    sup_start();
}

static void
test_significant_temporary(void **state)
{
    static const enum myc_status reasons[] = { MYC_NORMAL, MYC_FAILED, MYC_KILLED };

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        begin_significant(MYC_AUTO_SHUTDOWN_ANY, MYC_RESTART_POLICY_TEMPORARY);
        kid_end('c', reasons[i]);
        assert_true(sup_is_alive());
        kid_end('a', reasons[i]);
        assert_false(sup_is_alive() || kid_is_alive('b'));
        sup_end();
        begin_significant(MYC_AUTO_SHUTDOWN_ALL, MYC_RESTART_POLICY_TEMPORARY);
        kid_end('a', reasons[i]);
        assert_true(sup_is_alive());
        kid_end('b', reasons[i]);
        assert_false(sup_is_alive() || kid_is_alive('c'));
        sup_end();
    }
}

static void
test_significant_transient(void **state)
{
    (void)state;
    for (unsigned mode = MYC_AUTO_SHUTDOWN_ANY; mode <= MYC_AUTO_SHUTDOWN_ALL; mode++) {
        begin_significant((enum myc_auto_shutdown)mode, MYC_RESTART_POLICY_TRANSIENT);
        kid_end('a', MYC_FAILED);
        kid_end('a', MYC_KILLED);
        assert_true(sup_is_alive() && kid_is_alive('a'));
        kid_end('a', MYC_NORMAL);
        assert_true(sup_is_alive() == (mode == MYC_AUTO_SHUTDOWN_ALL));
        if (mode == MYC_AUTO_SHUTDOWN_ALL) {
            kid_end('b', MYC_FAILED);
            assert_true(sup_is_alive() && kid_is_alive('b') && kid_is_alive('c'));
            kid_end('b', MYC_NORMAL);
        }
        assert_false(sup_is_alive() || kid_is_alive('b') || kid_is_alive('c'));
        sup_end();
    }
}

static void
test_terminate_child_never_triggers_auto_shutdown(void **state)
{
    (void)state;
    for (unsigned mode = MYC_AUTO_SHUTDOWN_ANY; mode <= MYC_AUTO_SHUTDOWN_ALL; mode++) {
        begin_significant((enum myc_auto_shutdown)mode, MYC_RESTART_POLICY_TRANSIENT);
        sup_terminate('a');
        assert_true(sup_is_alive());
        sup_terminate('b');
        assert_true(sup_is_alive());
        assert_counts(3, 1, 0, 3);
        sup_end();
    }
}

static void
test_starting_a_significant_child_without_auto_shutdown_is_refused(void **state)
{
    (void)state;
    sup_begin(1, MYC_ONE_FOR_ONE, 0);
    sup_start();
    sup_start_child('b', MYC_RESTART_POLICY_TEMPORARY, MYC_CHILD_IS_SIGNIFICANT);
    assert_int_equal(sup.reply.status, MYC_UNSUPPORTED);
    assert_counts(1, 1, 0, 1);
    sup_end();
}

/* --- trees ------------------------------------------------------------------------------------ */

static struct myc_supervisor_spec inner;
static struct myc_child_spec inner_children[2];

/* A supervisor of a, and of a supervisor of b and c. */
static void
begin_tree(void)
{
    static struct myc_spawn_options options;

    sup_begin(2, MYC_ONE_FOR_ALL, FRESH);
    inner_children[0] = sup.specs[1];
    inner_children[1] = sup.specs[2];
    inner = (struct myc_supervisor_spec){
        .size = sizeof(inner),
        .children = inner_children,
        .child_count = 2,
    };
    options = (struct myc_spawn_options){
        .size = sizeof(options),
        .args = &inner,
        .args_size = sizeof(inner),
    };
    sup.specs[1] = (struct myc_child_spec){
        .size = sizeof(sup.specs[1]),
        .id = "inner",
        .class_of = &myc_supervisor_class,
        .options = &options,
        .flags = MYC_CHILD_IS_SUPERVISOR | FRESH,
    };
}

static void
test_tree_stops_in_reverse_order_through_all_levels(void **state)
{
    (void)state;
    begin_tree();
    sup_start();
    assert_trace("+a+b+c");
    assert_counts(2, 2, 1, 1);
    sup_stop();
    assert_trace("-c-b-a");
    assert_false(sup_is_alive());
    assert_int_equal(sup_actors(), 0);
    sup_end();
}

static void
test_tree_escalates_one_level_at_a_time(void **state)
{
    (void)state;
    begin_tree();
    sup_start();
    kid_end('b', MYC_FAILED);
    assert_int_equal(kid('b')->starts, 2);
    assert_int_equal(kid('a')->starts, 1);
    sup.trace[0] = '\0';
    kid_end('b', MYC_FAILED);
    lab_settle(&sup.lab);
    /* The inner one has had enough: it ends, and the outer one starts all of its children again. */
    assert_trace("-b-c-a+a+b+c");
    assert_true(sup_is_alive());
    assert_counts(2, 2, 1, 1);
    sup_end();
}

static void
test_faulty_application_shutdown_a_nested_init_failure_reaches_the_starter(void **state)
{
    (void)state;
    begin_tree();
    kid_fail_inits('c', MYC_IO_ERROR, 1);
    sup_start();
    assert_int_equal(sup.began, MYC_IO_ERROR);
    assert_int_equal(sup_actors(), 0);
    sup_end();
}

/* The inner supervisor ends with its significant child; the outer one too, if the inner one is
 * significant to it, else only the inner one does. */
static void
test_significant_escalation(void **state)
{
    (void)state;
    for (unsigned is_significant = 0; is_significant < 2; is_significant++) {
        begin_tree();
        inner.auto_shutdown = MYC_AUTO_SHUTDOWN_ANY;
        inner_children[0].restart = MYC_RESTART_POLICY_TEMPORARY;
        inner_children[0].flags |= MYC_CHILD_IS_SIGNIFICANT;
        sup.spec.auto_shutdown = MYC_AUTO_SHUTDOWN_ANY;
        sup.specs[1].restart = MYC_RESTART_POLICY_TEMPORARY;
        if (is_significant)
            sup.specs[1].flags |= MYC_CHILD_IS_SIGNIFICANT;
        sup_start();
        kid_end('b', MYC_NORMAL);
        assert_false(kid_is_alive('c'));
        assert_true(sup_is_alive() == !is_significant);
        assert_true(kid_is_alive('a') == !is_significant);
        if (!is_significant) {
            assert_counts(1, 1, 0, 1);
            assert_int_equal(kid('a')->starts, 1);
        }
        sup_end();
    }
}

static struct myc_supervisor_spec inners[3];

/* One for all, of three supervisors: of a and b, of c, and of dynamic d's. */
static void
begin_tree_of_three(void)
{
    static const char *const names[] = { "x", "y", "z" };
    static struct myc_spawn_options options[3];
    static struct myc_child_spec kids[4];

    sup_begin(3, MYC_ONE_FOR_ALL, FRESH);
    memcpy(kids, sup.specs, sizeof(kids));
    inners[0] = (struct myc_supervisor_spec){ .children = &kids[0], .child_count = 2 };
    inners[1] = (struct myc_supervisor_spec){ .children = &kids[2], .child_count = 1 };
    inners[2] = (struct myc_supervisor_spec){ .children = &kids[3],
                                              .child_count = 1,
                                              .strategy = MYC_DYNAMIC };
    for (unsigned i = 0; i < 3; i++) {
        inners[i].size = sizeof(inners[i]);
        options[i] = (struct myc_spawn_options){
            .size = sizeof(options[i]),
            .args = &inners[i],
            .args_size = sizeof(inners[i]),
        };
        sup.specs[i] = (struct myc_child_spec){
            .size = sizeof(sup.specs[i]),
            .id = names[i],
            .class_of = &myc_supervisor_class,
            .options = &options[i],
            .flags = MYC_CHILD_IS_SUPERVISOR | FRESH,
        };
    }
}

/* Counts of a child of the top supervisor. */
static void
assert_counts_of(unsigned child, unsigned specs, unsigned active)
{
    struct myc_ref top = sup.ref;

    sup_which();
    sup.ref = sup.refs[child];
    assert_counts(specs, active, 0, specs);
    sup.ref = top;
}

/* tree: static workers come back, also those of a supervisor that was terminated; dynamic ones do
 * not. */
static void
test_tree_restarts_all_of_its_supervisors(void **state)
{
    struct myc_ref top, before[3];

    (void)state;
    begin_tree_of_three();
    sup_start();
    assert_trace("+a+b+c");
    assert_counts(3, 3, 3, 0);
    top = sup.ref;
    sup_which();
    memcpy(before, sup.refs, sizeof(before));
    sup.ref = sup.refs[2];
    sup_start_child('\0', MYC_RESTART_POLICY_PERMANENT, 0);
    assert_int_equal(sup.reply.status, MYC_OK);
    sup.ref = top;
    assert_counts_of(0, 2, 2);
    assert_counts_of(1, 1, 1);
    assert_counts_of(2, 1, 1);
    sup_terminate('y');
    assert_counts(3, 2, 3, 0);
    kid_end('a', MYC_FAILED);
    assert_counts_of(0, 2, 2);
    sup.trace[0] = '\0';
    kid_end('a', MYC_FAILED);
    lab_settle(&sup.lab);
    assert_trace("-a-b-d+a+b+c");
    assert_false(kid_is_alive('d'));
    assert_counts(3, 3, 3, 0);
    assert_counts_of(0, 2, 2);
    assert_counts_of(1, 1, 1);
    assert_counts_of(2, 0, 0);
    sup_which();
    for (unsigned i = 0; i < 3; i++)
        assert_false(myc_ref_is_equal(before[i], sup.refs[i]));
    sup_end();
}

static void
test_a_killed_supervisor_takes_its_children_along(void **state)
{
    (void)state;
    begin_tree();
    sup_start();
    assert_int_equal(probe_kill(&sup.boss, sup.ref), MYC_OK);
    lab_settle(&sup.lab);
    assert_int_equal(sup_actors(), 0);
    sup_end();
}

static void
test_a_child_killed_while_it_waits_for_its_restart_comes_back(void **state)
{
    (void)state;
    sup_begin(1, MYC_ONE_FOR_ONE, 0);
    sup.spec.backoff_ns_min = 10 * MS;
    sup_start();
    kid_end('a', MYC_FAILED);
    kid_end('a', MYC_KILLED);
    sup_advance(20 * MS);
    assert_int_equal(kid('a')->starts, 2);
    assert_true(kid_is_alive('a'));
    sup_end();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_significant_temporary),
        cmocka_unit_test(test_significant_transient),
        cmocka_unit_test(test_terminate_child_never_triggers_auto_shutdown),
        cmocka_unit_test(test_starting_a_significant_child_without_auto_shutdown_is_refused),
        cmocka_unit_test(test_tree_stops_in_reverse_order_through_all_levels),
        cmocka_unit_test(test_tree_escalates_one_level_at_a_time),
        cmocka_unit_test(
            test_faulty_application_shutdown_a_nested_init_failure_reaches_the_starter),
        cmocka_unit_test(test_significant_escalation),
        cmocka_unit_test(test_tree_restarts_all_of_its_supervisors),
        cmocka_unit_test(test_a_killed_supervisor_takes_its_children_along),
        cmocka_unit_test(test_a_child_killed_while_it_waits_for_its_restart_comes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
