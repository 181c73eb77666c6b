/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Spacing of frames, so that a window does not leave as one burst.
 *
 * Each frame moves the time at which the next one may go by its own share of the rate. A pause
 * earns at most FAB_PACER_BURST_NS of frames at once, because a polling loop cannot space them
 * closer; a loop that comes round more rarely, by as much as it was late for the last frame that
 * was held: else it would send one frame a turn, never fill its window, and so never widen it. A
 * window whose round trip is shorter than that is never held up. A token bucket says the same with
 * two numbers that have to be refilled; this one needs no refilling.
 */
#ifndef FAB_PROTO_PACER_H
#define FAB_PROTO_PACER_H

#include <stdbool.h>
#include <stdint.h>

#define FAB_PACER_BURST_NS 20000U

struct fab_pacer {
    uint64_t next_ns;     /* when the next frame may go */
    uint32_t ps_per_byte; /* 0: any time */
    uint32_t burst_ns;    /* what a pause earns */
};

void fab_pacer_init(struct fab_pacer *pacer);

/* From now on `window` bytes (1 up) a round trip, and by `percent` (1 up) as much. */
void fab_pacer_set_rate(struct fab_pacer *pacer, uint64_t window, uint64_t round_trip_ns,
                        uint32_t percent);

/* From now on frames go any time. */
void fab_pacer_set_free(struct fab_pacer *pacer);

/* The time until which frames were held was noticed now. */
static inline void
fab_pacer_on_release(struct fab_pacer *pacer, uint64_t held_until_ns, uint64_t now_ns)
{
    uint64_t late_ns = now_ns - held_until_ns;

    if (late_ns < FAB_PACER_BURST_NS)
        late_ns = FAB_PACER_BURST_NS;
    pacer->burst_ns = late_ns < UINT32_MAX ? (uint32_t)late_ns : UINT32_MAX;
}

/* A frame of `size` bytes goes now. */
static inline void
fab_pacer_on_sent(struct fab_pacer *pacer, uint32_t size, uint64_t now_ns)
{
    if (pacer->ps_per_byte == 0)
        return;
    if (pacer->next_ns + pacer->burst_ns < now_ns)
        pacer->next_ns = now_ns - pacer->burst_ns;
    pacer->next_ns += (uint64_t)size * pacer->ps_per_byte / 1000;
}

/* Whether the next frame has to wait until pacer->next_ns. */
static inline bool
fab_pacer_is_holding(const struct fab_pacer *pacer, uint64_t now_ns)
{
    return pacer->ps_per_byte != 0 && pacer->next_ns > now_ns;
}

#endif
