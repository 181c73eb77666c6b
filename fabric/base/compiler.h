/* SPDX-License-Identifier: BSD-3-Clause */
/* What the language lacks: branch hints, alignment and containers. */
#ifndef FAB_BASE_COMPILER_H
#define FAB_BASE_COMPILER_H

#include <stddef.h>

#define FAB_CACHE_LINE 64

#define fab_likely(x)   __builtin_expect(!!(x), 1)
#define fab_unlikely(x) __builtin_expect(!!(x), 0)

#define FAB_ALIGNED_TO_LINE __attribute__((aligned(FAB_CACHE_LINE)))

/* Of a struct without padding that is read where it came: at any even address. */
#define FAB_UNALIGNED __attribute__((packed, aligned(2)))

#define FAB_PRINTF(string, first) __attribute__((format(printf, string, first)))

#define FAB_COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* The struct that holds this member. */
#define FAB_CONTAINER_OF(pointer, type, member) \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#endif
