/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ethernet II frames with UDP over IPv4: what an exchange's feed looks like on a port.
 *
 * Reading takes any number of frames that are not for us as normal life: each cause has its
 * counter, in the order in which it is looked for. VLAN tags (802.1Q and 802.1ad, up to two) are
 * passed over, and fragments are refused, as feeds do not fragment. Checksums are verified only on
 * request: captures often hold frames whose checksums were left to the NIC, or whose addresses were
 * changed later.
 */
#ifndef MARKET_FRAME_H
#define MARKET_FRAME_H

#include <stdbool.h>

#include "bytes.h"

#define MARKET_FRAME_HEADER_SIZE 42U /* Ethernet, IPv4 without options, UDP */
#define MARKET_FRAME_SIZE_MAX    9216U
#define MARKET_FRAME_TAGS_MAX    2U

/* Counters of frames read: member, and what it says. */
#define MARKET_FRAME_COUNTERS(X)                                                   \
    X(frames, "frames offered")                                                    \
    X(payloads, "frames that held a UDP payload for us")                           \
    X(cut, "frames shorter than their headers say")                                \
    X(not_ipv4, "frames of another protocol than IPv4")                            \
    X(not_udp, "IPv4 packets of another protocol than UDP")                        \
    X(bad_header, "IPv4 or UDP headers that contradict themselves")                \
    X(fragments, "IPv4 fragments")                                                 \
    X(bad_checksum, "IPv4 or UDP checksums that are wrong, where they are wanted") \
    X(other_group, "UDP packets for another address or port")

struct market_frame_counters {
#define MARKET_FRAME_MEMBER(name, text) uint64_t name;
    MARKET_FRAME_COUNTERS(MARKET_FRAME_MEMBER)
#undef MARKET_FRAME_MEMBER
};

/* Addresses in host byte order. */
struct market_frame_address {
    uint32_t source_ip;
    uint32_t group_ip;
    uint16_t source_port;
    uint16_t group_port;
    uint8_t source_mac[6];
};

/* Which frames are wanted; zero in ip or port means any. */
struct market_frame_filter {
    uint32_t group_ip;
    uint16_t group_port;
    bool is_checksum_wanted;
};

/*
 * Finds the UDP payload of a frame that passes the filter. Whatever the bytes are, exactly one
 * counter beside `frames` moves. `counters`, `payload` and `address` are the caller's; `address`
 * may be NULL. On false, `payload` and `address` are untouched.
 */
bool market_frame_decode(struct market_bytes frame, const struct market_frame_filter *filter,
                         struct market_frame_counters *counters, struct market_bytes *payload,
                         struct market_frame_address *address);

/*
 * Writes a whole frame around a payload: multicast destination MAC (RFC 1112), TTL 16, both
 * checksums. Returns its size in bytes; 0 when it does not fit `capacity` or UDP.
 */
size_t market_frame_encode(const struct market_frame_address *address, struct market_bytes payload,
                           uint8_t *frame, size_t capacity);

#endif
