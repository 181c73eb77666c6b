/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What holds of a flow after every step, whatever has happened to it. For simulators.
 */
#ifndef TESTS_SUPPORT_FLOW_INVARIANTS_H
#define TESTS_SUPPORT_FLOW_INVARIANTS_H

#include "proto/flow_state.h"

/* Places wrap. */
static inline bool
flow_lane_is_in_order(const struct fab_send_lane *lane)
{
    return lane->next - lane->tail <= lane->head - lane->tail &&
           lane->head - lane->tail <= fab_send_lane_size(lane);
}

/* Whether no counter went down since last time; `before` is brought up to date. */
static inline bool
flow_counters_only_grow(const struct fab_flow *flow, struct fab_flow_counters *before)
{
    const uint64_t *now = (const uint64_t *)fab_flow_counters(flow);
    const uint64_t *then = (const uint64_t *)before;
    bool only_grow = true;

    for (size_t i = 0; i < FAB_FLOW_COUNTER_COUNT; i++)
        only_grow &= now[i] >= then[i];
    *before = *fab_flow_counters(flow);
    return only_grow;
}

/* NULL, or what is broken. `may_be_stuck`: it is kept from sending. */
static inline const char *
flow_broken(const struct fab_flow *flow, bool may_be_stuck)
{
    bool has_timer = fab_flow_next_deadline(flow) != FAB_FLOW_NO_DEADLINE;
    uint32_t used = 0;

    if (flow->state == FAB_FLOW_CONNECTING && !has_timer)
        return "who says hello has a timer";
    if (flow->state != FAB_FLOW_UP)
        return NULL;
    if (!fab_flow_is_drained(flow) && !may_be_stuck && !has_timer)
        return "what is under way has a timer";
    for (int lane = 0; lane < FAB_LANE_COUNT; lane++) {
        if (flow->lanes[lane].credit_out.sent > flow->lanes[lane].credit_out.limit)
            return "credit that is used was granted";
        if (flow->reorder.used[lane] > flow->lanes[lane].credit_in.window)
            return "cells that are used were granted";
        if (!flow_lane_is_in_order(&flow->lanes[lane].send))
            return "a send lane is in order";
        used += flow->reorder.used[lane];
    }
    if (used > flow->store->shelf.count)
        return "no more cells are used than there are";
    if (flow->path.sent.in_flight > flow->path.sent.head - flow->path.sent.tail)
        return "what is in flight is in the sent map";
    return NULL;
}

#endif
