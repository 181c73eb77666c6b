/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/cmocka.h"

#include "node/idle.h"

static void
test_auto_spins_while_nobody_interrupts(void **state)
{
    struct fab_idle idle;

    (void)state;
    fab_idle_init(&idle, MYC_IDLE_AUTO);
    for (uint64_t now_ns = 1000; now_ns < 1000000; now_ns += 100)
        fab_idle_turn(&idle, now_ns, 0);
    assert_false(idle.is_sharing);
    assert_int_equal(idle.shared_count, 0);
}

static void
test_auto_yields_after_an_idle_turn_was_interrupted(void **state)
{
    struct fab_idle idle;

    (void)state;
    fab_idle_init(&idle, MYC_IDLE_AUTO);
    fab_idle_turn(&idle, 1000, 0);
    fab_idle_turn(&idle, 1000 + FAB_IDLE_GAP_NS + 1, 0);
    assert_true(idle.is_sharing);
    assert_true(idle.has_yielded);
    assert_int_equal(idle.shared_count, 1);
}

static void
test_a_long_turn_with_work_is_not_taken_for_sharing(void **state)
{
    struct fab_idle idle;

    (void)state;
    fab_idle_init(&idle, MYC_IDLE_AUTO);
    fab_idle_turn(&idle, 1000, 1);
    fab_idle_turn(&idle, 1000 + 10 * FAB_IDLE_GAP_NS, 0);
    assert_false(idle.is_sharing);
}

static void
test_auto_spins_again_once_yields_hand_the_cpu_to_nobody(void **state)
{
    struct fab_idle idle;
    uint64_t now_ns = 1000;

    (void)state;
    fab_idle_init(&idle, MYC_IDLE_AUTO);
    fab_idle_turn(&idle, now_ns, 0);
    now_ns += FAB_IDLE_GAP_NS + 1;
    fab_idle_turn(&idle, now_ns, 0);
    for (int i = 0; i < 100; i++)
        fab_idle_turn(&idle, now_ns += FAB_IDLE_HANDED_NS + 1, 0);
    assert_true(idle.is_sharing);
    for (uint64_t end_ns = now_ns + FAB_IDLE_SHARED_NS + 4000; now_ns < end_ns;)
        fab_idle_turn(&idle, now_ns += FAB_IDLE_HANDED_NS, 0);
    assert_false(idle.is_sharing);
    assert_int_equal(idle.shared_count, 1);
}

/* Makes it share its CPU, with a yield as the end of the last turn. */
static void
begin_to_yield(struct fab_idle *idle, uint64_t *now_ns)
{
    fab_idle_init(idle, MYC_IDLE_AUTO);
    fab_idle_turn(idle, *now_ns, 0);
    fab_idle_turn(idle, *now_ns += FAB_IDLE_GAP_NS + 1, 0);
    assert_true(idle->has_yielded);
}

static void
test_a_yield_beside_a_busy_thread_gives_way_to_naps_for_a_while(void **state)
{
    struct fab_idle idle;
    uint64_t now_ns = 1000, crowded_ns;

    (void)state;
    begin_to_yield(&idle, &now_ns);
    fab_idle_turn(&idle, now_ns += FAB_IDLE_CROWDED_NS + 1, 0);
    assert_true(idle.is_crowded);
    assert_false(idle.has_yielded);
    crowded_ns = now_ns;
    while (now_ns + FAB_IDLE_GAP_NS < crowded_ns + FAB_IDLE_CROWD_NS) {
        fab_idle_turn(&idle, now_ns += FAB_IDLE_GAP_NS, 0);
        assert_true(idle.is_crowded);
        assert_false(idle.has_yielded);
    }
    /* Then it asks again, with one yield. */
    idle.is_sharing = true;
    idle.shared_seen_ns = now_ns;
    fab_idle_turn(&idle, now_ns += FAB_IDLE_GAP_NS + 1, 0);
    assert_false(idle.is_crowded);
    assert_true(idle.has_yielded);
}

static void
test_who_has_just_worked_looks_again_before_it_naps(void **state)
{
    struct fab_idle idle;
    uint64_t now_ns = 1000, work_ns;

    (void)state;
    begin_to_yield(&idle, &now_ns);
    fab_idle_turn(&idle, now_ns += FAB_IDLE_CROWDED_NS + 1, 0);
    assert_true(idle.is_crowded);
    assert_true(idle.has_napped);
    for (int exchange = 0; exchange < 3; exchange++) {
        fab_idle_turn(&idle, now_ns += FAB_IDLE_GAP_NS / 2, 1);
        assert_false(idle.has_napped);
        work_ns = now_ns;
        while (now_ns < work_ns + FAB_IDLE_BEFORE_NAP_NS) {
            fab_idle_turn(&idle, now_ns += FAB_IDLE_BEFORE_NAP_NS / 10, 0);
            assert_false(idle.has_napped);
        }
        fab_idle_turn(&idle, now_ns += 1, 0);
        assert_true(idle.has_napped);
    }
    fab_idle_turn(&idle, now_ns += FAB_IDLE_NAP_NS, 0);
    assert_true(idle.has_napped);
    assert_true(idle.is_crowded);
}

static void
test_a_yield_to_other_lcores_is_no_crowd(void **state)
{
    struct fab_idle idle;
    uint64_t now_ns = 1000;

    (void)state;
    begin_to_yield(&idle, &now_ns);
    for (int i = 0; i < 100; i++) {
        fab_idle_turn(&idle, now_ns += FAB_IDLE_CROWDED_NS, 0);
        assert_true(idle.has_yielded);
    }
    assert_false(idle.is_crowded);
}

/* Idle turns from now until the next yield; each takes `turn_ns`. */
static unsigned
turns_until_yield(struct fab_idle *idle, uint64_t *now_ns, uint64_t turn_ns)
{
    unsigned turns = 0;

    do {
        fab_idle_turn(idle, *now_ns += turn_ns, 0);
        turns++;
    } while (!idle->has_yielded);
    return turns;
}

static void
test_yields_that_let_nobody_run_become_rare_until_one_does(void **state)
{
    struct fab_idle idle;
    uint64_t now_ns = 1000;

    (void)state;
    begin_to_yield(&idle, &now_ns);
    for (unsigned patience = 1; patience <= FAB_IDLE_PATIENCE_MAX; patience *= 2)
        assert_int_equal(turns_until_yield(&idle, &now_ns, 100), patience + 1);
    assert_int_equal(turns_until_yield(&idle, &now_ns, 100), FAB_IDLE_PATIENCE_MAX + 1);
    /* Somebody ran meanwhile. */
    assert_int_equal(turns_until_yield(&idle, &now_ns, FAB_IDLE_HANDED_NS + 1), 1);
    assert_int_equal(turns_until_yield(&idle, &now_ns, FAB_IDLE_HANDED_NS + 1), 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_auto_spins_while_nobody_interrupts),
        cmocka_unit_test(test_auto_yields_after_an_idle_turn_was_interrupted),
        cmocka_unit_test(test_a_long_turn_with_work_is_not_taken_for_sharing),
        cmocka_unit_test(test_a_yield_beside_a_busy_thread_gives_way_to_naps_for_a_while),
        cmocka_unit_test(test_who_has_just_worked_looks_again_before_it_naps),
        cmocka_unit_test(test_a_yield_to_other_lcores_is_no_crowd),
        cmocka_unit_test(test_yields_that_let_nobody_run_become_rare_until_one_does),
        cmocka_unit_test(test_auto_spins_again_once_yields_hand_the_cpu_to_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
