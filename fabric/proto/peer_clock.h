/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How the clock of another node stands to ours, from round trips of the flow to it.
 *
 * As RFC 5905 section 8: a question leaves at t0 by our clock, arrives at t1 and is answered at t2
 * by the peer's, the answer arrives at t3. Then
 *
 *      offset = ((t1 - t0) + (t2 - t3)) / 2      peer's clock minus ours
 *      delay  =  (t3 - t0) - (t2 - t1)
 *
 * and the true offset is within half the delay of it, however unevenly the delay lies on both ways:
 * that is the only thing that two clocks can know of each other over a wire. As long as t0 and t2
 * are read before a frame leaves, and t1 and t3 after it came, it is a bound and not a guess.
 *
 * Of all samples the one that says most *now* is used: half its delay, plus what the clocks may
 * have drifted apart since. Both are TSCs that nobody disciplines, so the drift is bounded by that
 * of two crystals at first; two samples further apart bound it more closely.
 *
 * Two nodes whose clocks have one id (env/clock.h: the kernel's boot id and the frequency) read the
 * same TSC: the offset is 0, and nothing is asked. Pure.
 */
#ifndef FAB_PROTO_PEER_CLOCK_H
#define FAB_PROTO_PEER_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define FAB_PEER_CLOCK_DRIFT_PPB  100000U        /* of two crystals against each other, at most */
#define FAB_PEER_CLOCK_WANDER_PPB 2000U          /* of the drift itself, since it was measured */
#define FAB_PEER_CLOCK_SPAN_NS    1000000000U    /* between two samples that say something of it */
#define FAB_PEER_CLOCK_ANCHOR_NS  60000000000ULL /* after which the older of them is replaced */

/* A round trip; the first and the last time by our clock, those between by the peer's. */
struct fab_clock_trip {
    uint64_t asked_ns;
    uint64_t received_ns;
    uint64_t answered_ns;
    uint64_t returned_ns;
};

/* What one trip says. */
struct fab_clock_sample {
    int64_t offset_ns; /* peer's clock minus ours */
    uint64_t error_ns; /* at most, when it was taken */
    uint64_t at_ns;    /* when, by our clock */
};

struct fab_peer_clock {
    struct fab_clock_sample best;   /* at_ns 0: there was none */
    struct fab_clock_sample anchor; /* an older one, to measure the drift from */
    int64_t drift_ppb;              /* of the peer's clock against ours */
    uint64_t drift_error_ppb;
    bool is_same; /* one clock */
};

/* Knows nothing. */
void fab_peer_clock_init(struct fab_peer_clock *clock);

/* Both nodes read one clock. */
void fab_peer_clock_set_same(struct fab_peer_clock *clock);

/* Takes a round trip. False: no clocks can show such times, and nothing has changed. */
bool fab_peer_clock_on_trip(struct fab_peer_clock *clock, const struct fab_clock_trip *trip);

/* Whether offset and error mean something. */
static inline bool
fab_peer_clock_is_known(const struct fab_peer_clock *clock)
{
    return clock->is_same || clock->best.at_ns != 0;
}

/* Peer's clock minus ours at a time of ours, and by how much that may be wrong. 0 and UINT64_MAX
 * when it is not known. */
int64_t fab_peer_clock_offset(const struct fab_peer_clock *clock, uint64_t now_ns);
uint64_t fab_peer_clock_error(const struct fab_peer_clock *clock, uint64_t now_ns);

/* What an origin (mycelium/origin.h) of the peer's is on our clock, with what is wrong by that
 * added to its error; 0: worth nothing. A cause is not later than its effect, whatever the error:
 * it is at most `now_ns`. The clock is known. */
uint64_t fab_peer_clock_relate(const struct fab_peer_clock *clock, uint64_t origin,
                               uint64_t now_ns);

#endif
