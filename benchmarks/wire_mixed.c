/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whether a large message delays a small one: 32-byte pings alone, and beside a stream of 8 MB
 * messages to the same lcore over the same port, in turn.
 */
#include <math.h>
#include <stdlib.h>

#include "load.h"
#include "rows.h"
#include "wire_place.h"

#define PINGS       5000U
#define PINGS_SMOKE 50U
#define BULK_BYTES  (8U * 1024U * 1024U)
#define TIME_MAX_NS 10000000000ULL

static const struct bench_column columns[] = {
    { "p50_ns", "p50 us", 1e3, 1 },
    { "p99_ns", "p99 us", 1e3, 1 },
    { "p999_ns", "p99.9 us", 1e3, 1 },
    { "max_ns", "max us", 1e3, 1 },
    { "bulk_bytes_per_s", "bulk MB/s", 1e6, 1 },
};

/* The stream goes to an actor of its own, so that no order between the two is promised. */
static enum myc_status
ping(struct wire_place *place, struct bench_load *pings, struct bench_load *stream)
{
    enum myc_status status = MYC_OK, ended;

    if (stream->bulk_bytes)
        status = bench_load_start(place->node, 0, stream);
    if (status != MYC_OK)
        return status;
    status = bench_load_run(place->node, 0, pings);
    if (stream->bulk_bytes == 0)
        return status;
    atomic_store_explicit(&stream->is_stopping, true, memory_order_relaxed);
    ended = bench_load_wait(stream);
    return status != MYC_OK ? status : ended;
}

static enum myc_status
measure(const struct bench_options *options, struct wire_place *place, struct bench_rows *rows,
        uint32_t bulk_bytes, struct myc_histogram *kept)
{
    static struct bench_load pings, stream; /* outlive actors that are still running */
    uint32_t count = options->is_smoke ? PINGS_SMOKE : PINGS;
    enum myc_status status;

    pings = (struct bench_load){
        .ping_count = count,
        .time_max_ns = TIME_MAX_NS,
        .samples_ns = calloc(count, sizeof(uint64_t)),
    };
    stream = (struct bench_load){
        .partner = BENCH_SINK_NAME,
        .bulk_bytes = bulk_bytes,
        .bulk_count = BENCH_FOREVER,
        .time_max_ns = 2 * TIME_MAX_NS,
    };
    status = pings.samples_ns ? ping(place, &pings, &stream) : MYC_NO_MEMORY;
    if (status == MYC_OK) {
        struct bench_figures figures = bench_load_figures(&pings);
        double bytes = (double)stream.bulk_sent * bulk_bytes;

        bench_keep_samples(kept, pings.samples_ns, pings.done_count);
        rows->samples = kept;
        bench_row_print(
            options, rows, bulk_bytes ? "beside messages of 8 MB" : "pings alone",
            (const double[]){ figures.p50_ns, figures.p99_ns, figures.p999_ns, figures.max_ns,
                              bytes > 0 ? bytes * 1e9 / (double)stream.duration_ns : NAN });
        free(pings.samples_ns);
    }
    return status;
}

enum myc_status
bench_wire_mixed(const struct bench_options *options)
{
    struct bench_rows rows = {
        .bench = "wire-mixed",
        .question = "does a message of 8 MB delay one of 32 bytes?",
        .columns = columns,
        .column_count = sizeof(columns) / sizeof(columns[0]),
    };
    const struct wire_place_wish wish = {
        .device = options->device,
        .fault = options->fault,
        .frame_size = WIRE_FRAME_SIZE(32),
    };
    struct myc_histogram *kept = bench_histograms_create(options, 2);
    struct wire_place place;
    enum myc_status status = wire_place_open(&wish, &place);

    if (status != MYC_OK)
        return status;
    for (unsigned i = 0; status == MYC_OK && i < options->repetitions; i++) {
        status = measure(options, &place, &rows, 0, bench_histogram_at(kept, 0));
        if (status == MYC_OK)
            status = measure(options, &place, &rows, BULK_BYTES, bench_histogram_at(kept, 1));
    }
    wire_place_close(&place);
    return status;
}
