/* SPDX-License-Identifier: BSD-3-Clause */
/* How the flow carrier is made; see link/flow_port.h. */
#include <stdio.h>
#include <unistd.h>

#include <rte_errno.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>
#include <rte_ring.h>

#include "base/assert.h"
#include "base/log.h"
#include "base/refuse.h"
#include "env/eal.h"
#include "env/clock.h"
#include "env/memory.h"
#include "link/flow_hold.h"
#include "link/flow_port_state.h"
#include "link/flow_queue.h"
#include "link/flow_steer.h"
#include "link/flow_twin.h"
#include "proto/flow_store.h"

#define MBUFS_DEFAULT         4096U
#define WINDOW_BYTES_DEFAULT  (512U * 1024U)
#define WINDOW_BYTES_MIN      32768U
#define WINDOW_FRAMES_DEFAULT 512U
#define WINDOW_SHARE          4U /* of the user lane's window that the other lanes have each */
#define KEEPALIVE_US_DEFAULT  1000U
#define DOWN_US_DEFAULT       10000U /* the flow makes it longer where the peer's poll gap asks */
#define SUSPECT_KEEPALIVES    4U
#define DOWN_KEEPALIVES       8U
#define KEEPALIVE_PEER_US     100U /* for each peer: asking all is a hundredth of an lcore */
#define POLL_GAP_US_DEFAULT   10000U
#define VLAN_ID_MAX           4094U

struct creation {
    const struct fab_flow_port_options *options;
    struct fab_flow_port *port;
};

static enum myc_status
out_of_memory(const struct fab_flow_port_options *options, const char *what)
{
    return FAB_REFUSE(
        options, MYC_NO_MEMORY,
        "port '%s': no memory for %s: reserve more hugepages, give the EAL more with -m, or "
        "ask for less (flow_window_bytes, mbuf_count)",
        options->name, what);
}

/* Peers that are reached by the port, first or second. */
static uint32_t
path_count(const struct fab_flow_port_options *options)
{
    return options->peer_count + options->second_count;
}

static enum myc_status
check_options(struct creation *creation)
{
    const struct fab_flow_port_options *options = creation->options;
    uint32_t base =
        options->udp_port_base ? options->udp_port_base : FAB_FLOW_UDP_PORT_BASE_DEFAULT;

    if (options->lcore_count == 0 || options->lcore_count > FAB_FLOW_LCORES_MAX ||
        options->lcore >= options->lcore_count)
        return FAB_REFUSE(options, MYC_INVALID,
                          "port '%s': lcore %u of %u polls it: there is none such", options->name,
                          options->lcore, options->lcore_count);
    if (path_count(options) > FAB_FLOW_PEERS_MAX)
        return FAB_REFUSE(options, MYC_INVALID, "port '%s': at most %u peers", options->name,
                          FAB_FLOW_PEERS_MAX);
    if (path_count(options) && !options->address)
        return FAB_REFUSE(options, MYC_INVALID, "port '%s' has peers and needs an address",
                          options->name);
    if (base + options->lcore_count > 65536)
        return FAB_REFUSE(options, MYC_INVALID,
                          "port '%s': udp_port_base %u leaves no room for %u lcores", options->name,
                          base, options->lcore_count);
    if (options->vlan_id && fab_port_info(options->port)->strips_vlan)
        return FAB_REFUSE(
            options, MYC_INVALID,
            "port '%s': the program has the card strip VLAN tags, by which our frames are "
            "known: leave them on, or give no vlan_id",
            options->name);
    if (options->vlan_id > VLAN_ID_MAX)
        return FAB_REFUSE(options, MYC_INVALID, "port '%s': a VLAN id is 1 to %u", options->name,
                          VLAN_ID_MAX);
    if (options->window_bytes && options->window_bytes < WINDOW_BYTES_MIN)
        return FAB_REFUSE(options, MYC_INVALID, "port '%s': flow_window_bytes is at least %u",
                          options->name, WINDOW_BYTES_MIN);
    return MYC_OK;
}

