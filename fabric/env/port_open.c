/* SPDX-License-Identifier: BSD-3-Clause */
/* How a port comes and goes; see env/port.h. */
#include "env/port.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "base/log.h"
#include "env/memif_socket.h"
#include "env/numa.h"
#include "env/port_state.h"

#define DESCRIPTORS_DEFAULT 1024U
#define PAGE_SIZE           4096UL
#define RX_CHECKSUMS        (RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM)

static enum myc_status
find_device(struct fab_port_opening *opening)
{
    const struct fab_port_options *options = opening->options;
    struct fab_port_info *info = &opening->port->info;
    char ports[FAB_PORT_LIST_SIZE];
    size_t name_size = strcspn(options->device, ",");
    int result;

    if (name_size == 0 || name_size >= sizeof(info->device))
        return FAB_REFUSE(options, MYC_INVALID, "port name '%s' is empty or too long",
                          options->device);
    memcpy(info->device, options->device, name_size);
    if (rte_eth_dev_get_port_by_name(info->device, &info->id) == 0)
        return MYC_OK;
    if (options->device[name_size] == '\0')
        return FAB_REFUSE(
            options, MYC_NOT_FOUND,
            "there is no port '%s' (there are: %s): add a virtual one to the EAL arguments "
            "with --vdev=%s,..., bind a card with dpdk-devbind.py",
            info->device, fab_port_list(ports), info->device);
    fab_memif_socket_clean(options->device);
    result = rte_dev_probe(options->device);
    if (result != 0 || rte_eth_dev_get_port_by_name(info->device, &info->id) != 0)
        return FAB_REFUSE(options, result ? fab_port_status(result) : MYC_NOT_FOUND,
                          "port '%s' cannot be made: %s; see the EAL's own lines for the cause",
                          options->device, rte_strerror(result ? fab_port_cause(result) : ENODEV));
    opening->port->is_made = true;
    return MYC_OK;
}

enum myc_status
fab_port_read_device(struct fab_port_opening *opening)
{
    struct fab_port_info *info = &opening->port->info;
    struct rte_ether_addr mac = { 0 };
    enum myc_status status;
    int result = rte_eth_dev_info_get(info->id, opening->device);

    if (result != 0)
        return fab_port_refused(opening, "read what it is", result);
    snprintf(info->driver, sizeof(info->driver), "%s", opening->device->driver_name);
    info->is_point_to_point =
        strcmp(info->driver, "net_memif") == 0 || strcmp(info->driver, "net_ring") == 0;
    if (rte_eth_dev_get_mtu(info->id, &info->mtu) != 0)
        info->mtu = RTE_ETHER_MTU;
    if (rte_eth_macaddr_get(info->id, &mac) == 0)
        memcpy(info->mac.bytes, mac.addr_bytes, sizeof(info->mac.bytes));
    info->socket = fab_numa_of_port(info->id, rte_eth_dev_socket_id(info->id));
    fab_numa_place("port", opening->port, sizeof(*opening->port), PAGE_SIZE, info->socket);
    status = fab_port_memif_init(opening->port, opening->device->device);
    if (status != MYC_OK)
        FAB_REFUSE(opening->options, status, "port '%s': a bad socket, or no memory", info->device);
    return status;
}

/* Whether the MTU is more than the driver admits, and the interface below it has it all the same:
 * net_af_packet says that it takes no jumbo frames, and takes them if its slots hold them. */
static bool
has_mtu_below(const struct fab_port_opening *opening)
{
    uint32_t admitted = opening->device->max_rx_pktlen - RTE_ETHER_HDR_LEN - RTE_ETHER_CRC_LEN;

    return opening->options->mtu > admitted &&
           fab_port_kernel_mtu(opening->device->if_index) >= opening->options->mtu;
}

/* The MTU is set before the start; a device that cannot keeps the one that it has. */
static enum myc_status
set_mtu(struct fab_port_opening *opening)
{
    struct fab_port_info *info = &opening->port->info;
    uint16_t mtu = opening->options->mtu;
    int result;

    if (mtu == 0)
        return MYC_OK;
    if (has_mtu_below(opening)) {
        info->is_mtu_fixed = true;
        info->mtu = mtu;
        return MYC_OK;
    }
    result = rte_eth_dev_set_mtu(info->id, mtu);
    if (result == 0) {
        info->mtu = mtu;
        return MYC_OK;
    }
    if (result != -ENOTSUP)
        return FAB_REFUSE(opening->options, MYC_INVALID,
                          "port '%s' (%s) does not take an MTU of %u (it allows %u to %u): %s",
                          info->device, info->driver, mtu, opening->device->min_mtu,
                          opening->device->max_mtu, rte_strerror(fab_port_cause(result)));
    info->is_mtu_fixed = true;
    if (mtu > info->mtu)
        return FAB_REFUSE(opening->options, MYC_INVALID,
                          "port '%s' (%s) cannot set its MTU of %u, and %u is more", info->device,
                          info->driver, info->mtu, mtu);
    info->mtu = mtu; /* ours to keep to */
    return MYC_OK;
}

