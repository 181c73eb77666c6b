/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The inside of a core, for the files of this folder.
 *
 * What the parts may use of each other is declared here, by the file that defines it; the parts
 * themselves (timer, ask, monitor, name) are declared in parts.h.
 */
#ifndef FAB_ACTOR_STATE_H
#define FAB_ACTOR_STATE_H

#include "actor/bounce.h"
#include "actor/core.h"
#include "actor/guard.h"
#include "actor/letter.h"
#include "actor/meter.h"
#include "actor/poller.h"
#include "actor/route.h"
#include "actor/slab.h"
#include "actor/slot.h"
#include "actor/stall.h"
#include "actor/tie.h"
#include "actor/wait_cycle.h"
#include "actor/waiter.h"
#include "base/assert.h"
#include "base/prng.h"

#include <mycelium/name.h>

struct fab_body;
struct fab_buffers;
struct fab_timers;
struct fab_asks;
struct fab_monitors;
struct fab_names;
struct fab_nodes;
struct fab_owed_table;
struct fab_watched_table;

/* Names whose holders others than this node may address: see exported.h. */
struct fab_exported {
    char (*names)[MYC_NAME_SIZE_MAX + 1];
    uint32_t count; /* 0: there is no list */
};

/* Messages that an actor handles in one turn. */
#define FAB_RUN_BATCH 64U
/* Cells kept back so that what comes over links can always be answered: see fab_core_poll. */
#define FAB_NOTICE_RESERVE 256U
/* Notices that are kept for a peer while its link is down. */
#define FAB_NOTICES_KEPT_MAX 4096U
/* Entries of the tables about back-pressure; a power of two each. */
#define FAB_WAITERS_MAX 8192U
#define FAB_FULLS_MAX   1024U
#define FAB_BOUNCES_MAX 1024U
#define FAB_DOUBTS_MAX  1024U

/* A running function of an actor: handler, init, stop, poller or frame callback. On the stack of
 * whoever calls it; they nest only where an actor spawns another. */
struct myc_self {
    struct fab_core *core;
    struct fab_slot *slot;
    struct myc_self *outer; /* who was running when this began: a parent; else NULL */
    uint64_t actor;         /* actor word of its ref */
    uint64_t origin;        /* of the message being handled; 0 none */
    uint8_t failure;        /* enum myc_status given to myc_fail; OK: none */
    bool is_stopping;       /* its stop function runs */
};

/* A claim that is open: at most one for a core. */
struct fab_claim {
    struct fab_msg *msg;         /* NULL: no claim is open */
    struct fab_cell *cell;       /* of a local receiver; else NULL */
    struct fab_link *link;       /* of a remote one; else NULL */
    struct fab_slot *slot;       /* the local receiver; NULL also: the commit drops it */
    struct fab_slot *conflating; /* the same, for whom the commit looks for the key's place */
    struct fab_body *buffer;     /* where a large body is written; else NULL */
    uint32_t lend;               /* of a large one over a link: its loan */
    bool is_lent;
};

struct fab_core {
    /* What each message needs. */
    uint64_t now_ns;
    uint64_t home;
    uint64_t home_lcore; /* the lcore in the place that it has in an actor word */
    uint64_t parts_ns;   /* no part has anything to do before: see fab_parts_due */
    struct fab_slot *slots;
    uint32_t slot_count;
    uint32_t turn;     /* counts turns; wraps */
    uint32_t run_head; /* FAB_SLOT_NONE: empty */
    uint32_t run_tail;
    struct myc_self *self; /* who runs now; NULL between handlers */
    /* The same, while all is usual with him: no claim is open, he has not failed, nobody asked for
     * an end. NULL else: the quick ways of send.c and run.c look at this alone, and what clears it
     * costs one slow round, which sets it again. */
    struct myc_self *quick;
    struct fab_stall_word running; /* the same for other threads: see stall.h */
    struct fab_claim claim;
    struct fab_cells cells;
    struct fab_link *dirty; /* links to flush */
    uint32_t held_up;       /* reasons to look closer before a message leaves: see send.c */
    uint32_t waiting;       /* records of the system lane that wait for room in their link */
    uint32_t held_back;     /* reasons to look closer when a message comes: see bounce.h */
    struct fab_core_counters counters;

