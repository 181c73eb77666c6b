/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Records that may be left out of a frame on purpose: their deadline has passed, or a later value
 * has taken their place. Their bytes stay in the ring, so that spans stay whole; in a frame only
 * the chunk header stands for them, and says that its number will not come.
 */
#include <string.h>

#include "base/assert.h"
#include "proto/send_lane.h"

static struct fab_chunk *
chunk_at(const struct fab_send_lane *lane, uint32_t place)
{
    return (struct fab_chunk *)(void *)fab_send_lane_bytes(lane, place);
}

static struct fab_msg *
record_of(struct fab_chunk *chunk)
{
    return (struct fab_msg *)(void *)(chunk + 1);
}

/* Only messages that are whole in the ring: an ask has somebody who waits, a buffer its transfer.
 */
static bool
may_be_left_out(const struct fab_msg *msg)
{
    return msg->kind == FAB_MSG_SEND && !fab_msg_has_buffer(msg);
}

bool
fab_send_lane_supersede(struct fab_send_lane *lane, uint32_t place, uint32_t by)
{
    struct fab_chunk *chunk = chunk_at(lane, place);
    const struct fab_msg *old = record_of(chunk);
    const struct fab_msg *new = record_of(chunk_at(lane, by));

    if (fab_chunk_is_skipped(chunk) || !may_be_left_out(old) || !(old->flags & FAB_MSG_IS_LATEST))
        return false;
    if (old->to != new->to || old->tag != new->tag || old->template_id != new->template_id ||
        old->schema_id != new->schema_id)
        return false;
    chunk->lane |= FAB_CHUNK_SKIPPED;
    return true;
}

struct fab_settled
fab_send_lane_settle(struct fab_send_lane *lane, uint32_t start, uint32_t size, uint64_t now_ns)
{
    struct fab_settled settled = { 0 };

    for (uint32_t place = start; place != start + size;) {
        struct fab_chunk *chunk = chunk_at(lane, place);
        const struct fab_msg *msg = record_of(chunk);

        if (!fab_chunk_is_skipped(chunk) && (msg->flags & FAB_MSG_HAS_DEADLINE) &&
            may_be_left_out(msg) && fab_msg_deadline_ns(msg) <= now_ns) {
            chunk->lane |= FAB_CHUNK_SKIPPED;
            settled.expired++;
        }
        settled.size += fab_chunk_wire_size(chunk);
        place += fab_chunk_stride(chunk->size);
    }
    return settled;
}

/* What is left of the record's time, for the copy at `at`. */
static void
write_rest(struct fab_msg *at, uint64_t now_ns)
{
    uint64_t deadline_ns = fab_msg_deadline_ns(at);

    fab_msg_set_word(at, 0, deadline_ns > now_ns ? deadline_ns - now_ns : 0);
}

uint32_t
fab_send_lane_copy(const struct fab_send_lane *lane, uint32_t start, uint32_t size, uint8_t *to,
                   uint64_t now_ns)
{
    uint8_t *at = to;

    for (uint32_t place = start; place != start + size;) {
        const struct fab_chunk *chunk = chunk_at(lane, place);
        uint32_t part = fab_chunk_wire_size(chunk);

        memcpy(at, chunk, part);
        if (part > FAB_CHUNK_SIZE && (record_of((void *)at)->flags & FAB_MSG_HAS_DEADLINE))
            write_rest(record_of((void *)at), now_ns);
        at += part;
        place += fab_chunk_stride(chunk->size);
    }
    return (uint32_t)(at - to);
}
