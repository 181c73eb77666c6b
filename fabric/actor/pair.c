/* SPDX-License-Identifier: BSD-3-Clause */
#include "actor/pair.h"

#include "base/assert.h"

size_t
fab_pairs_size(uint32_t capacity)
{
    return capacity * (sizeof(struct fab_pair) + sizeof(uint32_t));
}

void
fab_pairs_init(struct fab_pairs *pairs, void *memory, uint32_t capacity)
{
    FAB_ASSERT(capacity > 0 && (capacity & (capacity - 1)) == 0);
    pairs->entries = memory;
    pairs->buckets = (uint32_t *)(void *)(pairs->entries + capacity);
    pairs->capacity = capacity;
    pairs->count = 0;
    pairs->free = 0;
    for (uint32_t i = 0; i < capacity; i++) {
        pairs->buckets[i] = FAB_PAIR_NONE;
        pairs->entries[i].hash_next = i + 1 < capacity ? i + 1 : FAB_PAIR_NONE;
    }
}

static uint32_t *
bucket_of(const struct fab_pairs *pairs, uint64_t a, uint64_t b, uint64_t c)
{
    uint64_t hash = a * 0x9e3779b97f4a7c15ULL;

    hash = (hash ^ (hash >> 32) ^ b) * 0xbf58476d1ce4e5b9ULL;
    hash = (hash ^ (hash >> 32) ^ c) * 0x94d049bb133111ebULL;
    return &pairs->buckets[(hash >> 32) & (pairs->capacity - 1)];
}

struct fab_pair *
fab_pairs_lookup(const struct fab_pairs *pairs, uint64_t a, uint64_t b, uint64_t c)
{
    uint32_t index = *bucket_of(pairs, a, b, c);

    while (index != FAB_PAIR_NONE) {
        struct fab_pair *pair = &pairs->entries[index];

        if (pair->key[0] == a && pair->key[1] == b && pair->key[2] == c)
            return pair;
        index = pair->hash_next;
    }
    return NULL;
}

struct fab_pair *
fab_pairs_insert(struct fab_pairs *pairs, uint64_t a, uint64_t b, uint64_t c)
{
    uint32_t *bucket = bucket_of(pairs, a, b, c);
    struct fab_pair *pair;

    if (pairs->free == FAB_PAIR_NONE)
        return NULL;
    pair = &pairs->entries[pairs->free];
    pairs->free = pair->hash_next;
    *pair = (struct fab_pair){
        .key = { a, b, c },
        .list_next = FAB_PAIR_NONE,
        .hash_next = *bucket,
    };
    *bucket = fab_pairs_index(pairs, pair);
    pairs->count++;
    return pair;
}

void
fab_pairs_remove(struct fab_pairs *pairs, struct fab_pair *pair)
{
    uint32_t index = fab_pairs_index(pairs, pair);
    uint32_t *place = bucket_of(pairs, pair->key[0], pair->key[1], pair->key[2]);

    while (*place != index) {
        FAB_ASSERT(*place != FAB_PAIR_NONE);
        place = &pairs->entries[*place].hash_next;
    }
    *place = pair->hash_next;
    pair->hash_next = pairs->free;
    pairs->free = index;
    pairs->count--;
}

struct fab_pair *
fab_pairs_first(const struct fab_pairs *pairs, uint64_t a)
{
    for (uint32_t i = 0; i < pairs->capacity && pairs->count > 0; i++) {
        uint32_t index = pairs->buckets[i];

        for (; index != FAB_PAIR_NONE; index = pairs->entries[index].hash_next)
            if (pairs->entries[index].key[0] == a)
                return &pairs->entries[index];
    }
    return NULL;
}
