/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file histogram.h
 * Latencies, or any numbers, by how often they occurred: log-linear, in fixed memory.
 *
 * Each power of two is divided into MYC_HISTOGRAM_PARTS equal buckets, so a percentile is at most
 * one part in MYC_HISTOGRAM_PARTS (0.8 %) above the value that was recorded, at any scale; values
 * below twice that number are exact, and so are count, sum, minimum and maximum. Values from
 * MYC_HISTOGRAM_LIMIT on count in the last bucket. Recording is a few instructions and never fails,
 * so it can stand on the hot path.
 *
 * A plain value with one owner: embed it in an actor's state, copy it, merge copies afterwards.
 * HdrHistogram's idea; its resizing and its several word sizes were left out.
 */
#ifndef MYCELIUM_HISTOGRAM_H
#define MYCELIUM_HISTOGRAM_H

#include <stdint.h>

#include <mycelium/api.h>

MYC_BEGIN_DECLS

#define MYC_HISTOGRAM_PART_BITS 7U
#define MYC_HISTOGRAM_PARTS     (1U << MYC_HISTOGRAM_PART_BITS) /**< buckets per power of two */
#define MYC_HISTOGRAM_BITS      40U /**< values have this many bits; as ns: 18 minutes */
#define MYC_HISTOGRAM_LIMIT     (UINT64_C(1) << MYC_HISTOGRAM_BITS)
#define MYC_HISTOGRAM_BUCKETS \
    ((MYC_HISTOGRAM_BITS - MYC_HISTOGRAM_PART_BITS + 1U) * MYC_HISTOGRAM_PARTS)

/** A histogram; about 35 KB. */
struct myc_histogram {
    uint64_t count; /**< values recorded */
    uint64_t sum;   /**< of them; wraps after 2^64 */
    uint64_t min;   /**< UINT64_MAX when count is 0 */
    uint64_t max;   /**< 0 when count is 0 */
    uint64_t buckets[MYC_HISTOGRAM_BUCKETS];
};

/** The bucket that counts a value; 0 to MYC_HISTOGRAM_BUCKETS - 1. Context: any thread. */
static inline uint32_t
myc_histogram_bucket(uint64_t value)
{
    uint32_t shift;

    if (value >= MYC_HISTOGRAM_LIMIT)
        return MYC_HISTOGRAM_BUCKETS - 1U;
    if (value < MYC_HISTOGRAM_PARTS)
        return (uint32_t)value;
    shift = 63U - (uint32_t)__builtin_clzll(value) - MYC_HISTOGRAM_PART_BITS;
    return shift * MYC_HISTOGRAM_PARTS + (uint32_t)(value >> shift);
}

/**
 * Empties a histogram, also one whose memory is not initialised.
 * @param histogram  owned by the caller.
 * Context: any thread.
 */
MYC_API void myc_histogram_init(struct myc_histogram *histogram);

/**
 * Records one value.
 * @param histogram  owned by the caller, initialised.
 * @param value      any; in the caller's unit.
 * Context: its one owner.
 */
static inline void
myc_histogram_record(struct myc_histogram *histogram, uint64_t value)
{
    histogram->count++;
    histogram->sum += value;
    if (value < histogram->min)
        histogram->min = value;
    if (value > histogram->max)
        histogram->max = value;
    histogram->buckets[myc_histogram_bucket(value)]++;
}

/**
 * Adds all values of another histogram.
 * @param into  owned by the caller.
 * @param from  not owned; unchanged.
 * Context: the one owner of both.
 */
MYC_API void myc_histogram_merge(struct myc_histogram *into, const struct myc_histogram *from);

/**
 * The value that this share of the recorded values does not exceed.
 * @param histogram  not owned.
 * @param percent    0 to 100, such as 99.9; what is outside counts as the nearer end.
 * @return the largest value of the bucket in which it lies, but never more than the maximum; 0 when
 *         nothing was recorded.
 * Context: its one owner; visits all buckets, so not on the hot path.
 */
MYC_API uint64_t myc_histogram_percentile(const struct myc_histogram *histogram, double percent);

/** The mean of the recorded values, rounded down; 0 when there are none. Context: its one owner. */
static inline uint64_t
myc_histogram_mean(const struct myc_histogram *histogram)
{
    return histogram->count > 0 ? histogram->sum / histogram->count : 0;
}

MYC_END_DECLS

#endif
