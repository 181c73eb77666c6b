/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ports of a node: the device (env/port) and the flows over it (link/flow_port). Raw frames are in
 * ports_raw.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/log.h"
#include "env/clock.h"
#include "node/key_file.h"
#include "node/ports_state.h"
#include "proto/key_exchange.h"

#define ERROR_SIZE 384U
/* The longest time that an lcore goes without polling: on a CPU that the kernel keeps for us, and
 * on one where the scheduler may give others a turn. */
#define POLL_GAP_DEDICATED_US 2000U
#define POLL_GAP_SHARED_US    50000U
#define PEER_LCORES_MIN       4U
#define COUNTERS_MAX          256U /* different ones of ports */

/* ---- start ---------------------------------------------------------------------------------- */

/* One for each lcore whose flows are steered to it. */
static uint16_t
queue_count(const struct myc_node_options *options, const struct myc_port_options *port)
{
    if (port->borrowed || !port->address || port->steering == MYC_STEERING_SOFTWARE)
        return 1;
    return (uint16_t)(options->lcore_count < FAB_PORT_QUEUES_MAX ? options->lcore_count
                                                                 : FAB_PORT_QUEUES_MAX);
}

static void
tell_steering(const struct port_entry *entry)
{
    uint16_t count = fab_port_info(entry->device)->queue_count;

    if (count > 1)
        fab_log(FAB_LOG_INFO, "port '%s' has %u queues, steered by %s", entry->name, count,
                fab_port_steering_name(entry->device));
}

static void
tell_bodies(const struct port_entry *entry)
{
    fab_log(FAB_LOG_INFO, "port '%s' sends large bodies %s", entry->name,
            fab_port_info(entry->device)->bodies);
}

static enum myc_status
open_device(struct fab_full *full, const struct myc_port_options *given, struct port_entry *entry)
{
    const struct myc_node_options *options = &full->options;
    char error[ERROR_SIZE] = "";
    const struct fab_port_options wish = {
        .size = sizeof(wish),
        .device = given->device,
        .queue_count = queue_count(options, given),
        .steering = given->steering,
        .mtu = given->mtu,
        .rx_descriptors = given->rx_descriptors,
        .tx_descriptors = given->tx_descriptors,
        .mbuf_count = given->mbuf_count,
        .offload_checksums = given->offload_checksums,
        .rx_fault = given->rx_fault,
        .tx_fault = given->tx_fault,
        .borrowed = given->borrowed,
        .dma = given->address ? &full->dma : NULL,
        .error = error,
        .error_size = sizeof(error),
    };
    enum myc_status status = fab_port_open(&wish, &entry->device);

    if (status != MYC_OK)
        return FAB_REFUSE(options, status, "port %s: %s", given->name, error);
    snprintf(entry->name, sizeof(entry->name), "%s", given->name);
    entry->lcore = given->lcore;
    tell_steering(entry);
    if (given->address)
        tell_bodies(entry);
    return MYC_OK;
}

/* Whether the peer is reached by this port: it says so, or says nothing and this is the first. */
static bool
leads_to(const struct myc_node_options *options, uint32_t port, const struct myc_peer_options *peer)
{
    if (peer->port)
        return strcmp(peer->port, options->ports[port].name) == 0;
    for (uint32_t i = 0; i < port; i++)
        if (options->ports[i].address)
            return false;
    return options->ports[port].address != NULL;
}

/* Those whose second way is this port. That of the first stands before it. */
static uint32_t
collect_seconds(const struct fab_full *full, const struct fab_ports *ports, uint32_t port,
                struct fab_flow_second_options *seconds)
{
    const struct myc_node_options *options = &full->options;
    uint32_t count = 0;

    for (uint32_t i = 0; i < options->peer_count; i++) {
        const struct myc_peer_options *peer = &options->peers[i];

        if (!peer->address_b || strcmp(peer->port_b, options->ports[port].name) != 0)
            continue;
        seconds[count].peer = (struct fab_flow_peer_options){
            .node_id = peer->node_id,
            .address = peer->address_b,
            .udp_port_base = peer->udp_port_base_b,
        };
        for (uint32_t j = 0; j < port; j++)
            if (leads_to(options, j, peer))
                seconds[count].first = ports->entries[j].flows;
        count++;
    }
    return count;
}

/* With its key, if it has one. */
static enum myc_status
fill_peer(const struct myc_node_options *options, const struct myc_peer_options *given,
          struct fab_flow_peer_options *peer)
{
    char error[ERROR_SIZE];
    enum myc_status status;

