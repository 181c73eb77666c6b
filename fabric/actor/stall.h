/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stalls: an actor that does not give its lcore back.
 *
 * The core says in two words who runs now; a watchdog on another thread (node/watchdog.h) reads
 * them together with the number of the turn. What it finds comes back to every core of the node as
 * a command, between two turns, and becomes Stalled events here: for the actor's parent, where it
 * is supervised, and for those who called myc_watch_stalls.
 */
#ifndef FAB_ACTOR_STALL_H
#define FAB_ACTOR_STALL_H

#include <stdatomic.h>

#include <mycelium/actor.h>

#define FAB_STALL_WATCHERS_MAX 16U /* actors of an lcore that may follow stalls */

struct fab_core;
struct fab_slot;

/* Who runs now. Written by the lcore, read by anybody: the class is stored first, and `actor` with
 * release, so that whoever loads it with acquire has the class of that actor or a later one. */
struct fab_stall_word {
    _Atomic uint64_t actor; /* actor word; 0: nobody */
    _Atomic(const struct myc_class *) class_of;
};

struct fab_stall_watchers {
    uint64_t actors[FAB_STALL_WATCHERS_MAX]; /* actor words; 0: free */
};

/* What the watchdog has seen. */
struct fab_stall {
    struct myc_ref actor;
    uint64_t stalled_ns; /* until it was seen */
};

/* Who runs now on this core. Context: any thread, as long as the core lives. */
const struct fab_stall_word *fab_core_stall_word(const struct fab_core *core);

/* Tells parent and watchers of this core, and counts the stalls of its own actors. Context: the
 * core's thread, between turns or within one, not inside a handler. */
void fab_core_stalled(struct fab_core *core, const struct fab_stall *stall);

/* The actor runs again under its ref: it follows no more. Who ends is forgotten by itself. */
void fab_stalls_on_restart(struct fab_core *core, const struct fab_slot *slot);

#endif
