/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Large bodies over a flow: how their parts (large_out.h, large_in.h) meet the rest of it.
 *
 * The record that announces a body goes over its stream as any other, and holds its place there
 * until the body is whole. Parts go beside the streams in frames of their own, so that records of
 * other actors pass; nothing of a body leaves before the receiver, which has reserved memory for
 * all of it, has granted it.
 */
#include <string.h>

#include "base/assert.h"
#include "base/compiler.h"
#include "proto/flow_state.h"

/* In the word of a kept record: the body is whole, the rest is the owner's name for it. */
#define IS_WHOLE (1ULL << 63)

/* --- out -------------------------------------------------------------------------------------- */

/* A part must fit into any frame, beside all blocks and two grants. */
static uint32_t
step_of(const struct fab_flow *flow)
{
    return (fab_flow_frame_size(flow) - FAB_FRAME_HEADER_SIZE - FAB_FLOW_BLOCKS_RESERVE -
            FAB_FLOW_GRANTS_RESERVE - FAB_PART_SIZE) &
           ~7U;
}

enum myc_status
fab_flow_claim_large(struct fab_flow *flow, uint8_t stream, uint32_t total_size, uint32_t body_size,
                     struct fab_msg **msg)
{
    if (flow->state == FAB_FLOW_UP && body_size > flow->peer.large_max) {
        flow->counters.claims_too_big++;
        return MYC_TOO_BIG;
    }
    if (flow->state == FAB_FLOW_UP && !fab_large_out_reserve(flow->large_out)) {
        flow->was_full = flow->was_large_full = true;
        flow->counters.claims_full++;
        return MYC_FULL;
    }
    return fab_flow_claim(flow, FAB_LANE_USER, stream, total_size, msg);
}

void
fab_flow_commit_large(struct fab_flow *flow, const void *body, uint64_t loan)
{
    struct fab_msg *msg = (struct fab_msg *)(void *)(flow->open_chunk + 1);
    uint8_t stream = flow->open_chunk->stream;
    struct fab_large_out_slot *slot;

    FAB_ASSERT(fab_msg_has_buffer(msg));
    slot = fab_large_out_open(flow->large_out, msg->size, (uint16_t)step_of(flow));
    slot->body = body;
    slot->loan = loan;
    slot->stream = stream;
    slot->number = flow->stream_out[stream];
    memcpy(slot->head, msg, fab_msg_total(msg));
    fab_msg_set_buffer_word(msg, fab_transfer_word(slot->id, slot->step));
    flow->counters.large_sent++;
    fab_flow_commit(flow);
}

/* Whether a part may go into a frame now, if there is window: some were written in this turn
 * already, and small records should not wait behind more. */
bool
fab_flow_can_send_part(const struct fab_flow *flow)
{
    return flow->large_out && flow->parts_left > 0 && fab_large_out_can_send(flow->large_out);
}

uint64_t
fab_flow_next_part_ns(const struct fab_flow *flow)
{
    if (!flow->large_out || flow->parts_left > 0 || !fab_flow_has_parts_window(flow) ||
        !fab_large_out_can_send(flow->large_out))
        return FAB_FLOW_NO_DEADLINE;
    return flow->parts_turn_ns + 1;
}

void
fab_flow_large_on_turn(struct fab_flow *flow, uint64_t now_ns)
{
    if (now_ns == flow->parts_turn_ns)
        return;
    flow->parts_turn_ns = now_ns;
    flow->parts_left = FAB_FLOW_PARTS_PER_TURN;
}

void
fab_flow_large_on_acked(struct fab_flow *flow, fab_part part)
{
    uint64_t loan;

    if (fab_large_out_on_acked(flow->large_out, part, &loan))
        flow->ops->on_body_sent(flow->context, loan);
}

bool
fab_flow_grants_are_possible(const struct fab_flow *flow, const struct fab_frame *frame)
{
    for (uint32_t i = 0; i < frame->grants_block->count; i++) {
        if (!flow->large_out || fab_large_out_check(flow->large_out, frame->grants[i].transfer,
                                                    frame->grants[i].limit) == FAB_GRANT_IMPOSSIBLE)
            return false;
    }
    return true;
}

