/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The next frame: of the handshake, or one of data as it was planned (flow_plan.h).
 */
#include <string.h>

#include "base/assert.h"
#include "base/compiler.h"
#include "proto/flow_plan.h"

/* Whether a padded frame should try how large frames may be. */
static bool
wants_mtu_probe(const struct fab_flow *flow)
{
    return fab_unlikely(fab_path_mtu_wants_probe(&flow->path.mtu)) && fab_flow_has_window(flow);
}

/* Whether something is to be said that takes a frame, if need be one of its own. */
static inline bool
is_frame_due(const struct fab_flow *flow)
{
    const struct fab_flow_due due = flow->path.due;

    if (due.hello || due.leave || due.reset)
        return true;
    return flow->state == FAB_FLOW_UP &&
           (due.ack || due.credit || due.grants || due.clock || due.sign || due.ping || due.probe);
}

bool
fab_flow_has_output(const struct fab_flow *flow)
{
    if (is_frame_due(flow))
        return true;
    if (flow->state != FAB_FLOW_UP)
        return false;
    return fab_flow_can_send_records(flow) || wants_mtu_probe(flow) ||
           (fab_unlikely(fab_flow_has_bodies(flow)) && fab_flow_can_send_part(flow) &&
            fab_flow_has_parts_window(flow));
}

static void
address(const struct fab_flow *flow, struct fab_frame_header *header)
{
    const struct fab_flow_config *config = &flow->config;

    header->from_node = (uint16_t)(config->home >> 48);
    header->to_node = config->peer_node;
    header->from_lcore = config->lcore;
    header->to_lcore = config->peer_lcore;
}

static size_t
count_sent(struct fab_flow *flow, const struct fab_frame_header *header)
{
    flow->counters.frames_sent++;
    flow->counters.bytes_sent += header->size;
    return header->size;
}

/* A frame outside of an epoch, which any version can read. */
static size_t
finish_greeting(struct fab_flow *flow, uint8_t *buffer, struct fab_frame_header *header)
{
    header->version = FAB_FRAME_VERSION_MIN;
    address(flow, header);
    if (fab_unlikely(flow->secure != NULL))
        fab_flow_prove_hello(flow, buffer, header);
    fab_frame_seal(buffer, header);
    return count_sent(flow, header);
}

/* A frame of the epoch, with the next packet number. `tail`: how it ends where that is not in the
 * buffer yet, or stays elsewhere; NULL: all of it is there. */
static inline size_t
finish_with(struct fab_flow *flow, uint8_t *buffer, struct fab_frame_header *header,
            const struct fab_frame_tail *tail)
{
    uint64_t number = flow->path.next_number++;

    header->version = flow->peer.version;
    header->number = (uint32_t)number;
    address(flow, header);
    if (fab_unlikely(flow->secure != NULL && tail != NULL))
        fab_flow_seal_with(flow, buffer, header, number, tail);
    else if (fab_unlikely(flow->secure != NULL))
        fab_flow_seal(flow, buffer, header, number);
    else if (fab_unlikely(tail != NULL))
        fab_frame_seal_with(buffer, header, tail);
    else
        fab_frame_seal(buffer, header);
    return count_sent(flow, header);
}

static size_t
finish(struct fab_flow *flow, uint8_t *buffer, struct fab_frame_header *header)
{
    return finish_with(flow, buffer, header, NULL);
}

static size_t
write_hello(struct fab_flow *flow, uint8_t *buffer, uint64_t now_ns)
{
    struct fab_hello hello = fab_flow_own_hello(flow);
    struct fab_frame_header header = {
        .type = FAB_FRAME_HELLO,
        .size = FAB_FRAME_HEADER_SIZE + FAB_HELLO_SIZE,
    };
    const struct fab_hello_wish wish = {
        .source_port = flow->config.source_port,
        .source_port_second = flow->config.source_port_second,
    };

    if (flow->secure != NULL) {
        fab_flow_ensure_pair(flow);
        header.size += FAB_PROOF_SIZE;
    }
    if (hello.features & FAB_FEATURE_WISH) {
        memcpy(buffer + header.size, &wish, sizeof(wish));
        header.size += FAB_WISH_SIZE;
    }
    memcpy(buffer + FAB_FRAME_HEADER_SIZE, &hello, sizeof(hello));
    flow->path.due.hello = false;
    flow->hello_count++;
    flow->hello_sent_ns = now_ns;
    flow->counters.hellos_sent++;
    return finish_greeting(flow, buffer, &header);
}

