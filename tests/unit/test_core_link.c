/* SPDX-License-Identifier: BSD-3-Clause */
/* Links: who ends takes the other along, here and over every kind of link between cores. */
#include "monitor_lab.h"

#include "actor/parts.h"

static void
at_each_level(void (*check)(void))
{
    begin_at(FAB_LEVEL_RING, 0);
    check();
    lab_fini(&lab);
    for (unsigned i = 0; i < 3; i++) {
        begin_at(levels[i], 1);
        lab_settle(&lab);
        check();
        lab_fini(&lab);
    }
}

static void
link_both(struct probe *by, const struct probe *with)
{
    assert_int_equal(probe_link(by, with->ref), MYC_OK);
    lab_settle(&lab);
}

static void
assert_ended(const struct probe *probe, enum myc_status reason)
{
    assert_int_equal(probe->stop_count, 1);
    assert_int_equal(probe->stop_reason, reason);
}

static void
fail_it(struct probe *probe)
{
    probe->answer = MYC_IO_ERROR;
    assert_int_equal(probe_send(&c, probe->ref, 1), MYC_OK);
    lab_settle(&lab);
}

static void
check_peer_fails(void)
{
    link_both(&a, &b);
    fail_it(&b);
    assert_ended(&a, MYC_IO_ERROR);
    assert_int_equal(probe_count(&a, MYC_DOWN_KEY), 0);
}

static void
check_we_fail(void)
{
    link_both(&a, &b);
    fail_it(&a);
    assert_ended(&b, MYC_IO_ERROR);
}

static void
check_peer_is_killed(void)
{
    link_both(&a, &b);
    assert_int_equal(probe_kill(&c, b.ref), MYC_OK);
    lab_settle(&lab);
    assert_ended(&a, MYC_KILLED);
}

static void
test_an_abnormal_end_of_either_ends_the_other_with_the_reason(void **state)
{
    (void)state;
    at_each_level(check_peer_fails);
    at_each_level(check_we_fail);
    at_each_level(check_peer_is_killed);
}

