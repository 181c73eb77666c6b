/* SPDX-License-Identifier: BSD-3-Clause */
/* The numbers that both directions of the packet codec need: see wire/packet.h. Private to it. */
#ifndef FAB_WIRE_PACKET_FORMAT_H
#define FAB_WIRE_PACKET_FORMAT_H

#include "base/compiler.h"
#include "wire/checksum.h"
#include "wire/packet.h"

#define TYPE_IPV4     0x0800U
#define TYPE_ARP      0x0806U
#define TYPE_IPV6     0x86ddU
#define TYPE_VLAN     0x8100U
#define TYPE_VLAN_AD  0x88a8U
#define VLAN_ID_MASK  0x0fffU
#define VLAN_TAGS_MAX 2U

#define ARP_SIZE            28U
#define ARP_HARDWARE        1U /* Ethernet */
#define ARP_HARDWARE_LENGTH 6U
#define ARP_PROTOCOL_LENGTH 4U
#define ARP_REQUEST         1U
#define ARP_REPLY           2U

#define PROTOCOL_ICMP   1U
#define PROTOCOL_UDP    17U
#define PROTOCOL_ICMPV6 58U

#define ICMP_ECHO_REPLY         0U
#define ICMP_ECHO_REQUEST       8U
#define ICMPV6_ECHO_REQUEST     128U
#define ICMPV6_ECHO_REPLY       129U
#define ICMPV6_SOLICITATION     135U
#define ICMPV6_ADVERTISEMENT    136U
#define NEIGHBOUR_SIZE          24U /* ICMPv6 header, flags and address */
#define OPTION_SOURCE_LINK      1U
#define OPTION_TARGET_LINK      2U
#define OPTION_UNIT             8U
#define ADVERTISEMENT_SOLICITED 0x40U
#define ADVERTISEMENT_OVERRIDE  0x20U

#define ECN_MASK    3U
#define ECN_CAPABLE 2U /* ECT(0): mark us instead of dropping */
#define ECN_MARKED  3U /* CE */

#define IPV4_DONT_FRAGMENT 0x4000U
#define IPV4_FRAGMENT_MASK 0x3fffU /* more fragments, and the offset */

static inline uint16_t
load_be16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static inline void
store_be16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

/* A checksum comes from memory in no order of its own. */
static inline void
store_checksum(uint8_t *at, uint16_t checksum)
{
    memcpy(at, &checksum, sizeof(checksum));
}

/* The pseudo header of UDP and ICMPv6 as far as it is constant: addresses and protocol. */
static inline uint64_t
pseudo_sum(const struct fab_ip *source, const struct fab_ip *target, uint8_t protocol)
{
    size_t size = source->family == FAB_IP_V4 ? 4 : 16;
    uint8_t word[4] = { 0, protocol, 0, 0 };
    uint64_t sum = fab_checksum_add(0, source->bytes, size);

    sum = fab_checksum_add(sum, target->bytes, size);
    return fab_checksum_add(sum, word, sizeof(word));
}

/* What a 16-bit field of a header adds to a sum, as it will lie in memory. Sums of headers are far
 * from carrying. */
static inline uint64_t
sum_of_be16(uint32_t value)
{
    uint8_t bytes[2];
    uint16_t word;

    store_be16(bytes, value);
    memcpy(&word, bytes, sizeof(word));
    return word;
}

/* A length that belongs to a pseudo header. */
static inline uint64_t
pseudo_sum_size(uint64_t sum, uint32_t size)
{
    return sum + sum_of_be16(size);
}

/* The sum of an IPv4 header, mostly without options. */
static inline uint64_t
ipv4_sum(const uint8_t *at, size_t size)
{
    uint32_t words[FAB_IPV4_SIZE / 4];

    if (fab_unlikely(size != sizeof(words)))
        return fab_checksum_add(0, at, size);
    memcpy(words, at, sizeof(words));
    return (uint64_t)words[0] + words[1] + words[2] + words[3] + words[4];
}

#endif
