/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The carrier of level 1: two lcores of one process, joined by two rte_rings, one each way.
 *
 *      lcore a  --claim/commit-->  [ rte_ring a->b ]  --sink-->  lcore b
 *               <--sink---------   [ rte_ring b->a ]  <--claim--
 *
 * Single producer, single consumer, by value, in place: a claim is a slot of the ring itself, and
 * the sink reads that same slot (rte_ring's zero-copy start and finish). The room that one look at
 * the consumer's index gives is used up before the next look, so that a burst costs one shared
 * cache line and not one for each message.
 */
#ifndef FAB_LINK_RING_H
#define FAB_LINK_RING_H

#include "link/link.h"

/* One end of the pair. */
struct fab_ring_link_end {
    int socket; /* NUMA node of the lcore's memory; -1: any */
    uint8_t lcore;
    const void *heap; /* of the lcore's large messages; not owned; NULL: none go over the ring */
    uint64_t heap_size;
};

struct fab_ring_link_options {
    size_t size;    /* sizeof(struct fab_ring_link_options) */
    uint32_t slots; /* of each ring, a power of two, FAB_RING_SLOTS_MIN to _MAX */
    uint64_t home;  /* of the node */
    uint8_t lcore_count;
    struct fab_ring_link_end a;
    struct fab_ring_link_end b;
};

/* Makes both links, up from the start. Their sinks are set by fab_core_add_link.
 * OK; INVALID (slots); NO_MEMORY. Context: before the lcores run. */
enum myc_status fab_ring_link_pair_create(const struct fab_ring_link_options *options,
                                          struct fab_link **a, struct fab_link **b);

/* Frees both. Context: when neither lcore runs. */
void fab_ring_link_pair_destroy(struct fab_link **a, struct fab_link **b);

#endif
