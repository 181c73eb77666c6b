/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Large messages between two processes of a host: ours go by reference (up to 1 KiB by value in the
 * ring), beside the same bytes copied through shared memory, or sent through a Unix socket.
 *
 * A body that goes by reference is written once and sent again and again, as a fan-out does it:
 * that nothing is copied is what is measured, so the ratio grows with the size. What both sides
 * must do in any case, to write a body and to read it, is in neither.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "local_node.h"
#include "partner.h"
#include "raw_bulk.h"

#define COUNT_MAX       1000000U /* messages of ours in a phase */
#define RAW_BYTES       (1U << 30)
#define SMOKE_COUNT     2000U
#define SMOKE_RAW_BYTES (4U << 20)

/* SPEC is "BYTES:MEMORY or -:SOCKET of the driver's node"; its raw socket has ".raw" behind. */
enum myc_status
bench_segment_bulk_partner(const char *arguments, const char *fault, struct myc_node **node)
{
    static struct raw_bulk bulk;
    static struct bench_raw raw;
    static char path[RAW_BULK_PATH_SIZE];
    struct local_node_wish wish = { .node_id = PARTNER_NODE_ID, .lcore_count = 1, .first_cpu = 1 };
    char memory[RAW_BULK_PATH_SIZE], raw_path[RAW_BULK_PATH_SIZE + 4];
    enum myc_status status;
    unsigned body_bytes;

    (void)fault; /* a segment has no wire */
    if (sscanf(arguments, "%u:%63[^:]:%63s", &body_bytes, memory, path) != 3)
        return MYC_INVALID;
    snprintf(raw_path, sizeof(raw_path), "%s.raw", path);
    status = raw_bulk_attach(&bulk, body_bytes, *memory == '-' ? NULL : memory, raw_path);
    raw_bulk_ops(&bulk, &raw);
    wish.attach = path;
    if (status == MYC_OK)
        status = local_node_start(&wish, node);
    return status != MYC_OK ? status : bench_partner_spawn(*node, 0, &raw);
}

static enum myc_status
measure(struct bench_pair *pair, const struct raw_bulk *bulk, const char *path)
{
    struct local_node_wish wish = {
        .node_id = LOCAL_NODE_ID,
        .lcore_count = 1,
        .control_socket = path,
    };
    char memory[RAW_BULK_PATH_SIZE] = "-", spec[3 * RAW_BULK_PATH_SIZE];
    struct myc_node *node;
    enum myc_status status = local_node_start(&wish, &node);
    pid_t partner;

    if (status != MYC_OK)
        return status;
    if (bulk->memfd >= 0)
        snprintf(memory, sizeof(memory), "/proc/%d/fd/%d", (int)getpid(), bulk->memfd);
    snprintf(spec, sizeof(spec), "segment-bulk:%u:%s:%s", pair->body_bytes, memory, path);
    status = bench_partner_start(spec, NULL, &partner);
    if (status == MYC_OK) {
        pair->partner = partner;
        status = bench_pair_run(node, 0, pair);
        bench_partner_stop(partner);
    }
    myc_node_stop(&node);
    return status;
}

static uint32_t
at_least_one(uint32_t count)
{
    return count > 0 ? count : 1;
}

static enum myc_status
run(const struct bench_options *options, struct bench_result *result, uint32_t body_bytes,
    bool by_socket)
{
    uint32_t raw_bytes = options->is_smoke ? SMOKE_RAW_BYTES : RAW_BYTES;
    char path[RAW_BULK_PATH_SIZE], raw_path[RAW_BULK_PATH_SIZE + 4];
    struct raw_bulk bulk;
    struct bench_raw raw;
    struct bench_pair pair = {
        .raw = &raw,
        .result = result,
        .repetitions = options->repetitions,
        .count = options->is_smoke ? SMOKE_COUNT : COUNT_MAX,
        .raw_count = at_least_one(raw_bytes / body_bytes),
        .body_bytes = body_bytes,
    };
    enum myc_status status;

    result->raw_name = by_socket ? "through a Unix socket" : "copied into shared memory and out";
    result->fabric_name = "messages to an actor of another process, by reference";
    result->is_rate = true;
    result->is_bytes = true;
    result->body_bytes = body_bytes;
    snprintf(path, sizeof(path), "/tmp/mycelium-bench-%d.sock", (int)getpid());
    snprintf(raw_path, sizeof(raw_path), "%s.raw", path);
    status = raw_bulk_init(&bulk, body_bytes, by_socket ? raw_path : NULL);
    raw_bulk_ops(&bulk, &raw);
    if (status == MYC_OK)
        status = measure(&pair, &bulk, path);
    raw_bulk_fini(&bulk);
    if (by_socket)
        unlink(raw_path);
    for (unsigned i = 0; status == MYC_OK && i < result->count; i++) {
        result->raw[i].per_s *= body_bytes;
        result->fabric[i].per_s *= body_bytes;
    }
    return status;
}

enum myc_status
bench_segment_bulk_1k(const struct bench_options *options, struct bench_result *result)
{
    return run(options, result, 1024, false);
}

enum myc_status
bench_segment_bulk_64k(const struct bench_options *options, struct bench_result *result)
{
    return run(options, result, 64U * 1024, false);
}

enum myc_status
bench_segment_bulk(const struct bench_options *options, struct bench_result *result)
{
    return run(options, result, 1024U * 1024, false);
}

enum myc_status
bench_segment_bulk_socket(const struct bench_options *options, struct bench_result *result)
{
    return run(options, result, 1024U * 1024, true);
}
