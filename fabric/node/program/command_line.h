/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the subcommands of `mycelium` have in common: how one is declared, and how it ends.
 */
#ifndef FAB_PROGRAM_COMMAND_LINE_H
#define FAB_PROGRAM_COMMAND_LINE_H

#include <mycelium/status.h>

/* Exit codes: what a script can act on. Listed in `mycelium --help`. */
enum fab_exit {
    FAB_EXIT_OK = 0,
    FAB_EXIT_FAILED = 1,      /* it ran, and what it was asked for did not come about */
    FAB_EXIT_USAGE = 2,       /* the command line is wrong */
    FAB_EXIT_CONFIG = 3,      /* the config or an input file is wrong */
    FAB_EXIT_RESOURCE = 4,    /* hugepages, lcore, port or permission is missing */
    FAB_EXIT_UNREACHABLE = 5, /* nobody answers, or nobody has that name */
    FAB_EXIT_STALLED = 6,     /* run: an actor kept its lcore past times.stall_limit_ms */
};

/* A subcommand. argv[0] is "mycelium NAME", for argp's messages. */
struct fab_subcommand {
    const char *name;
    const char *summary;
    enum fab_exit (*run)(int argc, char **argv);
};

enum fab_exit fab_cmd_run(int argc, char **argv);
enum fab_exit fab_cmd_demo(int argc, char **argv);
enum fab_exit fab_cmd_ls(int argc, char **argv);
enum fab_exit fab_cmd_ping(int argc, char **argv);
enum fab_exit fab_cmd_bench(int argc, char **argv);

/* The exit code for a node that did not start. */
enum fab_exit fab_exit_of(enum myc_status status);

#endif
