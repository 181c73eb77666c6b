/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/packet_format.h"

/* Headers without a tag. */
#define UDP_V4_SIZE (FAB_ETHERNET_SIZE + FAB_IPV4_SIZE + FAB_UDP_SIZE)

/* ff02::1:ffxx:xxxx, to which whoever has an address that ends so listens (RFC 4291). */
static const uint8_t solicited_node[13] = { 0xff, 0x02, [11] = 0x01, [12] = 0xff };
static const uint8_t all_nodes[16] = { 0xff, 0x02, [15] = 0x01 };

static size_t
put_ethernet(uint8_t *at, const struct fab_packet_ends *ends, uint32_t ethertype)
{
    memcpy(at, ends->mac_target.bytes, 6);
    memcpy(at + 6, ends->mac_source.bytes, 6);
    if (ends->vlan == FAB_PACKET_VLAN_NONE) {
        store_be16(at + 12, ethertype);
        return FAB_ETHERNET_SIZE;
    }
    store_be16(at + 12, TYPE_VLAN);
    store_be16(at + 14, ends->vlan);
    store_be16(at + 16, ethertype);
    return FAB_ETHERNET_SIZE + FAB_VLAN_SIZE;
}

/* A card need not pad what is shorter than Ethernet allows. */
static size_t
pad(uint8_t *buffer, size_t size)
{
    if (size >= FAB_PACKET_SIZE_MIN)
        return size;
    memset(buffer + size, 0, FAB_PACKET_SIZE_MIN - size);
    return FAB_PACKET_SIZE_MIN;
}

static size_t
encode_arp(const struct fab_packet_ends *ends, uint32_t operation, uint8_t *buffer)
{
    size_t size = put_ethernet(buffer, ends, TYPE_ARP);
    uint8_t *at = buffer + size;

    store_be16(at, ARP_HARDWARE);
    store_be16(at + 2, TYPE_IPV4);
    at[4] = ARP_HARDWARE_LENGTH;
    at[5] = ARP_PROTOCOL_LENGTH;
    store_be16(at + 6, operation);
    memcpy(at + 8, ends->mac_source.bytes, 6);
    memcpy(at + 14, ends->source.bytes, 4);
    if (fab_mac_is_multicast(&ends->mac_target))
        memset(at + 18, 0, 6);
    else
        memcpy(at + 18, ends->mac_target.bytes, 6);
    memcpy(at + 24, ends->target.bytes, 4);
    return pad(buffer, size + ARP_SIZE);
}

static void
put_ipv6(uint8_t *at, const struct fab_packet_ends *ends, uint8_t protocol, uint8_t hop_limit)
{
    memset(at, 0, 8);
    at[0] = 6 << 4;
    at[6] = protocol;
    at[7] = hop_limit;
    memcpy(at + 8, ends->source.bytes, 16);
    memcpy(at + 24, ends->target.bytes, 16);
}

/* An ICMPv6 neighbour message with one link address option. */
struct neighbour_message {
    uint8_t type;
    uint8_t flags;
    uint8_t option;
    const struct fab_ip *asked;
};

static size_t
encode_neighbour(const struct fab_packet_ends *ends, const struct neighbour_message *message,
                 uint8_t *buffer)
{
    size_t offset = put_ethernet(buffer, ends, TYPE_IPV6);
    uint8_t *ip = buffer + offset;
    uint8_t *icmp = ip + FAB_IPV6_SIZE;
    uint32_t size = NEIGHBOUR_SIZE + OPTION_UNIT;
    uint64_t sum = pseudo_sum(&ends->source, &ends->target, PROTOCOL_ICMPV6);

    put_ipv6(ip, ends, PROTOCOL_ICMPV6, FAB_PACKET_TTL_NEIGHBOUR);
    store_be16(ip + 4, size);
    memset(icmp, 0, size);
    icmp[0] = message->type;
    icmp[4] = message->flags;
    memcpy(icmp + 8, message->asked->bytes, 16);
    icmp[NEIGHBOUR_SIZE] = message->option;
    icmp[NEIGHBOUR_SIZE + 1] = 1;
    memcpy(icmp + NEIGHBOUR_SIZE + 2, ends->mac_source.bytes, 6);
    sum = fab_checksum_add(pseudo_sum_size(sum, size), icmp, size);
    store_checksum(icmp + 2, fab_checksum_finish(sum));
    return offset + FAB_IPV6_SIZE + size;
}

