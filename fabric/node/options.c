/* SPDX-License-Identifier: BSD-3-Clause */
#include "node/options.h"

#include <stdio.h>
#include <string.h>

#include <mycelium/name.h>

#include "actor/buffer.h"
#include "env/fault.h"

#define HEAP_BYTES_MAX (4ULL << 30) /* of each lcore */

static enum myc_status
check_identity(const struct myc_node_options *options)
{
    if (options->size != sizeof(*options))
        return FAB_REFUSE(options, MYC_INVALID,
                          "options.size is %zu, this library has %zu: set it to sizeof(struct "
                          "myc_node_options) and build against the library's own headers",
                          options->size, sizeof(*options));
    if (options->node_id == 0 || options->node_id > FAB_NODE_ID_MAX)
        return FAB_REFUSE(options, MYC_INVALID, "node id %u is not in 1 to %u", options->node_id,
                          FAB_NODE_ID_MAX);
    return MYC_OK;
}

static enum myc_status
check_lcores(const struct myc_node_options *options)
{
    uint32_t hooked_count = 0;

    if (options->lcore_count == 0 || options->lcore_count > FAB_LCORES_MAX || !options->lcores)
        return FAB_REFUSE(options, MYC_INVALID, "%u lcores given: a node has 1 to %u",
                          options->lcore_count, FAB_LCORES_MAX);
    for (uint32_t i = 0; i < options->lcore_count; i++) {
        if (options->lcores[i].is_hooked && (hooked_count++ > 0 || options->lcores[i].idle))
            return FAB_REFUSE(options, MYC_INVALID,
                              "lcore %u is hooked: one of a node may be, and it has no idle "
                              "policy, because its loop is the program's",
                              i);
        if (options->lcores[i].idle > MYC_IDLE_SLEEP)
            return FAB_REFUSE(options, MYC_INVALID, "lcore %u: idle policy %d is not known", i,
                              (int)options->lcores[i].idle);
        for (uint32_t j = 0; j < i; j++)
            if (options->lcores[i].eal_lcore == options->lcores[j].eal_lcore)
                return FAB_REFUSE(options, MYC_INVALID,
                                  "lcores %u and %u are both EAL lcore %u: give each its own", j, i,
                                  options->lcores[i].eal_lcore);
    }
    return MYC_OK;
}

/* Either way of a port; `key` is its name in the options. */
static enum myc_status
check_fault(const struct myc_node_options *options, const struct myc_port_options *port,
            const char *key, const struct myc_wire_fault *fault)
{
    const char *problem = fault ? fab_wire_fault_check(fault) : NULL;

    return problem ? FAB_REFUSE(options, MYC_INVALID, "port %s: %s: %s", port->name, key, problem)
                   : MYC_OK;
}

/* What is lent of a port; what the port itself is shows when it is opened. */
static enum myc_status
check_borrowed(const struct myc_node_options *options, const struct myc_port_options *port)
{
    const struct myc_borrowed_port *borrowed = port->borrowed;

    if (!borrowed)
        return MYC_OK;
    if (!borrowed->mempool)
        return FAB_REFUSE(options, MYC_INVALID,
                          "port %s is borrowed without a mempool: name one of the program's",
                          port->name);
    if (port->rx_descriptors || port->tx_descriptors || port->mbuf_count)
        return FAB_REFUSE(options, MYC_INVALID,
                          "port %s is borrowed: its descriptors and buffers are the program's, "
                          "so leave rx_descriptors, tx_descriptors and mbuf_count at 0",
                          port->name);
    if (port->steering != MYC_STEERING_BEST)
        return FAB_REFUSE(options, MYC_INVALID,
                          "port %s is borrowed and has the one queue that is lent: leave "
                          "steering at MYC_STEERING_BEST",
                          port->name);
    if (borrowed->is_steered && (!port->address || borrowed->rx_queue == MYC_QUEUE_NONE))
        return FAB_REFUSE(options, MYC_INVALID,
                          "port %s: is_steered needs an address to steer by and an rx_queue to "
                          "steer to",
                          port->name);
    return MYC_OK;
}