static uint16_t
headers_size(const struct fab_flow_port *port)
{
    return (uint16_t)(FAB_UDP_SIZE +
                      (port->local.address.family == FAB_IP_V6 ? FAB_IPV6_SIZE : FAB_IPV4_SIZE));
}

static enum myc_status
set_up_port(struct creation *creation)
{
    const struct fab_flow_port_options *options = creation->options;
    const struct fab_port_info *info = fab_port_info(options->port);
    struct fab_flow_port *port = creation->port;

    snprintf(port->name, sizeof(port->name), "%s", options->name);
    port->port = options->port;
    port->queue = options->queue;
    port->mac = info->mac;
    port->fills_checksums = info->fills_checksums;
    port->vlan = options->vlan_id ? options->vlan_id : FAB_PACKET_VLAN_NONE;
    port->lcore = options->lcore;
    port->lcore_count = options->lcore_count;
    port->peer_lcores = options->peer_lcores ? options->peer_lcores : options->lcore_count;
    port->udp_port_base =
        options->udp_port_base ? options->udp_port_base : FAB_FLOW_UDP_PORT_BASE_DEFAULT;
    memset(port->peer_of_node, 0xff, sizeof(port->peer_of_node));
    if (!options->address)
        return MYC_OK;
    port->has_address = true;
    if (!fab_ip_prefix_parse(options->address, &port->local) ||
        !fab_ip_is_unicast(&port->local.address))
        return FAB_REFUSE(options, MYC_INVALID,
                          "port '%s': '%s' is not an address with prefix, such as 10.0.0.1/24",
                          options->name, options->address);
    port->frame_max = (uint16_t)(info->mtu - headers_size(port));
    return MYC_OK;
}

static enum myc_status
set_up_neighbours(struct creation *creation)
{
    const struct fab_flow_port_options *options = creation->options;
    struct fab_flow_port *port = creation->port;
    struct fab_neighbour_config config = {
        .local = port->local,
        .capacity = path_count(options) ? path_count(options) : 1,
    };
    void *memory;

    if (!port->has_address)
        return MYC_OK;
    if (options->gateway && (!fab_ip_parse(options->gateway, &config.gateway) ||
                             !fab_ip_prefix_contains(&port->local, &config.gateway)))
        return FAB_REFUSE(options, MYC_INVALID,
                          "port '%s': gateway '%s' is not an address in the port's subnet %s",
                          options->name, options->gateway, options->address);
    memory = fab_memory_alloc("flow neighbours", fab_neighbours_size(config.capacity),
                              FAB_CACHE_LINE, fab_flow_port_socket(options, options->lcore));
    if (!memory)
        return out_of_memory(options, "neighbours");
    port->neighbours = fab_neighbours_init(memory, &config);
    return MYC_OK;
}

static enum myc_status
add_peer(struct creation *creation, const struct fab_flow_peer_options *peer)
{
    const struct fab_flow_port_options *options = creation->options;
    struct fab_flow_port *port = creation->port;
    struct fab_flow_peer_path *path = &port->peers[port->peer_count];
    enum myc_status status;

    if (!fab_ip_parse(peer->address, &path->address) || !fab_ip_is_unicast(&path->address))
        return FAB_REFUSE(options, MYC_INVALID, "peer %u: '%s' is not an address", peer->node_id,
                          peer->address);
    if (peer->node_id == 0 || peer->node_id == options->home >> 48 ||
        port->peer_of_node[peer->node_id] != FAB_FLOW_NODE_NONE)
        return FAB_REFUSE(options, MYC_INVALID,
                          "peer %u: a node id is 1 up, not our own, and listed once",
                          peer->node_id);
    status = fab_neighbours_add(port->neighbours, &path->address, &path->hop);
    if (status != MYC_OK)
        return FAB_REFUSE(
            options, status,
            "peer %u: %s is not in the subnet of port '%s' (%s): give the port a gateway",
            peer->node_id, peer->address, options->name, options->address);
    path->node_id = peer->node_id;
    path->udp_port_base =
        peer->udp_port_base ? peer->udp_port_base : FAB_FLOW_UDP_PORT_BASE_DEFAULT;
    path->version = UINT32_MAX;
    path->security = peer->security;
    memcpy(path->pre_shared_key, peer->pre_shared_key, sizeof(path->pre_shared_key));
    port->peer_of_node[peer->node_id] = (uint16_t)port->peer_count++;
    return MYC_OK;
}

