/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Round trips at a given load, for comparing with others: 32, 288 and 1344 bytes at 100 000, 500
 * 000 and a million messages a second, in an open loop with intended send times, beside raw frames
 * of the same size through the same port in the same loop. A body of 1344 bytes is more than a
 * record takes and goes in parts, as every large one.
 */
#include <math.h>
#include <stdlib.h>

#include "load.h"
#include "rows.h"
#include "wire_place.h"

#define DURATION_S  1.0
#define SMOKE_S     0.01
#define TIME_MAX_NS 5000000000ULL

static const uint32_t sizes[] = { 32, 288, 1344 };
static const uint32_t rates[] = { 100000, 500000, 1000000 };

static const struct bench_column columns[] = {
    { "body_bytes", "bytes", 1, 0 },      { "rate_per_s", "asked K/s", 1e3, 0 },
    { "done_per_s", "done K/s", 1e3, 0 }, { "p50_ns", "p50 us", 1e3, 1 },
    { "p99_ns", "p99 us", 1e3, 1 },       { "p999_ns", "p99.9 us", 1e3, 1 },
    { "p9999_ns", "p99.99 us", 1e3, 1 },  { "max_ns", "max us", 1e3, 1 },
    { "missing", "missing", 1, 0 },
};

/* Shared with the child that measures one size. */
struct cell {
    const struct bench_options *options;
    struct bench_rows *rows;
    uint32_t body_bytes;
};

static void
report(const struct cell *cell, const char *who, uint32_t rate, struct bench_load *load)
{
    double done = (double)load->done_count;
    struct bench_figures figures = bench_load_figures(load);
    struct myc_histogram *kept = bench_histograms_create(cell->options, 1);

    bench_keep_samples(kept, load->samples_ns, load->done_count);
    cell->rows->samples = kept;
    bench_row_print(cell->options, cell->rows, who,
                    (const double[]){ cell->body_bytes, rate,
                                      done * 1e9 / (double)load->duration_ns, figures.p50_ns,
                                      figures.p99_ns, figures.p999_ns, figures.p9999_ns,
                                      figures.max_ns, (double)load->ping_count - done });
}

static enum myc_status
measure_rate(const struct cell *cell, struct wire_place *place, uint32_t rate)
{
    static struct bench_load load; /* outlives an actor that is still running */
    uint32_t count = (uint32_t)(rate * (cell->options->is_smoke ? SMOKE_S : DURATION_S));
    enum myc_status status;

    load = (struct bench_load){
        .ping_count = count,
        .ping_bytes = cell->body_bytes,
        .interval_ns = 1000000000ULL / rate,
        .time_max_ns = TIME_MAX_NS,
        .samples_ns = calloc(count, sizeof(uint64_t)),
        .raw_load = raw_port_load,
        .raw_context = &place->port,
    };
    status = load.samples_ns ? MYC_OK : MYC_NO_MEMORY;
    if (status == MYC_OK)
        status = bench_load_run(place->node, 0, &load);
    if (status == MYC_OK)
        report(cell, "raw frames", rate, &load);
    load.raw_load = NULL;
    if (status == MYC_OK)
        status = bench_load_run(place->node, 0, &load);
    if (status != MYC_OK)
        return status;
    report(cell, "mycelium", rate, &load);
    free(load.samples_ns);
    return MYC_OK;
}

static enum myc_status
measure_size(void *context)
{
    const struct cell *cell = context;
    const struct wire_place_wish wish = {
        .device = cell->options->device,
        .fault = cell->options->fault,
        .frame_size = WIRE_FRAME_SIZE(cell->body_bytes),
    };
    struct wire_place place;
    enum myc_status status = wire_place_open(&wish, &place);

    if (status != MYC_OK)
        return status;
    for (size_t i = 0; status == MYC_OK && i < sizeof(rates) / sizeof(rates[0]); i++)
        status = measure_rate(cell, &place, rates[i]);
    wire_place_close(&place);
    return status;
}

enum myc_status
bench_wire_load(const struct bench_options *options)
{
    struct bench_rows rows = {
        .bench = "wire-load",
        .question = "how long are round trips at a given load (from their intended send times)?",
        .columns = columns,
        .column_count = sizeof(columns) / sizeof(columns[0]),
        .label_count = 2,
    };
    enum myc_status status = MYC_OK;

    for (size_t i = 0; status == MYC_OK && i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct cell cell = { options, &rows, sizes[i] };

        status = bench_in_child(measure_size, &cell);
        rows.has_heading = true; /* the child has printed it */
    }
    return status;
}
