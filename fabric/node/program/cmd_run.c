/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mycelium run CONFIG: a node as a file says, until SIGINT or SIGTERM.
 */
#include <argp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "node/config/config.h"
#include "node/program/classes.h"
#include "node/program/command_line.h"
#include "node/program/signals.h"

#define ERROR_SIZE 1024U

static error_t
parse(int key, char *value, struct argp_state *state)
{
    const char **path = state->input;

    switch (key) {
    case ARGP_KEY_ARG:
        if (*path)
            argp_error(state, "one CONFIG at a time");
        *path = value;
        return 0;
    case ARGP_KEY_END:
        if (!*path)
            argp_error(state, "say which: CONFIG, a YAML file; deploy/examples/node.yaml has all "
                              "keys");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp parser = {
    NULL, parse, "CONFIG", "Runs a node as a YAML file says, until SIGINT or SIGTERM.",
    NULL, NULL,  NULL,
};

static enum myc_status
find_class(const struct fab_config_actor *actor, const struct myc_class **class_of, char *error)
{
    if (actor->library)
        return fab_classes_load(actor->library, actor->class_name, class_of, error, ERROR_SIZE);
    *class_of = fab_classes_lookup_builtin(actor->class_name);
    if (*class_of)
        return MYC_OK;
    snprintf(error, ERROR_SIZE, "no class `%s` is built in: give `library:` for one of your own",
             actor->class_name);
    return MYC_NOT_FOUND;
}

static enum fab_exit
spawn_actors(const struct fab_config *config, struct myc_node *node)
{
    for (uint32_t i = 0; i < config->actor_count; i++) {
        const struct fab_config_actor *actor = &config->actors[i];
        const struct myc_class *class_of = NULL;
        char error[ERROR_SIZE] = "";
        enum myc_status status = find_class(actor, &class_of, error);

        if (status != MYC_OK) {
            fprintf(stderr, "mycelium run: actors[%u]: %s\n", i, error);
            return FAB_EXIT_CONFIG;
        }
        status = myc_node_spawn(node, actor->lcore, class_of, &actor->spawn, NULL);
        if (status != MYC_OK) {
            fprintf(stderr, "mycelium run: actors[%u] (%s) did not start: %s: %s\n", i,
                    actor->class_name, myc_status_name(status), myc_status_text(status));
            return FAB_EXIT_FAILED;
        }
    }
    return FAB_EXIT_OK;
}

/* A device that is not there was most likely not given to its driver yet. */
static void
tell_host_setup(const struct fab_config *config)
{
    for (uint32_t i = 0; i < config->options.port_count; i++) {
        const struct fab_port_profile *profile = config->profiles[i];

        if (profile && profile->host_setup)
            fprintf(stderr, "for %s, as root:\n%s", profile->profile, profile->host_setup);
    }
}

/* Peers see it as any death of a process, and whoever started us starts us again. */
static void
on_stall_limit(void *context, struct myc_ref actor, const char *class_name, uint64_t stalled_ns)
{
    char ref[MYC_REF_TEXT_SIZE];

    (void)context;
    myc_ref_format(actor, ref);
    fprintf(stderr,
            "mycelium run: %s (%s) has not returned for %llu ms: the process ends "
            "(times.stall_limit_ms)\n",
            class_name, ref, (unsigned long long)stalled_ns / 1000000U);
    _exit(FAB_EXIT_STALLED);
}

/* The main thread waits for a signal: this is one. */
static void
on_primary_lost(void *context)
{
    atomic_store((atomic_bool *)context, true);
    kill(getpid(), SIGTERM);
}

static enum fab_exit
run_node(struct fab_config *config)
{
    char error[ERROR_SIZE] = "";
    struct myc_node *node = NULL;
    atomic_bool has_lost_primary = false;
    enum myc_status status;
    enum fab_exit result;

    config->options.on_stall_limit = on_stall_limit;
    config->options.on_primary_lost = on_primary_lost;
    config->options.primary_context = &has_lost_primary;
    config->options.error = error;
    config->options.error_size = sizeof(error);
    if (!config->has_hugepages)
        fprintf(stderr,
                "mycelium run: ordinary pages are used (--no-huge); for hugepages: echo 512 > "
                "/proc/sys/vm/nr_hugepages\n");
    status = myc_node_start(&config->options, &node);
    if (status != MYC_OK) {
        fprintf(stderr, "mycelium run: the node did not start: %s: %s\n", myc_status_name(status),
                error);
        if (status == MYC_NOT_FOUND)
            tell_host_setup(config);
        return fab_exit_of(status);
    }
    /* What is left is code, stacks and the C library's memory. */
    if (mlockall(MCL_CURRENT) != 0)
        fprintf(stderr, "mycelium run: not all memory is locked: raise the limit (ulimit -l, "
                        "LimitMEMLOCK)\n");
    result = spawn_actors(config, node);
    if (result == FAB_EXIT_OK) {
        printf("node %s (%u) runs: %u lcores, %u ports, %u actors\n",
               config->options.name ? config->options.name : "", config->options.node_id,
               config->options.lcore_count, config->options.port_count, config->actor_count);
        fflush(stdout);
        fab_signals_wait(-1);
        result = atomic_load(&has_lost_primary) ? FAB_EXIT_FAILED : FAB_EXIT_OK;
        fab_signals_release();
    }
    myc_node_stop(&node);
    return result;
}

enum fab_exit
fab_cmd_run(int argc, char **argv)
{
    struct fab_config *config = NULL;
    const char *path = NULL;
    char error[FAB_YAML_ERROR_SIZE] = "";
    enum fab_exit result;

    argp_parse(&parser, argc, argv, 0, NULL, &path);
    fab_signals_block();
    if (fab_config_load(path, &config, error) != MYC_OK) {
        fprintf(stderr, "mycelium run: %s\n", error);
        return FAB_EXIT_CONFIG;
    }
    result = run_node(config);
    fab_config_free(&config);
    return result;
}
