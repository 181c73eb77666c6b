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
read_chunks(const struct fab_frame *frame)
{
    const uint8_t *at = frame->chunks;
    uint64_t sum = 0;

    while (at < frame->chunks + frame->chunks_size) {
        const struct fab_chunk *chunk = (const struct fab_chunk *)(const void *)at;
        const struct fab_msg *msg = (const struct fab_msg *)(const void *)(chunk + 1);
        const uint8_t *body = fab_msg_body_const(msg);

        if (chunk->stream >= FAB_STREAM_COUNT || chunk->lane >= FAB_LANE_COUNT)
            abort();
        for (uint32_t i = 0; i < msg->size; i++)
            sum += body[i];
        at += fab_chunk_stride(chunk->size);
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
    if (frame->credit != NULL)
        sum += frame->credit->limit[FAB_LANE_SYSTEM];
    if (frame->floor != NULL)
        sum += frame->floor->floor;
    if (frame->hello != NULL)
        sum += frame->hello->nonce;
    return sum + read_chunks(frame);
}

/* The first byte says how the rest is to be taken. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fab_frame_peek peek;
    struct fab_frame frame;
    uint8_t *copy;
    uint64_t sum = 0;

    if (size < 1)
        return 0;
    copy = aligned_alloc(8, (size + 7U) & ~(size_t)7U); /* so that reading beyond is seen */
    if (copy == NULL)
        abort();
    memcpy(copy, data + 1, size - 1);
    size--;
    if ((data[0] & 1) && size >= FAB_FRAME_HEADER_SIZE)
        mend(copy, size);
    if (fab_frame_peek(copy, size, &peek) != (size >= FAB_FRAME_HEADER_SIZE))
        abort();
    if (fab_frame_decode(copy, size,
                         data[0] & 2 ? FAB_FRAME_CHECK_CRC_OPTIONAL : FAB_FRAME_CHECK_CRC,
                         &frame) == FAB_FRAME_OK)
        sum = read_frame(&frame);
    free(copy);
    return (int)(sum & 0);
}
