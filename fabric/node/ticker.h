/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A thread of the node's that looks at something every so often: at lcores that stand still
 * (watchdog.h), at a primary process that may have gone (primary.h).
 *
 * It takes no signals, which are for the program's own threads. Between two looks it sleeps, and it
 * is stopped at once.
 */
#ifndef FAB_NODE_TICKER_H
#define FAB_NODE_TICKER_H

#include <stdint.h>

#include <mycelium/status.h>

struct fab_ticker;

/* Calls `tick` every so many nanoseconds, first after that time, until it is stopped; `context` is
 * not owned. OK; NO_MEMORY (also: no thread). Context: main thread. */
enum myc_status fab_ticker_start(uint64_t every_ns, void (*tick)(void *context), void *context,
                                 struct fab_ticker **ticker);

/* Ends it; a call that runs is over when this returns. NULL inside is fine, and *ticker is set to
 * NULL. Context: main thread. */
void fab_ticker_stop(struct fab_ticker **ticker);

#endif
