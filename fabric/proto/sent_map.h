/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The frames that were sent and must be acknowledged, oldest first: when, and which spans of the
 * send lanes each carried.
 *
 * A ring in the order of packet numbers, which is the order of sending. Frames that nobody has to
 * acknowledge use up numbers but are not in it, so a number is found by bisection. A frame that was
 * declared lost stays for a while: its late acknowledgement is how we learn that paths reorder.
 *
 * The ring is one of pages, which are taken from a pool as its head comes to them and given back
 * as its tail leaves them: an empty map has none. It is empty only at the start of a page.
 */
#ifndef FAB_PROTO_SENT_MAP_H
#define FAB_PROTO_SENT_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/assert.h"
#include "base/compiler.h"
#include "proto/pool.h"
#include "wire/lane.h"

#define FAB_SENT_PARTS_MAX 10U

enum fab_sent_state {
    FAB_SENT_IN_FLIGHT = 0,
    FAB_SENT_ACKED,
    FAB_SENT_LOST, /* declared lost; the acknowledgement may still come */
};

/* Which span of which lane, in one word: the lane in the two top bits; 3 there is a part of a large
 * body (large_out.h). */
typedef uint32_t fab_part;

struct fab_sent_frame {
    uint64_t number;
    uint64_t sent_ns;
    uint16_t size; /* bytes */
    uint8_t state; /* enum fab_sent_state */
    uint8_t part_count;
    uint32_t acked_after; /* of an acknowledged one: as many behind it are known to be, too */
    fab_part parts[FAB_SENT_PARTS_MAX];
};

struct fab_sent_map {
    struct fab_pool *pool; /* not owned */
    void **pages;          /* page_mask + 1 places; not owned */
    uint16_t page_mask;
    uint8_t page_shift; /* log2 of the frames in a page */
    uint8_t page_rest;  /* frames in a page, less one */
    uint32_t head;      /* grows with each frame sent; wraps */
    uint32_t tail;      /* the oldest that is still remembered */
    uint32_t settled;   /* up to here none is in flight; from tail to head */
    uint32_t in_flight;
    uint32_t in_flight_bytes;
};

/* Places for the pages of at least `capacity` frames; a power of two. */
uint32_t fab_sent_map_pages(uint32_t page_size, uint32_t capacity);

/* `pages`: `page_count` empty places, a power of two; owned by the caller for the map's life. */
void fab_sent_map_init(struct fab_sent_map *map, struct fab_pool *pool, void **pages,
                       uint32_t page_count);

/* Forgets all. */
void fab_sent_map_reset(struct fab_sent_map *map);

static inline void **
fab_sent_map_page(const struct fab_sent_map *map, uint32_t position)
{
    return &map->pages[position >> map->page_shift & map->page_mask];
}

/* Whether there is neither place nor page for one more. */
static inline bool
fab_sent_map_is_full(const struct fab_sent_map *map)
{
    return (map->head & map->page_rest) == 0 &&
           (*fab_sent_map_page(map, map->head) || map->pool->free == 0);
}

/* Whether few places are left. */
static inline bool
fab_sent_map_is_crowded(const struct fab_sent_map *map)
{
    uint32_t capacity = (map->page_mask + 1U) << map->page_shift;

    return map->head - map->tail > capacity / 4 * 3 || map->pool->free == 0;
}

/* The frame at a position between tail and head. */
static inline struct fab_sent_frame *
fab_sent_map_at(const struct fab_sent_map *map, uint32_t position)
{
    return (struct fab_sent_frame *)*fab_sent_map_page(map, position) + (position & map->page_rest);
}

/* Adds a frame, in flight from now; the map must not be full, the number larger than all in it. */
static inline struct fab_sent_frame *
fab_sent_map_push(struct fab_sent_map *map, uint64_t number, uint16_t size, uint64_t now_ns)
{
    void **page = fab_sent_map_page(map, map->head);
    uint32_t inside = map->head & map->page_rest;
    struct fab_sent_frame *frame;

    if (inside == 0) {
        FAB_ASSERT(!fab_sent_map_is_full(map));
        *page = fab_pool_take(map->pool);
    }
    frame = (struct fab_sent_frame *)*page + inside;
    frame->number = number;
    frame->sent_ns = now_ns;
    frame->size = size;
    frame->state = FAB_SENT_IN_FLIGHT;
    frame->part_count = 0;
    frame->acked_after = 0;
    map->head++;
    map->in_flight++;
    map->in_flight_bytes += size;
    return frame;
}

/* fab_sent_map_find behind the oldest frame. */
uint32_t fab_sent_map_bisect(const struct fab_sent_map *map, uint64_t number);

/* The first position whose number is at least `number`; head when there is none. */
static inline uint32_t
fab_sent_map_find(const struct fab_sent_map *map, uint64_t number)
{
    if (map->tail == map->head || fab_sent_map_at(map, map->tail)->number >= number)
        return map->tail;
    return fab_sent_map_bisect(map, number);
}

/* A frame in flight is no longer so. */
static inline void
fab_sent_map_settle(struct fab_sent_map *map, struct fab_sent_frame *frame,
                    enum fab_sent_state state)
{
    if (fab_likely(frame->state == FAB_SENT_IN_FLIGHT)) {
        FAB_ASSERT(map->in_flight > 0 && map->in_flight_bytes >= frame->size);
        map->in_flight--;
        map->in_flight_bytes -= frame->size;
    }
    frame->state = (uint8_t)state;
}

/* Forgets the oldest frames as far as they are acknowledged, or lost and sent before `forget_ns`.
 * Returns whether the oldest that is left is a lost one. */
bool fab_sent_map_forget(struct fab_sent_map *map, uint64_t forget_ns);

/* The oldest and the newest frame in flight; NULL: none. */
struct fab_sent_frame *fab_sent_map_oldest(struct fab_sent_map *map);
struct fab_sent_frame *fab_sent_map_newest(const struct fab_sent_map *map);

static inline fab_part
fab_part_of(enum fab_lane lane, uint32_t span)
{
    return ((uint32_t)lane << 30) | (span & 0x3fffffffU);
}

static inline uint32_t
fab_part_span(fab_part part)
{
    return part & 0x3fffffffU;
}

static inline enum fab_lane
fab_part_lane(fab_part part)
{
    return (enum fab_lane)(part >> 30);
}

#endif
