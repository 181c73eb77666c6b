/* SPDX-License-Identifier: BSD-3-Clause */
#include "frame.h"

#define ETHERNET_SIZE        14U
#define ETHERNET_TYPE_AT     12U
#define TAG_SIZE             4U
#define TYPE_IPV4            0x0800U
#define TYPE_VLAN            0x8100U
#define TYPE_SERVICE_VLAN    0x88a8U
#define IPV4_SIZE            20U
#define IPV4_SIZE_MAX        60U
#define IPV4_FRAGMENT_BITS   0x3fffU /* more fragments, or an offset */
#define IPV4_DO_NOT_FRAGMENT 0x4000U
#define PROTOCOL_UDP         17U
#define UDP_SIZE             8U
#define TTL                  16U

/* The parts of a frame that were found so far. */
struct parts {
    struct market_bytes ip;  /* header and payload, without the frame's padding */
    struct market_bytes udp; /* header and payload */
};

/* Ones' complement sum of RFC 1071 over big-endian words; an odd last byte is padded with 0. */
static uint32_t
add_words(uint32_t sum, const uint8_t *data, size_t size)
{
    size_t i;

    for (i = 0; i + 1 < size; i += 2)
        sum += market_be16(data + i);
    if (i < size)
        sum += (uint32_t)data[i] << 8;
    return sum;
}

