/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Between two nodes over a port: round trip, one-way rate and goodput of large messages of the
 * reliable protocol, beside raw frames of the same size through the same device. Default device: a
 * memif between two processes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "local_node.h"
#include "partner.h"
#include "raw_port.h"

#include "wire/frame.h"
#include "wire/message.h"

#define RTT_COUNT        20000U
#define RATE_COUNT       1000000U
#define SMOKE_RTT_COUNT  200U
#define SMOKE_RATE_COUNT 10000U
#define BODY_BYTES       32U
#define LINK_HEADERS     42U /* Ethernet, IPv4 and UDP */
#define TEXT_SIZE        160U

/* A frame of the fabric that carries one message of BODY_BYTES and an acknowledgement. */
#define FRAME_SIZE                                                                     \
    ((uint16_t)(LINK_HEADERS + FAB_FRAME_HEADER_SIZE + FAB_ACK_SIZE + FAB_CHUNK_SIZE + \
                FAB_MSG_HEADER_SIZE + BODY_BYTES))

/* Frames as large as an MTU of 1500 lets them be, and what a raw one carries for its user. */
#define BULK_FRAME_SIZE ((uint16_t)1514)
#define BULK_PAYLOAD    (BULK_FRAME_SIZE - LINK_HEADERS)
#define BULK_BYTES      (32U * 1024U * 1024U) /* in one phase */
#define BULK_BYTES_MIN  (4U * 1024U * 1024U)  /* likewise, for the tests */

/* The device of one side, from "memif:SOCKET" or "af_packet:INTERFACE". */
static enum myc_status
choose_device(const char *spec, bool is_partner, struct local_node_wish *wish, char *vdev)
{
    if (strncmp(spec, "memif:", 6) == 0) {
        snprintf(vdev, TEXT_SIZE, "net_memif0,role=%s,id=0,socket=%s,socket-abstract=no,bsize=2048",
                 is_partner ? "client" : "server", spec + 6);
        wish->device = "net_memif0";
    } else if (strncmp(spec, "af_packet:", 10) == 0) {
        snprintf(vdev, TEXT_SIZE, "net_af_packet0,iface=%s,qpairs=1,framecnt=1024", spec + 10);
        wish->device = "net_af_packet0";
    } else {
        return MYC_INVALID;
    }
    wish->vdev = vdev;
    wish->node_id = is_partner ? PARTNER_NODE_ID : LOCAL_NODE_ID;
    wish->lcore_count = 1;
    wish->first_cpu = is_partner;
    wish->address = is_partner ? "10.99.0.2/24" : "10.99.0.1/24";
    wish->peer_address = is_partner ? "10.99.0.1" : "10.99.0.2";
    return MYC_OK;
}

static enum myc_status
start_partner(const char *arguments, uint16_t frame_size, struct myc_node **node)
{
    static struct raw_port port;
    static struct bench_raw raw;
    struct local_node_wish wish = { 0 };
    char vdev[TEXT_SIZE];
    enum myc_status status = choose_device(arguments, true, &wish, vdev);

    if (status == MYC_OK)
        status = local_node_start(&wish, node);
    if (status == MYC_OK)
        status = raw_port_init(&port, *node, "wire0", frame_size);
    if (status != MYC_OK)
        return status;
    raw_port_ops(&port, &raw);
    return bench_partner_spawn(*node, 0, &raw);
}

enum myc_status
bench_wire_partner(const char *arguments, struct myc_node **node)
{
    return start_partner(arguments, FRAME_SIZE, node);
}

enum myc_status
bench_bulk_partner(const char *arguments, struct myc_node **node)
{
    return start_partner(arguments, BULK_FRAME_SIZE, node);
}

static enum myc_status
measure_over(const char *device, const char *partner_device, struct bench_pair *pair,
             struct bench_raw *raw)
{
    struct local_node_wish wish = { 0 };
    struct raw_port port;
    struct myc_node *node;
    char vdev[TEXT_SIZE], spec[TEXT_SIZE + 8];
    enum myc_status status = choose_device(device, false, &wish, vdev);
    pid_t partner;

