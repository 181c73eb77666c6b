/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a frame does when it comes in.
 *
 * A frame is looked at in this order: length, version, checksum, fields (fab_frame_decode),
 * address, epoch, packet number, what it acknowledges. Only then does it change anything. A frame
 * whose early records find no room is used as far as it goes and not acknowledged: it comes again,
 * and what was taken from it is then a duplicate by its number in the stream.
 */
#include <string.h>

#include "base/compiler.h"
#include "proto/flow_state.h"

static void
count_verdict(struct fab_flow_counters *counters, enum fab_frame_verdict verdict)
{
    switch (verdict) {
    case FAB_FRAME_OK:
        break;
    case FAB_FRAME_BAD_SIZE:
        counters->refused_size++;
        break;
    case FAB_FRAME_BAD_VERSION:
        counters->refused_version++;
        break;
    case FAB_FRAME_BAD_CRC:
        counters->refused_crc++;
        break;
    case FAB_FRAME_BAD_TYPE:
        counters->refused_type++;
        break;
    case FAB_FRAME_BAD_BLOCK:
        counters->refused_block++;
        break;
    case FAB_FRAME_BAD_CHUNK:
        counters->refused_chunk++;
        break;
    case FAB_FRAME_BAD_HELLO:
        counters->refused_hello++;
        break;
    }
}

bool
fab_flow_address_is_ours(const struct fab_flow *flow, const struct fab_frame_header *header)
{
    const struct fab_flow_config *config = &flow->config;

    return header->to_node == (uint16_t)(config->home >> 48) &&
           header->from_node == config->peer_node && header->to_lcore == config->lcore &&
           header->from_lcore == config->peer_lcore;
}

static void
on_credit(struct fab_flow *flow, const struct fab_credit_block *block)
{
    bool is_news = false;

    for (int lane = 0; lane < FAB_LANE_COUNT; lane++)
        is_news |= fab_credit_out_on_limit(&flow->lanes[lane].credit_out, block->limit[lane]);
    if (!is_news)
        return;
    flow->short_lanes = 0; /* until the next frame is planned */
    flow->credit_probe_ns = FAB_FLOW_NO_DEADLINE;
    flow->credit_probe_count = 0;
}

static bool
has_room_again(const struct fab_flow *flow, const struct fab_send_lane *lane)
{
    return lane->was_full && fab_send_lane_free(lane) >= fab_send_lane_size(lane) / 4 &&
           flow->store->pages.free > flow->store->pages.reserve;
}

static bool
has_body_room_again(const struct fab_flow *flow)
{
    return flow->was_large_full && fab_large_out_has_room(flow->large_out);
}

bool
fab_flow_is_writable_due(const struct fab_flow *flow)
{
    if (fab_likely(!flow->was_full))
        return false;
    for (unsigned lanes = flow->used_lanes; lanes != 0; lanes &= lanes - 1) {
        if (has_room_again(flow, &flow->lanes[fab_flow_first_lane(lanes)].send))
            return true;
    }
    return has_body_room_again(flow);
}

/* Whether somebody still waits for room. */
static bool
is_awaited(const struct fab_flow *flow)
{
    for (unsigned lanes = flow->used_lanes; lanes != 0; lanes &= lanes - 1) {
        if (flow->lanes[fab_flow_first_lane(lanes)].send.was_full)
            return true;
    }
    return flow->was_large_full;
}

void
fab_flow_tell_writable(struct fab_flow *flow)
{
    if (fab_likely(!flow->was_full))
        return;
    for (unsigned lanes = flow->used_lanes; lanes != 0; lanes &= lanes - 1) {
        enum fab_lane lane = fab_flow_first_lane(lanes);

        if (!has_room_again(flow, &flow->lanes[lane].send))
            continue;
        flow->lanes[lane].send.was_full = false;
        flow->ops->on_writable(flow->context, lane);
    }
    if (fab_unlikely(has_body_room_again(flow))) {
        flow->was_large_full = false;
        flow->ops->on_writable(flow->context, FAB_LANE_USER);
    }
    flow->was_full = is_awaited(flow);
}