static size_t
write_reset(struct fab_flow *flow, uint8_t *buffer)
{
    struct fab_frame_header header = {
        .type = FAB_FRAME_RESET,
        .size = FAB_FRAME_HEADER_SIZE,
        .epoch = flow->reset_epoch,
    };

    flow->path.due.reset = false;
    flow->counters.resets_sent++;
    return finish_greeting(flow, buffer, &header);
}

static size_t
write_leave(struct fab_flow *flow, uint8_t *buffer)
{
    struct fab_frame_header header = {
        .type = FAB_FRAME_LEAVE,
        .size = (uint16_t)(FAB_FRAME_HEADER_SIZE + fab_flow_tag_size(flow)),
        .epoch = flow->last_epoch,
    };

    flow->path.due.leave = false;
    flow->counters.leaves_sent++;
    finish(flow, buffer, &header);
    if (flow->secure != NULL)
        fab_secure_end(flow->secure);
    return header.size;
}

static uint8_t *
put_piece(const struct fab_flow_plan *plan, uint32_t index, uint8_t *at)
{
    const struct fab_send_lane *lane = plan->pieces[index].lane;
    uint32_t start = plan->pieces[index].start;
    uint32_t size = plan->pieces[index].size;

    if (fab_unlikely(lane->has_marks))
        return at + fab_send_lane_copy(lane, start, size, at, plan->now_ns);
    memcpy(at, fab_send_lane_bytes(lane, start), size);
    return at + size;
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
    const struct fab_range *range = flow->path.received.range;
    uint64_t delay_ns = now_ns - flow->path.received_ns;
    uint64_t run = range[0].end - range[0].start;

    if (delay_ns > UINT32_MAX)
        delay_ns = UINT32_MAX;
    at = put_words(at, (uint32_t)(range[0].end - 1) | delay_ns << 32,
                   (uint32_t)run | (uint64_t)count << 32 |
                       (uint64_t)fab_pause_encode(flow->path.received_pause_ns) << 40 |
                       (uint64_t)flow->path.marks << 48);
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
        flow->lanes[lane].credit_in.told = fab_credit_in_limit(&flow->lanes[lane].credit_in);
        block.limit[lane] = (uint32_t)flow->lanes[lane].credit_in.told;
    }
    memcpy(at, &block, sizeof(block));
    return at + sizeof(block);
}

static uint8_t *
put_floor(const struct fab_flow *flow, uint8_t *at)
{
    const struct fab_sent_map *sent = &flow->path.sent;
    uint64_t floor = sent->tail != sent->head ? fab_sent_map_at(sent, sent->tail)->number
                                              : flow->path.next_number;
    struct fab_floor_block block = { .floor = (uint32_t)floor };

    memcpy(at, &block, sizeof(block));
    return at + sizeof(block);
}

static uint8_t *
put_grants(const struct fab_flow_plan *plan, uint8_t *at)
{
    struct fab_grants_block block = { .count = plan->grant_count };
    uint32_t size = plan->grant_count * FAB_GRANT_SIZE;

    memcpy(at, &block, sizeof(block));
    memcpy(at + sizeof(block), plan->grants, size);
    return at + sizeof(block) + size;
}

static uint8_t *
put_part_block(const struct fab_flow_plan *plan, uint8_t *at)
{
    struct fab_part_block block = {
        .transfer = plan->part.id,
        .offset = plan->part.offset,
        .size = (uint16_t)plan->part.size,
    };

    memcpy(at, &block, sizeof(block));
    return at + sizeof(block);
}

static bool
is_encrypting(const struct fab_flow *flow)
{
    return flow->secure && flow->secure->security == FAB_SECURITY_ENCRYPT;
}

/* Whether the part's bytes may stay where they are: as they are, and no pad stands behind them. A
 * tag does so in a buffer of its own. */
static bool
ends_apart(const struct fab_flow *flow, const struct fab_flow_plan *plan)
{
    return plan->has_part && flow->config.tail && !is_encrypting(flow) && plan->part.size % 8U == 0;
}

