/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A port that the program owns, and has configured and started: we are its guest.
 *
 * Everything here looks, and nothing sets: no configure, start, stop or reset, no MTU, MAC,
 * promiscuous mode, RSS or offload, no flush of rules. What we need and do not find is refused with
 * a sentence that says what the program must do. rx_queue and tx_queue are ours alone, the pool is
 * shared. When we leave, our rules are gone and our RX queue is empty.
 */
/* rte_eth_dev_conf_get, to find out what the program configured. */
#define ALLOW_EXPERIMENTAL_API
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "env/port_state.h"

#define DRAIN_BURSTS_MAX 1024U

/* By name, or by its id in digits. */
static enum myc_status
find_device(struct fab_port_opening *opening)
{
    const char *device = opening->options->device;
    struct fab_port_info *info = &opening->port->info;
    char name[RTE_ETH_NAME_MAX_LEN], ports[FAB_PORT_LIST_SIZE];
    unsigned long id = strtoul(device, NULL, 10);

    if (rte_eth_dev_get_port_by_name(device, &info->id) != 0) {
        if (!*device || device[strspn(device, "0123456789")] || id >= RTE_MAX_ETHPORTS ||
            !rte_eth_dev_is_valid_port((uint16_t)id))
            return FAB_REFUSE(opening->options, MYC_NOT_FOUND,
                              "there is no port '%s' to borrow (there are: %s): give the name or "
                              "id of one that the program has started",
                              device, fab_port_list(ports));
        info->id = (uint16_t)id;
    }
    if (rte_eth_dev_get_name_by_port(info->id, name) == 0)
        snprintf(info->device, sizeof(info->device), "%.*s", (int)sizeof(info->device) - 1, name);
    return MYC_OK;
}

static enum myc_status
check_queues(struct fab_port_opening *opening)
{
    const struct myc_borrowed_port *borrowed = opening->options->borrowed;
    const struct rte_eth_dev_info *device = opening->device;
    const struct fab_port_info *info = &opening->port->info;

    if (!rte_eth_fp_ops[info->id].rx_pkt_burst || !rte_eth_fp_ops[info->id].tx_pkt_burst)
        return FAB_REFUSE(opening->options, MYC_UNSUPPORTED,
                          "port '%s' (%s): its driver gives a secondary process no queues: run "
                          "the node in the primary's process, or use another driver",
                          info->device, info->driver);
    if (device->nb_tx_queues == 0)
        return FAB_REFUSE(opening->options, MYC_BAD_STATE,
                          "port '%s' (%s) is not configured: configure and start it before the "
                          "node",
                          info->device, info->driver);
    if (borrowed->tx_queue >= device->nb_tx_queues)
        return FAB_REFUSE(opening->options, MYC_INVALID,
                          "port '%s' (%s) has TX queues 0 to %u, and tx_queue is %u: configure "
                          "one more for the node",
                          info->device, info->driver, device->nb_tx_queues - 1, borrowed->tx_queue);
    if (borrowed->rx_queue != MYC_QUEUE_NONE && borrowed->rx_queue >= device->nb_rx_queues)
        return FAB_REFUSE(opening->options, MYC_INVALID,
                          "port '%s' (%s) has %u RX queues, and rx_queue is %u: configure one "
                          "more for the node, or give none (MYC_QUEUE_NONE) and offer frames",
                          info->device, info->driver, device->nb_rx_queues, borrowed->rx_queue);
    return MYC_OK;
}

/* Offloads of a queue and of all; a driver that cannot tell of a queue has none of its own. */
static uint64_t
tx_offloads(const struct fab_port_opening *opening)
{
    struct rte_eth_txq_info queue = { 0 };
    struct rte_eth_conf conf = { 0 };
    uint16_t id = opening->port->info.id;

    if (rte_eth_dev_conf_get(id, &conf) != 0)
        conf.txmode.offloads = 0;
    if (rte_eth_tx_queue_info_get(id, opening->options->borrowed->tx_queue, &queue) != 0)
        queue.conf.offloads = 0;
    return conf.txmode.offloads | queue.conf.offloads;
}

static enum myc_status
check_offloads(struct fab_port_opening *opening)
{
    struct fab_port_info *info = &opening->port->info;
    uint64_t offloads = tx_offloads(opening);
    int vlan = rte_eth_dev_get_vlan_offload(info->id);

    if (offloads & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE)
        return FAB_REFUSE(opening->options, MYC_INVALID,
                          "port '%s' (%s): TX queue %u frees buffers without a look at them, and "
                          "ours are of several pools: set it up without "
                          "RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE",
                          info->device, info->driver, opening->options->borrowed->tx_queue);
    info->fills_checksums =
        opening->options->offload_checksums && (offloads & RTE_ETH_TX_OFFLOAD_UDP_CKSUM);
    info->strips_vlan = vlan > 0 && (vlan & RTE_ETH_VLAN_STRIP_OFFLOAD) != 0;
    info->can_multicast = rte_eth_allmulticast_get(info->id) == 1;
    snprintf(info->bodies, sizeof(info->bodies),
             "with one copy: the port is the program's, which may have frames when the node has "
             "gone");
    return MYC_OK;
}

