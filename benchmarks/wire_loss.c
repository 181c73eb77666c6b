/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What random loss costs: goodput and the round trip of a 32-byte ping at several losses, beside
 * kernel TCP (no delay) on the same bridge at the same loss, in turn, in one run. Both polled.
 *
 * Ours goes over net_af_packet, so both pay for the kernel's veth and bridge. Each goodput is also
 * given as part of the same side's goodput without loss in this run.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"
#include "network.h"
#include "rows.h"
#include "tcp.h"
#include "wire_place.h"

#define PINGS        20000U
#define RECORDS      1024U /* of TCP_RECORD_SIZE: 64 MiB */
#define PINGS_SMOKE  200U
#define RECORDS_FEW  64U
#define PHASE_MAX_NS 4000000000ULL /* of the pings, and of the stream */

static const unsigned losses[] = { 0, 1, 10, 100, 500 }; /* per 10 000 */
static const unsigned losses_smoke[] = { 0, 100 };

/* What one side did at one loss in one repetition. */
struct side {
    uint32_t ping_count; /* samples */
    double goodput;      /* bytes per second */
    uint64_t samples_ns[PINGS];
};

/* Shared with the child that measures ours. */
struct turn {
    bool is_smoke;
    struct network network;
    struct side side;
};

static enum myc_status
measure_ours(void *context)
{
    struct turn *turn = context;
    const struct wire_place_wish wish = {
        .device = "af_packet:" NETWORK_OUR_INTERFACE ",af_packet:" NETWORK_THEIR_INTERFACE,
        .frame_size = WIRE_FRAME_SIZE_MAX,
        .partner_network_fd = turn->network.their_fd,
    };
    struct bench_load pings = {
        .ping_count = turn->is_smoke ? PINGS_SMOKE : PINGS,
        .samples_ns = turn->side.samples_ns,
        .time_max_ns = PHASE_MAX_NS,
    };
    struct bench_load stream = {
        .bulk_bytes = TCP_RECORD_SIZE,
        .bulk_count = turn->is_smoke ? RECORDS_FEW : RECORDS,
        .time_max_ns = PHASE_MAX_NS,
    };
    struct wire_place place;
    enum myc_status status = wire_place_open(&wish, &place);

    if (status != MYC_OK)
        return status;
    status = bench_load_run(place.node, 0, &pings);
    if (status == MYC_OK)
        status = bench_load_run(place.node, 0, &stream);
    wire_place_close(&place);
    turn->side.ping_count = pings.done_count;
    turn->side.goodput = (double)stream.bulk_sent * TCP_RECORD_SIZE * 1e9 /
                         (double)(stream.duration_ns ? stream.duration_ns : 1);
    return status;
}

static enum myc_status
measure_tcp(struct turn *turn, unsigned loss)
{
    struct side *side = &turn->side;
    enum myc_status status = network_set_loss(&turn->network, 0);
    struct tcp tcp;

    /* Connected without loss: a SYN lost is a second, and no part of the question. */
    if (status == MYC_OK)
        status = tcp_open(&tcp, &turn->network);
    if (status != MYC_OK)
        return status;
    status = network_set_loss(&turn->network, loss);
    side->ping_count =
        tcp_ping(&tcp, side->samples_ns, turn->is_smoke ? PINGS_SMOKE : PINGS, PHASE_MAX_NS);
    side->goodput = tcp_stream(&tcp, turn->is_smoke ? RECORDS_FEW : RECORDS, PHASE_MAX_NS);
    tcp_close(&tcp);
    return status;
}

enum who {
    TCP,
    OURS,
    WHO_COUNT
};

/* Of all repetitions at one loss. */
struct sums {
    uint64_t *samples_ns;
    size_t sample_count;
    double goodputs[BENCH_REPETITIONS_MAX];
    unsigned count;
};

static const struct bench_column columns[] = {
    { "loss_percent", "loss %", 1, 2 },
    { "ping_p50_ns", "ping p50 us", 1e3, 1 },
    { "ping_p99_ns", "p99 us", 1e3, 1 },
    { "ping_p999_ns", "p99.9 us", 1e3, 1 },
    { "goodput_bytes_per_s", "MB/s", 1e6, 1 },
    { "goodput_ratio", "of lossless", 1, 3 },
    { "pings", "pings", 1, 0 },
};

