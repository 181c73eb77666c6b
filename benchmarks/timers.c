/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * On one lcore: what does a timer cost when very many are live?
 *
 * An actor cancels one of its timers, chosen at random, and starts another with a random delay, 64
 * times in each turn. The baseline is the same with 10 timers live: what the number of timers adds
 * is the difference, and with ten million of them that is the cache lines that are not there. The
 * turns of the loop are part of the figure. Figures are ns for a pair of cancel and start.
 */
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

#include <mycelium/timer.h>

#include "bench.h"
#include "local_node.h"

#define FEW         10U
#define AT_ONCE     64U
#define COUNT       1000000U
#define SMOKE_COUNT 20000U
#define SMOKE_LIVE  1000U
#define HOUR_NS     3600000000000ULL /* they do not fire meanwhile */
#define BYTES_EACH  64U              /* of the lcore's tables */
#define MEMORY_MB   256U             /* for everything else */

struct plan {
    struct bench_result *result;
    unsigned repetitions;
    uint32_t count;
    uint32_t live;
    uint64_t *timers; /* ids; owned by whoever runs the plan */
    sem_t done;
};

struct juggler {
    struct plan *plan;
    uint64_t start_ns;
    uint32_t live;
    uint32_t left; /* pairs of this phase */
    bool is_raw;   /* the phase with few */
    unsigned repetition;
};

static void
start_one(struct myc_self *self, uint64_t *timer)
{
    uint64_t delay_ns = HOUR_NS + myc_random(self) % HOUR_NS;

    if (myc_timer_start(self, delay_ns, 0, 0, timer) != MYC_OK)
        myc_fail(self, MYC_NO_MEMORY);
}

/* Starts or cancels until so many are live. */
static void
set_live(struct myc_self *self, struct juggler *juggler, uint32_t live)
{
    uint64_t *timers = juggler->plan->timers;

    while (juggler->live < live)
        start_one(self, &timers[juggler->live++]);
    while (juggler->live > live)
        (void)myc_timer_cancel(self, timers[--juggler->live]);
}

static void
start_phase(struct myc_self *self, struct juggler *juggler, bool is_raw)
{
    juggler->is_raw = is_raw;
    set_live(self, juggler, is_raw ? FEW : juggler->plan->live);
    juggler->left = juggler->plan->count;
    juggler->start_ns = myc_clock_ns(self);
}

static void
end_phase(struct myc_self *self, struct juggler *juggler)
{
    struct plan *plan = juggler->plan;
    double each_ns = (double)(myc_clock_ns(self) - juggler->start_ns) / plan->count;

    if (juggler->is_raw) {
        plan->result->raw[juggler->repetition].p50_ns = each_ns;
        start_phase(self, juggler, false);
        return;
    }
    plan->result->fabric[juggler->repetition++].p50_ns = each_ns;
    plan->result->count = juggler->repetition;
    if (juggler->repetition < plan->repetitions)
        start_phase(self, juggler, true);
    else
        sem_post(&plan->done);
}

static unsigned
juggler_poll(struct myc_self *self, void *state)
{
    struct juggler *juggler = state;

    if (juggler->left == 0 && juggler->repetition < juggler->plan->repetitions)
        end_phase(self, juggler);
    for (unsigned i = 0; i < AT_ONCE && juggler->left > 0; i++, juggler->left--) {
        uint64_t *timer = &juggler->plan->timers[myc_random(self) % juggler->live];

        (void)myc_timer_cancel(self, *timer);
        start_one(self, timer);
    }
    return juggler->left > 0;
}

static enum myc_status
juggler_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    struct juggler *juggler = state;

    if (args_size != sizeof(juggler->plan))
        return MYC_INVALID;
    memcpy(&juggler->plan, args, sizeof(juggler->plan));
    start_phase(self, juggler, true);
    return myc_poller_start(self, juggler_poll, 0, NULL);
}

static const struct myc_class juggler_class = {
    .size = sizeof(struct myc_class),
    .name = "bench_juggler",
    .state_size = sizeof(struct juggler),
    .init = juggler_init,
};

static enum myc_status
measure(const struct bench_options *options, struct bench_result *result, uint32_t live)
{
    struct plan plan = {
        .result = result,
        .repetitions = options->repetitions,
        .count = options->is_smoke ? SMOKE_COUNT : COUNT,
        .live = options->is_smoke ? SMOKE_LIVE : live,
    };
    const struct local_node_wish wish = {
        .node_id = LOCAL_NODE_ID,
        .lcore_count = 1,
        .limits = { .timers_max = plan.live + 1 },
        .memory_mb = MEMORY_MB + (uint32_t)((uint64_t)plan.live * BYTES_EACH >> 20),
    };
    enum myc_status status;

    result->raw_name = "cancel and start a timer, 10 live, ns a pair";
    result->fabric_name = "the same with as many live as the name says, ns a pair";
    plan.timers = calloc(plan.live, sizeof(plan.timers[0]));
    if (!plan.timers)
        return MYC_NO_MEMORY;
    sem_init(&plan.done, 0, 0);
    status = local_node_run(&wish, &juggler_class, &plan, &plan.done);
    free(plan.timers);
    return status;
}

enum myc_status
bench_timers_1k(const struct bench_options *options, struct bench_result *result)
{
    return measure(options, result, 1000);
}

enum myc_status
bench_timers_100k(const struct bench_options *options, struct bench_result *result)
{
    return measure(options, result, 100000);
}

enum myc_status
bench_timers_10m(const struct bench_options *options, struct bench_result *result)
{
    return measure(options, result, 10000000);
}
