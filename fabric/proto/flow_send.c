/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the next frame holds: what was lost first, then what is new, the system lane before replies
 * before user records; blocks beside them where something is due. Nothing is held back to fill a
 * frame.
 */
#include <string.h>

#include "base/assert.h"
#include "base/compiler.h"
#include "proto/flow_state.h"

/* A frame in the making. */
struct plan {
    uint32_t blocks_size;
    uint32_t chunks_size;
    uint32_t chunks_max; /* bytes */
    uint64_t now_ns;
    uint16_t flags;
    uint8_t ranges;
    uint8_t part_count;
    bool repeats; /* carries records again */
    struct {
        const struct fab_send_lane *lane;
        uint64_t start; /* place in it */
        uint32_t size;  /* there */
    } pieces[FAB_SENT_PARTS_MAX];
    fab_part parts[FAB_SENT_PARTS_MAX];
};

static const enum fab_lane lane_order[FAB_LANE_COUNT] = {
    FAB_LANE_SYSTEM,
    FAB_LANE_REPLY,
    FAB_LANE_USER,
};

static bool
has_window(const struct fab_flow *flow)
{
    return flow->sent.in_flight < flow->config.window_frames &&
           !fab_sent_map_is_full(&flow->sent) && flow->pace_ns == FAB_FLOW_NO_DEADLINE &&
           fab_congestion_may_send(&flow->congestion, flow->sent.in_flight_bytes);
}

bool
fab_flow_can_send_records(const struct fab_flow *flow)
{
    if (!has_window(flow))
        return false;
    for (int lane = 0; lane < FAB_LANE_COUNT; lane++) {
        const struct fab_send_lane *at = &flow->lanes[lane];

        if (at->lost_count > 0)
            return true;
        if (fab_send_lane_has_new(at) && !(flow->short_lanes & (1U << lane)))
            return true;
    }
    return false;
}

bool
fab_flow_has_output(const struct fab_flow *flow)
{
    const struct fab_flow_due *due = &flow->due;

    if (due->hello || due->leave || due->reset)
        return true;
    if (flow->state != FAB_FLOW_UP)
        return false;
    return due->ack || due->credit || due->sign || due->ping || due->probe ||
           fab_flow_can_send_records(flow);
}

static size_t
seal(struct fab_flow *flow, uint8_t *buffer, struct fab_frame_header *header)
{
    const struct fab_flow_config *config = &flow->config;

    if (header->version == 0)
        header->version = FAB_FRAME_VERSION_MIN;
    header->from_node = (uint16_t)(config->home >> 48);
    header->to_node = config->peer_node;
    header->from_lcore = config->lcore;
    header->to_lcore = config->peer_lcore;
    fab_frame_seal(buffer, header);
    flow->counters.frames_sent++;
    flow->counters.bytes_sent += header->size;
    return header->size;
}

static size_t
write_hello(struct fab_flow *flow, uint8_t *buffer, uint64_t now_ns)
{
    struct fab_hello hello = fab_flow_own_hello(flow);
    struct fab_frame_header header = {
        .type = FAB_FRAME_HELLO,
        .size = FAB_FRAME_HEADER_SIZE + FAB_HELLO_SIZE,
    };

    memcpy(buffer + FAB_FRAME_HEADER_SIZE, &hello, sizeof(hello));
    flow->due.hello = false;
    flow->hello_count++;
    flow->hello_sent_ns = now_ns;
    flow->counters.hellos_sent++;
    return seal(flow, buffer, &header);
}

static size_t
write_reset(struct fab_flow *flow, uint8_t *buffer)
{
    struct fab_frame_header header = {
        .type = FAB_FRAME_RESET,
        .size = FAB_FRAME_HEADER_SIZE,
        .epoch = flow->reset_epoch,
    };

    flow->due.reset = false;
    flow->counters.resets_sent++;
    return seal(flow, buffer, &header);
}

static size_t
write_leave(struct fab_flow *flow, uint8_t *buffer)
{
    struct fab_frame_header header = {
        .type = FAB_FRAME_LEAVE,
        .size = FAB_FRAME_HEADER_SIZE,
        .epoch = flow->last_epoch,
        .number = (uint32_t)flow->next_number++,
    };

    flow->due.leave = false;
    flow->counters.leaves_sent++;
    return seal(flow, buffer, &header);
}

