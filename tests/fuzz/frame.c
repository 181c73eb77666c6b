/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Any bytes as a frame: what the decoder lets through can be read to its end. Size and checksum are
 * made right half of the time, or the fuzzer would hardly ever get past them.
 */
#include <stdlib.h>
#include <string.h>

#include "wire/crc32c.h"
#include "wire/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
mend(uint8_t *frame, size_t size)
{
    struct fab_frame_header header;

    memcpy(&header, frame, sizeof(header));
    header.version = FAB_FRAME_VERSION_MIN;
    header.size = (uint16_t)size;
    header.crc = 0;
    memcpy(frame, &header, sizeof(header));
    header.crc = fab_crc32c(0, frame, size);
    memcpy(frame, &header, sizeof(header));
}

static uint64_t
sum_of(const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    uint64_t sum = 0;

    for (size_t i = 0; bytes != NULL && i < size; i++)
        sum += at[i];
    return sum;
}

/* Of a record that was left out there is the chunk's header only, and of one whose body comes in
 * parts no body. */
static uint64_t
read_chunk(const struct fab_chunk *chunk)
{
    const struct fab_msg *msg = (const struct fab_msg *)(const void *)(chunk + 1);

    if (chunk->stream >= FAB_STREAM_COUNT || fab_chunk_lane(chunk) >= FAB_LANE_COUNT)
        abort();
    if (fab_chunk_is_skipped(chunk))
        return 0;
    if (fab_chunk_is_large(chunk))
        return fab_msg_buffer_word(msg);
    return sum_of(fab_msg_body_const(msg), msg->size);
}

static uint64_t
read_chunks(const struct fab_frame *frame)
{
    const uint8_t *at = frame->chunks;
    uint64_t sum = 0;

    while (at < frame->chunks + frame->chunks_size) {
        const struct fab_chunk *chunk = (const struct fab_chunk *)(const void *)at;

        sum += read_chunk(chunk);
        at += fab_chunk_wire_size(chunk);
    }
    if (at != frame->chunks + frame->chunks_size)
        abort();
    return sum;
}

static uint64_t
read_frame(const struct fab_frame *frame)
{
    uint64_t sum = frame->header->number;

    for (uint32_t i = 0; frame->ack != NULL && i < frame->ack->ranges; i++)
        sum += (uint64_t)frame->ranges[i].gap + frame->ranges[i].run;
    for (uint32_t i = 0; frame->grants_block != NULL && i < frame->grants_block->count; i++)
        sum += (uint64_t)frame->grants[i].transfer + frame->grants[i].limit;
    sum += sum_of(frame->credit, sizeof(*frame->credit));
    sum += sum_of(frame->floor, sizeof(*frame->floor));
    sum += sum_of(frame->clock, sizeof(*frame->clock));
    sum += sum_of(frame->hello, sizeof(*frame->hello));
    sum += sum_of(frame->proof, sizeof(*frame->proof));
    sum += sum_of(frame->wish, sizeof(*frame->wish));
    if (frame->part != NULL)
        sum += sum_of(frame->part_bytes, frame->part->size);
    return sum + (frame->header->type == FAB_FRAME_DATA ? read_chunks(frame) : 0);
}

/* The first byte says how the rest is to be taken. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fab_frame_peek peek;
    struct fab_frame frame;
    uint8_t *memory;
    uint8_t *copy;
    uint64_t sum = 0;

    if (size < 1)
        return 0;
    size--;
    memory = malloc(FAB_FRAME_READ_ALIGN + size); /* so that reading beyond is seen */
    if (memory == NULL)
        abort();
    copy = memory + FAB_FRAME_READ_ALIGN;
    memcpy(copy, data + 1, size);
    if ((data[0] & 1) && size >= FAB_FRAME_HEADER_SIZE)
        mend(copy, size);
    if (fab_frame_peek(copy, size, &peek) != (size >= FAB_FRAME_HEADER_SIZE))
        abort();
    if (fab_frame_decode(copy, size,
                         data[0] & 2 ? FAB_FRAME_CHECK_CRC_OPTIONAL : FAB_FRAME_CHECK_CRC,
                         &frame) == FAB_FRAME_OK)
        sum = read_frame(&frame);
    free(memory);
    return (int)(sum & 0);
}
