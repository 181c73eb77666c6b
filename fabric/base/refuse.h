/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Why something that was asked for cannot be, in words, for whoever asked: options that may be
 * wrong have a buffer for it (`error`, `error_size`), which the caller owns.
 */
#ifndef FAB_BASE_REFUSE_H
#define FAB_BASE_REFUSE_H

#include <stddef.h>

#include <mycelium/status.h>

#include "base/compiler.h"

/* Writes a sentence, cut to the buffer and always NUL-terminated, where there is a buffer (`error`
 * may be NULL, `size` 0). Returns `status`. Context: any thread. */
enum myc_status FAB_PRINTF(4, 5)
    fab_refuse(char *error, size_t size, enum myc_status status, const char *format, ...);

/* The same into the buffer of some options: status, format and what it takes follow. */
#define FAB_REFUSE(options, ...) fab_refuse((options)->error, (options)->error_size, __VA_ARGS__)

#endif
