/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The way in for records: each by a claim and a commit, or many in a row in a window.
 */
#include <string.h>

#include "base/assert.h"
#include "base/compiler.h"
#include "proto/flow.h"
#include "proto/flow_state.h"

/* The upper bits of a multiplication mix best. One alone left each second generation of a place in
 * the same stream, where small records wait behind the large ones of somebody else. */
uint8_t
fab_flow_stream_of(uint64_t actor_word)
{
    uint64_t mixed = actor_word * 0x9e3779b97f4a7c15ULL;

    return (uint8_t)(((mixed ^ mixed >> 32) * 0xd6e8feb86659fd93ULL) >> 58);
}

/* A span of one record must fit into any frame beside the blocks. */
static uint32_t
record_max(const struct fab_flow *flow, enum fab_lane lane)
{
    uint32_t chunk_max =
        fab_flow_frame_size(flow) - FAB_FRAME_HEADER_SIZE - FAB_FLOW_BLOCKS_RESERVE;
    uint32_t half = fab_send_lane_size(&flow->lanes[lane].send) / 2;

    return ((chunk_max < half ? chunk_max : half) & ~7U) - FAB_CHUNK_SIZE;
}

uint32_t
fab_flow_record_max(const struct fab_flow *flow)
{
    return flow->state == FAB_FLOW_UP ? record_max(flow, FAB_LANE_USER) : 0;
}

enum myc_status
fab_flow_claim(struct fab_flow *flow, enum fab_lane lane, uint8_t stream, uint32_t total_size,
               struct fab_msg **msg)
{
    struct fab_chunk *chunk;

    FAB_ASSERT(stream < FAB_STREAM_COUNT && total_size >= FAB_MSG_HEADER_SIZE);
    if (fab_unlikely(flow->state != FAB_FLOW_UP)) {
        flow->counters.claims_unreachable++;
        return MYC_UNREACHABLE;
    }
    if (fab_unlikely(total_size > record_max(flow, lane))) {
        flow->counters.claims_too_big++;
        return MYC_TOO_BIG;
    }
    chunk = fab_send_lane_claim(&flow->lanes[lane].send, fab_chunk_stride(total_size));
    flow->used_lanes |= (uint8_t)(1U << lane);
    if (fab_unlikely(chunk == NULL)) {
        flow->was_full = true;
        flow->counters.claims_full++;
        return MYC_FULL;
    }
    chunk->stream = stream;
    chunk->lane = (uint8_t)lane;
    flow->open_chunk = chunk;
    flow->open_lane = (uint8_t)lane;
    flow->open_claim = total_size;
    *msg = (struct fab_msg *)(void *)(chunk + 1);
    return MYC_OK;
}

/* Every byte on the wire is written on purpose. */
static inline void
clear_padding(uint8_t *record, uint32_t total)
{
    uint32_t padding = (0U - total) & 7U;

    if (padding > 0)
        memset(record + total, 0, padding);
}

static uint64_t
latest_key(const struct fab_msg *msg)
{
    uint64_t hash = (msg->to ^ msg->tag * 0x9e3779b97f4a7c15ULL) * 0xff51afd7ed558ccdULL;

    return (hash ^ ((uint64_t)msg->schema_id << 16 | msg->template_id)) * 0xc4ceb9fe1a85ec53ULL;
}

void
fab_flow_forget_latest(struct fab_flow *flow)
{
    if (flow->latest)
        fab_pool_give(&flow->store->pages, flow->latest);
    flow->latest = NULL;
}

/* Places count on and wrap, so those of the other half are forgotten. Returns whether there is
 * memory to remember them in. */
static bool
open_latest(struct fab_flow *flow, bool is_high)
{
    if (flow->latest && flow->is_latest_high == is_high)
        return true;
    if (!flow->latest)
        flow->latest = fab_pool_take_spare(&flow->store->pages);
    flow->is_latest_high = is_high;
    if (flow->latest)
        memset(flow->latest, 0, FAB_FLOW_LATEST * sizeof(flow->latest[0]));
    return flow->latest != NULL;
}