/* What the first port sends must fit on this one, too. */
static enum myc_status
add_second(struct creation *creation, const struct fab_flow_second_options *second)
{
    const struct fab_flow_port *port = creation->port;

    if (second->first->frame_max > port->frame_max)
        return FAB_REFUSE(
            creation->options, MYC_INVALID,
            "peer %u: ports '%s' and '%s' take frames of %u and %u bytes: give both one mtu",
            second->peer.node_id, second->first->name, port->name, second->first->frame_max,
            port->frame_max);
    return add_peer(creation, &second->peer);
}

static enum myc_status
set_up_peers(struct creation *creation)
{
    const struct fab_flow_port_options *options = creation->options;
    struct fab_flow_port *port = creation->port;
    enum myc_status status = MYC_OK;

    if (path_count(options) == 0)
        return MYC_OK;
    port->peers = fab_memory_alloc("flow peers", path_count(options) * sizeof(*port->peers),
                                   FAB_CACHE_LINE, fab_flow_port_socket(options, options->lcore));
    if (!port->peers)
        return out_of_memory(options, "peers");
    for (uint32_t i = 0; i < options->peer_count && status == MYC_OK; i++)
        status = add_peer(creation, &options->peers[i]);
    port->flow_peer_count = port->peer_count;
    for (uint32_t i = 0; i < options->second_count && status == MYC_OK; i++)
        status = add_second(creation, &options->seconds[i]);
    return status;
}

static uint32_t
power_of_two_from(uint32_t value)
{
    uint32_t power = 1;

    while (power < value)
        power *= 2;
    return power;
}

/* What the flows of an end have in common. */
static struct fab_flow_config
base_config(const struct creation *creation, uint8_t lcore)
{
    const struct fab_flow_port_options *options = creation->options;
    uint32_t window = options->window_bytes ? options->window_bytes : WINDOW_BYTES_DEFAULT;
    uint64_t keepalive_us = options->keepalive_us ? options->keepalive_us : KEEPALIVE_US_DEFAULT;
    uint64_t down_us = options->down_after_us ? options->down_after_us : DOWN_US_DEFAULT;
    struct fab_flow_config config;

    fab_flow_config_default(&config);
    window = power_of_two_from(window);
    for (int lane = 0; lane < FAB_LANE_COUNT; lane++) {
        config.send_bytes[lane] = lane == FAB_LANE_USER ? window : window / WINDOW_SHARE;
        config.credit_bytes[lane] = config.send_bytes[lane];
    }
    config.home = options->home;
    config.lcore = lcore;
    config.lcore_count = options->lcore_count;
    config.frame_max = creation->port->frame_max;
    config.window_frames = options->window_frames ? options->window_frames : WINDOW_FRAMES_DEFAULT;
    config.has_no_congestion =
        options->is_point_to_point || fab_port_info(options->port)->is_point_to_point;
    config.large_max = options->large_max;
    config.poll_gap_us = options->poll_gap_us ? options->poll_gap_us : POLL_GAP_US_DEFAULT;
    config.seed = options->seed;
    config.clock_id = options->clock_id ? options->clock_id : fab_clock_id();
    if (keepalive_us < (uint64_t)options->peer_count * KEEPALIVE_PEER_US)
        keepalive_us = (uint64_t)options->peer_count * KEEPALIVE_PEER_US;
    if (down_us < DOWN_KEEPALIVES * keepalive_us)
        down_us = DOWN_KEEPALIVES * keepalive_us;
    config.timers.keepalive_ns = keepalive_us * 1000;
    config.timers.suspect_ns = keepalive_us * 1000 * SUSPECT_KEEPALIVES;
    config.timers.down_ns = down_us * 1000;
    return config;
}