static void
ethernet_multicast_of(const uint8_t ip[16], struct fab_mac *mac)
{
    mac->bytes[0] = 0x33;
    mac->bytes[1] = 0x33;
    memcpy(mac->bytes + 2, ip + 12, 4);
}

size_t
fab_packet_encode_question(const struct fab_packet_ends *ends, void *buffer)
{
    static const struct fab_mac nobody;
    bool is_to_all = fab_mac_is_equal(&ends->mac_target, &nobody);
    struct fab_packet_ends to = *ends;
    struct neighbour_message message = {
        .type = ICMPV6_SOLICITATION,
        .option = OPTION_SOURCE_LINK,
        .asked = &ends->target,
    };

    if (ends->source.family == FAB_IP_V4) {
        if (is_to_all)
            to.mac_target = fab_mac_broadcast;
        return encode_arp(&to, ARP_REQUEST, buffer);
    }
    if (is_to_all) {
        memcpy(to.target.bytes, solicited_node, sizeof(solicited_node));
        ethernet_multicast_of(to.target.bytes, &to.mac_target);
    }
    return encode_neighbour(&to, &message, buffer);
}

size_t
fab_packet_encode_answer(const struct fab_packet_ends *ends, void *buffer)
{
    struct fab_packet_ends to = *ends;
    bool is_to_all = fab_mac_is_multicast(&ends->mac_target);
    struct neighbour_message message = {
        .type = ICMPV6_ADVERTISEMENT,
        .flags = ADVERTISEMENT_OVERRIDE,
        .option = OPTION_TARGET_LINK,
        .asked = &ends->source,
    };

    if (ends->source.family == FAB_IP_V4) {
        if (is_to_all)
            to.target = ends->source; /* RFC 5227: an announcement asks for its own address */
        return encode_arp(&to, is_to_all ? ARP_REQUEST : ARP_REPLY, buffer);
    }
    if (is_to_all) {
        memcpy(to.target.bytes, all_nodes, sizeof(all_nodes));
        ethernet_multicast_of(to.target.bytes, &to.mac_target);
    } else {
        message.flags |= ADVERTISEMENT_SOLICITED;
    }
    return encode_neighbour(&to, &message, buffer);
}

void
fab_packet_answer_echo(void *bytes, const struct fab_packet *packet)
{
    uint8_t *ethernet = bytes;
    uint8_t *ip = ethernet + packet->network_offset;
    uint8_t *icmp = ethernet + (packet->payload - (const uint8_t *)bytes);
    bool is_v4 = packet->source.family == FAB_IP_V4;
    size_t size = is_v4 ? 4 : 16;
    uint8_t *ip_source = ip + (is_v4 ? 12 : 8);
    uint64_t sum = is_v4 ? 0 : pseudo_sum(&packet->source, &packet->target, PROTOCOL_ICMPV6);

    memcpy(ethernet, packet->mac_source.bytes, 6);
    memcpy(ethernet + 6, packet->mac_target.bytes, 6);
    memcpy(ip_source, packet->target.bytes, size);
    memcpy(ip_source + size, packet->source.bytes, size);
    icmp[0] = is_v4 ? ICMP_ECHO_REPLY : ICMPV6_ECHO_REPLY;
    if (!is_v4)
        sum = pseudo_sum_size(sum, packet->payload_size);
    store_checksum(icmp + 2, 0);
    sum = fab_checksum_add(sum, icmp, packet->payload_size);
    store_checksum(icmp + 2, fab_checksum_finish(sum));
}

