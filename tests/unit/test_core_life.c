/* SPDX-License-Identifier: BSD-3-Clause */
/* How actors come and go: spawn, stop, kill, failure, supervision, links, pollers. */
#include "support/cmocka.h"
#include "support/core_lab.h"
#include "support/probe_parts.h"

#include <mycelium/messages.h>

static struct lab lab;
static struct probe a, b, c;

static int
begin(void **state)
{
    (void)state;
    memset(&a, 0, sizeof(a)), memset(&b, 0, sizeof(b)), memset(&c, 0, sizeof(c));
    lab_init_pair(&lab, FAB_LEVEL_RING, 0);
    assert_int_equal(probe_spawn(&a, lab.cores[0], NULL), MYC_OK);
    return 0;
}

static int
end(void **state)
{
    (void)state;
    lab_fini(&lab);
    return 0;
}

static void
test_a_new_actor_never_has_the_ref_of_an_old_one(void **state)
{
    struct myc_ref old;

    (void)state;
    assert_int_equal(probe_spawn(&b, lab.cores[0], NULL), MYC_OK);
    old = b.ref;
    probe_stop(&a, old, MYC_NORMAL);
    lab_settle(&lab);
    assert_int_equal(probe_spawn(&b, lab.cores[0], NULL), MYC_OK);
    assert_int_equal(myc_ref_slot(b.ref), myc_ref_slot(old));
    assert_false(myc_ref_is_equal(b.ref, old));
    assert_int_equal(probe_send(&a, old, 1), MYC_GONE);
    lab_settle(&lab);
    assert_int_equal(b.count, 0);
}

static void
test_a_failed_init_leaves_nothing(void **state)
{
    struct myc_spawn_options named = { .name = "nobody" };
    struct myc_ref ref = { 1, 1 };

    (void)state;
    b.init_answer = MYC_REFUSED;
    assert_int_equal(probe_spawn(&b, lab.cores[0], &named), MYC_REFUSED);
    assert_int_equal(b.stop_count, 0);
    b.init_answer = MYC_IGNORED;
    assert_int_equal(
        probe_spawn_child(&b, &a, &(struct myc_spawn_options){ .is_supervised = true }),
        MYC_IGNORED);
    assert_int_equal(probe_lookup(&a, "nobody", &ref), MYC_NOT_FOUND);
    assert_int_equal(fab_core_actor_count(lab.cores[0]), 1);
    assert_int_equal(lab_counters(&lab, 0)->spawn_failed, 2);
}

static void
test_limits_answer_no_memory(void **state)
{
    static struct probe many[300];
    unsigned count = 0;

    (void)state;
    while (probe_spawn(&many[count], lab.cores[0], NULL) == MYC_OK)
        count++;
    assert_int_equal(count, 255); /* 256 slots, one is a's */
    probe_kill(&a, many[7].ref);
    lab_settle(&lab);
    assert_int_equal(many[7].stop_count, 0);
    memset(&b, 0, sizeof(b));
    assert_int_equal(probe_spawn(&b, lab.cores[0], NULL), MYC_OK);
}

static void
test_options_out_of_range_are_invalid(void **state)
{
    (void)state;
    assert_int_equal(probe_spawn(&b, lab.cores[0], &(struct myc_spawn_options){ .overflow = 9 }),
                     MYC_INVALID);
    assert_int_equal(
        probe_spawn(&b, lab.cores[0], &(struct myc_spawn_options){ .is_supervised = true }),
        MYC_INVALID); /* nobody to decide */
    assert_int_equal(
        probe_spawn(&b, lab.cores[0], &(struct myc_spawn_options){ .is_linked = true }),
        MYC_INVALID);
}

static void
test_a_kill_runs_no_stop_function_and_beats_a_stop(void **state)
{
    (void)state;
    probe_spawn(&b, lab.cores[0], NULL);
    probe_stop(&a, b.ref, MYC_SHUTDOWN);
    probe_kill(&a, b.ref);
    lab_settle(&lab);
    assert_int_equal(b.stop_count, 0);
    assert_int_equal(lab_counters(&lab, 0)->killed, 1);
    assert_int_equal(lab_counters(&lab, 0)->stopped, 0);
}

