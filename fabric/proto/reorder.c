/* SPDX-License-Identifier: BSD-3-Clause */
#include "proto/reorder.h"

#include <string.h>

#include "base/assert.h"

#define NONE UINT32_MAX

static uint32_t
cell_count_of(const uint32_t limit[FAB_LANE_COUNT])
{
    uint32_t count = 0;

    for (int lane = 0; lane < FAB_LANE_COUNT; lane++)
        count += limit[lane];
    return count;
}

/* About two cells to a bucket: records of one cell are rare. */
static uint32_t
bucket_count_of(uint32_t cell_count)
{
    uint32_t count = 16;

    while (count < cell_count / 2)
        count *= 2;
    return count;
}

static size_t
round_to_line(size_t size)
{
    return (size + 63U) & ~(size_t)63U;
}

size_t
fab_reorder_memory_size(const uint32_t limit[FAB_LANE_COUNT])
{
    uint32_t cells = cell_count_of(limit);

    return (size_t)cells * FAB_CREDIT_UNIT + 2 * round_to_line(cells * sizeof(uint32_t)) +
           round_to_line(bucket_count_of(cells) * sizeof(uint32_t));
}

void
fab_reorder_init(struct fab_reorder *reorder, void *memory, const uint32_t limit[FAB_LANE_COUNT])
{
    uint32_t cells = cell_count_of(limit);
    uint8_t *at = memory;

    memset(reorder, 0, sizeof(*reorder));
    memcpy(reorder->limit, limit, sizeof(reorder->limit));
    reorder->cell_count = cells;
    reorder->bucket_mask = bucket_count_of(cells) - 1;
    reorder->cells = at;
    at += (size_t)cells * FAB_CREDIT_UNIT;
    reorder->next_cell = (uint32_t *)(void *)at;
    at += round_to_line(cells * sizeof(uint32_t));
    reorder->next_chunk = (uint32_t *)(void *)at;
    at += round_to_line(cells * sizeof(uint32_t));
    reorder->buckets = (uint32_t *)(void *)at;
    fab_reorder_reset(reorder, 0);
}

void
fab_reorder_reset(struct fab_reorder *reorder, uint32_t first)
{
    for (uint32_t i = 0; i < FAB_STREAM_COUNT; i++)
        reorder->streams[i] = (struct fab_stream_in){ .next = first };
    memset(reorder->used, 0, sizeof(reorder->used));
    memset(reorder->buckets, 0xff, (reorder->bucket_mask + 1) * sizeof(uint32_t));
    for (uint32_t i = 0; i < reorder->cell_count; i++)
        reorder->next_cell[i] = i + 1 < reorder->cell_count ? i + 1 : NONE;
    reorder->free_first = reorder->cell_count > 0 ? 0 : NONE;
}

static uint8_t *
cell_at(const struct fab_reorder *reorder, uint32_t cell)
{
    return reorder->cells + (size_t)cell * FAB_CREDIT_UNIT;
}

static const struct fab_chunk *
chunk_at(const struct fab_reorder *reorder, uint32_t cell)
{
    return (const struct fab_chunk *)(const void *)cell_at(reorder, cell);
}

/* The place that holds the first cell of that chunk, or the NONE where it would be added. */
static uint32_t *
find(struct fab_reorder *reorder, uint8_t stream, uint32_t number)
{
    uint32_t hash = (number * FAB_STREAM_COUNT + stream) * 0x9e3779b1U;
    uint32_t *place = &reorder->buckets[(hash >> 12) & reorder->bucket_mask];

    while (*place != NONE) {
        const struct fab_chunk *chunk = chunk_at(reorder, *place);

        if (chunk->number == number && chunk->stream == stream)
            break;
        place = &reorder->next_chunk[*place];
    }
    return place;
}

/* Copies the chunk into a chain of free cells; returns the first. */
static uint32_t
fill_cells(struct fab_reorder *reorder, const struct fab_chunk *chunk)
{
    const uint8_t *from = (const uint8_t *)chunk;
    uint32_t left = fab_chunk_wire_size(chunk);
    uint32_t first = reorder->free_first;
    uint32_t cell = first;

    for (;;) {
        uint32_t part = left < FAB_CREDIT_UNIT ? left : FAB_CREDIT_UNIT;

        FAB_ASSERT(cell != NONE);
        memcpy(cell_at(reorder, cell), from, part);
        from += part;
        left -= part;
        if (left == 0)
            break;
        cell = reorder->next_cell[cell];
    }
    reorder->free_first = reorder->next_cell[cell];
    reorder->next_cell[cell] = NONE;
    return first;
}

