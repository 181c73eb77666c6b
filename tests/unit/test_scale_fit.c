/* SPDX-License-Identifier: BSD-3-Clause */
/* The orders of growth that `mycelium bench scaling` states. */
#include "support/cmocka.h"

#include <math.h>

#include "base/prng.h"
#include "scale_fit.h"

#define POINTS    7U
#define TOLERANCE 0.05

static const double sizes[POINTS] = { 10, 100, 1000, 10000, 100000, 1000000, 10000000 };

static const char *
order_of(double base, double slope, double (*grows)(double))
{
    double costs[POINTS];

    for (unsigned i = 0; i < POINTS; i++)
        costs[i] = base + slope * grows(sizes[i]);
    return scale_fit_find(sizes, costs, POINTS, TOLERANCE).order;
}

static double
itself(double size)
{
    return size;
}

static double
squared(double size)
{
    return size * size;
}

static double
times_log(double size)
{
    return size * log2(size);
}

static void
test_each_order_is_found(void **state)
{
    (void)state;
    assert_string_equal(order_of(120, 0, itself), "O(1)");
    assert_string_equal(order_of(120, 11, log2), "O(log n)");
    assert_string_equal(order_of(120, 11, itself), "O(n)");
    assert_string_equal(order_of(120, 11, times_log), "O(n log n)");
    assert_string_equal(order_of(120, 11, squared), "O(n^2)");
}

/* Also when nothing is there besides, and where a large base hides it among the small sizes. */
static void
test_a_base_does_not_hide_growth(void **state)
{
    (void)state;
    assert_string_equal(order_of(0, 11, itself), "O(n)");
    assert_string_equal(order_of(5000, 0.01, itself), "O(n)");
    assert_string_equal(order_of(0, 1, squared), "O(n^2)");
}

static void
test_parts_of_a_line_are_found(void **state)
{
    const double lcores[] = { 2, 4, 8, 16, 32, 64 };
    double costs[6];
    struct scale_fit fit;

    (void)state;
    for (unsigned i = 0; i < 6; i++)
        costs[i] = 90 + 14 * lcores[i];
    fit = scale_fit_find(lcores, costs, 6, TOLERANCE);
    assert_string_equal(fit.order, "O(n)");
    assert_true(fabs(fit.base - 90) < 1e-6 && fabs(fit.slope - 14) < 1e-6);
    assert_true(fit.error < 1e-9);
}

/* 3 % up and down is the machine's, and not growth; 30 % up is, even beside such noise. */
static void
test_noise_is_no_growth(void **state)
{
    struct fab_prng prng;
    double costs[POINTS];

    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        fab_prng_init(&prng, seed);
        for (unsigned i = 0; i < POINTS; i++)
            costs[i] = 100 * (0.97 + 0.06 * (double)(fab_prng_next(&prng) % 1000) / 1000);
        assert_string_equal(scale_fit_find(sizes, costs, POINTS, TOLERANCE).order, "O(1)");
        for (unsigned i = 0; i < POINTS; i++)
            costs[i] *= 1 + 0.05 * i;
        assert_string_equal(scale_fit_find(sizes, costs, POINTS, TOLERANCE).order, "O(log n)");
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_order_is_found),
        cmocka_unit_test(test_a_base_does_not_hide_growth),
        cmocka_unit_test(test_parts_of_a_line_are_found),
        cmocka_unit_test(test_noise_is_no_growth),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
