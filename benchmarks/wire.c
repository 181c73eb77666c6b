/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Between two nodes over a port: round trip, one-way rate and goodput of large messages of the
 * reliable protocol, beside raw frames of the same size through the same device. Default device: a
 * memif between two processes.
 */
#include <stdlib.h>

#include "wire_place.h"

#define RTT_COUNT        20000U
#define RATE_COUNT       1000000U
#define SMOKE_RTT_COUNT  200U
#define SMOKE_RATE_COUNT 10000U
#define BODY_BYTES       32U

#define BULK_PAYLOAD   (WIRE_FRAME_SIZE_MAX - LINK_HEADERS)
#define BULK_BYTES     (32U * 1024U * 1024U) /* in one phase */
#define BULK_BYTES_MIN (4U * 1024U * 1024U)  /* likewise, for the tests */

struct run_wish {
    uint32_t count; /* round trips or messages */
    bool is_alone;  /* as bench_pair's */
};

static enum myc_status
run(const struct bench_options *options, struct bench_result *result, struct run_wish wanted)
{
    uint32_t count = wanted.count;
    uint64_t *samples_ns = calloc(count, sizeof(*samples_ns));
    const struct wire_place_wish wish = {
        .device = options->device,
        .fault = options->fault,
        .frame_size = result->is_bytes ? WIRE_FRAME_SIZE_MAX : WIRE_FRAME_SIZE(BODY_BYTES),
    };
    struct wire_place place;
    struct bench_pair pair = {
        .raw = &place.raw,
        .result = result,
        .repetitions = options->repetitions,
        .count = count,
        .raw_count =
            result->is_bytes ? (uint32_t)((uint64_t)count * result->body_bytes / BULK_PAYLOAD) : 0,
        .body_bytes = result->is_bytes ? result->body_bytes : 0,
        .is_alone = wanted.is_alone,
        .samples_ns = samples_ns,
    };
    enum myc_status status = samples_ns ? wire_place_open(&wish, &place) : MYC_NO_MEMORY;

    if (status == MYC_OK) {
        pair.partner = place.partner;
        status = bench_pair_run(place.node, 0, &pair);
        wire_place_close(&place);
    }
    free(samples_ns);
    return status;
}

enum myc_status
bench_wire_rtt(const struct bench_options *options, struct bench_result *result)
{
    result->raw_name = "raw frame through the port and back";
    result->fabric_name = "reliable message to an actor of another node and back";
    result->aim = options->device ? 1.15 : 1.6;
    return run(options, result,
               (struct run_wish){ options->is_smoke ? SMOKE_RTT_COUNT : RTT_COUNT, false });
}

enum myc_status
bench_wire_rate(const struct bench_options *options, struct bench_result *result)
{
    result->raw_name = "raw frames, one message each, bursts of 32";
    result->fabric_name = "reliable messages, coalesced";
    result->is_rate = true;
    return run(options, result,
               (struct run_wish){ options->is_smoke ? SMOKE_RATE_COUNT : RATE_COUNT, false });
}

enum myc_status
bench_wire_rate_single(const struct bench_options *options, struct bench_result *result)
{
    result->raw_name = "raw frames, one message each, bursts of 32";
    result->fabric_name = "reliable messages, each at once in a frame of its own";
    result->is_rate = true;
    result->aim = 0.5;
    return run(options, result,
               (struct run_wish){ options->is_smoke ? SMOKE_RATE_COUNT : RATE_COUNT, true });
}

/* Goodput: from messages and frames a second to bytes a second. */
static enum myc_status
run_bulk(const struct bench_options *options, struct bench_result *result, uint32_t body_bytes)
{
    uint32_t bytes = options->is_smoke ? BULK_BYTES_MIN : BULK_BYTES;
    enum myc_status status;

    result->raw_name = "raw frames of 1514 bytes";
    result->fabric_name = "reliable messages, one after the other";
    result->is_rate = true;
    result->is_bytes = true;
    result->body_bytes = body_bytes;
    status = run(options, result,
                 (struct run_wish){ bytes / body_bytes ? bytes / body_bytes : 1, false });
    for (unsigned i = 0; status == MYC_OK && i < result->count; i++) {
        result->raw[i].per_s *= BULK_PAYLOAD;
        result->fabric[i].per_s *= body_bytes;
    }
    return status;
}

enum myc_status
bench_wire_bulk_1k(const struct bench_options *options, struct bench_result *result)
{
    return run_bulk(options, result, 1024);
}

enum myc_status
bench_wire_bulk_64k(const struct bench_options *options, struct bench_result *result)
{
    return run_bulk(options, result, 64U * 1024);
}

enum myc_status
bench_wire_bulk(const struct bench_options *options, struct bench_result *result)
{
    result->aim = 0.8;
    return run_bulk(options, result, 1024U * 1024);
}

enum myc_status
bench_wire_bulk_16m(const struct bench_options *options, struct bench_result *result)
{
    return run_bulk(options, result, 16U * 1024 * 1024);
}
