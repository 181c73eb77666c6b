/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which packet numbers have arrived: a few ranges, the newest first, above a floor below which
 * nothing is waited for.
 *
 * Numbers are never used twice, so the hole that a lost frame leaves is never filled; the sender
 * closes it by raising the floor. When there are more holes than places, the oldest range is
 * given up and the floor rises over it: what is then still missing counts as a duplicate when it
 * comes, and is sent again.
 */
#ifndef FAB_PROTO_RANGES_H
#define FAB_PROTO_RANGES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

#define FAB_RANGES_MAX 33U /* as many as an ack block tells: its first run and 32 more */

struct fab_range {
    uint64_t start;
    uint64_t end; /* first number not in it */
};

struct fab_ranges {
    uint64_t floor; /* everything below counts as arrived */
    uint32_t count;
    struct fab_range range[FAB_RANGES_MAX]; /* descending, never touching one another */
};

void fab_ranges_init(struct fab_ranges *ranges, uint64_t floor);

/* Nothing below `floor` is waited for any more; a floor never sinks. */
void fab_ranges_raise_floor(struct fab_ranges *ranges, uint64_t floor);

/* One more than the largest number that arrived; the floor when none did. */
static inline uint64_t
fab_ranges_end(const struct fab_ranges *ranges)
{
    return ranges->count > 0 ? ranges->range[0].end : ranges->floor;
}

/* What these two below do with a number that does not simply follow all that arrived. */
bool fab_ranges_contain_within(const struct fab_ranges *ranges, uint64_t number);
void fab_ranges_add_within(struct fab_ranges *ranges, uint64_t number);

/* Whether the number is known to have arrived, or is below the floor. */
static inline bool
fab_ranges_contain(const struct fab_ranges *ranges, uint64_t number)
{
    return fab_unlikely(number < fab_ranges_end(ranges)) &&
           fab_ranges_contain_within(ranges, number);
}

/* Adds a number that fab_ranges_contain does not have. */
static inline void
fab_ranges_add(struct fab_ranges *ranges, uint64_t number)
{
    if (fab_likely(ranges->count > 0 && ranges->range[0].end == number))
        ranges->range[0].end = number + 1;
    else
        fab_ranges_add_within(ranges, number);
}

#endif
