/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mycelium demo: an exchange, two nodes and a strategy as four processes of this machine, market
 * data from one end to the other, and what it took.
 *
 * This process starts the four, hears their reports (demo_console.c), starts again what was killed,
 * and prints. Each of the four is this same program, as `mycelium demo --role NAME`.
 */
#include <argp.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "market/capture.h"
#include "node/program/command_line.h"
#include "node/program/demo_console.h"
#include "node/program/demo_roles.h"
#include "node/program/signals.h"

#define SPEED_MAX 1e6

enum option_key {
    KEY_PCAP = 256,
    KEY_SPEED,
    KEY_SEED,
    KEY_MESSAGES,
    KEY_SYMBOLS,
    KEY_KEEP_BOOKS,
    KEY_JSON,
    KEY_ROLE,
    KEY_FOLDER,
    KEY_NO_HUGE,
};

struct arguments {
    struct market_demo_options options;
    const char *role;
    struct fab_demo_place place;
};

static uint64_t
parse_count(const char *value, const char *name, struct argp_state *state)
{
    char *end;
    unsigned long long count;

    errno = 0;
    count = strtoull(value, &end, 10);
    if (errno || end == value || *end != '\0' || *value == '-')
        argp_error(state, "%s takes a whole number, not `%s`", name, value);
    return count;
}

/* 0 stands for as fast as can be. */
static double
parse_speed(const char *value, struct argp_state *state)
{
    char *end;
    double speed = strtod(value, &end);

    if (strcmp(value, "max") == 0)
        return 0;
    if (end == value || *end != '\0' || !(speed > 0) || speed > SPEED_MAX)
        argp_error(state, "--speed takes a number above 0 or `max`, not `%s`", value);
    return speed;
}

static error_t
parse(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;

    switch (key) {
    case KEY_PCAP:
        arguments->options.pcap = value;
        return 0;
    case KEY_SPEED:
        arguments->options.speed = parse_speed(value, state);
        return 0;
    case KEY_SEED:
        arguments->options.seed = parse_count(value, "--seed", state);
        return 0;
    case KEY_MESSAGES:
        arguments->options.messages = parse_count(value, "--messages", state);
        return 0;
    case KEY_SYMBOLS:
        arguments->options.symbols = parse_count(value, "--symbols", state);
        return 0;
    case KEY_KEEP_BOOKS:
        arguments->options.keeps_books_at_restart = true;
        return 0;
    case KEY_JSON:
        arguments->options.is_json = true;
        return 0;
    case KEY_ROLE:
        arguments->role = value;
        return 0;
    case KEY_FOLDER:
        arguments->place.folder = value;
        return 0;
    case KEY_NO_HUGE:
        arguments->place.is_no_huge = true;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "`%s` is too much", value);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    { "pcap", KEY_PCAP, "FILE", 0,
      "replay a capture (pcap or pcapng, plain or gzip; IEX DEEP or Nasdaq ITCH) instead of the "
      "built-in generator",
      0 },
    { "speed", KEY_SPEED, "N|max", 0,
      "N times the feed's own pace, or as fast as the last hop takes it without loss (max)", 0 },
    { "seed", KEY_SEED, "N", 0, "of the generator", 0 },
    { "messages", KEY_MESSAGES, "N", 0, "that the generator makes (1000000)", 0 },
    { "symbols", KEY_SYMBOLS, "N", 0, "of the generator, 1 to 676 (8)", 0 },
    { "keep-books", KEY_KEEP_BOOKS, NULL, 0, "a session that restarts does not empty the books",
      0 },
    { "json", KEY_JSON, NULL, 0, "the report as one JSON object; progress goes to stderr", 0 },
    { "role", KEY_ROLE, "NAME", OPTION_HIDDEN, NULL, 0 },
    { "no-huge", KEY_NO_HUGE, NULL, 0, "ordinary pages, also when hugepages are free", 0 },
    { "folder", KEY_FOLDER, "PATH", OPTION_HIDDEN, NULL, 0 },
    { 0 },
};

static const struct argp parser = {
    options,
    parse,
    NULL,
    "Market data across an actor fabric on this machine: an exchange process sends a feed over a "
    "DPDK "
    "port; a feed handler decodes it, a book on another lcore (ring) keeps prices, a strategy in "
    "another process (segment) reacts, a gateway on another node (reliable wire) acknowledges.\v"
    "A process that is killed is started again. Ends with 0 when every message passed every hop, "
    "with 1 when some did not or a signal came (the report says what is known), with 3 when the "
    "input is not a capture.",
    NULL,
    NULL,
    NULL,
};

static enum fab_exit
run_role(const struct arguments *arguments)
{
    const struct fab_demo_role *role = fab_demo_role_lookup(arguments->role);
    struct myc_node *node = NULL;
    enum myc_status status;

    if (!role || !arguments->place.folder)
        return FAB_EXIT_USAGE;
    myc_log_set_level(MYC_LOG_WARNING);
    status = fab_demo_role_start(role, &arguments->place, &arguments->options, &node);
    if (status == MYC_OK)
        fab_signals_wait(-1);
    myc_log_set_level(MYC_LOG_ERROR); /* the others leave, too */
    myc_node_stop(&node);
    return fab_exit_of(status);
}

/* Before four processes are started for nothing. */
static bool
can_read(const char *path)
{
    char error[MARKET_CAPTURE_ERROR_SIZE];
    struct market_capture *capture = market_capture_open(path, error);

    if (!capture)
        fprintf(stderr, "mycelium demo: %s\n", error);
    market_capture_close(capture);
    return capture != NULL;
}

enum fab_exit
fab_cmd_demo(int argc, char **argv)
{
    struct arguments arguments = { .role = NULL };

    market_demo_options_init(&arguments.options);
    argp_parse(&parser, argc, argv, 0, NULL, &arguments);
    fab_signals_block();
    if (arguments.role)
        return run_role(&arguments);
    if (arguments.options.pcap && !can_read(arguments.options.pcap))
        return FAB_EXIT_CONFIG;
    return fab_demo_console_run(&arguments.options, arguments.place.is_no_huge, argc, argv);
}
