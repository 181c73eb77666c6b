/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the flows of one lcore take from in turn, so that ten thousand of them need no more memory
 * than what is on its way at one time:
 *
 *      pages    send buffers, and what is remembered of frames in flight (send_lane.h, sent_map.h)
 *      shelf    records that came before their turn (shelf.h)
 *      bodies   the state of large bodies on their way (large_out.h, large_in.h)
 *      scratch  a frame and a record that are being looked at
 *
 * All of it is counted at start. A flow that finds nothing left waits, as for any other limit: its
 * claims answer FULL, its frames stay, what comes for it is sent again.
 */
#ifndef FAB_PROTO_FLOW_STORE_H
#define FAB_PROTO_FLOW_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "proto/shelf.h"
#include "proto/pool.h"

#define FAB_FLOW_STORE_ALIGN 64U

struct fab_flow_store_config {
    uint32_t page_size;    /* bytes; fab_flow_page_size of the largest frame */
    uint32_t page_count;   /* 1 up */
    uint32_t page_reserve; /* pages that no claim takes: to send what was claimed */
    uint32_t cell_count;   /* 1 up */
    uint32_t body_count;   /* large bodies on their way out, and as many in; 0: none */
};

struct fab_flow_store {
    struct fab_pool pages;
    struct fab_shelf shelf;
    struct fab_pool bodies_out;
    struct fab_pool bodies_in;
    uint8_t
        *scratch_frame; /* FAB_FRAME_SIZE_MAX bytes: one that came at an odd address, or opened */
    uint8_t *scratch_record; /* likewise: a record whose turn has come */
};

/* Bytes of a page in which any record of a frame of so many bytes fits; a power of two. */
uint32_t fab_flow_page_size(uint32_t frame_max);

/* Bytes of memory; a multiple of FAB_FLOW_STORE_ALIGN. */
size_t fab_flow_store_size(const struct fab_flow_store_config *config);

/* `memory`: fab_flow_store_size bytes aligned to FAB_FLOW_STORE_ALIGN; the caller keeps owning them
 * and may reuse them when no flow uses the store any more. */
struct fab_flow_store *fab_flow_store_init(void *memory,
                                           const struct fab_flow_store_config *config);

struct fab_flow_config;

/*
 * What a store for `count` flows (1 up) of this config must hold; sets the config's credit_least to
 * what each of them is promised. The config then gets the store.
 */
struct fab_flow_store_config fab_flow_share(struct fab_flow_config *config, uint32_t count);

#endif