    if (status == MYC_OK)
        status = local_node_start(&wish, &node);
    if (status != MYC_OK)
        return status;
    status = raw_port_init(&port, node, "wire0", pair->body_bytes ? BULK_FRAME_SIZE : FRAME_SIZE);
    raw_port_ops(&port, raw);
    snprintf(spec, sizeof(spec), "%s:%s", pair->body_bytes ? "bulk" : "wire", partner_device);
    if (status == MYC_OK)
        status = bench_partner_start(spec, &partner);
    if (status == MYC_OK) {
        status = bench_pair_run(node, 0, pair);
        bench_partner_stop(partner);
    }
    myc_node_stop(&node);
    return status;
}

/* options->device is "OURS" or "OURS,THEIRS"; none: a memif of our own. */
static enum myc_status
run(const struct bench_options *options, struct bench_result *result, uint32_t count)
{
    uint64_t *samples_ns = calloc(count, sizeof(*samples_ns));
    char memif[TEXT_SIZE], device[TEXT_SIZE];
    char *theirs;
    struct bench_raw raw;
    struct bench_pair pair = {
        .raw = &raw,
        .result = result,
        .repetitions = options->repetitions,
        .count = count,
        .raw_count =
            result->is_bytes ? (uint32_t)((uint64_t)count * result->body_bytes / BULK_PAYLOAD) : 0,
        .body_bytes = result->is_bytes ? result->body_bytes : 0,
        .samples_ns = samples_ns,
    };
    enum myc_status status;

    if (!samples_ns)
        return MYC_NO_MEMORY;
    snprintf(memif, sizeof(memif), "memif:/tmp/mycelium-bench-%d.memif", (int)getpid());
    snprintf(device, sizeof(device), "%s", options->device ? options->device : memif);
    theirs = strchr(device, ',');
    if (theirs)
        *theirs++ = '\0';
    status = measure_over(device, theirs ? theirs : device, &pair, &raw);
    unlink(memif + strlen("memif:"));
    free(samples_ns);
    return status;
}

enum myc_status
bench_wire_rtt(const struct bench_options *options, struct bench_result *result)
{
    result->raw_name = "raw frame through the port and back";
    result->fabric_name = "reliable message to an actor of another node and back";
    result->aim = options->device ? 1.15 : 1.6;
    return run(options, result, options->is_smoke ? SMOKE_RTT_COUNT : RTT_COUNT);
}

enum myc_status
bench_wire_rate(const struct bench_options *options, struct bench_result *result)
{
    result->raw_name = "raw frames, one message each, bursts of 32";
    result->fabric_name = "reliable messages, coalesced";
    result->is_rate = true;
    return run(options, result, options->is_smoke ? SMOKE_RATE_COUNT : RATE_COUNT);
}

/* Goodput: from messages and frames a second to bytes a second. */
static enum myc_status
run_bulk(const struct bench_options *options, struct bench_result *result, uint32_t body_bytes)
{
    uint32_t bytes = options->is_smoke ? BULK_BYTES_MIN : BULK_BYTES;
    enum myc_status status;

    result->raw_name = "raw frames of 1514 bytes";
    result->fabric_name = "reliable messages, one after the other";
    result->is_rate = true;
    result->is_bytes = true;
    result->body_bytes = body_bytes;
    status = run(options, result, bytes / body_bytes ? bytes / body_bytes : 1);
    for (unsigned i = 0; status == MYC_OK && i < result->count; i++) {
        result->raw[i].per_s *= BULK_PAYLOAD;
        result->fabric[i].per_s *= body_bytes;
    }
    return status;
}

enum myc_status
bench_wire_bulk_1k(const struct bench_options *options, struct bench_result *result)
{
    return run_bulk(options, result, 1024);
}

enum myc_status
bench_wire_bulk_64k(const struct bench_options *options, struct bench_result *result)
{
    return run_bulk(options, result, 64U * 1024);
}

enum myc_status
bench_wire_bulk(const struct bench_options *options, struct bench_result *result)
{
    result->aim = 0.8;
    return run_bulk(options, result, 1024U * 1024);
}

enum myc_status
bench_wire_bulk_16m(const struct bench_options *options, struct bench_result *result)
{
    return run_bulk(options, result, 16U * 1024 * 1024);
}
