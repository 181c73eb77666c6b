/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The shelf: where records wait that came before their turn, for all flows of an lcore together.
 *
 * It has cells. A cell holds one unit of credit, so a flow that was promised a unit finds a cell
 * for it: what all flows were promised is never more than there are cells. A chunk lies in a chain
 * of cells and is found by its owner, stream and number through one hash table; the chunks of an
 * owner are a list, so that a flow that ends gives back what it kept and nothing else is looked at.
 */
#ifndef FAB_PROTO_SHELF_H
#define FAB_PROTO_SHELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/frame.h"

#define FAB_SHELF_NONE UINT32_MAX

/* Of a chunk's first cell. */
struct fab_shelf_tag {
    uint32_t owner;
    uint32_t next_chunk; /* of the same bucket */
    uint32_t next_kept;  /* of the same owner; a list both ways */
    uint32_t last_kept;
};

struct fab_shelf {
    uint8_t *bytes;             /* FAB_CREDIT_UNIT of each; not owned, as the next three */
    uint32_t *next_cell;        /* of the same chunk, or of the free list */
    struct fab_shelf_tag *tags; /* of each */
    uint32_t *buckets;          /* first cells; bucket_mask + 1 */
    uint32_t bucket_mask;
    uint32_t free_first;
    uint32_t count;
    uint32_t free;
    uint32_t promised; /* cells that stand behind credit */
    uint32_t owners;   /* that were given a name */
};

/* Bytes of memory for so many cells; a multiple of 64. */
size_t fab_shelf_memory_size(uint32_t count);

/* `memory`: fab_shelf_memory_size bytes aligned to 64, owned by the caller for their life. */
void fab_shelf_init(struct fab_shelf *shelf, void *memory, uint32_t count);

static inline uint8_t *
fab_shelf_at(const struct fab_shelf *shelf, uint32_t cell)
{
    return shelf->bytes + (size_t)cell * FAB_CREDIT_UNIT;
}

static inline const struct fab_chunk *
fab_shelf_chunk(const struct fab_shelf *shelf, uint32_t first)
{
    return (const struct fab_chunk *)(const void *)fab_shelf_at(shelf, first);
}

/* Copies a chunk in; the owner's list begins at *kept. Returns its first cell; FAB_SHELF_NONE:
 * there are too few. */
uint32_t fab_shelf_put(struct fab_shelf *shelf, uint32_t owner, uint32_t *kept,
                       const struct fab_chunk *chunk);

/* The first cell of a chunk; FAB_SHELF_NONE: it is not there. */
uint32_t fab_shelf_find(const struct fab_shelf *shelf, uint32_t owner, uint8_t stream,
                        uint32_t number);

/* Copies a chunk out: at most FAB_FRAME_SIZE_MAX bytes. */
void fab_shelf_gather(const struct fab_shelf *shelf, uint32_t first, void *to);

/* Gives back all cells of a chunk but the first. */
void fab_shelf_cut(struct fab_shelf *shelf, uint32_t first);

/* Takes a chunk out. */
void fab_shelf_drop(struct fab_shelf *shelf, uint32_t *kept, uint32_t first);

#endif
