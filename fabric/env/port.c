/* SPDX-License-Identifier: BSD-3-Clause */
#include "env/port.h"

#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "base/assert.h"
#include "env/port_state.h"

#define CORRUPT_BITS_MAX 8U
#define RECLAIMS         32U /* in turns without frames, after the last of them */

const struct fab_port_info *
fab_port_info(const struct fab_port *port)
{
    return &port->info;
}

bool
fab_port_is_link_up(const struct fab_port *port)
{
    struct rte_eth_link link = { 0 };

    return rte_eth_link_get_nowait(port->info.id, &link) == 0 && link.link_status;
}

struct rte_mbuf *
fab_port_alloc(struct fab_port *port, uint16_t queue)
{
    struct rte_mbuf *mbuf = rte_pktmbuf_alloc(port->queues[queue].pool);

    if (fab_unlikely(!mbuf))
        port->queues[queue].counters.no_mbufs++;
    return mbuf;
}

/* --- receiving ------------------------------------------------------------------------------- */

/* Whether the device, asked to check, found a checksum wrong. */
static inline bool
has_bad_checksum(const struct rte_mbuf *mbuf)
{
    return (mbuf->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_BAD ||
           (mbuf->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) == RTE_MBUF_F_RX_IP_CKSUM_BAD;
}

/* Keeps frames that are sound, and are of one piece or can be made so. Returns how many are left.
 */
static unsigned
keep_whole(struct fab_port_queue *queue, struct rte_mbuf **mbufs, unsigned count)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < count; i++) {
        queue->counters.rx_frames++;
        queue->counters.rx_bytes += mbufs[i]->pkt_len;
        if (fab_unlikely(mbufs[i]->nb_segs > 1) && rte_pktmbuf_linearize(mbufs[i]) != 0) {
            queue->counters.rx_segmented++;
            rte_pktmbuf_free(mbufs[i]);
            continue;
        }
        if (fab_unlikely(has_bad_checksum(mbufs[i]))) {
            queue->counters.rx_bad_checksum++;
            rte_pktmbuf_free(mbufs[i]);
            continue;
        }
        mbufs[kept++] = mbufs[i];
    }
    return kept;
}

static unsigned
through_faults(struct fab_fault_line *line, struct rte_mbuf **mbufs, unsigned received,
               unsigned count, uint64_t now_ns)
{
    unsigned through = 0;

    for (unsigned i = 0; i < received; i++)
        fab_fault_line_push(line, mbufs[i], now_ns);
    while (through < count && (mbufs[through] = fab_fault_line_pop(line, now_ns)) != NULL)
        through++;
    return through;
}

/* What was offered first, but leaving room for what the queue has. */
static unsigned
receive_borrowed(struct fab_port *port, struct rte_mbuf **mbufs, unsigned count)
{
    uint16_t queue = port->queues[0].rx_queue;
    unsigned offered;

    if (queue == FAB_PORT_QUEUE_NONE)
        return fab_port_take_offers(port, mbufs, count);
    offered = fab_port_take_offers(port, mbufs, count / 2);
    return offered +
           rte_eth_rx_burst(port->info.id, queue, mbufs + offered, (uint16_t)(count - offered));
}

unsigned
fab_port_receive(struct fab_port *port, uint16_t queue_index, struct rte_mbuf **mbufs,
                 unsigned count, uint64_t now_ns)
{
    struct fab_port_queue *queue = &port->queues[queue_index];
    unsigned received;

    if (fab_unlikely(port->is_borrowed))
        received = receive_borrowed(port, mbufs, count);
    else if (fab_unlikely(port->is_memif))
        received = fab_port_memif_receive(port, queue_index, mbufs, (uint16_t)count, now_ns);
    else
        received = rte_eth_rx_burst(port->info.id, queue_index, mbufs, (uint16_t)count);
    if (received)
        received = keep_whole(queue, mbufs, received);
    if (fab_unlikely(queue->rx_line))
        received = through_faults(queue->rx_line, mbufs, received, count, now_ns);
    return received;
}

/* --- sending --------------------------------------------------------------------------------- */

unsigned
fab_port_room(const struct fab_port *port, uint16_t queue)
{
    return FAB_PORT_TX_MAX - port->queues[queue].tx_count;
}

static void
drop_stuck(struct fab_port_queue *queue)
{
    queue->counters.tx_stuck += queue->tx_count;
    rte_pktmbuf_free_bulk(queue->tx, queue->tx_count);
    queue->tx_count = 0;
    queue->stuck_ns = 0;
}

