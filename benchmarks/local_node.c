/* SPDX-License-Identifier: BSD-3-Clause */
#include "local_node.h"

#include <stdio.h>
#include <string.h>

#include "env/fault_text.h"
#include "node/program/eal_arguments.h"

#define MEMORY_MB       256U
#define MEMORY_LCORE_MB 160U /* more for each lcore beyond the first */
#define DOWN_AFTER_US                                                           \
    10000000U /* a raw phase keeps an lcore from its links for its whole length \
               */

static enum myc_status
read_fault(const struct local_node_wish *wish, struct myc_wire_fault *fault)
{
    char error[512];
    enum myc_status status;

    memset(fault, 0, sizeof(*fault));
    if (!wish->fault)
        return MYC_OK;
    status = fab_wire_fault_parse(wish->fault, fault, error, sizeof(error));
    if (status != MYC_OK)
        fprintf(stderr, "mycelium bench: --fault: %s\n", error);
    fault->seed += wish->node_id; /* the two ways are not to lose the same frames */
    return status;
}

static void
fill_wire(const struct local_node_wish *wish, const struct myc_wire_fault *fault,
          struct myc_port_options *port, struct myc_peer_options *peer,
          struct myc_node_options *options)
{
    if (!wish->vdev)
        return;
    if (options->limits.peer_lcores_max == 0)
        options->limits.peer_lcores_max = LOCAL_LCORES_MAX;
    *port = (struct myc_port_options){
        .name = "wire0",
        .device = wish->device,
        .address = wish->address,
        .rx_fault = fault,
    };
    *peer = (struct myc_peer_options){
        .node_id = wish->node_id == LOCAL_NODE_ID ? PARTNER_NODE_ID : LOCAL_NODE_ID,
        .address = wish->peer_address,
    };
    options->ports = port;
    options->port_count = 1;
    options->peers = wish->peers ? wish->peers : peer;
    options->peer_count = wish->peers ? wish->peer_count : 1;
}

/* Of the CPUs that we may use, in turn; those of others are left out while any is left. */
static void
choose_cpus(const struct local_node_wish *wish, uint8_t chosen[LOCAL_LCORES_MAX])
{
    uint8_t cpus[LOCAL_LCORES_MAX] = { 0 };
    uint32_t count = fab_eal_cpus(cpus, LOCAL_LCORES_MAX), first = 0;

    if (wish->has_partner && count > 1)
        count--;
    if (wish->has_driver && count > 1) {
        first = 1;
        count--;
    }
    for (uint32_t i = 0; i < wish->lcore_count; i++)
        chosen[i] = cpus[first + (wish->first_cpu + i) % (count ? count : 1)];
}

/* Without hugepages the EAL has this and no more. */
static uint32_t
memory_mb(const struct local_node_wish *wish)
{
    return wish->memory_mb ? wish->memory_mb
                           : MEMORY_MB + (wish->lcore_count - 1) * MEMORY_LCORE_MB;
}

enum myc_status
local_node_start(const struct local_node_wish *wish, struct myc_node **node)
{
    struct myc_lcore_options lcores[LOCAL_LCORES_MAX];
    struct myc_port_options port;
    struct myc_peer_options peer;
    struct myc_wire_fault fault;
    struct fab_eal_arguments eal;
    uint8_t chosen[LOCAL_LCORES_MAX];
    char error[512] = "";
    struct myc_node_options options = {
        .size = sizeof(options),
        .node_id = wish->node_id,
        .lcores = lcores,
        .lcore_count = wish->lcore_count,
        .control_socket = wish->control_socket,
        .attach = &wish->attach,
        .attach_count = wish->attach != NULL,
        .limits = wish->limits,
        .down_after_us = DOWN_AFTER_US,
        .error = error,
        .error_size = sizeof(error),
    };
    enum myc_status status = read_fault(wish, &fault);

    if (status != MYC_OK)
        return status;
    choose_cpus(wish, chosen);
    for (uint32_t i = 0; i < wish->lcore_count; i++)
        lcores[i] = (struct myc_lcore_options){ .eal_lcore = i + 1, .idle = MYC_IDLE_AUTO };
    fab_eal_arguments_make(&(struct fab_eal_wish){ .memory_mb = memory_mb(wish),
                                                   .lcore_count = wish->lcore_count,
                                                   .cpus = chosen,
                                                   .vdevs = &wish->vdev,
                                                   .vdev_count = wish->vdev != NULL },
                           &eal);
    options.eal_argc = eal.argc;
    options.eal_argv = eal.argv;
    fill_wire(wish, &fault, &port, &peer, &options);
    status = myc_node_start(&options, node);
    if (status != MYC_OK)
        fprintf(stderr, "mycelium bench: the node did not start: %s: %s\n", myc_status_name(status),
                error);
    return status;
}

enum myc_status
local_node_drive(struct myc_node *node, const struct myc_class *class_of, void *plan, sem_t *done,
                 struct bench_wait wait)
{
    const struct myc_spawn_options options = {
        .size = sizeof(options),
        .args = &plan,
        .args_size = sizeof(plan),
    };
    enum myc_status status = myc_node_spawn(node, 0, class_of, &options, NULL);

    wait.node = node;
    return status != MYC_OK ? status : bench_wait(&wait, done);
}

enum myc_status
local_node_run(const struct local_node_wish *wish, const struct myc_class *class_of, void *plan,
               sem_t *done)
{
    struct myc_node *node;
    enum myc_status status = local_node_start(wish, &node);

    if (status != MYC_OK)
        return status;
    status =
        local_node_drive(node, class_of, plan, done, (struct bench_wait){ .what = class_of->name });
    myc_node_stop(&node);
    return status;
}
