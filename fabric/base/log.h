/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Log lines of the slow path: boot, shutdown, peers that come and go. Never called on the hot path.
 *
 * The sink belongs to the host program (the library installs none): by default lines go to stderr,
 * and myc_log_set_sink in mycelium/node.h replaces it.
 */
#ifndef FAB_BASE_LOG_H
#define FAB_BASE_LOG_H

#include "base/compiler.h"

enum fab_log_level {
    FAB_LOG_ERROR = 0,
    FAB_LOG_WARNING,
    FAB_LOG_INFO,
    FAB_LOG_DEBUG,
};

typedef void (*fab_log_sink)(void *context, int level, const char *line);

/* NULL restores stderr. Context: main thread, before any node starts. */
void fab_log_set_sink(fab_log_sink sink, void *context);

/* Lines above this level are not formatted. Default INFO. */
void fab_log_set_level(enum fab_log_level level);

void fab_log(enum fab_log_level level, const char *format, ...) FAB_PRINTF(2, 3);

#endif
