/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The console is a node of its own, attached to the other four, so it sees their deaths twice: the
 * kernel tells it that a child has ended, and the actors report whom they have lost. A child that
 * was killed is started again, and its neighbours take it back by themselves.
 *
 * Everything that is said while the demo runs goes to stderr; stdout has the report alone.
 */
#include "node/program/demo_console.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "node/program/child.h"
#include "node/program/demo_roles.h"
#include "node/program/eal_arguments.h"
#include "node/program/signals.h"

#define TICK_MS         50
#define STOP_TIMEOUT_MS 5000
#define RESTARTS_MAX    20U /* of one child; more means that it cannot run here */
#define WORDS_MAX       24  /* of a child's command line */

struct console {
    int argc;
    char **argv;
    char folder[64];
    struct fab_demo_place place;
    pid_t children[FAB_DEMO_ROLE_COUNT]; /* 0: not started */
    unsigned restarts[FAB_DEMO_ROLE_COUNT];
    enum fab_exit child_exit; /* of a child that gave up; OK: none has */
    uint64_t start_ns;
};

static uint64_t
clock_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

static double
seconds_since_start(const struct console *console)
{
    return (double)(clock_ns() - console->start_ns) / 1e9;
}

/* ---- children ------------------------------------------------------------------------------- */

/* The demo's own command line, and which part of it the child is. */
static enum myc_status
start_child(struct console *console, size_t index)
{
    const struct fab_demo_role *role = &fab_demo_roles[index];
    char program[] = "mycelium", command[] = "demo", role_option[] = "--role";
    char folder_option[] = "--folder", no_huge_option[] = "--no-huge";
    char *argv[WORDS_MAX] = { program, command };
    int count = 2;
    enum myc_status status;

    for (int i = 1; i < console->argc && count < WORDS_MAX - 6; i++)
        argv[count++] = console->argv[i];
    argv[count++] = role_option;
    argv[count++] = (char *)(uintptr_t)role->name;
    argv[count++] = folder_option;
    argv[count++] = console->folder;
    if (console->place.is_no_huge)
        argv[count++] = no_huge_option;
    status = fab_child_start(argv, -1, &console->children[index]);
    if (status == MYC_OK)
        fprintf(stderr, "%7.2f s  %s started, pid %d\n", seconds_since_start(console), role->name,
                (int)console->children[index]);
    return status;
}

static bool
start_children(struct console *console)
{
    for (size_t i = 0; i < FAB_DEMO_ROLE_COUNT; i++)
        if (start_child(console, i) != MYC_OK)
            return false;
    return true;
}

static void
tell_end(const struct console *console, size_t index, int wait_status)
{
    const char *name = fab_demo_roles[index].name;

    if (WIFSIGNALED(wait_status))
        fprintf(stderr, "%7.2f s  %s was killed by signal %d\n", seconds_since_start(console), name,
                WTERMSIG(wait_status));
    else
        fprintf(stderr, "%7.2f s  %s ended with code %d\n", seconds_since_start(console), name,
                WEXITSTATUS(wait_status));
}

/* A child that gave up by itself would again, so the demo ends with its exit code. */
static bool
can_start_again(struct console *console, size_t index, int wait_status)
{
    if (WIFSIGNALED(wait_status) && console->restarts[index]++ < RESTARTS_MAX)
        return true;
    console->child_exit = WIFEXITED(wait_status) && WEXITSTATUS(wait_status)
                              ? (enum fab_exit)WEXITSTATUS(wait_status)
                              : FAB_EXIT_FAILED;
    fprintf(stderr, "mycelium demo: %s cannot go on, so the demo ends\n",
            fab_demo_roles[index].name);
    return false;
}

/* Starts again what was killed. False: it would be in vain. */
static bool
tend_children(struct console *console, struct market_demo *demo)
{
    for (size_t i = 0; i < FAB_DEMO_ROLE_COUNT; i++) {
        int wait_status;

        if (!fab_child_has_ended(console->children[i], &wait_status))
            continue;
        console->children[i] = 0;
        tell_end(console, i, wait_status);
        if (!can_start_again(console, i, wait_status) || start_child(console, i) != MYC_OK)
            return false;
        demo->restarts++;
    }
    return true;
}

