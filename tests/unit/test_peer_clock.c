/* SPDX-License-Identifier: BSD-3-Clause */
/* How far two clocks are apart, and that the bound which is said of it always holds. */
#include <stdlib.h>

#include <mycelium/origin.h>

#include "base/prng.h"
#include "support/cmocka.h"
#include "proto/peer_clock.h"

#define US 1000ULL
#define MS 1000000ULL
#define S  1000000000ULL

/* Two clocks: ours is the time, the peer's runs from `ahead_ns` on and faster by `ppb`. */
struct pair {
    struct fab_peer_clock clock;
    struct fab_prng prng;
    uint64_t now_ns;
    uint64_t ahead_ns; /* wraps: a clock behind ours */
    int64_t ppb;
};

static uint64_t
peer_ns(const struct pair *pair, uint64_t now_ns)
{
    return now_ns + pair->ahead_ns + (uint64_t)((__int128)now_ns * pair->ppb / 1000000000);
}

static void
set_up(struct pair *pair, uint64_t ahead_ns, int64_t ppb)
{
    *pair = (struct pair){ .now_ns = 77 * S, .ahead_ns = ahead_ns, .ppb = ppb };
    fab_prng_init(&pair->prng, 12345);
    fab_peer_clock_init(&pair->clock);
}

/* A round trip that takes so long there, with the peer, and back. */
static struct fab_clock_trip
travel(struct pair *pair, uint64_t there_ns, uint64_t held_ns, uint64_t back_ns)
{
    struct fab_clock_trip trip = { .asked_ns = pair->now_ns };

    trip.received_ns = peer_ns(pair, pair->now_ns += there_ns);
    trip.answered_ns = peer_ns(pair, pair->now_ns += held_ns);
    trip.returned_ns = pair->now_ns += back_ns;
    return trip;
}

static bool
take(struct pair *pair, uint64_t there_ns, uint64_t held_ns, uint64_t back_ns)
{
    struct fab_clock_trip trip = travel(pair, there_ns, held_ns, back_ns);

    return fab_peer_clock_on_trip(&pair->clock, &trip);
}

/* The truth is within the bound. */
static void
assert_bound(const struct pair *pair)
{
    int64_t truth_ns = (int64_t)(peer_ns(pair, pair->now_ns) - pair->now_ns);
    int64_t offset_ns = fab_peer_clock_offset(&pair->clock, pair->now_ns);

    assert_true((uint64_t)llabs(truth_ns - offset_ns) <=
                fab_peer_clock_error(&pair->clock, pair->now_ns));
}

static void
test_nothing_is_known_before_the_first_trip(void **state)
{
    struct pair pair;

    (void)state;
    set_up(&pair, 5 * S, 0);
    assert_false(fab_peer_clock_is_known(&pair.clock));
    assert_true(fab_peer_clock_error(&pair.clock, pair.now_ns) == UINT64_MAX);
    assert_int_equal(fab_peer_clock_offset(&pair.clock, pair.now_ns), 0);
}

static void
test_an_even_trip_gives_the_very_offset(void **state)
{
    struct pair pair;

    (void)state;
    set_up(&pair, 5 * S, 0);
    assert_true(take(&pair, 10 * US, 3 * US, 10 * US));
    assert_int_equal(fab_peer_clock_offset(&pair.clock, pair.now_ns), 5 * S);
    assert_in_range(fab_peer_clock_error(&pair.clock, pair.now_ns), 10 * US, 10 * US + 10);
}

static void
test_a_clock_behind_ours_has_a_negative_offset(void **state)
{
    struct pair pair;

    (void)state;
    set_up(&pair, 0 - 70 * S, 0);
    assert_true(take(&pair, 1 * US, 0, 1 * US));
    assert_int_equal(fab_peer_clock_offset(&pair.clock, pair.now_ns), -70 * (int64_t)S);
}

static void
test_an_uneven_trip_stays_within_half_its_delay(void **state)
{
    struct pair pair;

    (void)state;
    set_up(&pair, 5 * S, 0);
    assert_true(take(&pair, 90 * US, 0, 10 * US));
    assert_int_equal(fab_peer_clock_offset(&pair.clock, pair.now_ns), 5 * S + 40 * US);
    assert_bound(&pair);
}

