/* SPDX-License-Identifier: BSD-3-Clause */
#include "env/fault_text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "env/fault.h"

#define NUMBER(name, limit)                                                                       \
    {                                                                                             \
#name, offsetof(struct myc_wire_fault, name), sizeof(((struct myc_wire_fault *)0)->name), \
            limit                                                                                 \
    }

static const struct key {
    const char *name;
    size_t offset;
    size_t size; /* 4 or 8 bytes */
    uint64_t max;
} keys[] = {
    NUMBER(seed, UINT64_MAX),
    NUMBER(loss_per_million, UINT32_MAX),
    NUMBER(duplicate_per_million, UINT32_MAX),
    NUMBER(corrupt_per_million, UINT32_MAX),
    NUMBER(reorder_per_million, UINT32_MAX),
    NUMBER(reorder_frames, UINT32_MAX),
    NUMBER(reorder_ns, UINT64_MAX),
    NUMBER(delay_ns, UINT64_MAX),
    NUMBER(jitter_ns, UINT64_MAX),
    NUMBER(loss_mask, UINT64_MAX),
};

#define LOST_FRAMES "lost_frames"

/* Reads digits and moves the text behind them; false when there are none, or too many. */
static bool
read_number(const char **text, uint64_t max, uint64_t *value)
{
    char *end;

    if (**text < '0' || **text > '9')
        return false;
    errno = 0;
    *value = strtoull(*text, &end, 0);
    *text = end;
    return errno == 0 && *value <= max;
}

static bool
read_lost_frames(const char **text, struct myc_wire_fault *fault)
{
    for (;;) {
        if (fault->lost_frames_count == MYC_WIRE_FAULT_LOST_MAX ||
            !read_number(text, UINT64_MAX, &fault->lost_frames[fault->lost_frames_count++]))
            return false;
        if (**text != '+')
            return true;
        ++*text;
    }
}

static bool
read_value(const char *name, size_t name_size, const char **text, struct myc_wire_fault *fault)
{
    if (name_size == strlen(LOST_FRAMES) && memcmp(name, LOST_FRAMES, name_size) == 0)
        return read_lost_frames(text, fault);
    for (size_t i = 0; i < FAB_COUNT_OF(keys); i++) {
        uint64_t value;

        if (strlen(keys[i].name) != name_size || memcmp(keys[i].name, name, name_size) != 0)
            continue;
        if (!read_number(text, keys[i].max, &value))
            return false;
        memcpy((char *)fault + keys[i].offset, &value, keys[i].size); /* little-endian */
        return true;
    }
    return false;
}

static enum myc_status
refuse(const char *text, char *error, size_t error_size)
{
    size_t size = 0;

    size += (size_t)snprintf(error, error_size,
                             "cannot read the fault at `%s`: write KEY=NUMBER,... with keys of "
                             "lost_frames (numbers joined by +)",
                             text);
    for (size_t i = 0; i < FAB_COUNT_OF(keys) && size < error_size; i++)
        size += (size_t)snprintf(error + size, error_size - size, ", %s", keys[i].name);
    return MYC_INVALID;
}

enum myc_status
fab_wire_fault_parse(const char *text, struct myc_wire_fault *fault, char *error, size_t error_size)
{
    const char *problem;

    memset(fault, 0, sizeof(*fault));
    for (const char *at = text;; at++) {
        const char *name = at;
        size_t name_size = strcspn(at, "=");

        at += name_size;
        if (*at++ != '=' || !read_value(name, name_size, &at, fault) || (*at && *at != ','))
            return refuse(name, error, error_size);
        if (*at == '\0')
            break;
    }
    problem = fab_wire_fault_check(fault);
    if (!problem)
        return MYC_OK;
    snprintf(error, error_size, "%s", problem);
    return MYC_INVALID;
}
