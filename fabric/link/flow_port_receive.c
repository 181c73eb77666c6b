/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames from the device: answered, handed to an end, or to a listener. */
#include <rte_mbuf.h>
#include <rte_ring.h>

#include "base/log.h"
#include "link/flow_port_state.h"

/* Sends an echo request back as its reply, in the buffer that it came in. */
static void
answer_echo(struct fab_flow_port *port, struct rte_mbuf *mbuf, const struct fab_packet *packet,
            uint64_t now_ns)
{
    struct fab_packet to = *packet;

    if (fab_mac_is_multicast(&to.mac_target))
        to.mac_target = port->mac;
    fab_packet_answer_echo(rte_pktmbuf_mtod(mbuf, void *), &to);
    rte_mbuf_refcnt_update(mbuf, 1); /* the caller frees its own */
    port->counters.echoes_answered++;
    fab_flow_port_reply(port, mbuf, now_ns);
}

/* Another card says that it has our address: one of the two hears nothing. */
static void
on_conflict(struct fab_flow_port *port, const struct fab_mac *mac)
{
    const uint8_t *at = mac->bytes;

    port->counters.address_conflicts++;
    if (port->has_told_conflict)
        return;
    port->has_told_conflict = true;
    fab_log(FAB_LOG_WARNING,
            "port '%s': %02x:%02x:%02x:%02x:%02x:%02x has the port's address, too: give one of "
            "the two another `address`",
            port->name, at[0], at[1], at[2], at[3], at[4], at[5]);
}

/* A packet says that `ip` is at `mac`. */
static void
on_answer(struct fab_flow_port *port, const struct fab_ip *ip, const struct fab_mac *mac,
          uint64_t now_ns)
{
    if (fab_likely(!fab_ip_is_equal(ip, &port->local.address)))
        fab_neighbours_on_answer(port->neighbours, ip, mac, now_ns);
    else if (!fab_mac_is_equal(mac, &port->mac)) /* else it is our own, come back */
        on_conflict(port, mac);
}

/* Says where we are to whoever asks, and remembers where he is if he is a hop of ours. */
static void
answer_question(struct fab_flow_port *port, const struct fab_packet *packet,
                const struct fab_ip *asked, uint64_t now_ns)
{
    struct fab_packet_ends ends = {
        .mac_source = port->mac,
        .mac_target = packet->has_link_source ? packet->link_source : packet->mac_source,
        .source = port->local.address,
        .target = packet->source,
        .vlan = packet->vlan,
    };
    struct rte_mbuf *mbuf;

    if (fab_ip_is_unicast(&packet->source))
        on_answer(port, &packet->source, &ends.mac_target, now_ns);
    if (!fab_ip_is_equal(asked, &port->local.address))
        return;
    mbuf = fab_flow_port_reply_alloc(port);
    if (!mbuf)
        return;
    mbuf->data_len = (uint16_t)fab_packet_encode_answer(&ends, rte_pktmbuf_mtod(mbuf, void *));
    mbuf->pkt_len = mbuf->data_len;
    port->counters.questions_answered++;
    fab_flow_port_reply(port, mbuf, now_ns);
}

/* Takes the mbuf: cuts it down to the payload and puts it on the way to its lcore. */
static void
forward(struct fab_flow_port *port, struct fab_flow_end *end, struct rte_mbuf *mbuf,
        const struct fab_packet *packet)
{
    uint32_t before = (uint32_t)(packet->payload - rte_pktmbuf_mtod(mbuf, const uint8_t *));

    rte_pktmbuf_adj(mbuf, (uint16_t)before);
    rte_pktmbuf_trim(mbuf, (uint16_t)(mbuf->data_len - packet->payload_size));
    mbuf->hash.usr = packet->is_marked;
    if (rte_ring_sp_enqueue(end->from_port, mbuf) != 0) {
        port->counters.forward_full++;
        rte_pktmbuf_free(mbuf);
    }
}