static void
init_links(struct creation *creation, struct fab_flow_end *end, size_t flow_size)
{
    const struct fab_flow_port *port = creation->port;

    for (uint32_t i = 0; i < end->link_count; i++) {
        struct fab_flow_peer_path *peer = &port->peers[i / port->peer_lcores];
        struct fab_flow_link place = {
            .link = { .peer_lcore = (uint8_t)(i % port->peer_lcores) },
            .peer_node = peer->node_id,
            .path =
                (i / port->peer_lcores) << 16 | (uint32_t)end->lcore << 8 | i % port->peer_lcores,
        };
        struct fab_flow_config flow = fab_flow_end_config(end, &place);

        fab_flow_link_init(&end->links[i], &(struct fab_flow_link_config){
                                               .end = end,
                                               .life = &peer->life,
                                               .flow = &flow,
                                               .memory = (char *)end->flow_memory + i * flow_size,
                                               .path = place.path,
                                               .now_ns = creation->options->now_ns,
                                           });
        fab_flow_end_touch(end, &end->links[i]);
    }
}

/* What the flows of the end take from in turn. */
static enum myc_status
set_up_store(struct creation *creation, struct fab_flow_end *end, int socket)
{
    struct fab_flow_store_config config = fab_flow_share(&end->flow_config, end->link_count);

    end->store_memory =
        fab_memory_alloc("flow store", fab_flow_store_size(&config), FAB_FLOW_STORE_ALIGN, socket);
    if (!end->store_memory)
        return out_of_memory(creation->options, "flows");
    end->flow_config.store = fab_flow_store_init(end->store_memory, &config);
    return MYC_OK;
}

static enum myc_status
set_up_links(struct creation *creation, struct fab_flow_end *end, int socket)
{
    const struct fab_flow_port_options *options = creation->options;
    struct fab_flow_config any = end->flow_config;
    size_t flow_size;

    end->link_count = options->peer_count * creation->port->peer_lcores;
    if (end->link_count == 0)
        return MYC_OK;
    any.peer_node = options->peers[0].node_id;
    if (creation->port->sealer) /* all have room for what some need */
        any.secure =
            (struct fab_secure_config){ .security = FAB_SECURITY_ENCRYPT,
                                        .sealer = creation->port->sealer,
                                        .pre_shared_key = options->peers[0].pre_shared_key };
    if (fab_flow_config_check(&any) != MYC_OK)
        return FAB_REFUSE(options, MYC_INVALID,
                          "port '%s': an MTU of %u, a window of %u bytes or of %u frames cannot be",
                          options->name, fab_port_info(options->port)->mtu, options->window_bytes,
                          any.window_frames);
    if (set_up_store(creation, end, socket) != MYC_OK)
        return MYC_NO_MEMORY;
    any.store = end->flow_config.store;
    flow_size = fab_flow_size(&any);
    end->links = fab_memory_alloc("flow links", end->link_count * sizeof(*end->links),
                                  FAB_CACHE_LINE, socket);
    end->heap.timers = fab_memory_alloc("flow timers", end->link_count * sizeof(*end->heap.timers),
                                        FAB_CACHE_LINE, socket);
    end->flow_memory =
        fab_memory_alloc("flows", end->link_count * flow_size, FAB_FLOW_ALIGN, socket);
    if (!end->links || !end->heap.timers || !end->flow_memory)
        return out_of_memory(options, "flows");
    init_links(creation, end, flow_size);
    return MYC_OK;
}

static enum myc_status
set_up_security(struct creation *creation)
{
    return fab_flow_port_secure(creation->port) ? MYC_OK : out_of_memory(creation->options, "AES");
}

static enum myc_status
add_rules(struct creation *creation)
{
    return fab_flow_steer_add_rules(creation->port, creation->options);
}

/* The last step: a port that could not be made leaves no trace at others. */
static enum myc_status
join_seconds(struct creation *creation)
{
    fab_flow_twin_join(creation->port, creation->options);
    return MYC_OK;
}

