/* SPDX-License-Identifier: BSD-3-Clause */
#include "actor/slab.h"

#include "base/assert.h"
#include "base/compiler.h"

#define LINEAR_MAX   64U /* up to here a size for every 16 bytes */
#define LINEAR_COUNT 4U

void
fab_slabs_init(struct fab_slabs *slabs, void *memory, size_t size)
{
    FAB_ASSERT(((uintptr_t)memory & (FAB_CACHE_LINE - 1)) == 0);
    *slabs = (struct fab_slabs){ .memory = memory, .size = size };
}

/* The class of a size, and the bytes of its pieces: 16 .. 64, 96, 128, 192, 256, 384, ... */
static unsigned
class_of_size(size_t size, size_t *bytes)
{
    unsigned shift;

    if (size <= LINEAR_MAX) {
        unsigned index = (unsigned)((size - 1) / 16);

        *bytes = (index + 1) * 16;
        return index;
    }
    shift = 63U - (unsigned)__builtin_clzll(size - 1); /* 2^shift < size <= 2^(shift+1) */
    if (size <= (size_t)3 << (shift - 1)) {
        *bytes = (size_t)3 << (shift - 1);
        return LINEAR_COUNT + 2 * (shift - 6);
    }
    *bytes = (size_t)1 << (shift + 1);
    return LINEAR_COUNT + 2 * (shift - 6) + 1;
}

void *
fab_slabs_pop(struct fab_slabs *slabs, size_t size)
{
    size_t bytes;
    unsigned index = class_of_size(size, &bytes);
    struct fab_slab_piece *piece;

    FAB_ASSERT(size > 0 && index < FAB_SLAB_CLASS_COUNT);
    piece = slabs->free[index];
    if (fab_likely(piece != NULL)) {
        slabs->free[index] = piece->next;
        slabs->used += bytes;
        return piece;
    }
    size_t start = bytes < FAB_CACHE_LINE
                       ? slabs->cut
                       : (slabs->cut + FAB_CACHE_LINE - 1) & ~(size_t)(FAB_CACHE_LINE - 1);
    if (start > slabs->size || bytes > slabs->size - start)
        return NULL;
    slabs->cut = start + bytes;
    slabs->used += bytes;
    return slabs->memory + start;
}

void
fab_slabs_push(struct fab_slabs *slabs, void *piece, size_t size)
{
    size_t bytes;
    unsigned index = class_of_size(size, &bytes);
    struct fab_slab_piece *freed = piece;

    FAB_ASSERT(slabs->used >= bytes);
    freed->next = slabs->free[index];
    slabs->free[index] = freed;
    slabs->used -= bytes;
}
