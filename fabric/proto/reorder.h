/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The receiving ends of the streams: which record each waits for, and the records that came before
 * their turn.
 *
 * What is in order never comes here, but goes from the frame to its receiver. What is early is
 * copied into cells of one credit unit each, found again by stream and number through a hash
 * table, and gathered when its turn comes. There are as many cells as units were granted, so a peer
 * that keeps to its credit always finds room; one that does not is refused.
 */
#ifndef FAB_PROTO_REORDER_H
#define FAB_PROTO_REORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/frame.h"

struct fab_stream_in {
    uint32_t next;    /* number of the record that it waits for */
    uint32_t waiting; /* early records that are kept */
};

enum fab_reorder_verdict {
    FAB_REORDER_KEPT = 0,
    FAB_REORDER_DUPLICATE, /* kept already */
    FAB_REORDER_NO_ROOM,   /* the lane's units are used up */
};

struct fab_reorder {
    struct fab_stream_in streams[FAB_STREAM_COUNT];
    uint32_t used[FAB_LANE_COUNT]; /* units */
    uint32_t limit[FAB_LANE_COUNT];
    uint8_t *cells;       /* FAB_CREDIT_UNIT bytes each; not owned */
    uint32_t *next_cell;  /* of the same chunk, or of the free list */
    uint32_t *next_chunk; /* of the same bucket; for first cells */
    uint32_t *buckets;    /* first cells; bucket_mask + 1 */
    uint32_t bucket_mask;
    uint32_t free_first;
    uint32_t cell_count;
};

/* Bytes of memory that the cells and tables for so many units need; a multiple of 64. */
size_t fab_reorder_memory_size(const uint32_t limit[FAB_LANE_COUNT]);

/* `memory`: fab_reorder_memory_size bytes aligned to 64, owned by the caller for its life. */
void fab_reorder_init(struct fab_reorder *reorder, void *memory,
                      const uint32_t limit[FAB_LANE_COUNT]);

/* Forgets all that is kept; each stream waits for `first` next. */
void fab_reorder_reset(struct fab_reorder *reorder, uint32_t first);

/* Keeps a copy of an early chunk. */
enum fab_reorder_verdict fab_reorder_keep(struct fab_reorder *reorder,
                                          const struct fab_chunk *chunk);

/*
 * Copies the record that the stream waits for, if it is kept. `scratch`: FAB_FRAME_SIZE_MAX bytes
 * aligned to 8, gets chunk header and record. Returns the copy; NULL: it is not there.
 */
const struct fab_chunk *fab_reorder_peek(struct fab_reorder *reorder, uint8_t stream,
                                         void *scratch);

/* Whether that chunk is kept. */
bool fab_reorder_has(struct fab_reorder *reorder, uint8_t stream, uint32_t number);

/* Writes the last word of the record of a kept chunk, whose record is a multiple of 8 long. */
void fab_reorder_set_last_word(struct fab_reorder *reorder, uint8_t stream, uint32_t number,
                               uint64_t word);

/* Calls `each` with a copy, in scratch, of every chunk that is kept, in no order. */
void fab_reorder_each(struct fab_reorder *reorder,
                      void (*each)(void *context, const struct fab_chunk *chunk), void *context,
                      void *scratch);

/* Forgets a kept chunk. */
void fab_reorder_drop(struct fab_reorder *reorder, const struct fab_chunk *chunk);

#endif
