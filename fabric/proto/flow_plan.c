/* SPDX-License-Identifier: BSD-3-Clause */
#include "proto/flow_plan.h"

#include "base/compiler.h"

/* The lane whose turn it is first in a set of them, which is not empty, and the set without it. */
static inline enum fab_lane
take_lane(unsigned *lanes)
{
    unsigned lane = 31U - (unsigned)__builtin_clz(*lanes);

    static_assert(FAB_LANE_SYSTEM > FAB_LANE_REPLY && FAB_LANE_REPLY > FAB_LANE_USER, "in turn");
    *lanes &= ~(1U << lane);
    return (enum fab_lane)lane;
}

/* Bytes that are still free in the frame. */
static uint32_t
room_left(const struct fab_flow *flow, const struct fab_flow_plan *plan)
{
    return fab_flow_frame_size(flow) - FAB_FRAME_HEADER_SIZE - plan->blocks_size -
           plan->chunks_size - fab_flow_plan_part_size(plan);
}

/* A run of a lane, as far as it is not left out. */
static inline void
plan_piece(struct fab_flow *flow, struct fab_flow_plan *plan, fab_part part, uint32_t start,
           uint32_t size)
{
    struct fab_send_lane *lane = &flow->lanes[fab_part_lane(part)].send;

    plan->pieces[plan->part_count].lane = lane;
    plan->pieces[plan->part_count].start = start;
    plan->pieces[plan->part_count].size = size;
    plan->parts[plan->part_count] = part;
    plan->part_count++;
    if (fab_unlikely(lane->has_marks && flow->may_skip)) {
        struct fab_settled settled = fab_send_lane_settle(lane, start, size, plan->now_ns);

        flow->counters.messages_expired += settled.expired;
        size = settled.size;
    }
    plan->chunks_size += size;
}

static bool
has_place(const struct fab_flow_plan *plan, uint32_t size)
{
    return plan->part_count + (plan->has_part ? 1U : 0U) < FAB_SENT_PARTS_MAX &&
           plan->chunks_size + size <= plan->chunks_max;
}

static void
plan_lost(struct fab_flow *flow, struct fab_flow_plan *plan, enum fab_lane which)
{
    struct fab_send_lane *lane = &flow->lanes[which].send;
    struct fab_span *span;
    uint32_t index;

    while ((span = fab_send_lane_first_lost(lane, &index)) != NULL && has_place(plan, span->size)) {
        plan_piece(flow, plan, fab_part_of(which, index), span->start, span->size);
        plan->repeats = true;
        fab_send_lane_take_lost(lane);
    }
}

static void
plan_new(struct fab_flow *flow, struct fab_flow_plan *plan, enum fab_lane which)
{
    struct fab_send_lane *lane = &flow->lanes[which].send;
    struct fab_credit_out *credit = &flow->lanes[which].credit_out;
    uint32_t most = fab_flow_frame_size(flow) - FAB_FRAME_HEADER_SIZE - FAB_FLOW_BLOCKS_RESERVE;
    uint32_t part = plan->has_part
                        ? FAB_PART_SIZE + FAB_FLOW_GRANTS_RESERVE + fab_flow_plan_part_size(plan)
                        : 0;
    bool is_short = false;
    struct fab_run run;

    most = most > part ? most - part : 0;
    while (lane->next != lane->head && has_place(plan, 0) && plan->chunks_size < most &&
           fab_send_lane_next_run(lane, most - plan->chunks_size, fab_credit_out_left(credit), &run,
                                  &is_short)) {
        uint32_t index = fab_send_lane_take_run(lane, &run);

        plan_piece(flow, plan, fab_part_of(which, index), run.start, run.size);
        credit->sent += run.units;
    }
    if (fab_unlikely(is_short))
        flow->short_lanes |= (uint8_t)(1U << which);
}