void
fab_flow_on_grants(struct fab_flow *flow, const struct fab_frame *frame)
{
    for (uint32_t i = 0; i < frame->grants_block->count; i++) {
        const struct fab_grant *grant = &frame->grants[i];

        if (fab_large_out_check(flow->large_out, grant->transfer, grant->limit) != FAB_GRANT_NEWS)
            continue;
        fab_large_out_grant(flow->large_out, grant->transfer, grant->limit);
        flow->short_lanes &= (uint8_t)~FAB_FLOW_SHORT_OF_GRANTS;
        flow->credit_probe_ns = FAB_FLOW_NO_DEADLINE;
        flow->credit_probe_count = 0;
    }
}

/* --- in --------------------------------------------------------------------------------------- */

/* Memory for bodies that have been announced, in their order; false: one has to wait. */
static bool
reserve(struct fab_flow *flow)
{
    struct fab_large_in *in = flow->large_in;
    struct fab_large_in_slot *slot;

    while ((slot = fab_large_in_at(in, in->next_id)) != NULL && !slot->is_open) {
        if (!flow->ops->on_body_wanted(flow->context, slot->size, &slot->bytes, &slot->token)) {
            flow->counters.grants_delayed++;
            return false;
        }
        slot->is_open = true;
        in->next_id++;
    }
    return true;
}

/* Whether the sender should hear of it: it has nothing left to send, or has got a good deal. */
static bool
is_worth_telling(const struct fab_large_in_slot *slot)
{
    return slot->granted > slot->told &&
           (slot->granted == slot->size || slot->told <= slot->received ||
            slot->granted - slot->told >= FAB_GRANT_WINDOW_DEFAULT / 4);
}

/* Bytes that may be granted ahead. They begin small and grow with what has come, so that of many
 * who begin at once the first does not take all of the budget. */
static uint32_t
window_of(const struct fab_flow *flow, const struct fab_large_in_slot *slot)
{
    uint32_t window = 2 * FAB_GRANT_QUANTUM + slot->received;

    return window < flow->config.grant_window ? window : flow->config.grant_window;
}

/* Grants the body as much as window, budget and `most` allow. Returns whether it wants no more. */
static bool
grant_slot(struct fab_flow *flow, struct fab_large_in_slot *slot, uint32_t most)
{
    uint64_t window = (uint64_t)slot->received + window_of(flow, slot);
    uint64_t room = fab_granter_room(flow->granter);
    uint32_t wanted = slot->size;
    uint32_t more;

    if (wanted > window)
        wanted = (uint32_t)window;
    if (wanted <= slot->granted)
        return true;
    more = wanted - slot->granted;
    if (more > most)
        more = most;
    if (more > room)
        more = (uint32_t)room;
    if (slot->granted + more < slot->size)
        more -= more % slot->step;
    slot->granted += more;
    flow->granter->outstanding += more;
    flow->path.due.grants |= is_worth_telling(slot);
    return slot->granted + slot->step > wanted;
}

static bool
grant_all(struct fab_flow *flow, uint32_t most)
{
    bool is_content = reserve(flow);

    for (uint32_t i = 0; i < FAB_LARGE_SLOTS; i++) {
        struct fab_large_in_slot *slot = flow->large_in->slots[i];

        if (slot && slot->is_open)
            is_content &= grant_slot(flow, slot, most);
    }
    return is_content;
}

void
fab_flow_grant(struct fab_flow *flow)
{
    if (flow->state == FAB_FLOW_UP && flow->large_in->open_count > 0 &&
        !grant_all(flow, FAB_GRANT_QUANTUM))
        fab_granter_wait(flow->granter, &flow->seat);
}

