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

typedef uint64_t fab_checksum_words __attribute__((vector_size(16)));

/* The sums of the lower and of the upper halves of words. */
struct fab_checksum_sums {
    fab_checksum_words low, high;
};

static inline void
fab_checksum_block(struct fab_checksum_sums *sums, const uint8_t *bytes)
{
    const fab_checksum_words mask = { UINT32_MAX, UINT32_MAX };
    fab_checksum_words first, second;

    memcpy(&first, bytes, sizeof(first));
    memcpy(&second, bytes + sizeof(first), sizeof(second));
    sums->low += (first & mask) + (second & mask);
    sums->high += (first >> 32) + (second >> 32);
}

/* Adds `size` bytes, of any alignment, to a sum that began as 0. Columns of 32-bit words are summed
 * in 64 bits, so no carry is lost. A chain of adds with carry would do with fewer instructions, but
 * compilers do not write one. */
static inline uint64_t
fab_checksum_add(uint64_t sum, const void *bytes, size_t size)
{
    struct fab_checksum_sums sums = { { 0, 0 }, { 0, 0 } };
    const uint8_t *at = bytes;
    uint8_t rest[32] = { 0 };
    uint64_t added;

    for (; size >= sizeof(rest); at += sizeof(rest), size -= sizeof(rest))
        fab_checksum_block(&sums, at);
    if (size > 0) {
        memcpy(rest, at, size);
        fab_checksum_block(&sums, rest);
    }
    sums.low += sums.high;
    added = sums.low[0] + sums.low[1];
    sum += added;
    return sum + (sum < added);
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