    *peer = (struct fab_flow_peer_options){
        .node_id = given->node_id,
        .address = given->address,
        .udp_port_base = given->udp_port_base,
        .security = (enum fab_security)given->security,
    };
    if (given->security == MYC_SECURITY_OFF)
        return MYC_OK;
    status =
        fab_key_file_read(given->security_key_file, peer->pre_shared_key, error, sizeof(error));
    if (status != MYC_OK)
        return FAB_REFUSE(options, status, "peer %u: %s", given->node_id, error);
    return MYC_OK;
}

static enum myc_status
collect_peers(const struct myc_node_options *options, uint32_t port,
              struct fab_flow_peer_options *peers, uint32_t *count)
{
    enum myc_status status = MYC_OK;

    *count = 0;
    for (uint32_t i = 0; i < options->peer_count && status == MYC_OK; i++)
        if (leads_to(options, port, &options->peers[i]))
            status = fill_peer(options, &options->peers[i], &peers[(*count)++]);
    return status;
}

/* CPUs that are taken from the scheduler by isolcpus are ours alone. */
static uint32_t
guess_poll_gap_us(void)
{
    FILE *file = fopen("/sys/devices/system/cpu/isolated", "r");
    int first = file ? fgetc(file) : EOF;

    if (file)
        fclose(file);
    return first >= '0' && first <= '9' ? POLL_GAP_DEDICATED_US : POLL_GAP_SHARED_US;
}

/* How many lcores a peer has is known only when it answers; links to them are made beforehand. */
static uint8_t
peer_lcores(const struct fab_full *full)
{
    uint32_t own_count = full->lcore_count;

    if (full->options.limits.peer_lcores_max)
        return (uint8_t)full->options.limits.peer_lcores_max;
    return (uint8_t)(own_count > PEER_LCORES_MIN ? own_count : PEER_LCORES_MIN);
}

/* The largest power of two that a heap of so many bytes can hold in one piece. */
static uint32_t
largest_body(uint64_t heap_bytes)
{
    uint32_t size = FAB_MSG_SIZE_MAX;

    while (size > heap_bytes)
        size /= 2;
    return size;
}

/* Room for what a port is told of the peers, while the ports are made. */
struct peer_lists {
    struct fab_flow_peer_options *peers;
    uint32_t peer_count; /* of the present port */
    struct fab_flow_second_options *seconds;
};

static enum myc_status
create_flows(const struct fab_full *full, uint32_t index, const struct fab_ports *ports,
             struct port_entry *entry, const struct peer_lists *lists)
{
    const struct myc_node_options *options = &full->options;
    const struct myc_port_options *given = &options->ports[index];
    int sockets[FAB_LCORES_MAX];
    char error[ERROR_SIZE] = "";
    const struct fab_flow_port_options wish = {
        .size = sizeof(wish),
        .name = given->name,
        .port = entry->device,
        .address = given->address,
        .gateway = given->gateway,
        .vlan_id = given->vlan_id,
        .udp_port_base = given->udp_port_base,
        .home = full->head.home,
        .lcore = given->lcore,
        .lcore_count = (uint8_t)full->lcore_count,
        .sockets = sockets,
        .peers = lists->peers,
        .peer_count = lists->peer_count,
        .seconds = lists->seconds,
        .second_count = collect_seconds(full, ports, index, lists->seconds),
        .peer_lcores = peer_lcores(full),
        .is_point_to_point = given->is_point_to_point,
        .window_bytes = options->limits.flow_window_bytes,
        .large_max = largest_body(options->limits.heap_bytes_max / 2),
        .keepalive_us = options->keepalive_us,
        .down_after_us = options->down_after_us,
        .poll_gap_us = guess_poll_gap_us(),
        .seed = full->head.home ^ index,
        .now_ns = fab_clock_ns(),
        .error = error,
        .error_size = sizeof(error),
    };
    enum myc_status status;

    for (uint32_t i = 0; i < full->lcore_count; i++)
        sockets[i] = full->lcores[i].socket;
    status = fab_flow_port_create(&wish, &entry->flows);
    if (status != MYC_OK)
        return FAB_REFUSE(options, status, "port %s: %s", given->name, error);
    return MYC_OK;
}

struct adding {
    struct fab_core *core;
    enum myc_status status;
};

static void
add_link(void *context, struct fab_link *link)
{
    struct adding *adding = context;

    if (adding->status == MYC_OK)
        adding->status = fab_core_add_link(adding->core, link);
}

