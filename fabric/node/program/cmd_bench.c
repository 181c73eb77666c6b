/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mycelium bench NAME: one question of benchmarks/, or all.
 */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "bench.h"
#include "node/program/child.h"
#include "node/program/command_line.h"
#include "partner.h"

#define REPETITIONS_DEFAULT 5U

enum option_key {
    KEY_JSON = 256,
    KEY_SMOKE,
    KEY_REPETITIONS,
    KEY_DEVICE,
    KEY_FAULT,
    KEY_PARTNER,
};

struct arguments {
    struct bench_options options;
    const char *name;
    const char *partner;
};

static error_t
parse(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;

    switch (key) {
    case KEY_JSON:
        arguments->options.is_json = true;
        return 0;
    case KEY_SMOKE:
        arguments->options.is_smoke = true;
        return 0;
    case KEY_REPETITIONS:
        arguments->options.repetitions = (unsigned)strtoul(value, NULL, 10);
        if (arguments->options.repetitions == 0 ||
            arguments->options.repetitions > BENCH_REPETITIONS_MAX)
            argp_error(state, "--repetitions takes 1 to %u, not `%s`", BENCH_REPETITIONS_MAX,
                       value);
        return 0;
    case KEY_DEVICE:
        arguments->options.device = value;
        return 0;
    case KEY_FAULT:
        arguments->options.fault = value;
        return 0;
    case KEY_PARTNER:
        arguments->partner = value;
        return 0;
    case ARGP_KEY_ARG:
        if (arguments->name)
            argp_error(state, "one NAME at a time");
        arguments->name = value;
        return 0;
    case ARGP_KEY_END:
        if (!arguments->name && !arguments->partner)
            argp_error(state, "say which: NAME, or `all`");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    { "json", KEY_JSON, NULL, 0, "one JSON object per line", 0 },
    { "smoke", KEY_SMOKE, NULL, 0, "as small as still runs every step; figures mean nothing", 0 },
    { "repetitions", KEY_REPETITIONS, "N", 0, "pairs of baseline and ours (5)", 0 },
    { "device", KEY_DEVICE, "OURS[,THEIRS]", 0,
      "wire: memif:SOCKET or af_packet:INTERFACE (a memif of its own)", 0 },
    { "fault", KEY_FAULT, "KEY=NUMBER,...", 0,
      "wire: loss_per_million, delay_ns, lost_frames=I+J and more, of what ours receives at either "
      "end; the raw baseline does without",
      0 },
    { "partner", KEY_PARTNER, "SPEC", OPTION_HIDDEN, NULL, 0 },
    { 0 },
};

/* argp's filter for the text after the options: the list of questions. */
static char *
list_questions(int key, const char *text, void *input)
{
    char *list = NULL;
    size_t size = 0;
    FILE *out;

    (void)input;
    if (key != ARGP_KEY_HELP_POST_DOC)
        return (char *)(uintptr_t)text;
    out = open_memstream(&list, &size);
    if (!out)
        return NULL;
    for (size_t i = 0; i < bench_table_count; i++)
        fprintf(out, "  %-16s %s\n", bench_table[i].name, bench_table[i].question);
    fclose(out);
    return list;
}

static const struct argp parser = {
    options,    parse,
    "NAME|all", "Measures, each figure in turn with its raw baseline in one run.\v",
    NULL,       list_questions,
    NULL,
};

static enum fab_exit
run_one(const struct bench *bench, const struct bench_options *bench_options)
{
    struct bench_result result = { .bench = bench->name, .body_bytes = 32 };
    enum myc_status status =
        bench->run ? bench->run(bench_options, &result) : bench->run_table(bench_options);

    if (status != MYC_OK) {
        fprintf(stderr, "mycelium bench: %s: %s: %s\n", bench->name, myc_status_name(status),
                myc_status_text(status));
        return fab_exit_of(status);
    }
    if (bench->run)
        bench_report(bench_options, &result);
    return FAB_EXIT_OK;
}

/* Each question has a process of its own: an EAL starts once in a process. */
static enum fab_exit
run_all(int argc, char **argv)
{
    enum fab_exit worst = FAB_EXIT_OK;

    for (size_t i = 0; i < bench_table_count; i++) {
        char program[] = "mycelium", command[] = "bench";
        char *child_argv[32] = { program, command };
        int count = 2, wait_status = 0;
        pid_t pid;

        for (int j = 1; j < argc && count < 30; j++)
            child_argv[count++] =
                strcmp(argv[j], "all") == 0 ? (char *)(uintptr_t)bench_table[i].name : argv[j];
        if (fab_child_start(child_argv, -1, &pid) != MYC_OK)
            return FAB_EXIT_RESOURCE;
        waitpid(pid, &wait_status, 0);
        if (!WIFEXITED(wait_status))
            worst = FAB_EXIT_FAILED;
        else if (WEXITSTATUS(wait_status) != 0)
            worst = (enum fab_exit)WEXITSTATUS(wait_status);
    }
    return worst;
}

enum fab_exit
fab_cmd_bench(int argc, char **argv)
{
    struct arguments arguments = { .options = { .repetitions = REPETITIONS_DEFAULT } };

    argp_parse(&parser, argc, argv, 0, NULL, &arguments);
    if (arguments.partner)
        return (enum fab_exit)bench_partner_main(arguments.partner, arguments.options.fault);
    if (arguments.options.is_smoke)
        arguments.options.repetitions = 1;
    if (strcmp(arguments.name, "all") == 0)
        return run_all(argc, argv);
    for (size_t i = 0; i < bench_table_count; i++)
        if (strcmp(bench_table[i].name, arguments.name) == 0)
            return run_one(&bench_table[i], &arguments.options);
    fprintf(stderr, "mycelium bench: there is no `%s`; `mycelium bench --help` lists them\n",
            arguments.name);
    return FAB_EXIT_USAGE;
}
