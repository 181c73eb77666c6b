/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The replay window of one direction: each packet number is accepted once, and one that is more
 * than 1024 behind the newest never. Only numbers of frames whose tag was right are put in.
 *
 * The bits of the window are a ring, as in RFC 6479 but shifted by the bit, not by the word.
 */
#ifndef FAB_PROTO_REPLAY_H
#define FAB_PROTO_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

#define FAB_REPLAY_WINDOW 1024U /* a power of two, at least 64 */

struct fab_replay {
    uint64_t next; /* one above the largest number seen */
    uint64_t seen[FAB_REPLAY_WINDOW / 64];
};

/* `first`: the smallest number that may come. */
static inline void
fab_replay_init(struct fab_replay *replay, uint64_t first)
{
    *replay = (struct fab_replay){ .next = first };
    for (uint32_t i = 0; i < FAB_REPLAY_WINDOW / 64; i++) /* below `first` all have been */
        replay->seen[i] = UINT64_MAX;
}

/* Whether a frame with this number may be looked at. */
static inline bool
fab_replay_is_new(const struct fab_replay *replay, uint64_t number)
{
    if (fab_likely(number >= replay->next))
        return true;
    if (replay->next - number > FAB_REPLAY_WINDOW)
        return false;
    return (replay->seen[number % FAB_REPLAY_WINDOW / 64] >> number % 64 & 1U) == 0;
}

/* The frame was what it said. `number` is new. */
static inline void
fab_replay_add(struct fab_replay *replay, uint64_t number)
{
    if (number >= replay->next && number - replay->next >= FAB_REPLAY_WINDOW) {
        for (uint32_t i = 0; i < FAB_REPLAY_WINDOW / 64; i++)
            replay->seen[i] = 0;
        replay->next = number;
    }
    for (; replay->next <= number; replay->next++)
        replay->seen[replay->next % FAB_REPLAY_WINDOW / 64] &= ~(1ULL << replay->next % 64);
    replay->seen[number % FAB_REPLAY_WINDOW / 64] |= 1ULL << number % 64;
}

#endif
