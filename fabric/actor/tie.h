/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ties: what binds a parent and its child until one of them ends.
 *
 * A *linked* pair dies together unless the end was NORMAL. A *supervised* child dies with its
 * parent, so that nobody is left without a supervisor; its own end is told by ChildExited instead.
 * Each end of a tie stands in its actor's list. On one lcore the two know each other's index; to
 * another lcore an EXIT record goes, in a cell that the tie has reserved.
 */
#ifndef FAB_ACTOR_TIE_H
#define FAB_ACTOR_TIE_H

#include "actor/slot.h"
#include "link/link.h"

struct fab_core;

enum fab_tie_kind {
    FAB_TIE_FREE = 0,
    FAB_TIE_LINKED,     /* either's abnormal end ends the other */
    FAB_TIE_SUPERVISOR, /* the peer is our child: it ends with us */
    FAB_TIE_SUPERVISED, /* the peer is our parent */
};

struct fab_tie {
    struct myc_ref peer;
    uint32_t twin; /* the peer's end of it, on this lcore; FAB_SLOT_NONE: elsewhere */
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

/* Ties a child to its parent, both here. `kind` is LINKED, or SUPERVISED for a supervised child.
 * False: the table is full. */
bool fab_tie_add(struct fab_core *core, struct fab_slot *child, struct fab_slot *parent,
                 enum fab_tie_kind kind);

/* Links an actor here to one on another lcore, which does the same. False: no entry or cell. */
bool fab_tie_add_away(struct fab_core *core, struct fab_slot *slot, struct myc_ref peer);

/* The actor has ended: whoever is tied to it hears, or ends too. */
void fab_ties_on_end(struct fab_core *core, struct fab_slot *slot, enum myc_status reason);

/* The actor has ended, and may run again under its ref: whoever is below it or linked to it hears,
 * or ends too, as if it were gone; only the tie to its own parent stays. */
void fab_ties_on_suspend(struct fab_core *core, struct fab_slot *slot, enum myc_status reason);

/* EXIT has come: the peer of a link has ended. */
void fab_tie_on_exit(struct fab_core *core, struct fab_slot *slot, struct myc_ref peer,
                     enum myc_status reason);

#endif
