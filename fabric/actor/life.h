/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Life: how an actor begins, ends, is suspended and runs again.
 *
 * An actor ends only where the run queue obeys its request, so nothing ever ends under somebody's
 * feet. What the end of an actor sets in motion, in this order:
 *
 *   1. its stop function (not after a kill), which may still send
 *   2. supervised: its timers, asks, watches, ports and pollers go, those below it and linked to it
 *      end, ChildExited goes to the parent;
 *      name, mailbox and those who watch it stay, and it waits for the parent's decision
 *   3. else: what waits in its mailbox goes back to the senders, waiters and watchers hear,
 *      those tied to it too, its names and memory are free
 */
#ifndef FAB_ACTOR_LIFE_H
#define FAB_ACTOR_LIFE_H

#include "actor/state.h"

/* A spawn on its way to another lcore of this process, in a large cell of the asking core. Written
 * by the asking core, then by the other, which hands it back with SPAWNED. */
struct fab_spawn_request {
    const struct myc_class *class_of;
    struct myc_spawn_options options; /* name and args point into this struct */
    struct myc_ref parent;
    uint64_t tag;
    enum myc_status status;
    struct myc_ref ref;
    char name[64];
    uint8_t args[MYC_ARGS_SIZE_MAX];
};

static_assert(sizeof(struct fab_spawn_request) <= FAB_CELL_RECORD_LARGE, "fits into a cell");

/* Starts an actor. `parent` may be NULL: it is not here or there is none; then the options may not
 * ask for supervision, and links are the caller's to make. As myc_spawn. */
enum myc_status fab_life_begin(struct fab_core *core, const struct myc_class *class_of,
                               const struct myc_spawn_options *options, struct fab_slot *parent,
                               struct fab_slot **slot);

struct fab_system_stop;

/* An actor of this lcore is asked to stop, to drain, or is killed. */
void fab_end_as_asked(struct fab_core *core, struct fab_slot *slot,
                      const struct fab_system_stop *stop);

/* Does what the actor's request says. Only the run queue calls it. */
void fab_life_obey(struct fab_core *core, struct fab_slot *slot);

/* Runs a suspended actor again. As myc_restart. */
enum myc_status fab_life_restart(struct fab_core *core, struct fab_slot *slot);

/* SPAWN and SPAWNED have come. False: refused. */
bool fab_spawn_receive(struct fab_core *core, struct fab_link *link, const void *body);
bool fab_spawn_outcome(struct fab_core *core, struct fab_link *link, const void *body);

#endif
