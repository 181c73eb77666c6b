/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Percentile curves: from a histogram to points, and to the text that HdrHistogram's tools read
 * (.hgrm: value, percentile, how many are at or below it, 1/(1 - percentile)).
 */
#ifndef BENCHMARKS_HGRM_H
#define BENCHMARKS_HGRM_H

#include <stdio.h>

#include <mycelium/histogram.h>

#define HGRM_POINTS_MAX 512U

struct hgrm_point {
    double percentile;  /* 0 to 1 */
    uint64_t value;     /* no more than this */
    uint64_t count_max; /* values at or below it */
};

/* Five points for each half of what is left to 1, as HdrHistogram has them. Returns how many; 0 for
 * an empty histogram. */
unsigned hgrm_points(const struct myc_histogram *histogram,
                     struct hgrm_point points[HGRM_POINTS_MAX]);

/* Writes the whole text. */
void hgrm_write(FILE *out, const struct myc_histogram *histogram);

#endif
