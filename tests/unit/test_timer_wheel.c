/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/cmocka.h"

#include <stdlib.h>

#include "actor/handle.h"
#include "actor/timer_wheel.h"
#include "base/prng.h"

#define NODES 4096U
#define TICK  (1ULL << FAB_WHEEL_TICK_SHIFT)
#define MS    1000000ULL

static struct fab_wheel wheel;
static struct fab_wheel_node nodes[NODES];

/* As by a core whose time is that of the last pop. */
static uint64_t popped_ns;

static void
start(uint32_t index, uint64_t due_ns)
{
    (void)fab_wheel_start(&wheel, index, popped_ns, due_ns);
}

static int
start_empty(void **state)
{
    (void)state;
    memset(nodes, 0, sizeof(nodes));
    fab_wheel_init(&wheel, nodes, 0);
    popped_ns = 0;
    return 0;
}

static int
end_empty(void **state)
{
    (void)state;
    assert_int_equal(wheel.count, 0);
    assert_int_equal(wheel.occupied_levels, 0);
    assert_true(fab_wheel_next_ns(&wheel) == UINT64_MAX);
    return 0;
}

static bool
pop(uint64_t now_ns, uint32_t *index)
{
    unsigned budget = UINT32_MAX;

    popped_ns = now_ns;
    return fab_wheel_pop(&wheel, now_ns, &budget, index);
}

static void
test_never_early_and_late_by_less_than_a_tick(void **state)
{
    static const uint64_t due_ns[] = {
        1,
        TICK - 1,
        TICK,
        TICK + 1,
        63 * TICK,
        64 * TICK,
        65 * TICK,
        100000,
        4095 * TICK,
        4096 * TICK,
        4097 * TICK + 3,
        7 * MS,
        1000 * MS,
        86400000 * MS,
        1ULL << 60,
        (1ULL << 63) + 12345,
    };
    uint32_t index;

    (void)state;
    for (unsigned i = 0; i < sizeof(due_ns) / sizeof(due_ns[0]); i++) {
        start(i, due_ns[i]);
        assert_true(fab_wheel_next_ns(&wheel) < due_ns[i] + TICK);
        assert_false(pop(due_ns[i] - 1, &index));
        assert_true(pop(due_ns[i] + TICK - 1, &index));
        assert_int_equal(index, i);
        assert_false(pop(due_ns[i] + TICK, &index));
    }
}

static void
test_the_farthest_deadline_waits_and_can_be_cancelled(void **state)
{
    uint32_t index;

    (void)state;
    start(0, UINT64_MAX);
    assert_false(pop(UINT64_MAX - TICK, &index));
    assert_true(fab_wheel_next_ns(&wheel) >= UINT64_MAX - TICK);
    assert_true(fab_wheel_cancel(&wheel, 0));
    assert_false(fab_wheel_cancel(&wheel, 0));
}

static void
test_what_is_past_comes_at_the_next_pop(void **state)
{
    uint32_t index;

    (void)state;
    assert_false(pop(50 * MS, &index));
    start(7, 3 * MS);
    assert_true(pop(50 * MS, &index));
    assert_int_equal(index, 7);
}

static void
test_same_tick_comes_in_order_of_start(void **state)
{
    const uint64_t due_ns = 5000 * TICK;
    uint32_t index;

    (void)state;
    for (uint32_t i = 0; i < 10; i++)
        start(i, due_ns);
    /* The rest is started when the first ones have already been dealt to a lower level. */
    assert_false(pop(due_ns - 10 * TICK, &index));
    for (uint32_t i = 10; i < 20; i++)
        start(i, due_ns);
    for (uint32_t i = 0; i < 20; i++) {
        assert_true(pop(due_ns, &index));
        assert_int_equal(index, i);
    }
}

static void
test_a_small_budget_changes_nothing_but_the_turns(void **state)
{
    const uint64_t due_ns = 5000 * TICK;
    uint32_t index;
    uint32_t expected = 0;
    uint32_t started = 64;
    unsigned turns = 0;

    (void)state;
    for (uint32_t i = 0; i < started; i++)
        start(i, due_ns);
    while (wheel.count > 0) {
        unsigned budget = 3;

        assert_true(fab_wheel_next_ns(&wheel) <= due_ns);
        while (fab_wheel_pop(&wheel, due_ns, &budget, &index)) {
            assert_int_equal(index, expected);
            expected++;
        }
        /* One is started in the middle of the dealing: it still comes last. */
        if (turns++ == 5)
            start(started++, due_ns);
    }
    assert_int_equal(expected, started);
    assert_true(turns >= 2 * 64 / 3);
}