static void
test_the_bound_grows_with_the_age_of_the_sample(void **state)
{
    struct pair pair;
    uint64_t fresh_ns;

    (void)state;
    set_up(&pair, 5 * S, 40000);
    assert_true(take(&pair, 5 * US, 0, 5 * US));
    fresh_ns = fab_peer_clock_error(&pair.clock, pair.now_ns);
    pair.now_ns += 1 * S;
    assert_bound(&pair);
    assert_in_range(fab_peer_clock_error(&pair.clock, pair.now_ns), fresh_ns + 100 * US,
                    fresh_ns + 100 * US + 10);
}

static void
test_a_slow_trip_does_not_take_the_place_of_a_quick_one(void **state)
{
    struct pair pair;

    (void)state;
    set_up(&pair, 5 * S, 0);
    assert_true(take(&pair, 5 * US, 0, 5 * US));
    assert_true(take(&pair, 900 * US, 0, 5 * US));
    assert_int_equal(fab_peer_clock_offset(&pair.clock, pair.now_ns), 5 * S);
}

static void
test_a_slow_trip_is_better_than_an_old_one(void **state)
{
    struct pair pair;

    (void)state;
    set_up(&pair, 5 * S, 0);
    assert_true(take(&pair, 5 * US, 0, 5 * US));
    pair.now_ns += 100 * S;
    assert_true(take(&pair, 90 * US, 0, 90 * US));
    assert_in_range(fab_peer_clock_error(&pair.clock, pair.now_ns), 90 * US, 91 * US);
}

/* Clocks that drift apart, trips of all kinds: whatever comes, the truth is within the bound. */
static void
test_the_bound_holds_for_drifting_clocks_and_uneven_trips(void **state)
{
    static const int64_t drifts[] = { 0, 1, -900, 15000, -50000, 97000, -97000 };

    (void)state;
    for (size_t i = 0; i < sizeof(drifts) / sizeof(drifts[0]); i++) {
        struct pair pair;

        set_up(&pair, i % 2 ? 0 - 9000 * S : 3 * S, drifts[i]);
        for (unsigned round = 0; round < 3000; round++) {
            assert_true(take(&pair, 2 * US + fab_prng_below(&pair.prng, 60 * US),
                             fab_prng_below(&pair.prng, 4 * US),
                             2 * US + fab_prng_below(&pair.prng, 60 * US)));
            assert_bound(&pair);
            pair.now_ns += fab_prng_below(&pair.prng, 300 * MS);
            assert_bound(&pair);
        }
    }
}

/* What came at the peer, a while ago, by a time of which it knows no more than it says. */
static void
assert_related(struct pair *pair, uint64_t age_ns, uint64_t wrong_ns)
{
    uint64_t came_ns = pair->now_ns - age_ns;
    uint64_t origin = myc_origin_make(peer_ns(pair, came_ns) + wrong_ns, wrong_ns);
    uint64_t error_ns = fab_peer_clock_error(&pair->clock, pair->now_ns);
    int64_t off_ns;

    origin = fab_peer_clock_relate(&pair->clock, origin, pair->now_ns);
    off_ns = (int64_t)(pair->now_ns - myc_origin_age_ns(origin, pair->now_ns) - came_ns);
    assert_true((uint64_t)llabs(off_ns) <= myc_origin_error_ns(origin));
    /* No more than what is there: each rounded up by an eighth, and drift of the age. */
    assert_true(myc_origin_error_ns(origin) <=
                (wrong_ns + wrong_ns / 8 + error_ns + age_ns / 5000 + 16) * 9 / 8);
}

static void
test_an_origin_takes_the_error_of_the_hop_along(void **state)
{
    struct pair pair;

    (void)state;
    set_up(&pair, 0 - 9000 * S, 60000);
    for (unsigned round = 0; round < 3000; round++) {
        assert_true(take(&pair, 2 * US + fab_prng_below(&pair.prng, 60 * US), 0,
                         2 * US + fab_prng_below(&pair.prng, 60 * US)));
        pair.now_ns += fab_prng_below(&pair.prng, 300 * MS);
        assert_related(&pair, 0, 0);
        assert_related(&pair, fab_prng_below(&pair.prng, 50 * MS),
                       fab_prng_below(&pair.prng, 200 * US));
    }
}

static void
test_an_origin_of_one_clock_stays_as_it_is(void **state)
{
    uint64_t origin = myc_origin_make(70 * S, 12345);
    struct pair pair;

    (void)state;
    set_up(&pair, 0, 0);
    fab_peer_clock_set_same(&pair.clock);
    assert_true(fab_peer_clock_relate(&pair.clock, origin, pair.now_ns) == origin);
}

