/* SPDX-License-Identifier: BSD-3-Clause */
#include "proto/sent_map.h"

#include <stddef.h>

#include "base/assert.h"

void
fab_sent_map_init(struct fab_sent_map *map, struct fab_sent_frame *frames, uint32_t capacity)
{
    *map = (struct fab_sent_map){ .frames = frames, .mask = capacity - 1 };
}

struct fab_sent_frame *
fab_sent_map_push(struct fab_sent_map *map, uint64_t number, uint16_t size, uint64_t now_ns)
{
    struct fab_sent_frame *frame = fab_sent_map_at(map, map->head);

    FAB_ASSERT(!fab_sent_map_is_full(map));
    frame->number = number;
    frame->sent_ns = now_ns;
    frame->size = size;
    frame->state = FAB_SENT_IN_FLIGHT;
    frame->part_count = 0;
    map->head++;
    map->in_flight++;
    map->in_flight_bytes += size;
    return frame;
}

uint32_t
fab_sent_map_find(const struct fab_sent_map *map, uint64_t number)
{
    uint32_t low = 0;
    uint32_t high = map->head - map->tail;

    if (high == 0 || fab_sent_map_at(map, map->tail)->number >= number)
        return map->tail;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (fab_sent_map_at(map, map->tail + middle)->number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return map->tail + low;
}

void
fab_sent_map_settle(struct fab_sent_map *map, struct fab_sent_frame *frame,
                    enum fab_sent_state state)
{
    if (frame->state == FAB_SENT_IN_FLIGHT) {
        FAB_ASSERT(map->in_flight > 0 && map->in_flight_bytes >= frame->size);
        map->in_flight--;
        map->in_flight_bytes -= frame->size;
    }
    frame->state = (uint8_t)state;
}

void
fab_sent_map_forget(struct fab_sent_map *map, uint64_t forget_ns)
{
    while (map->tail != map->head) {
        const struct fab_sent_frame *frame = fab_sent_map_at(map, map->tail);

        if (frame->state == FAB_SENT_IN_FLIGHT ||
            (frame->state == FAB_SENT_LOST && frame->sent_ns >= forget_ns))
            return;
        map->tail++;
    }
}

struct fab_sent_frame *
fab_sent_map_oldest(const struct fab_sent_map *map)
{
    for (uint32_t at = map->tail; at != map->head && map->in_flight > 0; at++) {
        if (fab_sent_map_at(map, at)->state == FAB_SENT_IN_FLIGHT)
            return fab_sent_map_at(map, at);
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