enum myc_status
fab_port_configure(struct fab_port_opening *opening)
{
    const struct rte_eth_dev_info *device = opening->device;
    struct fab_port_info *info = &opening->port->info;
    struct rte_eth_conf conf = { .txmode = { .mq_mode = RTE_ETH_MQ_TX_NONE } };
    int result;

    info->is_steered = info->steering == MYC_STEERING_RTE_FLOW;
    if (info->steering == MYC_STEERING_RSS) {
        conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
        conf.rx_adv_conf.rss_conf.rss_hf = fab_port_hashed(opening);
    }
    conf.rxmode.mtu = opening->options->mtu > info->mtu ? opening->options->mtu : info->mtu;
    if (conf.rxmode.mtu > device->max_mtu || has_mtu_below(opening))
        conf.rxmode.mtu = info->mtu;
    if (opening->options->offload_checksums) {
        conf.rxmode.offloads = device->rx_offload_capa & RX_CHECKSUMS;
        conf.txmode.offloads = device->tx_offload_capa & RTE_ETH_TX_OFFLOAD_UDP_CKSUM;
        info->fills_checksums = conf.txmode.offloads != 0;
    }
    if (info->sends_segments)
        conf.txmode.offloads |= RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
    conf.rxmode.offloads |= fab_port_stamp_offload(opening->port, device->rx_offload_capa);
    result = rte_eth_dev_configure(info->id, info->queue_count, info->queue_count, &conf);
    if (result != 0)
        return fab_port_refused(opening, "configure it", result);
    return set_mtu(opening);
}

static enum myc_status
make_pool(struct fab_port_opening *opening, struct fab_port_queue *queue)
{
    const struct fab_port_options *options = opening->options;
    struct fab_port *port = opening->port;
    uint32_t count = options->mbuf_count ? options->mbuf_count : FAB_PORT_MBUFS_DEFAULT;

    queue->pool =
        fab_port_add_pool(port, count, port->info.mtu + FAB_PORT_FRAME_EXTRA, port->info.socket);
    if (!queue->pool)
        return FAB_REFUSE(
            options, MYC_NO_MEMORY,
            "port '%s': no memory for %u buffers (%s): reserve more hugepages, give the EAL "
            "more with -m, or lower mbuf_count",
            port->info.device, count, rte_strerror(rte_errno));
    return MYC_OK;
}

/* One for each queue, whose lcore alone takes from it. */
static enum myc_status
make_pools(struct fab_port_opening *opening)
{
    struct fab_port *port = opening->port;
    enum myc_status status = MYC_OK;

    for (uint16_t i = 0; i < port->info.queue_count && status == MYC_OK; i++)
        status = make_pool(opening, &port->queues[i]);
    port->pool = port->queues[0].pool;
    return status;
}

static int
set_up_tx(struct fab_port_opening *opening, uint16_t queue, uint16_t descriptors)
{
    const struct fab_port_info *info = &opening->port->info;
    struct rte_eth_txconf conf = opening->device->default_txconf;

    /* Buffers of several pools, and attached ones, go over a queue: no fast free. */
    conf.offloads &= ~RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
    if (info->dma)
        return fab_port_set_up_hasty(opening->port, queue, descriptors, &conf);
    return rte_eth_tx_queue_setup(info->id, queue, descriptors, (unsigned)info->socket, &conf);
}

static enum myc_status
set_up_queues(struct fab_port_opening *opening)
{
    const struct fab_port_options *options = opening->options;
    const struct fab_port_info *info = &opening->port->info;
    uint16_t rx = options->rx_descriptors ? options->rx_descriptors : DESCRIPTORS_DEFAULT;
    uint16_t tx = options->tx_descriptors ? options->tx_descriptors : DESCRIPTORS_DEFAULT;
    unsigned socket = (unsigned)info->socket;
    int result = rte_eth_dev_adjust_nb_rx_tx_desc(info->id, &rx, &tx);

    if (result != 0)
        return fab_port_refused(opening, "settle the number of descriptors", result);
    for (uint16_t i = 0; i < info->queue_count; i++) {
        result =
            rte_eth_rx_queue_setup(info->id, i, rx, socket, NULL, opening->port->queues[i].pool);
        if (result != 0)
            return fab_port_refused(opening, "set up an RX queue", result);
        result = set_up_tx(opening, i, tx);
        if (result != 0)
            return fab_port_refused(opening, "set up a TX queue", result);
    }
    return MYC_OK;
}

