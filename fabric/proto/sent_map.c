/* SPDX-License-Identifier: BSD-3-Clause */
#include "proto/sent_map.h"

#include <stddef.h>

uint32_t
fab_sent_map_pages(uint32_t page_size, uint32_t capacity)
{
    uint32_t count = capacity * (uint32_t)sizeof(struct fab_sent_frame) / page_size;

    return count > 2 ? count : 2;
}

void
fab_sent_map_init(struct fab_sent_map *map, struct fab_pool *pool, void **pages,
                  uint32_t page_count)
{
    uint32_t frames = pool->size / (uint32_t)sizeof(struct fab_sent_frame);

    FAB_ASSERT(frames - 1 <= UINT8_MAX);
    *map = (struct fab_sent_map){
        .pool = pool,
        .pages = pages,
        .page_mask = (uint16_t)(page_count - 1),
        .page_shift = (uint8_t)__builtin_ctz(frames),
        .page_rest = (uint8_t)(frames - 1),
    };
}

void
fab_sent_map_reset(struct fab_sent_map *map)
{
    fab_pool_give_all(map->pool, map->pages, map->page_mask + 1U);
    map->head = map->tail = map->settled = 0;
    map->in_flight = 0;
    map->in_flight_bytes = 0;
}

uint32_t
fab_sent_map_bisect(const struct fab_sent_map *map, uint64_t number)
{
    uint32_t low = 0;
    uint32_t high = map->head - map->tail;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (fab_sent_map_at(map, map->tail + middle)->number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return map->tail + low;
}

static void
give_page(struct fab_sent_map *map, uint32_t position)
{
    void **page = fab_sent_map_page(map, position);

    fab_pool_give(map->pool, *page);
    *page = NULL;
}

bool
fab_sent_map_forget(struct fab_sent_map *map, uint64_t forget_ns)
{
    while (map->tail != map->head) {
        const struct fab_sent_frame *frame = fab_sent_map_at(map, map->tail);

        if (frame->state == FAB_SENT_IN_FLIGHT ||
            (frame->state == FAB_SENT_LOST && frame->sent_ns >= forget_ns))
            return frame->state == FAB_SENT_LOST;
        if (map->settled == map->tail)
            map->settled++;
        map->tail++;
        if ((map->tail & map->page_rest) == 0)
            give_page(map, map->tail - 1);
    }
    if ((map->tail & map->page_rest) != 0) { /* empty within a page */
        give_page(map, map->tail);
        map->head = map->tail = map->settled = (map->tail | map->page_rest) + 1;
    }
    return false;
}

struct fab_sent_frame *
fab_sent_map_oldest(struct fab_sent_map *map)
{
    for (; map->settled != map->head; map->settled++) {
        struct fab_sent_frame *frame = fab_sent_map_at(map, map->settled);

        if (frame->state == FAB_SENT_IN_FLIGHT)
            return frame;
    }
    return NULL;
}

struct fab_sent_frame *
fab_sent_map_newest(const struct fab_sent_map *map)
{
    for (uint32_t at = map->head; at != map->tail && map->in_flight > 0; at--) {
        if (fab_sent_map_at(map, at - 1)->state == FAB_SENT_IN_FLIGHT)
            return fab_sent_map_at(map, at - 1);
    }
    return NULL;
}