/* The frame ends with the part that was picked. */
static void
plan_part(struct fab_flow_plan *plan)
{
    plan->has_part = true;
    plan->flags |= FAB_FRAME_HAS_PART;
    plan->blocks_size += FAB_PART_SIZE;
    plan->chunks_max -= FAB_PART_SIZE + fab_flow_plan_part_size(plan);
}

/* A part in every second frame while records wait too: neither holds up the other by more than one
 * frame. */
static void
plan_large(struct fab_flow *flow, struct fab_flow_plan *plan)
{
    if ((!fab_flow_has_parts_window(flow) && !flow->path.due.probe) ||
        !fab_flow_can_send_part(flow) ||
        (flow->records_since_part == 0 && fab_flow_can_send_records(flow)) ||
        !fab_large_out_pick(flow->large_out, &plan->part))
        return;
    plan_part(plan);
    plan->repeats = plan->part.is_repeat;
    fab_large_out_take(flow->large_out, &plan->part);
    flow->parts_left--;
}

/* Again, what a frame in flight carries: the newest at the first probe, because it is the tail that
 * nothing later reveals; then the oldest. */
static void
plan_probe(struct fab_flow *flow, struct fab_flow_plan *plan)
{
    const struct fab_sent_frame *frame = flow->path.probe_count <= 1
                                             ? fab_sent_map_newest(&flow->path.sent)
                                             : fab_sent_map_oldest(&flow->path.sent);

    for (uint32_t i = 0; frame != NULL && i < frame->part_count; i++) {
        if (fab_part_is_large(frame->parts[i])) {
            if (!plan->has_part &&
                fab_large_out_again(flow->large_out, frame->parts[i], &plan->part))
                plan_part(plan);
            plan->repeats = true;
            continue;
        }
        enum fab_lane which = fab_part_lane(frame->parts[i]);
        uint32_t index = fab_part_span(frame->parts[i]);
        struct fab_span *span = fab_send_lane_span(&flow->lanes[which].send, index);

        if (span == NULL || span->state == FAB_SPAN_ACKED || !has_place(plan, span->size))
            continue;
        span->copies++;
        plan_piece(flow, plan, frame->parts[i], span->start, span->size);
        plan->repeats = true;
    }
}

/* What was lost in any lane, in turn. */
static void
plan_all_lost(struct fab_flow *flow, struct fab_flow_plan *plan)
{
    bool is_left = false;

    for (unsigned lanes = flow->used_lanes; lanes != 0;) {
        enum fab_lane lane = take_lane(&lanes);

        plan_lost(flow, plan, lane);
        is_left |= flow->lanes[lane].send.lost_count > 0;
    }
    flow->has_lost = is_left;
}

static void
plan_records(struct fab_flow *flow, struct fab_flow_plan *plan)
{
    bool may_send = fab_unlikely(flow->path.due.probe) ? !fab_sent_map_is_full(&flow->path.sent)
                                                       : fab_flow_has_records_window(flow);
    unsigned lanes = may_send ? flow->used_lanes : 0;

    if (may_send && fab_unlikely(fab_flow_has_bodies(flow)))
        plan_large(flow, plan);
    if (may_send && fab_unlikely(flow->has_lost))
        plan_all_lost(flow, plan);
    flow->short_lanes =
        flow->large_out && fab_large_out_is_short(flow->large_out) ? FAB_FLOW_SHORT_OF_GRANTS : 0;
    while (lanes != 0)
        plan_new(flow, plan, take_lane(&lanes));
    if (may_send && flow->path.due.probe && plan->part_count == 0 && !plan->has_part)
        plan_probe(flow, plan);
}

/* Room for the blocks that are due. */
static void
plan_blocks(const struct fab_flow *flow, struct fab_flow_plan *plan)
{
    const struct fab_flow_due due = flow->path.due;
    uint16_t flags = 0;
    uint32_t size = 0;

    if (due.ack && flow->path.received.count > 0) {
        flags |= FAB_FRAME_HAS_ACK;
        size += FAB_ACK_SIZE;
    }
    if (due.credit) {
        flags |= FAB_FRAME_HAS_CREDIT;
        size += FAB_CREDIT_SIZE;
    }
    if (due.floor) {
        flags |= FAB_FRAME_HAS_FLOOR;
        size += FAB_FLOOR_SIZE;
    }
    plan->flags = flags;
    plan->blocks_size = size;
    plan->chunks_max = fab_flow_frame_size(flow) - FAB_FRAME_HEADER_SIZE - size;
}

