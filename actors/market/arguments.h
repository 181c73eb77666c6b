/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What an actor of the market is started with: text, so that a config file and a program give it
 * alike. One "key=value" a line; an unknown key, a value out of range or a line without '=' is an
 * error, never ignored.
 */
#ifndef MARKET_ARGUMENTS_H
#define MARKET_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MARKET_ARGUMENT_TEXT_SIZE 256U /* of a text value, with its NUL */

enum market_argument_kind {
    MARKET_ARGUMENT_TEXT, /* value is char[MARKET_ARGUMENT_TEXT_SIZE] */
    MARKET_ARGUMENT_U64,  /* value is uint64_t, within min and max */
    MARKET_ARGUMENT_REAL, /* value is double, within min and max; "max" gives 0 */
    MARKET_ARGUMENT_FLAG, /* value is bool: yes or no */
};

struct market_argument {
    const char *key;
    enum market_argument_kind kind;
    void *value; /* holds the default; not owned */
    uint64_t min;
    uint64_t max;
};

/* Reads text of `size` bytes (NULL when 0; a NUL ends it early). On false, `error` says which line
 * is wrong and why; values before it are set. */
bool market_arguments_read(const char *text, size_t size, const struct market_argument *arguments,
                           size_t count, char *error, size_t error_size);

#endif