/* Gives the device all it takes. What it frees afterwards is counted before. */
static void
transmit(struct fab_port_queue *queue, uint64_t now_ns)
{
    uint32_t count = queue->tx_count;
    uint64_t bytes = 0;
    uint32_t taken;

    for (uint32_t i = 0; i < count; i++)
        bytes += queue->tx[i]->pkt_len;
    if (fab_unlikely(queue->port->is_memif))
        taken = fab_port_memif_transmit(queue->port, queue->tx_queue, queue->tx, (uint16_t)count);
    else
        taken = rte_eth_tx_burst(queue->port->info.id, queue->tx_queue, queue->tx, (uint16_t)count);
    queue->counters.tx_frames += taken;
    if (fab_unlikely(queue->port->dma != NULL))
        queue->reclaims_left = RECLAIMS;
    queue->tx_count -= taken;
    for (uint32_t i = 0; i < queue->tx_count; i++) {
        queue->tx[i] = queue->tx[taken + i];
        bytes -= queue->tx[i]->pkt_len;
    }
    queue->counters.tx_bytes += bytes;
    if (fab_likely(queue->tx_count == 0 || taken > 0)) {
        queue->stuck_ns = 0;
    } else if (queue->stuck_ns == 0) {
        queue->stuck_ns = now_ns;
    } else if (now_ns - queue->stuck_ns > FAB_PORT_STUCK_NS) {
        drop_stuck(queue);
    }
}

static void
flush(struct fab_port_queue *queue, uint64_t now_ns)
{
    if (queue->tx_count)
        transmit(queue, now_ns);
    else if (fab_unlikely(queue->reclaims_left > 0))
        fab_port_reclaim(queue, now_ns);
}

__attribute__((noinline)) static void
flush_faulty(struct fab_port_queue *queue, uint64_t now_ns)
{
    struct rte_mbuf *mbuf;

    while (queue->tx_count < FAB_PORT_TX_MAX &&
           (mbuf = fab_fault_line_pop(queue->tx_line, now_ns)) != NULL)
        queue->tx[queue->tx_count++] = mbuf;
    flush(queue, now_ns);
}

/* Mostly there is nothing: this is asked several times a turn. */
void
fab_port_flush(struct fab_port *port, uint16_t queue_index, uint64_t now_ns)
{
    struct fab_port_queue *queue = &port->queues[queue_index];

    if (fab_unlikely(queue->tx_line))
        flush_faulty(queue, now_ns);
    else
        flush(queue, now_ns);
}

void
fab_port_send(struct fab_port *port, uint16_t queue_index, struct rte_mbuf *mbuf, uint64_t now_ns)
{
    struct fab_port_queue *queue = &port->queues[queue_index];

    if (fab_unlikely(queue->tx_line)) {
        fab_fault_line_push(queue->tx_line, mbuf, now_ns);
        return;
    }
    FAB_ASSERT(queue->tx_count < FAB_PORT_TX_MAX);
    queue->tx[queue->tx_count++] = mbuf;
    if (queue->tx_count >= FAB_PORT_BURST && queue->tx_count % FAB_PORT_BURST == 0)
        transmit(queue, now_ns);
}

/* --- faults ---------------------------------------------------------------------------------- */

static void *
copy_mbuf(void *context, void *frame)
{
    struct fab_port_queue *queue = context;
    struct rte_mbuf *mbuf = frame;

    return rte_pktmbuf_copy(mbuf, queue->pool, 0, UINT32_MAX);
}

static void
drop_mbuf(void *context, void *frame)
{
    (void)context;
    rte_pktmbuf_free(frame);
}

static void
corrupt_mbuf(void *context, void *frame, uint64_t random)
{
    struct rte_mbuf *mbuf = frame;
    uint8_t *bytes = rte_pktmbuf_mtod(mbuf, uint8_t *);
    unsigned bits = 1 + (unsigned)(random % CORRUPT_BITS_MAX);

    (void)context;
    if (mbuf->nb_segs > 1) /* what is attached is not the frame's to change */
        rte_pktmbuf_linearize(mbuf);
    for (unsigned i = 0; i < bits; i++) {
        random = random * 6364136223846793005ULL + 1442695040888963407ULL;
        bytes[(random >> 20) % mbuf->data_len] ^= (uint8_t)(1U << (random >> 60 & 7));
    }
}

const struct fab_fault_ops fab_port_fault_ops = { copy_mbuf, drop_mbuf, corrupt_mbuf };

/* --- counters -------------------------------------------------------------------------------- */

const struct fab_port_counters *
fab_port_counters(const struct fab_port *port, uint16_t queue)
{
    return &port->queues[queue].counters;
}

static struct fab_fault_counters
faults_of(const struct fab_fault_line *line)
{
    return line ? *fab_fault_line_counters(line) : (struct fab_fault_counters){ 0 };
}

struct fab_fault_counters
fab_port_rx_faults(const struct fab_port *port, uint16_t queue)
{
    return faults_of(port->queues[queue].rx_line);
}

struct fab_fault_counters
fab_port_tx_faults(const struct fab_port *port, uint16_t queue)
{
    return faults_of(port->queues[queue].tx_line);
}

void
fab_port_device_counters(const struct fab_port *port, struct fab_port_device_counters *counters)
{
    struct rte_eth_stats stats = { 0 };

    rte_eth_stats_get(port->info.id, &stats);
    *counters = (struct fab_port_device_counters){
        .rx_missed = stats.imissed,
        .rx_errors = stats.ierrors,
        .tx_errors = stats.oerrors,
        .rx_no_mbuf = stats.rx_nombuf,
    };
}
