/* SPDX-License-Identifier: BSD-3-Clause */
#include "env/stamp.h"

#define SHIFT         32
#define TOOK_FACTOR   4U    /* of the shortest reading, up to which one is good */
#define TOOK_SLACK_NS 1000U /* and so much more */

static void
begin(struct fab_stamp *stamp, uint64_t ticks, uint64_t ns)
{
    *stamp = (struct fab_stamp){
        .base_ticks = ticks,
        .base_ns = ns,
        .anchor_ticks = ticks,
        .anchor_ns = ns,
        .took_ns = stamp->took_ns,
    };
}

void
fab_stamp_on_reading(struct fab_stamp *stamp, const struct fab_stamp_reading *reading)
{
    uint64_t took_ns = reading->after_ns - reading->before_ns;
    uint64_t ns = reading->before_ns + took_ns / 2;

    if (stamp->anchor_ns == 0) {
        stamp->took_ns = took_ns;
        begin(stamp, reading->ticks, ns);
        return;
    }
    if (took_ns > TOOK_FACTOR * stamp->took_ns + TOOK_SLACK_NS)
        return;
    if (took_ns < stamp->took_ns)
        stamp->took_ns = took_ns;
    if (reading->ticks <= stamp->base_ticks) {
        begin(stamp, reading->ticks, ns);
        return;
    }
    if (ns - stamp->anchor_ns < FAB_STAMP_SPAN_NS)
        return;
    stamp->ns_per_tick = (uint64_t)(((unsigned __int128)(ns - stamp->anchor_ns) << SHIFT) /
                                    (reading->ticks - stamp->anchor_ticks));
    stamp->base_ticks = reading->ticks;
    stamp->base_ns = ns;
    if (ns - stamp->anchor_ns > FAB_STAMP_ANCHOR_NS) {
        stamp->anchor_ticks = reading->ticks;
        stamp->anchor_ns = ns;
    }
}

bool
fab_stamp_to_ns(const struct fab_stamp *stamp, uint64_t ticks, uint64_t now_ns, uint64_t *ns)
{
    int64_t since = (int64_t)(ticks - stamp->base_ticks);
    uint64_t at_ns =
        stamp->base_ns + (uint64_t)(((__int128)since * (int64_t)stamp->ns_per_tick) >> SHIFT);

    if (stamp->ns_per_tick == 0 || at_ns > now_ns || now_ns - at_ns > FAB_STAMP_PAST_NS)
        return false;
    *ns = at_ns;
    return true;
}
