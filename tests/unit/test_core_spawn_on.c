/* SPDX-License-Identifier: BSD-3-Clause */
/* Actors that are spawned on another lcore, and links with them. */
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

struct spawn_on {
    struct probe *probe;
    uint8_t lcore;
    struct myc_spawn_options options;
    enum myc_status status;
};

static void
do_spawn_on(struct myc_self *self, void *context)
{
    struct spawn_on *act = context;

    act->options.size = sizeof(act->options);
    act->options.args = &act->probe;
    act->options.args_size = sizeof(act->probe);
    act->status = myc_spawn_on(self, act->lcore, &probe_class, &act->options, 77);
}

static void
test_an_actor_is_spawned_on_another_lcore(void **state)
{
    struct spawn_on act = { .probe = &b, .lcore = 1, .options = { .name = "far" } };
    const struct probe_note *spawned;

    (void)state;
    probe_do(&a, do_spawn_on, &act);
    assert_int_equal(act.status, MYC_PENDING);
    lab_settle(&lab);
    spawned = probe_last(&a, MYC_SPAWNED_KEY);
    assert_non_null(spawned);
    assert_int_equal(spawned->status, MYC_OK);
    assert_true(spawned->tag == 77);
    assert_int_equal(myc_ref_lcore(spawned->ref), 1);
    assert_int_equal(probe_send(&a, spawned->ref, 5), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(b.count, 1);
    act = (struct spawn_on){ .probe = &c, .lcore = 9 };
    probe_do(&a, do_spawn_on, &act);
    assert_int_equal(act.status, MYC_INVALID);
    act = (struct spawn_on){ .probe = &c, .lcore = 0 };
    probe_do(&a, do_spawn_on, &act);
    assert_int_equal(act.status, MYC_PENDING);
    lab_settle(&lab);
    assert_int_equal(probe_count(&a, MYC_SPAWNED_KEY), 2);
}

static void
test_a_failed_init_elsewhere_is_told(void **state)
{
    struct spawn_on act = { .probe = &b, .lcore = 1 };

    (void)state;
    b.init_answer = MYC_REFUSED;
    probe_do(&a, do_spawn_on, &act);
    lab_settle(&lab);
    assert_int_equal(probe_last(&a, MYC_SPAWNED_KEY)->status, MYC_REFUSED);
    assert_int_equal(fab_core_actor_count(lab.cores[1]), 0);
}

static void
test_links_hold_between_lcores(void **state)
{
    struct spawn_on act = { .probe = &b, .lcore = 1, .options = { .is_linked = true } };

    (void)state;
    probe_do(&a, do_spawn_on, &act);
    lab_settle(&lab);
    b.core = lab.cores[1];
    probe_spawn(&c, lab.cores[1], NULL);
    b.answer = MYC_FAILED;
    probe_send(&c, b.ref, 1);
    lab_settle(&lab);
    assert_int_equal(a.stop_count, 1);
    assert_int_equal(a.stop_reason, MYC_FAILED);
}

static void
test_a_child_elsewhere_of_a_parent_that_has_ended_ends_too(void **state)
{
    struct spawn_on act = { .probe = &b, .lcore = 1, .options = { .is_linked = true } };

    (void)state;
    probe_do(&a, do_spawn_on, &act);
    probe_kill(&a, a.ref); /* before the answer is back */
    lab_settle(&lab);
    assert_int_equal(b.init_count, 1);
    assert_int_equal(fab_core_actor_count(lab.cores[1]), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_an_actor_is_spawned_on_another_lcore),
        CASE(test_a_failed_init_elsewhere_is_told),
        CASE(test_links_hold_between_lcores),
        CASE(test_a_child_elsewhere_of_a_parent_that_has_ended_ends_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
