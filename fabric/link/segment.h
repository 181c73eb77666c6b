/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The carrier of level 2: an lcore here and an lcore of another process of the host, joined by two
 * segment rings (segment_ring.h says what is shared and what is believed).
 *
 * The owner lcore sees a struct fab_link. The control thread, which made the link and alone hears
 * of the other process, talks to it through three flags:
 *
 *      control thread                              owner lcore
 *      fab_segment_link_end(reason)   --gone-->    poll: drains what was published until then,
 *                                                  in doubt, on_down
 *      fab_segment_link_is_cut()      <--cut---    poll or claim met something impossible
 *      fab_segment_link_is_released() <--released- close: the owner touches it no more
 *
 * So the memory of a link has one moment at which it may be freed: after released. Each flag is
 * stored with release and loaded with acquire.
 */
#ifndef FAB_LINK_SEGMENT_H
#define FAB_LINK_SEGMENT_H

#include "link/link.h"
#include "link/segment_ring.h"

struct fab_segment_link {
    struct fab_link link;
    struct fab_segment_producer out;
    struct fab_segment_consumer in;
    uint32_t drain_until;   /* tail of `in` when the end was noticed */
    enum myc_status reason; /* of the end; OK: none noticed yet */
    bool was_full;
    bool is_broken;                     /* the peer wrote nonsense */
    bool is_ended;                      /* on_down was said, or never will be */
    bool is_in_core;                    /* the door's, see node/control/door.h */
    struct fab_segment_link *door_next; /* the door's */
    struct fab_segment_record record;
    FAB_ALIGNED_TO_LINE _Atomic uint32_t gone; /* enum myc_status; OK: the peer is there */
    _Atomic bool is_cut;
    _Atomic bool is_released;
};

struct fab_segment_link_options {
    size_t size; /* sizeof(struct fab_segment_link_options) */
    uint64_t peer_home;
    uint8_t peer_lcore;
    uint8_t peer_lcore_count;
    uint32_t slots;                      /* of the ring from here to there */
    uint32_t peer_slots;                 /* of the ring from there to here */
    struct fab_segment_area *own;        /* not owned; zeroed, written by us */
    const struct fab_segment_area *peer; /* not owned; may be mapped read only */
    uint32_t large_max; /* bytes of the largest body that we may lend; 0: our heap is not there */
    const void *peer_heap; /* of that lcore's large messages; not owned; NULL: it has none */
    uint64_t peer_heap_size;
    const struct fab_reach *reach; /* as in struct fab_link */
};

/* Makes a link that says on_up at its first poll. OK; NO_MEMORY.
 * Context: the control thread, before the owner lcore is given it. */
enum myc_status fab_segment_link_init(struct fab_segment_link *segment,
                                      const struct fab_segment_link_options *options);

/* Context: the control thread, after the link was released (or never given away). */
void fab_segment_link_fini(struct fab_segment_link *segment);

/* The peer has left (SHUTDOWN), died or is cut off (NO_CONNECTION). Context: the control thread. */
void fab_segment_link_end(struct fab_segment_link *segment, enum myc_status reason);

/* Whether its end was noticed and told to the sink (or need not be, since it was never given to
 * one). Context: the owner lcore. */
bool fab_segment_link_is_over(const struct fab_segment_link *segment);

/* Whether the owner found nonsense from the peer. Context: the control thread. */
bool fab_segment_link_is_cut(const struct fab_segment_link *segment);

/* Whether the owner has closed it and touches it no more. Context: the control thread. */
bool fab_segment_link_is_released(const struct fab_segment_link *segment);

#endif
