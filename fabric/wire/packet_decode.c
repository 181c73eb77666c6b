/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/packet_format.h"

/* Bytes that are left to read. */
struct cursor {
    const uint8_t *at;
    size_t size;
};

static void
skip(struct cursor *cursor, size_t size)
{
    cursor->at += size;
    cursor->size -= size;
}

static enum fab_packet_refusal
decode_ethernet(struct cursor *cursor, struct fab_packet *packet)
{
    if (cursor->size < FAB_ETHERNET_SIZE)
        return FAB_PACKET_REFUSED_cut_ethernet;
    memcpy(packet->mac_target.bytes, cursor->at, 6);
    memcpy(packet->mac_source.bytes, cursor->at + 6, 6);
    packet->ethertype = load_be16(cursor->at + 12);
    skip(cursor, FAB_ETHERNET_SIZE);
    for (unsigned tags = 0; packet->ethertype == TYPE_VLAN || packet->ethertype == TYPE_VLAN_AD;
         tags++) {
        if (tags == VLAN_TAGS_MAX)
            return FAB_PACKET_REFUSED_vlan_tags;
        if (cursor->size < FAB_VLAN_SIZE)
            return FAB_PACKET_REFUSED_cut_ethernet;
        if (tags == 0)
            packet->vlan = load_be16(cursor->at) & VLAN_ID_MASK;
        packet->ethertype = load_be16(cursor->at + 2);
        skip(cursor, FAB_VLAN_SIZE);
    }
    return FAB_PACKET_OK;
}

static enum fab_packet_refusal
decode_arp(const struct cursor *cursor, struct fab_packet *packet)
{
    const uint8_t *at = cursor->at;
    uint16_t operation;

    if (cursor->size < ARP_SIZE)
        return FAB_PACKET_REFUSED_cut_arp;
    operation = load_be16(at + 6);
    if (load_be16(at) != ARP_HARDWARE || load_be16(at + 2) != TYPE_IPV4 ||
        at[4] != ARP_HARDWARE_LENGTH || at[5] != ARP_PROTOCOL_LENGTH ||
        (operation != ARP_REQUEST && operation != ARP_REPLY))
        return FAB_PACKET_REFUSED_bad_arp;
    packet->kind = operation == ARP_REQUEST ? FAB_PACKET_ARP_REQUEST : FAB_PACKET_ARP_REPLY;
    memcpy(packet->link_source.bytes, at + 8, 6);
    packet->has_link_source = true;
    packet->source = fab_ip_v4(at + 14);
    packet->target = fab_ip_v4(at + 24);
    return FAB_PACKET_OK;
}

static inline enum fab_packet_refusal
decode_udp(const struct cursor *cursor, struct fab_packet *packet)
{
    uint16_t size;

    if (cursor->size < FAB_UDP_SIZE)
        return FAB_PACKET_REFUSED_cut_udp;
    size = load_be16(cursor->at + 4);
    if (size < FAB_UDP_SIZE)
        return FAB_PACKET_REFUSED_bad_udp_size;
    if (size > cursor->size)
        return FAB_PACKET_REFUSED_cut_udp;
    packet->kind = FAB_PACKET_UDP;
    packet->source_port = load_be16(cursor->at);
    packet->target_port = load_be16(cursor->at + 2);
    packet->payload = cursor->at + FAB_UDP_SIZE;
    packet->payload_size = size - FAB_UDP_SIZE;
    return FAB_PACKET_OK;
}

static enum fab_packet_refusal
decode_icmp(const struct cursor *cursor, struct fab_packet *packet)
{
    if (cursor->size < FAB_ICMP_SIZE)
        return FAB_PACKET_REFUSED_cut_icmp;
    if (fab_checksum_finish(fab_checksum_add(0, cursor->at, cursor->size)) != 0)
        return FAB_PACKET_REFUSED_bad_icmp_checksum;
    if (cursor->at[0] == ICMP_ECHO_REQUEST && cursor->at[1] == 0)
        packet->kind = FAB_PACKET_ECHO_REQUEST;
    else if (cursor->at[0] == ICMP_ECHO_REPLY && cursor->at[1] == 0)
        packet->kind = FAB_PACKET_ECHO_REPLY;
    packet->payload = cursor->at;
    packet->payload_size = (uint32_t)cursor->size;
    return FAB_PACKET_OK;
}

