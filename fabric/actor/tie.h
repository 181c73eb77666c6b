/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ties: what binds a parent and its child until one of them ends.
 *
 * A supervised child dies with its parent, so that nobody is left without a supervisor; its own end
 * is told by ChildExited instead. Each end of a tie stands in its actor's list, and the two, always
 * on one lcore, know each other's index. Links, which go anywhere, are in linked.h.
 */
#ifndef FAB_ACTOR_TIE_H
#define FAB_ACTOR_TIE_H

#include "actor/slot.h"

struct fab_core;

enum fab_tie_kind {
    FAB_TIE_FREE = 0,
    FAB_TIE_SUPERVISOR, /* the peer is our child: it ends with us */
    FAB_TIE_SUPERVISED, /* the peer is our parent */
};

struct fab_tie {
    uint32_t twin; /* the peer's end of it */
    uint32_t next; /* of the same actor, or free */
    uint32_t previous;
    uint32_t slot; /* whose list it is in */
    uint8_t kind;  /* enum fab_tie_kind */
};

struct fab_ties {
    struct fab_tie *entries; /* not owned */
    uint32_t capacity;
    uint32_t count;
    uint32_t free;
};

void fab_ties_init(struct fab_ties *ties, void *memory, uint32_t capacity);

/* Ties a supervised child to its parent, both here. False: the table is full. */
bool fab_tie_add(struct fab_core *core, struct fab_slot *child, struct fab_slot *parent);

/* The actor has ended: its children end too. */
void fab_ties_on_end(struct fab_core *core, struct fab_slot *slot);

/* The actor has ended, and may run again under its ref: its children end, as if it were gone; only
 * the tie to its own parent stays. */
void fab_ties_on_suspend(struct fab_core *core, struct fab_slot *slot);

#endif
