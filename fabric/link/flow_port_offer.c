/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which of the frames that a program offers are ours. Decided on its thread, from what is constant
 * while the port is there, and without touching the frame: what is not ours stays the program's.
 *
 * Whose frames they are is one question, asked by address; flow_port_receive.c asks again what each
 * of them is, when the port's lcore has it.
 */
#include <rte_mbuf.h>

#include "link/flow_port_state.h"

#define FRAME_SIZE_MAX (FAB_PORT_MTU_MAX + 26U)
#define GROUP_V4       0x01U /* first byte of the link address of an IPv4 group: a feed's */

static bool
is_target(const struct fab_flow_port *port, const struct fab_packet *packet)
{
    return fab_ip_is_equal(&packet->target, &port->local.address);
}

static bool
is_ours(const struct fab_flow_port *port, const struct fab_packet *packet)
{
    if (!fab_flow_port_is_in_vlan(port, packet))
        return false;
    switch (packet->kind) {
    case FAB_PACKET_UDP:
        return (uint32_t)packet->target_port - port->udp_port_base < port->lcore_count &&
               is_target(port, packet);
    case FAB_PACKET_SOLICITATION:
        return fab_ip_is_equal(&packet->asked, &port->local.address);
    case FAB_PACKET_ARP_REQUEST:
    case FAB_PACKET_ARP_REPLY:
    case FAB_PACKET_ADVERTISEMENT:
    case FAB_PACKET_ECHO_REQUEST:
        return is_target(port, packet);
    default:
        return false;
    }
}

bool
fab_flow_port_is_offered(const struct fab_flow_port *port, const struct rte_mbuf *mbuf)
{
    const struct fab_port_info *info = fab_port_info(port->port);

    return info->is_borrowed && info->id == mbuf->port;
}

bool
fab_flow_port_offer(struct fab_flow_port *port, struct rte_mbuf *mbuf)
{
    uint8_t whole[FRAME_SIZE_MAX];
    const uint8_t *bytes;
    struct fab_packet packet;

    fab_port_count_offer(port->port);
    if (!port->has_address || mbuf->pkt_len > sizeof(whole) ||
        mbuf->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) /* then we are in no VLAN */
        return false;
    bytes = rte_pktmbuf_read(mbuf, 0, mbuf->pkt_len, whole); /* copies frames of several pieces */
    if (!bytes || bytes[0] == GROUP_V4 ||
        fab_packet_decode(bytes, mbuf->pkt_len, &packet) != FAB_PACKET_OK ||
        !is_ours(port, &packet))
        return false;
    fab_port_offer(port->port, mbuf);
    return true;
}