/* A record that is the latest value of something takes the place of one that still waits. */
static void
take_latest_place(struct fab_flow *flow, const struct fab_msg *msg)
{
    struct fab_send_lane *lane = &flow->lanes[FAB_LANE_USER].send;
    uint64_t key = latest_key(msg);
    struct fab_latest *latest;

    if (!flow->may_skip || !open_latest(flow, lane->claimed >> 31))
        return;
    latest = &flow->latest[key >> 57];
    if (latest->key == key && latest->place != 0 &&
        latest->place - 1 - lane->tail < lane->head - lane->tail &&
        fab_send_lane_supersede(lane, latest->place - 1, lane->claimed))
        flow->counters.messages_superseded++;
    *latest = (struct fab_latest){ .key = key, .place = lane->claimed + 1 };
}

void
fab_flow_commit(struct fab_flow *flow)
{
    struct fab_chunk *chunk = flow->open_chunk;
    const struct fab_msg *msg = (const struct fab_msg *)(const void *)(chunk + 1);
    uint32_t total = fab_msg_total(msg);

    FAB_ASSERT(flow->open_claim != 0 && total <= flow->open_claim);
    clear_padding((uint8_t *)(chunk + 1), total);
    chunk->size = (uint16_t)total;
    chunk->number = flow->stream_out[chunk->stream]++;
    if (fab_unlikely(msg->flags & (FAB_MSG_HAS_DEADLINE | FAB_MSG_IS_LATEST))) {
        flow->lanes[flow->open_lane].send.has_marks = true;
        if ((msg->flags & FAB_MSG_IS_LATEST) && flow->open_lane == FAB_LANE_USER)
            take_latest_place(flow, msg);
    }
    fab_send_lane_commit(&flow->lanes[flow->open_lane].send, fab_chunk_stride(total));
    flow->open_claim = 0;
    flow->counters.messages_sent++;
}

uint32_t
fab_flow_window(const struct fab_flow *flow, uint32_t record_size, uint8_t **next)
{
    const struct fab_send_lane *lane = &flow->lanes[FAB_LANE_USER].send;
    uint32_t room = fab_send_lane_row(lane);

    if (flow->state != FAB_FLOW_UP || room == 0)
        return 0;
    *next = fab_send_lane_bytes(lane, lane->head) + FAB_CHUNK_SIZE;
    return room / fab_chunk_stride(record_size);
}

uint32_t
fab_flow_take_window(struct fab_flow *flow, const uint8_t *next)
{
    struct fab_send_lane *lane = &flow->lanes[FAB_LANE_USER].send;
    uint8_t *begin = fab_send_lane_bytes(lane, lane->head);
    uint8_t *at = begin;
    uint32_t count = 0;

    while (at + FAB_CHUNK_SIZE != next) {
        struct fab_chunk *chunk = (struct fab_chunk *)(void *)at;
        const struct fab_msg *msg = (const struct fab_msg *)(const void *)(chunk + 1);
        uint32_t total = FAB_MSG_HEADER_SIZE + msg->size;
        uint8_t stream = fab_flow_stream_of(msg->to);

        *chunk = (struct fab_chunk){ stream, FAB_LANE_USER, (uint16_t)total,
                                     flow->stream_out[stream]++ };
        clear_padding((uint8_t *)(chunk + 1), total);
        at += fab_chunk_stride(total);
        count++;
    }
    fab_send_lane_extend(lane, (uint32_t)(at - begin));
    flow->counters.messages_sent += count;
    return count;
}

const struct fab_msg *
fab_flow_open_record(const struct fab_flow *flow)
{
    FAB_ASSERT(flow->open_claim != 0);
    return (const struct fab_msg *)(const void *)(flow->open_chunk + 1);
}

void
fab_flow_credit_return(struct fab_flow *flow, enum fab_lane lane, uint32_t total_size)
{
    FAB_ASSERT(flow->config.is_credit_manual);
    if (flow->state != FAB_FLOW_UP)
        return;
    fab_flow_credit_came_back(flow, lane, fab_chunk_units(total_size));
}
