/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The inside of a core, for the files of this folder.
 *
 * What the parts may use of each other is declared here, by the file that defines it; the parts
 * themselves (timer, ask, monitor, name) are declared in parts.h.
 */
#ifndef FAB_ACTOR_STATE_H
#define FAB_ACTOR_STATE_H

#include "actor/core.h"
#include "actor/slot.h"
#include "base/assert.h"
#include "base/prng.h"

struct fab_timers;
struct fab_asks;
struct fab_monitors;
struct fab_names;
struct fab_pollers;
struct fab_slabs;
struct fab_waiters;
struct fab_bounces;
struct fab_routes;

/* A running function of an actor: handler, init, stop, poller or frame callback. On the stack of
 * whoever calls it; they nest only where an actor spawns another. */
struct myc_self {
    struct fab_core *core;
    struct fab_slot *slot;
    uint64_t actor;     /* actor word of its ref */
    uint64_t origin_ns; /* of the message being handled; 0 none */
    uint8_t failure;    /* enum myc_status given to myc_fail; OK: none */
    bool is_stopping;   /* its stop function runs */
};

/* A claim that is open: at most one for a core. */
struct fab_claim {
    struct fab_msg *msg;   /* NULL: no claim is open */
    struct fab_cell *cell; /* of a local receiver; else NULL */
    struct fab_link *link; /* of a remote one; else NULL */
    struct fab_slot *slot; /* the local receiver */
};

struct fab_core {
    /* What each message needs. */
    uint64_t now_ns;
    uint64_t home;
    uint64_t home_lcore; /* the lcore in the place that it has in an actor word */
    struct fab_slot *slots;
    uint32_t slot_count;
    uint32_t turn;     /* counts turns; wraps */
    uint32_t run_head; /* FAB_SLOT_NONE: empty */
    uint32_t run_tail;
    struct myc_self *self; /* who runs now; NULL between handlers */
    struct fab_claim claim;
    struct fab_cells cells;
    struct fab_link *dirty; /* links to flush */
    struct fab_core_counters counters;

    /* What coming and going needs. */
    struct fab_slot_cold *cold;
    uint32_t free_head;  /* free slots, by run_next; last in, first out */
    uint32_t slot_fresh; /* slots from here on were never used */
    uint32_t actor_count;
    bool is_stopping;
    uint8_t lcore;
    uint8_t lcore_count;

    /* The parts, each owned through its own create and destroy. */
    struct fab_routes *routes;
    struct fab_slabs *slabs;
    struct fab_waiters *waiters;
    struct fab_bounces *bounces;
    struct fab_pollers *pollers;
    struct fab_timers *timers;
    struct fab_asks *asks;
    struct fab_monitors *monitors;
    struct fab_names *names;

    struct fab_prng prng;
    struct fab_core_config config; /* limits with the defaults filled in */
    struct fab_core_memory memory;
};

/* --- refs ------------------------------------------------------------------------------------ */

static inline uint32_t
fab_slot_index(const struct fab_core *core, const struct fab_slot *slot)
{
    return (uint32_t)(slot - core->slots);
}

static inline struct fab_slot_cold *
fab_slot_cold(const struct fab_core *core, const struct fab_slot *slot)
{
    return &core->cold[fab_slot_index(core, slot)];
}

/* The actor word of whoever lives in the slot. */
static inline uint64_t
fab_slot_actor(const struct fab_core *core, const struct fab_slot *slot)
{
    return core->home_lcore | (uint64_t)fab_slot_index(core, slot) << 32 | slot->generation;
}

static inline struct myc_ref
fab_slot_ref(const struct fab_core *core, const struct fab_slot *slot)
{
    return (struct myc_ref){ core->home, fab_slot_actor(core, slot) };
}

/* Who lives on this lcore under that actor word; NULL: nobody (any more). */
static inline struct fab_slot *
fab_slot_lookup(const struct fab_core *core, uint64_t actor)
{
    uint32_t index = (uint32_t)(actor >> 32) & 0xffffffU;
    struct fab_slot *slot = &core->slots[index];

    if (fab_unlikely(index >= core->slot_count || actor >> 56 != core->lcore))
        return NULL;
    if (fab_unlikely(slot->generation != (uint32_t)actor || !fab_slot_is_alive(slot)))
        return NULL;
    return slot;
}

/* Asserts that a function of mycelium/ was called from inside a handler of this core. */
static inline struct fab_core *
fab_self_core(const struct myc_self *self)
{
    FAB_ASSERT(self != NULL && self->core->self == self);
    return self->core;
}

/* --- memory at start ------------------------------------------------------------------------- */

