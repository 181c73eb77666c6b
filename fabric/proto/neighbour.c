/* SPDX-License-Identifier: BSD-3-Clause */
#include "proto/neighbour.h"

#include "base/assert.h"

#define NOT_THERE UINT32_MAX

struct fab_neighbours {
    struct fab_neighbour_config config;
    struct fab_neighbour_counters counters;
    uint32_t count;
    uint32_t cursor;      /* where the present look through the table stands */
    uint64_t due_ns_next; /* the earliest due of those that it has passed */
    uint64_t deadline_ns;
    uint64_t announce_ns; /* when to say next where we are */
    uint32_t announced;   /* times that was said */
    uint32_t slot_mask;
    uint32_t changes; /* of versions */
    uint16_t *slots;  /* entry + 1 by the hash of its address, linear probing; 0 free */
    struct fab_neighbour entries[];
};

/* A power of two, at least twice the capacity, so that probing ends soon. */
static uint32_t
slot_count_of(uint32_t capacity)
{
    uint32_t count = 2;

    while (count < 2 * capacity)
        count *= 2;
    return count;
}

static size_t
slots_offset(uint32_t capacity)
{
    return sizeof(struct fab_neighbours) + capacity * sizeof(struct fab_neighbour);
}

size_t
fab_neighbours_size(uint32_t capacity)
{
    size_t size = slots_offset(capacity) + slot_count_of(capacity) * sizeof(uint16_t);

    return (size + 7U) & ~(size_t)7U;
}

struct fab_neighbours *
fab_neighbours_init(void *memory, const struct fab_neighbour_config *config)
{
    struct fab_neighbours *neighbours = memory;

    FAB_ASSERT(config->capacity >= 1 && config->capacity <= FAB_NEIGHBOUR_CAPACITY_MAX);
    neighbours->config = *config;
    neighbours->slots = (uint16_t *)(void *)((char *)memory + slots_offset(config->capacity));
    neighbours->slot_mask = slot_count_of(config->capacity) - 1;
    neighbours->due_ns_next = UINT64_MAX;
    return neighbours;
}

/* The slot where the address is, or the free one where it would go. */
static uint32_t
slot_of(const struct fab_neighbours *neighbours, const struct fab_ip *ip)
{
    uint64_t words[2];
    uint64_t hash;
    uint32_t slot;

    memcpy(words, ip->bytes, sizeof(words));
    hash = (words[0] ^ words[1] * 0x9e3779b97f4a7c15ULL) * 0xbf58476d1ce4e5b9ULL;
    slot = (uint32_t)(hash >> 40) & neighbours->slot_mask;
    while (neighbours->slots[slot] &&
           !fab_ip_is_equal(&neighbours->entries[neighbours->slots[slot] - 1].ip, ip))
        slot = (slot + 1) & neighbours->slot_mask;
    return slot;
}

enum myc_status
fab_neighbours_add(struct fab_neighbours *neighbours, const struct fab_ip *target, uint32_t *index)
{
    const struct fab_neighbour_config *config = &neighbours->config;
    struct fab_ip hop = *target;
    uint32_t slot;

    if (target->family != config->local.address.family)
        return MYC_UNREACHABLE;
    if (!fab_ip_prefix_contains(&config->local, target))
        hop = config->gateway;
    if (hop.family == FAB_IP_NONE)
        return MYC_UNREACHABLE;
    slot = slot_of(neighbours, &hop);
    if (neighbours->slots[slot] == 0) {
        if (neighbours->count == config->capacity)
            return MYC_NO_MEMORY;
        neighbours->entries[neighbours->count++].ip = hop;
        neighbours->slots[slot] = (uint16_t)neighbours->count;
        neighbours->deadline_ns = 0;
    }
    *index = neighbours->slots[slot] - 1U;
    return MYC_OK;
}

const struct fab_neighbour *
fab_neighbours_at(const struct fab_neighbours *neighbours, uint32_t index)
{
    FAB_ASSERT(index < neighbours->count);
    return &neighbours->entries[index];
}

uint32_t
fab_neighbours_changes(const struct fab_neighbours *neighbours)
{
    return neighbours->changes;
}

static void
change(struct fab_neighbours *neighbours, struct fab_neighbour *entry)
{
    entry->version++;
    neighbours->changes++;
}

