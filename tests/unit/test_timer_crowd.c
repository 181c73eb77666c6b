/* SPDX-License-Identifier: BSD-3-Clause */
/* The timing wheel with very many nodes, and turns that move 256 of them at most: what of it can
 * hold up a node that is due. */
#include "support/cmocka.h"

#include <stdlib.h>

#include "actor/timer_wheel.h"
#include "base/prng.h"

#define TICK    (1ULL << FAB_WHEEL_TICK_SHIFT)
#define MS      1000000ULL
#define CROWD   100000U
#define TURN_NS 1000U
#define BUDGET  256U

static struct fab_wheel wheel;
static struct fab_wheel_node *crowd;

/* A run of turns of a core. */
struct turns {
    uint64_t now_ns;
    uint32_t given;
    uint32_t given_late; /* in a later turn than the first one that could */
};

static struct turns turns;

static void
begin(uint32_t count, uint64_t now_ns)
{
    crowd = calloc(count, sizeof(*crowd));
    assert_non_null(crowd);
    turns = (struct turns){ .now_ns = now_ns };
    fab_wheel_init(&wheel, crowd, 0);
}

static void
end(void)
{
    assert_int_equal(wheel.count, 0);
    assert_int_equal(wheel.occupied_levels, 0);
    free(crowd);
}

static void
start(uint32_t index, uint64_t due_ns)
{
    uint64_t step_ns = fab_wheel_start(&wheel, index, turns.now_ns, due_ns);

    assert_true(step_ns < due_ns + TICK);
    assert_true(fab_wheel_next_ns(&wheel) <= step_ns);
}

static void
turn(void)
{
    unsigned budget = BUDGET;
    uint32_t index;

    turns.now_ns += TURN_NS;
    while (fab_wheel_pop(&wheel, turns.now_ns, &budget, &index)) {
        uint64_t due_ns = crowd[index].due_ns;

        assert_true(due_ns <= turns.now_ns);
        turns.given++;
        turns.given_late += due_ns + TICK <= turns.now_ns - TURN_NS;
    }
}

/* A crowd due over 300 ms: a bucket of the third level has 45 000 of it, 175 turns' budget. */
static void
test_a_crowd_is_dealt_out_before_its_time_comes(void **state)
{
    struct fab_prng prng;
    uint32_t fresh = 0;

    (void)state;
    begin(CROWD + 1, 0);
    fab_prng_init(&prng, 1);
    for (uint32_t i = 0; i < CROWD; i++)
        start(i, 100 * MS + fab_prng_below(&prng, 300 * MS));
    while (wheel.count > 0) {
        /* One that is always started anew, for soon. */
        if (crowd[CROWD].place == 0 && turns.now_ns < 400 * MS) {
            start(CROWD, turns.now_ns + 1 + fab_prng_below(&prng, 100000));
            fresh++;
        }
        turn();
    }
    assert_int_equal(turns.given, CROWD + fresh);
    assert_true(fresh > 5000);
    assert_int_equal(turns.given_late, 0);
    end();
}

/* What a core starts after a long time without a timer goes to where it would go had it turned. */
static void
test_a_crowd_that_begins_after_a_long_rest_is_not_late(void **state)
{
    struct fab_prng prng;

    (void)state;
    begin(CROWD, 8580 * MS); /* a bucket of the fourth level begins at 8590 */
    fab_prng_init(&prng, 1);
    for (uint32_t i = 0; i < CROWD; i++)
        start(i, turns.now_ns + fab_prng_below(&prng, 300 * MS));
    while (wheel.count > 0)
        turn();
    assert_int_equal(turns.given, CROWD);
    assert_int_equal(turns.given_late, 0);
    end();
}

/* The whole crowd in one tick: it takes the turns that its number takes, in order, and who was
 * started before its bucket begins for sooner than that is in time. */