static enum myc_status
make_fault_line(struct fab_port_opening *opening, const struct myc_wire_fault *fault,
                uint16_t queue, struct fab_fault_line **line)
{
    struct myc_wire_fault of_queue;

    if (!fault || !fab_wire_fault_is_active(fault))
        return MYC_OK;
    of_queue = *fault;
    of_queue.seed += queue;
    *line = fab_fault_line_create(&of_queue, &fab_port_fault_ops, &opening->port->queues[queue]);
    if (!*line)
        return FAB_REFUSE(opening->options, MYC_NO_MEMORY, "port '%s': no memory for its faults",
                          opening->port->info.device);
    fab_log(FAB_LOG_WARNING, "port '%s' treats its frames badly on purpose (faults are configured)",
            opening->port->info.device);
    return MYC_OK;
}

enum myc_status
fab_port_make_fault_lines(struct fab_port_opening *opening)
{
    enum myc_status status = MYC_OK;

    for (uint16_t i = 0; i < opening->port->info.queue_count && status == MYC_OK; i++) {
        struct fab_port_queue *queue = &opening->port->queues[i];

        queue->port = opening->port;
        if (!opening->options->borrowed)
            queue->rx_queue = queue->tx_queue = i;
        status = make_fault_line(opening, opening->options->rx_fault, i, &queue->rx_line);
        if (status == MYC_OK)
            status = make_fault_line(opening, opening->options->tx_fault, i, &queue->tx_line);
    }
    return status;
}

static enum myc_status
start(struct fab_port_opening *opening)
{
    struct fab_port *port = opening->port;
    struct fab_port_info *info = &port->info;
    int result = port->is_memif ? fab_port_memif_start(port) : rte_eth_dev_start(info->id);

    if (result != 0)
        return fab_port_refused(opening, "start it", result);
    if (!port->is_memif)
        port->is_started = true;
    info->can_multicast = rte_eth_allmulticast_enable(info->id) == 0;
    fab_port_stamp_start(port);
    return MYC_OK;
}

enum myc_status
fab_port_open(const struct fab_port_options *options, struct fab_port **port)
{
    static enum myc_status (*const steps[])(struct fab_port_opening *) = {
        find_device,
        fab_port_read_device,
        fab_port_settle_bodies,
        fab_port_configure_queues,
        make_pools,
        set_up_queues,
        fab_port_make_fault_lines,
        start,
        fab_port_start_steering,
    };
    struct rte_eth_dev_info device = { 0 };
    struct fab_port_opening opening = { .options = options, .device = &device };
    enum myc_status status = MYC_OK;

    if (options->size != sizeof(*options) || options->queue_count > FAB_PORT_QUEUES_MAX)
        return FAB_REFUSE(options, MYC_INVALID, "port '%s': at most %u queues", options->device,
                          FAB_PORT_QUEUES_MAX);
    if (options->mtu && (options->mtu < FAB_PORT_MTU_MIN || options->mtu > FAB_PORT_MTU_MAX))
        return FAB_REFUSE(options, MYC_INVALID, "port '%s': an MTU is %u to %u", options->device,
                          FAB_PORT_MTU_MIN, FAB_PORT_MTU_MAX);
    opening.port =
        aligned_alloc(PAGE_SIZE, (sizeof(*opening.port) + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1));
    if (!opening.port)
        return FAB_REFUSE(options, MYC_NO_MEMORY, "no memory for port '%s'", options->device);
    memset(opening.port, 0, sizeof(*opening.port));
    opening.port->info.queue_count = 1;
    if (options->borrowed)
        status = fab_port_borrow(&opening);
    for (size_t i = 0; !options->borrowed && i < FAB_COUNT_OF(steps) && status == MYC_OK; i++)
        status = steps[i](&opening);
    if (status != MYC_OK)
        fab_port_close(&opening.port);
    *port = opening.port;
    return status;
}

/* Frames that were collected but not sent go with the port. */
static void
fini_queue(struct fab_port_queue *queue)
{
    rte_pktmbuf_free_bulk(queue->tx, queue->tx_count);
    queue->tx_count = 0;
    fab_fault_line_destroy(&queue->rx_line);
    fab_fault_line_destroy(&queue->tx_line);
}

void
fab_port_stop_device(struct fab_port *port)
{
    struct rte_eth_dev_info device;

    fab_port_remove_rules(port);
    if (port->is_started) {
        fab_port_await_bodies(port);
        rte_eth_dev_stop(port->info.id);
    }
    fab_port_unmap_bodies(port);
    if (port->is_made && rte_eth_dev_info_get(port->info.id, &device) == 0)
        rte_dev_remove(device.device);
}

void
fab_port_close(struct fab_port **port)
{
    struct fab_port *closing = *port;

    if (!closing)
        return;
    if (closing->is_borrowed)
        fab_port_give_back(closing);
    else if (closing->is_memif)
        fab_port_memif_stop(closing);
    else
        fab_port_stop_device(closing);
    for (uint16_t i = 0; i < closing->info.queue_count; i++)
        fini_queue(&closing->queues[i]);
    fab_port_free_pools(closing);
    free(closing);
    *port = NULL;
}