static enum fab_packet_refusal
decode_ipv4(struct cursor *cursor, struct fab_packet *packet)
{
    const uint8_t *at = cursor->at;
    size_t header_size;
    size_t size;

    if (cursor->size < FAB_IPV4_SIZE)
        return FAB_PACKET_REFUSED_cut_ip;
    if (at[0] >> 4 != 4)
        return FAB_PACKET_REFUSED_bad_ip_version;
    header_size = (at[0] & 15U) * 4U;
    size = load_be16(at + 2);
    if (header_size < FAB_IPV4_SIZE || header_size > size)
        return FAB_PACKET_REFUSED_bad_ip_header;
    if (size > cursor->size)
        return FAB_PACKET_REFUSED_cut_ip;
    if (fab_checksum_finish(ipv4_sum(at, header_size)) != 0)
        return FAB_PACKET_REFUSED_bad_ip_checksum;
    if (load_be16(at + 6) & IPV4_FRAGMENT_MASK)
        return FAB_PACKET_REFUSED_fragment;
    packet->is_marked = (at[1] & ECN_MASK) == ECN_MARKED;
    packet->source = fab_ip_v4(at + 12);
    packet->target = fab_ip_v4(at + 16);
    cursor->size = size;
    skip(cursor, header_size);
    if (at[9] == PROTOCOL_UDP)
        return decode_udp(cursor, packet);
    return at[9] == PROTOCOL_ICMP ? decode_icmp(cursor, packet) : FAB_PACKET_OK;
}

/* Options from `at` on; sets link_source from one of `type`. Returns whether all are sound. */
static bool
decode_neighbour_options(struct cursor options, uint8_t type, struct fab_packet *packet)
{
    while (options.size) {
        size_t size = options.size < OPTION_UNIT ? 0 : options.at[1] * OPTION_UNIT;

        if (size == 0 || size > options.size)
            return false;
        if (options.at[0] == type) {
            memcpy(packet->link_source.bytes, options.at + 2, 6);
            packet->has_link_source = true;
        }
        skip(&options, size);
    }
    return true;
}

static enum fab_packet_refusal
decode_neighbour(const struct cursor *cursor, uint8_t hop_limit, struct fab_packet *packet)
{
    bool is_question = cursor->at[0] == ICMPV6_SOLICITATION;
    struct cursor options = *cursor;

    if (cursor->size < NEIGHBOUR_SIZE || hop_limit != FAB_PACKET_TTL_NEIGHBOUR || cursor->at[1])
        return FAB_PACKET_REFUSED_bad_neighbour;
    packet->asked = fab_ip_v6(cursor->at + 8);
    if (!fab_ip_is_unicast(&packet->asked))
        return FAB_PACKET_REFUSED_bad_neighbour;
    skip(&options, NEIGHBOUR_SIZE);
    if (!decode_neighbour_options(options, is_question ? OPTION_SOURCE_LINK : OPTION_TARGET_LINK,
                                  packet))
        return FAB_PACKET_REFUSED_bad_neighbour;
    packet->kind = is_question ? FAB_PACKET_SOLICITATION : FAB_PACKET_ADVERTISEMENT;
    packet->is_solicited = !is_question && (cursor->at[4] & ADVERTISEMENT_SOLICITED);
    return FAB_PACKET_OK;
}

