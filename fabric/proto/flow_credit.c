/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Credit that we give: little to begin with, more on demand, from what the store has.
 *
 * A flow is promised its least from its start to its end, so it never waits for others. A peer that
 * says that records wait for credit is given twice as much, but never more beyond the least than
 * half of what nobody was promised; what is beyond that, because others have come, is not given
 * anew when it comes back. So one flow finds all it can use, a thousand share evenly, there is
 * always some left for who comes next, and the sum of all promises never exceeds the cells.
 */
#include "proto/flow_state.h"

static uint32_t
units_max(const struct fab_flow *flow, int lane)
{
    return flow->config.credit_bytes[lane] / FAB_CREDIT_UNIT;
}

uint32_t
fab_flow_credit_least(const struct fab_flow_config *config, int lane)
{
    uint32_t bytes =
        config->credit_least[lane] ? config->credit_least[lane] : config->credit_bytes[lane];

    return bytes / FAB_CREDIT_UNIT;
}

uint32_t
fab_flow_credit_promise(const struct fab_flow_config *config)
{
    uint32_t units = 0;

    for (int lane = 0; lane < FAB_LANE_COUNT; lane++)
        units += fab_flow_credit_least(config, lane);
    return units;
}

/* Units that a lane of any flow may have beyond its least now. */
static uint32_t
surplus_max(const struct fab_flow *flow)
{
    return (flow->store->shelf.count - flow->store->shelf.promised) / 2;
}

static uint32_t
surplus_of(const struct fab_flow *flow, int lane)
{
    return flow->lanes[lane].credit_in.window - flow->lanes[lane].credit_in.least;
}

static void
shrink(struct fab_flow *flow, int lane, uint32_t units)
{
    flow->lanes[lane].credit_in.window -= units;
    flow->store->shelf.promised -= units;
}

void
fab_flow_credit_came_back(struct fab_flow *flow, enum fab_lane lane, uint32_t units)
{
    struct fab_credit_in *credit = &flow->lanes[lane].credit_in;
    uint32_t surplus = surplus_of(flow, lane);

    credit->returned += units;
    if (surplus > 0 && surplus > surplus_max(flow))
        shrink(flow, lane, units < surplus ? units : surplus);
    flow->path.due.credit |= fab_credit_in_is_due(credit);
}

/* Whether some of what the peer was told has arrived: the peer does not say which lane is short,
 * and what it has sent may be on its way. */
static bool
is_in_use(const struct fab_flow *flow, int lane)
{
    const struct fab_credit_in *credit = &flow->lanes[lane].credit_in;
    uint64_t left = credit->told - credit->returned - flow->reorder.used[lane];

    return left < credit->window - credit->window / 8;
}

static uint32_t
smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

void
fab_flow_credit_wanted(struct fab_flow *flow)
{
    for (int lane = 0; lane < FAB_LANE_COUNT; lane++) {
        struct fab_credit_in *credit = &flow->lanes[lane].credit_in;
        uint32_t most = surplus_max(flow);
        uint32_t surplus = surplus_of(flow, lane);
        uint32_t more = smaller(units_max(flow, lane) - credit->window, credit->window);

        if (surplus >= most || !is_in_use(flow, lane))
            continue;
        more = smaller(more, most - surplus);
        credit->window += more;
        flow->store->shelf.promised += more;
    }
}

void
fab_flow_credit_end(struct fab_flow *flow)
{
    for (int lane = 0; lane < FAB_LANE_COUNT; lane++)
        shrink(flow, lane, surplus_of(flow, lane));
}