static void
put_ipv4(uint8_t *at, const struct fab_packet_ends *ends)
{
    memset(at, 0, FAB_IPV4_SIZE);
    at[0] = 4 << 4 | FAB_IPV4_SIZE / 4;
    store_be16(at + 6, IPV4_DONT_FRAGMENT);
    at[8] = FAB_PACKET_TTL;
    at[9] = PROTOCOL_UDP;
    memcpy(at + 12, ends->source.bytes, 4);
    memcpy(at + 16, ends->target.bytes, 4);
}

void
fab_udp_path_init(struct fab_udp_path *path, const struct fab_packet_ends *ends)
{
    bool is_v4 = ends->source.family == FAB_IP_V4;
    size_t offset;

    memset(path, 0, sizeof(*path));
    offset = put_ethernet(path->headers, ends, is_v4 ? TYPE_IPV4 : TYPE_IPV6);
    path->network_offset = (uint8_t)offset;
    path->family = ends->source.family;
    path->pseudo_sum = pseudo_sum(&ends->source, &ends->target, PROTOCOL_UDP);
    if (is_v4) {
        put_ipv4(path->headers + offset, ends);
        path->headers[offset + 1] = ECN_CAPABLE;
        path->ip_sum = fab_checksum_add(0, path->headers + offset, FAB_IPV4_SIZE);
    } else {
        put_ipv6(path->headers + offset, ends, PROTOCOL_UDP, FAB_PACKET_TTL);
        path->headers[offset + 1] = ECN_CAPABLE << 4;
    }
    path->size = (uint8_t)(offset + (is_v4 ? FAB_IPV4_SIZE : FAB_IPV6_SIZE) + FAB_UDP_SIZE);
}

void
fab_udp_path_write(const struct fab_udp_path *path, const struct fab_udp_datagram *datagram,
                   uint8_t *headers)
{
    uint32_t size =
        FAB_UDP_SIZE + datagram->payload_size + datagram->tail_size + datagram->end_size;
    uint8_t *ip = headers + path->network_offset;
    uint8_t *udp = headers + path->size - FAB_UDP_SIZE;
    uint16_t checksum = 0;

    if (fab_likely(path->size == UDP_V4_SIZE))
        memcpy(headers, path->headers, UDP_V4_SIZE); /* of a known size: no call */
    else
        memcpy(headers, path->headers, path->size);
    if (path->family == FAB_IP_V4) {
        store_be16(ip + 2, FAB_IPV4_SIZE + size);
        store_checksum(ip + 10,
                       fab_checksum_finish(path->ip_sum + sum_of_be16(FAB_IPV4_SIZE + size)));
    } else {
        store_be16(ip + 4, size);
    }
    store_be16(udp, datagram->source_port);
    store_be16(udp + 2, datagram->target_port);
    store_be16(udp + 4, size);
    if (datagram->has_checksum) {
        uint64_t sum = pseudo_sum_size(path->pseudo_sum, size) +
                       sum_of_be16(datagram->source_port) + sum_of_be16(datagram->target_port) +
                       sum_of_be16(size);

        sum = fab_checksum_add(sum, datagram->payload, datagram->payload_size);
        if (fab_unlikely(datagram->tail_size > 0))
            sum = fab_checksum_add(sum, datagram->tail, datagram->tail_size);
        if (fab_unlikely(datagram->end_size > 0))
            sum = fab_checksum_add(sum, datagram->end, datagram->end_size);
        checksum = fab_checksum_finish(sum);
        checksum = checksum ? checksum : 0xffffU; /* 0 would say that there is none */
    }
    store_checksum(udp + 6, checksum);
}

uint16_t
fab_udp_path_pseudo_checksum(const struct fab_udp_path *path, uint32_t payload_size)
{
    uint64_t sum = pseudo_sum_size(path->pseudo_sum, FAB_UDP_SIZE + payload_size);

    return (uint16_t)~fab_checksum_finish(sum);
}