/* A body came, or one is done: it may be its turn, unless others wait. */
static void
want_grants(struct fab_flow *flow)
{
    if (flow->granter->first || !grant_all(flow, FAB_GRANT_QUANTUM))
        fab_granter_wait(flow->granter, &flow->seat);
}

/* A part of the body came. While nobody waits, all other bodies have what they want. */
static void
want_more(struct fab_flow *flow, struct fab_large_in_slot *slot)
{
    if (flow->granter->first || !grant_slot(flow, slot, FAB_GRANT_QUANTUM))
        fab_granter_wait(flow->granter, &flow->seat);
}

bool
fab_flow_take_head(struct fab_flow *flow, const struct fab_chunk *chunk)
{
    const struct fab_msg *msg = (const struct fab_msg *)(const void *)(chunk + 1);
    uint64_t word = fab_msg_buffer_word(msg);
    struct fab_large_in_slot *slot;

    if (fab_reorder_has(&flow->reorder, chunk->stream, chunk->number)) {
        flow->counters.messages_duplicate++;
        return true;
    }
    flow->is_head_refused =
        !flow->large_in || msg->size > flow->config.large_max ||
        !fab_large_in_may_open(flow->large_in, (uint32_t)word, msg->size, (uint32_t)(word >> 32));
    if (flow->is_head_refused || flow->store->bodies_in.free == 0 ||
        fab_reorder_keep(&flow->reorder, chunk, fab_flow_keep_limit(flow, chunk)) !=
            FAB_REORDER_KEPT)
        return false;
    slot = fab_large_in_open(flow->large_in, (uint32_t)word, msg->size, (uint32_t)(word >> 32));
    slot->stream = chunk->stream;
    slot->number = chunk->number;
    fab_flow_pass(flow, chunk->stream);
    want_grants(flow);
    return true;
}

bool
fab_flow_is_held(const struct fab_chunk *chunk)
{
    const struct fab_msg *msg = (const struct fab_msg *)(const void *)(chunk + 1);

    return fab_chunk_is_large(chunk) && !(fab_msg_buffer_word(msg) & IS_WHOLE);
}

void
fab_flow_name_body(struct fab_msg *msg)
{
    fab_msg_set_buffer_word(msg, fab_msg_buffer_word(msg) & ~IS_WHOLE);
}

/* Counts a part that cannot be; false. */
bool
fab_flow_part_is_possible(struct fab_flow *flow, const struct fab_frame *frame)
{
    enum fab_part_verdict verdict =
        flow->large_in ? fab_large_in_check(flow->large_in, frame->part) : FAB_PART_UNKNOWN;

    switch (verdict) {
    case FAB_PART_OK:
    case FAB_PART_DUPLICATE:
        return true;
    case FAB_PART_UNKNOWN:
        flow->counters.refused_part_unknown++;
        break;
    case FAB_PART_MISPLACED:
        flow->counters.refused_part_place++;
        break;
    case FAB_PART_BEYOND:
        flow->counters.refused_part_size++;
        break;
    case FAB_PART_UNGRANTED:
        flow->counters.refused_part_grant++;
        break;
    }
    return false;
}

/* The body is whole: its record knows, and may be the one that its stream waits for. */
static void
complete(struct fab_flow *flow, struct fab_large_in_slot *slot)
{
    uint8_t stream = slot->stream;
    bool is_next = flow->reorder.next[stream] == slot->number;

    fab_reorder_set_last_word(&flow->reorder, stream, slot->number, slot->token | IS_WHOLE);
    flow->whole_count++;
    flow->counters.large_received++;
    fab_large_in_drop(flow->large_in, slot);
    if (is_next)
        fab_flow_deliver_waiting(flow, stream);
    else
        fab_flow_pass_anew(flow, stream);
}

