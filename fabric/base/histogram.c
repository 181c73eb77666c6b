/* SPDX-License-Identifier: BSD-3-Clause */
#include <mycelium/histogram.h>

#include <string.h>

void
myc_histogram_init(struct myc_histogram *histogram)
{
    memset(histogram, 0, sizeof(*histogram));
    histogram->min = UINT64_MAX;
}

void
myc_histogram_merge(struct myc_histogram *into, const struct myc_histogram *from)
{
    into->count += from->count;
    into->sum += from->sum;
    if (from->min < into->min)
        into->min = from->min;
    if (from->max > into->max)
        into->max = from->max;
    for (uint32_t i = 0; i < MYC_HISTOGRAM_BUCKETS; i++)
        into->buckets[i] += from->buckets[i];
}

/* The largest value that a bucket counts; the reverse of myc_histogram_bucket. */
static uint64_t
largest_of(uint32_t bucket)
{
    uint32_t shift;

    if (bucket == MYC_HISTOGRAM_BUCKETS - 1U)
        return UINT64_MAX;
    if (bucket < 2 * MYC_HISTOGRAM_PARTS)
        return bucket;
    shift = bucket / MYC_HISTOGRAM_PARTS - 1U;
    return (((uint64_t)(bucket - shift * MYC_HISTOGRAM_PARTS) + 1U) << shift) - 1U;
}

uint64_t
myc_histogram_percentile(const struct myc_histogram *histogram, double percent)
{
    double wanted = (double)histogram->count * percent / 100.0;
    uint64_t seen = 0;

    for (uint32_t i = 0; i < MYC_HISTOGRAM_BUCKETS && seen < histogram->count; i++) {
        seen += histogram->buckets[i];
        if (histogram->buckets[i] > 0 && (double)seen >= wanted)
            return largest_of(i) < histogram->max ? largest_of(i) : histogram->max;
    }
    return histogram->max;
}
