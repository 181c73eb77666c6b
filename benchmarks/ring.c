/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Between two lcores of a process: round trip and one-way rate, beside a plain rte_ring.
 */
#include <stdlib.h>

#include "local_node.h"
#include "partner.h"
#include "raw_ring.h"

#define RTT_COUNT        50000U
#define RATE_COUNT       2000000U
#define SMOKE_RTT_COUNT  500U
#define SMOKE_RATE_COUNT 20000U

static enum myc_status
measure(struct bench_pair *pair, const struct bench_raw *raw)
{
    const struct local_node_wish wish = { .node_id = LOCAL_NODE_ID, .lcore_count = 2 };
    struct myc_node *node;
    enum myc_status status = local_node_start(&wish, &node);

    if (status != MYC_OK)
        return status;
    status = bench_partner_spawn(node, 1, raw);
    if (status == MYC_OK)
        status = bench_pair_run(node, 0, pair);
    myc_node_stop(&node);
    return status;
}

static enum myc_status
run(const struct bench_options *options, struct bench_result *result, uint32_t count)
{
    void *memory = aligned_alloc(4096, (raw_ring_size() + 4095) & ~(size_t)4095);
    uint64_t *samples_ns = calloc(count, sizeof(*samples_ns));
    enum myc_status status = MYC_NO_MEMORY;
    struct raw_ring ring;
    struct bench_raw raw;
    struct bench_pair pair = {
        .raw = &raw,
        .result = result,
        .repetitions = options->repetitions,
        .count = count,
        .samples_ns = samples_ns,
    };

    if (memory && samples_ns && raw_ring_init(&ring, memory) == MYC_OK) {
        raw_ring_ops(&ring, &raw);
        status = measure(&pair, &raw);
    }
    free(samples_ns);
    free(memory);
    return status;
}

enum myc_status
bench_ring_rtt(const struct bench_options *options, struct bench_result *result)
{
    result->raw_name = "rte_ring SPSC, slots of 128 B, by value";
    result->fabric_name = "message to an actor on another lcore and back";
    result->aim = 1.3;
    return run(options, result, options->is_smoke ? SMOKE_RTT_COUNT : RTT_COUNT);
}

enum myc_status
bench_ring_rate(const struct bench_options *options, struct bench_result *result)
{
    result->raw_name = "rte_ring SPSC, slots of 128 B, bursts of 32";
    result->fabric_name = "messages to an actor on another lcore";
    result->is_rate = true;
    result->aim = 0.5;
    return run(options, result, options->is_smoke ? SMOKE_RATE_COUNT : RATE_COUNT);
}
