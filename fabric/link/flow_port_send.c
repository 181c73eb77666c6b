/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames to the device: of flows, raw ones of actors, answers and questions of our own. */
#include <rte_mbuf.h>
#include <rte_ring.h>

#include "base/assert.h"
#include "link/flow_port_state.h"
#include "link/flow_queue.h"

#define REPLY_SIZE_MAX 128U
#define FRAME_EXTRA    18U /* Ethernet header and tag around an IP packet */

/* Makes the headers anew when the next hop has moved, come or gone. */
static bool
renew_headers(struct fab_flow_port *port, struct fab_flow_peer_path *peer)
{
    const struct fab_neighbour *hop = fab_neighbours_at(port->neighbours, peer->hop);
    const struct fab_packet_ends ends = {
        .mac_source = port->mac,
        .mac_target = hop->mac,
        .source = port->local.address,
        .target = peer->address,
        .vlan = port->vlan,
    };

    peer->version = hop->version;
    peer->is_usable = hop->state != FAB_NEIGHBOUR_ASKING;
    if (peer->is_usable)
        fab_udp_path_init(&peer->headers, &ends);
    if (port->has_queues)
        fab_flow_hop_publish(&peer->board,
                             &(struct fab_flow_hop){ peer->headers, peer->is_usable });
    return peer->is_usable;
}

/* The frame's bytes that stand in a second buffer, and in a third. */
static void
add_tail(struct fab_udp_datagram *datagram, const struct rte_mbuf *mbuf)
{
    const struct rte_mbuf *tail = mbuf->next;

    datagram->tail = rte_pktmbuf_mtod(tail, const void *);
    datagram->tail_size = tail->data_len;
    if (!tail->next)
        return;
    datagram->end = rte_pktmbuf_mtod(tail->next, const void *);
    datagram->end_size = tail->next->data_len;
}

static inline bool
has_headers(struct fab_flow_port *port, struct fab_flow_peer_path *peer)
{
    if (fab_likely(peer->version == fab_neighbours_at(port->neighbours, peer->hop)->version))
        return peer->is_usable;
    return renew_headers(port, peer);
}

/* The card adds the payload to the sum of the pseudo header that it finds. */
static void
leave_checksum(struct fab_flow_end *end, const struct fab_udp_path *path, struct rte_mbuf *mbuf,
               uint8_t *headers)
{
    bool is_v4 = path->family == FAB_IP_V4;
    uint16_t sum = fab_udp_path_pseudo_checksum(path, mbuf->pkt_len - path->size);

    memcpy(headers + path->size - sizeof(sum), &sum, sizeof(sum));
    mbuf->l2_len = path->network_offset & 0x7fU; /* 14 or 18: a field of seven bits */
    mbuf->l3_len = is_v4 ? FAB_IPV4_SIZE : FAB_IPV6_SIZE;
    mbuf->ol_flags |= RTE_MBUF_F_TX_UDP_CKSUM | (is_v4 ? RTE_MBUF_F_TX_IPV4 : RTE_MBUF_F_TX_IPV6);
    end->counters.checksums_offloaded++;
}

void
fab_flow_port_write_headers(struct fab_flow_end *end, const struct fab_udp_path *path,
                            struct rte_mbuf *mbuf)
{
    const struct fab_flow_port *port = end->port;
    uint32_t peer = mbuf->hash.usr >> 16;
    struct fab_udp_datagram datagram = {
        .source_port = (uint16_t)mbuf->hash.fdir.hi,
        .target_port = (uint16_t)(port->peers[peer].udp_port_base + (mbuf->hash.usr & 0xffU)),
        .payload = rte_pktmbuf_mtod(mbuf, const void *),
        .payload_size = mbuf->data_len,
        .has_checksum = !port->fills_checksums,
    };
    uint8_t *headers;

    if (fab_unlikely(mbuf->nb_segs > 1))
        add_tail(&datagram, mbuf);
    headers = (uint8_t *)rte_pktmbuf_prepend(mbuf, path->size);
    FAB_ASSERT(headers != NULL);
    fab_udp_path_write(path, &datagram, headers);
    if (port->fills_checksums)
        leave_checksum(end, path, mbuf, headers);
}

void
fab_flow_port_send(struct fab_flow_port *port, struct rte_mbuf *mbuf, uint64_t now_ns)
{
    struct fab_flow_peer_path *peer = &port->peers[mbuf->hash.usr >> 16];

    if (fab_unlikely(!has_headers(port, peer))) {
        port->counters.no_neighbour++;
        rte_pktmbuf_free(mbuf);
        return;
    }
    fab_flow_port_write_headers(port->ends[port->lcore], &peer->headers, mbuf);
    fab_port_send(port->port, port->queue, mbuf, now_ns);
}

