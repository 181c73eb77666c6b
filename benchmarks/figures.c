/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench.h"

#include <stdlib.h>
#include <time.h>

static int
compare_samples(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* Nearest rank: the smallest sample that at least this part of all do not exceed. */
static double
percentile(const uint64_t *sorted, size_t count, double part)
{
    size_t rank = (size_t)((double)count * part);

    return (double)sorted[rank < count ? rank : count - 1];
}

struct bench_figures
bench_figures_of(uint64_t *samples_ns, size_t count)
{
    qsort(samples_ns, count, sizeof(samples_ns[0]), compare_samples);
    return (struct bench_figures){
        .p50_ns = percentile(samples_ns, count, 0.5),
        .p99_ns = percentile(samples_ns, count, 0.99),
        .p999_ns = percentile(samples_ns, count, 0.999),
        .p9999_ns = percentile(samples_ns, count, 0.9999),
        .max_ns = (double)samples_ns[count - 1],
    };
}

void
bench_keep_samples(struct myc_histogram *histogram, const uint64_t *samples_ns, size_t count)
{
    for (size_t i = 0; histogram && i < count; i++)
        myc_histogram_record(histogram, samples_ns[i]);
}

uint64_t
bench_clock_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}