static enum myc_status
find_pool(struct fab_port_opening *opening)
{
    const char *name = opening->options->borrowed->mempool;
    struct fab_port *port = opening->port;
    struct rte_mempool *pool = rte_mempool_lookup(name);

    if (!pool)
        return FAB_REFUSE(opening->options, MYC_NOT_FOUND,
                          "port '%s': there is no mempool '%s': make one for the node with "
                          "rte_pktmbuf_pool_create",
                          port->info.device, name);
    if (pool->private_data_size < sizeof(struct rte_pktmbuf_pool_private))
        return FAB_REFUSE(opening->options, MYC_INVALID,
                          "port '%s': mempool '%s' has no mbufs: make it with "
                          "rte_pktmbuf_pool_create",
                          port->info.device, name);
    if (pool->flags & (RTE_MEMPOOL_F_SP_PUT | RTE_MEMPOOL_F_SC_GET))
        return FAB_REFUSE(opening->options, MYC_INVALID,
                          "port '%s': mempool '%s' is for one thread, and several use it: make "
                          "it with mempool ops such as ring_mp_mc",
                          port->info.device, name);
    port->pool = pool;
    return MYC_OK;
}

/* The largest packet that the port, the pool's buffers and the options admit. */
static enum myc_status
settle_mtu(struct fab_port_opening *opening)
{
    const struct fab_port_options *options = opening->options;
    struct fab_port_info *info = &opening->port->info;
    uint32_t room = rte_pktmbuf_data_room_size(opening->port->pool);
    uint32_t used = RTE_PKTMBUF_HEADROOM + FAB_PORT_FRAME_EXTRA;

    if (room < used + FAB_PORT_MTU_MIN)
        return FAB_REFUSE(options, MYC_INVALID,
                          "port '%s': buffers of mempool '%s' have %u bytes: make them at least "
                          "%u",
                          info->device, options->borrowed->mempool, room, used + FAB_PORT_MTU_MIN);
    if (options->mtu > info->mtu)
        return FAB_REFUSE(options, MYC_INVALID,
                          "port '%s' (%s) has an MTU of %u, and %u is more: it is the program's "
                          "to set",
                          info->device, info->driver, info->mtu, options->mtu);
    if (options->mtu)
        info->mtu = options->mtu;
    if (info->mtu > room - used)
        info->mtu = (uint16_t)(room - used);
    if (info->mtu > FAB_PORT_MTU_MAX)
        info->mtu = FAB_PORT_MTU_MAX;
    info->is_mtu_fixed = true;
    return MYC_OK;
}

static enum myc_status
take_queues(struct fab_port_opening *opening)
{
    const struct myc_borrowed_port *borrowed = opening->options->borrowed;
    struct fab_port *port = opening->port;

    port->info.is_point_to_point = false; /* the program's own traffic is on the wire, too */
    port->info.queue_count = 1;
    port->info.is_steered = borrowed->is_steered;
    fab_port_stamp_borrow(port);
    fab_port_stamp_start(port);
    port->info.steering = MYC_STEERING_SOFTWARE;
    port->queues[0].pool = port->pool;
    port->queues[0].rx_queue = borrowed->rx_queue;
    port->queues[0].tx_queue = borrowed->tx_queue;
    if (fab_port_open_offers(port) != MYC_OK)
        return FAB_REFUSE(opening->options, MYC_NO_MEMORY,
                          "port '%s': no memory for the frames that are offered, or the port is "
                          "borrowed with this tx_queue already",
                          port->info.device);
    return MYC_OK;
}

enum myc_status
fab_port_borrow(struct fab_port_opening *opening)
{
    static enum myc_status (*const steps[])(struct fab_port_opening *) = {
        find_device, fab_port_read_device,      check_queues, check_offloads, find_pool,
        settle_mtu,  fab_port_make_fault_lines, take_queues,
    };
    enum myc_status status = MYC_OK;

    opening->port->is_borrowed = opening->port->info.is_borrowed = true;
    for (size_t i = 0; i < FAB_COUNT_OF(steps) && status == MYC_OK; i++)
        status = steps[i](opening);
    return status;
}

/* What was steered to us before our rules went is for nobody else. */
static void
drain_queue(const struct fab_port *port)
{
    struct rte_mbuf *mbufs[FAB_PORT_BURST];
    uint16_t count = FAB_PORT_BURST;

    for (unsigned i = 0; i < DRAIN_BURSTS_MAX && count > 0; i++) {
        count = rte_eth_rx_burst(port->info.id, port->queues[0].rx_queue, mbufs, FAB_PORT_BURST);
        rte_pktmbuf_free_bulk(mbufs, count);
    }
}

void
fab_port_give_back(struct fab_port *port)
{
    fab_port_remove_rules(port);
    if (!port->offers.ring) /* it was not borrowed to the end */
        return;
    if (port->queues[0].rx_queue != FAB_PORT_QUEUE_NONE)
        drain_queue(port);
    fab_port_close_offers(port);
}
