/* SPDX-License-Identifier: BSD-3-Clause */
#include "hgrm.h"

#include <inttypes.h>
#include <math.h>

#define TICKS_PER_HALF 5.0

static uint64_t
count_up_to(const struct myc_histogram *histogram, uint64_t value)
{
    uint32_t last = myc_histogram_bucket(value);
    uint64_t count = 0;

    for (uint32_t bucket = 0; bucket <= last; bucket++)
        count += histogram->buckets[bucket];
    return count;
}

unsigned
hgrm_points(const struct myc_histogram *histogram, struct hgrm_point points[HGRM_POINTS_MAX])
{
    unsigned count = 0;
    double part = 0;

    while (histogram->count > 0 && count < HGRM_POINTS_MAX) {
        struct hgrm_point *point = &points[count++];

        point->value = myc_histogram_percentile(histogram, part * 100.0);
        point->count_max = count_up_to(histogram, point->value);
        point->percentile = part;
        if (point->count_max == histogram->count) {
            point->percentile = 1.0;
            break;
        }
        part += 1.0 / (TICKS_PER_HALF * exp2(floor(log2(1.0 / (1.0 - part))) + 1.0));
    }
    return count;
}

static double
deviation(const struct myc_histogram *histogram, double mean)
{
    double sum = 0;

    /* A bucket's smallest value stands for it. */
    for (uint32_t bucket = 0; bucket < MYC_HISTOGRAM_BUCKETS; bucket++) {
        uint32_t shift = bucket < 2 * MYC_HISTOGRAM_PARTS ? 0 : bucket / MYC_HISTOGRAM_PARTS - 1;
        double off = ldexp(bucket - (double)shift * MYC_HISTOGRAM_PARTS, (int)shift) - mean;

        sum += (double)histogram->buckets[bucket] * off * off;
    }
    return sqrt(sum / (double)histogram->count);
}

void
hgrm_write(FILE *out, const struct myc_histogram *histogram)
{
    struct hgrm_point points[HGRM_POINTS_MAX];
    unsigned count = hgrm_points(histogram, points);
    double mean = histogram->count ? (double)histogram->sum / (double)histogram->count : 0;

    fprintf(out, "%12s %14s %10s %14s\n\n", "Value", "Percentile", "TotalCount",
            "1/(1-Percentile)");
    for (unsigned i = 0; i < count; i++) {
        fprintf(out, "%12.3f %2.12f %10" PRIu64, (double)points[i].value, points[i].percentile,
                points[i].count_max);
        if (points[i].percentile < 1.0)
            fprintf(out, " %14.2f", 1.0 / (1.0 - points[i].percentile));
        fputc('\n', out);
    }
    fprintf(out, "#[Mean    = %12.3f, StdDeviation   = %12.3f]\n", mean,
            histogram->count ? deviation(histogram, mean) : 0);
    fprintf(out, "#[Max     = %12.3f, Total count    = %12" PRIu64 "]\n", (double)histogram->max,
            histogram->count);
    fprintf(out, "#[Buckets = %12u, SubBuckets     = %12u]\n",
            MYC_HISTOGRAM_BUCKETS / MYC_HISTOGRAM_PARTS, MYC_HISTOGRAM_PARTS);
}