static enum myc_status
give_to_lcores(struct fab_full *full, struct port_entry *entry)
{
    for (uint32_t i = 0; i < full->lcore_count; i++) {
        struct fab_lcore *lcore = &full->lcores[i];
        struct adding adding = { .core = lcore->core, .status = MYC_OK };

        fab_flow_port_link_each(entry->flows, (uint8_t)i, add_link, &adding);
        if (adding.status == MYC_OK)
            adding.status =
                fab_lcore_add_pollable(lcore, fab_flow_port_pollable(entry->flows, (uint8_t)i));
        if (adding.status != MYC_OK)
            return FAB_REFUSE(&full->options, adding.status,
                              "port %s: lcore %u has no room for its links: fewer peers or "
                              "ports, or more lcores",
                              entry->name, i);
    }
    return MYC_OK;
}

static enum myc_status
start_port(struct fab_full *full, uint32_t index, struct fab_ports *ports, struct peer_lists *lists)
{
    struct port_entry *entry = &ports->entries[ports->count++];
    enum myc_status status = open_device(full, &full->options.ports[index], entry);

    if (status == MYC_OK)
        status = collect_peers(&full->options, index, lists->peers, &lists->peer_count);
    if (status == MYC_OK)
        status = create_flows(full, index, ports, entry, lists);
    fab_wipe(lists->peers, full->options.peer_count * sizeof(*lists->peers));
    return status != MYC_OK ? status : give_to_lcores(full, entry);
}

enum myc_status
fab_ports_create(struct fab_full *full, struct fab_ports **ports)
{
    struct fab_ports *created = calloc(1, sizeof(*created));
    size_t peer_count = full->options.peer_count + 1;
    struct peer_lists lists = { .peers = calloc(peer_count, sizeof(*lists.peers)),
                                .seconds = calloc(peer_count, sizeof(*lists.seconds)) };
    enum myc_status status = created && lists.peers && lists.seconds ? MYC_OK : MYC_NO_MEMORY;

    for (uint32_t i = 0; i < full->options.port_count && status == MYC_OK; i++)
        status = start_port(full, i, created, &lists);
    free(lists.peers);
    free(lists.seconds);
    if (status == MYC_OK)
        *ports = created;
    else
        fab_ports_destroy(&created);
    return status;
}

void
fab_ports_destroy(struct fab_ports **ports)
{
    if (!*ports)
        return;
    for (uint32_t i = 0; i < (*ports)->count; i++) {
        fab_flow_port_destroy(&(*ports)->entries[i].flows);
        fab_port_close(&(*ports)->entries[i].device);
    }
    free(*ports);
    *ports = NULL;
}

void
fab_ports_leave(struct fab_lcore *lcore)
{
    struct fab_ports *ports = lcore->full->ports;

    for (uint32_t i = 0; ports && i < ports->count; i++)
        fab_flow_port_close_links(ports->entries[i].flows, lcore->index);
}

bool
fab_ports_offer(struct fab_ports *ports, struct rte_mbuf *mbuf)
{
    for (uint32_t i = 0; ports && i < ports->count; i++)
        if (fab_flow_port_is_offered(ports->entries[i].flows, mbuf))
            return fab_flow_port_offer(ports->entries[i].flows, mbuf);
    return false;
}

enum myc_status
fab_ports_lookup_id(const struct fab_ports *ports, const char *name, uint16_t *port_id)
{
    const struct port_entry *entry = fab_ports_find(ports, name);

    if (!entry)
        return MYC_NOT_FOUND;
    *port_id = fab_port_info(entry->device)->id;
    return MYC_OK;
}

/* ---- counters ------------------------------------------------------------------------------- */

/* The sum of each counter over the ports; not all ports have all of them. */
struct sums {
    uint32_t count;
    struct {
        const char *name;
        const char *text;
        uint64_t value;
    } entries[COUNTERS_MAX];
};

static void
add_counter(void *context, const char *name, const char *text, uint64_t value)
{
    struct sums *sums = context;
    uint32_t at = 0;

    while (at < sums->count && strcmp(sums->entries[at].name, name) != 0)
        at++;
    FAB_ASSERT(at < COUNTERS_MAX);
    if (at == sums->count) {
        sums->entries[at].name = name;
        sums->entries[at].text = text;
        sums->entries[at].value = 0;
        sums->count++;
    }
    sums->entries[at].value += value;
}

void
fab_ports_counter_each(const struct fab_ports *ports,
                       void (*each)(void *context, const char *name, const char *text,
                                    uint64_t value),
                       void *context)
{
    struct sums sums = { .count = 0 };

    for (uint32_t i = 0; i < ports->count; i++)
        fab_flow_port_counter_each(ports->entries[i].flows, add_counter, &sums);
    for (uint32_t i = 0; i < sums.count; i++)
        each(context, sums.entries[i].name, sums.entries[i].text, sums.entries[i].value);
}
