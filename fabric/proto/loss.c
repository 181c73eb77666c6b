/* SPDX-License-Identifier: BSD-3-Clause */
#include "proto/loss.h"

#include <stddef.h>

void
fab_loss_init(struct fab_loss *loss)
{
    *loss = (struct fab_loss){ .deadline_ns = UINT64_MAX };
}

static void
rotate_memory(struct fab_loss *loss, const struct fab_rtt *rtt, uint64_t now_ns)
{
    if (now_ns < loss->memory_end_ns)
        return;
    loss->late_ns_max = loss->late_ns_next;
    loss->late_ns_next = 0;
    loss->memory_end_ns = now_ns + FAB_LOSS_MEMORY_RTTS * rtt->smoothed_ns;
}

/* How long after its own round trip would have ended, measured by that of a later frame. */
static void
learn_lateness(struct fab_loss *loss, const struct fab_sent_frame *frame, uint64_t now_ns)
{
    uint64_t took_ns = now_ns - frame->sent_ns;
    uint64_t late_ns = took_ns > loss->round_trip_ns ? took_ns - loss->round_trip_ns : 0;

    loss->has_reordered = true;
    if (late_ns > UINT32_MAX)
        late_ns = UINT32_MAX;
    if (late_ns > loss->late_ns_next)
        loss->late_ns_next = (uint32_t)late_ns;
}

void
fab_loss_on_acked(struct fab_loss *loss, const struct fab_sent_frame *frame,
                  const struct fab_rtt *rtt, uint64_t now_ns)
{
    rotate_memory(loss, rtt, now_ns);
    if (loss->has_acked && frame->number < loss->number) {
        learn_lateness(loss, frame, now_ns);
        return;
    }
    loss->has_acked = true;
    loss->number = frame->number;
    loss->sent_ns = frame->sent_ns;
    loss->round_trip_ns = now_ns - frame->sent_ns;
}

uint64_t
fab_loss_reorder_ns(const struct fab_loss *loss, const struct fab_rtt *rtt)
{
    uint64_t late_ns =
        loss->late_ns_max > loss->late_ns_next ? loss->late_ns_max : loss->late_ns_next;
    uint64_t quarter_ns = rtt->min_ns / 4;

    late_ns += late_ns / 4;
    return late_ns > quarter_ns ? late_ns : quarter_ns;
}

static bool
is_lost(const struct fab_loss *loss, const struct fab_sent_frame *frame, uint64_t allowed_ns,
        uint64_t now_ns)
{
    if (!loss->has_reordered && loss->number >= frame->number + FAB_LOSS_THRESHOLD)
        return true;
    return now_ns >= frame->sent_ns + allowed_ns;
}

/* Only the oldest in flight is looked at: later ones are due later. */
struct fab_sent_frame *
fab_loss_next(struct fab_loss *loss, struct fab_sent_map *map, const struct fab_rtt *rtt,
              uint64_t now_ns)
{
    struct fab_sent_frame *oldest = fab_sent_map_oldest(map);
    uint64_t allowed_ns;

    loss->deadline_ns = UINT64_MAX;
    if (!oldest || !loss->has_acked || oldest->number >= loss->number)
        return NULL;
    allowed_ns = loss->round_trip_ns + fab_loss_reorder_ns(loss, rtt);
    if (is_lost(loss, oldest, allowed_ns, now_ns))
        return oldest;
    loss->deadline_ns = oldest->sent_ns + allowed_ns;
    return NULL;
}
