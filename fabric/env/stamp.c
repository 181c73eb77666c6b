/* SPDX-License-Identifier: BSD-3-Clause */
#include "env/stamp.h"

#define SHIFT         32
#define TOOK_FACTOR   4U    /* of the shortest reading, up to which one is good */
#define TOOK_SLACK_NS 1000U /* and so much more */

static void
begin(struct fab_stamp *stamp, uint64_t ticks, uint64_t ns, uint64_t took_ns)
{
    *stamp = (struct fab_stamp){
        .base_ticks = ticks,
        .base_ns = ns,
        .anchor_ticks = ticks,
        .anchor_ns = ns,
        .base_took_ns = took_ns,
        .anchor_took_ns = took_ns,
        .took_ns = stamp->took_ns,
    };
}

/* What a span says that is longer than those before; or long enough, as they age. */
static void
learn_rate(struct fab_stamp *stamp, uint64_t ticks, uint64_t ns, uint64_t took_ns)
{
    stamp->span_ns = ns - stamp->anchor_ns;
    stamp->span_took_ns = took_ns + stamp->anchor_took_ns;
    stamp->ns_per_tick =
        (uint64_t)(((unsigned __int128)stamp->span_ns << SHIFT) / (ticks - stamp->anchor_ticks));
}

void
fab_stamp_on_reading(struct fab_stamp *stamp, const struct fab_stamp_reading *reading)
{
    uint64_t took_ns = reading->after_ns - reading->before_ns;
    uint64_t ns = reading->before_ns + took_ns / 2;

    if (stamp->anchor_ns == 0) {
        stamp->took_ns = took_ns;
        begin(stamp, reading->ticks, ns, took_ns);
        return;
    }
    if (took_ns > TOOK_FACTOR * stamp->took_ns + TOOK_SLACK_NS)
        return;
    if (took_ns < stamp->took_ns)
        stamp->took_ns = took_ns;
    if (reading->ticks <= stamp->base_ticks) {
        begin(stamp, reading->ticks, ns, took_ns);
        return;
    }
    if (ns - stamp->anchor_ns < FAB_STAMP_SPAN_NS)
        return;
    if (ns - stamp->anchor_ns >= stamp->span_ns || ns - stamp->anchor_ns > FAB_STAMP_ANCHOR_NS / 2)
        learn_rate(stamp, reading->ticks, ns, took_ns);
    stamp->base_ticks = reading->ticks;
    stamp->base_ns = ns;
    stamp->base_took_ns = took_ns;
    if (ns - stamp->anchor_ns > FAB_STAMP_ANCHOR_NS) {
        stamp->anchor_ticks = reading->ticks;
        stamp->anchor_ns = ns;
        stamp->anchor_took_ns = took_ns;
    }
}

/* Rounded up. A tick has no more to say, of a frame as of each reading. */
uint64_t
fab_stamp_error_ns(const struct fab_stamp *stamp, uint64_t ns)
{
    uint64_t away_ns = ns > stamp->base_ns ? ns - stamp->base_ns : stamp->base_ns - ns;
    uint64_t tick_ns = (stamp->ns_per_tick >> SHIFT) + 1;
    uint64_t span_error_ns = stamp->span_took_ns / 2 + 2 * tick_ns;
    uint64_t rate_ns = stamp->span_ns
                           ? (uint64_t)((unsigned __int128)away_ns * span_error_ns / stamp->span_ns)
                           : 0;
    uint64_t wander_ns = away_ns * FAB_STAMP_WANDER_PPB / 1000000000U;

    return (stamp->base_took_ns + 1) / 2 + rate_ns + wander_ns + 2 * tick_ns + 2;
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
