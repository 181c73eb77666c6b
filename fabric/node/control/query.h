/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The other end of a tool's request: asks the node behind a control socket and waits for its text.
 */
#ifndef FAB_NODE_CONTROL_QUERY_H
#define FAB_NODE_CONTROL_QUERY_H

#include <stddef.h>

#include <mycelium/status.h>

#define FAB_QUERY_SIZE_MAX (64U * 1024U * 1024U) /* bytes of an answer */

/* Asks `request` (such as "ls") at the control socket `path`.
 * `text` is set on OK: from malloc, NUL-terminated, the caller's. On failure `error` says what.
 * OK; NOT_FOUND (no node listens there); REFUSED; UNSUPPORTED (it does not know that request);
 * TIMEOUT; VERSION; IO_ERROR; NO_MEMORY; INVALID. Context: a thread that may block. */
enum myc_status fab_control_query(const char *path, const char *request, int timeout_ms,
                                  char **text, char *error, size_t error_size);

#endif
