/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tables of pairs: who waits for whom, whose messages to whom are held back.
 *
 * A hash table of fixed capacity with three words of key (a ref or two actor words and a link) and
 * one of value. Entries have stable indexes, so that they can also stand in lists of their owner.
 * Removal is exact: no tombstones, so the table does not age.
 */
#ifndef FAB_ACTOR_PAIR_H
#define FAB_ACTOR_PAIR_H

#include <stddef.h>
#include <stdint.h>

#define FAB_PAIR_NONE UINT32_MAX

struct fab_pair {
    uint64_t key[3];
    uint64_t value;     /* the owner's */
    uint32_t list_next; /* the owner's */
    uint32_t hash_next; /* next entry of the bucket, or next free one */
};

struct fab_pairs {
    struct fab_pair *entries; /* not owned */
    uint32_t *buckets;        /* not owned; as many as entries */
    uint32_t capacity;        /* a power of two */
    uint32_t count;
    uint32_t free;
};

/* Bytes that a table needs; capacity is a power of two. */
size_t fab_pairs_size(uint32_t capacity);

/* Lays an empty table out over memory of fab_pairs_size bytes, 8-aligned. */
void fab_pairs_init(struct fab_pairs *pairs, void *memory, uint32_t capacity);

/* NULL: there is none. */
struct fab_pair *fab_pairs_lookup(const struct fab_pairs *pairs, uint64_t a, uint64_t b,
                                  uint64_t c);

/* A new entry, value 0, for a key that is not there. NULL: the table is full. */
struct fab_pair *fab_pairs_insert(struct fab_pairs *pairs, uint64_t a, uint64_t b, uint64_t c);

void fab_pairs_remove(struct fab_pairs *pairs, struct fab_pair *pair);

/* Any entry whose first word is `a`, NULL: none. Looks at all of them: not for the hot path. */
struct fab_pair *fab_pairs_first(const struct fab_pairs *pairs, uint64_t a);

static inline uint32_t
fab_pairs_index(const struct fab_pairs *pairs, const struct fab_pair *pair)
{
    return (uint32_t)(pair - pairs->entries);
}

#endif
