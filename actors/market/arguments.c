/* SPDX-License-Identifier: BSD-3-Clause */
#include "arguments.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool
read_u64(const struct market_argument *argument, const char *text)
{
    char *end;
    unsigned long long value;

    errno = 0;
    value = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value < argument->min ||
        value > argument->max)
        return false;
    *(uint64_t *)argument->value = value;
    return true;
}

static bool
read_real(const struct market_argument *argument, const char *text)
{
    char *end;
    double value;

    if (strcmp(text, "max") == 0) {
        *(double *)argument->value = 0;
        return true;
    }
    value = strtod(text, &end);
    /* Written so that NaN is refused too. */
    if (text[0] == '\0' || *end != '\0' ||
        !(value >= (double)argument->min && value <= (double)argument->max))
        return false;
    *(double *)argument->value = value;
    return true;
}

static bool
read_flag(const struct market_argument *argument, const char *text)
{
    *(bool *)argument->value = strcmp(text, "yes") == 0;
    return strcmp(text, "yes") == 0 || strcmp(text, "no") == 0;
}

static bool
read_value(const struct market_argument *argument, const char *text)
{
    switch (argument->kind) {
    case MARKET_ARGUMENT_TEXT:
        (void)snprintf(argument->value, MARKET_ARGUMENT_TEXT_SIZE, "%s", text);
        return true; /* a line is never longer than such a value */
    case MARKET_ARGUMENT_U64:
        return read_u64(argument, text);
    case MARKET_ARGUMENT_REAL:
        return read_real(argument, text);
    case MARKET_ARGUMENT_FLAG:
        return read_flag(argument, text);
    }
    return false;
}

static const struct market_argument *
lookup(const struct market_argument *arguments, size_t count, const char *key)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(arguments[i].key, key) == 0)
            return &arguments[i];
    }
    return NULL;
}

/* One line, which may be written into; NULL when it is right, else what is wrong. */
static const char *
read_line(char *line, const struct market_argument *arguments, size_t count)
{
    char *value = strchr(line, '=');
    const struct market_argument *argument;

    if (value == NULL)
        return "is not key=value";
    *value++ = '\0';
    argument = lookup(arguments, count, line);
    if (argument == NULL)
        return "is not a key that this actor knows";
    return read_value(argument, value) ? NULL : "has a value out of its range";
}

bool
market_arguments_read(const char *text, size_t size, const struct market_argument *arguments,
                      size_t count, char *error, size_t error_size)
{
    size_t at = 0;

    while (at < size && text[at] != '\0') {
        char line[MARKET_ARGUMENT_TEXT_SIZE];
        size_t length = 0;
        const char *fault;

        while (at + length < size && text[at + length] != '\n' && text[at + length] != '\0')
            length++;
        if (length >= sizeof(line)) {
            (void)snprintf(error, error_size, "a line is longer than %zu bytes", sizeof(line) - 1);
            return false;
        }
        memcpy(line, text + at, length);
        line[length] = '\0';
        at += length + 1;
        if (length == 0)
            continue;
        fault = read_line(line, arguments, count);
        if (fault != NULL) {
            (void)snprintf(error, error_size, "\"%s\" %s", line, fault);
            return false;
        }
    }
    return true;
}
