/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From the time stamps of a device to nanoseconds of our clock (env/clock.h).
 *
 * A device counts ticks of a clock of its own, whose frequency nobody says. Both clocks are read
 * together now and then; two such readings give the rate, the last one the place. A reading during
 * which the thread lost its CPU is worth little and is left.
 */
#ifndef FAB_ENV_STAMP_H
#define FAB_ENV_STAMP_H

#include <stdbool.h>
#include <stdint.h>

#define FAB_STAMP_SPAN_NS   10000000U      /* between the two readings of the first rate */
#define FAB_STAMP_ANCHOR_NS 10000000000ULL /* after which the older one is replaced */
#define FAB_STAMP_WANDER_PPB                                            \
    2000U /* of the two clocks against each other, between two readings \
           */
#define FAB_STAMP_PAST_NS                                                  \
    1000000000ULL /* a frame that lay longer was not stamped by this clock \
                   */

/* Both clocks at one moment. */
struct fab_stamp_reading {
    uint64_t ticks;
    uint64_t before_ns;
    uint64_t after_ns;
};

struct fab_stamp {
    uint64_t base_ticks;
    uint64_t base_ns;
    uint64_t anchor_ticks; /* of the older reading */
    uint64_t anchor_ns;    /* 0: there is none */
    uint64_t base_took_ns; /* how long these readings took */
    uint64_t anchor_took_ns;
    uint64_t span_ns;      /* between those that the rate is from */
    uint64_t span_took_ns; /* both together */
    uint64_t took_ns;      /* shortest reading */
    uint64_t ns_per_tick;  /* times 2^32; 0: not known yet */
};

/* Takes a reading. The device's clock may be set anew by others: then all begins anew. */
void fab_stamp_on_reading(struct fab_stamp *stamp, const struct fab_stamp_reading *reading);

/* By how much a time of fab_stamp_to_ns may be wrong: the device's clock was read at some moment of
 * each reading, which the place and the rate depend on; and it runs unevenly, a little. */
uint64_t fab_stamp_error_ns(const struct fab_stamp *stamp, uint64_t ns);

/* When a frame with this stamp came. False: not known, or no time that it can have come at. */
bool fab_stamp_to_ns(const struct fab_stamp *stamp, uint64_t ticks, uint64_t now_ns, uint64_t *ns);

#endif
