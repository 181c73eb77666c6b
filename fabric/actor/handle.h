/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Handles: which entries of a fixed table are taken, and ids that go stale with them.
 *
 * An id is the entry's index in its low half and the entry's generation in its high half; the
 * generation grows when the entry is given back, so an id that outlived its entry finds nothing.
 * It wraps after 2^32 lives of one entry, which is why refs, that live for ever, do not use this.
 * Ids are never 0. The free list is LIFO.
 */
#ifndef FAB_ACTOR_HANDLE_H
#define FAB_ACTOR_HANDLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/assert.h"

struct fab_handle {
    uint32_t generation; /* of who lives here; while free: of the next who will */
    uint32_t next_free;  /* while free; FAB_HANDLE_TAKEN else */
};

struct fab_handles {
    struct fab_handle *entries; /* not owned */
    uint32_t count;
    uint32_t taken;
    uint32_t free;  /* first free entry; FAB_HANDLE_END: none */
    uint32_t fresh; /* entries from here on were never used */
};

#define FAB_HANDLE_END   UINT32_MAX
#define FAB_HANDLE_TAKEN (UINT32_MAX - 1)

/* `entries`: `count` of them, zeroed, not owned. */
static inline void
fab_handles_init(struct fab_handles *handles, struct fab_handle *entries, uint32_t count)
{
    FAB_ASSERT(count < FAB_HANDLE_TAKEN);
    *handles = (struct fab_handles){ .entries = entries, .count = count, .free = FAB_HANDLE_END };
}

/* Takes an entry. False: all are taken. */
static inline bool
fab_handles_pop(struct fab_handles *handles, uint32_t *index)
{
    if (handles->free != FAB_HANDLE_END) {
        *index = handles->free;
        handles->free = handles->entries[*index].next_free;
    } else if (handles->fresh < handles->count) {
        *index = handles->fresh++;
        handles->entries[*index].generation = 1;
    } else {
        return false;
    }
    handles->entries[*index].next_free = FAB_HANDLE_TAKEN;
    handles->taken++;
    return true;
}

/* Gives an entry back; its id finds nothing from now on. */
static inline void
fab_handles_push(struct fab_handles *handles, uint32_t index)
{
    struct fab_handle *entry = &handles->entries[index];

    FAB_ASSERT(index < handles->fresh && entry->next_free == FAB_HANDLE_TAKEN);
    entry->generation = entry->generation == UINT32_MAX ? 1 : entry->generation + 1;
    entry->next_free = handles->free;
    handles->free = index;
    handles->taken--;
}

static inline bool
fab_handles_is_taken(const struct fab_handles *handles, uint32_t index)
{
    return index < handles->fresh && handles->entries[index].next_free == FAB_HANDLE_TAKEN;
}

static inline uint64_t
fab_handles_id(const struct fab_handles *handles, uint32_t index)
{
    return (uint64_t)handles->entries[index].generation << 32 | index;
}

/* Whether the id is that of an entry that is taken now. */
static inline bool
fab_handles_lookup(const struct fab_handles *handles, uint64_t id, uint32_t *index)
{
    *index = (uint32_t)id;
    return fab_handles_is_taken(handles, *index) &&
           handles->entries[*index].generation == (uint32_t)(id >> 32);
}

/* The smallest power of two that is not below `count`, at least 16: for hashes of a table's
 * entries. */
static inline uint32_t
fab_power_of_two_from(uint32_t count)
{
    uint32_t power = 16;

    while (power < count)
        power *= 2;
    return power;
}

#endif
