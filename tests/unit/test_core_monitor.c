/* SPDX-License-Identifier: BSD-3-Clause */
/* Monitors: exactly one Down each, with its reason, here and over every kind of link. */
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
        check();
        lab_fini(&lab);
    }
}

static void
assert_one_down(const struct probe *probe, uint64_t monitor, struct myc_ref ref,
                enum myc_status reason)
{
    const struct probe_note *note = probe_last(probe, MYC_DOWN_KEY);

    assert_int_equal(probe_count(probe, MYC_DOWN_KEY), 1);
    assert_true(note->value == monitor && note->tag == monitor);
    assert_true(myc_ref_is_equal(note->ref, ref));
    assert_int_equal(note->status, reason);
}

static void
check_stop(void)
{
    uint64_t monitor;

    assert_int_equal(probe_monitor(&a, b.ref, &monitor), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(probe_count(&a, MYC_DOWN_KEY), 0);
    assert_int_equal(probe_stop(&c, b.ref, MYC_NORMAL), MYC_OK);
    lab_settle(&lab);
    assert_one_down(&a, monitor, b.ref, MYC_NORMAL);
    assert_int_equal(probe_demonitor(&a, monitor), MYC_NOT_FOUND);
}

static void
test_the_end_of_an_actor_gives_one_down_with_its_reason(void **state)
{
    (void)state;
    at_each_level(check_stop);
}

static void
check_reasons(void)
{
    uint64_t failed, killed;

    assert_int_equal(probe_monitor(&a, b.ref, &failed), MYC_OK);
    b.answer = MYC_IO_ERROR;
    assert_int_equal(probe_send(&a, b.ref, 1), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(probe_last(&a, MYC_DOWN_KEY)->status, MYC_IO_ERROR);
    assert_int_equal(probe_monitor(&a, c.ref, &killed), MYC_OK);
    assert_int_equal(probe_kill(&a, c.ref), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(probe_last(&a, MYC_DOWN_KEY)->status, MYC_KILLED);
    assert_true(probe_last(&a, MYC_DOWN_KEY)->value == killed);
    assert_int_equal(probe_count(&a, MYC_DOWN_KEY), 2);
}

static void
test_failure_and_kill_are_told_apart(void **state)
{
    (void)state;
    at_each_level(check_reasons);
}

static void
check_no_process(void)
{
    struct myc_ref gone = b.ref;
    struct myc_ref never = b.ref;
    uint64_t monitor;

    never.actor += 5ULL << 32;
    assert_int_equal(probe_stop(&c, b.ref, MYC_NORMAL), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(probe_monitor(&a, gone, &monitor), MYC_OK);
    lab_settle(&lab);
    assert_one_down(&a, monitor, gone, MYC_NO_PROCESS);
    assert_int_equal(probe_monitor(&a, never, &monitor), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(probe_count(&a, MYC_DOWN_KEY), 2);
    assert_int_equal(probe_last(&a, MYC_DOWN_KEY)->status, MYC_NO_PROCESS);
}

static void
test_who_has_ended_or_never_was_gives_no_process(void **state)
{
    (void)state;
    at_each_level(check_no_process);
}

static void
check_demonitor(void)
{
    uint64_t first, second;

    assert_int_equal(probe_monitor(&a, b.ref, &first), MYC_OK);
    assert_int_equal(probe_monitor(&a, b.ref, &second), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(probe_demonitor(&c, first), MYC_NOT_FOUND);
    assert_int_equal(probe_demonitor(&a, first), MYC_OK);
    assert_int_equal(probe_stop(&c, b.ref, MYC_NORMAL), MYC_OK);
    lab_settle(&lab);
    assert_one_down(&a, second, b.ref, MYC_NORMAL);
}

static void
test_demonitor_ends_just_that_watch(void **state)
{
    (void)state;
    at_each_level(check_demonitor);
}

static uint64_t flushed;

static void
demonitor_now(struct myc_self *self, struct probe *probe, const struct myc_message *message)
{
    (void)probe;
    if (message->kind == MYC_KIND_SEND)
        assert_int_equal(myc_demonitor(self, flushed), MYC_OK);
}

static void
check_flush(void)
{
    uint64_t monitor;

    assert_int_equal(probe_monitor(&a, b.ref, &monitor), MYC_OK);
    lab_settle(&lab);
    flushed = monitor;
    a.on_message = demonitor_now;
    /* Down will wait behind this message, in whose handler the watch ends. */
    assert_int_equal(probe_send(&b, a.ref, 1), MYC_OK);
    assert_int_equal(probe_stop(&c, b.ref, MYC_NORMAL), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(probe_count(&a, MYC_DOWN_KEY), 0);
    assert_int_equal(probe_count(&a, PROBE_NUMBER_KEY), 1);
}

static void
test_demonitor_takes_back_a_down_that_is_queued_or_on_its_way(void **state)
{
    (void)state;
    at_each_level(check_flush);
}

static void
check_order(void)
{
    uint64_t monitor;

    assert_int_equal(probe_monitor(&a, b.ref, &monitor), MYC_OK);
    lab_settle(&lab);
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(probe_send(&b, a.ref, i), MYC_OK);
    assert_int_equal(probe_kill(&c, b.ref), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(a.count, 21);
    for (unsigned i = 0; i < 20; i++)
        assert_true(a.notes[i].value == i);
    assert_true(a.notes[20].key == MYC_DOWN_KEY);
}

static void
test_down_comes_after_the_last_message_of_the_dead(void **state)
{
    (void)state;
    at_each_level(check_order);
}

static uint32_t
records(void)
{
    return fab_monitors_count(lab.cores[0]) + fab_monitors_count(lab.cores[1]);
}

static void
check_watcher_ends(void)
{
    uint64_t monitor;

    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(probe_monitor(&a, b.ref, &monitor), MYC_OK);
    lab_settle(&lab);
    assert_true(records() > 0);
    assert_int_equal(probe_stop(&c, a.ref, MYC_NORMAL), MYC_OK);
    lab_settle(&lab);
    /* Nothing is kept on either side while the target lives on. */
    assert_int_equal(records(), 0);
    assert_int_equal(probe_stop(&c, b.ref, MYC_NORMAL), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(probe_count(&a, MYC_DOWN_KEY), 0);
}

static void
test_the_watchers_end_leaves_no_record_behind(void **state)
{
    (void)state;
    at_each_level(check_watcher_ends);
}

static void
test_a_restart_under_the_same_ref_is_not_a_down(void **state)
{
    static struct probe child;
    struct myc_spawn_options options = { .size = sizeof(options), .is_supervised = true };
    uint64_t monitor;

    (void)state;
    begin_at(LAB_ANY_LEVEL, 1);
    memset(&child, 0, sizeof(child));
    assert_int_equal(probe_spawn_child(&child, &b, &options), MYC_OK);
    assert_int_equal(probe_monitor(&a, child.ref, &monitor), MYC_OK);
    lab_settle(&lab);
    child.answer = MYC_FAILED;
    assert_int_equal(probe_send(&a, child.ref, 1), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(probe_restart(&b, child.ref), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(probe_count(&a, MYC_DOWN_KEY), 0);
    child.answer = MYC_FAILED;
    assert_int_equal(probe_send(&a, child.ref, 1), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(probe_release(&b, child.ref), MYC_OK);
    lab_settle(&lab);
    assert_one_down(&a, monitor, child.ref, MYC_FAILED);
    lab_fini(&lab);
}

static void
test_a_lost_link_gives_no_connection_once_and_both_sides_are_clean(void **state)
{
    uint64_t watching, watched;

    (void)state;
    for (unsigned i = 1; i < 3; i++) {
        begin_at(levels[i], 1);
        lab_settle(&lab);
        assert_int_equal(probe_monitor(&a, b.ref, &watching), MYC_OK);
        assert_int_equal(probe_monitor(&b, a.ref, &watched), MYC_OK);
        lab_settle(&lab);
        loop_pair_cut(lab.pairs[0]);
        lab_settle(&lab);
        assert_one_down(&a, watching, b.ref, MYC_NO_CONNECTION);
        assert_one_down(&b, watched, a.ref, MYC_NO_CONNECTION);
        /* Now there is none: the same answer at once. */
        assert_int_equal(probe_monitor(&a, b.ref, &watching), MYC_OK);
        lab_settle(&lab);
        assert_int_equal(probe_count(&a, MYC_DOWN_KEY), 2);
        assert_int_equal(probe_last(&a, MYC_DOWN_KEY)->status, MYC_NO_CONNECTION);
        /* It comes back: what ends now is told once, to new watches. */
        loop_pair_join(lab.pairs[0], LAB_HOME_2);
        lab_settle(&lab);
        assert_int_equal(probe_monitor(&a, b.ref, &watching), MYC_OK);
        lab_settle(&lab);
        assert_int_equal(probe_kill(&c, b.ref), MYC_OK);
        lab_settle(&lab);
        assert_int_equal(probe_count(&a, MYC_DOWN_KEY), 3);
        assert_int_equal(probe_last(&a, MYC_DOWN_KEY)->status, MYC_KILLED);
        lab_fini(&lab);
    }
}

static void
test_nodes_come_and_go_in_order(void **state)
{
    (void)state;
    begin_at(FAB_LEVEL_FLOW, 1);
    assert_int_equal(probe_watch_nodes(&a), MYC_OK);
    assert_int_equal(probe_watch_nodes(&a), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(probe_count(&a, MYC_NODE_UP_KEY), 1);
    assert_true(probe_last(&a, MYC_NODE_UP_KEY)->value == LAB_HOME_2);
    loop_pair_cut(lab.pairs[0]);
    lab_settle(&lab);
    assert_int_equal(probe_count(&a, MYC_NODE_DOWN_KEY), 1);
    loop_pair_join(lab.pairs[0], LAB_HOME_2 + 1);
    lab_settle(&lab);
    assert_int_equal(probe_count(&a, MYC_NODE_UP_KEY), 2);
    assert_true(probe_last(&a, MYC_NODE_UP_KEY)->value == LAB_HOME_2 + 1);
    /* Who comes later is told what is so now. */
    assert_int_equal(probe_watch_nodes(&b), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(probe_count(&b, MYC_NODE_UP_KEY), 1);
    lab_fini(&lab);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_end_of_an_actor_gives_one_down_with_its_reason),
        cmocka_unit_test(test_failure_and_kill_are_told_apart),
        cmocka_unit_test(test_who_has_ended_or_never_was_gives_no_process),
        cmocka_unit_test(test_demonitor_ends_just_that_watch),
        cmocka_unit_test(test_demonitor_takes_back_a_down_that_is_queued_or_on_its_way),
        cmocka_unit_test(test_down_comes_after_the_last_message_of_the_dead),
        cmocka_unit_test(test_the_watchers_end_leaves_no_record_behind),
        cmocka_unit_test(test_a_restart_under_the_same_ref_is_not_a_down),
        cmocka_unit_test(test_a_lost_link_gives_no_connection_once_and_both_sides_are_clean),
        cmocka_unit_test(test_nodes_come_and_go_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
