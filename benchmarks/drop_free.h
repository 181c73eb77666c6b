/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The drop-free rate of a way: the highest at which everything came back, nothing was refused, the
 * sender kept its schedule, and what waited did not become more.
 *
 * The last is what tells of a way that queues rather than drops. In an open loop above its rate
 * each takes longer than the one before; over a short trial that is less than what one stall of the
 * machine makes of it, so medians of the first and the last quarter are compared: a stall of less
 * than an eighth of the trial moves neither, and a trial of 100 ms at 0.2 % too much shows 125 us.
 */
#ifndef BENCHMARKS_DROP_FREE_H
#define BENCHMARKS_DROP_FREE_H

#include <mycelium/status.h>
#include <stdbool.h>
#include <stdint.h>

/* What came of an open loop. */
struct drop_free_trial {
    double rate_per_s;
    uint32_t count;
    uint32_t done_count;    /* that came back */
    uint32_t refused_count; /* that were not taken at their time */
    double duration_ns;     /* from the start to the last that came */
    double growth_ns;       /* drop_free_growth_ns */
};

struct drop_free_search {
    double rate_min, rate_max; /* per second */
    unsigned steps;            /* each halves what is left, on a logarithmic scale */
    unsigned tries;            /* of a rate that does not hold: machines stall */
    /* Runs a trial at trial->rate_per_s and fills in the rest. */
    enum myc_status (*run)(void *context, struct drop_free_trial *trial);
    void *context; /* not owned */
};

/* By how much, in ns, the last of `count` took longer than twice the first: medians of a quarter
 * each; 0 when they did not. Times in the order in which they were due; 0: it did not come back. */
double drop_free_growth_ns(const uint64_t *samples_ns, uint32_t count);

bool drop_free_holds(const struct drop_free_trial *trial);

/* Status: as `run`, whose first that is not OK ends it; *rate is rate_min where none holds. */
enum myc_status drop_free_find(const struct drop_free_search *search, double *rate);

#endif