/* The frame counts as arrived. Returns whether it is the newest. */
static bool
record_number(struct fab_flow *flow, uint64_t number, uint64_t now_ns)
{
    bool is_newest = number >= fab_ranges_end(&flow->path.received);

    if (fab_likely(is_newest)) {
        flow->path.received_ns = now_ns;
        flow->path.received_pause_ns = flow->arrival_pause_ns;
    }
    if (fab_unlikely(flow->is_arrival_marked)) {
        flow->path.marks++;
        flow->counters.frames_marked++;
    }
    fab_ranges_add(&flow->path.received, number);
    return is_newest;
}

static bool
wants_ack(const struct fab_frame *frame)
{
    return frame->chunks_size > 0 || frame->part != NULL ||
           (frame->header->flags & FAB_FRAME_WANTS_ACK);
}

/* What stands beside records in the newest frame can wait until the answers have left: what it
 * needs to know of the frame is kept until the next one. */
static void
take_ack(struct fab_flow *flow, const struct fab_frame *frame, bool is_newest, uint64_t now_ns)
{
    if (is_newest && frame->chunks_size > 0 && frame->ack->ranges == 0) {
        flow->late_ack = *frame->ack;
        return;
    }
    fab_flow_on_ack(flow, frame, now_ns);
    fab_flow_tell_writable(flow);
}

/* Everything but the records and acknowledgements. */
static void
take_blocks(struct fab_flow *flow, const struct fab_frame *frame, uint64_t number)
{
    if (frame->floor != NULL) {
        uint64_t floor = fab_number_expand(number, frame->floor->floor);

        if (floor <= number)
            fab_ranges_raise_floor(&flow->path.received, floor);
    }
    flow->path.due.ack |= wants_ack(frame);
    if (frame->grants_block != NULL)
        fab_flow_on_grants(flow, frame);
    if (frame->header->flags & FAB_FRAME_WANTS_CREDIT) {
        fab_flow_credit_wanted(flow);
        flow->path.due.credit = true;
        flow->path.due.grants |= flow->large_in && flow->large_in->open_count > 0;
    }
}

static void
receive_in_epoch(struct fab_flow *flow, const struct fab_frame *frame, uint64_t now_ns)
{
    uint64_t number =
        fab_number_expand(fab_ranges_end(&flow->path.received), frame->header->number);
    bool is_newest;

    if (fab_unlikely(flow->secure != NULL))
        fab_flow_on_opened(flow);
    fab_flow_heard(flow, now_ns);
    if (fab_ranges_contain(&flow->path.received, number)) {
        flow->counters.refused_duplicate++;
        flow->path.due.ack |= wants_ack(frame);
        return;
    }
    if (frame->ack != NULL && !fab_flow_ack_is_possible(flow, frame)) {
        flow->counters.refused_ack++;
        return;
    }
    if (frame->grants_block != NULL && !fab_flow_grants_are_possible(flow, frame)) {
        flow->counters.refused_grant++;
        return;
    }
    if (frame->part != NULL && !fab_flow_part_is_possible(flow, frame))
        return;
    flow->is_head_refused = false;
    if (!fab_flow_take_chunks(flow, frame)) {
        *(flow->is_head_refused ? &flow->counters.refused_transfer
                                : &flow->counters.refused_credit) += 1;
        return;
    }
    flow->counters.frames_received++;
    flow->counters.bytes_received += frame->header->size;
    is_newest = record_number(flow, number, now_ns);
    if (frame->part != NULL)
        fab_flow_take_part(flow, frame);
    if (frame->credit != NULL)
        on_credit(flow, frame->credit);
    if (frame->ack != NULL)
        take_ack(flow, frame, is_newest, now_ns);
    if (fab_unlikely(frame->clock != NULL))
        fab_flow_on_clock(flow, frame->clock, now_ns);
    take_blocks(flow, frame, number);
}

/* Whether the frame belongs to the epoch that runs now; one of the candidate's epoch begins it. */
static bool
is_of_epoch(struct fab_flow *flow, uint32_t epoch, uint64_t now_ns)
{
    if (flow->state == FAB_FLOW_UP && fab_likely(epoch == flow->peer.epoch))
        return true;
    if (flow->state == FAB_FLOW_CLOSED || epoch == 0 || epoch != flow->handshake.candidate_epoch)
        return false;
    fab_flow_on_proof(flow, now_ns);
    return true;
}