/* What is encrypted comes into the frame in that pass, which so is the one copy. */
static void
put_part(struct fab_flow *flow, const struct fab_flow_plan *plan, uint8_t *at)
{
    uint32_t size = plan->part.size;

    if (ends_apart(flow, plan)) {
        *flow->config.tail = (struct fab_flow_tail){
            .bytes = plan->part.bytes,
            .size = size,
            .loan = plan->part.loan,
        };
        return;
    }
    if (!is_encrypting(flow))
        memcpy(at, plan->part.bytes, size);
    memset(at + size, 0, fab_flow_plan_part_size(plan) - size);
    flow->counters.parts_copied++;
}

static void
put_body(struct fab_flow *flow, const struct fab_flow_plan *plan, uint8_t *at, uint64_t now_ns)
{
    if (plan->flags & FAB_FRAME_HAS_ACK)
        at = put_ack(flow, at, plan->ranges, now_ns);
    if (plan->flags & FAB_FRAME_HAS_CREDIT)
        at = put_credit(flow, at);
    if (plan->flags & FAB_FRAME_HAS_FLOOR)
        at = put_floor(flow, at);
    if (plan->flags & FAB_FRAME_HAS_GRANTS)
        at = put_grants(plan, at);
    if (plan->has_part)
        at = put_part_block(plan, at);
    for (uint32_t i = 0; i < plan->part_count; i++)
        at = put_piece(plan, i, at);
    if (plan->has_part)
        put_part(flow, plan, at);
}

/* Remembers a frame that must be acknowledged. */
static void
remember(struct fab_flow *flow, const struct fab_flow_plan *plan, uint16_t size, uint64_t now_ns)
{
    struct fab_sent_frame *frame;

    if (flow->path.sent.in_flight == 0)
        flow->path.progress_ns = now_ns;
    frame = fab_sent_map_push(&flow->path.sent, flow->path.next_number, size, now_ns);
    fab_congestion_on_sent(&flow->path.congestion, flow->path.sent.in_flight_bytes);
    fab_pacer_on_sent(&flow->path.pacer, size, now_ns);
    if (fab_unlikely(fab_pacer_is_holding(&flow->path.pacer, now_ns)))
        flow->path.pace_ns = flow->path.pacer.next_ns;
    frame->part_count = plan->part_count;
    memcpy(frame->parts, plan->parts, sizeof(frame->parts)); /* of a known size: no call */
    if (plan->has_part)
        frame->parts[frame->part_count++] = plan->part.part;
    flow->path.last_sent_ns = now_ns;
    fab_flow_arm_probe(flow);
}

static void
count_frame(struct fab_flow *flow, const struct fab_flow_plan *plan, bool must_be_acked)
{
    if (flow->path.due.probe)
        flow->counters.probes_sent++;
    if (plan->repeats)
        flow->counters.frames_retransmitted++;
    if (!must_be_acked && (plan->flags & FAB_FRAME_HAS_ACK))
        flow->counters.acks_sent++;
}

static size_t
write_data(struct fab_flow *flow, uint8_t *buffer, uint64_t now_ns)
{
    struct fab_flow_plan plan;
    struct fab_frame_header header = { .type = FAB_FRAME_DATA };
    bool has_content, must_be_acked;

    if (!fab_flow_plan(flow, &plan, now_ns)) {
        flow->path.due.ack = false;
        flow->path.due.grants = false;
        return 0;
    }
    has_content = plan.part_count > 0 || plan.has_part;
    must_be_acked = has_content || flow->path.due.probe || flow->path.due.ping;
    if (must_be_acked && !has_content)
        plan.flags |= FAB_FRAME_WANTS_ACK;
    if (flow->may_omit_crc)
        plan.flags |= FAB_FRAME_NO_CRC;
    put_body(flow, &plan, buffer + FAB_FRAME_HEADER_SIZE, now_ns);
    header.flags = plan.flags;
    header.size = (uint16_t)(FAB_FRAME_HEADER_SIZE + plan.blocks_size + plan.chunks_size +
                             fab_flow_plan_part_size(&plan) + fab_flow_tag_size(flow));
    header.epoch = flow->peer.epoch;
    count_frame(flow, &plan, must_be_acked);
    flow->path.due = (struct fab_flow_due){ .grants = !plan.has_all_grants };
    if (fab_unlikely(plan.has_part)) {
        flow->records_since_part = 0;
        flow->counters.parts_sent++;
    } else if (plan.part_count > 0 && flow->records_since_part < UINT8_MAX) {
        flow->records_since_part++;
    }
    if (has_content || (must_be_acked && !fab_sent_map_is_full(&flow->path.sent)))
        remember(flow, &plan, header.size, now_ns);
    if (fab_unlikely(plan.has_part && (is_encrypting(flow) || ends_apart(flow, &plan))))
        return finish_with(flow, buffer, &header,
                           &(struct fab_frame_tail){ plan.part.bytes, plan.part.size });
    return finish(flow, buffer, &header);
}

