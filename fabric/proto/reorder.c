/* SPDX-License-Identifier: BSD-3-Clause */
#include "proto/reorder.h"

#include <string.h>

#include "base/assert.h"

void
fab_reorder_init(struct fab_reorder *reorder, struct fab_shelf *shelf)
{
    *reorder = (struct fab_reorder){
        .shelf = shelf,
        .name = shelf->owners++,
        .kept = FAB_SHELF_NONE,
    };
}

void
fab_reorder_reset(struct fab_reorder *reorder, uint32_t first)
{
    while (!fab_reorder_is_empty(reorder))
        fab_shelf_drop(reorder->shelf, &reorder->kept, reorder->kept);
    memset(reorder->used, 0, sizeof(reorder->used));
    for (uint32_t i = 0; i < FAB_STREAM_COUNT; i++)
        reorder->next[i] = first;
}

static uint32_t
find(const struct fab_reorder *reorder, uint8_t stream, uint32_t number)
{
    return fab_shelf_find(reorder->shelf, reorder->name, stream, number);
}

enum fab_reorder_verdict
fab_reorder_keep(struct fab_reorder *reorder, const struct fab_chunk *chunk, uint32_t limit)
{
    uint32_t units = fab_chunk_units(chunk->size);
    uint32_t *used = &reorder->used[fab_chunk_lane(chunk)];

    if (find(reorder, chunk->stream, chunk->number) != FAB_SHELF_NONE)
        return FAB_REORDER_DUPLICATE;
    if (*used + units > limit ||
        fab_shelf_put(reorder->shelf, reorder->name, &reorder->kept, chunk) == FAB_SHELF_NONE)
        return FAB_REORDER_NO_ROOM;
    *used += units;
    return FAB_REORDER_KEPT;
}

const struct fab_chunk *
fab_reorder_peek(struct fab_reorder *reorder, uint8_t stream, void *scratch)
{
    uint32_t first = find(reorder, stream, reorder->next[stream]);

    if (first == FAB_SHELF_NONE)
        return NULL;
    fab_shelf_gather(reorder->shelf, first, scratch);
    return scratch;
}

const struct fab_chunk *
fab_reorder_copy(struct fab_reorder *reorder, uint8_t stream, uint32_t number, void *scratch)
{
    uint32_t first = find(reorder, stream, number);

    FAB_ASSERT(first != FAB_SHELF_NONE);
    fab_shelf_gather(reorder->shelf, first, scratch);
    return scratch;
}

const struct fab_chunk *
fab_reorder_look(const struct fab_reorder *reorder, uint8_t stream, uint32_t number)
{
    uint32_t first = find(reorder, stream, number);

    return first != FAB_SHELF_NONE ? fab_shelf_chunk(reorder->shelf, first) : NULL;
}

uint32_t
fab_reorder_stub(struct fab_reorder *reorder, uint8_t stream, uint32_t number)
{
    uint32_t first = find(reorder, stream, number);
    struct fab_chunk *chunk;
    uint32_t units;

    FAB_ASSERT(first != FAB_SHELF_NONE);
    chunk = (struct fab_chunk *)(void *)fab_shelf_at(reorder->shelf, first);
    units = fab_chunk_units(chunk->size) - 1U;
    reorder->used[fab_chunk_lane(chunk)] -= units;
    fab_shelf_cut(reorder->shelf, first);
    chunk->lane |= FAB_CHUNK_SKIPPED;
    chunk->size = FAB_CREDIT_UNIT - FAB_CHUNK_SIZE;
    return units;
}

void
fab_reorder_drop(struct fab_reorder *reorder, const struct fab_chunk *chunk)
{
    uint32_t first = find(reorder, chunk->stream, chunk->number);

    FAB_ASSERT(first != FAB_SHELF_NONE);
    reorder->used[fab_chunk_lane(chunk)] -= fab_chunk_units(chunk->size);
    fab_shelf_drop(reorder->shelf, &reorder->kept, first);
}

bool
fab_reorder_has(struct fab_reorder *reorder, uint8_t stream, uint32_t number)
{
    return find(reorder, stream, number) != FAB_SHELF_NONE;
}

void
fab_reorder_set_last_word(struct fab_reorder *reorder, uint8_t stream, uint32_t number,
                          uint64_t word)
{
    uint32_t cell = find(reorder, stream, number);
    uint32_t offset;

    FAB_ASSERT(cell != FAB_SHELF_NONE);
    FAB_ASSERT(fab_shelf_chunk(reorder->shelf, cell)->size % sizeof(word) == 0);
    offset = FAB_CHUNK_SIZE + fab_shelf_chunk(reorder->shelf, cell)->size - (uint32_t)sizeof(word);
    for (; offset >= FAB_CREDIT_UNIT; offset -= FAB_CREDIT_UNIT)
        cell = reorder->shelf->next_cell[cell];
    memcpy(fab_shelf_at(reorder->shelf, cell) + offset, &word, sizeof(word));
}

void
fab_reorder_each(struct fab_reorder *reorder,
                 void (*each)(void *context, const struct fab_chunk *chunk), void *context,
                 void *scratch)
{
    uint32_t first = reorder->kept;

    for (; first != FAB_SHELF_NONE; first = reorder->shelf->tags[first].next_kept) {
        fab_shelf_gather(reorder->shelf, first, scratch);
        each(context, scratch);
    }
}
