/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The receiving ends of the streams: which record each waits for, and the records that came before
 * their turn.
 *
 * What is in order never comes here, but goes from the frame to its receiver. What is early is
 * copied to a shelf (shelf.h) and gathered when its turn comes. A peer that keeps to its credit
 * always finds room; one that does not is refused.
 */
#ifndef FAB_PROTO_REORDER_H
#define FAB_PROTO_REORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/shelf.h"

enum fab_reorder_verdict {
    FAB_REORDER_KEPT = 0,
    FAB_REORDER_DUPLICATE, /* kept already */
    FAB_REORDER_NO_ROOM,   /* the lane's units are used up */
};

struct fab_reorder {
    struct fab_shelf *shelf; /* not owned, shared */
    uint32_t name;           /* of this owner of cells on it */
    uint32_t kept;           /* first cell of one of the chunks that are kept; FAB_SHELF_NONE */
    uint32_t used[FAB_LANE_COUNT];   /* units */
    uint32_t next[FAB_STREAM_COUNT]; /* number of the record that each stream waits for */
};

/* `shelf` must outlive it. */
void fab_reorder_init(struct fab_reorder *reorder, struct fab_shelf *shelf);

/* Forgets all that is kept; each stream waits for `first` next. */
void fab_reorder_reset(struct fab_reorder *reorder, uint32_t first);

/* Whether nothing is kept. */
static inline bool
fab_reorder_is_empty(const struct fab_reorder *reorder)
{
    return reorder->kept == FAB_SHELF_NONE;
}

/* Keeps a copy of an early chunk, of which its lane may have `limit` units. */
enum fab_reorder_verdict fab_reorder_keep(struct fab_reorder *reorder,
                                          const struct fab_chunk *chunk, uint32_t limit);

/*
 * Copies the record that the stream waits for, if it is kept. `scratch`: FAB_FRAME_SIZE_MAX bytes
 * aligned to 8, gets chunk header and record. Returns the copy; NULL: it is not there.
 */
const struct fab_chunk *fab_reorder_peek(struct fab_reorder *reorder, uint8_t stream,
                                         void *scratch);

/* The same for any record of the stream, which must be kept. */
const struct fab_chunk *fab_reorder_copy(struct fab_reorder *reorder, uint8_t stream,
                                         uint32_t number, void *scratch);

/* What is kept under a number, with the first FAB_CREDIT_UNIT bytes of chunk header and record
 * only; NULL: nothing. */
const struct fab_chunk *fab_reorder_look(const struct fab_reorder *reorder, uint8_t stream,
                                         uint32_t number);

/* A kept record was handed on before its turn: what stays of it is as if it had been left out.
 * Returns units of credit that are free. */
uint32_t fab_reorder_stub(struct fab_reorder *reorder, uint8_t stream, uint32_t number);

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
