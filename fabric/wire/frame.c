/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/frame.h"

#include "base/assert.h"
#include "base/compiler.h"
#include "wire/crc32c.h"

#define CRC_END (offsetof(struct fab_frame_header, crc) + sizeof(uint32_t))

static_assert(CRC_END == sizeof(uint64_t), "the checksum is the high half of the first word");

/* As if the field itself were 0. */
static uint32_t
checksum(const uint8_t *bytes, size_t size)
{
    uint64_t first;

    memcpy(&first, bytes, sizeof(first));
    first &= UINT32_MAX;
    return fab_crc32c_behind(first, bytes + CRC_END, size - CRC_END);
}

bool
fab_frame_peek(const void *bytes, size_t size, struct fab_frame_peek *peek)
{
    struct fab_frame_header header;

    if (size < FAB_FRAME_HEADER_SIZE)
        return false;
    memcpy(&header, bytes, sizeof(header));
    peek->from_node = header.from_node;
    peek->to_node = header.to_node;
    peek->from_lcore = header.from_lcore;
    peek->to_lcore = header.to_lcore;
    peek->version = header.version;
    peek->type = header.type;
    peek->epoch = header.epoch;
    peek->number = header.number;
    return true;
}

/* What is left to read of a frame. */
struct reader {
    const uint8_t *at;
    uint32_t left;
};

/* The next `size` bytes, or NULL when there are not so many. */
static const void *
take(struct reader *reader, uint32_t size)
{
    const uint8_t *at = reader->at;

    if (fab_unlikely(reader->left < size))
        return NULL;
    reader->at += size;
    reader->left -= size;
    return at;
}

/* The runs and gaps of a valid block cover at most 2^31 numbers: beyond, "older" has no meaning. */
static bool
ack_is_valid(const struct fab_ack_block *ack, const struct fab_ack_range *ranges)
{
    uint64_t covered = ack->run;

    if (ack->run == 0)
        return false;
    for (uint32_t i = 0; i < ack->ranges; i++) {
        if (ranges[i].gap == 0 || ranges[i].run == 0)
            return false;
        covered += (uint64_t)ranges[i].gap + ranges[i].run;
    }
    return covered <= INT32_MAX;
}

static bool
decode_ack(struct reader *reader, struct fab_frame *frame)
{
    frame->ack = take(reader, FAB_ACK_SIZE);
    if (frame->ack == NULL || frame->ack->ranges > FAB_FRAME_RANGES_MAX)
        return false;
    frame->ranges = take(reader, frame->ack->ranges * FAB_RANGE_SIZE);
    return frame->ranges != NULL && ack_is_valid(frame->ack, frame->ranges);
}

static bool
decode_grants(struct reader *reader, struct fab_frame *frame)
{
    const struct fab_grants_block *block = take(reader, FAB_GRANTS_SIZE);

    if (block == NULL || block->count == 0 || block->count > FAB_GRANTS_MAX)
        return false;
    frame->grants_block = block;
    frame->grants = take(reader, block->count * FAB_GRANT_SIZE);
    return frame->grants != NULL;
}

static bool
decode_clock(struct reader *reader, struct fab_frame *frame)
{
    frame->clock = take(reader, FAB_CLOCK_SIZE);
    return frame->clock != NULL && frame->clock->sent_ns != 0;
}

/* Its bytes are the end of the frame: chunks end before them. */
static bool
decode_part(struct reader *reader, struct fab_frame *frame)
{
    const struct fab_part_block *part = take(reader, FAB_PART_SIZE);
    uint32_t padded;

    if (part == NULL || part->size == 0)
        return false;
    padded = (part->size + 7U) & ~7U;
    if (padded > reader->left)
        return false;
    reader->left -= padded;
    frame->part = part;
    frame->part_bytes = reader->at + reader->left;
    return true;
}

static bool
decode_blocks(struct reader *reader, uint16_t flags, struct fab_frame *frame)
{
    if ((flags & FAB_FRAME_HAS_ACK) && !decode_ack(reader, frame))
        return false;
    if (flags & FAB_FRAME_HAS_CREDIT) {
        frame->credit = take(reader, FAB_CREDIT_SIZE);
        if (frame->credit == NULL)
            return false;
    }
    if (flags & FAB_FRAME_HAS_FLOOR) {
        frame->floor = take(reader, FAB_FLOOR_SIZE);
        if (frame->floor == NULL)
            return false;
    }
    if ((flags & FAB_FRAME_HAS_GRANTS) && !decode_grants(reader, frame))
        return false;
    if (fab_unlikely(flags & FAB_FRAME_HAS_CLOCK) && !decode_clock(reader, frame))
        return false;
    return !(flags & FAB_FRAME_HAS_PART) || decode_part(reader, frame);
}