/* A cause is not later than its effect; and one that is worth nothing is not known. */
static void
test_an_origin_is_neither_ahead_nor_worthless(void **state)
{
    uint64_t origin;
    struct pair pair;

    (void)state;
    set_up(&pair, 5 * S, 0);
    assert_true(take(&pair, 10 * US, 0, 90 * US));
    origin = fab_peer_clock_relate(&pair.clock, myc_origin_make(peer_ns(&pair, pair.now_ns), 0),
                                   pair.now_ns - 1);
    assert_int_equal(myc_origin_age_ns(origin, pair.now_ns - 1), 0);
    origin = myc_origin_make(peer_ns(&pair, pair.now_ns), MYC_ORIGIN_ERROR_NS_MAX);
    assert_true(origin != 0);
    assert_true(fab_peer_clock_relate(&pair.clock, origin, pair.now_ns) == 0);
}

/* With nothing but the first bound of drift a second would cost 100 us. */
static void
test_drift_is_learnt_from_trips_that_are_far_apart(void **state)
{
    struct pair pair;

    (void)state;
    set_up(&pair, 3 * S, 37000);
    for (unsigned round = 0; round < 20; round++) {
        assert_true(take(&pair, 5 * US, 0, 6 * US));
        pair.now_ns += 1 * S;
    }
    assert_in_range(fab_peer_clock_error(&pair.clock, pair.now_ns), 5 * US, 15 * US);
    assert_bound(&pair);
}

static void
test_impossible_trips_change_nothing(void **state)
{
    struct pair pair;
    struct fab_clock_trip trip;

    (void)state;
    set_up(&pair, 5 * S, 0);
    assert_true(take(&pair, 5 * US, 0, 5 * US));
    trip = travel(&pair, 5 * US, 1 * US, 5 * US);
    trip.returned_ns = trip.asked_ns - 1;
    assert_false(fab_peer_clock_on_trip(&pair.clock, &trip));
    trip = travel(&pair, 5 * US, 1 * US, 5 * US);
    trip.answered_ns = trip.received_ns - 1;
    assert_false(fab_peer_clock_on_trip(&pair.clock, &trip));
    trip = travel(&pair, 5 * US, 1 * US, 5 * US);
    trip.answered_ns = trip.received_ns + 20 * US; /* held longer than it was away */
    assert_false(fab_peer_clock_on_trip(&pair.clock, &trip));
    assert_int_equal(fab_peer_clock_offset(&pair.clock, pair.now_ns), 5 * S);
}

static void
test_one_clock_has_no_offset_and_no_error(void **state)
{
    struct pair pair;

    (void)state;
    set_up(&pair, 0, 0);
    fab_peer_clock_set_same(&pair.clock);
    pair.now_ns += 1000 * S;
    assert_true(fab_peer_clock_is_known(&pair.clock));
    assert_int_equal(fab_peer_clock_offset(&pair.clock, pair.now_ns), 0);
    assert_int_equal(fab_peer_clock_error(&pair.clock, pair.now_ns), 0);
    assert_false(take(&pair, 5 * US, 0, 5 * US));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_known_before_the_first_trip),
        cmocka_unit_test(test_an_even_trip_gives_the_very_offset),
        cmocka_unit_test(test_a_clock_behind_ours_has_a_negative_offset),
        cmocka_unit_test(test_an_uneven_trip_stays_within_half_its_delay),
        cmocka_unit_test(test_the_bound_grows_with_the_age_of_the_sample),
        cmocka_unit_test(test_a_slow_trip_does_not_take_the_place_of_a_quick_one),
        cmocka_unit_test(test_a_slow_trip_is_better_than_an_old_one),
        cmocka_unit_test(test_the_bound_holds_for_drifting_clocks_and_uneven_trips),
        cmocka_unit_test(test_an_origin_takes_the_error_of_the_hop_along),
        cmocka_unit_test(test_an_origin_of_one_clock_stays_as_it_is),
        cmocka_unit_test(test_an_origin_is_neither_ahead_nor_worthless),
        cmocka_unit_test(test_drift_is_learnt_from_trips_that_are_far_apart),
        cmocka_unit_test(test_impossible_trips_change_nothing),
        cmocka_unit_test(test_one_clock_has_no_offset_and_no_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
