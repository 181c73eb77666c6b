/* SPDX-License-Identifier: BSD-3-Clause */
#include "drop_free.h"

#include <math.h>
#include <stdlib.h>

#define LOOKED_AT 1001U /* of a quarter, evenly spread */
#define QUARTERS  4U
#define LATE_PART 0.03 /* of a trial's time: as much longer it may take */
#define LATE_NS   1000000.0
#define GROWTH_NS 100000.0 /* beside a doubling: what a trial may differ within itself */

static int
compare(const void *one, const void *other)
{
    uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;

    return a < b ? -1 : a > b;
}

static uint64_t
median(const uint64_t *samples_ns, uint32_t count)
{
    uint64_t kept[LOOKED_AT];
    uint32_t step = count / LOOKED_AT + 1, filled = 0;

    for (uint32_t i = 0; i < count; i += step)
        if (samples_ns[i])
            kept[filled++] = samples_ns[i];
    qsort(kept, filled, sizeof(kept[0]), compare);
    return filled ? kept[filled / 2] : 0;
}

double
drop_free_growth_ns(const uint64_t *samples_ns, uint32_t count)
{
    uint32_t quarter = count / QUARTERS;
    uint64_t first = median(samples_ns, quarter);
    uint64_t last = median(samples_ns + count - quarter, quarter);

    return last > 2 * first ? (double)(last - 2 * first) : 0;
}

bool
drop_free_holds(const struct drop_free_trial *trial)
{
    double due_ns = trial->count * 1e9 / trial->rate_per_s;

    return trial->done_count == trial->count && trial->refused_count == 0 &&
           trial->duration_ns < due_ns * (1 + LATE_PART) + LATE_NS && trial->growth_ns < GROWTH_NS;
}

static enum myc_status
try_rate(const struct drop_free_search *search, double rate, bool *holds)
{
    *holds = false;
    for (unsigned i = 0; i < search->tries && !*holds; i++) {
        struct drop_free_trial trial = { .rate_per_s = rate };
        enum myc_status status = search->run(search->context, &trial);

        if (status != MYC_OK)
            return status;
        *holds = drop_free_holds(&trial);
    }
    return MYC_OK;
}

enum myc_status
drop_free_find(const struct drop_free_search *search, double *rate)
{
    double low = search->rate_min, high = search->rate_max;
    enum myc_status status = MYC_OK;
    bool holds;

    for (unsigned i = 0; status == MYC_OK && i < search->steps; i++) {
        double middle = sqrt(low * high);

        status = try_rate(search, middle, &holds);
        if (holds)
            low = middle;
        else
            high = middle;
    }
    *rate = low;
    return status;
}
