/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the lcores of this node know together about one peer node: when any of them last heard of
 * it, and in which of its lives it was found dead.
 *
 * Liveness is per node pair, so that an lcore pair that has nothing to say need not say so. Each
 * lcore writes when it accepts a frame (at most every FAB_FLOW_LIFE_NS, to spare the cache line)
 * and reads when a timer of one of its flows is due, never on the way of a message.
 *
 * Pairing: `heard_ns` and `heard_home` are two words that are read one by one; a reader that sees a
 * time with another life's home ignores it, so relaxed order is enough. A death is its home first,
 * then the count with release; a reader takes the count with acquire and then finds that home or a
 * later one.
 */
#ifndef FAB_LINK_FLOW_LIFE_H
#define FAB_LINK_FLOW_LIFE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

#define FAB_FLOW_LIFE_NS 50000U

struct fab_flow_life {
    _Atomic uint64_t heard_home; /* 0: never heard of */
    _Atomic uint64_t heard_ns;
    _Atomic uint64_t dead_home; /* the last life that went silent */
    _Atomic uint32_t deaths;    /* how often one did */
} FAB_ALIGNED_TO_LINE;

/* A frame of this life of the peer was accepted. */
static inline void
fab_flow_life_heard(struct fab_flow_life *life, uint64_t home, uint64_t now_ns)
{
    if (now_ns - atomic_load_explicit(&life->heard_ns, memory_order_relaxed) < FAB_FLOW_LIFE_NS &&
        atomic_load_explicit(&life->heard_home, memory_order_relaxed) == home)
        return;
    atomic_store_explicit(&life->heard_home, home, memory_order_relaxed);
    atomic_store_explicit(&life->heard_ns, now_ns, memory_order_relaxed);
}

/* When any lcore last heard of this life of the peer; 0: not known. */
static inline uint64_t
fab_flow_life_heard_ns(const struct fab_flow_life *life, uint64_t home)
{
    uint64_t heard_ns = atomic_load_explicit(&life->heard_ns, memory_order_relaxed);

    return atomic_load_explicit(&life->heard_home, memory_order_relaxed) == home ? heard_ns : 0;
}

/* This life of the peer was found dead, by who was not told. */
static inline void
fab_flow_life_dead(struct fab_flow_life *life, uint64_t home)
{
    atomic_store_explicit(&life->dead_home, home, memory_order_relaxed);
    atomic_fetch_add_explicit(&life->deaths, 1, memory_order_release);
}

static inline uint32_t
fab_flow_life_deaths(const struct fab_flow_life *life)
{
    return atomic_load_explicit(&life->deaths, memory_order_acquire);
}

/* Whether this life was found dead since `deaths` was read: the same life may come back. */
static inline bool
fab_flow_life_has_died(const struct fab_flow_life *life, uint64_t home, uint32_t deaths)
{
    return fab_flow_life_deaths(life) != deaths &&
           atomic_load_explicit(&life->dead_home, memory_order_relaxed) == home;
}

/* A flow with this life of the peer has fallen silent, begun when so many deaths were known. Who
 * was told of the death does not tell it again: the life may be back meanwhile with those who found
 * it, whose new flows would end of the echo, be found dead, and so for ever. Returns whether it is
 * news.
 */
static inline bool
fab_flow_life_found_dead(struct fab_flow_life *life, uint64_t home, uint32_t deaths)
{
    if (fab_flow_life_has_died(life, home, deaths))
        return false;
    fab_flow_life_dead(life, home);
    return true;
}

#endif
