/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pollers: bounded functions of actors that the loop runs, for what is not an actor.
 *
 * A dense array, walked once a turn: there are a handful, and each is either called or compared
 * with the clock.
 */
#ifndef FAB_ACTOR_POLLER_H
#define FAB_ACTOR_POLLER_H

#include "actor/slot.h"

#define FAB_POLLERS_MAX       256U
#define FAB_POLLERS_ACTOR_MAX 4U

struct fab_core;

struct fab_poller {
    myc_poller_fn poll; /* NULL: stopped while the pollers run */
    uint64_t actor;     /* actor word */
    uint64_t period_ns; /* 0: each turn */
    uint64_t next_ns;
    uint64_t id;
};

struct fab_pollers {
    struct fab_poller entries[FAB_POLLERS_MAX];
    uint32_t count;
    bool is_running; /* the array must not be moved */
    uint64_t last_id;
};

/* Calls what is due. Returns work done, as the pollers say. */
unsigned fab_pollers_run(struct fab_core *core);

/* 0: there is one for each turn; UINT64_MAX: none at all. */
uint64_t fab_pollers_next_ns(const struct fab_core *core);

/* The actor ends or restarts. */
void fab_pollers_on_end(struct fab_core *core, struct fab_slot *slot);

#endif
