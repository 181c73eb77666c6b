/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pools: pieces of one size, for what only flows that are busy need. The piece that came back last
 * is given out first, so that ten thousand flows that speak in turn share a few warm ones.
 *
 * Who can wait takes *spare* pieces only and leaves the reserve to who must get on: records that
 * were accepted have to be sent, or nothing would ever come back.
 */
#ifndef FAB_PROTO_POOL_H
#define FAB_PROTO_POOL_H

#include <stddef.h>
#include <stdint.h>

struct fab_pool_piece {
    struct fab_pool_piece *next;
};

struct fab_pool {
    struct fab_pool_piece *first;
    uint32_t free;
    uint32_t count;
    uint32_t reserve; /* pieces that are not spare */
    uint32_t size;    /* bytes of a piece */
};

/* `memory`: `count` x `size` bytes, aligned for a pointer, owned by the caller for the pool's life.
 */
static inline void
fab_pool_init(struct fab_pool *pool, void *memory, uint32_t size, uint32_t count)
{
    *pool = (struct fab_pool){ .count = count, .free = count, .size = size };
    for (uint32_t i = count; i-- > 0;) {
        struct fab_pool_piece *piece = (void *)((uint8_t *)memory + (size_t)i * size);

        piece->next = pool->first;
        pool->first = piece;
    }
}

/* A piece, its bytes as the last owner left them; NULL: none is left. */
static inline void *
fab_pool_take(struct fab_pool *pool)
{
    struct fab_pool_piece *piece = pool->first;

    if (!piece)
        return NULL;
    pool->first = piece->next;
    pool->free--;
    return piece;
}

/* The same for who can wait. */
static inline void *
fab_pool_take_spare(struct fab_pool *pool)
{
    return pool->free > pool->reserve ? fab_pool_take(pool) : NULL;
}

static inline void
fab_pool_give(struct fab_pool *pool, void *memory)
{
    struct fab_pool_piece *piece = memory;

    piece->next = pool->first;
    pool->first = piece;
    pool->free++;
}

/* Gives back those of `count` places that hold one, and empties them. */
static inline void
fab_pool_give_all(struct fab_pool *pool, void **places, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (places[i])
            fab_pool_give(pool, places[i]);
        places[i] = NULL;
    }
}

#endif