/* What the word of a record with a large body may be. What transfer it is, the flow knows. */
static bool
transfer_is_possible(const struct fab_msg *msg)
{
    uint64_t step = fab_msg_buffer_word(msg) >> 32;

    return step >= FAB_LARGE_STEP_MIN && step <= FAB_FRAME_SIZE_MAX && step % FAB_FRAME_ALIGN == 0;
}

/* A chunk of which all is there. */
static bool
chunk_is_valid(const struct fab_chunk *chunk)
{
    const struct fab_msg *msg = (const struct fab_msg *)(const void *)(chunk + 1);

    if (chunk->stream >= FAB_STREAM_COUNT || fab_chunk_lane(chunk) >= FAB_LANE_COUNT)
        return false;
    if (chunk->size < FAB_MSG_HEADER_SIZE)
        return false;
    if (fab_chunk_is_skipped(chunk))
        return fab_chunk_stride(chunk->size) <= FAB_FRAME_SIZE_MAX;
    return fab_msg_is_valid(msg, chunk->size) && fab_msg_total(msg) == chunk->size &&
           (!fab_msg_has_buffer(msg) ||
            (chunk->lane == FAB_LANE_USER && transfer_is_possible(msg)));
}

static bool
decode_chunks(const struct reader *reader, struct fab_frame *frame)
{
    const uint8_t *at = reader->at;
    uint32_t left = frame->header->flags & FAB_FRAME_PADDED ? 0 : reader->left;

    frame->chunks = at;
    frame->chunks_size = left;
    while (left > 0) {
        const struct fab_chunk *chunk = (const struct fab_chunk *)(const void *)at;
        uint32_t size;

        if (left < FAB_CHUNK_SIZE)
            return false;
        size = fab_chunk_wire_size(chunk);
        if (size > left || !chunk_is_valid(chunk))
            return false;
        at += size;
        left -= size;
    }
    return true;
}

static bool
wish_is_valid(const struct fab_hello_wish *wish)
{
    return (wish->source_port | wish->source_port_second) != 0 &&
           fab_is_wishable(wish->source_port) && fab_is_wishable(wish->source_port_second);
}

/* What follows proof and wish is a later version's business. */
static bool
decode_hello(struct reader *reader, struct fab_frame *frame)
{
    const struct fab_hello *hello = take(reader, FAB_HELLO_SIZE);

    if (hello == NULL || hello->nonce == 0 || hello->home >> 48 != frame->header->from_node)
        return false;
    if (hello->version_min == 0 || hello->version_min > hello->version_max)
        return false;
    if (hello->large_log2 > FAB_LARGE_LOG2_MAX)
        return false;
    if (hello->security != 0) {
        frame->proof = take(reader, FAB_PROOF_SIZE);
        if (frame->proof == NULL)
            return false;
    }
    if (hello->features & FAB_FEATURE_WISH) {
        frame->wish = take(reader, FAB_WISH_SIZE);
        if (frame->wish == NULL || !wish_is_valid(frame->wish))
            return false;
    }
    if (hello->lcore_count == 0 || hello->frame_max < FAB_FRAME_SIZE_MIN ||
        hello->frame_max > FAB_FRAME_SIZE_MAX)
        return false;
    for (int lane = 0; lane < FAB_LANE_COUNT; lane++) {
        if (hello->credit[lane] == 0 || hello->credit[lane] > INT32_MAX)
            return false;
    }
    frame->hello = hello;
    return true;
}

/* Flags that each type may have; none for what is not a type. */
static uint16_t
flags_of_type(uint8_t type)
{
    if (type == FAB_FRAME_DATA)
        return FAB_FRAME_FLAGS_ALL;
    return type == FAB_FRAME_LEAVE ? FAB_FRAME_SEALED : 0;
}

/* A seal that nobody has checked vouches for nothing. */
static bool
is_vouched_for(const struct fab_frame_header *header, size_t size, enum fab_frame_check check)
{
    if (check == FAB_FRAME_CHECK_TAG)
        return (header->flags & FAB_FRAME_SEALED) != 0;
    if (fab_unlikely(header->flags & FAB_FRAME_SEALED))
        return false;
    if (check == FAB_FRAME_CHECK_CRC_OPTIONAL && (header->flags & FAB_FRAME_NO_CRC))
        return header->crc == 0;
    return header->crc == checksum((const uint8_t *)header, size);
}

