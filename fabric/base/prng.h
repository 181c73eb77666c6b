/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Seeded random numbers: splitmix64 (Steele, Lea, Flood, OOPSLA 2014). One word of state, owned by
 * whoever draws, so that a simulation replays bit for bit. Not for keys: those come from OpenSSL.
 */
#ifndef FAB_BASE_PRNG_H
#define FAB_BASE_PRNG_H

#include <stdint.h>

struct fab_prng {
    uint64_t state;
};

static inline void
fab_prng_init(struct fab_prng *prng, uint64_t seed)
{
    prng->state = seed;
}

static inline uint64_t
fab_prng_next(struct fab_prng *prng)
{
    uint64_t z = (prng->state += 0x9e3779b97f4a7c15ULL);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

/* Even over 0 .. bound - 1; bound from 1. */
static inline uint64_t
fab_prng_below(struct fab_prng *prng, uint64_t bound)
{
    return (uint64_t)(((unsigned __int128)fab_prng_next(prng) * bound) >> 64);
}

/* Whether an event of `per_million` in a million happens. */
static inline int
fab_prng_chance(struct fab_prng *prng, uint32_t per_million)
{
    return fab_prng_below(prng, 1000000) < per_million;
}

#endif
