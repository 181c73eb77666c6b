/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What authentication and encryption cost a round trip over a port: beside it the same round trip
 * with security off, in the place of a raw baseline.
 *
 * The driver's node has two peers at one memif, one without security and one with. A peer's process
 * runs only while it is measured, so that both have the same device and the same CPUs to
 * themselves.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "local_node.h"
#include "pair.h"
#include "partner.h"

#define RTT_COUNT       20000U
#define SMOKE_RTT_COUNT 200U
#define OPEN_NODE_ID    PARTNER_NODE_ID
#define SEALED_NODE_ID  (PARTNER_NODE_ID + 1U)
#define TEXT_SIZE       160U

struct place {
    struct myc_node *node;
    char memif[TEXT_SIZE];    /* its socket */
    char key_file[TEXT_SIZE]; /* of both sides */
    enum myc_security security;
};

/* What a process of ours is told of its device. */
static void
fill_device(const char *role, const char *socket, char vdev[2 * TEXT_SIZE],
            struct local_node_wish *wish)
{
    snprintf(vdev, 2 * TEXT_SIZE, "net_memif0,role=%s,id=0,socket=%s,socket-abstract=no,bsize=2048",
             role, socket);
    wish->vdev = vdev;
    wish->device = "net_memif0";
    wish->lcore_count = 1;
}

/* `arguments`: SECURITY:KEY_FILE:SOCKET, the first a number. */
enum myc_status
bench_security_partner(const char *arguments, const char *fault, struct myc_node **node)
{
    char key_file[TEXT_SIZE], socket[TEXT_SIZE], vdev[2 * TEXT_SIZE];
    unsigned security;
    struct myc_peer_options driver = { .node_id = LOCAL_NODE_ID, .address = "10.99.0.1" };
    struct local_node_wish wish = { .first_cpu = 1, .peers = &driver, .peer_count = 1 };
    enum myc_status status;

    if (sscanf(arguments, "%u:%159[^:]:%159s", &security, key_file, socket) != 3)
        return MYC_INVALID;
    driver.security = (enum myc_security)security;
    driver.security_key_file = security ? key_file : NULL;
    wish.node_id = security ? SEALED_NODE_ID : OPEN_NODE_ID;
    wish.address = security ? "10.99.0.3/24" : "10.99.0.2/24";
    wish.fault = fault;
    fill_device("client", socket, vdev, &wish);
    status = local_node_start(&wish, node);
    return status != MYC_OK ? status : bench_partner_spawn(*node, 0, NULL);
}

static enum myc_status
write_key(struct place *place)
{
    static const char key[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    int fd;

    snprintf(place->key_file, TEXT_SIZE, "/tmp/mycelium-bench-key-XXXXXX");
    fd = mkstemp(place->key_file);
    if (fd < 0)
        return MYC_IO_ERROR;
    if (write(fd, key, sizeof(key) - 1) != (ssize_t)sizeof(key) - 1) {
        close(fd);
        return MYC_IO_ERROR;
    }
    return close(fd) == 0 ? MYC_OK : MYC_IO_ERROR;
}

static enum myc_status
open_place(const struct bench_options *options, struct place *place)
{
    const struct myc_peer_options peers[] = {
        { .node_id = OPEN_NODE_ID, .address = "10.99.0.2" },
        { .node_id = SEALED_NODE_ID,
          .address = "10.99.0.3",
          .security = place->security,
          .security_key_file = place->key_file },
    };
    struct local_node_wish wish = {
        .node_id = LOCAL_NODE_ID,
        .address = "10.99.0.1/24",
        .peers = peers,
        .peer_count = 2,
        .fault = options->fault,
    };
    char vdev[2 * TEXT_SIZE];
    enum myc_status status = write_key(place);

    if (status != MYC_OK)
        return status;
    snprintf(place->memif, TEXT_SIZE, "/tmp/mycelium-bench-%d.memif", (int)getpid());
    fill_device("server", place->memif, vdev, &wish);
    return local_node_start(&wish, &place->node);
}

static void
close_place(struct place *place)
{
    myc_node_stop(&place->node);
    unlink(place->memif);
    unlink(place->key_file);
}

/* One repetition with a peer of this security. */
static enum myc_status
measure(const struct bench_options *options, const struct place *place, enum myc_security security,
        struct bench_pair *pair, struct bench_figures *figures)
{
    struct bench_result *result = pair->result;
    struct bench_result single = {
        .bench = result->bench,
        .fabric_samples =
            security == MYC_SECURITY_OFF ? result->raw_samples : result->fabric_samples,
    };
    char spec[3 * TEXT_SIZE];
    enum myc_status status;
    pid_t partner;

    snprintf(spec, sizeof(spec), "security:%u:%s:%s", (unsigned)security, place->key_file,
             place->memif);
    status = bench_partner_start(spec, options->fault, &partner);
    if (status != MYC_OK)
        return status;
    pair->partner = partner;
    pair->result = &single;
    status = bench_pair_run(place->node, 0, pair);
    pair->result = result;
    bench_partner_stop(partner);
    *figures = single.fabric[0];
    return status;
}

static enum myc_status
measure_both(const struct bench_options *options, struct bench_result *result, struct place *place,
             uint64_t *samples_ns, uint32_t count)
{
    enum myc_status status = MYC_OK;

    for (unsigned i = 0; i < options->repetitions && status == MYC_OK; i++) {
        struct bench_pair pair = {
            .result = result, .repetitions = 1, .count = count, .samples_ns = samples_ns
        };

        status = measure(options, place, MYC_SECURITY_OFF, &pair, &result->raw[i]);
        if (status == MYC_OK)
            status = measure(options, place, place->security, &pair, &result->fabric[i]);
        result->count = i + 1;
    }
    return status;
}

static enum myc_status
run(const struct bench_options *options, struct bench_result *result, enum myc_security security)
{
    uint32_t count = options->is_smoke ? SMOKE_RTT_COUNT : RTT_COUNT;
    uint64_t *samples_ns = calloc(count, sizeof(*samples_ns));
    struct place place = { .security = security };
    enum myc_status status = samples_ns ? open_place(options, &place) : MYC_NO_MEMORY;

    result->raw_name = "reliable message to another node and back, security off";
    if (status == MYC_OK)
        status = measure_both(options, result, &place, samples_ns, count);
    close_place(&place);
    free(samples_ns);
    return status;
}

enum myc_status
bench_wire_rtt_auth(const struct bench_options *options, struct bench_result *result)
{
    result->fabric_name = "the same, authenticated";
    result->aim = 1.15;
    return run(options, result, MYC_SECURITY_AUTH);
}

enum myc_status
bench_wire_rtt_encrypt(const struct bench_options *options, struct bench_result *result)
{
    result->fabric_name = "the same, encrypted";
    result->aim = 1.3;
    return run(options, result, MYC_SECURITY_ENCRYPT);
}