static void
test_a_failed_child_waits_keeps_its_mail_and_runs_again_under_its_ref(void **state)
{
    struct myc_ref ref;

    (void)state;
    assert_int_equal(
        probe_spawn_child(&b, &a, &(struct myc_spawn_options){ .is_supervised = true }), MYC_OK);
    ref = b.ref;
    b.answer = MYC_FAILED;
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(probe_send(&a, ref, i), MYC_OK);
    lab_settle(&lab);
    /* The first was poison; the others wait. */
    assert_int_equal(b.count, 1);
    assert_int_equal(b.stop_count, 1);
    assert_int_equal(b.stop_reason, MYC_FAILED);
    assert_int_equal(probe_count(&a, MYC_CHILD_EXITED_KEY), 1);
    assert_int_equal(probe_last(&a, MYC_CHILD_EXITED_KEY)->status, MYC_FAILED);
    assert_int_equal(probe_restart(&a, ref), MYC_OK);
    assert_int_equal(probe_restart(&a, ref), MYC_NOT_FOUND);
    lab_settle(&lab);
    assert_int_equal(b.init_count, 2);
    assert_true(myc_ref_is_equal(b.ref, ref));
    assert_int_equal(b.count, 3);
    assert_true(b.notes[1].value == 1 && b.notes[2].value == 2);
    assert_int_equal(lab_counters(&lab, 0)->restarted, 1);
}