enum fab_reorder_verdict
fab_reorder_keep(struct fab_reorder *reorder, const struct fab_chunk *chunk)
{
    uint32_t units = fab_chunk_units(chunk->size);
    uint32_t *place = find(reorder, chunk->stream, chunk->number);
    uint32_t first;

    if (*place != NONE)
        return FAB_REORDER_DUPLICATE;
    if (reorder->used[fab_chunk_lane(chunk)] + units > reorder->limit[fab_chunk_lane(chunk)])
        return FAB_REORDER_NO_ROOM;
    first = fill_cells(reorder, chunk);
    reorder->next_chunk[first] = NONE;
    *place = first;
    reorder->used[fab_chunk_lane(chunk)] += units;
    reorder->streams[chunk->stream].waiting++;
    return FAB_REORDER_KEPT;
}

/* Copies a chunk out of its cells. */
static void
gather_cells(const struct fab_reorder *reorder, uint32_t first, uint8_t *to)
{
    uint32_t left = fab_chunk_wire_size(chunk_at(reorder, first));
    uint32_t cell = first;

    for (;;) {
        uint32_t part = left < FAB_CREDIT_UNIT ? left : FAB_CREDIT_UNIT;

        memcpy(to, cell_at(reorder, cell), part);
        to += part;
        left -= part;
        if (left == 0)
            return;
        cell = reorder->next_cell[cell];
    }
}

const struct fab_chunk *
fab_reorder_peek(struct fab_reorder *reorder, uint8_t stream, void *scratch)
{
    const struct fab_stream_in *in = &reorder->streams[stream];
    uint32_t first;

    if (in->waiting == 0)
        return NULL;
    first = *find(reorder, stream, in->next);
    if (first == NONE)
        return NULL;
    gather_cells(reorder, first, scratch);
    return scratch;
}

void
fab_reorder_drop(struct fab_reorder *reorder, const struct fab_chunk *chunk)
{
    uint32_t *place = find(reorder, chunk->stream, chunk->number);
    uint32_t first = *place;
    uint32_t last = first;

    FAB_ASSERT(first != NONE);
    *place = reorder->next_chunk[first];
    while (reorder->next_cell[last] != NONE)
        last = reorder->next_cell[last];
    reorder->next_cell[last] = reorder->free_first;
    reorder->free_first = first;
    reorder->used[fab_chunk_lane(chunk)] -= fab_chunk_units(chunk->size);
    reorder->streams[chunk->stream].waiting--;
}

bool
fab_reorder_has(struct fab_reorder *reorder, uint8_t stream, uint32_t number)
{
    return *find(reorder, stream, number) != NONE;
}

void
fab_reorder_set_last_word(struct fab_reorder *reorder, uint8_t stream, uint32_t number,
                          uint64_t word)
{
    uint32_t cell = *find(reorder, stream, number);
    uint32_t offset;

    FAB_ASSERT(cell != NONE && chunk_at(reorder, cell)->size % sizeof(word) == 0);
    offset = FAB_CHUNK_SIZE + chunk_at(reorder, cell)->size - (uint32_t)sizeof(word);
    for (; offset >= FAB_CREDIT_UNIT; offset -= FAB_CREDIT_UNIT)
        cell = reorder->next_cell[cell];
    memcpy(cell_at(reorder, cell) + offset, &word, sizeof(word));
}

void
fab_reorder_each(struct fab_reorder *reorder,
                 void (*each)(void *context, const struct fab_chunk *chunk), void *context,
                 void *scratch)
{
    for (uint32_t i = 0; i <= reorder->bucket_mask; i++) {
        for (uint32_t cell = reorder->buckets[i]; cell != NONE; cell = reorder->next_chunk[cell]) {
            gather_cells(reorder, cell, scratch);
            each(context, scratch);
        }
    }
}