/* Nothing but zeros, so that its loss costs nothing. */
static size_t
write_mtu_probe(struct fab_flow *flow, uint8_t *buffer, uint64_t now_ns)
{
    static const struct fab_flow_plan no_records;
    uint32_t size = flow->path.mtu.probe;
    struct fab_frame_header header = {
        .type = FAB_FRAME_DATA,
        .flags = FAB_FRAME_WANTS_ACK | FAB_FRAME_PADDED,
        .size = (uint16_t)(size + fab_flow_tag_size(flow)),
        .epoch = flow->peer.epoch,
    };

    if (flow->may_omit_crc)
        header.flags |= FAB_FRAME_NO_CRC;
    memset(buffer + FAB_FRAME_HEADER_SIZE, 0, size - FAB_FRAME_HEADER_SIZE);
    fab_path_mtu_on_probe(&flow->path.mtu, flow->path.next_number);
    remember(flow, &no_records, header.size, now_ns);
    flow->counters.mtu_probes_sent++;
    return finish(flow, buffer, &header);
}

/* Alone, so that it stands before the epoch's first record; its loss costs nothing. */
static size_t
write_clock(struct fab_flow *flow, uint8_t *buffer, uint64_t now_ns)
{
    struct fab_clock_block block = fab_flow_clock_block(flow, now_ns);
    struct fab_frame_header header = {
        .type = FAB_FRAME_DATA,
        .flags = FAB_FRAME_HAS_CLOCK,
        .size = (uint16_t)(FAB_FRAME_HEADER_SIZE + FAB_CLOCK_SIZE + fab_flow_tag_size(flow)),
        .epoch = flow->peer.epoch,
    };

    if (flow->may_omit_crc)
        header.flags |= FAB_FRAME_NO_CRC;
    memcpy(buffer + FAB_FRAME_HEADER_SIZE, &block, sizeof(block));
    return finish(flow, buffer, &header);
}

/* What is rarer than a frame of data. Not inlined, so that who has none saves no registers for it.
 */
__attribute__((noinline)) static size_t
write_rare(struct fab_flow *flow, uint8_t *buffer, uint64_t now_ns)
{
    if (flow->path.due.leave)
        return write_leave(flow, buffer);
    if (flow->path.due.reset)
        return write_reset(flow, buffer);
    if (flow->path.due.hello)
        return write_hello(flow, buffer, now_ns);
    if (flow->path.due.clock)
        return write_clock(flow, buffer, now_ns);
    return write_mtu_probe(flow, buffer, now_ns);
}

size_t
fab_flow_prepare(struct fab_flow *flow, void *buffer, size_t capacity, uint64_t now_ns)
{
    fab_flow_on_timer(flow, now_ns);
    return fab_flow_prepare_untimed(flow, buffer, capacity, now_ns);
}

size_t
fab_flow_prepare_untimed(struct fab_flow *flow, void *buffer, size_t capacity, uint64_t now_ns)
{
    const struct fab_flow_due due = flow->path.due;
    bool is_up = flow->state == FAB_FLOW_UP;

    FAB_ASSERT(capacity >= flow->config.frame_max);
    if (fab_unlikely(due.leave || due.reset || due.hello || due.clock))
        return write_rare(flow, buffer, now_ns);
    if (fab_unlikely(is_up && wants_mtu_probe(flow)))
        return write_rare(flow, buffer, now_ns);
    return fab_likely(is_up) ? write_data(flow, buffer, now_ns) : 0;
}
