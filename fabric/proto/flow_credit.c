/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Credit that we give: little to begin with, more on demand, from what the store has.
 *
 * A flow is promised its least from its start to its end, so it never waits for others. A peer that
 * says that records wait for credit is given twice as much, as long as the shelf has cells that
 * nobody was promised. When those become few, what a flow has beyond its least is not given anew
 * when it comes back. So the sum of all promises never exceeds the cells that there are.
 */
#include "proto/flow_state.h"

/* One in so many cells is kept back from flows that have more than their least. */
#define TIGHT_FRACTION 4U

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

static bool
is_tight(const struct fab_shelf *shelf)
{
    return shelf->count - shelf->promised < shelf->count / TIGHT_FRACTION;
}

/* What has come back is not given anew, down to the least. */
static void
shrink(struct fab_flow *flow, enum fab_lane lane, uint32_t units)
{
    struct fab_credit_in *credit = &flow->lanes[lane].credit_in;
    uint32_t surplus = credit->window - fab_flow_credit_least(&flow->config, lane);

    if (units > surplus)
        units = surplus;
    credit->window -= units;
    flow->store->shelf.promised -= units;
}

void
fab_flow_credit_came_back(struct fab_flow *flow, enum fab_lane lane, uint32_t units)
{
    struct fab_credit_in *credit = &flow->lanes[lane].credit_in;

    credit->returned += units;
    if (is_tight(&flow->store->shelf))
        shrink(flow, lane, units);
    flow->path->due.credit |= fab_credit_in_is_due(credit);
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

void
fab_flow_credit_wanted(struct fab_flow *flow)
{
    struct fab_shelf *shelf = &flow->store->shelf;

    for (int lane = 0; lane < FAB_LANE_COUNT; lane++) {
        struct fab_credit_in *credit = &flow->lanes[lane].credit_in;
        uint32_t more = units_max(flow, lane) - credit->window;

        if (more == 0 || is_tight(shelf) || !is_in_use(flow, lane))
            continue;
        if (more > credit->window)
            more = credit->window;
        if (more > shelf->count - shelf->promised)
            more = shelf->count - shelf->promised;
        credit->window += more;
        shelf->promised += more;
    }
}

void
fab_flow_credit_end(struct fab_flow *flow)
{
    for (int lane = 0; lane < FAB_LANE_COUNT; lane++)
        shrink(flow, (enum fab_lane)lane, flow->lanes[lane].credit_in.window);
}
