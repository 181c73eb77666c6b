/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The carrier interface: what links two lcores, seen from one of them.
 *
 * A link carries message records (wire/message.h) in order from this lcore to one lcore elsewhere
 * and back. Three carriers implement it: ring (same process), segment (same host), flow (other
 * host). The actor core knows nothing else of them; no code but a carrier asks how far away a peer
 * is.
 *
 *      core --claim/commit/flush--> [ link ] ====> [ link' ] --sink--> core'
 *
 * Sending: claim gives memory for one whole record at its destination (ring slot, send buffer); the
 * caller writes header, extensions and body there and commits. A claim that is not committed is
 * forgotten by the next one and by a flush. Commits become visible at flush, at the end of the
 * turn, or earlier when the carrier's burst is full.
 *
 * A carrier may keep a *window* open: places in a row for records of at most FAB_RING_SLOT_SIZE
 * bytes of the user lane, which the core fills without asking (fab_link_take). What was taken
 * counts as committed, in order; whatever else is asked of the carrier, it looks first at how much
 * was. An empty window is always right: then there is claim.
 *
 * The lanes (wire/lane.h) share the one order. USER is refused (FULL) before the reserve is
 * touched; REPLY and SYSTEM may use it. A core keeps what does not fit even there and tries again.
 *
 * Receiving: whoever polls (a link of its own, or a port for many flows) hands each record to the
 * sink, once and in order. A record is borrowed: it is valid until the sink returns.
 *
 * Polling: a link is asked (ops->poll) unless its bell says that nothing has come and nobody has
 * gone, so that of many links those that are idle cost a few instructions each.
 *
 * Every function here is called only by the lcore that owns the link. Pure: no DPDK type appears.
 */
#ifndef FAB_LINK_LINK_H
#define FAB_LINK_LINK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/fault_point.h"
#include "link/slot.h"
#include "wire/lane.h"
#include "wire/message.h"

#include <mycelium/status.h>

struct fab_link;

enum fab_level {
    FAB_LEVEL_RING = 1,
    FAB_LEVEL_SEGMENT = 2,
    FAB_LEVEL_FLOW = 3,
};

/* What a link tells its core. `context` is the core. All are called on the owner lcore, from within
 * poll, and may send (claim, commit) on any link of this lcore, but not poll. */
struct fab_link_sink {
    void (*on_message)(void *context, struct fab_link *link, const struct fab_msg *msg);
    /* The other end is there (again): peer_home and peer_lcore are set. For a link that was down it
     * is a new epoch. */
    void (*on_up)(void *context, struct fab_link *link);
    /* The other end is gone: called once for each on_up, after the last on_message of the epoch. */
    void (*on_down)(void *context, struct fab_link *link, enum myc_status reason);
    /* Before on_down: each record sent and not known to have arrived, in order. */
    void (*on_in_doubt)(void *context, struct fab_link *link, const struct fab_msg *msg);
    /* Large bodies that a link does not pass by reference but in parts (a flow). Memory for `size`
     * bytes to come: sets where, and the name that on_message's record will have for it. False:
     * there is none now. */
    bool (*on_body_wanted)(void *context, uint32_t size, uint8_t **bytes, uint64_t *name);
    /* That memory is not needed after all. */
    void (*on_body_dropped)(void *context, uint64_t name);
    /* All of a body that was lent has arrived, and no frame of it is left here: `loan` is over. Not
     * called when the link goes down before. */
    void (*on_body_sent)(void *context, struct fab_link *link, uint64_t loan);
    /* `loan` ends soon, for the link goes down, but the port still has frames of the body: it must
     * stay as it is until on_body_dropped with the name that is returned. */
    uint64_t (*on_body_kept)(void *context, struct fab_link *link, uint64_t loan);
    /* A claim was refused with FULL before, and at least a quarter of the link has room again. */
    void (*on_room)(void *context, struct fab_link *link);
};

/* How the clock at the other end stands to ours. */
struct fab_link_clock {
    bool is_same;      /* one clock: the rest is 0 */
    int64_t offset_ns; /* theirs minus ours */
    uint64_t error_ns; /* by how much that may be wrong */
};

struct fab_link_ops {
    /* `stride` is fab_msg_stride of the record to be. `to` is its receiver's actor word (a flow
     * picks the stream by it). OK; FULL; TOO_BIG; UNREACHABLE (not up). */
    enum myc_status (*claim)(struct fab_link *link, enum fab_lane lane, uint32_t stride,
                             uint64_t to, struct fab_msg **record);
    /* The same for a record whose body of `size` bytes stands in a buffer (FAB_MSG_HAS_BUFFER).
     * NULL: claim does for those, too. */
    enum myc_status (*claim_large)(struct fab_link *link, uint32_t stride, uint64_t to,
                                   uint32_t size, struct fab_msg **record);
    void (*commit)(struct fab_link *link);
    /* Makes all that was committed visible to the other side. */
    void (*flush)(struct fab_link *link, uint64_t now_ns);
    /* At most `budget` records to the sink; also notices death and room. Returns work done. NULL
     * for a link that is fed by a port. */
    unsigned (*poll)(struct fab_link *link, unsigned budget, uint64_t now_ns);
    /* False: not known (yet). NULL: there is one clock for both ends. */
    bool (*clock)(const struct fab_link *link, uint64_t now_ns, struct fab_link_clock *clock);
    /* Tells the other side that we leave, hands back what was received; no sink call follows. It is
     * the owner lcore's last touch, so never from within a sink call. The memory belongs to whoever
     * created it and is freed by the carrier's own destroy. */
    void (*close)(struct fab_link *link);
};

/* Counted by the carrier; read by anybody for display. */
struct fab_link_counters {
    uint64_t sent;        /* records committed */
    uint64_t received;    /* records handed to the sink */
    uint64_t full;        /* claims refused with FULL */
    uint64_t too_big;     /* claims refused with TOO_BIG */
    uint64_t unreachable; /* claims refused with UNREACHABLE */
    uint64_t bad_records; /* records from the other side that were not valid */
};

/* Places that the core may fill without a claim; opened and closed by the carrier. */
struct fab_window {
    uint8_t *next;        /* of the next record; not owned */
    uint32_t left;        /* records that certainly have a place */
    uint32_t slack, mask; /* from a body's size to the next place: see fab_window_shape */
};

#define FAB_LINK_ASK UINT64_MAX

/* Where the other end makes itself heard, for whoever polls many links of which most are quiet. A
 * carrier that has no such words leaves them all 0, and is asked each time. */
struct fab_bell {
    const _Atomic uint32_t *news; /* changes when there is something to receive; not owned */
    const _Atomic uint32_t *end;  /* not 0: the other end has gone; not owned */
    /* What *news was when all before had been taken; FAB_LINK_ASK: there is more to a poll than
     * these two words tell. */
    uint64_t known;
};

/* Names whose holders are all that the other end of a link may reach. Nothing in it is owned. */
struct fab_reach {
    const char *const *names;
    uint32_t count;
};

/* The head of every carrier's own struct. */
struct fab_link {
    const struct fab_link_ops *ops;
    struct fab_bell bell;
    struct fab_window window;
    const struct fab_link_sink *sink;
    void *core;         /* the sink's context; not owned */
    uint64_t peer_home; /* home word of the other end; 0 while it is not known */
    uint8_t peer_lcore;
    uint8_t peer_lcore_count; /* lcores of the other node; 0 while not known */
    uint32_t large_max;       /* bytes of the largest body that goes over it in a buffer; 0: none */
    const uint8_t *own_heap;  /* bodies that this end lends; the core's field; not owned */
    const uint8_t *peer_heap; /* ring, segment: bodies that the other end lends; not owned */
    uint64_t peer_heap_size;
    const struct fab_reach *reach; /* whom the other end may reach; NULL: everybody; not owned */
    enum fab_level level;
    bool is_up;
    bool is_dirty;  /* committed and not flushed: on the core's flush list; the core's field */
    uint16_t index; /* place in the core's table of links; the core's field */
    struct fab_link *dirty_next; /* the core's field */
    struct fab_link_counters counters;
};

/* How much a core takes in one poll. What is beyond it stays with the link or in its flow. */
struct fab_room {
    uint32_t records;  /* of any lane */
    uint32_t messages; /* of the user lane among them; fewer while many notices wait to leave */
};

static inline uint32_t
fab_smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Slots that a window may have: of those that are free all but the reserve, as far as the burst is
 * not full and the slots follow one another. */
static inline uint32_t
fab_window_slots(uint32_t free_slots, uint32_t reserve, uint32_t burst_left, uint32_t row_left)
{
    uint32_t slots = free_slots > reserve ? free_slots - reserve : 0;

    return fab_smaller(fab_smaller(slots, burst_left), row_left);
}

/* Records of this carrier begin `gap` bytes behind the end of the one before, at multiples of
 * `unit` bytes from the first: a power of two. */
static inline void
fab_window_shape(struct fab_window *window, uint32_t gap, uint32_t unit)
{
    window->slack = FAB_MSG_HEADER_SIZE + gap + unit - 1U;
    window->mask = 0U - unit;
}

/* Takes the next place of the window, which is not empty, for a record without extensions and with
 * a body of `size` bytes: to be filled before anything else is asked of the link. */
static inline struct fab_msg *
fab_link_take(struct fab_link *link, uint32_t size)
{
    uint8_t *place = link->window.next;

    link->window.next = place + ((size + link->window.slack) & link->window.mask);
    link->window.left--;
    FAB_FAULT_POINT(WINDOW);
    fab_ring_prefetch_ahead(place, 1);
    return (struct fab_msg *)(void *)place;
}

/* Whether a poll would find nothing. Orders nothing: what is read of the other end is read after
 * the carrier's own look at these words. */
static inline bool
fab_link_is_quiet(const struct fab_link *link)
{
    const struct fab_bell *bell = &link->bell;

    return atomic_load_explicit(bell->news, memory_order_relaxed) == bell->known &&
           atomic_load_explicit(bell->end, memory_order_relaxed) == 0;
}

/* Something that the lcore loop polls: a link, a port, a control ring. */
struct fab_pollable {
    unsigned (*poll)(void *context, struct fab_room room, uint64_t now_ns);
    /* At the end of the turn, after the links' flushes: what still waits to leave (acknowledgements
     * that no reply took along, raw frames) does. Calls no sink. NULL: nothing waits. */
    void (*flush)(void *context, uint64_t now_ns);
    void *context; /* not owned */
};

#endif
