/* SPDX-License-Identifier: BSD-3-Clause */
#include "link/flow_queue.h"

#include <rte_mbuf.h>
#include <rte_ring.h>

#include "env/memory.h"
#include "link/flow_port_state.h"

uint16_t
fab_flow_queue_of(const struct fab_flow_port *port, uint8_t lcore)
{
    uint32_t queue = lcore < port->lcore ? lcore + 1U : lcore;

    if (lcore == port->lcore)
        return port->queue;
    return port->has_address && queue < fab_port_info(port->port)->queue_count
               ? (uint16_t)queue
               : FAB_FLOW_QUEUE_NONE;
}

bool
fab_flow_queue_open(struct fab_flow_end *end, struct rte_ring *strays, int socket)
{
    size_t size = (end->port->peer_count + 1) * sizeof(struct fab_flow_hop_copy);

    end->own = fab_memory_alloc("flow queue", sizeof(*end->own), FAB_CACHE_LINE, socket);
    if (!end->own) {
        rte_ring_free(strays);
        return false;
    }
    end->own->strays = strays;
    end->own->hops = fab_memory_alloc("flow hops", size, FAB_CACHE_LINE, socket);
    return strays && end->own->hops;
}

void
fab_flow_queue_close(struct fab_flow_end *end)
{
    struct fab_flow_queue *queue = end->own;
    void *mbuf;

    if (!queue)
        return;
    while (queue->backlog_at < queue->backlog_count)
        rte_pktmbuf_free(queue->backlog[queue->backlog_at++]);
    while (queue->strays && rte_ring_sc_dequeue(queue->strays, &mbuf) == 0)
        rte_pktmbuf_free(mbuf);
    rte_ring_free(queue->strays);
    fab_memory_free(queue->hops);
    fab_memory_free(queue);
    end->own = NULL;
}

/* --- receiving -------------------------------------------------------------------------------- */

static bool
is_own(const struct fab_flow_end *end, const struct fab_packet *packet)
{
    const struct fab_flow_port *port = end->port;

    return packet->kind == FAB_PACKET_UDP &&
           packet->target_port == port->udp_port_base + end->lcore &&
           fab_ip_is_equal(&packet->target, &port->local.address) &&
           fab_flow_port_is_in_vlan(port, packet);
}

/* Takes the mbuf. */
static void
on_frame(struct fab_flow_end *end, struct rte_mbuf *mbuf, uint64_t now_ns)
{
    struct fab_packet packet;
    enum fab_packet_refusal refusal =
        fab_packet_decode(rte_pktmbuf_mtod(mbuf, const void *), mbuf->data_len, &packet);

    if (fab_likely(refusal == FAB_PACKET_OK && is_own(end, &packet))) {
        end->counters.frames_steered++;
        fab_flow_end_receive(end,
                             &(struct fab_flow_payload){ .bytes = packet.payload,
                                                         .size = packet.payload_size,
                                                         .is_marked = packet.is_marked },
                             now_ns);
        rte_pktmbuf_free(mbuf);
        return;
    }
    end->counters.frames_strayed++;
    if (rte_ring_sp_enqueue(end->own->strays, mbuf) != 0) {
        end->counters.strays_full++;
        rte_pktmbuf_free(mbuf);
    }
}

unsigned
fab_flow_queue_receive(struct fab_flow_end *end, unsigned frames, uint64_t now_ns)
{
    struct fab_flow_queue *queue = end->own;
    unsigned taken = 0;

    if (queue->backlog_at == queue->backlog_count) {
        queue->backlog_at = 0;
        queue->backlog_count =
            fab_port_receive(end->port->port, end->queue, queue->backlog, FAB_PORT_BURST, now_ns);
    }
    for (;
         queue->backlog_at < queue->backlog_count && fab_flow_end_may_receive(end, frames + taken);
         taken++)
        on_frame(end, queue->backlog[queue->backlog_at++], now_ns);
    return taken;
}

unsigned
fab_flow_queue_take_strays(struct fab_flow_port *port, uint64_t now_ns)
{
    const struct fab_flow_end *local = port->ends[port->lcore];
    unsigned frames = 0;
    void *mbuf;

    for (unsigned i = 0; i < port->lcore_count; i++) {
        const struct fab_flow_queue *queue = port->ends[i]->own;

        while (queue && fab_flow_end_may_receive(local, frames) &&
               rte_ring_sc_dequeue(queue->strays, &mbuf) == 0) {
            fab_flow_port_on_frame(port, mbuf, now_ns);
            frames++;
        }
    }
    return frames;
}

/* --- sending ---------------------------------------------------------------------------------- */

bool
fab_flow_queue_send(struct fab_flow_end *end, struct rte_mbuf *mbuf, uint64_t now_ns)
{
    struct fab_flow_port *port = end->port;
    uint32_t peer = mbuf->hash.usr >> 16;
    struct fab_flow_hop_copy *copy = &end->own->hops[peer];

    if (!fab_flow_hop_read(&port->peers[peer].board, copy) || copy->version == 0 ||
        !copy->hop.is_usable)
        return false;
    fab_flow_port_write_headers(end, &copy->hop.headers, mbuf);
    fab_port_send(port->port, end->queue, mbuf, now_ns);
    return true;
}