/* A run of a lane, as far as it is not left out. */
static void
plan_piece(struct fab_flow *flow, struct plan *plan, fab_part part, uint64_t start, uint32_t size)
{
    struct fab_send_lane *lane = &flow->lanes[fab_part_lane(part)];

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

static uint8_t *
put_piece(const struct plan *plan, uint32_t index, uint8_t *at)
{
    const struct fab_send_lane *lane = plan->pieces[index].lane;
    uint64_t start = plan->pieces[index].start;
    uint32_t size = plan->pieces[index].size;

    if (fab_unlikely(lane->has_marks))
        return at + fab_send_lane_copy(lane, start, size, at, plan->now_ns);
    memcpy(at, fab_send_lane_bytes(lane, start), size);
    return at + size;
}

static bool
has_place(const struct plan *plan, uint32_t size)
{
    return plan->part_count < FAB_SENT_PARTS_MAX && plan->chunks_size + size <= plan->chunks_max;
}

static void
plan_lost(struct fab_flow *flow, struct plan *plan, enum fab_lane which)
{
    struct fab_send_lane *lane = &flow->lanes[which];
    struct fab_span *span;
    uint32_t index;

    while ((span = fab_send_lane_first_lost(lane, &index)) != NULL && has_place(plan, span->size)) {
        plan_piece(flow, plan, fab_part_of(which, index), span->start, span->size);
        plan->repeats = true;
        fab_send_lane_take_lost(lane);
    }
}

static void
plan_new(struct fab_flow *flow, struct plan *plan, enum fab_lane which)
{
    struct fab_send_lane *lane = &flow->lanes[which];
    struct fab_credit_out *credit = &flow->credit_out[which];
    uint32_t most = flow->peer.frame_max - FAB_FRAME_HEADER_SIZE - FAB_FLOW_BLOCKS_RESERVE;
    bool is_short = false;
    struct fab_run run;

    while (has_place(plan, 0) && plan->chunks_size < most &&
           fab_send_lane_next_run(lane, most - plan->chunks_size, fab_credit_out_left(credit), &run,
                                  &is_short)) {
        uint32_t index = fab_send_lane_take_run(lane, &run);

        plan_piece(flow, plan, fab_part_of(which, index), run.start, run.size);
        credit->sent += run.units;
    }
    if (fab_unlikely(is_short))
        flow->short_lanes |= (uint8_t)(1U << which);
}

/* Again, what a frame in flight carries: the newest at the first probe, because it is the tail that
 * nothing later reveals; then the oldest. */
static void
plan_probe(struct fab_flow *flow, struct plan *plan)
{
    const struct fab_sent_frame *frame = flow->probe_count <= 1 ? fab_sent_map_newest(&flow->sent)
                                                                : fab_sent_map_oldest(&flow->sent);

    for (uint32_t i = 0; frame != NULL && i < frame->part_count; i++) {
        enum fab_lane which = fab_part_lane(frame->parts[i]);
        uint32_t index = fab_part_span(frame->parts[i]);
        struct fab_span *span = fab_send_lane_span(&flow->lanes[which], index);

        if (span == NULL || span->state == FAB_SPAN_ACKED || !has_place(plan, span->size))
            continue;
        span->copies++;
        plan_piece(flow, plan, frame->parts[i], span->start, span->size);
        plan->repeats = true;
    }
}

static void
plan_records(struct fab_flow *flow, struct plan *plan)
{
    bool may_send = has_window(flow) || flow->due.probe;

    for (int i = 0; may_send && i < FAB_LANE_COUNT; i++) {
        if (flow->lanes[lane_order[i]].lost_count > 0)
            plan_lost(flow, plan, lane_order[i]);
    }
    flow->short_lanes = 0;
    for (int i = 0; may_send && i < FAB_LANE_COUNT; i++)
        plan_new(flow, plan, lane_order[i]);
    if (flow->due.probe && plan->part_count == 0)
        plan_probe(flow, plan);
}

/* Room for the blocks that are due. */
static void
plan_blocks(const struct fab_flow *flow, struct plan *plan)
{
    if (flow->due.ack && flow->received.count > 0) {
        plan->flags |= FAB_FRAME_HAS_ACK;
        plan->blocks_size += FAB_ACK_SIZE;
    }
    if (flow->due.credit) {
        plan->flags |= FAB_FRAME_HAS_CREDIT;
        plan->blocks_size += FAB_CREDIT_SIZE;
    }
    if (flow->due.floor) {
        plan->flags |= FAB_FRAME_HAS_FLOOR;
        plan->blocks_size += FAB_FLOOR_SIZE;
    }
    plan->chunks_max = flow->peer.frame_max - FAB_FRAME_HEADER_SIZE - plan->blocks_size;
}

/* As many ranges as the records leave room for. */
static void
plan_ranges(const struct fab_flow *flow, struct plan *plan)
{
    uint32_t room = (plan->chunks_max - plan->chunks_size) / FAB_RANGE_SIZE;
    uint32_t ranges;

    if (!(plan->flags & FAB_FRAME_HAS_ACK))
        return;
    ranges = flow->received.count - 1;
    if (ranges > room)
        ranges = room;
    plan->ranges = (uint8_t)ranges;
    plan->blocks_size += ranges * FAB_RANGE_SIZE;
}

/* Stored as words: the checksum reads words next, and would wait for narrower stores. */
static uint8_t *
put_words(uint8_t *at, uint64_t first, uint64_t second)
{
    memcpy(at, &first, sizeof(first));
    memcpy(at + sizeof(first), &second, sizeof(second));
    return at + sizeof(first) + sizeof(second);
}

static uint8_t *
put_ack(const struct fab_flow *flow, uint8_t *at, uint32_t count, uint64_t now_ns)
{
    const struct fab_range *range = flow->received.range;
    uint64_t delay_ns = now_ns - flow->received_ns;
    uint64_t run = range[0].end - range[0].start;

    if (delay_ns > UINT32_MAX)
        delay_ns = UINT32_MAX;
    at = put_words(at, (uint32_t)(range[0].end - 1) | delay_ns << 32,
                   (uint32_t)run | (uint64_t)count << 32 |
                       (uint64_t)fab_pause_encode(flow->received_pause_ns) << 40 |
                       (uint64_t)flow->marks << 48);
    for (uint32_t i = 1; i <= count; i++) {
        struct fab_ack_range part = {
            .gap = (uint32_t)(range[i - 1].start - range[i].end),
            .run = (uint32_t)(range[i].end - range[i].start),
        };

        memcpy(at, &part, sizeof(part));
        at += sizeof(part);
    }
    return at;
}

static uint8_t *
put_credit(struct fab_flow *flow, uint8_t *at)
{
    struct fab_credit_block block = { .reserved = 0 };

    for (int lane = 0; lane < FAB_LANE_COUNT; lane++) {
        flow->credit_in[lane].told = fab_credit_in_limit(&flow->credit_in[lane]);
        block.limit[lane] = (uint32_t)flow->credit_in[lane].told;
    }
    memcpy(at, &block, sizeof(block));
    return at + sizeof(block);
}

static uint8_t *
put_floor(const struct fab_flow *flow, uint8_t *at)
{
    const struct fab_sent_map *sent = &flow->sent;
    uint64_t floor =
        sent->tail != sent->head ? fab_sent_map_at(sent, sent->tail)->number : flow->next_number;
    struct fab_floor_block block = { .floor = (uint32_t)floor };

    memcpy(at, &block, sizeof(block));
    return at + sizeof(block);
}

static void
put_body(struct fab_flow *flow, const struct plan *plan, uint8_t *at, uint64_t now_ns)
{
    if (plan->flags & FAB_FRAME_HAS_ACK)
        at = put_ack(flow, at, plan->ranges, now_ns);
    if (plan->flags & FAB_FRAME_HAS_CREDIT)
        at = put_credit(flow, at);
    if (plan->flags & FAB_FRAME_HAS_FLOOR)
        at = put_floor(flow, at);
    for (uint32_t i = 0; i < plan->part_count; i++)
        at = put_piece(plan, i, at);
}

/* Remembers a frame that must be acknowledged. */
static void
remember(struct fab_flow *flow, const struct plan *plan, uint16_t size, uint64_t now_ns)
{
    struct fab_sent_frame *frame;

    if (flow->sent.in_flight == 0)
        flow->progress_ns = now_ns;
    frame = fab_sent_map_push(&flow->sent, flow->next_number, size, now_ns);
    fab_congestion_on_sent(&flow->congestion, flow->sent.in_flight_bytes);
    fab_pacer_on_sent(&flow->pacer, size, now_ns);
    if (fab_unlikely(fab_pacer_is_holding(&flow->pacer, now_ns)))
        flow->pace_ns = flow->pacer.next_ns;
    frame->part_count = plan->part_count;
    memcpy(frame->parts, plan->parts, plan->part_count * sizeof(plan->parts[0]));
    flow->last_sent_ns = now_ns;
    fab_flow_arm_probe(flow);
}

/* While records wait for credit, a timer asks for it. */
static void
watch_credit(struct fab_flow *flow, struct plan *plan, uint64_t now_ns)
{
    if (flow->short_lanes == 0) {
        flow->credit_probe_ns = FAB_FLOW_NO_DEADLINE;
        return;
    }
    plan->flags |= FAB_FRAME_WANTS_CREDIT;
    if (flow->credit_probe_ns == FAB_FLOW_NO_DEADLINE)
        flow->credit_probe_ns =
            now_ns + fab_rtt_probe_timeout(&flow->rtt, flow->config.timers.credit_probe_ns);
}

static bool
is_worth_sending(const struct fab_flow *flow, const struct plan *plan)
{
    const struct fab_flow_due *due = &flow->due;

    return plan->part_count > 0 || due->probe || due->ping || due->sign || due->credit ||
           (plan->flags & FAB_FRAME_HAS_ACK);
}

static void
count_frame(struct fab_flow *flow, const struct plan *plan, bool must_be_acked)
{
    if (flow->due.probe)
        flow->counters.probes_sent++;
    if (plan->repeats)
        flow->counters.frames_retransmitted++;
    if (!must_be_acked && (plan->flags & FAB_FRAME_HAS_ACK))
        flow->counters.acks_sent++;
}

static size_t
write_data(struct fab_flow *flow, uint8_t *buffer, uint64_t now_ns)
{
    struct plan plan;
    struct fab_frame_header header = { .type = FAB_FRAME_DATA };
    bool must_be_acked;

    plan.blocks_size = plan.chunks_size = 0;
    plan.flags = 0;
    plan.now_ns = now_ns;
    plan.ranges = plan.part_count = 0;
    plan.repeats = false;
    if (flow->due.probe || flow->due.ping)
        fab_flow_make_room(flow);
    plan_blocks(flow, &plan);
    plan_records(flow, &plan);
    watch_credit(flow, &plan, now_ns);
    if (!is_worth_sending(flow, &plan)) {
        flow->due.ack = false;
        return 0;
    }
    plan_ranges(flow, &plan);
    must_be_acked = plan.part_count > 0 || flow->due.probe || flow->due.ping;
    if (must_be_acked && plan.part_count == 0)
        plan.flags |= FAB_FRAME_WANTS_ACK;
    if (flow->may_omit_crc)
        plan.flags |= FAB_FRAME_NO_CRC;
    put_body(flow, &plan, buffer + FAB_FRAME_HEADER_SIZE, now_ns);
    header.version = flow->peer.version;
    header.flags = plan.flags;
    header.size = (uint16_t)(FAB_FRAME_HEADER_SIZE + plan.blocks_size + plan.chunks_size);
    header.epoch = flow->peer.epoch;
    header.number = (uint32_t)flow->next_number;
    count_frame(flow, &plan, must_be_acked);
    flow->due = (struct fab_flow_due){ 0 };
    if (must_be_acked)
        remember(flow, &plan, header.size, now_ns);
    flow->next_number++;
    return seal(flow, buffer, &header);
}

size_t
fab_flow_prepare(struct fab_flow *flow, void *buffer, size_t capacity, uint64_t now_ns)
{
    FAB_ASSERT(capacity >= flow->config.frame_max);
    fab_flow_on_timer(flow, now_ns);
    if (flow->due.leave)
        return write_leave(flow, buffer);
    if (flow->due.reset)
        return write_reset(flow, buffer);
    if (flow->due.hello)
        return write_hello(flow, buffer, now_ns);
    if (flow->state == FAB_FLOW_UP)
        return write_data(flow, buffer, now_ns);
    return 0;
}