void
fab_neighbours_on_answer(struct fab_neighbours *neighbours, const struct fab_ip *ip,
                         const struct fab_mac *mac, uint64_t now_ns)
{
    uint16_t place = neighbours->slots[slot_of(neighbours, ip)];
    struct fab_neighbour *entry;

    if (place == 0 || fab_mac_is_multicast(mac)) {
        neighbours->counters.foreign++;
        return;
    }
    entry = &neighbours->entries[place - 1];
    neighbours->counters.answered++;
    if (entry->state == FAB_NEIGHBOUR_ASKING) {
        change(neighbours, entry);
    } else if (!fab_mac_is_equal(&entry->mac, mac)) {
        neighbours->counters.moved++;
        change(neighbours, entry);
    }
    entry->mac = *mac;
    entry->state = FAB_NEIGHBOUR_KNOWN;
    entry->asked = 0;
    entry->due_ns = now_ns + FAB_NEIGHBOUR_KNOWN_NS;
}

void
fab_neighbours_doubt(struct fab_neighbours *neighbours, uint32_t index, uint64_t now_ns)
{
    struct fab_neighbour *entry = &neighbours->entries[index];

    FAB_ASSERT(index < neighbours->count);
    if (entry->state != FAB_NEIGHBOUR_KNOWN || entry->due_ns <= now_ns)
        return;
    neighbours->counters.doubted++;
    entry->due_ns = now_ns;
    if (neighbours->deadline_ns > now_ns)
        neighbours->deadline_ns = now_ns;
}

static void
give_up(struct fab_neighbours *neighbours, struct fab_neighbour *entry)
{
    neighbours->counters.lost++;
    entry->state = FAB_NEIGHBOUR_ASKING;
    entry->asked = 0;
    change(neighbours, entry);
}

/* Puts the question of an entry that is due, and says when the next is. */
static void
ask(struct fab_neighbours *neighbours, struct fab_neighbour *entry, uint64_t now_ns,
    struct fab_neighbour_question *question)
{
    uint64_t wait_ns;

    if (entry->state == FAB_NEIGHBOUR_PROBING && entry->asked == FAB_NEIGHBOUR_PROBES_MAX)
        give_up(neighbours, entry);
    if (entry->state == FAB_NEIGHBOUR_KNOWN)
        entry->state = FAB_NEIGHBOUR_PROBING;
    wait_ns = FAB_NEIGHBOUR_ASK_NS_MIN << entry->asked;
    *question = (struct fab_neighbour_question){ .ip = entry->ip };
    if (entry->state == FAB_NEIGHBOUR_PROBING) {
        question->mac = entry->mac;
        wait_ns = FAB_NEIGHBOUR_PROBE_NS;
    } else if (wait_ns >= FAB_NEIGHBOUR_ASK_NS_MAX) {
        wait_ns = FAB_NEIGHBOUR_ASK_NS_MAX;
        entry->asked--; /* the interval stays */
    }
    entry->asked++;
    entry->due_ns = now_ns + wait_ns;
    neighbours->counters.asked++;
}

static bool
announce(struct fab_neighbours *neighbours, uint64_t now_ns,
         struct fab_neighbour_question *question)
{
    if (neighbours->announced == FAB_NEIGHBOUR_ANNOUNCE_COUNT || neighbours->announce_ns > now_ns)
        return false;
    neighbours->announced++;
    neighbours->announce_ns = now_ns + FAB_NEIGHBOUR_ANNOUNCE_NS;
    *question = (struct fab_neighbour_question){
        .ip = neighbours->config.local.address,
        .is_announcement = true,
    };
    return true;
}

bool
fab_neighbours_ask(struct fab_neighbours *neighbours, uint64_t now_ns,
                   struct fab_neighbour_question *question)
{
    uint64_t tick_ns = now_ns + FAB_NEIGHBOUR_TICK_NS;

    if (announce(neighbours, now_ns, question))
        return true;
    while (neighbours->cursor < neighbours->count) {
        struct fab_neighbour *entry = &neighbours->entries[neighbours->cursor++];
        bool is_due = entry->due_ns <= now_ns;

        if (is_due)
            ask(neighbours, entry, now_ns, question);
        if (entry->due_ns < neighbours->due_ns_next)
            neighbours->due_ns_next = entry->due_ns;
        if (is_due)
            return true;
    }
    if (neighbours->announced < FAB_NEIGHBOUR_ANNOUNCE_COUNT &&
        neighbours->announce_ns < neighbours->due_ns_next)
        neighbours->due_ns_next = neighbours->announce_ns;
    neighbours->deadline_ns = neighbours->due_ns_next > tick_ns ? neighbours->due_ns_next : tick_ns;
    neighbours->due_ns_next = UINT64_MAX;
    neighbours->cursor = 0;
    return false;
}

uint64_t
fab_neighbours_deadline(const struct fab_neighbours *neighbours)
{
    return neighbours->deadline_ns;
}

const struct fab_neighbour_counters *
fab_neighbours_counters(const struct fab_neighbours *neighbours)
{
    return &neighbours->counters;
}