static enum fab_frame_verdict
decode_body(struct reader *reader, struct fab_frame *frame)
{
    switch ((enum fab_frame_type)frame->header->type) {
    case FAB_FRAME_HELLO:
        return decode_hello(reader, frame) ? FAB_FRAME_OK : FAB_FRAME_BAD_HELLO;
    case FAB_FRAME_DATA:
        if (!decode_blocks(reader, frame->header->flags, frame))
            return FAB_FRAME_BAD_BLOCK;
        return decode_chunks(reader, frame) ? FAB_FRAME_OK : FAB_FRAME_BAD_CHUNK;
    case FAB_FRAME_RESET:
    case FAB_FRAME_LEAVE:
        return reader->left == 0 ? FAB_FRAME_OK : FAB_FRAME_BAD_SIZE;
    }
    return FAB_FRAME_BAD_TYPE;
}

enum fab_frame_verdict
fab_frame_decode(const void *bytes, size_t size, enum fab_frame_check check,
                 struct fab_frame *frame)
{
    const struct fab_frame_header *header = bytes;
    struct reader reader;

    FAB_ASSERT((uintptr_t)bytes % FAB_FRAME_READ_ALIGN == 0);
    if (size < FAB_FRAME_HEADER_SIZE || size > FAB_FRAME_SIZE_MAX || header->size != size)
        return FAB_FRAME_BAD_SIZE;
    if (header->version < FAB_FRAME_VERSION_MIN || header->version > FAB_FRAME_VERSION_MAX)
        return FAB_FRAME_BAD_VERSION;
    if (fab_unlikely(!is_vouched_for(header, size, check)))
        return FAB_FRAME_BAD_CRC;
    if (header->flags & ~flags_of_type(header->type))
        return FAB_FRAME_BAD_TYPE;
    reader.at = (const uint8_t *)bytes + FAB_FRAME_HEADER_SIZE;
    reader.left = (uint32_t)size - FAB_FRAME_HEADER_SIZE;
    if (check == FAB_FRAME_CHECK_TAG) /* there is room: else the tag was not found right */
        reader.left -= FAB_FRAME_TAG_SIZE;
    frame->header = header;
    frame->ack = NULL;
    frame->credit = NULL;
    frame->floor = NULL;
    frame->grants_block = NULL;
    frame->clock = NULL;
    frame->part = NULL;
    frame->hello = NULL;
    frame->proof = NULL;
    frame->wish = NULL;
    frame->chunks_size = 0;
    return decode_body(&reader, frame);
}

/* The header is put together in registers: narrow stores that are read back as words by the
 * checksum would stall. */
static inline void
seal(uint8_t *bytes, const struct fab_frame_header *header, const struct fab_frame_tail *tail)
{
    uint32_t size = header->size - (tail ? tail->size : 0);
    uint64_t first = header->version | (uint64_t)header->type << 8 | (uint64_t)header->flags << 16;
    uint64_t rest[2] = {
        header->from_node | (uint64_t)header->to_node << 16 | (uint64_t)header->from_lcore << 32 |
            (uint64_t)header->to_lcore << 40 | (uint64_t)header->size << 48,
        header->epoch | (uint64_t)header->number << 32,
    };

    memcpy(bytes + sizeof(first), rest, sizeof(rest));
    if (fab_unlikely(header->flags & FAB_FRAME_SEALED)) {
        first |= (uint64_t)header->crc << 32;
    } else if (!(header->flags & FAB_FRAME_NO_CRC)) {
        uint32_t crc = fab_crc32c_behind(first, bytes + CRC_END, size - CRC_END);

        if (tail)
            crc = fab_crc32c(crc, tail->bytes, tail->size);
        first |= (uint64_t)crc << 32;
    }
    memcpy(bytes, &first, sizeof(first));
}

void
fab_frame_seal(void *buffer, const struct fab_frame_header *header)
{
    seal(buffer, header, NULL);
}

void
fab_frame_seal_with(void *buffer, const struct fab_frame_header *header,
                    const struct fab_frame_tail *tail)
{
    FAB_ASSERT(!(header->flags & FAB_FRAME_SEALED) &&
               tail->size + FAB_FRAME_HEADER_SIZE <= header->size);
    seal(buffer, header, tail);
}
