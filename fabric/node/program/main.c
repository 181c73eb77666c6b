/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The `mycelium` program: one word chooses what it does, argp does the rest.
 */
#include <argp.h>
#include <stdio.h>
#include <string.h>

#include "base/compiler.h"
#include "node/program/command_line.h"

static const struct fab_subcommand subcommands[] = {
    { "run", "run a node as a config file says", fab_cmd_run },
    { "demo", "market data across rings, segments and a wire, on this machine alone",
      fab_cmd_demo },
    { "ls", "list names, links and counters of a running node", fab_cmd_ls },
    { "ping", "ask an actor by name and time its answers", fab_cmd_ping },
    { "bench", "measure, each figure beside its raw baseline", fab_cmd_bench },
};

static void
print_help(FILE *out)
{
    fprintf(out, "Usage: mycelium COMMAND [OPTION...]\n"
                 "A kernel-bypass network actor fabric.\n\n");
    for (size_t i = 0; i < FAB_COUNT_OF(subcommands); i++)
        fprintf(out, "  %-8s %s\n", subcommands[i].name, subcommands[i].summary);
    fprintf(out, "\n`mycelium COMMAND --help` tells each one's options.\n"
                 "Exit codes: 0 done, 1 not achieved, 2 usage, 3 bad config or input file,\n"
                 "4 a resource is missing (hugepages, lcore, port, permission), 5 nobody answers,\n"
                 "6 an actor did not return.\n");
}

static enum fab_exit
run_subcommand(const struct fab_subcommand *subcommand, int argc, char **argv)
{
    char name[64];

    snprintf(name, sizeof(name), "mycelium %s", subcommand->name);
    argv[0] = name;
    return subcommand->run(argc, argv);
}

enum fab_exit
fab_exit_of(enum myc_status status)
{
    switch (status) {
    case MYC_OK:
        return FAB_EXIT_OK;
    case MYC_INVALID:
        return FAB_EXIT_CONFIG;
    case MYC_UNREACHABLE:
    case MYC_TIMEOUT:
    case MYC_NO_CONNECTION:
        return FAB_EXIT_UNREACHABLE;
    case MYC_NOT_FOUND:
    case MYC_EXISTS:
    case MYC_NO_MEMORY:
    case MYC_REFUSED:
    case MYC_IO_ERROR:
    case MYC_UNSUPPORTED:
        return FAB_EXIT_RESOURCE;
    default:
        return FAB_EXIT_FAILED;
    }
}

int
main(int argc, char **argv)
{
    argp_err_exit_status = FAB_EXIT_USAGE;
    if (argc < 2) {
        print_help(stderr);
        return FAB_EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help(stdout);
        return FAB_EXIT_OK;
    }
    for (size_t i = 0; i < FAB_COUNT_OF(subcommands); i++)
        if (strcmp(argv[1], subcommands[i].name) == 0)
            return run_subcommand(&subcommands[i], argc - 1, argv + 1);
    fprintf(stderr, "mycelium: there is no command `%s`; `mycelium --help` lists them\n", argv[1]);
    return FAB_EXIT_USAGE;
}