static enum myc_status
check_port(const struct myc_node_options *options, const struct myc_port_options *port)
{
    if (!port->name || !port->device)
        return FAB_REFUSE(options, MYC_INVALID, "port %u has no %s",
                          (unsigned)(port - options->ports), port->name ? "device" : "name");
    if (port->lcore >= options->lcore_count)
        return FAB_REFUSE(options, MYC_INVALID,
                          "port %s: lcore %u polls it, but the node has lcores 0 to %u", port->name,
                          port->lcore, options->lcore_count - 1);
    if (port->mtu != 0 && (port->mtu < 1280 || port->mtu > 9000))
        return FAB_REFUSE(options, MYC_INVALID, "port %s: mtu %u is not in 1280 to 9000 bytes",
                          port->name, port->mtu);
    if ((unsigned)port->steering > MYC_STEERING_SOFTWARE)
        return FAB_REFUSE(options, MYC_INVALID, "port %s: there is no steering %u", port->name,
                          port->steering);
    if (port->vlan_id > 4094)
        return FAB_REFUSE(options, MYC_INVALID,
                          "port %s: vlan_id %u is not in 1 to 4094 (0: untagged)", port->name,
                          port->vlan_id);
    if (check_borrowed(options, port) != MYC_OK ||
        check_fault(options, port, "rx_fault", port->rx_fault) != MYC_OK)
        return MYC_INVALID;
    return check_fault(options, port, "tx_fault", port->tx_fault);
}

static enum myc_status
check_ports(const struct myc_node_options *options)
{
    if (options->port_count > FAB_PORTS_MAX)
        return FAB_REFUSE(options, MYC_INVALID, "%u ports given: a node has at most %u",
                          options->port_count, FAB_PORTS_MAX);
    for (uint32_t i = 0; i < options->port_count; i++) {
        enum myc_status status = check_port(options, &options->ports[i]);

        if (status != MYC_OK)
            return status;
        for (uint32_t j = 0; j < i; j++)
            if (strcmp(options->ports[i].name, options->ports[j].name) == 0)
                return FAB_REFUSE(options, MYC_INVALID, "two ports are called %s",
                                  options->ports[i].name);
    }
    return MYC_OK;
}

static const struct myc_port_options *
find_port(const struct myc_node_options *options, const char *name)
{
    for (uint32_t i = 0; i < options->port_count; i++)
        if (name ? strcmp(options->ports[i].name, name) == 0 : options->ports[i].address != NULL)
            return &options->ports[i];
    return NULL;
}

static enum myc_status
check_second_path(const struct myc_node_options *options, const struct myc_peer_options *peer)
{
    const struct myc_port_options *second = peer->port_b ? find_port(options, peer->port_b) : NULL;

    if (!peer->address_b || !second || !second->address)
        return FAB_REFUSE(options, MYC_INVALID,
                          "peer %u: a second way needs address_b and port_b, a port of the "
                          "node that has an address",
                          peer->node_id);
    if (second > find_port(options, peer->port))
        return MYC_OK;
    return FAB_REFUSE(options, MYC_INVALID,
                      "peer %u: port_b is %s: give the node another port, behind that of the "
                      "first way",
                      peer->node_id, peer->port_b);
}

static enum myc_status
check_peer(const struct myc_node_options *options, const struct myc_peer_options *peer)
{
    if (peer->node_id == 0 || peer->node_id > FAB_NODE_ID_MAX || peer->node_id == options->node_id)
        return FAB_REFUSE(options, MYC_INVALID,
                          "peer %u: a peer's node id is in 1 to %u and not our own", peer->node_id,
                          FAB_NODE_ID_MAX);
    if (!peer->address)
        return FAB_REFUSE(options, MYC_INVALID, "peer %u has no address", peer->node_id);
    if (peer->security > MYC_SECURITY_ENCRYPT ||
        (peer->security != MYC_SECURITY_OFF) != (peer->security_key_file != NULL))
        return FAB_REFUSE(options, MYC_INVALID,
                          "peer %u: security is off and there is no security_key_file, or it "
                          "is auth or encrypt and there is one",
                          peer->node_id);
    if (!find_port(options, peer->port))
        return FAB_REFUSE(
            options, MYC_INVALID, "peer %u: %s%s: give the node such a port, with an address",
            peer->node_id, peer->port ? "no port is called " : "no port has an address",
            peer->port ? peer->port : "");
    return peer->address_b || peer->port_b ? check_second_path(options, peer) : MYC_OK;
}

