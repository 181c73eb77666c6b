/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One lcore of a node: what it polls, its actor core, and the loop.
 *
 *      clock -> commands -> links and ports -> actors, timers, pollers -> flush -> rest
 *
 * Everything in it belongs to the lcore once it runs; other threads come in by `commands` and read
 * only what is atomic.
 */
#ifndef FAB_NODE_LCORE_H
#define FAB_NODE_LCORE_H

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include "actor/core.h"
#include "actor/guard.h"
#include "base/compiler.h"
#include "link/link.h"
#include "node/command.h"
#include "node/idle.h"

#define FAB_POLLABLES_MAX 64U  /* ports, and what forwards their frames; links the core polls */
#define FAB_POLL_BURST    32U  /* records or frames taken from each in a turn */
#define FAB_RUN_BUDGET    256U /* handlers run in a turn */

/* A page, so that each lies on the NUMA node of its own lcore. */
#define FAB_LCORE_ALIGN 4096

struct fab_full;

/* How the lcore spent its time; written by it alone, read by anybody. */
struct fab_lcore_usage {
    _Atomic uint64_t turns;
    _Atomic uint64_t busy_turns;
    _Atomic uint64_t busy_ns;
    _Atomic uint64_t idle_ns;
    _Atomic uint64_t gap_ns_max; /* longest time between two turns */
};

/* What one turn may do. */
struct fab_turn_limits {
    unsigned records;  /* taken from each link and port */
    unsigned handlers; /* run */
    unsigned slice;    /* handlers between two looks at the clock */
    uint64_t ns_max;   /* after which no further handlers begin; 0: no bound */
};

struct fab_lcore {
    struct fab_full *full; /* the node that it belongs to */
    struct fab_core *core; /* owned */
    struct fab_pollable pollables[FAB_POLLABLES_MAX];
    uint32_t pollable_count;
    struct fab_idle idle;
    struct fab_command_queue commands;
    struct fab_lcore_usage usage;
    struct fab_guard guard;   /* used when there is a guard_stack: see node/guard.h */
    void *guard_stack;        /* of the signal handler; owned; NULL: no guard */
    stack_t stack_before;     /* the thread's alternative stack outside of its loop */
    pthread_t stack_thread;   /* of a hooked lcore: which has guard_stack, if any has */
    bool has_lent_stack;      /* likewise */
    bool has_begun;           /* likewise: it has turned under its guard */
    _Atomic bool is_stopping; /* set by the node */
    _Atomic bool has_ended;   /* set by the lcore: all that it wrote is to be seen by the node */
    uint32_t eal_lcore;
    bool is_hooked; /* turns in the program's loop: see hook.h */
    int socket;     /* NUMA node of its memory */
    uint8_t index;
} __attribute__((aligned(FAB_LCORE_ALIGN)));

/* Makes its core; memory comes from its own NUMA node. `lcore` is zeroed, with index, eal_lcore and
 * socket set. OK; NO_MEMORY; INVALID. Context: main thread. */
enum myc_status fab_lcore_init(struct fab_lcore *lcore, const struct fab_core_config *config,
                               enum myc_idle idle);

/* Frees its core. Context: main thread, when it does not run. */
void fab_lcore_fini(struct fab_lcore *lcore);

/* OK; FULL. Context: the lcore, or any thread before it runs. */
enum myc_status fab_lcore_add_pollable(struct fab_lcore *lcore, struct fab_pollable pollable);

/* No effect when it is not there. Context: as add; not from within a poll. */
void fab_lcore_remove_pollable(struct fab_lcore *lcore, void *context);

/* One turn. @return work done. Context: the lcore. */
unsigned fab_lcore_turn(struct fab_lcore *lcore, const struct fab_turn_limits *limits);

/* Turns until is_stopping. Context: the lcore. */
void fab_lcore_run(struct fab_lcore *lcore);

#endif
