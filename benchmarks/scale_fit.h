/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The order of growth of a curve: of the functions below, the slowest-growing one that fits.
 *
 * Each is cost = base + slope x f(size), neither negative, with the smallest sum of squares of
 * relative errors, so that small sizes count as much as large ones. None at all is taken when its
 * error (root of the mean square, relative) is within the tolerance; any is when its error is
 * within a quarter of that, or not above that of a faster-growing one by more than a quarter.
 */
#ifndef BENCHMARKS_SCALE_FIT_H
#define BENCHMARKS_SCALE_FIT_H

#define SCALE_POINTS_MAX 16U

struct scale_fit {
    const char *order; /* "O(1)", "O(log n)", "O(n)", "O(n log n)", "O(n^2)" */
    double base;
    double slope; /* for each unit of f */
    double error;
};

/* `count`: 2 up; costs above 0, sizes from 2. */
struct scale_fit scale_fit_find(const double *sizes, const double *costs, unsigned count,
                                double tolerance);

#endif
