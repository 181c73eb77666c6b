/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table of what the actors of this lcore watch: monitors (monitor.c) and links (linked.c).
 *
 * A link is a watch on each side. It differs in what happens at its end: the core acts on the
 * peer's end in place of giving the actor a Down, and our own end is told to the peer. Each entry
 * holds a small cell from when it is made, for whatever must be said at its end; once that waits in
 * the actor's mailbox, the entry is posted and the cell is there.
 *
 * Links are in a hash by (actor, peer) too, so that two actors have one.
 */
#ifndef FAB_ACTOR_WATCH_H
#define FAB_ACTOR_WATCH_H

#include "actor/handle.h"
#include "actor/state.h"
#include "actor/watched.h"

struct fab_watch {
    struct myc_ref target;
    uint64_t peer_id; /* of a link: the id of the peer's half; 0: not known */
    uint32_t slot;    /* the watcher */
    uint32_t next;    /* of the same watcher */
    uint32_t prev;
    uint32_t chain;   /* of a link: next with the same hash */
    uint16_t link;    /* over which the target is watched; FAB_WATCHED_HERE: on this lcore */
    bool is_posted;   /* its end waits in the watcher's mailbox */
    bool is_linked;   /* half of a link */
    bool is_asked;    /* of a link: the peer's core was asked for the other half, with our id */
    bool is_answered; /* of a link that is posted: false when that LINK was still on its way */
};

struct fab_monitors {
    struct fab_watch *watches;
    struct fab_handle *entries;
    uint32_t *chains;
    struct fab_handles handles;
    uint32_t chain_mask;
};

/* Sets core->monitors: a table of `count` watches. */
enum myc_status fab_watches_create(struct fab_core *core, uint32_t count);
void fab_watches_destroy(struct fab_core *core);

static inline struct fab_watch *
fab_watch_at(const struct fab_core *core, uint32_t index)
{
    return &core->monitors->watches[index];
}

static inline uint64_t
fab_watch_id(const struct fab_core *core, uint32_t index)
{
    return fab_handles_id(&core->monitors->handles, index);
}

/* Adds a watch of that actor's and reserves its cell. False: no room for either. */
bool fab_watch_add(struct fab_core *core, struct fab_slot *slot, struct myc_ref target,
                   uint32_t *index);

/* Takes a watch out; the cell that it holds (unless it is posted) stays reserved. */
void fab_watch_remove(struct fab_core *core, uint32_t index);

/* As fab_watch_add, for half of a link. */
bool fab_watch_add_linked(struct fab_core *core, struct fab_slot *slot, struct myc_ref peer,
                          uint32_t *index);

/* The first half of a link between the two, posted or not, that comes after `before` in the chain;
 * FAB_SLOT_NONE: there is none, and as `before`: from its beginning. */
uint32_t fab_watch_lookup_linked(const struct fab_core *core, uint32_t slot, struct myc_ref peer,
                                 uint32_t before);

#endif
