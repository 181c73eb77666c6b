/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The demo's own process: starts the four others, watches them, prints what they report.
 */
#ifndef FAB_PROGRAM_DEMO_CONSOLE_H
#define FAB_PROGRAM_DEMO_CONSOLE_H

#include "market/demo.h"
#include "node/program/command_line.h"

/* Runs the whole demo to its end, or until SIGINT or SIGTERM. `argv`, of argc words, is the command
 * line: the other processes get it, too. */
enum fab_exit fab_demo_console_run(const struct market_demo_options *options, bool is_no_huge,
                                   int argc, char **argv);

#endif
