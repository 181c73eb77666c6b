/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does a message of 32 bytes cost when an lcore has many flows that speak in turn?
 *
 * The baseline is the same code with 16 flows, all of whose state stays in the first-level cache;
 * with ten thousand each message finds its two flows cold. Everything of a flow is in it: the
 * record claimed and committed, the frame written, checked and taken apart, the acknowledgement
 * back. No port, so that nothing hides the difference (flow_crowd.h). Figures are ns per message
 * over a whole phase, one phase a repetition.
 *
 * `flows-idle` asks the same of a turn in which nobody has anything to do.
 */
#include <stdlib.h>

#include "bench.h"
#include "flow_crowd.h"

#define FEW          16U
#define COUNT        100000U
#define IDLE_COUNT   20000000U
#define SMOKE_FACTOR 200U

struct question {
    const char *bench;
    const char *fabric_name;
    uint32_t flows;
    uint32_t count; /* of messages or turns in a phase */
    uint32_t (*work)(struct flow_crowd *crowd);
};

static uint32_t
send_one(struct flow_crowd *crowd)
{
    flow_crowd_send(crowd);
    return 0;
}

static double
ns_each(const struct question *question, struct flow_crowd *crowd, uint32_t count)
{
    uint64_t start_ns = bench_clock_ns();
    uint32_t due = 0;

    for (uint32_t i = 0; i < count; i++)
        due += question->work(crowd);
    return due ? 0 : (double)(bench_clock_ns() - start_ns) / count;
}

/* Both in turn, once without looking, so that both are as warm as they get. */
static enum myc_status
run(const struct question *question, const struct bench_options *options,
    struct bench_result *result)
{
    uint32_t count = options->is_smoke ? question->count / SMOKE_FACTOR : question->count;
    struct flow_crowd *few = flow_crowd_create(FEW);
    struct flow_crowd *many = flow_crowd_create(question->flows);

    if (!few || !many)
        return MYC_NO_MEMORY;
    *result = (struct bench_result){
        .bench = question->bench,
        .raw_name = "16 flows",
        .fabric_name = question->fabric_name,
        .aim = 1.1,
        .body_bytes = 32,
        .count = options->repetitions,
    };
    ns_each(question, many, count);
    for (unsigned i = 0; i < options->repetitions; i++) {
        result->raw[i].p50_ns = ns_each(question, few, count);
        result->fabric[i].p50_ns = ns_each(question, many, count);
    }
    flow_crowd_destroy(&few);
    flow_crowd_destroy(&many);
    return MYC_OK;
}

enum myc_status
bench_flows(const struct bench_options *options, struct bench_result *result)
{
    static const struct question question = { "flows", "10 000 flows", 10000, COUNT, send_one };

    return run(&question, options, result);
}

enum myc_status
bench_flows_1k(const struct bench_options *options, struct bench_result *result)
{
    static const struct question question = { "flows-1k", "1 000 flows", 1000, COUNT, send_one };

    return run(&question, options, result);
}

enum myc_status
bench_flows_idle(const struct bench_options *options, struct bench_result *result)
{
    static const struct question question = { "flows-idle", "10 000 idle flows", 10000, IDLE_COUNT,
                                              flow_crowd_idle_turn };

    return run(&question, options, result);
}