static struct rte_ring *
make_ring(const struct creation *creation, const char *way, uint8_t lcore, int socket)
{
    char name[RTE_RING_NAMESIZE];

    /* The name is one among all processes of the EAL, dead ones, too. */
    snprintf(name, sizeof(name), "fl%s-%u.%u-%u-%d", way,
             fab_port_info(creation->options->port)->id, creation->options->queue, lcore,
             (int)getpid());
    return fab_memory_ring(name, FAB_FLOW_RING_FRAMES, RING_F_SP_ENQ | RING_F_SC_DEQ, socket);
}

static enum myc_status
set_up_end(struct creation *creation, uint8_t lcore)
{
    const struct fab_flow_port_options *options = creation->options;
    struct fab_flow_port *port = creation->port;
    struct fab_flow_end *end = port->ends[lcore];
    int socket = fab_flow_port_socket(options, lcore);

    end->port = port;
    end->lcore = lcore;
    end->is_local = lcore == port->lcore;
    end->queue = fab_flow_queue_of(port, lcore);
    end->flow_config = base_config(creation, lcore);
    end->now_ns = options->now_ns;
    fab_granter_init(&end->granter, FAB_GRANT_BUDGET_DEFAULT);
    if (!end->is_local && port->has_address) {
        end->from_port = make_ring(creation, "in", lcore, socket);
        end->to_port =
            make_ring(creation, "out", lcore, fab_flow_port_socket(options, port->lcore));
        if (!end->from_port || !end->to_port)
            return out_of_memory(options, "rings");
        if (end->queue != FAB_FLOW_QUEUE_NONE &&
            !fab_flow_queue_open(end, make_ring(creation, "st", lcore, socket), socket))
            return out_of_memory(options, "queues");
        port->has_queues |= end->own != NULL;
    }
    if (path_count(options) == 0)
        return MYC_OK;
    end->pool =
        fab_port_add_pool(port->port, options->mbuf_count ? options->mbuf_count : MBUFS_DEFAULT,
                          FAB_UDP_HEADERS_MAX + port->frame_max, socket);
    if (!end->pool || !fab_flow_twin_reserve(end, options->second_count, socket) ||
        !fab_flow_holds_create(end, socket))
        return out_of_memory(options, "buffers");
    return set_up_links(creation, end, socket);
}

static enum myc_status
set_up_ends(struct creation *creation)
{
    struct fab_flow_port *port = creation->port;
    enum myc_status status = MYC_OK;

    for (uint8_t i = 0; i < port->lcore_count; i++) {
        port->ends[i] = fab_memory_alloc("flow end", sizeof(*port->ends[i]), FAB_CACHE_LINE,
                                         fab_flow_port_socket(creation->options, i));
        if (!port->ends[i])
            return out_of_memory(creation->options, "lcores");
    }
    for (uint8_t i = 0; i < port->lcore_count && status == MYC_OK; i++)
        status = set_up_end(creation, i);
    return status;
}

enum myc_status
fab_flow_port_create(const struct fab_flow_port_options *options, struct fab_flow_port **port)
{
    static enum myc_status (*const steps[])(struct creation *) = {
        check_options,   set_up_port, set_up_neighbours, set_up_peers,
        set_up_security, set_up_ends, add_rules,         join_seconds,
    };
    struct creation creation = { .options = options };
    enum myc_status status = MYC_OK;

    FAB_ASSERT(options->size == sizeof(*options));
    creation.port = fab_memory_alloc("flow port", sizeof(*creation.port), FAB_CACHE_LINE,
                                     fab_flow_port_socket(options, options->lcore));
    if (!creation.port)
        return out_of_memory(options, "the port");
    for (size_t i = 0; i < FAB_COUNT_OF(steps) && status == MYC_OK; i++)
        status = steps[i](&creation);
    if (status != MYC_OK)
        fab_flow_port_destroy(&creation.port);
    *port = creation.port;
    return status;
}
