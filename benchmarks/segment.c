/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Between two processes of a host: round trip and one-way rate over a segment, beside plain
 * rte_rings in memory that both processes map.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "local_node.h"
#include "partner.h"
#include "raw_ring.h"

#define RTT_COUNT        50000U
#define RATE_COUNT       2000000U
#define SMOKE_RTT_COUNT  500U
#define SMOKE_RATE_COUNT 20000U
#define PATH_SIZE        64U

static void *
map_rings(int memfd)
{
    void *memory = mmap(NULL, raw_ring_size(), PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0);

    return memory == MAP_FAILED ? NULL : memory;
}

/* SPEC is "FD:CONTROL_SOCKET": the rings' memory, inherited, and where the driver's node listens.
 */
enum myc_status
bench_segment_partner(const char *arguments, const char *fault, struct myc_node **node)
{
    static struct raw_ring ring;
    static struct bench_raw raw;
    struct local_node_wish wish = { .node_id = PARTNER_NODE_ID, .lcore_count = 1, .first_cpu = 1 };
    const char *colon = strchr(arguments, ':');
    char path[PATH_SIZE];
    void *memory;
    enum myc_status status;
    int memfd;

    (void)fault; /* a segment has no wire */
    if (!colon)
        return MYC_INVALID;
    snprintf(path, sizeof(path), "%.*s", (int)(colon - arguments), arguments);
    memfd = open(path, O_RDWR | O_CLOEXEC);
    memory = memfd >= 0 ? map_rings(memfd) : NULL;
    if (!memory)
        return MYC_IO_ERROR;
    raw_ring_attach(&ring, memory);
    raw_ring_ops(&ring, &raw);
    wish.attach = colon + 1;
    status = local_node_start(&wish, node);
    return status != MYC_OK ? status : bench_partner_spawn(*node, 0, &raw);
}

static enum myc_status
measure(struct bench_pair *pair, int memfd)
{
    char socket_path[64], spec[128];
    struct local_node_wish wish = { .node_id = LOCAL_NODE_ID, .lcore_count = 1 };
    struct myc_node *node;
    enum myc_status status;
    pid_t partner;

    snprintf(socket_path, sizeof(socket_path), "/tmp/mycelium-bench-%d.sock", (int)getpid());
    snprintf(spec, sizeof(spec), "segment:/proc/%d/fd/%d:%s", (int)getpid(), memfd, socket_path);
    wish.control_socket = socket_path;
    status = local_node_start(&wish, &node);
    if (status != MYC_OK)
        return status;
    status = bench_partner_start(spec, NULL, &partner);
    if (status == MYC_OK) {
        pair->partner = partner;
        status = bench_pair_run(node, 0, pair);
        bench_partner_stop(partner);
    }
    myc_node_stop(&node);
    return status;
}

static enum myc_status
run(const struct bench_options *options, struct bench_result *result, uint32_t count)
{
    int memfd = memfd_create("mycelium-bench", MFD_CLOEXEC);
    uint64_t *samples_ns = calloc(count, sizeof(*samples_ns));
    enum myc_status status = MYC_NO_MEMORY;
    void *memory = NULL;
    struct raw_ring ring;
    struct bench_raw raw;
    struct bench_pair pair = {
        .raw = &raw,
        .result = result,
        .repetitions = options->repetitions,
        .count = count,
        .samples_ns = samples_ns,
    };

    if (memfd >= 0 && samples_ns && ftruncate(memfd, (off_t)raw_ring_size()) == 0)
        memory = map_rings(memfd);
    if (memory && raw_ring_init(&ring, memory) == MYC_OK) {
        raw_ring_ops(&ring, &raw);
        status = measure(&pair, memfd);
    }
    if (memory)
        munmap(memory, raw_ring_size());
    free(samples_ns);
    if (memfd >= 0)
        close(memfd);
    return status;
}

enum myc_status
bench_segment_rtt(const struct bench_options *options, struct bench_result *result)
{
    result->raw_name = "rte_ring SPSC in shared memory, slots of 128 B";
    result->fabric_name = "message to an actor of another process and back";
    result->aim = 1.3 * 1.15;
    return run(options, result, options->is_smoke ? SMOKE_RTT_COUNT : RTT_COUNT);
}

enum myc_status
bench_segment_rate(const struct bench_options *options, struct bench_result *result)
{
    result->raw_name = "rte_ring SPSC in shared memory, bursts of 32";
    result->fabric_name = "messages to an actor of another process";
    result->is_rate = true;
    result->aim = 0.5 * 0.9;
    return run(options, result, options->is_smoke ? SMOKE_RATE_COUNT : RATE_COUNT);
}