static uint16_t
fold(uint32_t sum)
{
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

/* The UDP sum with its pseudo header: addresses, protocol and length. */
static uint16_t
sum_udp(const uint8_t *ip, const uint8_t *udp, size_t size)
{
    uint32_t sum = PROTOCOL_UDP + (uint32_t)size;

    sum = add_words(sum, ip + 12, 8);
    return fold(add_words(sum, udp, size));
}

/* Each of the steps below returns NULL when all is well, else the counter that names the cause. */

static uint64_t *
find_ip(struct market_bytes frame, struct market_frame_counters *counters, struct parts *parts)
{
    size_t offset = ETHERNET_TYPE_AT;
    uint16_t type;

    if (frame.size < ETHERNET_SIZE)
        return &counters->cut;
    type = market_be16(frame.data + offset);
    for (uint32_t i = 0; i < MARKET_FRAME_TAGS_MAX; i++) {
        if (type != TYPE_VLAN && type != TYPE_SERVICE_VLAN)
            break;
        offset += TAG_SIZE;
        if (frame.size < offset + 2)
            return &counters->cut;
        type = market_be16(frame.data + offset);
    }
    if (type != TYPE_IPV4)
        return &counters->not_ipv4;
    parts->ip.data = frame.data + offset + 2;
    parts->ip.size = frame.size - (offset + 2);
    return NULL;
}

static uint64_t *
find_udp(struct market_frame_counters *counters, struct parts *parts)
{
    const uint8_t *ip = parts->ip.data;

    if (parts->ip.size < IPV4_SIZE)
        return &counters->cut;
    size_t header_size = (ip[0] & 0xfU) * 4U;
    size_t total = market_be16(ip + 2);

    if (ip[0] >> 4 != 4 || header_size < IPV4_SIZE || total < header_size)
        return &counters->bad_header;
    if (total > parts->ip.size)
        return &counters->cut;
    if (ip[9] != PROTOCOL_UDP)
        return &counters->not_udp;
    if ((market_be16(ip + 6) & IPV4_FRAGMENT_BITS) != 0)
        return &counters->fragments;
    parts->ip.size = total;
    parts->udp.data = ip + header_size;
    parts->udp.size = total - header_size;
    if (parts->udp.size < UDP_SIZE)
        return &counters->bad_header;
    size_t size = market_be16(parts->udp.data + 4);

    if (size < UDP_SIZE || size > parts->udp.size)
        return &counters->bad_header;
    parts->udp.size = size;
    return NULL;
}

static uint64_t *
check_sums(struct market_frame_counters *counters, const struct parts *parts)
{
    const uint8_t *ip = parts->ip.data;
    size_t header_size = (size_t)(parts->udp.data - ip);

    if (fold(add_words(0, ip, header_size)) != 0xffff)
        return &counters->bad_checksum;
    if (market_be16(parts->udp.data + 6) != 0 &&
        sum_udp(ip, parts->udp.data, parts->udp.size) != 0xffff)
        return &counters->bad_checksum;
    return NULL;
}

static uint64_t *
check_filter(struct market_frame_counters *counters, const struct market_frame_filter *filter,
             const struct parts *parts)
{
    uint32_t ip = market_be32(parts->ip.data + 16);
    uint16_t port = market_be16(parts->udp.data + 2);

    if ((filter->group_ip != 0 && filter->group_ip != ip) ||
        (filter->group_port != 0 && filter->group_port != port))
        return &counters->other_group;
    return NULL;
}

static void
read_address(struct market_bytes frame, const struct parts *parts,
             struct market_frame_address *address)
{
    memcpy(address->source_mac, frame.data + 6, sizeof(address->source_mac));
    address->source_ip = market_be32(parts->ip.data + 12);
    address->group_ip = market_be32(parts->ip.data + 16);
    address->source_port = market_be16(parts->udp.data);
    address->group_port = market_be16(parts->udp.data + 2);
}

bool
market_frame_decode(struct market_bytes frame, const struct market_frame_filter *filter,
                    struct market_frame_counters *counters, struct market_bytes *payload,
                    struct market_frame_address *address)
{
    struct parts parts;
    uint64_t *cause;

    counters->frames++;
    cause = find_ip(frame, counters, &parts);
    if (cause == NULL)
        cause = find_udp(counters, &parts);
    if (cause == NULL && filter->is_checksum_wanted)
        cause = check_sums(counters, &parts);
    if (cause == NULL)
        cause = check_filter(counters, filter, &parts);
    if (cause != NULL) {
        (*cause)++;
        return false;
    }
    counters->payloads++;
    payload->data = parts.udp.data + UDP_SIZE;
    payload->size = parts.udp.size - UDP_SIZE;
    if (address != NULL)
        read_address(frame, &parts, address);
    return true;
}

static void
write_ip(uint8_t *ip, const struct market_frame_address *address, size_t total)
{
    memset(ip, 0, IPV4_SIZE);
    ip[0] = 0x45;
    market_put_be16(ip + 2, (uint16_t)total);
    market_put_be16(ip + 6, IPV4_DO_NOT_FRAGMENT);
    ip[8] = TTL;
    ip[9] = PROTOCOL_UDP;
    market_put_be32(ip + 12, address->source_ip);
    market_put_be32(ip + 16, address->group_ip);
    market_put_be16(ip + 10, (uint16_t)~fold(add_words(0, ip, IPV4_SIZE)));
}

static void
write_udp(const uint8_t *ip, uint8_t *udp, const struct market_frame_address *address, size_t size)
{
    market_put_be16(udp, address->source_port);
    market_put_be16(udp + 2, address->group_port);
    market_put_be16(udp + 4, (uint16_t)size);
    market_put_be16(udp + 6, 0);
    uint16_t sum = (uint16_t)~sum_udp(ip, udp, size);

    /* 0 would mean that there is no checksum (RFC 768). */
    market_put_be16(udp + 6, sum != 0 ? sum : 0xffff);
}

size_t
market_frame_encode(const struct market_frame_address *address, struct market_bytes payload,
                    uint8_t *frame, size_t capacity)
{
    uint8_t *ip = frame + ETHERNET_SIZE;
    uint8_t *udp = ip + IPV4_SIZE;
    size_t size = MARKET_FRAME_HEADER_SIZE + payload.size;

    if (payload.size > UINT16_MAX - IPV4_SIZE - UDP_SIZE || size > capacity)
        return 0;
    frame[0] = 0x01;
    frame[1] = 0x00;
    frame[2] = 0x5e;
    market_put_be32(frame + 2, (address->group_ip & 0x7fffffU) | 0x5e000000U);
    memcpy(frame + 6, address->source_mac, sizeof(address->source_mac));
    market_put_be16(frame + ETHERNET_TYPE_AT, TYPE_IPV4);
    memcpy(udp + UDP_SIZE, payload.data, payload.size);
    write_ip(ip, address, IPV4_SIZE + UDP_SIZE + payload.size);
    write_udp(ip, udp, address, UDP_SIZE + payload.size);
    return size;
}