/* Frames of other VLANs are for listeners only. */
static void
listen(struct fab_flow_port *port, const struct rte_mbuf *mbuf, const struct fab_packet *packet,
       uint64_t now_ns)
{
    bool is_ours = !port->has_address || fab_flow_port_is_in_vlan(port, packet);
    uint8_t place = port->listener_of[packet->target_port];
    const struct fab_flow_listener *listener;

    if (place == 0)
        place = port->listener_of[0];
    if (place == 0) {
        ++*(is_ours ? &port->counters.unclaimed : &port->counters.foreign_vlan);
        return;
    }
    listener = &port->listeners[place - 1];
    port->counters.raw_received++;
    listener->on_frame(listener->context, rte_pktmbuf_mtod(mbuf, const void *), mbuf->data_len,
                       fab_port_rx_time(port->port, port->queue, mbuf, now_ns));
}

/* Takes the mbuf. */
static void
on_udp(struct fab_flow_port *port, struct rte_mbuf *mbuf, const struct fab_packet *packet,
       uint64_t now_ns)
{
    uint32_t lcore = (uint32_t)packet->target_port - port->udp_port_base;
    struct fab_flow_end *end;

    if (!port->has_address || lcore >= port->lcore_count ||
        !fab_ip_is_equal(&packet->target, &port->local.address) ||
        !fab_flow_port_is_in_vlan(port, packet)) {
        listen(port, mbuf, packet, now_ns);
        rte_pktmbuf_free(mbuf);
        return;
    }
    port->counters.flow_frames++;
    end = port->ends[lcore];
    if (!end->is_local) {
        forward(port, end, mbuf, packet);
        return;
    }
    fab_flow_end_receive(end,
                         &(struct fab_flow_payload){ .bytes = packet->payload,
                                                     .size = packet->payload_size,
                                                     .is_marked = packet->is_marked },
                         now_ns);
    rte_pktmbuf_free(mbuf);
}

static void
on_other(struct fab_flow_port *port, struct rte_mbuf *mbuf, const struct fab_packet *packet,
         uint64_t now_ns)
{
    switch (port->has_address && fab_flow_port_is_in_vlan(port, packet) ? packet->kind
                                                                        : FAB_PACKET_OTHER) {
    case FAB_PACKET_ARP_REQUEST:
        answer_question(port, packet, &packet->target, now_ns);
        break;
    case FAB_PACKET_SOLICITATION:
        answer_question(port, packet, &packet->asked, now_ns);
        break;
    case FAB_PACKET_ARP_REPLY:
        on_answer(port, &packet->source, &packet->link_source, now_ns);
        break;
    case FAB_PACKET_ADVERTISEMENT:
        if (packet->has_link_source)
            on_answer(port, &packet->asked, &packet->link_source, now_ns);
        break;
    case FAB_PACKET_ECHO_REQUEST:
        if (fab_ip_is_equal(&packet->target, &port->local.address))
            answer_echo(port, mbuf, packet, now_ns);
        break;
    default:
        listen(port, mbuf, packet, now_ns);
    }
}

void
fab_flow_port_on_frame(struct fab_flow_port *port, struct rte_mbuf *mbuf, uint64_t now_ns)
{
    struct fab_packet packet;
    enum fab_packet_refusal refusal =
        fab_packet_decode(rte_pktmbuf_mtod(mbuf, const void *), mbuf->data_len, &packet);

    if (fab_likely(refusal == FAB_PACKET_OK && packet.kind == FAB_PACKET_UDP)) {
        on_udp(port, mbuf, &packet, now_ns);
        return;
    }
    if (refusal == FAB_PACKET_OK)
        on_other(port, mbuf, &packet, now_ns);
    else
        port->counters.refused[refusal]++;
    rte_pktmbuf_free(mbuf);
}

unsigned
fab_flow_port_receive(struct fab_flow_port *port, uint64_t now_ns)
{
    const struct fab_flow_end *end = port->ends[port->lcore];
    unsigned frames = 0;

    if (port->backlog_at == port->backlog_count) {
        port->backlog_at = 0;
        port->backlog_count =
            fab_port_receive(port->port, port->queue, port->backlog, FAB_PORT_BURST, now_ns);
    }
    for (; port->backlog_at < port->backlog_count && fab_flow_end_may_receive(end, frames);
         frames++)
        fab_flow_port_on_frame(port, port->backlog[port->backlog_at++], now_ns);
    return frames;
}
