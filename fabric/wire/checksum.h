/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The Internet checksum (RFC 1071): the one's complement sum of 16-bit words.
 *
 * Sums are kept in 64 bits and in the byte order of the machine, which the sum does not mind, and
 * folded once at the end. A sum may be carried from one piece to the next when each piece but the
 * last has an even number of bytes.
 */
#ifndef FAB_WIRE_CHECKSUM_H
#define FAB_WIRE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Adds `size` bytes, of any alignment, to a sum that began as 0. */
static inline uint64_t
fab_checksum_add(uint64_t sum, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    uint64_t word;
    uint64_t tail = 0;

    for (; size >= sizeof(word); at += sizeof(word), size -= sizeof(word)) {
        memcpy(&word, at, sizeof(word));
        sum += word;
        sum += sum < word; /* the carry goes round */
    }
    memcpy(&tail, at, size);
    sum += tail;
    return sum + (sum < tail);
}

/* The checksum as it stands in a header: as loaded from memory, in no order of its own. */
static inline uint16_t
fab_checksum_finish(uint64_t sum)
{
    sum = (sum & 0xffffffffU) + (sum >> 32);
    sum = (sum & 0xffffffffU) + (sum >> 32);
    sum = (sum & 0xffffU) + (sum >> 16);
    sum = (sum & 0xffffU) + (sum >> 16);
    return (uint16_t)~sum;
}

#endif
