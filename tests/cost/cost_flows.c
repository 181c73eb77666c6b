/* SPDX-License-Identifier: BSD-3-Clause */
/* Flows that speak in turn: 16, 1 000 and 10 000 of them. The instructions of both ends. */
#include "cost/cost.h"

#include "base/assert.h"
#include "flow_crowd.h"

static void
send_messages(uint32_t flows, uint64_t count)
{
    struct flow_crowd *crowd = flow_crowd_create(flows);

    FAB_ASSERT(crowd != NULL);
    for (uint64_t i = 0; i < count; i++)
        flow_crowd_send(crowd);
    FAB_ASSERT(flow_crowd_received(crowd) == count);
    flow_crowd_destroy(&crowd);
}

void
cost_flows_16(uint64_t count)
{
    send_messages(16, count);
}

void
cost_flows_1000(uint64_t count)
{
    send_messages(1000, count);
}

void
cost_flows_10000(uint64_t count)
{
    send_messages(10000, count);
}

void
cost_flows_idle(uint64_t count)
{
    struct flow_crowd *crowd = flow_crowd_create(10000);

    FAB_ASSERT(crowd != NULL);
    for (uint64_t i = 0; i < count; i++)
        FAB_ASSERT(flow_crowd_idle_turn(crowd) == 0);
    flow_crowd_destroy(&crowd);
}