static void
on_reset(struct fab_flow *flow, const struct fab_frame *frame, uint64_t now_ns)
{
    uint32_t epoch = frame->header->epoch;

    if (flow->state == FAB_FLOW_UP && epoch == flow->peer.epoch) {
        flow->counters.frames_received++;
        flow->counters.bytes_received += frame->header->size;
        fab_flow_end_epoch(flow, FAB_FLOW_REASON_RESET, now_ns);
    } else {
        flow->counters.refused_epoch++;
    }
}

static void
on_leave(struct fab_flow *flow, const struct fab_frame *frame, uint64_t now_ns)
{
    if (flow->state == FAB_FLOW_UP && frame->header->epoch == flow->peer.epoch) {
        flow->counters.frames_received++;
        flow->counters.bytes_received += frame->header->size;
        fab_flow_end_epoch(flow, FAB_FLOW_REASON_LEFT, now_ns);
    } else {
        flow->counters.refused_epoch++;
    }
}

static void
dispatch(struct fab_flow *flow, const struct fab_frame *frame, uint64_t now_ns)
{
    switch ((enum fab_frame_type)frame->header->type) {
    case FAB_FRAME_DATA:
        if (is_of_epoch(flow, frame->header->epoch, now_ns))
            receive_in_epoch(flow, frame, now_ns);
        else
            fab_flow_refuse_epoch(flow, frame->header->epoch, now_ns);
        break;
    case FAB_FRAME_HELLO:
        if (flow->state == FAB_FLOW_CLOSED)
            flow->counters.refused_state++;
        else
            fab_flow_on_hello(flow, frame, now_ns);
        break;
    case FAB_FRAME_RESET:
        on_reset(flow, frame, now_ns);
        break;
    case FAB_FRAME_LEAVE:
        on_leave(flow, frame, now_ns);
        break;
    }
}

void
fab_flow_note_arrival(struct fab_flow *flow, uint64_t pause_ns, bool is_marked)
{
    flow->arrival_pause_ns = pause_ns < UINT32_MAX ? (uint32_t)pause_ns : UINT32_MAX;
    flow->is_arrival_marked = is_marked;
}

/* In a flow with security: everything but the handshake, and what is no frame at all. */
static bool
must_be_sealed(const void *bytes, size_t size)
{
    const struct fab_frame_header *header = bytes;

    return size >= FAB_FRAME_HEADER_SIZE && header->type != FAB_FRAME_HELLO;
}

static void
take_frame(struct fab_flow *flow, const void *bytes, size_t size, uint64_t now_ns)
{
    enum fab_frame_check check =
        flow->config.is_crc_optional ? FAB_FRAME_CHECK_CRC_OPTIONAL : FAB_FRAME_CHECK_CRC;
    struct fab_frame frame;
    enum fab_frame_verdict verdict;

    if (fab_unlikely(size > FAB_FRAME_SIZE_MAX)) {
        flow->counters.refused_size++;
        return;
    }
    if (fab_unlikely((uintptr_t)bytes % FAB_FRAME_READ_ALIGN != 0))
        bytes = memcpy(flow->store->scratch_frame, bytes, size);
    if (fab_unlikely(flow->secure != NULL && must_be_sealed(bytes, size))) {
        bytes = fab_flow_open(flow, bytes, size, now_ns);
        check = FAB_FRAME_CHECK_TAG;
        if (fab_unlikely(bytes == NULL))
            return;
    }
    verdict = fab_frame_decode(bytes, size, check, &frame);
    if (fab_unlikely(verdict != FAB_FRAME_OK)) {
        count_verdict(&flow->counters, verdict);
        return;
    }
    if (fab_unlikely(!fab_flow_address_is_ours(flow, frame.header))) {
        flow->counters.refused_address++;
        return;
    }
    if (fab_unlikely(frame.header->version > flow->version_max)) {
        flow->counters.refused_version++;
        return;
    }
    dispatch(flow, &frame, now_ns);
}

bool
fab_flow_incoming(struct fab_flow *flow, const void *bytes, size_t size, uint64_t now_ns)
{
    uint64_t signs = flow->signs;

    if (fab_unlikely(flow->late_ack.run != 0))
        fab_flow_settle(flow);
    take_frame(flow, bytes, size, now_ns);
    flow->arrival_pause_ns = 0;
    flow->is_arrival_marked = false;
    return flow->signs != signs;
}