static void
check_normal(void)
{
    link_both(&a, &b);
    assert_int_equal(probe_stop(&c, b.ref, MYC_NORMAL), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(b.stop_count, 1);
    assert_int_equal(a.stop_count, 0);
    assert_int_equal(a.count, 0);
    assert_int_equal(probe_unlink(&a, b.ref), MYC_NOT_FOUND);
}

static void
test_a_normal_end_ends_nobody_and_the_link(void **state)
{
    (void)state;
    at_each_level(check_normal);
}

static void
check_once(void)
{
    link_both(&a, &b);
    link_both(&a, &b);
    link_both(&b, &a);
    assert_int_equal(probe_link(&a, b.ref), MYC_OK); /* and at the same time */
    assert_int_equal(probe_link(&b, a.ref), MYC_OK);
    assert_int_equal(probe_link(&a, a.ref), MYC_OK); /* none */
    lab_settle(&lab);
    assert_int_equal(fab_monitors_count(lab.cores[0]) + fab_monitors_count(lab.cores[1]), 2);
    assert_int_equal(probe_unlink(&b, a.ref), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(probe_unlink(&a, b.ref), MYC_NOT_FOUND);
    fail_it(&b);
    assert_int_equal(a.stop_count, 0);
}

static void
check_crossing(void)
{
    assert_int_equal(probe_link(&a, b.ref), MYC_OK);
    assert_int_equal(probe_link(&b, a.ref), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(fab_monitors_count(lab.cores[0]) + fab_monitors_count(lab.cores[1]), 2);
    fail_it(&b);
    assert_ended(&a, MYC_IO_ERROR);
}

static void
test_linking_twice_or_at_once_is_one_link(void **state)
{
    (void)state;
    at_each_level(check_once);
    at_each_level(check_crossing);
}

static void
check_no_process(void)
{
    struct myc_ref gone = b.ref;

    assert_int_equal(probe_stop(&c, b.ref, MYC_NORMAL), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(probe_link(&a, gone), MYC_OK);
    lab_settle(&lab);
    assert_ended(&a, MYC_NO_PROCESS);
}

static void
test_a_link_to_who_has_ended_ends_us_with_no_process(void **state)
{
    (void)state;
    at_each_level(check_no_process);
}

static struct myc_ref unlinked;

static void
unlink_now(struct myc_self *self, struct probe *probe, const struct myc_message *message)
{
    (void)probe;
    if (message->kind == MYC_KIND_SEND)
        assert_int_equal(myc_unlink(self, unlinked), MYC_OK);
}

/* The exit waits behind this message, in whose handler the link is taken back. */
static void
check_unlink_flushes(void)
{
    link_both(&a, &b);
    unlinked = b.ref;
    a.on_message = unlink_now;
    assert_int_equal(probe_send(&b, a.ref, 1), MYC_OK);
    assert_int_equal(probe_kill(&c, b.ref), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(probe_count(&a, PROBE_NUMBER_KEY), 1);
    assert_int_equal(a.stop_count, 0);
}

/* The exit is on its way, or about to be. */
static void
check_unlink_crosses(void)
{
    link_both(&a, &b);
    assert_int_equal(probe_kill(&c, b.ref), MYC_OK);
    assert_int_equal(probe_unlink(&a, b.ref), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(a.stop_count, 0);
    assert_int_equal(fab_monitors_count(lab.cores[0]), 0);
}

/* Linked anew while the old link's exit, a NORMAL one, is on its way: the new one has its own. */
static void
check_relink(void)
{
    link_both(&b, &a);
    assert_int_equal(probe_stop(&c, b.ref, MYC_NORMAL), MYC_OK);
    lab_turn_core(&lab, b.core == a.core ? 0 : 1);
    assert_int_equal(b.stop_count, 1);
    assert_int_equal(probe_unlink(&a, b.ref), b.core == a.core ? MYC_NOT_FOUND : MYC_OK);
    assert_int_equal(probe_link(&a, b.ref), MYC_OK);
    lab_settle(&lab);
    assert_ended(&a, MYC_NO_PROCESS);
    assert_int_equal(fab_monitors_count(lab.cores[0]), 0);
}

static void
test_after_unlink_no_exit_of_it_comes(void **state)
{
    (void)state;
    at_each_level(check_unlink_flushes);
    at_each_level(check_unlink_crosses);
    at_each_level(check_relink);
}

static void
check_order(void)
{
    link_both(&a, &b);
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(probe_send(&b, a.ref, i), MYC_OK);
    assert_int_equal(probe_kill(&c, b.ref), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(a.count, 20);
    for (unsigned i = 0; i < 20; i++)
        assert_true(a.notes[i].value == i);
    assert_ended(&a, MYC_KILLED);
}

static void
test_an_exit_comes_after_the_last_message_of_the_dead(void **state)
{
    (void)state;
    at_each_level(check_order);
}

static void
test_a_lost_link_ends_both_sides_with_no_connection(void **state)
{
    (void)state;
    for (unsigned i = 1; i < 3; i++) {
        begin_at(levels[i], 1);
        lab_settle(&lab);
        link_both(&a, &b);
        loop_pair_cut(lab.pairs[0]);
        lab_settle(&lab);
        assert_ended(&a, MYC_NO_CONNECTION);
        assert_ended(&b, MYC_NO_CONNECTION);
        /* Now there is none: the same at once. */
        memset(&a, 0, sizeof(a));
        assert_int_equal(probe_spawn(&a, lab.cores[0], NULL), MYC_OK);
        link_both(&a, &c);
        assert_ended(&a, MYC_NO_CONNECTION);
        assert_int_equal(c.stop_count, 0);
        lab_fini(&lab);
    }
}

/* Both have asked when one of them is suspended: its exit does not know of the other's half, which
 * its next life must not inherit. */
static void
check_suspended(void)
{
    static struct probe child;
    struct myc_spawn_options options = { .size = sizeof(options), .is_supervised = true };

    memset(&child, 0, sizeof(child));
    assert_int_equal(probe_spawn_child(&child, &b, &options), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(probe_link(&child, a.ref), MYC_OK);
    assert_int_equal(probe_kill(&child, child.ref), MYC_OK);
    if (child.core != a.core)
        lab_turn_core(&lab, 1);
    assert_int_equal(probe_link(&a, child.ref), MYC_OK);
    lab_settle(&lab);
    assert_ended(&a, MYC_KILLED);
    assert_int_equal(probe_count(&b, MYC_CHILD_EXITED_KEY), 1);
    assert_int_equal(fab_monitors_count(lab.cores[0]) + fab_monitors_count(lab.cores[1]), 0);
    assert_int_equal(probe_restart(&b, child.ref), MYC_OK);
    lab_settle(&lab);
    fail_it(&child);
    assert_int_equal(probe_count(&b, MYC_CHILD_EXITED_KEY), 2);
    assert_int_equal(probe_release(&b, child.ref), MYC_OK);
    lab_settle(&lab);
}

static void
test_the_next_life_of_a_supervised_actor_has_no_links(void **state)
{
    (void)state;
    at_each_level(check_suspended);
}

static void
check_spawned(void)
{
    static struct probe child;
    struct myc_spawn_options options = { .size = sizeof(options), .is_linked = true };

    memset(&child, 0, sizeof(child));
    assert_int_equal(probe_spawn_child(&child, &a, &options), MYC_OK);
    assert_int_equal(probe_unlink(&a, child.ref), MYC_OK);
    fail_it(&child);
    assert_int_equal(a.stop_count, 0);
}

static void
test_the_link_of_a_spawn_can_be_taken_back(void **state)
{
    (void)state;
    at_each_level(check_spawned);
}

/* What has no room here is refused at once, and there by an exit; nothing is kept of it. */
static void
test_a_table_that_is_full_is_told(void **state)
{
    enum myc_status status;
    uint64_t monitor;

    (void)state;
    begin_at(LAB_ANY_LEVEL, 1);
    lab_settle(&lab);
    while ((status = probe_monitor(&c, b.ref, &monitor)) == MYC_OK)
        lab_settle(&lab);
    assert_int_equal(status, MYC_NO_MEMORY);
    assert_int_equal(probe_link(&b, a.ref), MYC_NO_MEMORY);
    link_both(&a, &b);
    assert_ended(&a, MYC_NO_MEMORY);
    lab_fini(&lab);
}

/* An init that links and then fails. */
static enum myc_status
link_and_fail(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    struct myc_ref peer;

    (void)state;
    assert_int_equal(args_size, sizeof(peer));
    memcpy(&peer, args, sizeof(peer));
    assert_int_equal(myc_link(self, peer), MYC_OK);
    return MYC_REFUSED;
}

static void
spawn_stillborn(struct myc_self *self, void *context)
{
    static const struct myc_class stillborn_class = {
        .size = sizeof(stillborn_class),
        .name = "stillborn",
        .init = link_and_fail,
    };
    const struct myc_spawn_options options = {
        .size = sizeof(options),
        .args = context,
        .args_size = sizeof(struct myc_ref),
    };

    assert_int_equal(myc_spawn(self, &stillborn_class, &options, NULL), MYC_REFUSED);
}

static void
check_stillborn(void)
{
    probe_do(&a, spawn_stillborn, &b.ref);
    lab_settle(&lab);
    assert_int_equal(b.stop_count, 0);
    assert_int_equal(fab_monitors_count(lab.cores[0]) + fab_monitors_count(lab.cores[1]), 0);
}

static void
test_who_fails_in_its_init_ends_nobody(void **state)
{
    (void)state;
    at_each_level(check_stillborn);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_abnormal_end_of_either_ends_the_other_with_the_reason),
        cmocka_unit_test(test_a_normal_end_ends_nobody_and_the_link),
        cmocka_unit_test(test_linking_twice_or_at_once_is_one_link),
        cmocka_unit_test(test_a_link_to_who_has_ended_ends_us_with_no_process),
        cmocka_unit_test(test_after_unlink_no_exit_of_it_comes),
        cmocka_unit_test(test_an_exit_comes_after_the_last_message_of_the_dead),
        cmocka_unit_test(test_a_lost_link_ends_both_sides_with_no_connection),
        cmocka_unit_test(test_the_next_life_of_a_supervised_actor_has_no_links),
        cmocka_unit_test(test_the_link_of_a_spawn_can_be_taken_back),
        cmocka_unit_test(test_a_table_that_is_full_is_told),
        cmocka_unit_test(test_who_fails_in_its_init_ends_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
