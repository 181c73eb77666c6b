/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The watchdog: a thread that sees when an lcore does not come back from an actor.
 *
 * It looks a few times in each stall_report_us at two things that an lcore writes anyway: the
 * number of its turns and who runs (actor/stall.h). When both stay the same for that long, that is
 * a stall. It is logged at once, with class and ref, and told to all cores of the node by a
 * command: those that turn tell their watchers now, the one that stands when it goes on. Past
 * stall_limit_ms the program is called, once for each stall.
 *
 * Time in which the watchdog itself did not run (the process was stopped, the machine suspended) is
 * not held against anybody. An lcore that rests, or waits for its CPU between two handlers, runs
 * nobody and is left alone.
 */
#ifndef FAB_NODE_WATCHDOG_H
#define FAB_NODE_WATCHDOG_H

#include "node/full.h"

struct fab_watchdog;

/* Starts the thread; NULL in *watchdog when the options want none. OK; NO_MEMORY. Context: main
 * thread, after the lcores were launched. */
enum myc_status fab_watchdog_start(struct fab_full *full, struct fab_watchdog **watchdog);

/* Ends it. NULL inside is fine. Context: main thread, while the lcores still poll. */
void fab_watchdog_stop(struct fab_watchdog **watchdog);

#endif