/* All at once, then one after the other: each takes its time. False: one died of it. */
static bool
stop_children(struct console *console)
{
    bool is_clean = true;

    myc_log_set_level(MYC_LOG_ERROR); /* that they leave is no news */
    for (size_t i = 0; i < FAB_DEMO_ROLE_COUNT; i++)
        if (console->children[i] > 0)
            kill(console->children[i], SIGTERM);
    for (size_t i = FAB_DEMO_ROLE_COUNT; i-- > 0;) {
        int wait_status;

        if (console->children[i] <= 0)
            continue;
        wait_status = fab_child_stop(console->children[i], STOP_TIMEOUT_MS);
        if (!WIFSIGNALED(wait_status))
            continue;
        tell_end(console, i, wait_status);
        is_clean = false;
    }
    return is_clean;
}

/* ---- the sockets' folder -------------------------------------------------------------------- */

static bool
make_folder(struct console *console)
{
    snprintf(console->folder, sizeof(console->folder), "/tmp/mycelium-demo-XXXXXX");
    if (mkdtemp(console->folder))
        return true;
    perror("mycelium demo: a folder in /tmp for the sockets");
    return false;
}

/* Sockets of killed processes stay behind as files. */
static void
remove_folder(const struct console *console)
{
    DIR *folder = opendir(console->folder);
    struct dirent *entry;

    while (folder && (entry = readdir(folder)))
        unlinkat(dirfd(folder), entry->d_name, 0);
    if (folder)
        closedir(folder);
    rmdir(console->folder);
}

/* ---- all of it ------------------------------------------------------------------------------ */

static bool
do_lcores_share_cpus(void)
{
    uint8_t cpus[UINT8_MAX];

    return fab_demo_lcore_total() > fab_eal_cpus(cpus, UINT8_MAX);
}

/* Until all is over, a child cannot run, or a signal comes. */
static enum fab_exit
watch(struct console *console, struct market_demo *demo)
{
    while (!market_demo_poll(demo, clock_ns(), stderr)) {
        if (fab_signals_wait(TICK_MS))
            return FAB_EXIT_FAILED;
        if (!tend_children(console, demo))
            return console->child_exit ? console->child_exit : FAB_EXIT_RESOURCE;
    }
    return market_demo_is_lossless(demo) ? FAB_EXIT_OK : FAB_EXIT_FAILED;
}

static enum fab_exit
run(struct console *console, const struct market_demo_options *options)
{
    struct market_demo demo = { .report = NULL };
    struct myc_node *node = NULL;
    enum fab_exit result = FAB_EXIT_RESOURCE;

    myc_log_set_level(MYC_LOG_WARNING);
    if (fab_demo_console_start(&console->place, &node) == MYC_OK &&
        market_demo_start(&demo, options, node, clock_ns()) == MYC_OK && start_children(console)) {
        result = watch(console, &demo);
        /* Before the end is made: that everybody loses everybody then is no news. */
        if (!console->child_exit)
            market_demo_print(&demo, stdout);
        fflush(stdout);
    }
    if (!stop_children(console) && result == FAB_EXIT_OK)
        result = FAB_EXIT_FAILED;
    myc_node_stop(&node);
    market_demo_fini(&demo);
    return result;
}

enum fab_exit
fab_demo_console_run(const struct market_demo_options *options, bool is_no_huge, int argc,
                     char **argv)
{
    struct console console = { .argc = argc, .argv = argv, .start_ns = clock_ns() };
    struct market_demo_options known = *options;
    enum fab_exit result;

    if (!make_folder(&console))
        return FAB_EXIT_RESOURCE;
    console.place.folder = console.folder;
    console.place.is_no_huge = is_no_huge || !fab_demo_has_hugepages();
    if (console.place.is_no_huge && !is_no_huge)
        fprintf(stderr, "too few hugepages are free: ordinary pages are used (--no-huge)\n");
    known.do_lcores_share_cpus = do_lcores_share_cpus();
    result = run(&console, &known);
    remove_folder(&console);
    return result;
}