void
fab_flow_take_part(struct fab_flow *flow, const struct fab_frame *frame)
{
    const struct fab_part_block *part = frame->part;
    struct fab_large_in_slot *slot;

    if (fab_large_in_check(flow->large_in, part) != FAB_PART_OK) {
        flow->counters.parts_duplicate++;
        return;
    }
    slot = fab_large_in_take(flow->large_in, part, frame->part_bytes);
    flow->granter->outstanding -= part->size;
    flow->counters.parts_received++;
    if (!fab_large_in_is_whole(slot)) {
        flow->path.due.grants |= is_worth_telling(slot);
        want_more(flow, slot);
        return;
    }
    complete(flow, slot);
    if (flow->large_in->open_count > 0)
        want_grants(flow);
}

/* --- epochs ----------------------------------------------------------------------------------- */

/* A kept record whose body came whole and will not be handed on. */
static void
drop_whole(void *context, const struct fab_chunk *chunk)
{
    struct fab_flow *flow = context;
    const struct fab_msg *msg = (const struct fab_msg *)(const void *)(chunk + 1);

    if (fab_chunk_is_large(chunk) && (fab_msg_buffer_word(msg) & IS_WHOLE))
        flow->ops->on_body_dropped(flow->context, fab_msg_buffer_word(msg) & ~IS_WHOLE);
}

void
fab_flow_large_drop(struct fab_flow *flow)
{
    if (!flow->large_in)
        return;
    fab_granter_leave(flow->granter, &flow->seat);
    for (uint32_t i = 0; i < FAB_LARGE_SLOTS; i++) {
        struct fab_large_in_slot *slot = flow->large_in->slots[i];

        if (!slot)
            continue;
        flow->counters.large_abandoned++;
        if (slot->is_open) {
            flow->granter->outstanding -= slot->granted - slot->received;
            flow->ops->on_body_dropped(flow->context, slot->token);
        }
        fab_large_in_drop(flow->large_in, slot);
    }
    if (flow->whole_count > 0)
        fab_reorder_each(&flow->reorder, drop_whole, flow, flow->store->scratch_record);
    flow->whole_count = 0;
}

void
fab_flow_large_find_doubt(const struct fab_flow *flow, uint32_t from[FAB_STREAM_COUNT])
{
    for (uint32_t i = 0; flow->large_out && i < FAB_LARGE_SLOTS; i++) {
        const struct fab_large_out_slot *slot = flow->large_out->slots[i];

        if (slot && (int32_t)(slot->number - from[slot->stream]) < 0)
            from[slot->stream] = slot->number;
    }
}

/* Slots whose record is still in the lane, as bits: it is reported from there. */
static uint32_t
slots_in_lane(const struct fab_flow *flow)
{
    const struct fab_send_lane *lane = &flow->lanes[FAB_LANE_USER].send;
    uint32_t place = lane->tail;
    uint32_t span = lane->span_tail;
    const struct fab_chunk *chunk;
    uint32_t slots = 0;
    bool is_acked;

    while ((chunk = fab_send_lane_next_chunk(lane, &place, &span, &is_acked)) != NULL) {
        const struct fab_msg *msg = (const struct fab_msg *)(const void *)(chunk + 1);
        uint32_t id = fab_chunk_is_large(chunk) ? (uint32_t)fab_msg_buffer_word(msg) : 0;
        const struct fab_large_out_slot *slot = flow->large_out->slots[id % FAB_LARGE_SLOTS];

        if (fab_chunk_is_large(chunk) && slot && slot->id == id)
            slots |= 1U << id % FAB_LARGE_SLOTS;
    }
    return slots;
}

void
fab_flow_large_report(struct fab_flow *flow)
{
    struct fab_large_out *out = flow->large_out;
    uint32_t in_lane = out && out->open_count > 0 ? slots_in_lane(flow) : 0;

    for (uint32_t i = 0; out && i < FAB_LARGE_SLOTS; i++) {
        uint32_t place = (out->next_id + i) % FAB_LARGE_SLOTS; /* the oldest first */
        const struct fab_large_out_slot *slot = out->slots[place];

        if (!slot || (in_lane >> place & 1U))
            continue;
        flow->counters.messages_in_doubt++;
        flow->ops->on_in_doubt(flow->context, (const struct fab_msg *)(const void *)slot->head);
    }
}
