/* SPDX-License-Identifier: BSD-3-Clause */
#include "proto/shelf.h"

#include <string.h>

#include "base/assert.h"

#define NONE FAB_SHELF_NONE

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
fab_shelf_memory_size(uint32_t count)
{
    return (size_t)count * (FAB_CREDIT_UNIT + sizeof(struct fab_shelf_tag)) +
           round_to_line(count * sizeof(uint32_t)) + 64U +
           round_to_line(bucket_count_of(count) * sizeof(uint32_t));
}

void
fab_shelf_init(struct fab_shelf *shelf, void *memory, uint32_t count)
{
    uint8_t *at = memory;

    *shelf = (struct fab_shelf){ .count = count, .free = count, .bytes = at };
    shelf->bucket_mask = bucket_count_of(count) - 1;
    at += (size_t)count * FAB_CREDIT_UNIT;
    shelf->tags = (struct fab_shelf_tag *)(void *)at;
    at += round_to_line(count * sizeof(struct fab_shelf_tag));
    shelf->next_cell = (uint32_t *)(void *)at;
    at += round_to_line(count * sizeof(uint32_t));
    shelf->buckets = (uint32_t *)(void *)at;
    memset(shelf->buckets, 0xff, (shelf->bucket_mask + 1U) * sizeof(uint32_t));
    for (uint32_t i = 0; i < count; i++)
        shelf->next_cell[i] = i + 1 < count ? i + 1 : NONE;
    shelf->free_first = count > 0 ? 0 : NONE;
}

static uint32_t *
bucket_of(const struct fab_shelf *shelf, uint32_t owner, uint8_t stream, uint32_t number)
{
    uint32_t hash = (number * FAB_STREAM_COUNT + stream + owner * 0x85ebca6bU) * 0x9e3779b1U;

    return &shelf->buckets[(hash >> 12 ^ hash >> 27) & shelf->bucket_mask];
}

uint32_t
fab_shelf_find(const struct fab_shelf *shelf, uint32_t owner, uint8_t stream, uint32_t number)
{
    uint32_t cell = *bucket_of(shelf, owner, stream, number);

    for (; cell != NONE; cell = shelf->tags[cell].next_chunk) {
        const struct fab_chunk *chunk = fab_shelf_chunk(shelf, cell);

        if (shelf->tags[cell].owner == owner && chunk->number == number && chunk->stream == stream)
            break;
    }
    return cell;
}

/* Copies the chunk into a chain of free cells; returns the first. */
static uint32_t
fill(struct fab_shelf *shelf, const struct fab_chunk *chunk)
{
    const uint8_t *from = (const uint8_t *)chunk;
    uint32_t left = fab_chunk_wire_size(chunk);
    uint32_t first = shelf->free_first;
    uint32_t cell = first;

    for (;;) {
        uint32_t part = left < FAB_CREDIT_UNIT ? left : FAB_CREDIT_UNIT;

        memcpy(fab_shelf_at(shelf, cell), from, part);
        shelf->free--;
        from += part;
        left -= part;
        if (left == 0)
            break;
        cell = shelf->next_cell[cell];
    }
    shelf->free_first = shelf->next_cell[cell];
    shelf->next_cell[cell] = NONE;
    return first;
}

uint32_t
fab_shelf_put(struct fab_shelf *shelf, uint32_t owner, uint32_t *kept,
              const struct fab_chunk *chunk)
{
    uint32_t *bucket = bucket_of(shelf, owner, chunk->stream, chunk->number);
    uint32_t first;

    if (shelf->free < fab_chunk_units(chunk->size))
        return NONE;
    first = fill(shelf, chunk);
    shelf->tags[first] = (struct fab_shelf_tag){
        .owner = owner,
        .next_chunk = *bucket,
        .next_kept = *kept,
        .last_kept = NONE,
    };
    if (*kept != NONE)
        shelf->tags[*kept].last_kept = first;
    *kept = first;
    *bucket = first;
    return first;
}

void
fab_shelf_gather(const struct fab_shelf *shelf, uint32_t first, void *to)
{
    uint32_t left = fab_chunk_wire_size(fab_shelf_chunk(shelf, first));
    uint8_t *at = to;

    for (uint32_t cell = first; left > 0; cell = shelf->next_cell[cell]) {
        uint32_t part = left < FAB_CREDIT_UNIT ? left : FAB_CREDIT_UNIT;

        memcpy(at, fab_shelf_at(shelf, cell), part);
        at += part;
        left -= part;
    }
}

static void
leave_bucket(struct fab_shelf *shelf, uint32_t first)
{
    const struct fab_chunk *chunk = fab_shelf_chunk(shelf, first);
    uint32_t *place = bucket_of(shelf, shelf->tags[first].owner, chunk->stream, chunk->number);

    while (*place != first) {
        FAB_ASSERT(*place != NONE);
        place = &shelf->tags[*place].next_chunk;
    }
    *place = shelf->tags[first].next_chunk;
}

static void
leave_owner(struct fab_shelf *shelf, uint32_t *kept, uint32_t first)
{
    const struct fab_shelf_tag *tag = &shelf->tags[first];

    if (tag->last_kept == NONE)
        *kept = tag->next_kept;
    else
        shelf->tags[tag->last_kept].next_kept = tag->next_kept;
    if (tag->next_kept != NONE)
        shelf->tags[tag->next_kept].last_kept = tag->last_kept;
}

/* Puts a chain of cells among the free ones. */
static void
give(struct fab_shelf *shelf, uint32_t first)
{
    uint32_t last = first;

    for (shelf->free++; shelf->next_cell[last] != NONE; shelf->free++)
        last = shelf->next_cell[last];
    shelf->next_cell[last] = shelf->free_first;
    shelf->free_first = first;
}

void
fab_shelf_cut(struct fab_shelf *shelf, uint32_t first)
{
    uint32_t rest = shelf->next_cell[first];

    shelf->next_cell[first] = NONE;
    if (rest != NONE)
        give(shelf, rest);
}

void
fab_shelf_drop(struct fab_shelf *shelf, uint32_t *kept, uint32_t first)
{
    leave_bucket(shelf, first);
    leave_owner(shelf, kept, first);
    give(shelf, first);
}
