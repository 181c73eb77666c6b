/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Numbers in bytes from outside: unaligned, in the byte order that the protocol states. The caller
 * has checked that the bytes are there.
 */
#ifndef MARKET_BYTES_H
#define MARKET_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the loads below swap for big-endian");

/* Bytes that somebody else owns. */
struct market_bytes {
    const uint8_t *data; /* not owned */
    size_t size;
};

static inline uint16_t
market_le16(const uint8_t *data)
{
    uint16_t value;

    memcpy(&value, data, sizeof(value));
    return value;
}

static inline uint32_t
market_le32(const uint8_t *data)
{
    uint32_t value;

    memcpy(&value, data, sizeof(value));
    return value;
}

static inline uint64_t
market_le64(const uint8_t *data)
{
    uint64_t value;

    memcpy(&value, data, sizeof(value));
    return value;
}

static inline uint16_t
market_be16(const uint8_t *data)
{
    return __builtin_bswap16(market_le16(data));
}

static inline uint32_t
market_be32(const uint8_t *data)
{
    return __builtin_bswap32(market_le32(data));
}

static inline uint64_t
market_be48(const uint8_t *data)
{
    return ((uint64_t)market_be16(data) << 32) | market_be32(data + 2);
}

static inline uint64_t
market_be64(const uint8_t *data)
{
    return __builtin_bswap64(market_le64(data));
}

static inline void
market_put_be16(uint8_t *data, uint16_t value)
{
    value = __builtin_bswap16(value);
    memcpy(data, &value, sizeof(value));
}

static inline void
market_put_be32(uint8_t *data, uint32_t value)
{
    value = __builtin_bswap32(value);
    memcpy(data, &value, sizeof(value));
}

static inline void
market_put_be48(uint8_t *data, uint64_t value)
{
    market_put_be16(data, (uint16_t)(value >> 32));
    market_put_be32(data + 2, (uint32_t)value);
}

static inline void
market_put_be64(uint8_t *data, uint64_t value)
{
    value = __builtin_bswap64(value);
    memcpy(data, &value, sizeof(value));
}

#endif