/* Zeroed memory, aligned to a cache line; NULL when there is none. Only within create. */
void *fab_core_alloc(struct fab_core *core, size_t size);
void fab_core_free(struct fab_core *core, void *pointer);

/* --- route.c: the one place that knows how far a ref is --------------------------------------- */

/* OK with *link NULL: on this lcore. OK with a link: over it. GONE: its node has restarted since.
 * UNREACHABLE: no link leads there now. */
enum myc_status fab_route(const struct fab_core *core, struct myc_ref ref, struct fab_link **link);

/* Marks a link for the flush at the end of the turn. */
static inline void
fab_link_touch(struct fab_core *core, struct fab_link *link)
{
    if (!link->is_dirty) {
        link->is_dirty = true;
        link->dirty_next = core->dirty;
        core->dirty = link;
    }
}

/* Calls `each` for every known link that is up. */
void fab_links_each(struct fab_core *core,
                    void (*each)(struct fab_core *core, struct fab_link *link, void *context),
                    void *context);

/* --- system.c: records between cores (wire/system.h) ------------------------------------------ */

struct fab_system_record {
    uint16_t op; /* enum fab_system_op */
    /* Actor word, of the other core, with whose messages the record keeps its order: on a flow only
     * what is for one receiver is in order. A DOWN names the watcher. */
    uint64_t order;
    const void *body; /* the op's struct; not owned */
    uint32_t size;    /* bytes, 0 to FAB_CELL_BODY_SMALL */
};

/* Sends a system record over a link. When the link has no room even in its reserve the record waits
 * in a cell of ours and is sent first when there is room.
 * OK; NO_MEMORY (no cell to wait in); UNREACHABLE (the link is down: nothing was sent). */
enum myc_status fab_system_send(struct fab_core *core, struct fab_link *link,
                                const struct fab_system_record *record);

/* As fab_system_send, but with a small cell that the caller has reserved, which this takes over:
 * cannot fail, except that a link which is down swallows it (counted). */
void fab_system_send_reserved(struct fab_core *core, struct fab_link *link,
                              const struct fab_system_record *record);

/* --- event.c: what the fabric tells an actor -------------------------------------------------- */

struct fab_event {
    const struct myc_type *type;
    uint64_t tag;    /* the receiver's own */
    uint64_t source; /* id of the timer, monitor or ask: see fab_*_is_wanted; 0 none */
    const void *body;
    uint32_t size; /* bytes of body, 0 to FAB_CELL_BODY_SMALL */
};

/* Appends an event to an actor's mailbox, behind its messages. False: no cell was left. */
bool fab_event_post(struct fab_core *core, struct fab_slot *slot, const struct fab_event *event);

/* As fab_event_post with a small cell that was reserved: cannot fail. */
void fab_event_post_reserved(struct fab_core *core, struct fab_slot *slot,
                             const struct fab_event *event);

/* --- send.c ----------------------------------------------------------------------------------- */

/* A message to be sent, whoever asks for it. */
struct fab_outgoing {
    struct myc_ref to;
    const struct myc_type *type;
    const void *body; /* NULL: claim only; fab_claim_commit sends it */
    uint32_t size;
    uint8_t kind;   /* enum fab_msg_kind */
    uint32_t flags; /* enum myc_send_flag */
    uint64_t tag;
    uint64_t ttl_ns;
    uint64_t origin_ns;
};

/* The one dispatch: finds the way, claims a record there, fills it and commits it. Counts what it
 * refuses. As myc_send. */
enum myc_status fab_send(struct myc_self *self, const struct fab_outgoing *outgoing);

/* Sends a reply (kind REPLY, tag = the ask's id) on the system lane; on this lcore it uses the cell
 * that the ask has reserved. OK; GONE; UNREACHABLE; NO_MEMORY. */
enum myc_status fab_send_reply(struct myc_self *self, struct myc_request request,
                               const struct myc_type *type, const void *body, uint32_t size);

/* --- run.c ------------------------------------------------------------------------------------ */

/* Puts an actor on the run queue, once. */
static inline void
fab_run_enqueue(struct fab_core *core, struct fab_slot *slot)
{
    uint32_t index = fab_slot_index(core, slot);

    if (slot->flags & FAB_SLOT_IS_QUEUED)
        return;
    slot->flags |= FAB_SLOT_IS_QUEUED;
    slot->run_next = FAB_SLOT_NONE;
    if (core->run_head == FAB_SLOT_NONE)
        core->run_head = index;
    else
        core->slots[core->run_tail].run_next = index;
    core->run_tail = index;
}

/* Asks an actor of this lcore to end, ahead of its messages; a kill replaces a stop. */
void fab_request(struct fab_core *core, struct fab_slot *slot, enum fab_slot_request request,
                 enum myc_status reason);

#endif