/* As many ranges as the records leave room for. */
static void
plan_ranges(const struct fab_flow *flow, struct fab_flow_plan *plan)
{
    uint32_t room = room_left(flow, plan) / FAB_RANGE_SIZE;
    uint32_t ranges;

    if (!(plan->flags & FAB_FRAME_HAS_ACK))
        return;
    ranges = flow->path.received.count - 1;
    if (ranges > room)
        ranges = room;
    plan->ranges = (uint8_t)ranges;
    plan->blocks_size += ranges * FAB_RANGE_SIZE;
}

/* As many grants as there is room for; others go with the next frame. Returns whether all went. */
static bool
plan_grants(struct fab_flow *flow, struct fab_flow_plan *plan)
{
    uint32_t room = room_left(flow, plan);
    uint32_t most = room > FAB_GRANTS_SIZE ? (room - FAB_GRANTS_SIZE) / FAB_GRANT_SIZE : 0;
    bool is_all = true;

    plan->grant_count = 0;
    for (uint32_t i = 0; flow->path.due.grants && i < FAB_LARGE_SLOTS; i++) {
        struct fab_large_in_slot *slot = flow->large_in->slots[i];

        if (!slot || !slot->is_open || slot->granted == 0)
            continue;
        if (plan->grant_count == most) {
            is_all = false;
            break;
        }
        plan->grants[plan->grant_count++] =
            (struct fab_grant){ .transfer = slot->id, .limit = slot->granted };
        slot->told = slot->granted;
    }
    if (plan->grant_count > 0) {
        plan->flags |= FAB_FRAME_HAS_GRANTS;
        plan->blocks_size += FAB_GRANTS_SIZE + plan->grant_count * FAB_GRANT_SIZE;
        flow->counters.grants_sent++;
    }
    return is_all;
}

/* While records wait for credit, a timer asks for it. */
static void
watch_credit(struct fab_flow *flow, struct fab_flow_plan *plan, uint64_t now_ns)
{
    if (flow->short_lanes == 0) {
        flow->credit_probe_ns = FAB_FLOW_NO_DEADLINE;
        return;
    }
    plan->flags |= FAB_FRAME_WANTS_CREDIT;
    if (flow->credit_probe_ns == FAB_FLOW_NO_DEADLINE)
        flow->credit_probe_ns =
            now_ns + fab_rtt_probe_timeout(&flow->path.rtt, flow->config.timers.credit_probe_ns);
}

static bool
is_worth_sending(const struct fab_flow *flow, const struct fab_flow_plan *plan)
{
    const struct fab_flow_due *due = &flow->path.due;

    return plan->part_count > 0 || plan->has_part || plan->grant_count > 0 || due->probe ||
           due->ping || due->sign || due->credit || (plan->flags & FAB_FRAME_HAS_ACK);
}

bool
fab_flow_plan(struct fab_flow *flow, struct fab_flow_plan *plan, uint64_t now_ns)
{
    plan->chunks_size = 0;
    plan->now_ns = now_ns;
    plan->ranges = plan->part_count = plan->grant_count = 0;
    plan->repeats = plan->has_part = false;
    if (flow->path.due.probe || flow->path.due.ping)
        fab_flow_make_room(flow, now_ns);
    plan_blocks(flow, plan);
    plan_records(flow, plan);
    watch_credit(flow, plan, now_ns);
    plan->has_all_grants = !flow->path.due.grants || plan_grants(flow, plan);
    if (!is_worth_sending(flow, plan))
        return false;
    plan_ranges(flow, plan);
    return true;
}