unsigned
fab_flow_port_collect(struct fab_flow_port *port, uint64_t now_ns)
{
    unsigned frames = 0;

    for (unsigned i = 0; i < port->lcore_count; i++) {
        struct rte_ring *ring = port->ends[i]->to_port;
        unsigned room = fab_port_room(port->port, port->queue);
        unsigned count = room < FAB_PORT_BURST ? room : FAB_PORT_BURST;
        void *mbufs[FAB_PORT_BURST];

        if (!ring)
            continue;
        count = rte_ring_sc_dequeue_burst(ring, mbufs, count, NULL);
        for (unsigned j = 0; j < count; j++)
            fab_flow_port_send(port, mbufs[j], now_ns);
        frames += count;
    }
    return frames;
}

unsigned
fab_flow_port_look_after_queues(struct fab_flow_port *port, uint64_t now_ns)
{
    uint32_t changes = fab_neighbours_changes(port->neighbours);

    for (uint32_t i = 0; fab_unlikely(port->changes_seen != changes) && i < port->peer_count; i++)
        (void)has_headers(port, &port->peers[i]);
    port->changes_seen = changes;
    return fab_flow_queue_take_strays(port, now_ns);
}

struct rte_mbuf *
fab_flow_port_reply_alloc(struct fab_flow_port *port)
{
    struct rte_mbuf *mbuf = fab_port_alloc(port->port, port->queue);

    if (!mbuf)
        port->counters.replies_lost++;
    FAB_ASSERT(!mbuf || rte_pktmbuf_tailroom(mbuf) >= REPLY_SIZE_MAX);
    return mbuf;
}

void
fab_flow_port_reply(struct fab_flow_port *port, struct rte_mbuf *mbuf, uint64_t now_ns)
{
    if (fab_port_room(port->port, port->queue) == 0) {
        port->counters.replies_lost++;
        rte_pktmbuf_free(mbuf);
        return;
    }
    fab_port_send(port->port, port->queue, mbuf, now_ns);
}

void
fab_flow_port_doubt(struct fab_flow_port *port, uint32_t peer, uint64_t now_ns)
{
    fab_neighbours_doubt(port->neighbours, port->peers[peer].hop, now_ns);
}

/* Returns the size of the frame. */
static uint16_t
write_question(struct fab_flow_port *port, const struct fab_neighbour_question *question,
               void *buffer)
{
    struct fab_packet_ends ends = {
        .mac_source = port->mac,
        .mac_target = question->mac,
        .source = port->local.address,
        .target = question->ip,
        .vlan = port->vlan,
    };

    if (!question->is_announcement)
        return (uint16_t)fab_packet_encode_question(&ends, buffer);
    ends.mac_target = fab_mac_broadcast;
    port->counters.announced++;
    return (uint16_t)fab_packet_encode_answer(&ends, buffer);
}

void
fab_flow_port_ask_neighbours(struct fab_flow_port *port, uint64_t now_ns)
{
    struct fab_neighbour_question question;

    for (unsigned i = 0; i < FAB_PORT_BURST; i++) {
        struct rte_mbuf *mbuf;

        if (!fab_neighbours_ask(port->neighbours, now_ns, &question))
            break;
        mbuf = fab_flow_port_reply_alloc(port);
        if (!mbuf)
            break;
        mbuf->data_len = write_question(port, &question, rte_pktmbuf_mtod(mbuf, void *));
        mbuf->pkt_len = mbuf->data_len;
        fab_flow_port_reply(port, mbuf, now_ns);
    }
}

enum myc_status
fab_flow_port_transmit(struct fab_flow_port *port, const void *bytes, uint32_t size,
                       uint64_t now_ns)
{
    struct rte_mbuf *mbuf;

    if (size < FAB_ETHERNET_SIZE)
        return MYC_INVALID;
    if (size > fab_port_info(port->port)->mtu + FRAME_EXTRA) {
        port->counters.raw_too_big++;
        return MYC_TOO_BIG;
    }
    mbuf = fab_port_room(port->port, port->queue) ? fab_port_alloc(port->port, port->queue) : NULL;
    if (!mbuf) {
        port->counters.raw_full++;
        return MYC_FULL;
    }
    memcpy(rte_pktmbuf_append(mbuf, (uint16_t)size), bytes, size);
    port->counters.raw_sent++;
    fab_port_send(port->port, port->queue, mbuf, now_ns);
    return MYC_OK;
}

void
fab_flow_port_flush(struct fab_flow_port *port, uint64_t now_ns)
{
    fab_port_flush(port->port, port->queue, now_ns);
}
