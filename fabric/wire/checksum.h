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

/* Adds `size` bytes, of any alignment, to a sum that began as 0. Carries are counted in the upper
 * half of a wide sum and go round at the end, which is two instructions for each word. */
static inline uint64_t
fab_checksum_add(uint64_t sum, const void *bytes, size_t size)
{
    unsigned __int128 wide = sum;
    const uint8_t *at = bytes;
    uint64_t words[4];
    uint64_t low;

    for (; size >= sizeof(words); at += sizeof(words), size -= sizeof(words)) {
        memcpy(words, at, sizeof(words));
        wide += words[0];
        wide += words[1];
        wide += words[2];
        wide += words[3];
    }
    memset(words, 0, sizeof(words));
    memcpy(words, at, size);
    wide += words[0];
    wide += words[1];
    wide += words[2];
    wide += words[3];
    low = (uint64_t)wide + (uint64_t)(wide >> 64);
    return low + (low < (uint64_t)wide);
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
