/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Spacing of frames, so that a window does not leave as one burst.
 *
 * Each frame moves the time at which the next one may go by its own share of the rate; a pause
 * earns at most FAB_PACER_BURST_NS of frames at once, because a polling loop cannot space them
 * closer. A window whose round trip is shorter than that is therefore never held up. A token
 * bucket says the same with two numbers that have to be refilled; this one needs no refilling.
 */
#ifndef FAB_PROTO_PACER_H
#define FAB_PROTO_PACER_H

#include <stdbool.h>
#include <stdint.h>

#define FAB_PACER_BURST_NS 20000U

struct fab_pacer {
    uint64_t next_ns;     /* when the next frame may go */
    uint64_t ps_per_byte; /* 0: any time */
};

void fab_pacer_init(struct fab_pacer *pacer);

/* From now on `window` bytes (1 up) a round trip, and by `percent` (1 up) as much. */
void fab_pacer_set_rate(struct fab_pacer *pacer, uint64_t window, uint64_t round_trip_ns,
                        uint32_t percent);

/* From now on frames go any time. */
void fab_pacer_set_free(struct fab_pacer *pacer);

/* A frame of `size` bytes goes now. */
static inline void
fab_pacer_on_sent(struct fab_pacer *pacer, uint32_t size, uint64_t now_ns)
{
    if (pacer->ps_per_byte == 0)
        return;
    if (pacer->next_ns + FAB_PACER_BURST_NS < now_ns)
        pacer->next_ns = now_ns - FAB_PACER_BURST_NS;
    pacer->next_ns += size * pacer->ps_per_byte / 1000;
}

/* Whether the next frame has to wait until pacer->next_ns. */
static inline bool
fab_pacer_is_holding(const struct fab_pacer *pacer, uint64_t now_ns)
{
    return pacer->ps_per_byte != 0 && pacer->next_ns > now_ns;
}

#endif
