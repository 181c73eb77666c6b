/* SPDX-License-Identifier: BSD-3-Clause */
/* A frame of any bytes: exactly one counter moves, and a payload lies within the frame. */
#include <stdlib.h>

#include "market/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(struct market_bytes frame, bool is_checksum_wanted)
{
    const struct market_frame_filter filter = { .is_checksum_wanted = is_checksum_wanted };
    struct market_frame_counters counters = { 0 };
    struct market_frame_address address;
    struct market_bytes payload;
    uint64_t moved = 0;

    if (market_frame_decode(frame, &filter, &counters, &payload, &address) &&
        (payload.data < frame.data || payload.data + payload.size > frame.data + frame.size))
        abort();
#define ADD(name, text) moved += counters.name;
    MARKET_FRAME_COUNTERS(ADD)
    if (moved != 2 || counters.frames != 1)
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check((struct market_bytes){ data, size }, false);
    check((struct market_bytes){ data, size }, true);
    return 0;
}
