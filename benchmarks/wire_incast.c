/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Several senders to one lcore: what they get together, and whether they share it alike.
 *
 * The senders are lcores of one node, each with a flow of its own to the one lcore of the other
 * node. Jain's index of their rates is 1 when all got the same, 1/n when one got all.
 */
#include <string.h>

#include "load.h"
#include "local_node.h"
#include "rows.h"
#include "wire_place.h"

#define BODY_BYTES  1024U
#define MESSAGES    200000U /* of all senders together */
#define SMOKE_COUNT 4000U
#define TIME_MAX_NS 20000000000ULL

static const unsigned sender_counts[] = { 1, 2, 4, LOCAL_LCORES_MAX };

/* Shared with the child that measures. */
struct incast {
    struct bench_options options;
    unsigned senders;
    uint64_t sent[LOCAL_LCORES_MAX];
    uint64_t duration_ns[LOCAL_LCORES_MAX];
};

static enum myc_status
run_senders(struct wire_place *place, struct incast *incast, struct bench_load *loads)
{
    uint32_t count = incast->options.is_smoke ? SMOKE_COUNT : MESSAGES;
    enum myc_status status = MYC_OK;

    for (uint8_t i = 0; status == MYC_OK && i < incast->senders; i++) {
        loads[i] = (struct bench_load){
            .bulk_bytes = BODY_BYTES,
            .bulk_count = count / incast->senders,
            .time_max_ns = TIME_MAX_NS,
        };
        status = bench_load_start(place->node, i, &loads[i]);
    }
    for (uint8_t i = 0; status == MYC_OK && i < incast->senders; i++) {
        status = bench_load_wait(&loads[i]);
        incast->sent[i] = loads[i].bulk_sent;
        incast->duration_ns[i] = loads[i].duration_ns;
    }
    return status;
}

static enum myc_status
measure(void *context)
{
    static struct bench_load loads[LOCAL_LCORES_MAX]; /* outlives actors that are still running */
    struct incast *incast = context;
    const struct wire_place_wish wish = {
        .device = incast->options.device,
        .fault = incast->options.fault,
        .frame_size = WIRE_FRAME_SIZE_MAX,
        .lcore_count = incast->senders,
    };
    struct wire_place place;
    enum myc_status status = wire_place_open(&wish, &place);

    if (status != MYC_OK)
        return status;
    status = run_senders(&place, incast, loads);
    wire_place_close(&place);
    return status;
}

static const struct bench_column columns[] = {
    { "senders", "senders", 1, 0 },       { "goodput_bytes_per_s", "MB/s", 1e6, 1 },
    { "messages_per_s", "M/s", 1e6, 3 },  { "goodput_ratio", "of one", 1, 3 },
    { "jain_index", "Jain index", 1, 3 },
};

/* Returns the goodput. */
static double
report(struct bench_rows *rows, const struct incast *incast, double of_one)
{
    double sum = 0, squares = 0, messages = 0, longest_ns = 0, rate;

    for (unsigned i = 0; i < incast->senders; i++) {
        double mine = (double)incast->sent[i] / (double)incast->duration_ns[i];

        sum += mine;
        squares += mine * mine;
        messages += (double)incast->sent[i];
        if ((double)incast->duration_ns[i] > longest_ns)
            longest_ns = (double)incast->duration_ns[i];
    }
    rate = messages * 1e9 / longest_ns;
    bench_row_print(&incast->options, rows, "mycelium, messages of 1 KiB to one lcore",
                    (const double[]){ incast->senders, rate * BODY_BYTES, rate,
                                      of_one > 0 ? rate * BODY_BYTES / of_one : 1,
                                      sum * sum / (incast->senders * squares) });
    return rate * BODY_BYTES;
}

enum myc_status
bench_wire_incast(const struct bench_options *options)
{
    struct bench_rows rows = {
        .bench = "wire-incast",
        .question = "what do several senders to one lcore get?",
        .columns = columns,
        .column_count = sizeof(columns) / sizeof(columns[0]),
    };
    size_t count = sizeof(sender_counts) / sizeof(sender_counts[0]) - (options->is_smoke ? 2 : 0);
    enum myc_status status = MYC_OK;
    double of_one = 0;

    for (size_t i = 0; status == MYC_OK && i < count; i++) {
        struct incast *incast = bench_shared_memory(sizeof(*incast));

        if (!incast)
            return MYC_NO_MEMORY;
        incast->options = *options;
        incast->senders = sender_counts[i];
        status = bench_in_child(measure, incast);
        if (status == MYC_OK && i == 0)
            of_one = report(&rows, incast, 0);
        else if (status == MYC_OK)
            (void)report(&rows, incast, of_one);
    }
    return status;
}
