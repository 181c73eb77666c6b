/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Slabs: the memory of actors' states and arguments.
 *
 * One arena, cut into pieces of a few sizes as they are first asked for; a piece that is freed goes
 * to the LIFO list of its size and serves the next actor of that size, warm. An arena cut up for
 * one size does not serve another: programs have a handful of classes, and the limit is theirs to
 * set. Sizes are 16, 32, 48, 64 and from there two for each power of two, so at most a third of a
 * piece is wasted. Pieces of a line or more are aligned to lines.
 */
#ifndef FAB_ACTOR_SLAB_H
#define FAB_ACTOR_SLAB_H

#include <stddef.h>
#include <stdint.h>

#define FAB_SLAB_CLASS_COUNT 36U

struct fab_slab_piece {
    struct fab_slab_piece *next;
};

struct fab_slabs {
    struct fab_slab_piece *free[FAB_SLAB_CLASS_COUNT];
    uint8_t *memory; /* not owned; aligned to a line */
    size_t size;     /* bytes */
    size_t cut;      /* bytes that were given a size */
    size_t used;     /* bytes in pieces that are taken now */
};

void fab_slabs_init(struct fab_slabs *slabs, void *memory, size_t size);

/* A piece of at least `size` bytes (1 up), not zeroed; NULL when the arena is used up. */
void *fab_slabs_pop(struct fab_slabs *slabs, size_t size);

/* Gives a piece back; `size` as it was asked for. */
void fab_slabs_push(struct fab_slabs *slabs, void *piece, size_t size);

#endif