static enum myc_status
check_peers(const struct myc_node_options *options)
{
    if (options->peer_count > FAB_PEERS_MAX || options->attach_count > FAB_ATTACH_MAX)
        return FAB_REFUSE(
            options, MYC_INVALID, "%u peers and %u sockets to attach to: at most %u and %u",
            options->peer_count, options->attach_count, FAB_PEERS_MAX, FAB_ATTACH_MAX);
    for (uint32_t i = 0; i < options->peer_count; i++) {
        enum myc_status status = check_peer(options, &options->peers[i]);

        if (status != MYC_OK)
            return status;
        for (uint32_t j = 0; j < i; j++)
            if (options->peers[i].node_id == options->peers[j].node_id)
                return FAB_REFUSE(options, MYC_INVALID, "peer %u is given twice",
                                  options->peers[i].node_id);
    }
    return MYC_OK;
}

static enum myc_status
check_exported(const struct myc_node_options *options)
{
    if (options->exported_count > FAB_EXPORTED_MAX)
        return FAB_REFUSE(options, MYC_INVALID, "%u names exported: at most %u",
                          options->exported_count, FAB_EXPORTED_MAX);
    for (uint32_t i = 0; i < options->exported_count; i++) {
        size_t size = options->exported[i] ? strlen(options->exported[i]) : 0;

        if (size == 0 || size > MYC_NAME_SIZE_MAX)
            return FAB_REFUSE(options, MYC_INVALID,
                              "exported name %u has %zu characters: names have 1 to %u", i, size,
                              MYC_NAME_SIZE_MAX);
    }
    return MYC_OK;
}

static enum myc_status
check_limits(const struct myc_node_options *options)
{
    const struct myc_limits *limits = &options->limits;

    if (limits->actors_max > 0xffffffU)
        return FAB_REFUSE(options, MYC_INVALID, "limits.actors_max %u is above 16777215",
                          limits->actors_max);
    if (limits->buffers_max > FAB_BUFFERS_MAX || limits->heap_bytes_max > HEAP_BYTES_MAX)
        return FAB_REFUSE(options, MYC_INVALID,
                          "limits.buffers_max %u and heap_bytes_max %llu: at most %u and %llu",
                          limits->buffers_max, (unsigned long long)limits->heap_bytes_max,
                          FAB_BUFFERS_MAX, HEAP_BYTES_MAX);
    if (limits->peer_lcores_max > FAB_LCORES_MAX)
        return FAB_REFUSE(options, MYC_INVALID, "limits.peer_lcores_max %u: at most %u",
                          limits->peer_lcores_max, FAB_LCORES_MAX);
    if (limits->ring_slots & (limits->ring_slots - 1))
        return FAB_REFUSE(options, MYC_INVALID, "limits.ring_slots %u is not a power of two",
                          limits->ring_slots);
    return MYC_OK;
}

enum myc_status
fab_node_options_check(const struct myc_node_options *options)
{
    enum myc_status (*const checks[])(const struct myc_node_options *) = {
        check_identity, check_lcores, check_ports, check_peers, check_exported, check_limits,
    };

    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        enum myc_status status = checks[i](options);

        if (status != MYC_OK)
            return status;
    }
    return MYC_OK;
}

static uint32_t
or_default(uint32_t given, uint32_t value)
{
    return given ? given : value;
}

struct myc_limits
fab_node_limits(const struct myc_limits *given)
{
    return (struct myc_limits){
        .actors_max = or_default(given->actors_max, 65536),
        .messages_max = or_default(given->messages_max, 65536),
        .state_bytes_max = given->state_bytes_max ? given->state_bytes_max : 64ULL << 20,
        .timers_max = or_default(given->timers_max, 65536),
        .asks_max = or_default(given->asks_max, 16384),
        .monitors_max = or_default(given->monitors_max, 65536),
        .names_max = or_default(given->names_max, 4096),
        .buffers_max = or_default(given->buffers_max, FAB_BUFFERS_DEFAULT),
        .heap_bytes_max = given->heap_bytes_max ? given->heap_bytes_max : 64ULL << 20,
        .lent_bytes_max = given->lent_bytes_max,
        .ring_slots = or_default(given->ring_slots, 1024),
        .flow_window_bytes = or_default(given->flow_window_bytes, 1U << 20),
        .peer_lcores_max = given->peer_lcores_max,
    };
}