    /* What coming and going needs. */
    struct fab_slot_cold *cold;
    struct fab_meters meters;
    struct fab_letters letters;
    struct fab_wait_cycles wait_cycles;
    uint32_t free_head;  /* free slots, by run_next; last in, first out */
    uint32_t slot_fresh; /* slots from here on were never used */
    uint32_t actor_count;
    bool is_stopping;
    bool is_closed; /* to messages of other nodes: see shutdown.h */
    uint8_t lcore;
    uint8_t lcore_count;

    /* The parts, each owned through its own create and destroy. */
    struct fab_routes routes;
    struct fab_slabs slabs;
    struct fab_waiters waiters;
    struct fab_bounces bounces;
    struct fab_ties ties;
    struct fab_pollers pollers;
    struct fab_stall_watchers stall_watchers;
    struct fab_guard *guard; /* not owned; NULL: none */
    struct fab_buffers *buffers;
    uint32_t notice_reserve; /* cells kept back now, up to FAB_NOTICE_RESERVE */
    uint32_t later_head;     /* actors whose batch is used up: run in the next turn */
    uint32_t later_tail;
    struct fab_timers *timers;
    struct fab_asks *asks;
    struct fab_owed_table *requests;
    struct fab_monitors *monitors;
    struct fab_watched_table *watched;
    struct fab_names *names;
    struct fab_nodes *nodes;
    struct fab_exported exported;

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

/* Who has this actor word and may be sent to; NULL: nobody on this lcore (any more). */
static inline struct fab_slot *
fab_slot_lookup(const struct fab_core *core, uint64_t actor)
{
    uint32_t index = (uint32_t)(actor >> 32) & 0xffffffU;
    struct fab_slot *slot = &core->slots[index];

    if (fab_unlikely(index >= core->slot_count || slot->address != actor))
        return NULL;
    return slot;
}

/* Ends the process: a function of mycelium/ was called outside of the handler that `self` is for.
 */
_Noreturn void fab_self_misused(const struct myc_self *self, const char *function);

/* The core of a function of mycelium/ that is being called, which must be inside its handler. */
static inline struct fab_core *
fab_self_core(const struct myc_self *self, const char *function)
{
    if (fab_unlikely(!self || self->core->self != self))
        fab_self_misused(self, function);
    return self->core;
}

/* As fab_self_core, for FAB_WITHIN (actor/guard.h). The fences are for the compiler alone: what the
 * function writes lies between its marks. */
static inline struct fab_core *
fab_self_enter(const struct myc_self *self, const char *function)
{
    struct fab_core *core = fab_self_core(self, function);

    if (fab_unlikely(core->guard != NULL)) {
        core->guard->in_fabric++;
        atomic_signal_fence(memory_order_seq_cst);
    }
    return core;
}

static inline void
fab_self_left(struct fab_core *const *core)
{
    if (fab_unlikely((*core)->guard != NULL)) {
        atomic_signal_fence(memory_order_seq_cst);
        (*core)->guard->in_fabric--;
    }
}

/* --- accepted types --------------------------------------------------------------------------- */

/* The type of a class's table with that key; NULL: the class does not accept it. */
const struct myc_type *fab_class_lookup(const struct myc_class *class_of, uint32_t key);

bool fab_slot_accepts_slow(struct fab_slot *slot, uint32_t key);

/* Whether it is known already that messages of that type reach the actor's handler. */
static inline bool
fab_slot_accepts_quickly(const struct fab_slot *slot, const struct myc_type *type)
{
    uint32_t key = fab_type_key(type);

    return slot->accepted_key == key && key != 0;
}

/* Whether messages of that type reach the actor's handler. */
static inline bool
fab_slot_accepts(struct fab_slot *slot, uint32_t key)
{
    return (fab_likely(slot->accepted_key == key) && key != 0) || fab_slot_accepts_slow(slot, key);
}

/* --- slot.c ----------------------------------------------------------------------------------- */

/* A slot for a new actor, with its generation, in state STARTING; NULL: all are taken. */
struct fab_slot *fab_slot_pop(struct fab_core *core);

/* Changes its state, and with it whether it may be sent to. */
void fab_slot_become(struct fab_core *core, struct fab_slot *slot, enum fab_slot_state state);

/* Gives a slot back; one that is still on the run queue only when it is popped there. */
void fab_slot_push(struct fab_core *core, struct fab_slot *slot);

/* Whether a batch of the slot that is over changes its meter. */
static inline bool
fab_meter_is_due(const struct fab_core *core, const struct fab_slot *slot, uint32_t done)
{
    const struct fab_meter *meter = &core->meters.of[fab_slot_index(core, slot)];

    return done > meter->high_water || (meter->mark_left | slot->message_count) != 0;
}

/* --- memory at start ------------------------------------------------------------------------- */

/* Zeroed memory, aligned to a cache line; NULL when there is none. Only within create. */
void *fab_core_alloc(struct fab_core *core, size_t size);
void fab_core_free(struct fab_core *core, void *pointer);

/* --- route.c: the one place that knows how far a ref is --------------------------------------- */

static inline bool
fab_is_here(const struct fab_core *core, struct myc_ref ref)
{
    return ref.home == core->home && (ref.actor ^ core->home_lcore) >> 56 == 0;
}

/* OK with *link NULL: on this lcore. OK with a link: over it. GONE: its node has restarted since.
 * UNREACHABLE: no link leads there now. */
enum myc_status fab_route(const struct fab_core *core, struct myc_ref ref, struct fab_link **link);

/* The same on the quick way of send.c: the link, or NULL for whatever else it is. One that is down
 * has no window. */
static inline struct fab_link *
fab_route_quick(const struct fab_core *core, struct myc_ref ref)
{
    const struct fab_route_entry *entry;

    if (ref.home == core->home)
        return core->routes.own[ref.actor >> 56];
    entry = fab_route_find(&core->routes, fab_route_key(ref.home, myc_ref_lcore(ref)));
    return entry->home == ref.home ? entry->link : NULL;
}

/* The link that last led to that ref and may be down; NULL: none, or its node has restarted. */
struct fab_link *fab_route_broken(const struct fab_core *core, struct myc_ref ref);

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

/* A link came up or went down: routes, and all that follows from it. */
void fab_link_up(struct fab_core *core, struct fab_link *link);
void fab_link_down(struct fab_core *core, struct fab_link *link);

/* Calls `each` for every known link that is up. */
void fab_links_each(struct fab_core *core,
                    void (*each)(struct fab_core *core, struct fab_link *link, void *context),
                    void *context);

/* The state of a link that is known. */
static inline struct fab_link_state *
fab_link_state(struct fab_core *core, const struct fab_link *link)
{
    return &core->routes.states[link->index];
}

/* --- send.c ----------------------------------------------------------------------------------- */

/* A message to be sent, whoever asks for it. */
struct fab_outgoing {
    struct myc_ref to;
    const struct myc_type *type;
    const void *body; /* NULL: claim only; fab_claim_commit sends it */
    uint32_t size;
    uint8_t kind;   /* enum fab_msg_kind */
    uint32_t flags; /* enum myc_send_flag */
    uint32_t margin;
    uint64_t tag;
    uint64_t ttl_ns;
    uint64_t origin;
    struct fab_body *buffer; /* holds the body; NULL: it fits into the record, or has none yet */
};

/* The one dispatch: finds the way, claims a record there, fills it and commits it. Counts what it
 * refuses. As myc_send. */
enum myc_status fab_send(struct myc_self *self, const struct fab_outgoing *outgoing);

/* myc_send and myc_send_claim in all their ways: see quick.c for the usual ones. */
enum myc_status fab_send_any(struct myc_self *self, struct myc_ref to, const struct myc_type *type,
                             const void *body, uint32_t size);
enum myc_status fab_claim_any(struct myc_self *self, struct myc_ref to, const struct myc_type *type,
                              uint32_t size, void **body);

/* Sends a reply (kind REPLY, tag = the ask's id) on the system lane; on this lcore it uses the cell
 * that the ask has reserved. `has_reserved`: as for fab_link_post. OK; GONE; UNREACHABLE; TOO_BIG;
 * NO_MEMORY. */
enum myc_status fab_send_reply(struct myc_self *self, struct myc_request request,
                               const struct myc_type *type, const void *body, uint32_t size,
                               bool *has_reserved);

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
