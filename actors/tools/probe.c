/* SPDX-License-Identifier: BSD-3-Clause */
#include "probe.h"

#include <string.h>

#define IP_AT      14U
#define SOURCE_AT  26U /* IP address */
#define TARGET_AT  30U
#define UDP_AT     34U
#define SUM_AT     40U /* UDP checksum */
#define UDP_HEADER 8U
#define MAC_SIZE   6U
#define IP_SIZE    20U
#define TTL        64U
#define PROTOCOL   17U /* UDP */

static uint16_t
load_16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static void
store_16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void
exchange(uint8_t *a, uint8_t *b, uint32_t size)
{
    uint8_t kept[MAC_SIZE];

    memcpy(kept, a, size);
    memcpy(a, b, size);
    memcpy(b, kept, size);
}

/* Of big-endian words; an odd byte at the end counts as the high one. */
static uint32_t
sum_words(const uint8_t *at, uint32_t size, uint32_t sum)
{
    for (uint32_t i = 0; i + 1 < size; i += 2)
        sum += load_16(at + i);
    return size % 2 ? sum + ((uint32_t)at[size - 1] << 8) : sum;
}

static uint16_t
fold(uint32_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

bool
tools_probe_read(const void *frame, uint32_t size, struct tools_probe_mark *mark)
{
    const uint8_t *bytes = frame;

    if (size < TOOLS_PROBE_SIZE_MIN || size > TOOLS_PROBE_SIZE_MAX)
        return false;
    /* IPv4 without options; UDP. */
    if (load_16(bytes + 12) != 0x0800 || bytes[IP_AT] != 0x45 || bytes[IP_AT + 9] != PROTOCOL)
        return false;
    memcpy(mark, bytes + TOOLS_PROBE_AT, sizeof(*mark));
    return mark->magic == TOOLS_PROBE_MAGIC;
}

void
tools_probe_reflect(void *frame)
{
    uint8_t *bytes = frame;

    exchange(bytes, bytes + MAC_SIZE, MAC_SIZE);
    exchange(bytes + SOURCE_AT, bytes + TARGET_AT, 4);
    exchange(bytes + UDP_AT, bytes + UDP_AT + 2, 2);
}

static void
write_headers(uint8_t *bytes, uint32_t size)
{
    static const uint8_t source[4] = { 10, 99, 0, 1 }, target[4] = { 10, 99, 0, 2 };

    memset(bytes, 0xff, MAC_SIZE);
    bytes[MAC_SIZE] = 2; /* an address of no maker's */
    store_16(bytes + 12, 0x0800);
    bytes[IP_AT] = 0x45;
    store_16(bytes + IP_AT + 2, size - IP_AT);
    bytes[IP_AT + 8] = TTL;
    bytes[IP_AT + 9] = PROTOCOL;
    memcpy(bytes + SOURCE_AT, source, sizeof(source));
    memcpy(bytes + TARGET_AT, target, sizeof(target));
    store_16(bytes + IP_AT + 10, ~fold(sum_words(bytes + IP_AT, IP_SIZE, 0)) & 0xffffU);
    store_16(bytes + UDP_AT, TOOLS_PROBE_UDP_PORT);
    store_16(bytes + UDP_AT + 2, TOOLS_PROBE_UDP_PORT);
    store_16(bytes + UDP_AT + 4, size - UDP_AT);
}

/* 0 means "none" to UDP, and its other form is the same sum. */
static void
store_sum(uint8_t *bytes, uint32_t sum)
{
    uint16_t value = (uint16_t)~fold(sum);

    store_16(bytes + SUM_AT, value ? value : 0xffffU);
}

void
tools_probe_write(void *frame, uint32_t size, uint32_t index, uint64_t tsc)
{
    const struct tools_probe_mark mark = { TOOLS_PROBE_MAGIC, index, tsc };
    uint8_t *bytes = frame;
    uint32_t sum;

    memset(bytes, 0, size);
    write_headers(bytes, size);
    memcpy(bytes + TOOLS_PROBE_AT, &mark, sizeof(mark));
    sum = sum_words(bytes + SOURCE_AT, 8, PROTOCOL + size - UDP_AT);
    store_sum(bytes, sum_words(bytes + UDP_AT, size - UDP_AT, sum));
}

/* As RFC 1624 has it: the old words leave the sum, the new ones enter. */
void
tools_probe_renew(void *frame, uint32_t index, uint64_t tsc)
{
    const struct tools_probe_mark mark = { TOOLS_PROBE_MAGIC, index, tsc };
    uint8_t *bytes = frame, *at = bytes + TOOLS_PROBE_AT;
    uint32_t sum = (uint16_t)~load_16(bytes + SUM_AT);

    sum += (uint16_t)~fold(sum_words(at, sizeof(mark), 0));
    memcpy(at, &mark, sizeof(mark));
    store_sum(bytes, sum_words(at, sizeof(mark), sum));
}
