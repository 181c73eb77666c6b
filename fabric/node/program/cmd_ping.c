/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mycelium ping NAME: asks an actor and times its answers, as a client of a node of this host.
 *
 * The actor lives on that node: a client is linked with nobody behind it, and is told where a name
 * is held otherwise. It has to answer an Echo (actors/tools), as the class `echo` does.
 */
#include <argp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <mycelium/client.h>
#include <mycelium/histogram.h>
#include <mycelium/messages.h>

#include "node/control/query.h"
#include "node/program/command_line.h"
#include "tools_messages.h"

#define ERROR_SIZE 384U
#define TIMEOUT_MS 2000U
#define COUNT      10U
#define NS_PER_MS  1000000ULL

enum option_key {
    KEY_SOCKET = 256,
    KEY_COUNT,
    KEY_TIMEOUT,
    KEY_JSON,
};

struct arguments {
    const char *name;
    const char *socket_path;
    uint32_t count;
    uint32_t timeout_ms;
    bool is_json;
};

static uint32_t
parse_number(const char *value, const char *option, struct argp_state *state)
{
    char *end;
    unsigned long number = strtoul(value, &end, 10);

    if (end == value || *end != '\0' || number == 0 || number > 100000000UL)
        argp_error(state, "%s takes 1 to 100000000, not `%s`", option, value);
    return (uint32_t)number;
}

