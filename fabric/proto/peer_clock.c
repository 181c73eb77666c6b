/* SPDX-License-Identifier: BSD-3-Clause */
#include "proto/peer_clock.h"

#include <mycelium/origin.h>

#define PPB 1000000000

void
fab_peer_clock_init(struct fab_peer_clock *clock)
{
    *clock = (struct fab_peer_clock){ .drift_error_ppb = FAB_PEER_CLOCK_DRIFT_PPB };
}

void
fab_peer_clock_set_same(struct fab_peer_clock *clock)
{
    fab_peer_clock_init(clock);
    clock->is_same = true;
}

/* A time may lie before the sample: a little, or wherever a stranger says. */
static uint64_t
distance(uint64_t at_ns, uint64_t now_ns)
{
    return now_ns > at_ns ? now_ns - at_ns : at_ns - now_ns;
}

/* Rounded up: an error is never said to be smaller than it is. */
static uint64_t
share(uint64_t ns, uint64_t ppb)
{
    return (uint64_t)(((unsigned __int128)ns * ppb + PPB - 1) / PPB);
}

static int64_t
moved(const struct fab_peer_clock *clock, uint64_t now_ns)
{
    int64_t by_ns = (int64_t)(now_ns - clock->best.at_ns);

    return (int64_t)((__int128)by_ns * clock->drift_ppb / PPB);
}

int64_t
fab_peer_clock_offset(const struct fab_peer_clock *clock, uint64_t now_ns)
{
    return clock->best.at_ns ? clock->best.offset_ns + moved(clock, now_ns) : 0;
}

uint64_t
fab_peer_clock_error(const struct fab_peer_clock *clock, uint64_t now_ns)
{
    if (clock->is_same)
        return 0;
    if (clock->best.at_ns == 0)
        return UINT64_MAX;
    return clock->best.error_ns +
           share(distance(clock->best.at_ns, now_ns), clock->drift_error_ppb) + 1;
}

/* Its age is the same on both clocks, but for what they drift apart meanwhile. */
uint64_t
fab_peer_clock_relate(const struct fab_peer_clock *clock, uint64_t origin, uint64_t now_ns)
{
    uint64_t there_ns = now_ns + (uint64_t)fab_peer_clock_offset(clock, now_ns);
    uint64_t age_ns = myc_origin_age_ns(origin, there_ns);
    uint64_t error_ns = myc_origin_error_ns(origin);

    if (clock->is_same)
        return origin;
    error_ns += share(age_ns + error_ns, FAB_PEER_CLOCK_DRIFT_PPB);
    return myc_origin_make(now_ns - age_ns, error_ns + fab_peer_clock_error(clock, now_ns));
}

/* The differences are those of wrapping numbers: the clocks may be as far apart as they like. */
static bool
measure(const struct fab_clock_trip *trip, struct fab_clock_sample *sample)
{
    int64_t there_ns = (int64_t)(trip->received_ns - trip->asked_ns);
    int64_t back_ns = (int64_t)(trip->answered_ns - trip->returned_ns);
    uint64_t round_ns = trip->returned_ns - trip->asked_ns;
    uint64_t held_ns = trip->answered_ns - trip->received_ns;

    if (trip->returned_ns < trip->asked_ns || trip->answered_ns < trip->received_ns ||
        held_ns > round_ns + share(round_ns, FAB_PEER_CLOCK_DRIFT_PPB) + 1)
        return false;
    *sample = (struct fab_clock_sample){
        .offset_ns = there_ns / 2 + back_ns / 2 + (there_ns % 2 + back_ns % 2) / 2,
        .error_ns = (round_ns > held_ns ? (round_ns - held_ns + 1) / 2 : 0) +
                    share(round_ns, FAB_PEER_CLOCK_DRIFT_PPB) + 1,
        .at_ns = trip->returned_ns,
    };
    return true;
}

/* Two samples say how fast one clock runs against the other. */
static void
measure_drift(struct fab_peer_clock *clock, const struct fab_clock_sample *sample)
{
    const struct fab_clock_sample *anchor = &clock->anchor;
    uint64_t span_ns = sample->at_ns - anchor->at_ns;
    __int128 by_ns = (__int128)sample->offset_ns - anchor->offset_ns;
    uint64_t error_ppb;

    if (span_ns < FAB_PEER_CLOCK_SPAN_NS)
        return;
    error_ppb =
        (uint64_t)((unsigned __int128)(sample->error_ns + anchor->error_ns) * PPB / span_ns) +
        FAB_PEER_CLOCK_WANDER_PPB;
    if (error_ppb > FAB_PEER_CLOCK_DRIFT_PPB)
        return;
    clock->drift_ppb = (int64_t)(by_ns * PPB / (int64_t)span_ns);
    clock->drift_error_ppb = error_ppb;
}

/* One that is better or much newer takes the anchor's place. */
static void
move_anchor(struct fab_peer_clock *clock, const struct fab_clock_sample *sample)
{
    uint64_t span_ns = sample->at_ns - clock->anchor.at_ns;

    if (clock->anchor.at_ns == 0 || span_ns > FAB_PEER_CLOCK_ANCHOR_NS ||
        (span_ns < FAB_PEER_CLOCK_SPAN_NS && sample->error_ns < clock->anchor.error_ns))
        clock->anchor = *sample;
}

bool
fab_peer_clock_on_trip(struct fab_peer_clock *clock, const struct fab_clock_trip *trip)
{
    struct fab_clock_sample sample;

    if (clock->is_same || !measure(trip, &sample) || sample.at_ns < clock->best.at_ns)
        return false;
    if (sample.error_ns > fab_peer_clock_error(clock, sample.at_ns))
        return true; /* what is known says more */
    clock->best = sample;
    if (clock->anchor.at_ns)
        measure_drift(clock, &sample);
    move_anchor(clock, &sample);
    return true;
}
