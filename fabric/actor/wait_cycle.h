/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Wait-for cycles, for debug builds: actors that hold each other's requests while they wait for
 * each other's answers, and will until their deadlines.
 *
 * An actor that holds a request and has an open ask sends a probe along the ask; whoever holds that
 * request and has open asks himself passes it on along them (Chandy, Misra, Haas: edge chasing). A
 * probe that comes back to where it began has gone round a cycle. It begins when a handler returns
 * with a request kept, and with each ask of one who holds a request, so the last edge finds the
 * cycle. A probe travels as far as WAIT_HOPS_MAX, along a few asks of each actor, and is passed on
 * once by each; it costs nobody who neither holds nor asks anything.
 *
 * An asker that means to answer without its own ask's reply is found too: it is a report, nothing
 * is broken by it.
 */
#ifndef FAB_ACTOR_WAIT_CYCLE_H
#define FAB_ACTOR_WAIT_CYCLE_H

#include <stdbool.h>
#include <stdint.h>

struct fab_core;
struct fab_slot;

/* Whether nodes look for them: builds of type debug, and those with -Dwait_cycles=true. */
#ifndef FAB_WAIT_CYCLES
#define FAB_WAIT_CYCLES 0
#endif

#define FAB_WAIT_SEEN_MAX 64U /* a power of two */

/* Probes that were passed on, by a hash; newer ones take the place of older ones. */
struct fab_wait_cycles {
    struct fab_wait_seen {
        uint64_t origin; /* actor word */
        uint32_t number;
        uint32_t slot;
    } seen[FAB_WAIT_SEEN_MAX];
    uint32_t number; /* of the last probe that began here */
};

/* The actor may have become part of a cycle. Only when the core looks for them. */
void fab_wait_cycle_look(struct fab_core *core, struct fab_slot *slot);

/* A probe has come. False: not valid. */
bool fab_wait_cycle_receive(struct fab_core *core, const void *body, uint32_t size);

#endif
