/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mycelium ls: what a running node says of itself.
 */
#include <argp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "node/control/query.h"
#include "node/program/command_line.h"

#define TIMEOUT_MS 5000
#define ERROR_SIZE 384U

enum option_key {
    KEY_JSON = 256,
    KEY_ALL,
};

struct arguments {
    const char *path;
    bool is_json;
    bool has_zeros; /* counters that are zero, too */
};

static error_t
parse(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;

    switch (key) {
    case KEY_JSON:
        arguments->is_json = true;
        return 0;
    case KEY_ALL:
        arguments->has_zeros = true;
        return 0;
    case ARGP_KEY_ARG:
        if (arguments->path)
            argp_error(state, "one SOCKET at a time");
        arguments->path = value;
        return 0;
    case ARGP_KEY_END:
        if (!arguments->path)
            argp_error(state, "say which: SOCKET, the node's segments.control_socket");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    { "json", KEY_JSON, NULL, 0, "the node's own answer, as JSON", 0 },
    { "all", KEY_ALL, NULL, 0, "counters that are zero, too", 0 },
    { 0 },
};

static const struct argp parser = {
    options, parse, "SOCKET", "Lists names, links, the fullest mailboxes and counters of a node.",
    NULL,    NULL,  NULL,
};

static const char *
text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "?";
}

static json_int_t
number_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

/* Of a link over two ports. */
static void
print_paths(const json_t *link)
{
    json_t *path;
    size_t i;

    json_array_foreach(json_object_get(link, "paths"), i, path)
        printf("           path %c over %s %s\n", 'a' + (int)i, text_of(path, "port"),
               json_is_true(json_object_get(path, "up")) ? "up" : "down");
}

/* Of a link to another host. */
static void
print_clock(const json_t *link)
{
    const json_t *clock = json_object_get(link, "clock");

    if (clock && !json_is_true(json_object_get(clock, "same")))
        printf("           its clock is %.3f us ahead of ours, +- %.3f us\n",
               (double)number_of(clock, "offset_ns") / 1e3,
               (double)number_of(clock, "error_ns") / 1e3);
}

static void
print_link(const json_t *link)
{
    printf("  %-8s %-4s to %s lcore %lld: %lld sent, %lld received, %lld full\n",
           text_of(link, "level"), json_is_true(json_object_get(link, "up")) ? "up" : "down",
           text_of(link, "peer"), (long long)number_of(link, "peer_lcore"),
           (long long)number_of(link, "sent"), (long long)number_of(link, "received"),
           (long long)number_of(link, "full"));
    print_paths(link);
    print_clock(link);
}

static void
print_mailbox(const json_t *mailbox)
{
    printf("  mailbox  %s of %s: %lld of %lld wait%s, %lld at most so far", text_of(mailbox, "ref"),
           text_of(mailbox, "class"), (long long)number_of(mailbox, "waiting"),
           (long long)number_of(mailbox, "waiting_max"),
           json_is_true(json_object_get(mailbox, "suspended")) ? " for its supervisor" : "",
           (long long)number_of(mailbox, "high_water"));
    if (number_of(mailbox, "age_ns") > 0)
        printf(", for %.1f us or longer", (double)number_of(mailbox, "age_ns") / 1e3);
    putchar('\n');
}

static void
print_lcore(const json_t *lcore)
{
    json_int_t busy_ns = number_of(lcore, "busy_ns"), idle_ns = number_of(lcore, "idle_ns");
    double share = busy_ns + idle_ns ? 100.0 * (double)busy_ns / (double)(busy_ns + idle_ns) : 0;
    json_t *link, *mailbox;
    size_t i;

    printf("lcore %lld%s: %lld actors, %.1f %% busy, longest gap %.1f us\n",
           (long long)number_of(lcore, "index"),
           json_is_true(json_object_get(lcore, "polls")) ? "" : " (does not answer)",
           (long long)number_of(lcore, "actors"), share,
           (double)number_of(lcore, "gap_ns_max") / 1e3);
    json_array_foreach(json_object_get(lcore, "links"), i, link) print_link(link);
    json_array_foreach(json_object_get(lcore, "mailboxes"), i, mailbox) print_mailbox(mailbox);
}

static void
print_node(json_t *node, bool has_zeros)
{
    const char *key;
    json_t *value;
    size_t i;

    printf("node %s\n", text_of(node, "home"));
    json_array_foreach(json_object_get(node, "lcores"), i, value) print_lcore(value);
    json_array_foreach(json_object_get(node, "attached"), i, value)
        printf("attached: %s %s, pid %lld\n", text_of(value, "name"), text_of(value, "home"),
               (long long)number_of(value, "pid"));
    json_object_foreach(json_object_get(node, "names"), key, value)
        printf("name %-32s %s\n", key, json_string_value(value));
    json_object_foreach(json_object_get(node, "counters"), key,
                        value) if (has_zeros || json_integer_value(value))
        printf("counter %-28s %lld\n", key, (long long)json_integer_value(value));
}

enum fab_exit
fab_cmd_ls(int argc, char **argv)
{
    struct arguments arguments = { 0 };
    char error[ERROR_SIZE] = "";
    char *text = NULL;
    enum myc_status status;
    json_t *node;

    argp_parse(&parser, argc, argv, 0, NULL, &arguments);
    status = fab_control_query(arguments.path, "ls", TIMEOUT_MS, &text, error, sizeof(error));
    if (status != MYC_OK) {
        fprintf(stderr, "mycelium ls: %s: %s\n", arguments.path, error);
        return status == MYC_NOT_FOUND ? FAB_EXIT_UNREACHABLE : fab_exit_of(status);
    }
    node = json_loads(text, 0, NULL);
    if (node && !arguments.is_json)
        print_node(node, arguments.has_zeros);
    else
        puts(text);
    json_decref(node);
    free(text);
    return node ? FAB_EXIT_OK : FAB_EXIT_FAILED;
}
