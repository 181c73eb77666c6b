/* SPDX-License-Identifier: BSD-3-Clause */
#include "peer_process.h"

#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/log.h"
#include "traffic.h"

#define LEDGER_FD     9
#define STOCK_EACH    16U /* turns between looks at what is open, when resting */
#define RELEASE_TURNS 64U
#define SLOTS         256U
#define HEAP_BYTES    (2U << 20)

extern char **environ;

static volatile sig_atomic_t is_told_to_end;
static struct ledger_place *own_place;
static int own_fault = PEER_NO_FAULT;
static uint64_t own_passage;

#ifdef FAB_FAULT_POINTS
void
fab_fault_point(enum fab_fault_point point)
{
    uint64_t passed;

    if (!own_place)
        return;
    passed = atomic_fetch_add(&own_place->passed[point], 1) + 1;
    if ((int)point == own_fault && passed == own_passage)
        (void)kill(getpid(), SIGKILL);
}
#endif

static struct ledger *
map_ledger(int fd)
{
    void *memory = mmap(NULL, sizeof(struct ledger), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    FAB_ASSERT(memory != MAP_FAILED);
    return memory;
}

struct ledger *
ledger_create(int *fd)
{
    *fd = memfd_create("test-ledger", MFD_CLOEXEC);
    FAB_ASSERT(*fd >= 0 && ftruncate(*fd, sizeof(struct ledger)) == 0);
    return map_ledger(*fd);
}

/* ---- the driver's side -----------------------------------------------------------------------
 */

/* Arguments: "--peer", place, home, role, count, fault, passage, path or "-", what to attach to. */
pid_t
peer_process_start(int ledger_fd, const struct peer_process *process)
{
    char numbers[6][24];
    char program[] = "peer", option[] = "--peer", none[] = "-";
    char *argv[10 + PEER_ATTACH_MAX] = { program, option };
    const uint64_t values[] = {
        process->place,           process->home,   process->role, process->count,
        (uint64_t)process->fault, process->passage
    };
    posix_spawn_file_actions_t actions;
    pid_t pid;

    for (unsigned i = 0; i < 6; i++) {
        snprintf(numbers[i], sizeof(numbers[i]), "%lld", (long long)values[i]);
        argv[2 + i] = numbers[i];
    }
    argv[8] = process->path ? (char *)(uintptr_t)process->path : none;
    for (uint32_t i = 0; i < process->attach_count; i++)
        argv[9 + i] = (char *)(uintptr_t)process->attach[i];
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ledger_fd, LEDGER_FD);
    FAB_ASSERT(posix_spawn(&pid, "/proc/self/exe", &actions, NULL, argv, environ) == 0);
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

/* ---- the process's side ----------------------------------------------------------------------
 */

static void
on_term(int number)
{
    (void)number;
    is_told_to_end = 1;
}

/* Whether a process that has something to do has done it. */
static bool
has_done(const struct traffic *traffic, enum peer_role role, uint64_t count)
{
    if (role == PEER_SENDS)
        return traffic->place->sent >= count;
    return role == PEER_RECEIVES && traffic->place->received >= count;
}

/* Gives back what it holds, and takes back what it has lent. */
static void
settle(struct traffic *traffic)
{
    traffic->place->order = LEDGER_REST;
    for (unsigned i = 0; i < RELEASE_TURNS; i++)
        traffic_turn(traffic);
}

static void
run(const struct peer_process *self)
{
    static struct traffic traffic;
    const struct bare_node_options options = {
        .home = self->home,
        .path = self->path,
        .attach = self->attach,
        .attach_count = self->attach_count,
        .slots = SLOTS,
        .heap_bytes = HEAP_BYTES,
    };
    unsigned turn = 0;

    traffic.is_silent = self->role == PEER_RECEIVES || self->role == PEER_WRITES;
    traffic.writes_into_it = self->role == PEER_WRITES;
    traffic.sent_max = self->role == PEER_SENDS ? self->count : 0;
    traffic_init(&traffic, &options, own_place);
    while (!is_told_to_end && !has_done(&traffic, self->role, self->count)) {
        traffic_turn(&traffic);
        if (own_place->order == LEDGER_REST && ++turn % STOCK_EACH == 0)
            traffic_take_stock(&traffic);
    }
    settle(&traffic);
    traffic_fini(&traffic);
}

void
peer_process_main(int argc, char **argv)
{
    struct peer_process self = { 0 };

    if (argc < 9 || strcmp(argv[1], "--peer") != 0)
        return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGTERM, on_term);
    signal(SIGSEGV, SIG_DFL); /* not AddressSanitizer's, which would report it as a bug */
    fab_log_set_level(FAB_LOG_ERROR);
    self.place = (uint32_t)atoll(argv[2]);
    self.home = (uint64_t)atoll(argv[3]);
    self.role = (enum peer_role)atoi(argv[4]);
    self.count = (uint64_t)atoll(argv[5]);
    self.path = strcmp(argv[8], "-") == 0 ? NULL : argv[8];
    for (int i = 9; i < argc; i++)
        self.attach[self.attach_count++] = argv[i];
    own_fault = atoi(argv[6]);
    own_passage = (uint64_t)atoll(argv[7]);
    own_place = &map_ledger(LEDGER_FD)->places[self.place];
    run(&self);
    exit(0);
}
