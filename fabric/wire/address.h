/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * MAC and IP addresses as plain values, and their text.
 *
 * One type holds both families, so that tables and paths need not be written twice. Bytes are in
 * the order of the network; what a family does not use is zero, so equal addresses have equal
 * bytes.
 */
#ifndef FAB_WIRE_ADDRESS_H
#define FAB_WIRE_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define FAB_IP_TEXT_SIZE  46U /* bytes of the longest address with its NUL */
#define FAB_MAC_TEXT_SIZE 18U

struct fab_mac {
    uint8_t bytes[6];
};

enum fab_ip_family {
    FAB_IP_NONE = 0,
    FAB_IP_V4 = 4,
    FAB_IP_V6 = 6,
};

struct fab_ip {
    uint8_t bytes[16]; /* version 4 in the first four */
    uint8_t family;    /* enum fab_ip_family */
};

/* An address of ours and the subnet that it is in. */
struct fab_ip_prefix {
    struct fab_ip address;
    uint8_t length; /* bits: 0 to 32, or to 128 */
};

extern const struct fab_mac fab_mac_broadcast;

/* Reads "10.0.0.1" or "fd00::1". Returns whether it is an address; sets `ip` then only. */
bool fab_ip_parse(const char *text, struct fab_ip *ip);

/* Reads "10.0.0.1/24"; without "/" the prefix is the whole address. */
bool fab_ip_prefix_parse(const char *text, struct fab_ip_prefix *prefix);

/* `text`: FAB_IP_TEXT_SIZE bytes of the caller's. Returns it. */
char *fab_ip_format(const struct fab_ip *ip, char *text);

/* `text`: FAB_MAC_TEXT_SIZE bytes of the caller's. Returns it. */
char *fab_mac_format(const struct fab_mac *mac, char *text);

/* Whether the address is in the subnet. */
bool fab_ip_prefix_contains(const struct fab_ip_prefix *prefix, const struct fab_ip *ip);

/* Whether one host at most can have it: not zero, multicast or the broadcast address. */
bool fab_ip_is_unicast(const struct fab_ip *ip);

static inline struct fab_ip
fab_ip_v4(const uint8_t bytes[4])
{
    uint32_t word;
    struct fab_ip ip = { .family = FAB_IP_V4 };

    memcpy(&word, bytes, sizeof(word));
    memcpy(ip.bytes, (const uint64_t[2]){ word, 0 }, sizeof(ip.bytes));
    return ip;
}

static inline struct fab_ip
fab_ip_v6(const uint8_t bytes[16])
{
    struct fab_ip ip = { .family = FAB_IP_V6 };

    memcpy(ip.bytes, bytes, 16);
    return ip;
}

static inline bool
fab_ip_is_equal(const struct fab_ip *a, const struct fab_ip *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

static inline bool
fab_mac_is_equal(const struct fab_mac *a, const struct fab_mac *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

/* Multicast, which includes broadcast. */
static inline bool
fab_mac_is_multicast(const struct fab_mac *mac)
{
    return mac->bytes[0] & 1;
}

#endif
