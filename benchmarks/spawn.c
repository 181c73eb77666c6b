/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * On one lcore: what does it cost to spawn an actor and to stop it?
 *
 * An actor spawns 16 others with 64 bytes of state in each turn and stops them; a stop is a
 * request, so they end when the queue comes to them. The baseline is what an actor is at the least,
 * made with what a C program has for it: malloc of the same state, cleared, and free, 16 at a time.
 * Figures are ns for a pair over a whole phase. The aim of the design is an absolute one, 100 ns.
 */
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

#include <mycelium/spawn.h>
#include <mycelium/timer.h>

#include "bench.h"
#include "local_node.h"

#define STATE_SIZE  64U
#define AT_ONCE     16U
#define COUNT       2000000U
#define SMOKE_COUNT 20000U

struct plan {
    struct bench_result *result;
    unsigned repetitions;
    uint32_t count;
    sem_t done;
};

struct spawner {
    struct plan *plan;
    uint64_t start_ns;
    uint32_t left; /* pairs of this phase */
    unsigned repetition;
};

static double
raw_ns_per_pair(const struct myc_self *self, uint32_t count)
{
    uint64_t start_ns = myc_clock_ns(self);
    void *states[AT_ONCE];

    for (uint32_t done = 0; done < count; done += AT_ONCE) {
        for (unsigned i = 0; i < AT_ONCE; i++) {
            states[i] = malloc(STATE_SIZE);
            if (states[i])
                memset(states[i], 0, STATE_SIZE);
            /* The compiler must not see that nobody uses it. */
            __asm__ volatile("" : : "r"(states[i]) : "memory");
        }
        for (unsigned i = 0; i < AT_ONCE; i++)
            free(states[i]);
    }
    return (double)(myc_clock_ns(self) - start_ns) / count;
}

static const struct myc_class brief_class = {
    .size = sizeof(struct myc_class),
    .name = "bench_brief",
    .state_size = STATE_SIZE,
};

static void
start_phase(struct myc_self *self, struct spawner *spawner)
{
    struct plan *plan = spawner->plan;

    plan->result->raw[spawner->repetition].p50_ns = raw_ns_per_pair(self, plan->count);
    spawner->left = plan->count;
    spawner->start_ns = myc_clock_ns(self);
}

/* Those of the turn before have ended. */
static void
end_phase(struct myc_self *self, struct spawner *spawner)
{
    struct plan *plan = spawner->plan;
    double took_ns = (double)(myc_clock_ns(self) - spawner->start_ns);

    plan->result->fabric[spawner->repetition++].p50_ns = took_ns / plan->count;
    plan->result->count = spawner->repetition;
    if (spawner->repetition < plan->repetitions)
        start_phase(self, spawner);
    else
        sem_post(&plan->done);
}

static unsigned
spawner_poll(struct myc_self *self, void *state)
{
    struct spawner *spawner = state;
    struct myc_ref ref;

    if (spawner->left == 0 && spawner->repetition < spawner->plan->repetitions)
        end_phase(self, spawner);
    for (unsigned i = 0; i < AT_ONCE && spawner->left > 0; i++, spawner->left--)
        if (myc_spawn(self, &brief_class, NULL, &ref) != MYC_OK ||
            myc_stop(self, ref, MYC_NORMAL) != MYC_OK)
            myc_fail(self, MYC_FAILED);
    return spawner->left > 0;
}

static enum myc_status
spawner_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    struct spawner *spawner = state;

    if (args_size != sizeof(spawner->plan))
        return MYC_INVALID;
    memcpy(&spawner->plan, args, sizeof(spawner->plan));
    start_phase(self, spawner);
    return myc_poller_start(self, spawner_poll, 0, NULL);
}

static const struct myc_class spawner_class = {
    .size = sizeof(struct myc_class),
    .name = "bench_spawner",
    .state_size = sizeof(struct spawner),
    .init = spawner_init,
};

enum myc_status
bench_spawn(const struct bench_options *options, struct bench_result *result)
{
    const struct local_node_wish wish = { .node_id = LOCAL_NODE_ID, .lcore_count = 1 };
    struct plan plan = {
        .result = result,
        .repetitions = options->repetitions,
        .count = options->is_smoke ? SMOKE_COUNT : COUNT,
    };

    result->raw_name = "malloc, clear and free 64 B, ns a pair";
    result->fabric_name = "spawn and stop an actor with 64 B of state, ns a pair";
    sem_init(&plan.done, 0, 0);
    return local_node_run(&wish, &spawner_class, &plan, &plan.done);
}
