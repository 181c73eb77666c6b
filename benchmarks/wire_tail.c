/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How long a lost tail takes: the last frame of an idle flow is dropped, so no later one can tell
 * of the hole. In units of the flow's smoothed round trip, from the send to the arrival.
 *
 * Every other ping of a closed loop loses its frame: a callback of the ethdev drops the next frame
 * with records that our node sends, once. Between two pings the flow rests. The smoothed round trip
 * is that of the undisturbed ones, gained as TCP does (an eighth of each). The wire is a memif with
 * a delay each way that stands for a rack, a row, a hall; without one the least probe time-out
 * (20 us) is many round trips.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <mycelium/dpdk.h>
#include <rte_ethdev.h>

#include "load.h"
#include "rows.h"
#include "wire_place.h"

#define PINGS       2000U
#define PINGS_SMOKE 20U
#define PAUSE_NS    200000ULL
#define TIME_MAX_NS 20000000000ULL
#define AIM         4.0

static const unsigned delays_us[] = { 0, 25, 100, 500 }; /* each way; smoke takes the second */

/* Shared with the child that measures. */
struct tail {
    const struct bench_options *options;
    unsigned delay_us;
    uint32_t ping_count;
    bool is_armed; /* the next frame with a record is dropped */
    uint32_t dropped;
    uint64_t samples_ns[PINGS];
};

static bool
carries_record(struct rte_mbuf *mbuf)
{
    struct fab_frame frame;
    uint8_t bytes[FAB_FRAME_SIZE_MAX] __attribute__((aligned(8)));
    uint32_t size = rte_pktmbuf_pkt_len(mbuf) - LINK_HEADERS;
    const void *payload;

    if (rte_pktmbuf_pkt_len(mbuf) <= LINK_HEADERS || size > sizeof(bytes))
        return false;
    payload = rte_pktmbuf_read(mbuf, LINK_HEADERS, size, bytes);
    if (payload && payload != bytes)
        memcpy(bytes, payload, size);
    return payload &&
           fab_frame_decode(bytes, size, FAB_FRAME_CHECK_CRC_OPTIONAL, &frame) == FAB_FRAME_OK &&
           frame.chunks_size > 0;
}

/* Of the ethdev, on our node's lcore. */
static uint16_t
drop_one(uint16_t port_id, uint16_t queue, struct rte_mbuf **mbufs, uint16_t count, void *context)
{
    struct tail *tail = context;
    uint16_t kept = 0;

    (void)port_id;
    (void)queue;
    for (uint16_t i = 0; i < count; i++) {
        if (tail->is_armed && carries_record(mbufs[i])) {
            tail->is_armed = false;
            tail->dropped++;
            rte_pktmbuf_free(mbufs[i]);
        } else {
            mbufs[kept++] = mbufs[i];
        }
    }
    return kept;
}

static void
arm(void *context, uint32_t index)
{
    ((struct tail *)context)->is_armed = index % 2 == 1;
}

static enum myc_status
measure(void *context)
{
    struct tail *tail = context;
    char fault[64];
    const struct wire_place_wish wish = {
        .fault = tail->options->fault ? tail->options->fault
                 : tail->delay_us     ? fault
                                      : NULL,
        .frame_size = WIRE_FRAME_SIZE(32),
    };
    struct bench_load load = {
        .ping_count = tail->ping_count,
        .samples_ns = tail->samples_ns,
        .pause_ns = PAUSE_NS,
        .time_max_ns = TIME_MAX_NS,
        .before_ping = arm,
        .context = tail,
    };
    struct wire_place place;
    enum myc_status status;

    snprintf(fault, sizeof(fault), "delay_ns=%u", tail->delay_us * 1000);
    status = wire_place_open(&wish, &place);
    if (status != MYC_OK)
        return status;
    if (!rte_eth_add_tx_callback(place.port.port_id, 0, drop_one, tail))
        status = MYC_UNSUPPORTED;
    if (status == MYC_OK)
        status = bench_load_run(place.node, 0, &load);
    wire_place_close(&place);
    return status;
}

static const struct bench_column columns[] = {
    { "delay_us", "delay us", 1, 0 },         { "srtt_ns", "srtt us", 1e3, 1 },
    { "repair_rtts_p50", "p50 srtts", 1, 2 }, { "repair_rtts_p99", "p99 srtts", 1, 2 },
    { "repair_rtts_max", "max srtts", 1, 2 }, { "repair_p99_ns", "p99 us", 1e3, 1 },
    { "tails_lost", "tails lost", 1, 0 },     { "aim", "aim p99", 1, 0 },
};

static void
report(const struct bench_options *options, struct bench_rows *rows, struct tail *tail)
{
    struct myc_histogram *kept = bench_histograms_create(options, 1);
    struct bench_figures repairs;
    uint32_t count = 0;
    double srtt_ns = 0;

    for (uint32_t i = 0; i < tail->ping_count; i++) {
        double sample = (double)tail->samples_ns[i];

        if (sample > 0 && i % 2 == 0)
            srtt_ns = srtt_ns > 0 ? srtt_ns + (sample - srtt_ns) / 8 : sample;
        else if (i % 2 == 1) /* without the way back, which is at most half of it */
            tail->samples_ns[count++] = (uint64_t)(sample - fmin(sample, srtt_ns) / 2);
    }
    bench_keep_samples(kept, tail->samples_ns, count);
    rows->samples = kept;
    repairs = bench_figures_of(tail->samples_ns, count);
    bench_row_print(options, rows, "mycelium, last frame of an idle flow",
                    (const double[]){ tail->delay_us, srtt_ns, repairs.p50_ns / srtt_ns,
                                      repairs.p99_ns / srtt_ns, repairs.max_ns / srtt_ns,
                                      repairs.p99_ns, tail->dropped, AIM });
}

enum myc_status
bench_wire_tail(const struct bench_options *options)
{
    struct bench_rows rows = {
        .bench = "wire-tail",
        .question = "how long until a lost tail is repaired?",
        .columns = columns,
        .column_count = sizeof(columns) / sizeof(columns[0]),
        .label_count = 1,
    };
    bool is_one = options->is_smoke || options->fault;
    size_t count = sizeof(delays_us) / sizeof(delays_us[0]);
    enum myc_status status = MYC_OK;

    for (size_t i = is_one; status == MYC_OK && i < (is_one ? 2 : count); i++) {
        struct tail *tail = bench_shared_memory(sizeof(*tail));

        if (!tail)
            return MYC_NO_MEMORY;
        tail->options = options;
        tail->delay_us = options->fault ? 0 : delays_us[i];
        tail->ping_count = options->is_smoke ? PINGS_SMOKE : PINGS;
        status = bench_in_child(measure, tail);
        if (status == MYC_OK)
            report(options, &rows, tail);
    }
    return status;
}
