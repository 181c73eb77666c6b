/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a flow asks and answers about clocks (peer_clock.h).
 *
 * Each epoch's first frame of a side with FAB_FEATURE_CLOCK says which clock it reads, so that
 * times in the first records can be understood, and asks. Questions go on while somebody needs
 * times of the peer, or, more rarely, where the owner wants to know at any time; between two nodes
 * with one clock there is nothing to ask. An answer leaves at the end of the turn, as an
 * acknowledgement does.
 */
#include "base/compiler.h"
#include "proto/flow_state.h"

#define WANTED_NS 100000000U /* between questions while times of the peer come */
#define FIRST_NS  10000000U  /* between questions until there was an answer */

static uint64_t
read_clock(const struct fab_flow *flow, uint64_t now_ns)
{
    uint64_t read_ns = flow->ops->read_clock ? flow->ops->read_clock(flow->context) : now_ns;

    return read_ns ? read_ns : 1;
}

static bool
knows_clocks(const struct fab_flow *flow)
{
    return flow->state == FAB_FLOW_UP && (flow->peer.features & FAB_FEATURE_CLOCK) != 0;
}

void
fab_flow_clock_begin(struct fab_flow *flow)
{
    struct fab_flow_clock *clock = &flow->clock;

    clock->is_told = clock->is_wanted = false;
    clock->asked_ns = clock->echo_ns = 0;
    clock->next_ns = FAB_FLOW_NO_DEADLINE;
    clock->is_asking = knows_clocks(flow);
    flow->path.due.clock = clock->is_asking;
}

static uint64_t
interval_ns(const struct fab_flow *flow)
{
    const struct fab_flow_clock *clock = &flow->clock;

    if (clock->peer.is_same || (!clock->is_wanted && flow->config.timers.clock_ns == 0))
        return 0;
    if (!fab_peer_clock_is_known(&clock->peer))
        return FIRST_NS;
    return clock->is_wanted ? WANTED_NS : flow->config.timers.clock_ns;
}

struct fab_clock_block
fab_flow_clock_block(struct fab_flow *flow, uint64_t now_ns)
{
    struct fab_flow_clock *clock = &flow->clock;
    struct fab_clock_block block = {
        .id = flow->config.clock_id,
        .sent_ns = read_clock(flow, now_ns),
        .echo_ns = clock->echo_ns,
        .received_ns = clock->received_ns,
    };

    if (clock->echo_ns != 0) { /* an answer; a question of our own has the next frame */
        clock->echo_ns = clock->received_ns = 0;
        flow->path.due.clock = clock->is_asking;
        return block;
    }
    flow->path.due.clock = clock->is_asking = false;
    clock->asked_ns = block.sent_ns;
    clock->next_ns = interval_ns(flow) ? now_ns + interval_ns(flow) : FAB_FLOW_NO_DEADLINE;
    clock->is_wanted = false;
    flow->counters.clock_questions++;
    return block;
}

/* Another clock than before: the peer's host has started anew, or the peer is another one. */
static void
learn_id(struct fab_flow *flow, uint64_t id)
{
    struct fab_flow_clock *clock = &flow->clock;

    if (id != clock->peer_id || id == 0)
        fab_peer_clock_init(&clock->peer);
    clock->peer_id = id;
    clock->is_told = true;
    if (id != 0 && id == flow->config.clock_id)
        fab_peer_clock_set_same(&clock->peer);
}

static void
on_answer(struct fab_flow *flow, const struct fab_clock_block *block, uint64_t now_ns)
{
    struct fab_flow_clock *clock = &flow->clock;
    const struct fab_clock_trip trip = {
        .asked_ns = block->echo_ns,
        .received_ns = block->received_ns,
        .answered_ns = block->sent_ns,
        .returned_ns = now_ns,
    };

    if (block->echo_ns == clock->asked_ns &&
        (clock->peer.is_same || fab_peer_clock_on_trip(&clock->peer, &trip)))
        flow->counters.clock_answers++;
    else
        flow->counters.clock_refused++;
    clock->asked_ns = 0;
}

void
fab_flow_on_clock(struct fab_flow *flow, const struct fab_clock_block *block, uint64_t now_ns)
{
    uint64_t arrival_ns = read_clock(flow, now_ns);

    if (!flow->clock.is_told || block->id != flow->clock.peer_id)
        learn_id(flow, block->id);
    if (flow->clock.peer.is_same) {
        flow->clock.next_ns = FAB_FLOW_NO_DEADLINE;
        flow->clock.is_asking = flow->path.due.clock = false;
    }
    if (block->echo_ns != 0) {
        on_answer(flow, block, arrival_ns);
        return;
    }
    flow->clock.echo_ns = block->sent_ns;
    flow->clock.received_ns = arrival_ns;
    flow->path.due.clock = true;
}

void
fab_flow_on_clock_timer(struct fab_flow *flow)
{
    flow->clock.next_ns = FAB_FLOW_NO_DEADLINE;
    flow->clock.is_asking = flow->path.due.clock = true;
}

const struct fab_peer_clock *
fab_flow_peer_clock(const struct fab_flow *flow)
{
    const struct fab_flow_clock *clock = &flow->clock;

    return flow->state == FAB_FLOW_UP && clock->is_told && fab_peer_clock_is_known(&clock->peer)
               ? &clock->peer
               : NULL;
}

void
fab_flow_want_clock(struct fab_flow *flow, uint64_t now_ns)
{
    struct fab_flow_clock *clock = &flow->clock;

    if (clock->is_wanted || clock->peer.is_same || !knows_clocks(flow))
        return;
    clock->is_wanted = true;
    if (clock->next_ns == FAB_FLOW_NO_DEADLINE || clock->next_ns > now_ns + interval_ns(flow))
        clock->next_ns = now_ns + interval_ns(flow);
}
