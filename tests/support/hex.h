/* SPDX-License-Identifier: BSD-3-Clause */
/* Bytes written as hexadecimal text, with spaces where the reader wants them. */
#ifndef TESTS_SUPPORT_HEX_H
#define TESTS_SUPPORT_HEX_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

static inline int
hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

/* Reads text into bytes; returns how many. Anything but digits in pairs and spaces is asserted. */
static inline size_t
hex_read(const char *text, uint8_t *bytes, size_t capacity)
{
    size_t count = 0;

    while (*text != '\0') {
        if (*text == ' ') {
            text++;
            continue;
        }
        assert(hex_digit(text[0]) >= 0 && hex_digit(text[1]) >= 0 && count < capacity);
        bytes[count++] = (uint8_t)(hex_digit(text[0]) * 16 + hex_digit(text[1]));
        text += 2;
    }
    return count;
}

#endif
