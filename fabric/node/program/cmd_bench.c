/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mycelium bench NAME...: questions of benchmarks/, or all. One is measured in this process;
 * several have a process each; for a report their lines are collected.
 */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "bench.h"
#include "node/program/child.h"
#include "node/program/command_line.h"
#include "partner.h"
#include "report_page.h"

#define REPETITIONS_DEFAULT 5U
#define NAMES_MAX           64U

enum option_key {
    KEY_JSON = 256,
    KEY_SMOKE,
    KEY_REPETITIONS,
    KEY_DEVICE,
    KEY_FAULT,
    KEY_PARTNER,
    KEY_REPORT,
    KEY_PEERS,
    KEY_HISTOGRAMS,
};

struct arguments {
    struct bench_options options;
    const char *names[NAMES_MAX];
    unsigned name_count;
    const char *partner;
    const char *report; /* folder; NULL: none */
    const char *peers;  /* file for it; NULL: none */
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
    case KEY_REPORT:
        arguments->report = value;
        return 0;
    case KEY_PEERS:
        arguments->peers = value;
        return 0;
    case KEY_HISTOGRAMS:
        arguments->options.histograms = value;
        return 0;
    case ARGP_KEY_ARG:
        if (arguments->name_count == NAMES_MAX)
            argp_error(state, "at most %u NAMEs", NAMES_MAX);
        arguments->names[arguments->name_count++] = value;
        return 0;
    case ARGP_KEY_END:
        if (arguments->name_count == 0 && !arguments->partner)
            argp_error(state, "say which: NAME, or `all`");
        if (arguments->peers && !arguments->report)
            argp_error(state, "--peers goes into a report: say --report DIR as well");
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
    { "report", KEY_REPORT, "DIR", 0,
      "a folder with report.json, .hgrm files and the page report.html", 0 },
    { "peers", KEY_PEERS, "FILE", 0, "for the report: what `benchmarks/compare --json` printed",
      0 },
    { "histograms", KEY_HISTOGRAMS, "DIR", 0, "there: a .hgrm file for each sampled latency", 0 },
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
    options,       parse,
    "NAME...|all", "Measures, each figure in turn with its raw baseline in one run.\v",
    NULL,          list_questions,
    NULL,
};

static const struct bench *
find(const char *name)
{
    for (size_t i = 0; i < bench_table_count; i++)
        if (strcmp(bench_table[i].name, name) == 0)
            return &bench_table[i];
    fprintf(stderr, "mycelium bench: there is no `%s`; `mycelium bench --help` lists them\n", name);
    return NULL;
}

static enum fab_exit
run_one(const struct bench *bench, const struct bench_options *bench_options)
{
    static struct myc_histogram raw_samples, fabric_samples;
    struct bench_result result = { .bench = bench->name, .body_bytes = 32 };
    enum myc_status status;

    if (bench_options->histograms) {
        myc_histogram_init(&raw_samples);
        myc_histogram_init(&fabric_samples);
        result.raw_samples = &raw_samples;
        result.fabric_samples = &fabric_samples;
    }
    status = bench->run ? bench->run(bench_options, &result) : bench->run_table(bench_options);
    if (status != MYC_OK) {
        fprintf(stderr, "mycelium bench: %s: %s: %s\n", bench->name, myc_status_name(status),
                myc_status_text(status));
        return fab_exit_of(status);
    }
    if (bench->run)
        bench_report(bench_options, &result);
    return FAB_EXIT_OK;
}

/* A question in a process of its own: an EAL starts once in a process. */
static enum fab_exit
run_child(const struct arguments *arguments, const char *name, int stdout_fd)
{
    const struct bench_options *with = &arguments->options;
    const char *argv[16] = { "mycelium", "bench", name };
    char repetitions[16];
    int count = 3, wait_status = 0;
    pid_t pid;

    snprintf(repetitions, sizeof(repetitions), "%u", with->repetitions);
    argv[count++] = "--repetitions";
    argv[count++] = repetitions;
    if (with->is_json || arguments->report)
        argv[count++] = "--json";
    if (with->is_smoke)
        argv[count++] = "--smoke";
    for (unsigned i = 0; i < 3; i++) {
        const char *const names[] = { "--device", "--fault", "--histograms" };
        const char *const values[] = { with->device, with->fault,
                                       arguments->report ? arguments->report : with->histograms };

        if (!values[i])
            continue;
        argv[count++] = names[i];
        argv[count++] = values[i];
    }
    if (fab_child_start((char *const *)(uintptr_t)argv, stdout_fd, &pid) != MYC_OK)
        return FAB_EXIT_RESOURCE;
    while (waitpid(pid, &wait_status, 0) < 0)
        if (errno != EINTR)
            return FAB_EXIT_FAILED;
    return WIFEXITED(wait_status) ? (enum fab_exit)WEXITSTATUS(wait_status) : FAB_EXIT_FAILED;
}

/* Asks all that are named, one after the other; what failed is told on a line of its own. */
static enum fab_exit
run_children(const struct arguments *arguments, FILE *lines)
{
    bool is_all = strcmp(arguments->names[0], "all") == 0;
    size_t count = is_all ? bench_table_count : arguments->name_count;
    enum fab_exit worst = FAB_EXIT_OK;

    for (size_t i = 0; i < count; i++) {
        const char *name = is_all ? bench_table[i].name : arguments->names[i];
        enum fab_exit code = run_child(arguments, name, lines ? fileno(lines) : -1);

        if (code == FAB_EXIT_OK)
            continue;
        worst = code;
        if (lines)
            dprintf(fileno(lines), "{\"bench\":\"%s\",\"failed\":\"exit code %d\"}\n", name,
                    (int)code);
    }
    return worst;
}

static enum fab_exit
run_report(const struct arguments *arguments)
{
    const struct bench_report_wish wish = {
        .directory = arguments->report,
        .options = &arguments->options,
        .lines = tmpfile(),
        .peers = arguments->peers,
    };
    enum fab_exit worst = FAB_EXIT_RESOURCE;
    enum myc_status status;

    if (!wish.lines)
        return worst;
    status = bench_report_make_folder(wish.directory);
    if (status == MYC_OK) {
        worst = run_children(arguments, wish.lines);
        rewind(wish.lines);
        status = bench_report_write(&wish);
    }
    fclose(wish.lines);
    return status != MYC_OK ? fab_exit_of(status) : worst;
}

enum fab_exit
fab_cmd_bench(int argc, char **argv)
{
    struct arguments arguments = { .options = { .repetitions = REPETITIONS_DEFAULT } };
    bool is_all;

    argp_parse(&parser, argc, argv, 0, NULL, &arguments);
    if (arguments.partner)
        return (enum fab_exit)bench_partner_main(arguments.partner, arguments.options.fault);
    if (arguments.options.is_smoke)
        arguments.options.repetitions = 1;
    is_all = arguments.name_count == 1 && strcmp(arguments.names[0], "all") == 0;
    for (unsigned i = 0; !is_all && i < arguments.name_count; i++)
        if (!find(arguments.names[i]))
            return FAB_EXIT_USAGE;
    if (arguments.report)
        return run_report(&arguments);
    if (is_all || arguments.name_count > 1)
        return run_children(&arguments, NULL);
    return run_one(find(arguments.names[0]), &arguments.options);
}
