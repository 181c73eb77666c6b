/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory taken once, at the start: zeroed and touched, so that no page fault is left for later.
 * calloc would hand out pages that the system has not backed yet.
 */
#ifndef MARKET_MEMORY_H
#define MARKET_MEMORY_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MARKET_CACHE_LINE 64U

/* `count` zeroed elements of `size` bytes, for free(); NULL when there is no memory. */
static inline void *
market_memory_take(size_t count, size_t size)
{
    if (size != 0 && count > (SIZE_MAX - MARKET_CACHE_LINE) / size)
        return NULL;
    size_t bytes = (count * size + MARKET_CACHE_LINE) & ~(size_t)(MARKET_CACHE_LINE - 1U);
    void *memory = aligned_alloc(MARKET_CACHE_LINE, bytes);

    if (memory != NULL)
        memset(memory, 0, bytes);
    return memory;
}

/* splitmix64's finaliser: spreads keys over a table. */
static inline uint64_t
market_hash(uint64_t key)
{
    key = (key ^ (key >> 30)) * 0xbf58476d1ce4e5b9ULL;
    key = (key ^ (key >> 27)) * 0x94d049bb133111ebULL;
    return key ^ (key >> 31);
}

/* The smallest power of two that is at least twice `count`: a table that stays half empty. */
static inline uint64_t
market_table_size(uint32_t count)
{
    uint64_t size = 2;

    while (size < 2ULL * count)
        size *= 2;
    return size;
}

#endif
