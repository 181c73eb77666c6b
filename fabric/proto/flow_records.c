/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What becomes of a frame's records: the next one of its stream goes to the owner, what has come
 * before its turn, or found no room there, is kept.
 */
#include "base/assert.h"
#include "base/compiler.h"
#include "proto/flow_state.h"

/* Units of credit that came back, by lane: told once for all records of a frame. */
struct returned {
    uint32_t units[FAB_LANE_COUNT];
};

static void
give_back(struct fab_flow *flow, const struct returned *returned)
{
    for (int lane = 0; lane < FAB_LANE_COUNT; lane++) {
        if (returned->units[lane] != 0)
            fab_flow_credit_came_back(flow, (enum fab_lane)lane, returned->units[lane]);
    }
}

/* Returns false when the owner has no room. */
static inline bool
deliver(struct fab_flow *flow, const struct fab_chunk *chunk, struct returned *returned)
{
    enum fab_lane lane = fab_chunk_lane(chunk);

    if (fab_unlikely(fab_chunk_is_skipped(chunk)))
        flow->counters.messages_missed++;
    else if (fab_unlikely(!flow->ops->on_message(
                 flow->context, lane, (const struct fab_msg *)(const void *)(chunk + 1))))
        return false;
    else
        flow->counters.messages_received++;
    if (fab_unlikely(fab_chunk_is_large(chunk)))
        flow->whole_count--;
    flow->reorder.next[chunk->stream]++;
    if (!flow->config.is_credit_manual)
        returned->units[lane] += fab_chunk_units(chunk->size);
    return true;
}

/* The turn has come of a record that was left out, or has gone before: nothing is there. */
static void
pass_over(struct fab_flow *flow, const struct fab_chunk *chunk, struct returned *returned)
{
    flow->reorder.next[chunk->stream]++;
    if (!flow->config.is_credit_manual)
        returned->units[fab_chunk_lane(chunk)] += fab_chunk_units(chunk->size);
}

static bool
is_refused(const struct fab_flow *flow, uint8_t stream)
{
    return flow->has_refused && (flow->refused[stream / 64] >> stream % 64 & 1U) != 0;
}

static void
deliver_waiting(struct fab_flow *flow, uint8_t stream, struct returned *returned)
{
    uint64_t bit = 1ULL << stream % 64;
    const struct fab_chunk *chunk;

    flow->refused[stream / 64] &= ~bit;
    flow->has_refused = (flow->refused[0] | flow->refused[1]) != 0;
    while ((chunk = fab_reorder_peek(&flow->reorder, stream, flow->store->scratch_record)) !=
           NULL) {
        if (fab_unlikely(fab_flow_is_held(chunk))) {
            fab_flow_pass(flow, stream);
            return;
        }
        if (fab_unlikely(fab_chunk_is_large(chunk)))
            fab_flow_name_body(
                (struct fab_msg *)(void *)(flow->store->scratch_record + sizeof(*chunk)));
        if (fab_unlikely(fab_chunk_is_skipped(chunk))) {
            pass_over(flow, chunk, returned);
        } else if (!deliver(flow, chunk, returned)) {
            flow->refused[stream / 64] |= bit;
            flow->has_refused = true;
            return;
        }
        fab_reorder_drop(&flow->reorder, chunk);
    }
}

void
fab_flow_deliver_waiting(struct fab_flow *flow, uint8_t stream)
{
    struct returned returned = { { 0 } };

    deliver_waiting(flow, stream, &returned);
    give_back(flow, &returned);
}

bool
fab_flow_has_refused(const struct fab_flow *flow)
{
    return flow->has_refused;
}

void
fab_flow_offer(struct fab_flow *flow)
{
    for (uint8_t stream = 0; stream < FAB_STREAM_COUNT; stream++) {
        if (is_refused(flow, stream))
            fab_flow_deliver_waiting(flow, stream);
    }
}

void
fab_flow_offer_last(struct fab_flow *flow)
{
    flow->is_ending = true;
    fab_flow_offer(flow);
    flow->is_ending = false;
    FAB_ASSERT(!fab_flow_has_refused(flow));
}

bool
fab_flow_is_ending(const struct fab_flow *flow)
{
    return flow->is_ending;
}

/* Returns false when the chunk had to be left. */
static bool
keep(struct fab_flow *flow, const struct fab_chunk *chunk, uint64_t *counter)
{
    switch (fab_reorder_keep(&flow->reorder, chunk, fab_flow_keep_limit(flow, chunk))) {
    case FAB_REORDER_KEPT:
        ++*counter;
        flow->counters.messages_missed += fab_chunk_is_skipped(chunk);
        return true;
    case FAB_REORDER_DUPLICATE:
        flow->counters.messages_duplicate++;
        return true;
    case FAB_REORDER_NO_ROOM:
        break;
    }
    return false;
}

/* The record that its stream waits for. Returns false when it had to be left. */
static bool
take_next(struct fab_flow *flow, const struct fab_chunk *chunk, struct returned *returned)
{
    if (fab_unlikely(is_refused(flow, chunk->stream))) { /* it is kept */
        flow->counters.messages_duplicate++;
        return true;
    }
    if (fab_unlikely(!deliver(flow, chunk, returned))) {
        if (!keep(flow, chunk, &flow->counters.messages_held))
            return false;
        flow->refused[chunk->stream / 64] |= 1ULL << chunk->stream % 64;
        flow->has_refused = true;
        return true;
    }
    if (fab_unlikely(!fab_reorder_is_empty(&flow->reorder)))
        deliver_waiting(flow, chunk->stream, returned);
    return true;
}

/* Whether bodies are on their way in. */
static bool
has_bodies(const struct fab_flow *flow)
{
    return flow->large_in && flow->large_in->open_count > 0;
}

bool
fab_flow_take_chunks(struct fab_flow *flow, const struct fab_frame *frame)
{
    const uint8_t *at = frame->chunks;
    const uint8_t *end = at + frame->chunks_size;
    struct returned returned = { { 0 } };
    bool is_complete = true;

    while (at < end) {
        const struct fab_chunk *chunk = (const struct fab_chunk *)(const void *)at;
        int32_t early = (int32_t)(chunk->number - flow->reorder.next[chunk->stream]);

        if (fab_unlikely(fab_chunk_is_large(chunk)) && early >= 0)
            is_complete &= fab_flow_take_head(flow, chunk);
        else if (fab_likely(early == 0))
            is_complete &= take_next(flow, chunk, &returned);
        else if (early < 0)
            flow->counters.messages_duplicate++;
        else
            is_complete &= keep(flow, chunk, &flow->counters.messages_reordered);
        if (fab_unlikely(early != 0 && has_bodies(flow)))
            fab_flow_pass(flow, chunk->stream);
        at += fab_chunk_wire_size(chunk);
    }
    give_back(flow, &returned);
    return is_complete;
}