static void
test_a_bucket_that_is_being_dealt_can_be_cancelled(void **state)
{
    const uint64_t due_ns = 5000 * TICK;
    uint32_t index;
    unsigned budget = 3;

    (void)state;
    for (uint32_t i = 0; i < 6; i++)
        start(i, due_ns);
    start(6, due_ns + 4096 * TICK);
    assert_false(fab_wheel_pop(&wheel, due_ns, &budget, &index));
    assert_true(fab_wheel_cancel(&wheel, 6));
    for (uint32_t i = 0; i < 6; i++)
        assert_true(fab_wheel_cancel(&wheel, i));
    start(0, due_ns + 1);
    assert_false(pop(due_ns, &index));
    assert_true(pop(due_ns + TICK, &index));
}

/* Against a plain array: random starts, cancels and steps of very different lengths. */
static void
check_against_a_model(uint64_t seed)
{
    static uint64_t due[NODES]; /* 0: not started */
    struct fab_prng prng;
    uint64_t now_ns = 0;

    memset(due, 0, sizeof(due));
    fab_prng_init(&prng, seed);
    for (unsigned step = 0; step < 20000; step++) {
        uint32_t i = (uint32_t)fab_prng_below(&prng, NODES);

        if (due[i] != 0) {
            assert_true(fab_wheel_cancel(&wheel, i));
            due[i] = 0;
        } else {
            due[i] = now_ns + 1 + (fab_prng_next(&prng) >> (24 + fab_prng_below(&prng, 40)));
            start(i, due[i]);
        }
        if (step % 16 == 0) {
            uint64_t earliest_ns = UINT64_MAX;
            uint32_t index;

            now_ns += fab_prng_next(&prng) >> (30 + fab_prng_below(&prng, 34));
            while (pop(now_ns, &index)) {
                assert_true(due[index] != 0 && due[index] <= now_ns);
                due[index] = 0;
            }
            for (unsigned k = 0; k < NODES; k++) {
                assert_true(due[k] == 0 || due[k] + TICK > now_ns);
                if (due[k] != 0 && due[k] < earliest_ns)
                    earliest_ns = due[k];
            }
            if (earliest_ns != UINT64_MAX)
                assert_true(fab_wheel_next_ns(&wheel) < earliest_ns + TICK);
        }
    }
    for (uint32_t i = 0; i < NODES; i++)
        assert_int_equal(fab_wheel_cancel(&wheel, i), due[i] != 0);
}

static void
test_random_histories_agree_with_a_plain_list(void **state)
{
    for (uint64_t seed = 1; seed <= 5; seed++) {
        check_against_a_model(seed);
        end_empty(state);
        start_empty(state);
    }
}

static void
test_a_stale_handle_finds_nothing(void **state)
{
    struct fab_handle entries[2] = { 0 };
    struct fab_handles handles;
    uint32_t a, b, c;
    uint64_t id;

    (void)state;
    fab_handles_init(&handles, entries, 2);
    assert_true(fab_handles_pop(&handles, &a));
    assert_true(fab_handles_pop(&handles, &b));
    assert_false(fab_handles_pop(&handles, &c));
    id = fab_handles_id(&handles, a);
    assert_true(id != 0 && fab_handles_lookup(&handles, id, &c) && c == a);
    fab_handles_push(&handles, a);
    assert_false(fab_handles_lookup(&handles, id, &c));
    assert_true(fab_handles_pop(&handles, &c) && c == a);
    assert_false(fab_handles_lookup(&handles, id, &c));
    assert_false(fab_handles_lookup(&handles, 0, &c));
    assert_false(fab_handles_lookup(&handles, UINT64_MAX, &c));
    fab_handles_push(&handles, a);
    fab_handles_push(&handles, b);
    assert_int_equal(handles.taken, 0);
}

#define WHEEL_TEST(function) cmocka_unit_test_setup_teardown(function, start_empty, end_empty)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WHEEL_TEST(test_never_early_and_late_by_less_than_a_tick),
        WHEEL_TEST(test_the_farthest_deadline_waits_and_can_be_cancelled),
        WHEEL_TEST(test_what_is_past_comes_at_the_next_pop),
        WHEEL_TEST(test_same_tick_comes_in_order_of_start),
        WHEEL_TEST(test_a_small_budget_changes_nothing_but_the_turns),
        WHEEL_TEST(test_a_bucket_that_is_being_dealt_can_be_cancelled),
        WHEEL_TEST(test_random_histories_agree_with_a_plain_list),
        cmocka_unit_test(test_a_stale_handle_finds_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
