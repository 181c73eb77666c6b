/* SPDX-License-Identifier: BSD-3-Clause */
#include "proto/congestion.h"

#define SHARE_ONE     1024U
#define SHARE_GAIN    4U /* a quarter of each round's share is news: rounds are few */
#define LOST_MIN      8U
#define LOST_FRACTION 5U /* one in so many */

void
fab_congestion_init(struct fab_congestion *congestion, uint32_t frame_size, uint32_t frames_max,
                    bool is_off)
{
    uint64_t window = (uint64_t)frame_size * FAB_CONGESTION_FRAMES_INIT;
    uint64_t window_max = (uint64_t)frame_size * frames_max;

    *congestion = (struct fab_congestion){
        .window = is_off || window > window_max ? window_max : window,
        .window_max = window_max,
        .trip_ns = FAB_CONGESTION_NO_TRIP,
        .frame_size = (uint16_t)frame_size,
        .is_off = is_off,
        .is_starting = true,
    };
}

static void
set_window(struct fab_congestion *congestion, uint64_t window)
{
    uint64_t least = (uint64_t)congestion->frame_size * FAB_CONGESTION_FRAMES_MIN;

    if (window < least)
        window = least;
    congestion->window = window < congestion->window_max ? window : congestion->window_max;
}

static void
cut(struct fab_congestion *congestion, uint64_t kept, uint64_t of)
{
    congestion->is_starting = false;
    set_window(congestion, congestion->window * kept / of);
}

static uint64_t
target_of(const struct fab_congestion_ack *ack)
{
    uint64_t quarter_ns = ack->trip_ns_min / 4;

    return quarter_ns > FAB_CONGESTION_TARGET_NS ? quarter_ns : FAB_CONGESTION_TARGET_NS;
}

static void
grow(struct fab_congestion *congestion, uint64_t queue_ns, uint64_t target_ns)
{
    uint64_t step = congestion->frame_size;

    if (congestion->is_starting)
        step = congestion->window;
    else if (queue_ns < target_ns / 4 && congestion->window / 8 > step)
        step = congestion->window / 8;
    set_window(congestion, congestion->window + step);
}

/* What is beyond the target, as a share of the trip, is too much in flight by that share. */
static void
cut_for_delay(struct fab_congestion *congestion, uint64_t excess_ns, uint64_t trip_ns)
{
    if (excess_ns > trip_ns / 2)
        excess_ns = trip_ns / 2;
    cut(congestion, trip_ns - excess_ns, trip_ns);
}

static void
learn_marks(struct fab_congestion *congestion)
{
    uint32_t share =
        congestion->acked ? (uint32_t)congestion->marked * SHARE_ONE / congestion->acked : 0;

    if (share > SHARE_ONE)
        share = SHARE_ONE;
    if (congestion->is_starting)
        congestion->mark_share = (uint16_t)share;
    congestion->mark_share = (uint16_t)(congestion->mark_share -
                                        congestion->mark_share / SHARE_GAIN + share / SHARE_GAIN);
}

static void
end_round(struct fab_congestion *congestion, const struct fab_congestion_ack *ack)
{
    uint64_t trip_ns = congestion->trip_ns;
    uint64_t target_ns = target_of(ack);
    uint64_t queue_ns = 0;

    if (trip_ns != FAB_CONGESTION_NO_TRIP && trip_ns > ack->trip_ns_min)
        queue_ns = trip_ns - ack->trip_ns_min;
    learn_marks(congestion);
    if (congestion->marked > 0)
        cut(congestion, 2 * SHARE_ONE - congestion->mark_share, 2 * SHARE_ONE);
    else if (queue_ns > target_ns)
        cut_for_delay(congestion, queue_ns - target_ns, trip_ns);
    else if (congestion->lost >= LOST_MIN &&
             congestion->lost * LOST_FRACTION > (uint32_t)congestion->acked + congestion->lost)
        cut(congestion, 7, 10);
    else if (congestion->has_limited)
        grow(congestion, queue_ns, target_ns);
}

bool
fab_congestion_on_ack(struct fab_congestion *congestion, const struct fab_congestion_ack *ack)
{
    if (congestion->is_off)
        return false;
    congestion->acked = (uint16_t)(congestion->acked + ack->frames);
    congestion->marked = (uint16_t)(congestion->marked + ack->marks - congestion->marks);
    congestion->marks = ack->marks;
    if (ack->trip_ns < congestion->trip_ns)
        congestion->trip_ns = ack->trip_ns;
    if (ack->number < congestion->round_end)
        return false;
    end_round(congestion, ack);
    congestion->round_end = ack->next_number;
    congestion->trip_ns = FAB_CONGESTION_NO_TRIP;
    congestion->acked = congestion->lost = congestion->marked = 0;
    congestion->has_limited = false;
    return true;
}

void
fab_congestion_on_silence(struct fab_congestion *congestion)
{
    if (congestion->is_off)
        return;
    set_window(congestion, congestion->window / 2);
    congestion->is_starting = true;
}
