/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Measuring between two lcores, wherever they are: a driver actor and a partner actor.
 *
 * The driver finds the partner by name and leads it through phases, raw and fabric in turn. In a
 * raw phase both stay inside their handler and run the baseline over what joins them (a ring, a
 * device), so that baseline and fabric have the same lcores, memory and device; in a fabric phase
 * they send messages. What a phase measures is taken at the last actor.
 *
 *      driver --Phase{RAW_RTT}--> partner        raw->ping <=====> raw->echo
 *      driver --Phase{RTT}------> partner        Ping -----------> handler, Ping back
 *      driver --Phase{RAW_RATE}-> partner        raw->blast =====> raw->drain, PhaseDone
 *      driver --Phase{RATE}-----> partner        Blast ----------> counts, PhaseDone
 */
#ifndef BENCHMARKS_PAIR_H
#define BENCHMARKS_PAIR_H

#include <semaphore.h>
#include <stdatomic.h>
#include <sys/types.h>

#include <mycelium/actor.h>

#include "bench.h"

#define BENCH_PARTNER_NAME "bench.partner"
#define BENCH_SINK_NAME    "bench.sink" /* a second one beside it, for streams of their own */
#define BENCH_WARM_UP      1000U

/* A baseline between two ends; `self` gives the clock. Functions of one end are called on its
 * lcore. */
struct bench_raw {
    void *context; /* not owned */
    /* Round trips; one sample in ns each. Returns how many came back before one did not. */
    uint32_t (*ping)(void *context, struct myc_self *self, uint64_t *samples_ns, uint32_t count);
    /* Sends back `count` of them. */
    void (*echo)(void *context, struct myc_self *self, uint32_t count);
    /* Sends `count` as fast as they are taken. */
    /* Returns when it began, once the other end was ready. */
    uint64_t (*blast)(void *context, struct myc_self *self, uint32_t count);
    /* Takes `count`, or what came until a second passed without any. *end_ns: when the last came.
     * Returns how many. */
    uint32_t (*drain)(void *context, struct myc_self *self, uint32_t count, uint64_t *end_ns);
    /* Frames that the device has sent so far; NULL: it has none. */
    uint64_t (*frames)(void *context);
};

/* What the driver tells the partner to do. */
enum bench_phase_kind {
    PHASE_RAW_RTT = 1,
    PHASE_RTT,
    PHASE_RAW_RATE,
    PHASE_RATE,
    PHASE_RATE_ALONE, /* the partner says now and then how many have come */
};

/* What the driver is given as args: a pointer to this, owned by the program, which waits for
 * `done`. */
struct bench_pair {
    const struct bench_raw *raw; /* NULL: round trips of messages alone */
    struct bench_result *result;
    unsigned repetitions;
    uint32_t count;      /* round trips or messages in a phase */
    uint32_t raw_count;  /* of the baseline's rate phases; 0: as many */
    uint32_t body_bytes; /* of each message of a rate, sent by reference; 0: a small one */
    bool is_alone; /* a rate of frames: each small message leaves at once, in one of its own */
    uint64_t *samples_ns;   /* `count` places; NULL for a rate */
    pid_t partner;          /* the process of the partner; 0: ours */
    enum myc_status status; /* how it ended */
    sem_t done;
    /* Where it is, for who waits for it in vain; written by the driver. */
    _Atomic unsigned phase; /* enum bench_phase_kind; 0: it looks for the partner */
    _Atomic unsigned repetition;
};

extern const struct myc_class bench_driver_class;  /* args: struct bench_pair * */
extern const struct myc_class bench_partner_class; /* args: const struct bench_raw * */
extern const struct myc_class bench_sink_class;    /* likewise, under the other name */

/* Spawns the driver on an lcore and waits for the end (wait.h); why it failed has been printed.
 * OK; as myc_node_spawn; as bench_wait; NOT_FOUND (no partner within a minute); NO_CONNECTION (it
 * has ended); what a message came back with; TIMEOUT (no frame of the baseline came). */
enum myc_status bench_pair_run(struct myc_node *node, uint8_t lcore, struct bench_pair *pair);

#endif
