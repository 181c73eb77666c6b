/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SIGINT and SIGTERM for the program (the library installs no handler).
 *
 * They are blocked before any thread starts, so that no thread is interrupted, and the main thread
 * takes them when it waits. A second one ends the process at once.
 */
#ifndef FAB_PROGRAM_SIGNALS_H
#define FAB_PROGRAM_SIGNALS_H

#include <stdbool.h>

/* Context: main thread, before any other thread exists. */
void fab_signals_block(void);

/* Waits for SIGINT or SIGTERM. @return whether one came within timeout_ms; negative: for ever. */
bool fab_signals_wait(int timeout_ms);

/* From now on a further signal ends the process by its default action. */
void fab_signals_release(void);

#endif
