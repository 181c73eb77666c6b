/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Slots: where actors live on an lcore.
 *
 * What a message needs is one cache line (struct fab_slot); what coming and going needs is in a
 * second array, so that ten million sleeping actors cost the hot path nothing. A slot's generation
 * grows with each actor; the free list is LIFO; a slot whose generations are used up is retired.
 *
 *      FREE --spawn--> STARTING --init OK--> RUNNING --stop, kill, failure--> ENDING --> FREE
 *                          |                 |    ^                             ^
 *                          |       failed or |    | restart                     |
 *                     init not OK    ended   v    |                             |
 *                          |              SUSPENDED (supervised) --release, stop-+
 *                          +-----> FREE
 */
#ifndef FAB_ACTOR_SLOT_H
#define FAB_ACTOR_SLOT_H

#include <assert.h>

#include "actor/cell.h"

#include <mycelium/actor.h>

#define FAB_SLOT_NONE UINT32_MAX /* no slot, and no entry of a part's list */

enum fab_slot_state {
    FAB_SLOT_FREE = 0,  /* nobody lives here */
    FAB_SLOT_RETIRED,   /* nobody will */
    FAB_SLOT_ENDING,    /* its stop function runs; sends to it answer GONE */
    FAB_SLOT_STARTING,  /* its init runs; may already be sent to */
    FAB_SLOT_RUNNING,   /* handles messages */
    FAB_SLOT_SUSPENDED, /* supervised and failed or ended: messages wait for the parent's decision
                         */
};

enum fab_slot_flag {
    FAB_SLOT_IS_QUEUED = 1 << 0,     /* on the run queue */
    FAB_SLOT_IS_SUPERVISED = 1 << 1, /* the parent gets ChildExited and decides */
    FAB_SLOT_HAS_BECOME = 1 << 2,    /* its class has changed: see become.h */
    FAB_SLOT_HAS_WAITERS = 1 << 3,   /* somebody was told FULL: look when it drains */
    FAB_SLOT_HAS_URGENT = 1 << 4,    /* urgent_tail is set */
    FAB_SLOT_HAS_PORTS = 1 << 5,     /* listens to a port */
    FAB_SLOT_HAS_POLLERS = 1 << 6,
    FAB_SLOT_ACCEPTS_ANY = 1 << 7,
};

enum fab_slot_request {
    FAB_REQUEST_NONE = 0,
    FAB_REQUEST_STOP,    /* end: its stop function runs; a class may handle it itself */
    FAB_REQUEST_END,     /* it stops itself */
    FAB_REQUEST_FAIL,    /* its handler has failed: as a stop, but counted as failed */
    FAB_REQUEST_KILL,    /* end at once: no stop function */
    FAB_REQUEST_RELEASE, /* suspended: its parent lets it go */
};

/* Beside enum myc_overflow: the mailbox takes nothing more, senders are told GONE (drain.h). */
#define FAB_OVERFLOW_CLOSED 0x80U

/* The hot line. */
struct fab_slot {
    union {
        /* The actor word of whoever may be sent to here: one look says whether a ref is of him. */
        uint64_t address;
        struct {
            uint32_t generation; /* of the actor that lives here, or the last that did */
            uint32_t place;      /* lcore and slot; FAB_SLOT_CLOSED: nobody may be sent to */
        };
    };
    uint8_t state;       /* enum fab_slot_state; changed by fab_slot_become alone */
    uint8_t flags;       /* enum fab_slot_flag */
    uint8_t request;     /* enum fab_slot_request; a greater one replaces a smaller */
    uint8_t reason;      /* enum myc_status, of the request */
    uint8_t overflow;    /* enum myc_overflow, FAB_OVERFLOW_CLOSED */
    uint8_t batch_count; /* messages handled in the turn of batch_turn */
    uint16_t batch_turn; /* lower half of the number of a turn */
    const struct myc_class *class_of;
    void *actor;            /* the state that the class's functions get */
    struct fab_cell *head;  /* oldest message or event */
    struct fab_cell *tail;  /* newest; only valid with a head */
    uint32_t message_count; /* user messages that wait; events are not counted */
    uint32_t message_max;   /* above it the policy is asked; 0 when it always is: see overflow.h */
    uint32_t accepted_key;  /* type key that was last found in `accepts`; 0: none */
    uint32_t run_next;      /* next slot on the run queue; FAB_SLOT_NONE at its end */
};

static_assert(sizeof(struct fab_slot) == FAB_CACHE_LINE, "one line");

/* The cold line. Lists of the parts begin here, by index into the part's own table, FAB_SLOT_NONE
 * when empty; each part alone reads and writes its own. */
struct fab_slot_cold {
    uint64_t parent;              /* actor word, of this node; 0: none */
    struct fab_policy *policy;    /* owned; the state slab's; NULL: it needs none: see overflow.h */
    struct fab_cell *urgent_tail; /* last urgent message of the mailbox */
    void *args;         /* owned; the state slab's; NULL: none. Kept only for supervised actors */
    uint32_t args_size; /* bytes */
    uint32_t first_timer;
    uint32_t first_ask;
    uint32_t first_monitor; /* watches of others, and links */
    uint32_t first_watcher; /* others that watch it */
    uint32_t first_name;
    uint32_t first_waiter; /* senders here to be told when it has room */
    uint32_t first_tie;    /* its parent and children: see tie.h */
};

static_assert(sizeof(struct fab_slot_cold) == FAB_CACHE_LINE, "one line");

static_assert(offsetof(struct fab_slot, place) == 4, "the address is one little-endian word");

#define FAB_SLOT_CLOSED UINT32_MAX /* in `place`: no lcore has the index 255 */

/* Whether messages may be sent to it. */
static inline bool
fab_slot_is_alive(const struct fab_slot *slot)
{
    return slot->state >= FAB_SLOT_STARTING;
}

#endif
