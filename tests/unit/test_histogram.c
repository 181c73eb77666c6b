/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/cmocka.h"

#include "base/prng.h"
#include <mycelium/histogram.h>

static struct myc_histogram histogram;

static int
empty(void **state)
{
    (void)state;
    memset(&histogram, 0xee, sizeof(histogram));
    myc_histogram_init(&histogram);
    return 0;
}

static void
test_empty_histogram_answers_zero(void **state)
{
    (void)state;
    assert_int_equal(myc_histogram_percentile(&histogram, 50), 0);
    assert_int_equal(myc_histogram_mean(&histogram), 0);
    assert_int_equal(histogram.count, 0);
}

static void
test_small_values_are_exact(void **state)
{
    (void)state;
    for (uint64_t value = 1; value <= 200; value++)
        myc_histogram_record(&histogram, value);
    assert_int_equal(myc_histogram_percentile(&histogram, 50), 100);
    assert_int_equal(myc_histogram_percentile(&histogram, 99), 198);
    assert_int_equal(myc_histogram_percentile(&histogram, 99.5), 199);
    assert_int_equal(myc_histogram_percentile(&histogram, 100), 200);
    assert_int_equal(myc_histogram_percentile(&histogram, 0), 1);
    assert_int_equal(histogram.min, 1);
    assert_int_equal(histogram.max, 200);
    assert_int_equal(myc_histogram_mean(&histogram), 100);
}

/* Buckets never fall, leave no value out, and one value's bucket is its neighbour's or the next. */
static void
test_buckets_cover_all_values_in_order(void **state)
{
    (void)state;
    for (uint32_t bit = 0; bit < 64; bit++) {
        uint64_t value = UINT64_C(1) << bit;
        uint32_t before = myc_histogram_bucket(value - 1);
        uint32_t bucket = myc_histogram_bucket(value);

        assert_true(bucket < MYC_HISTOGRAM_BUCKETS);
        assert_true(bucket == before || bucket == before + 1);
    }
    assert_int_equal(myc_histogram_bucket(MYC_HISTOGRAM_LIMIT - 1), MYC_HISTOGRAM_BUCKETS - 1);
    assert_int_equal(myc_histogram_bucket(UINT64_MAX), MYC_HISTOGRAM_BUCKETS - 1);
}

static void
test_percentile_is_never_below_and_at_most_one_part_above(void **state)
{
    struct fab_prng prng;

    (void)state;
    fab_prng_init(&prng, 1);
    for (uint32_t i = 0; i < 200; i++) {
        uint64_t value = fab_prng_next(&prng) >> (24 + fab_prng_below(&prng, 40));
        uint64_t median;

        (void)empty(NULL);
        myc_histogram_record(&histogram, value);
        myc_histogram_record(&histogram, MYC_HISTOGRAM_LIMIT);
        median = myc_histogram_percentile(&histogram, 50);
        assert_true(median >= value && median - value <= value / MYC_HISTOGRAM_PARTS);
    }
}

static void
test_values_beyond_the_limit_are_counted_and_the_maximum_is_exact(void **state)
{
    (void)state;
    myc_histogram_record(&histogram, 5);
    myc_histogram_record(&histogram, MYC_HISTOGRAM_LIMIT * 8 + 3);
    assert_int_equal(histogram.count, 2);
    assert_true(myc_histogram_percentile(&histogram, 100) == MYC_HISTOGRAM_LIMIT * 8 + 3);
}

static void
test_merge_is_as_if_all_had_been_recorded_in_one(void **state)
{
    static struct myc_histogram other;
    static struct myc_histogram both;

    (void)state;
    myc_histogram_init(&other);
    myc_histogram_init(&both);
    for (uint64_t value = 0; value < 100000; value += 7) {
        myc_histogram_record(value % 2 ? &histogram : &other, value);
        myc_histogram_record(&both, value);
    }
    myc_histogram_merge(&histogram, &other);
    assert_memory_equal(&histogram, &both, sizeof(both));
    myc_histogram_init(&other);
    myc_histogram_merge(&histogram, &other);
    assert_memory_equal(&histogram, &both, sizeof(both));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_empty_histogram_answers_zero, empty),
        cmocka_unit_test_setup(test_small_values_are_exact, empty),
        cmocka_unit_test_setup(test_buckets_cover_all_values_in_order, empty),
        cmocka_unit_test_setup(test_percentile_is_never_below_and_at_most_one_part_above, empty),
        cmocka_unit_test_setup(test_values_beyond_the_limit_are_counted_and_the_maximum_is_exact,
                               empty),
        cmocka_unit_test_setup(test_merge_is_as_if_all_had_been_recorded_in_one, empty),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