static error_t
parse(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;

    switch (key) {
    case KEY_SOCKET:
        arguments->socket_path = value;
        return 0;
    case KEY_COUNT:
        arguments->count = parse_number(value, "--count", state);
        return 0;
    case KEY_TIMEOUT:
        arguments->timeout_ms = parse_number(value, "--timeout-ms", state);
        return 0;
    case KEY_JSON:
        arguments->is_json = true;
        return 0;
    case ARGP_KEY_ARG:
        if (arguments->name)
            argp_error(state, "one NAME at a time");
        arguments->name = value;
        return 0;
    case ARGP_KEY_END:
        if (!arguments->name || !arguments->socket_path)
            argp_error(state, "say whom and through which node: NAME --socket SOCKET");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    { "socket", KEY_SOCKET, "SOCKET", 0, "control socket of a node of this host", 0 },
    { "count", KEY_COUNT, "N", 0, "of asks (10)", 0 },
    { "timeout-ms", KEY_TIMEOUT, "N", 0, "for finding the name, and for each answer (2000)", 0 },
    { "json", KEY_JSON, NULL, 0, "one JSON object", 0 },
    { 0 },
};

static const struct argp parser = {
    options, parse, "NAME", "Asks an actor by name and times its answers.", NULL, NULL, NULL,
};

/* One ask at a time, from within the client's inbox actor. */
struct ping {
    struct myc_ref to;
    struct myc_ask_options options;
    uint64_t sent_ns;
    enum myc_status status;
};

static void
ask(struct myc_self *self, void *context)
{
    struct ping *ping = context;
    struct tools_echo echo = { .number = ping->options.tag };
    uint8_t body[TOOLS_ECHO_SIZE];

    tools_echo_encode(&echo, body);
    ping->sent_ns = myc_clock_ns(self);
    ping->status =
        myc_ask(self, ping->to, &tools_echo_type, body, sizeof(body), &ping->options, NULL);
}

static void
read_clock(struct myc_self *self, void *context)
{
    *(uint64_t *)context = myc_clock_ns(self);
}

/* Waits for the reply with our tag. OK; TIMEOUT; else what the ask came to. */
static enum myc_status
wait_for_answer(struct myc_node *node, const struct ping *ping)
{
    struct myc_message message;
    struct myc_ask_failed failed;

    for (;;) {
        enum myc_status status = myc_client_receive(node, ping->options.timeout_ns * 2, &message);

        if (status != MYC_OK)
            return status;
        if (message.tag != ping->options.tag)
            continue;
        if (message.kind == MYC_KIND_REPLY)
            return MYC_OK;
        if (myc_ask_failed_decode(&message, &failed))
            return (enum myc_status)failed.status;
    }
}

static enum myc_status
ping_once(struct myc_node *node, struct ping *ping, uint64_t *took_ns)
{
    uint64_t now_ns;
    enum myc_status status = myc_client_run(node, ask, ping);

    if (status == MYC_OK)
        status = ping->status;
    if (status == MYC_OK)
        status = wait_for_answer(node, ping);
    if (status != MYC_OK)
        return status;
    status = myc_client_run(node, read_clock, &now_ns);
    *took_ns = now_ns - ping->sent_ns;
    return status;
}

static void
report(const struct arguments *arguments, const struct myc_histogram *histogram, uint32_t answered)
{
    const char *format =
        arguments->is_json
            ? "{\"name\":\"%s\",\"asked\":%u,\"answered\":%u,\"p50_ns\":%llu,\"p99_ns\":%llu,"
              "\"max_ns\":%llu}\n"
            : "%s: %u asked, %u answered; p50 %llu ns, p99 %llu ns, max %llu ns\n";

    printf(format, arguments->name, arguments->count, answered,
           (unsigned long long)myc_histogram_percentile(histogram, 50.0),
           (unsigned long long)myc_histogram_percentile(histogram, 99.0),
           (unsigned long long)histogram->max);
}

static enum fab_exit
ping_all(const struct arguments *arguments, struct myc_node *node, struct myc_ref to)
{
    struct ping ping = {
        .to = to,
        .options = { .size = sizeof(ping.options),
                     .timeout_ns = arguments->timeout_ms * NS_PER_MS },
    };
    static struct myc_histogram histogram;
    uint32_t answered = 0;

    myc_histogram_init(&histogram);
    for (uint32_t i = 0; i < arguments->count; i++) {
        uint64_t took_ns;
        enum myc_status status;

        ping.options.tag = i + 1;
        status = ping_once(node, &ping, &took_ns);
        if (status != MYC_OK) {
            fprintf(stderr, "mycelium ping: %s: ask %u: %s: %s\n", arguments->name, i + 1,
                    myc_status_name(status), myc_status_text(status));
            continue;
        }
        myc_histogram_record(&histogram, took_ns);
        answered++;
    }
    report(arguments, &histogram, answered);
    return answered == arguments->count ? FAB_EXIT_OK : FAB_EXIT_FAILED;
}

/* The node that has the actor of this name, as the one that is asked knows it; 0: nobody has it. */
static unsigned
node_with_name(const struct arguments *arguments)
{
    char error[ERROR_SIZE] = "";
    struct myc_ref ref = { 0 };
    char *text = NULL;
    json_t *node;

    if (fab_control_query(arguments->socket_path, "ls", (int)arguments->timeout_ms, &text, error,
                          sizeof(error)) != MYC_OK)
        return 0;
    node = json_loads(text, 0, NULL);
    free(text);
    text = (char *)(uintptr_t)json_string_value(
        json_object_get(json_object_get(node, "names"), arguments->name));
    if (text && myc_ref_parse(text, &ref) != MYC_OK)
        ref.home = 0;
    json_decref(node);
    return (unsigned)(ref.home >> 48);
}

/* A client is linked with the node that it asks, and with nobody behind it. */
static void
say_not_found(const struct arguments *arguments)
{
    unsigned node = node_with_name(arguments);

    if (node != 0)
        fprintf(stderr,
                "mycelium ping: `%s` is on node %u, behind the node at %s: ping reaches actors of "
                "the node that it asks only; ask node %u itself, by its control socket on its own "
                "host\n",
                arguments->name, node, arguments->socket_path, node);
    else
        fprintf(stderr,
                "mycelium ping: nobody has the name `%s` that the node at %s knows of; `mycelium "
                "ls` lists the names that it knows, with their nodes\n",
                arguments->name, arguments->socket_path);
}

enum fab_exit
fab_cmd_ping(int argc, char **argv)
{
    struct arguments arguments = { .count = COUNT, .timeout_ms = TIMEOUT_MS };
    char error[ERROR_SIZE] = "";
    struct myc_client_options client = {
        .size = sizeof(client),
        .name = "ping",
        .error = error,
        .error_size = sizeof(error),
    };
    struct myc_node *node = NULL;
    struct myc_ref to;
    enum fab_exit result = FAB_EXIT_UNREACHABLE;

    argp_parse(&parser, argc, argv, 0, NULL, &arguments);
    client.timeout_ms = arguments.timeout_ms;
    myc_log_set_level(MYC_LOG_WARNING);
    if (myc_client_open(arguments.socket_path, &client, &node) != MYC_OK) {
        fprintf(stderr, "mycelium ping: %s: %s\n", arguments.socket_path, error);
        return FAB_EXIT_UNREACHABLE;
    }
    if (myc_client_find(node, arguments.name, arguments.timeout_ms * NS_PER_MS, &to) == MYC_OK)
        result = ping_all(&arguments, node, to);
    else
        say_not_found(&arguments);
    myc_node_stop(&node);
    return result;
}
