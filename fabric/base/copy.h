/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Copying a message: a few tens of bytes of a length that the compiler does not know.
 *
 * For those a call of memcpy costs more than the bytes, and gcc's inline expansion (rep movs) costs
 * more still. Blocks of 16 with an overlapping last one; nothing beyond `size` is read or written.
 */
#ifndef FAB_BASE_COPY_H
#define FAB_BASE_COPY_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* 0 to 15 bytes. */
static inline void
fab_copy_short(uint8_t *out, const uint8_t *in, size_t size)
{
    if (size >= 8) {
        memcpy(out, in, 8);
        memcpy(out + size - 8, in + size - 8, 8);
    } else if (size >= 4) {
        memcpy(out, in, 4);
        memcpy(out + size - 4, in + size - 4, 4);
    } else if (size > 0) {
        out[0] = in[0];
        out[size / 2] = in[size / 2];
        out[size - 1] = in[size - 1];
    }
}

/* 0 to 64 bytes, without a loop. The areas do not overlap; any alignment. */
static inline void
fab_copy_small(void *to, const void *from, size_t size)
{
    uint8_t *out = to;
    const uint8_t *in = from;

    __asm__("" : "+r"(out)); /* as in fab_copy */
    if (size > 32) {
        memcpy(out, in, 16);
        memcpy(out + 16, in + 16, 16);
        memcpy(out + size - 32, in + size - 32, 16);
        memcpy(out + size - 16, in + size - 16, 16);
    } else if (size >= 16) {
        memcpy(out, in, 16);
        memcpy(out + size - 16, in + size - 16, 16);
    } else {
        fab_copy_short(out, in, size);
    }
}

/* As fab_copy by words of 8 bytes: for bytes that were just written as words, where a wider load
 * would wait for the stores to retire. */
static inline void
fab_copy_words(void *to, const void *from, size_t size)
{
    uint8_t *out = to;
    const uint8_t *in = from;

    __asm__("" : "+r"(out)); /* as in fab_copy */
    if (size >= 8) {
        for (size_t at = 0; at + 8 < size; at += 8)
            memcpy(out + at, in + at, 8);
        memcpy(out + size - 8, in + size - 8, 8);
    } else {
        for (size_t at = 0; at < size; at++)
            out[at] = in[at];
    }
}

/* The areas do not overlap; any alignment. */
static inline void
fab_copy(void *to, const void *from, size_t size)
{
    uint8_t *out = to;
    const uint8_t *in = from;

    /* What follows a record's header is not in its struct: the compiler must not think so. */
    __asm__("" : "+r"(out));
    if (size >= 16) {
        for (size_t at = 0; at + 16 < size; at += 16)
            memcpy(out + at, in + at, 16);
        memcpy(out + size - 16, in + size - 16, 16);
    } else {
        fab_copy_short(out, in, size);
    }
}

#endif