static enum fab_packet_refusal
decode_icmpv6(const struct cursor *cursor, uint8_t hop_limit, struct fab_packet *packet)
{
    uint64_t sum = pseudo_sum(&packet->source, &packet->target, PROTOCOL_ICMPV6);

    if (cursor->size < FAB_ICMP_SIZE)
        return FAB_PACKET_REFUSED_cut_icmp;
    sum = pseudo_sum_size(sum, (uint32_t)cursor->size);
    if (fab_checksum_finish(fab_checksum_add(sum, cursor->at, cursor->size)) != 0)
        return FAB_PACKET_REFUSED_bad_icmp_checksum;
    packet->payload = cursor->at;
    packet->payload_size = (uint32_t)cursor->size;
    switch (cursor->at[0]) {
    case ICMPV6_ECHO_REQUEST:
        packet->kind = FAB_PACKET_ECHO_REQUEST;
        return FAB_PACKET_OK;
    case ICMPV6_ECHO_REPLY:
        packet->kind = FAB_PACKET_ECHO_REPLY;
        return FAB_PACKET_OK;
    case ICMPV6_SOLICITATION:
    case ICMPV6_ADVERTISEMENT:
        return decode_neighbour(cursor, hop_limit, packet);
    default:
        return FAB_PACKET_OK;
    }
}

static enum fab_packet_refusal
decode_ipv6(struct cursor *cursor, struct fab_packet *packet)
{
    const uint8_t *at = cursor->at;
    size_t size;

    if (cursor->size < FAB_IPV6_SIZE)
        return FAB_PACKET_REFUSED_cut_ip;
    if (at[0] >> 4 != 6)
        return FAB_PACKET_REFUSED_bad_ip_version;
    size = load_be16(at + 4);
    if (size > cursor->size - FAB_IPV6_SIZE)
        return FAB_PACKET_REFUSED_cut_ip;
    packet->is_marked = (at[1] >> 4 & ECN_MASK) == ECN_MARKED;
    packet->source = fab_ip_v6(at + 8);
    packet->target = fab_ip_v6(at + 24);
    skip(cursor, FAB_IPV6_SIZE);
    cursor->size = size;
    if (at[6] == PROTOCOL_UDP)
        return decode_udp(cursor, packet);
    return at[6] == PROTOCOL_ICMPV6 ? decode_icmpv6(cursor, at[7], packet) : FAB_PACKET_OK;
}

/* Nothing is known of it yet. Addresses that its kind does not have stay as they are. */
static inline void
begin(struct fab_packet *packet)
{
    packet->kind = FAB_PACKET_OTHER;
    packet->vlan = FAB_PACKET_VLAN_NONE;
    packet->is_marked = false;
    packet->source.family = FAB_IP_NONE;
    packet->target.family = FAB_IP_NONE;
    packet->source_port = 0;
    packet->target_port = 0;
    packet->payload = NULL;
    packet->payload_size = 0;
    packet->has_link_source = false;
    packet->is_solicited = false;
}

enum fab_packet_refusal
fab_packet_decode(const void *bytes, size_t size, struct fab_packet *packet)
{
    struct cursor cursor = { bytes, size };
    enum fab_packet_refusal refusal;

    begin(packet);
    refusal = decode_ethernet(&cursor, packet);
    packet->network_offset = (uint32_t)(size - cursor.size);
    if (fab_unlikely(refusal != FAB_PACKET_OK))
        return refusal;
    switch (packet->ethertype) {
    case TYPE_IPV4:
        return decode_ipv4(&cursor, packet);
    case TYPE_IPV6:
        return decode_ipv6(&cursor, packet);
    case TYPE_ARP:
        return decode_arp(&cursor, packet);
    default:
        return FAB_PACKET_OK;
    }
}

const char *
fab_packet_refusal_name(enum fab_packet_refusal refusal)
{
    static const char *const names[] = { "",
#define NAME(name, text) #name,
                                         FAB_PACKET_REFUSALS(NAME)
#undef NAME
    };

    return names[refusal];
}

const char *
fab_packet_refusal_text(enum fab_packet_refusal refusal)
{
    static const char *const texts[] = { "",
#define TEXT(name, text) text,
                                         FAB_PACKET_REFUSALS(TEXT)
#undef TEXT
    };

    return texts[refusal];
}
