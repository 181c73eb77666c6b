/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Records that pass a large body: while the record that a stream waits for is here and its body is
 * not whole, those behind it that are for other receivers are handed on.
 *
 *      stream:  [ A, large ] [ B ] [ A ] [ C, large ] [ B ] [ C ] | not here yet
 *                 waits       on    waits   waits       on   waits
 *
 * The order that counts is that of one receiver's messages, and a stream is only the order that
 * keeps it. What was handed on leaves a stub of one unit of credit, by which it is known when it
 * comes again and when its turn comes. Nothing passes a record that has not come: it may be for
 * the same receiver.
 *
 * How far a stream was looked at, and whose records wait, is kept in the slot of the body that its
 * first record announces (large_in.h), so that each record is looked at once.
 */
#include "base/compiler.h"
#include "proto/flow_state.h"

/* The slot of the body that holds up the stream; NULL: none does. */
static struct fab_large_in_slot *
holder_of(const struct fab_flow *flow, uint8_t stream)
{
    for (uint32_t i = 0; i < FAB_LARGE_SLOTS; i++) {
        struct fab_large_in_slot *slot = flow->large_in->slots[i];

        if (slot && slot->stream == stream && slot->number == flow->reorder.next[stream])
            return slot;
    }
    return NULL;
}

static bool
waits(const struct fab_large_in_slot *holder, uint64_t to)
{
    for (uint32_t i = 0; i < holder->waiting_count; i++)
        if (holder->waiting[i] == to)
            return true;
    return false;
}

/* False: there is no place for another receiver. */
static bool
add_waiting(struct fab_large_in_slot *holder, uint64_t to)
{
    if (waits(holder, to))
        return true;
    if (holder->waiting_count == FAB_LARGE_WAITING_MAX)
        return false;
    holder->waiting[holder->waiting_count++] = to;
    return true;
}

/* Hands the record on and leaves its stub. False: the owner has no room. */
static bool
hand_on(struct fab_flow *flow, uint8_t stream, uint32_t number)
{
    const struct fab_chunk *chunk =
        fab_reorder_copy(&flow->reorder, stream, number, flow->store->scratch_record);
    struct fab_msg *msg = (struct fab_msg *)(void *)(flow->store->scratch_record + sizeof(*chunk));
    enum fab_lane lane = fab_chunk_lane(chunk);
    bool is_large = fab_chunk_is_large(chunk);

    if (is_large)
        fab_flow_name_body(msg);
    if (!flow->ops->on_message(flow->context, lane, msg))
        return false;
    flow->counters.messages_received++;
    flow->counters.messages_passed++;
    flow->whole_count -= is_large;
    fab_flow_credit_came_back(flow, lane, fab_reorder_stub(&flow->reorder, stream, number));
    return true;
}

/* Looks at one record. False: no further. */
static bool
look_at(struct fab_flow *flow, struct fab_large_in_slot *holder, uint32_t number)
{
    uint8_t stream = holder->stream;
    const struct fab_chunk *chunk = fab_reorder_look(&flow->reorder, stream, number);
    const struct fab_msg *msg;

    if (!chunk)
        return false;
    if (fab_chunk_is_skipped(chunk))
        return true;
    msg = (const struct fab_msg *)(const void *)(chunk + 1);
    if (fab_msg_has_buffer(msg) && fab_flow_is_held(fab_reorder_copy(&flow->reorder, stream, number,
                                                                     flow->store->scratch_record)))
        return add_waiting(holder, msg->to);
    if (waits(holder, msg->to))
        return true;
    if (hand_on(flow, stream, number))
        return true;
    flow->refused[stream / 64] |= 1ULL << stream % 64;
    flow->has_refused = true;
    return false;
}

void
fab_flow_pass(struct fab_flow *flow, uint8_t stream)
{
    struct fab_large_in_slot *holder = holder_of(flow, stream);

    if (!holder || flow->config.is_credit_manual || stream >= FAB_STREAM_SYSTEM)
        return;
    while (look_at(flow, holder, holder->number + holder->looked_at))
        holder->looked_at++;
}

void
fab_flow_pass_anew(struct fab_flow *flow, uint8_t stream)
{
    struct fab_large_in_slot *holder = holder_of(flow, stream);

    if (!holder)
        return;
    holder->looked_at = holder->waiting_count = 0;
    fab_flow_pass(flow, stream);
}
