/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The allocator of the large-message heap: buddies over memory that somebody else has mapped.
 *
 *      base                                                       base + size
 *      | 2 KiB unit | unit | unit | ...                                |
 *      [== block of order 1 ==][====== block of order 2 ======] ...
 *
 * A block is 2^order units and begins at a multiple of its own size; its other half is its buddy,
 * and two free buddies are one free block of the next order. So a block of 16 MiB can be had again
 * after any mix of smaller ones has come and gone, and claim and release touch at most one block of
 * each order. All that is known of a block stands in a table of its own: the memory itself holds
 * bodies of messages and nothing else, because other processes may read it.
 *
 * Rejected: size classes that never merge (a heap that has served small messages for a while has no
 * large block left); a general allocator (unbounded search, headers between the bodies).
 *
 * Pure: the memory may be malloc's, a hugepage memfd's, or a simulation's.
 */
#ifndef FAB_BASE_HEAP_H
#define FAB_BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAB_HEAP_UNIT        2048U
#define FAB_HEAP_ORDER_COUNT 14U /* the largest block: 2048 << 13, 16 MiB */
#define FAB_HEAP_BLOCK_MAX   (FAB_HEAP_UNIT << (FAB_HEAP_ORDER_COUNT - 1U))
#define FAB_HEAP_NONE        UINT32_MAX
#define FAB_HEAP_SIZE_MAX    (1ULL << 40) /* bytes */

/* What is known of the unit at which a block begins. */
struct fab_heap_block {
    uint32_t next; /* in the free list of its order */
    uint32_t previous;
    uint8_t order;
    uint8_t state; /* of this file */
};

struct fab_heap {
    uint8_t *base;                 /* not owned */
    struct fab_heap_block *blocks; /* one for each unit; not owned */
    uint32_t unit_count;
    uint32_t free_units;
    uint32_t first_free[FAB_HEAP_ORDER_COUNT];
};

/* Bytes of table that `size` bytes of memory need. */
size_t fab_heap_table_size(uint64_t size);

/* Lays an empty heap over `size` bytes at `base`, a multiple of FAB_HEAP_UNIT up to
 * FAB_HEAP_SIZE_MAX; 0 makes a heap that has nothing. `table`: fab_heap_table_size bytes,
 * 4-aligned. Both stay the caller's for the heap's life. */
void fab_heap_init(struct fab_heap *heap, void *base, uint64_t size, void *table);

/* The first unit of a block of at least `size` bytes, 1 to FAB_HEAP_BLOCK_MAX; FAB_HEAP_NONE: there
 * is none. */
uint32_t fab_heap_claim(struct fab_heap *heap, uint32_t size);

/* Gives a claimed block back; asserts that it is one. */
void fab_heap_release(struct fab_heap *heap, uint32_t unit);

/* The memory of a block. */
static inline uint8_t *
fab_heap_bytes(const struct fab_heap *heap, uint32_t unit)
{
    return heap->base + (size_t)unit * FAB_HEAP_UNIT;
}

/* Bytes of a claimed block. */
static inline uint32_t
fab_heap_block_size(const struct fab_heap *heap, uint32_t unit)
{
    return FAB_HEAP_UNIT << heap->blocks[unit].order;
}

/* Bytes of all of it. */
static inline uint64_t
fab_heap_size(const struct fab_heap *heap)
{
    return (uint64_t)heap->unit_count * FAB_HEAP_UNIT;
}

/* Whether nothing is claimed. */
static inline bool
fab_heap_is_whole(const struct fab_heap *heap)
{
    return heap->free_units == heap->unit_count;
}

#endif
