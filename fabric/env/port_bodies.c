/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How a port sends large bodies: from where they are, or with one copy.
 *
 * Without a copy if the driver takes frames in several buffers, and either reads them by the
 * processor, as virtual devices do that are known to, or is a card's, for which the memory of the
 * bodies is mapped (env/dma.h). Other virtual devices hand frames on to whom we cannot see: a
 * bonding to its cards, virtio-user to a process that maps the EAL's memory and nothing else.
 *
 * Drivers free what they have sent late: some when so many descriptors are in use, some when so
 * many frames are reported at once. A body of 16 MiB would not come home while one of its frames is
 * among those. So queues of cards that send bodies are set up to look at each burst and to report
 * in small lots, and are asked for it in turns without frames: by rte_eth_tx_done_cleanup, or,
 * where a driver has none, by a burst of no frames (net_vmxnet3 frees in it). net_e1000_em frees a
 * frame when its descriptors are used again, and nothing else: there the frames that come after,
 * signs of life in the end, bring a body home.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "env/port_state.h"

#define SEGMENTS        3U /* headers, a part, its tag */
#define LOT             8U /* frames' descriptors that are reported at once */
#define SPARE           4U /* descriptors that drivers want to be free at all times */
#define RECLAIM_NS      50000U
#define AWAIT_TURNS     200U
#define AWAIT_STEP      100000L /* ns */
#define DESCRIPTORS_MIN 64U

/* Drivers of virtual devices that take MULTI_SEGS and read frames by the processor, in 22.11. */
static const char *const readers[] = { "net_memif", "net_ring", "net_af_packet",
                                       "net_null",  "net_pcap", "net_tap" };

static bool
is_reader(const char *driver)
{
    for (size_t i = 0; i < FAB_COUNT_OF(readers); i++)
        if (strcmp(driver, readers[i]) == 0)
            return true;
    return false;
}

static bool
is_card(const struct rte_eth_dev_info *device)
{
    return device->device && strcmp(rte_bus_name(rte_dev_bus(device->device)), "vdev") != 0;
}

static bool
takes_chains(const struct rte_eth_dev_info *device)
{
    return (device->tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS) &&
           device->tx_desc_lim.nb_mtu_seg_max >= SEGMENTS;
}

/* Whether the card reads the memory of the bodies; else `reason` says why not. */
static bool
map(struct fab_port_opening *opening, char reason[FAB_DMA_REASON_SIZE])
{
    struct fab_port *port = opening->port;
    struct fab_dma *dma = opening->options->dma;

    if (!dma || !dma->base) {
        snprintf(reason, FAB_DMA_REASON_SIZE, "there is no heap that the card could read");
        return false;
    }
    if (!fab_dma_map(dma, opening->device->device, reason))
        return false;
    port->dma = dma;
    port->card = opening->device->device;
    port->info.dma = dma;
    return true;
}

enum myc_status
fab_port_settle_bodies(struct fab_port_opening *opening)
{
    struct fab_port_info *info = &opening->port->info;
    char reason[FAB_DMA_REASON_SIZE] = "";
    bool is_read = is_reader(info->driver);

    if (!takes_chains(opening->device))
        snprintf(reason, sizeof(reason), "%s takes no frames in several buffers", info->driver);
    else if (!is_read && !is_card(opening->device))
        snprintf(reason, sizeof(reason), "%s is not known to read other memory than the EAL's",
                 info->driver);
    else
        info->sends_segments = is_read || map(opening, reason);
    if (!info->sends_segments)
        snprintf(info->bodies, sizeof(info->bodies), "with one copy: %s", reason);
    else
        snprintf(info->bodies, sizeof(info->bodies), "without a copy: %s reads them in the heap%s",
                 info->driver,
                 is_read           ? ""
                 : info->dma->iova ? ", by physical addresses"
                                   : ", by virtual addresses");
    return MYC_OK;
}

/* A queue may have fewer descriptors than were asked for (virtio's has what the host says), and the
 * driver refuses a threshold that is not below. */
int
fab_port_set_up_hasty(const struct fab_port *port, uint16_t queue, uint16_t descriptors,
                      const struct rte_eth_txconf *conf)
{
    struct rte_eth_txconf hasty = *conf;
    unsigned socket = (unsigned)port->info.socket;

    hasty.tx_rs_thresh = LOT;
    for (uint32_t least = descriptors; least >= DESCRIPTORS_MIN; least /= 2) {
        hasty.tx_free_thresh = (uint16_t)(least - LOT - SPARE);
        if (rte_eth_tx_queue_setup(port->info.id, queue, descriptors, socket, &hasty) == 0)
            return 0;
    }
    return rte_eth_tx_queue_setup(port->info.id, queue, descriptors, socket, conf);
}

static void
reclaim(const struct fab_port *port, uint16_t queue)
{
    if (rte_eth_tx_done_cleanup(port->info.id, queue, 0) == -ENOTSUP)
        (void)rte_eth_tx_burst(port->info.id, queue, NULL, 0);
}

void
fab_port_reclaim(struct fab_port_queue *queue, uint64_t now_ns)
{
    if (now_ns < queue->reclaim_ns)
        return;
    queue->reclaim_ns = now_ns + RECLAIM_NS;
    queue->reclaims_left--;
    reclaim(queue->port, queue->tx_queue);
}

/* Whether a pool is of shells, and some are on their way. */
static bool
has_shells_out(const struct rte_mempool *pool)
{
    struct rte_mempool *shells = (struct rte_mempool *)(uintptr_t)pool;

    return rte_pktmbuf_data_room_size(shells) == FAB_PORT_SHELL_SIZE &&
           rte_mempool_in_use_count(pool) > 0;
}

static bool
has_bodies(const struct fab_port *port)
{
    for (uint32_t i = 0; i < port->pool_count; i++)
        if (has_shells_out(port->pools[i]))
            return true;
    return false;
}

void
fab_port_await_bodies(struct fab_port *port)
{
    const struct timespec step = { .tv_nsec = AWAIT_STEP };

    for (unsigned i = 0; port->dma && i < AWAIT_TURNS && has_bodies(port); i++) {
        for (uint16_t j = 0; j < port->info.queue_count; j++)
            reclaim(port, j);
        (void)nanosleep(&step, NULL);
    }
}

void
fab_port_unmap_bodies(struct fab_port *port)
{
    if (port->dma)
        fab_dma_unmap(port->dma, port->card);
    port->dma = NULL;
}