static void
test_a_restart_whose_init_fails_leaves_the_child_waiting(void **state)
{
    (void)state;
    probe_spawn_child(&b, &a, &(struct myc_spawn_options){ .is_supervised = true });
    probe_stop(&a, b.ref, MYC_NORMAL);
    lab_settle(&lab);
    assert_int_equal(probe_last(&a, MYC_CHILD_EXITED_KEY)->status, MYC_NORMAL);
    b.init_answer = MYC_REFUSED;
    assert_int_equal(probe_restart(&a, b.ref), MYC_REFUSED);
    b.init_answer = MYC_OK;
    assert_int_equal(probe_restart(&a, b.ref), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(probe_count(&a, MYC_CHILD_EXITED_KEY), 1);
    assert_int_equal(probe_send(&a, b.ref, 1), MYC_OK);
}

static void
test_a_released_child_is_gone_and_its_mail_returns(void **state)
{
    (void)state;
    probe_spawn_child(&b, &a, &(struct myc_spawn_options){ .is_supervised = true });
    b.answer = MYC_FAILED;
    probe_send(&a, b.ref, 1);
    probe_send(&a, b.ref, 2);
    lab_settle(&lab);
    assert_int_equal(probe_release(&a, b.ref), MYC_OK);
    assert_int_equal(probe_release(&a, b.ref), MYC_NOT_FOUND);
    lab_settle(&lab);
    assert_int_equal(probe_send(&a, b.ref, 3), MYC_GONE);
    assert_int_equal(probe_count(&a, MYC_UNDELIVERED_KEY), 1);
    assert_true(probe_last(&a, MYC_UNDELIVERED_KEY)->tag == 2);
}

static void
test_watchers_see_no_down_at_a_restart_and_one_at_the_release(void **state)
{
    uint64_t monitor;

    (void)state;
    probe_spawn(&c, lab.cores[1], NULL);
    probe_spawn_child(&b, &a, &(struct myc_spawn_options){ .is_supervised = true });
    assert_int_equal(probe_monitor(&c, b.ref, &monitor), MYC_OK);
    lab_settle(&lab);
    probe_stop(&a, b.ref, MYC_SHUTDOWN);
    lab_settle(&lab);
    probe_restart(&a, b.ref);
    lab_settle(&lab);
    assert_int_equal(probe_count(&c, MYC_DOWN_KEY), 0);
    b.answer = MYC_FAILED;
    probe_send(&a, b.ref, 1);
    lab_settle(&lab);
    probe_release(&a, b.ref);
    lab_settle(&lab);
    assert_int_equal(probe_count(&c, MYC_DOWN_KEY), 1);
    assert_int_equal(probe_last(&c, MYC_DOWN_KEY)->status, MYC_FAILED);
}

static void
test_supervised_children_end_with_their_parent(void **state)
{
    (void)state;
    probe_spawn_child(&b, &a, &(struct myc_spawn_options){ .is_supervised = true });
    probe_spawn_child(&c, &a, &(struct myc_spawn_options){ .is_supervised = true });
    probe_stop(&a, c.ref, MYC_NORMAL);
    lab_settle(&lab); /* c waits for a decision that will not come */
    probe_kill(&a, a.ref);
    lab_settle(&lab);
    assert_int_equal(b.stop_count, 1);
    assert_int_equal(b.stop_reason, MYC_SHUTDOWN);
    assert_int_equal(fab_core_actor_count(lab.cores[0]), 0);
}

static void
test_linked_actors_end_together_but_not_for_a_normal_end(void **state)
{
    (void)state;
    assert_int_equal(probe_spawn_child(&b, &a, &(struct myc_spawn_options){ .is_linked = true }),
                     MYC_OK);
    probe_spawn_child(&c, &b, &(struct myc_spawn_options){ .is_linked = true });
    probe_stop(&a, c.ref, MYC_NORMAL);
    lab_settle(&lab);
    assert_int_equal(c.stop_count, 1);
    assert_int_equal(b.stop_count, 0);
    b.answer = MYC_FAILED;
    probe_send(&a, b.ref, 1);
    lab_settle(&lab);
    assert_int_equal(b.stop_reason, MYC_FAILED);
    assert_int_equal(a.stop_count, 1);
    assert_int_equal(a.stop_reason, MYC_FAILED);
}

/* --- pollers and frames ----------------------------------------------------------------------- */

static unsigned poll_count;

static unsigned
poll_once(struct myc_self *self, void *state)
{
    (void)self, (void)state;
    poll_count++;
    return 0;
}

static void
do_start_pollers(struct myc_self *self, void *context)
{
    uint64_t *ids = context;

    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(myc_poller_start(self, poll_once, i == 0 ? 0 : 10 * LAB_TURN_NS, &ids[i]),
                         MYC_OK);
    assert_int_equal(myc_poller_start(self, poll_once, 0, NULL), MYC_NO_MEMORY);
    assert_int_equal(myc_poller_stop(self, ids[3]), MYC_OK);
    assert_int_equal(myc_poller_stop(self, ids[3]), MYC_NOT_FOUND);
}

static void
test_pollers_run_each_turn_or_by_their_period_and_go_with_the_actor(void **state)
{
    uint64_t ids[4];

    (void)state;
    poll_count = 0;
    probe_do(&a, do_start_pollers, ids);
    lab_advance(&lab, 100 * LAB_TURN_NS);
    assert_in_range(poll_count, 118, 122); /* 100, and twice 10 */
    probe_kill(&a, a.ref);
    lab_settle(&lab);
    poll_count = 0;
    lab_advance(&lab, 10 * LAB_TURN_NS);
    assert_int_equal(poll_count, 0);
}

static unsigned
poll_failing(struct myc_self *self, void *state)
{
    (void)state;
    myc_fail(self, MYC_IO_ERROR);
    return 1;
}

static void
do_start_failing(struct myc_self *self, void *context)
{
    (void)context;
    assert_int_equal(myc_poller_start(self, poll_failing, 0, NULL), MYC_OK);
}

static void
test_a_poller_may_fail_its_actor(void **state)
{
    (void)state;
    probe_do(&a, do_start_failing, NULL);
    lab_settle(&lab);
    assert_int_equal(a.stop_count, 1);
    assert_int_equal(a.stop_reason, MYC_IO_ERROR);
}

static void
test_after_stop_all_every_actor_ends_and_none_begins(void **state)
{
    (void)state;
    probe_spawn_child(&b, &a, &(struct myc_spawn_options){ .is_supervised = true });
    fab_core_stop_all(lab.cores[0]);
    assert_int_equal(probe_spawn(&c, lab.cores[0], NULL), MYC_BAD_STATE);
    lab_settle(&lab);
    assert_int_equal(a.stop_count + b.stop_count, 2);
    assert_int_equal(fab_core_actor_count(lab.cores[0]), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_a_new_actor_never_has_the_ref_of_an_old_one),
        CASE(test_a_failed_init_leaves_nothing),
        CASE(test_limits_answer_no_memory),
        CASE(test_options_out_of_range_are_invalid),
        CASE(test_a_kill_runs_no_stop_function_and_beats_a_stop),
        CASE(test_a_failed_child_waits_keeps_its_mail_and_runs_again_under_its_ref),
        CASE(test_a_restart_whose_init_fails_leaves_the_child_waiting),
        CASE(test_a_released_child_is_gone_and_its_mail_returns),
        CASE(test_watchers_see_no_down_at_a_restart_and_one_at_the_release),
        CASE(test_supervised_children_end_with_their_parent),
        CASE(test_linked_actors_end_together_but_not_for_a_normal_end),
        CASE(test_pollers_run_each_turn_or_by_their_period_and_go_with_the_actor),
        CASE(test_a_poller_may_fail_its_actor),
        CASE(test_after_stop_all_every_actor_ends_and_none_begins),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
