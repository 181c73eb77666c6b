/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

const struct fab_mac fab_mac_broadcast = { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } };

bool
fab_ip_parse(const char *text, struct fab_ip *ip)
{
    struct fab_ip parsed = { .family = FAB_IP_V4 };

    if (inet_pton(AF_INET, text, parsed.bytes) != 1) {
        parsed = (struct fab_ip){ .family = FAB_IP_V6 };
        if (inet_pton(AF_INET6, text, parsed.bytes) != 1)
            return false;
    }
    *ip = parsed;
    return true;
}

/* One to three digits, no sign and no space, which strtoul would let through. */
static bool
parse_length(const char *text, unsigned long length_max, uint8_t *length)
{
    unsigned long value = strtoul(text, NULL, 10);
    size_t digits = strspn(text, "0123456789");

    if (digits == 0 || digits > 3 || text[digits] != '\0' || value > length_max)
        return false;
    *length = (uint8_t)value;
    return true;
}

bool
fab_ip_prefix_parse(const char *text, struct fab_ip_prefix *prefix)
{
    char address[FAB_IP_TEXT_SIZE];
    const char *slash = strchr(text, '/');
    size_t size = slash ? (size_t)(slash - text) : strlen(text);
    struct fab_ip_prefix parsed;
    uint8_t length_max;

    if (size >= sizeof(address))
        return false;
    memcpy(address, text, size);
    address[size] = '\0';
    if (!fab_ip_parse(address, &parsed.address))
        return false;
    length_max = parsed.address.family == FAB_IP_V4 ? 32 : 128;
    parsed.length = length_max;
    if (slash && !parse_length(slash + 1, length_max, &parsed.length))
        return false;
    *prefix = parsed;
    return true;
}

char *
fab_ip_format(const struct fab_ip *ip, char *text)
{
    int family = ip->family == FAB_IP_V4 ? AF_INET : AF_INET6;

    if (ip->family == FAB_IP_NONE || !inet_ntop(family, ip->bytes, text, FAB_IP_TEXT_SIZE))
        strcpy(text, "none");
    return text;
}

char *
fab_mac_format(const struct fab_mac *mac, char *text)
{
    const uint8_t *b = mac->bytes;

    snprintf(text, FAB_MAC_TEXT_SIZE, "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4],
             b[5]);
    return text;
}

bool
fab_ip_prefix_contains(const struct fab_ip_prefix *prefix, const struct fab_ip *ip)
{
    unsigned whole = prefix->length / 8U;
    unsigned rest = prefix->length % 8U;
    uint8_t mask = (uint8_t)(0xff00U >> rest);

    if (prefix->address.family != ip->family || ip->family == FAB_IP_NONE)
        return false;
    if (memcmp(prefix->address.bytes, ip->bytes, whole) != 0)
        return false;
    return rest == 0 || ((prefix->address.bytes[whole] ^ ip->bytes[whole]) & mask) == 0;
}

bool
fab_ip_is_unicast(const struct fab_ip *ip)
{
    static const uint8_t zero[16];

    if (ip->family == FAB_IP_NONE || memcmp(ip->bytes, zero, sizeof(zero)) == 0)
        return false;
    return ip->family == FAB_IP_V4 ? ip->bytes[0] < 224 : ip->bytes[0] != 0xff;
}
