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

/* Adds a word, of any alignment; returns what is carried out of the sum. */
static inline uint64_t
fab_checksum_word(uint64_t *sum, const uint8_t *bytes)
{
    uint64_t word;

    memcpy(&word, bytes, sizeof(word));
    return __builtin_add_overflow(*sum, word, sum);
}

static inline uint64_t
fab_checksum_block(uint64_t *sum, const uint8_t *bytes)
{
    uint64_t carried = fab_checksum_word(sum, bytes);

    carried += fab_checksum_word(sum, bytes + 8);
    carried += fab_checksum_word(sum, bytes + 16);
    return carried + fab_checksum_word(sum, bytes + 24);
}

/* Adds `size` bytes, of any alignment, to a sum that began as 0. What is carried out of 64 bits is
 * counted, which costs an instruction a word, and is worth as much at the other end. The sum is
 * folded to 33 bits, so that fields of headers can be added to it without a look at carries. */
static inline uint64_t
fab_checksum_add(uint64_t sum, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    uint8_t rest[32] = { 0 };
    uint64_t carried = 0;

    for (; size >= sizeof(rest); at += sizeof(rest), size -= sizeof(rest))
        carried += fab_checksum_block(&sum, at);
    if (size > 0) {
        memcpy(rest, at, size);
        carried += fab_checksum_block(&sum, rest);
    }
    return (sum & UINT32_MAX) + (sum >> 32) + carried;
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