static void
test_who_is_due_before_a_crowd_does_not_wait_for_it(void **state)
{
    uint32_t before = 0;

    (void)state;
    begin(CROWD + 1, 0);
    for (uint32_t i = 0; i < CROWD; i++)
        start(i, 200 * MS);
    while (turns.now_ns < 200 * MS - 50000) {
        if (crowd[CROWD].place == 0) {
            start(CROWD, turns.now_ns + 40000);
            before++;
        }
        turn();
    }
    (void)fab_wheel_cancel(&wheel, CROWD);
    assert_true(turns.given + 1 >= before && turns.given <= before);
    assert_int_equal(turns.given_late, 0);
    for (uint32_t expected = 0; expected < CROWD; expected++) {
        unsigned budget = UINT32_MAX;
        uint32_t index;

        assert_true(fab_wheel_pop(&wheel, 300 * MS, &budget, &index));
        assert_int_equal(index, expected);
    }
    end();
}

/* Few ticks, far and near, with many nodes each; budgets that are never enough, and times that
 * jump: nothing is early, and nodes of one tick keep their order. */
static void
check_order(uint64_t seed)
{
    static uint64_t due_of[64];  /* by kind of node */
    static uint32_t last_of[64]; /* the one that was given out last */
    static uint8_t kind_of[CROWD];
    struct fab_prng prng;
    uint32_t started = 0;

    begin(CROWD, 0);
    fab_prng_init(&prng, seed);
    while (started < CROWD || wheel.count > 0) {
        unsigned budget = (unsigned)fab_prng_below(&prng, 40);
        unsigned kind = (unsigned)fab_prng_below(&prng, 64);
        uint32_t index;

        if (due_of[kind] <= turns.now_ns) { /* a new tick; those of the old one are past */
            due_of[kind] = turns.now_ns + 1 + (fab_prng_next(&prng) >> (32 + kind % 32));
            last_of[kind] = 0;
        }
        for (unsigned i = 0; i < 20 && started < CROWD; i++, started++) {
            kind_of[started] = (uint8_t)kind;
            start(started, due_of[kind]);
        }
        turns.now_ns += fab_prng_next(&prng) >> (40 + fab_prng_below(&prng, 24));
        if (fab_prng_below(&prng, 50) == 0 && wheel.count > 0)
            turns.now_ns += fab_prng_next(&prng) >> 34;
        while (fab_wheel_pop(&wheel, turns.now_ns, &budget, &index)) {
            unsigned of = kind_of[index];

            assert_true(crowd[index].due_ns <= turns.now_ns);
            if (crowd[index].due_ns == due_of[of]) {
                assert_true(index >= last_of[of]);
                last_of[of] = index;
            }
            turns.given++;
        }
    }
    assert_int_equal(turns.given, CROWD);
    memset(due_of, 0, sizeof(due_of));
    end();
}

static void
test_with_any_budget_nothing_is_early_lost_or_out_of_order(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++)
        check_order(seed);
}

static void
test_ten_million_live_timers_cost_an_idle_turn_nothing(void **state)
{
    const uint32_t many = 10000000;
    struct fab_prng prng;
    unsigned moved = 0;
    uint32_t index;

    (void)state;
    begin(many, 0);
    fab_prng_init(&prng, 1);
    for (uint32_t i = 0; i < many; i++)
        start(i, 3600 * 1000 * MS + fab_prng_below(&prng, 1000 * MS));
    for (uint64_t now_ns = 0; now_ns < MS; now_ns += 1000) {
        unsigned budget = 1000;

        assert_false(fab_wheel_pop(&wheel, now_ns, &budget, &index));
        moved += 1000 - budget;
    }
    assert_int_equal(moved, 0);
    for (uint32_t i = 0; i < many; i++)
        assert_true(fab_wheel_cancel(&wheel, i));
    end();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_crowd_is_dealt_out_before_its_time_comes),
        cmocka_unit_test(test_a_crowd_that_begins_after_a_long_rest_is_not_late),
        cmocka_unit_test(test_who_is_due_before_a_crowd_does_not_wait_for_it),
        cmocka_unit_test(test_with_any_budget_nothing_is_early_lost_or_out_of_order),
        cmocka_unit_test(test_ten_million_live_timers_cost_an_idle_turn_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
