/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The end of one lcore: its links over a port, and what makes their flows go.
 *
 *      begin:   what the last turn left -> frames out
 *      poll:    frames in -> timers
 *      flush:   (a link's)              -> its frames out
 *      finish:  the end of the turn     -> acknowledgements that no reply took along out
 *
 * The core says with each poll how many records it has room for. Frames are read all the same,
 * because they carry acknowledgements and signs of life, on which that room may depend: records
 * beyond it stay in their flows and are offered first in the next poll.
 *
 * A flow that was fed, written to or is due is *touched*: it is asked for frames until it has none.
 * Without a buffer or room it stays touched, and is asked again in the next turn.
 *
 * An lcore that does not poll the port may have a queue of it for itself (flow_queue.h).
 */
#ifndef FAB_LINK_FLOW_END_H
#define FAB_LINK_FLOW_END_H

#include "link/flow_link.h"

#define FAB_FLOW_END_BURST      32U /* records and frames of one poll, but for the last frame's */
#define FAB_FLOW_END_FRAMES_MIN 4U  /* of one poll, without room for their records */
#define FAB_FLOW_QUEUE_NONE     UINT16_MAX
#define FAB_FLOW_END_PAUSE_NS   1000000U /* without a poll, from which on it was a pause */
#define FAB_FLOW_END_RETRY_NS   20000U   /* until a flow that had no buffer is looked at again */

#define FAB_FLOW_HOLDS 256U /* bodies that leave from the heap at one time */

struct fab_flow_hold;
struct rte_mbuf;
struct rte_mempool;
struct rte_ring;
struct fab_flow_port;
struct fab_flow_queue;

/* clang-format off */
#define FAB_FLOW_END_COUNTERS(X)                                                                   \
    X(frames_cut, "flow frames shorter than their header")                                         \
    X(frames_foreign, "flow frames of a node or lcore that no link leads to")                      \
    X(no_mbufs, "times that a flow had to wait for a buffer")                                      \
    X(no_room, "times that a flow had to wait for room on the way to the port")                    \
    X(frames_steered, "flow frames that came by the queue of their lcore, without a ring")         \
    X(frames_strayed, "frames that came by an lcore's queue and were not for it")                  \
    X(strays_full, "of them, those dropped because the port's lcore took too few")                 \
    X(checksums_offloaded, "frames whose UDP checksum was left to the card")                       \
    X(records_left, "records whose receiver closed the link before it had room for them")          \
    X(peer_lcores_excess, "lcores of peers that no link was reserved for")                         \
    X(suspects, "times that a peer became suspect")                                                \
    X(mtu_mismatches, "epochs with a peer whose port has another MTU than ours")                   \
    X(mtu_short_paths, "epochs whose frames are smaller than both ports would take")               \
    X(frames_second, "flow frames whose copy had come over the other port (A/B)")                  \
    X(copies_left, "copies of flow frames not sent here for want of a buffer or room (A/B)")       \
    X(paths_lost, "times that a flow heard nothing by this port, and by the other it did (A/B)")   \
    X(paths_back, "times that such a flow heard by this port again (A/B)")                         \
    X(parts_attached, "parts of bodies that left from the heap, without a copy")                   \
    X(parts_unattached, "parts copied because no buffer was free to attach, or for a second port") \
    X(parts_astride, "parts copied because a card does not see them in one piece")                 \
    X(bodies_held, "bodies that had to be kept because the device still had frames of them")       \
    X(origins_unrelated, "messages whose time of cause was left out: no clock to go by")
/* clang-format on */

struct fab_flow_end_counters {
#define FAB_FLOW_END_COUNTER(name, text) uint64_t name;
    FAB_FLOW_END_COUNTERS(FAB_FLOW_END_COUNTER)
#undef FAB_FLOW_END_COUNTER
};

struct fab_flow_end {
    struct fab_flow_port *port; /* not owned */
    struct rte_mempool *pool;   /* the port's: buffers of what this lcore sends */
    struct fab_flow_tail tail;  /* of the frame that a flow has just prepared */
    struct rte_mbuf *spare;     /* taken, and not needed by the flow asked last */
    struct rte_ring *from_port; /* owned; NULL on the lcore that polls the port */
    struct rte_ring *to_port;
    struct fab_flow_link *touched;   /* a list; its order does not matter */
    struct fab_flow_link *news;      /* likewise: links whose epoch began or ended */
    struct fab_flow_link *refused;   /* likewise: links that keep records for want of room */
    struct fab_flow_heap heap;       /* its array is owned */
    struct fab_flow_link *links;     /* owned: [peer][lcore of the peer] */
    void *flow_memory;               /* owned */
    void *store_memory;              /* owned: what the flows share */
    struct fab_flow_second *seconds; /* owned: likewise, of peers whose second path leads here */
    struct fab_flow_queue *own;      /* owned; NULL: has no queue, or polls the port */
    uint32_t link_count;
    uint16_t queue; /* of the port, whose lcore this is; FAB_FLOW_QUEUE_NONE: it has none */
    uint8_t lcore;
    bool is_local;                      /* polls the port */
    uint32_t records;                   /* handed to the sink in this poll */
    struct fab_room room;               /* of the core for this poll */
    uint64_t now_ns;                    /* of the last poll */
    uint64_t pause_ns;                  /* between it and the one before */
    uint64_t own_absent_ns;             /* all pauses that were long ones */
    struct fab_presence presence;       /* with those of the lcore by which its frames come */
    struct rte_mempool *shells;         /* the port's, see flow_hold.h; NULL: parts are copied */
    struct fab_flow_hold *holds;        /* FAB_FLOW_HOLDS of the port's memory; NULL likewise */
    struct fab_flow_hold *hold_free;    /* a list */
    struct fab_flow_hold *hold_waiting; /* likewise: those that wait for their frames */
    struct fab_granter granter;         /* of large bodies, for all flows of this end */
    struct fab_flow_config flow_config; /* what the flows of this end have in common */
    struct fab_flow_end_counters counters;
} FAB_ALIGNED_TO_LINE;

/* A flow frame that came. */
struct fab_flow_payload {
    const void *bytes; /* UDP payload; stays the caller's */
    uint32_t size;
    bool is_marked; /* with the network's mark of congestion */
};

void fab_flow_end_receive(struct fab_flow_end *end, const struct fab_flow_payload *payload,
                          uint64_t now_ns);

/* Begins a poll, in which the core takes so much: what waited for room is offered, and what was
 * touched since the last poll and not flushed says what it has to say, such as an acknowledgement
 * that no reply took along. Returns work done. */
unsigned fab_flow_end_begin(struct fab_flow_end *end, struct fab_room room, uint64_t now_ns);

/* Whether the poll may take another frame, after `frames`: a few also without room for records,
 * for what else they carry. */
static inline bool
fab_flow_end_may_receive(const struct fab_flow_end *end, unsigned frames)
{
    if (end->records + frames >= FAB_FLOW_END_BURST)
        return false;
    return end->records < end->room.messages || frames < FAB_FLOW_END_FRAMES_MIN;
}

/* Ends a turn: what was touched in it and not flushed says what it has to say, without timers,
 * because those may call the sink. */
void fab_flow_end_finish(struct fab_flow_end *end, uint64_t now_ns);

/* Ends a poll: runs what is due. Returns work done. */
unsigned fab_flow_end_run(struct fab_flow_end *end, uint64_t now_ns);

/* Puts a link on the list of those to be asked for frames. */
static inline void
fab_flow_end_touch(struct fab_flow_end *end, struct fab_flow_link *link)
{
    link->is_quiet = false;
    if (link->is_touched)
        return;
    link->is_touched = true;
    link->touched_next = end->touched;
    end->touched = link;
}

/* An epoch of the link began or ended: the end looks at it when the flow's callbacks are over. */
static inline void
fab_flow_end_news(struct fab_flow_end *end, struct fab_flow_link *link)
{
    if (link->has_news)
        return;
    link->has_news = true;
    link->news_next = end->news;
    end->news = link;
}

/* The link's peer has fallen silent. Where it is may have changed: the port asks, when its lcore is
 * ours. */
void fab_flow_end_on_silence(struct fab_flow_end *end, const struct fab_flow_link *link);

/* An epoch began with a peer that takes frames of so many bytes. */
void fab_flow_end_on_peer_mtu(struct fab_flow_end *end, struct fab_flow_link *link, uint32_t size);

/* Frames of no more than so many bytes get to a peer, though both ports take larger ones. */
void fab_flow_end_on_short_path(struct fab_flow_end *end, struct fab_flow_link *link,
                                uint32_t size);

/* What a link's flush does: its frames leave now. A timer of the flow that is due is left to the
 * next poll, because it may call the sink. */
void fab_flow_end_flush(struct fab_flow_end *end, struct fab_flow_link *link, uint64_t now_ns);

/* Asks the links that were touched for frames. With `may_call` it does what else waits there, which
 * may call the sink; without it they stay on the list. Returns work done. */
unsigned fab_flow_end_drain(struct fab_flow_end *end, bool may_call, uint64_t now_ns);

/* Poll function of an end whose lcore does not poll the port. */
unsigned fab_flow_end_poll(void *context, struct fab_room room, uint64_t now_ns);

/* The config of the flow to one lcore of a peer. */
struct fab_flow_config fab_flow_end_config(struct fab_flow_end *end,
                                           const struct fab_flow_link *link);

#endif
