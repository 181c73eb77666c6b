/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the benchmarks share: samples, figures, the report, and a node to measure in.
 *
 * Every figure of ours stands beside a raw baseline taken in turn with it in the same run, on the
 * same cores and device: raw, fabric, raw, fabric. The ratio is the median of the ratios of the
 * pairs, and its spread is given, because these machines are shared and drift.
 */
#ifndef BENCHMARKS_BENCH_H
#define BENCHMARKS_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mycelium/histogram.h>
#include <mycelium/node.h>

#define BENCH_REPETITIONS_MAX 32U

struct bench_options {
    bool is_json;           /* one object per line instead of text */
    bool is_smoke;          /* as small as still runs every step: for the tests */
    unsigned repetitions;   /* pairs of raw and fabric, 1 to BENCH_REPETITIONS_MAX */
    const char *device;     /* wire benchmarks: memif, af_packet:IFACE, ... */
    const char *fault;      /* wire benchmarks: what ours meets at both ports (env/fault_text.h) */
    const char *histograms; /* folder for .hgrm files of sampled latencies; NULL: none are kept */
};

/* What one repetition of one side measured. */
struct bench_figures {
    double p50_ns, p99_ns, p999_ns, p9999_ns, max_ns; /* of a latency; 0 for a rate */
    double per_s;                                     /* of a rate; 0 for a latency */
};

struct bench_result {
    const char *bench;
    const char *raw_name;    /* what the baseline is, in words */
    const char *fabric_name; /* what of ours stands beside it */
    bool is_rate;
    bool is_bytes; /* a rate of bytes, not of messages or frames */
    double aim;    /* ratio of design section 15; 0: none stated */
    uint32_t body_bytes;
    unsigned count; /* repetitions in the arrays */
    struct bench_figures raw[BENCH_REPETITIONS_MAX];
    struct bench_figures fabric[BENCH_REPETITIONS_MAX];
    /* All samples of all repetitions, where a benchmark takes samples; owned by who runs it; NULL:
     * nobody wants them. */
    struct myc_histogram *raw_samples, *fabric_samples;
};

/* One question and what answers it. */
struct bench {
    const char *name;
    const char *question;
    /* One result beside its baseline; NULL where the answer is a table. */
    enum myc_status (*run)(const struct bench_options *options, struct bench_result *result);
    enum myc_status (*run_table)(const struct bench_options *options); /* prints its own rows */
};

extern const struct bench bench_table[];
extern const size_t bench_table_count;

enum myc_status bench_dispatch(const struct bench_options *options, struct bench_result *result);
enum myc_status bench_spawn(const struct bench_options *options, struct bench_result *result);
enum myc_status bench_timers_1k(const struct bench_options *options, struct bench_result *result);
enum myc_status bench_timers_100k(const struct bench_options *options, struct bench_result *result);
enum myc_status bench_timers_10m(const struct bench_options *options, struct bench_result *result);
enum myc_status bench_ring_rtt(const struct bench_options *options, struct bench_result *result);
enum myc_status bench_ring_rate(const struct bench_options *options, struct bench_result *result);
enum myc_status bench_segment_rtt(const struct bench_options *options, struct bench_result *result);
enum myc_status bench_segment_rate(const struct bench_options *options,
                                   struct bench_result *result);
enum myc_status bench_flows(const struct bench_options *options, struct bench_result *result);
enum myc_status bench_flows_1k(const struct bench_options *options, struct bench_result *result);
enum myc_status bench_flows_idle(const struct bench_options *options, struct bench_result *result);
enum myc_status bench_segment_bulk_1k(const struct bench_options *options,
                                      struct bench_result *result);
enum myc_status bench_segment_bulk_64k(const struct bench_options *options,
                                       struct bench_result *result);
enum myc_status bench_segment_bulk(const struct bench_options *options,
                                   struct bench_result *result);
enum myc_status bench_segment_bulk_socket(const struct bench_options *options,
                                          struct bench_result *result);
enum myc_status bench_attach(const struct bench_options *options, struct bench_result *result);
enum myc_status bench_attach_death(const struct bench_options *options,
                                   struct bench_result *result);
enum myc_status bench_attach_again(const struct bench_options *options,
                                   struct bench_result *result);
enum myc_status bench_wire_rtt(const struct bench_options *options, struct bench_result *result);
enum myc_status bench_wire_rtt_auth(const struct bench_options *options,
                                    struct bench_result *result);
enum myc_status bench_wire_rtt_encrypt(const struct bench_options *options,
                                       struct bench_result *result);
enum myc_status bench_wire_rate(const struct bench_options *options, struct bench_result *result);
enum myc_status bench_wire_rate_single(const struct bench_options *options,
                                       struct bench_result *result);
enum myc_status bench_wire_bulk_1k(const struct bench_options *options,
                                   struct bench_result *result);
enum myc_status bench_wire_bulk_64k(const struct bench_options *options,
                                    struct bench_result *result);
enum myc_status bench_wire_bulk(const struct bench_options *options, struct bench_result *result);
enum myc_status bench_wire_bulk_16m(const struct bench_options *options,
                                    struct bench_result *result);

enum myc_status bench_cache_line(const struct bench_options *options);
enum myc_status bench_jitter(const struct bench_options *options);
enum myc_status bench_sockets(const struct bench_options *options);
enum myc_status bench_savina_ping_pong(const struct bench_options *options);
enum myc_status bench_savina_counting(const struct bench_options *options);
enum myc_status bench_savina_fork_join(const struct bench_options *options);
enum myc_status bench_savina_create(const struct bench_options *options);
enum myc_status bench_savina_ring(const struct bench_options *options);
enum myc_status bench_savina_big(const struct bench_options *options);
enum myc_status bench_savina_chameneos(const struct bench_options *options);
enum myc_status bench_savina_buffer(const struct bench_options *options);
enum myc_status bench_savina_bank(const struct bench_options *options);
enum myc_status bench_wire_loss(const struct bench_options *options);
enum myc_status bench_wire_tail(const struct bench_options *options);
enum myc_status bench_wire_mixed(const struct bench_options *options);
enum myc_status bench_wire_incast(const struct bench_options *options);
enum myc_status bench_wire_load(const struct bench_options *options);
enum myc_status bench_scaling(const struct bench_options *options);
enum myc_status bench_pktgen(const struct bench_options *options);

/* Percentiles of samples in ns; sorts them. `count` from 1. */
struct bench_figures bench_figures_of(uint64_t *samples_ns, size_t count);

/* Adds samples to a histogram; does nothing when it is NULL. */
void bench_keep_samples(struct myc_histogram *histogram, const uint64_t *samples_ns, size_t count);

/* The median; of none it is 0. `count`: at most BENCH_REPETITIONS_MAX. */
double bench_median(const double *values, unsigned count);

/* Prints a result as text, or as one line of JSON; with options->histograms it writes its .hgrm
 * files there, and the JSON has the points of their curves. */
void bench_report(const struct bench_options *options, const struct bench_result *result);

/* The percentile curve of samples, [part, ns] for each point: a new JSON array. */
struct json_t *bench_curve_json(const struct myc_histogram *samples);

/* Writes NAME.hgrm into options->histograms, if that is wanted; does nothing without samples. */
void bench_write_histogram(const struct bench_options *options, const char *name,
                           const struct myc_histogram *samples);

/* What was measured on: a new JSON object. */
struct json_t *bench_machine_json(void);

/* Time for measuring, ns. */
uint64_t bench_clock_ns(void);

#endif