/* Adds what was measured. Context: samples of `sums` have room for PINGS more. */
static void
add(struct sums *sums, const struct side *side)
{
    memcpy(sums->samples_ns + sums->sample_count, side->samples_ns,
           side->ping_count * sizeof(side->samples_ns[0]));
    sums->sample_count += side->ping_count;
    sums->goodputs[sums->count++] = side->goodput;
}

/* The row of one side; `lossless` is set by the row without loss. */
static void
report(const struct bench_options *options, struct bench_rows *rows, enum who who, unsigned loss,
       struct sums *sums, double *lossless)
{
    static const char *const names[WHO_COUNT] = { "kernel TCP, no delay", "mycelium, af_packet" };
    double goodput = bench_median(sums->goodputs, sums->count);
    struct myc_histogram *kept = bench_histograms_create(options, 1);
    struct bench_figures figures = { NAN, NAN, NAN, NAN, NAN, NAN };

    bench_keep_samples(kept, sums->samples_ns, sums->sample_count);
    rows->samples = kept;
    if (sums->sample_count)
        figures = bench_figures_of(sums->samples_ns, sums->sample_count);
    if (loss == 0)
        *lossless = goodput;
    bench_row_print(options, rows, names[who],
                    (const double[]){ loss / 100.0, figures.p50_ns, figures.p99_ns, figures.p999_ns,
                                      goodput, goodput / *lossless, (double)sums->sample_count });
}

static enum myc_status
measure_loss(const struct bench_options *options, struct turn *turn, unsigned loss,
             struct sums sums[WHO_COUNT])
{
    enum myc_status status = MYC_OK;

    for (unsigned i = 0; status == MYC_OK && i < options->repetitions; i++) {
        status = measure_tcp(turn, loss);
        if (status != MYC_OK)
            return status;
        add(&sums[TCP], &turn->side);
        status = bench_in_child(measure_ours, turn);
        if (status == MYC_OK)
            add(&sums[OURS], &turn->side);
    }
    return status;
}

static enum myc_status
measure_all(const struct bench_options *options, struct turn *turn, struct sums sums[WHO_COUNT])
{
    struct bench_rows rows = {
        .bench = "wire-loss",
        .question = "what does random loss cost, beside kernel TCP on the same wire?",
        .columns = columns,
        .column_count = sizeof(columns) / sizeof(columns[0]),
        .label_count = 1,
    };
    const unsigned *list = turn->is_smoke ? losses_smoke : losses;
    size_t loss_count = (turn->is_smoke ? sizeof(losses_smoke) : sizeof(losses)) / sizeof(list[0]);
    double lossless[WHO_COUNT] = { NAN, NAN };
    enum myc_status status = MYC_OK;

    for (size_t i = 0; status == MYC_OK && i < loss_count; i++) {
        for (unsigned who = 0; who < WHO_COUNT; who++)
            sums[who].sample_count = sums[who].count = 0;
        status = measure_loss(options, turn, list[i], sums);
        for (unsigned who = 0; status == MYC_OK && who < WHO_COUNT; who++)
            report(options, &rows, who, list[i], &sums[who], &lossless[who]);
    }
    return status;
}

enum myc_status
bench_wire_loss(const struct bench_options *options)
{
    struct turn *turn = bench_shared_memory(sizeof(*turn));
    size_t room = (size_t)options->repetitions * PINGS * sizeof(uint64_t);
    struct sums sums[WHO_COUNT] = { { .samples_ns = malloc(room) },
                                    { .samples_ns = malloc(room) } };
    const char *reason = "";
    enum myc_status status = MYC_NO_MEMORY;

    if (turn && sums[TCP].samples_ns && sums[OURS].samples_ns) {
        turn->is_smoke = options->is_smoke;
        status = network_open(&turn->network, &reason);
        if (status == MYC_OK) {
            status = measure_all(options, turn, sums);
            network_close(&turn->network);
        } else {
            bench_rows_skip(options, "wire-loss", reason);
            status = MYC_OK;
        }
    }
    free(sums[TCP].samples_ns);
    free(sums[OURS].samples_ns);
    return status;
}
