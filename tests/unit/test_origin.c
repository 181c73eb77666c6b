/* SPDX-License-Identifier: BSD-3-Clause */
/* The word that carries the time of a cause, and how wrong that may be. */
#include "support/cmocka.h"

#include <mycelium/origin.h>

#include "base/prng.h"

#define S 1000000000ULL

static void
test_a_time_without_error_comes_back_as_it_went(void **state)
{
    static const uint64_t times[] = { 0, 1, 77 * S, MYC_ORIGIN_TIME_MASK, 1ULL << 60, UINT64_MAX };

    (void)state;
    for (unsigned i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        uint64_t origin = myc_origin_make(times[i], 0);

        assert_true(origin != 0);
        assert_int_equal(myc_origin_error_ns(origin), 0);
        /* One time in 2^56 is said to be the next one, because 0 says that nothing is known. */
        assert_int_equal(myc_origin_age_ns(origin, times[i] + 500),
                         times[i] & MYC_ORIGIN_TIME_MASK ? 500 : 499);
    }
}

static void
test_what_lies_ahead_has_no_age(void **state)
{
    (void)state;
    assert_int_equal(myc_origin_age_ns(myc_origin_make(5 * S, 0), 5 * S), 0);
    assert_int_equal(myc_origin_age_ns(myc_origin_make(5 * S, 0), 3 * S), 0);
    assert_int_equal(myc_origin_age_ns(myc_origin_make(1, 0), 0), 0);
}

/* An error is never said to be smaller than it is, nor larger by more than an eighth (or than 8 ns,
 * the smallest). */
static void
assert_error(uint64_t error_ns)
{
    uint64_t origin = myc_origin_make(77 * S, error_ns);
    uint64_t said_ns = myc_origin_error_ns(origin);

    assert_int_equal(myc_origin_age_ns(origin, 78 * S), 1 * S);
    assert_true(said_ns >= error_ns);
    assert_true(said_ns <= error_ns + error_ns / 8 || said_ns == 8);
    assert_int_equal(myc_origin_error_ns(myc_origin_make(77 * S, said_ns)), said_ns);
}

static void
test_errors_are_rounded_up_by_an_eighth_at_most(void **state)
{
    struct fab_prng prng;

    (void)state;
    fab_prng_init(&prng, 1);
    for (uint64_t error_ns = 1; error_ns < 5000; error_ns++)
        assert_error(error_ns);
    for (unsigned i = 0; i < 100000; i++)
        assert_error(1 + fab_prng_below(&prng, MYC_ORIGIN_ERROR_NS_MAX >> i % 30));
    assert_error(MYC_ORIGIN_ERROR_NS_MAX);
}

static void
test_every_code_stands_for_itself(void **state)
{
    uint64_t last_ns = 0;

    (void)state;
    for (uint64_t code = 1; code < 256; code++) {
        uint64_t error_ns = myc_origin_error_ns(code << MYC_ORIGIN_TIME_BITS | 7);

        assert_true(error_ns > last_ns);
        assert_true(myc_origin_make(7, error_ns) == (code << MYC_ORIGIN_TIME_BITS | 7));
        last_ns = error_ns;
    }
    assert_int_equal(last_ns, MYC_ORIGIN_ERROR_NS_MAX);
}

static void
test_a_time_worth_nothing_is_unknown(void **state)
{
    (void)state;
    assert_int_equal(myc_origin_make(77 * S, MYC_ORIGIN_ERROR_NS_MAX + 1), 0);
    assert_int_equal(myc_origin_make(77 * S, UINT64_MAX), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_time_without_error_comes_back_as_it_went),
        cmocka_unit_test(test_what_lies_ahead_has_no_age),
        cmocka_unit_test(test_errors_are_rounded_up_by_an_eighth_at_most),
        cmocka_unit_test(test_every_code_stands_for_itself),
        cmocka_unit_test(test_a_time_worth_nothing_is_unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
