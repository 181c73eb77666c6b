/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Processes that come and go: how long until one is attached, until the death of one is noticed,
 * and until one that was started again is taken back. Each beside the least that the kernel takes
 * for the like: a connection to a Unix socket and an answer; the moment in which a killed process
 * is seen to have ended; a program that is started and connects.
 *
 * The process in question is this program again (bench_client_main), a client without EAL.
 */
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mycelium/client.h>
#include <mycelium/messages.h>
#include <mycelium/monitor.h>
#include <mycelium/name.h>

#include "local_node.h"
#include "partner.h"

#define COUNT       50U
#define SMOKE_COUNT 3U
#define WAIT_NS     10000000000ULL
#define CLIENT_NAME "bench.client"
#define PATH_SIZE   64U

/* When the watcher saw what; written by it. */
struct seen {
    _Atomic uint64_t found_ns; /* 0: not yet */
    _Atomic uint64_t down_ns;
};

/* What the measurements are given: a node that listens, with a watcher in it, and a raw socket. */
struct place {
    char path[PATH_SIZE];
    char raw_path[PATH_SIZE + 4];
    struct myc_node *node;
    struct seen seen;
    int listener;
};

/* ---- the watcher, an actor of the node -------------------------------------------------------
 */

struct watcher {
    struct seen *seen;
    struct myc_ref last; /* whom it has seen end */
};

static enum myc_status
watcher_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    struct watcher *watcher = state;

    if (args_size != sizeof(watcher->seen))
        return MYC_INVALID;
    memcpy(&watcher->seen, args, sizeof(watcher->seen));
    return myc_discover(self, CLIENT_NAME, WAIT_NS, 0);
}

static enum myc_status
watcher_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct watcher *watcher = state;
    struct myc_name_found found;
    uint64_t monitor;

    if (myc_message_is(message, &myc_down_type)) {
        atomic_store(&watcher->seen->down_ns, bench_clock_ns());
        return myc_discover(self, CLIENT_NAME, WAIT_NS, 0);
    }
    if (!myc_name_found_decode(message, &found))
        return MYC_OK;
    /* The name of one that has ended may stand for a moment longer. */
    if (found.status != MYC_OK || myc_ref_is_equal(found.ref, watcher->last))
        return myc_discover(self, CLIENT_NAME, WAIT_NS, 0);
    watcher->last = found.ref;
    atomic_store(&watcher->seen->found_ns, bench_clock_ns());
    return myc_monitor(self, found.ref, &monitor);
}

static const struct myc_class watcher_class = {
    .size = sizeof(struct myc_class),
    .name = "bench_watcher",
    .state_size = sizeof(struct watcher),
    .flags = MYC_CLASS_ACCEPTS_ANY,
    .init = watcher_init,
    .receive = watcher_receive,
};

static enum myc_status
spawn_watcher(struct place *place)
{
    struct seen *seen = &place->seen;
    const struct myc_spawn_options options = {
        .size = sizeof(options),
        .args = &seen,
        .args_size = sizeof(seen),
    };

    return myc_node_spawn(place->node, 0, &watcher_class, &options, NULL);
}

/* Waits until the watcher has seen it. */
static enum myc_status
await(_Atomic uint64_t *seen_ns)
{
    uint64_t until_ns = bench_clock_ns() + WAIT_NS;

    while (atomic_load(seen_ns) == 0 && bench_clock_ns() < until_ns)
        sched_yield();
    return atomic_load(seen_ns) ? MYC_OK : MYC_TIMEOUT;
}

/* ---- the other process -----------------------------------------------------------------------
 */

static int
connect_raw(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    close(fd);
    return -1;
}

enum myc_status
bench_client_partner(const char *arguments, const char *fault, struct myc_node **node)
{
    enum myc_status status = myc_client_open(arguments, NULL, node);

    (void)fault; /* a segment has no wire */
    if (status == MYC_OK)
        status = myc_client_register(*node, CLIENT_NAME);
    while (status == MYC_OK) /* until it is killed */
        (void)myc_node_poll(*node, 32);
    return status;
}

enum myc_status
bench_connect_partner(const char *arguments, const char *fault, struct myc_node **node)
{
    (void)fault;
    (void)node;
    return connect_raw(arguments) < 0 ? MYC_IO_ERROR : MYC_OK;
}

static enum myc_status
start(const char *kind, const char *path, pid_t *pid)
{
    char spec[2 * PATH_SIZE];

    snprintf(spec, sizeof(spec), "%s:%s", kind, path);
    return bench_partner_start(spec, NULL, pid);
}

static void
kill_and_reap(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

/* ---- attach ----------------------------------------------------------------------------------
 */

static enum myc_status
raw_attach(struct place *place, uint64_t *sample_ns)
{
    uint64_t start_ns = bench_clock_ns();
    int fd = connect_raw(place->raw_path);
    int accepted = fd >= 0 ? accept4(place->listener, NULL, NULL, SOCK_CLOEXEC) : -1;
    char byte = 0;
    bool has_answer = accepted >= 0 && write(accepted, &byte, 1) == 1 && read(fd, &byte, 1) == 1;

    *sample_ns = bench_clock_ns() - start_ns;
    close(fd);
    close(accepted);
    return has_answer ? MYC_OK : MYC_IO_ERROR;
}

static enum myc_status
attach(struct place *place, uint64_t *sample_ns)
{
    uint64_t start_ns = bench_clock_ns();
    struct myc_node *client = NULL;
    enum myc_status status = myc_client_open(place->path, NULL, &client);

    *sample_ns = bench_clock_ns() - start_ns;
    myc_node_stop(&client);
    return status;
}

/* ---- death -----------------------------------------------------------------------------------
 */

static enum myc_status
raw_death(struct place *place, uint64_t *sample_ns)
{
    struct pollfd end = { .events = POLLIN };
    uint64_t start_ns;
    pid_t pid;
    enum myc_status status = start("connect", place->raw_path, &pid);
    int accepted;

    if (status != MYC_OK)
        return status;
    accepted = accept4(place->listener, NULL, NULL, SOCK_CLOEXEC);
    end.fd = (int)syscall(SYS_pidfd_open, pid, 0);
    start_ns = bench_clock_ns();
    kill(pid, SIGKILL);
    status = poll(&end, 1, -1) == 1 ? MYC_OK : MYC_IO_ERROR;
    *sample_ns = bench_clock_ns() - start_ns;
    waitpid(pid, NULL, 0);
    close(end.fd);
    close(accepted);
    return status;
}

/* Starts a client and waits until it is found. */
static enum myc_status
start_client(struct place *place, pid_t *pid)
{
    enum myc_status status;

    atomic_store(&place->seen.found_ns, 0);
    atomic_store(&place->seen.down_ns, 0);
    status = start("client", place->path, pid);
    return status == MYC_OK ? await(&place->seen.found_ns) : status;
}

static enum myc_status
death(struct place *place, uint64_t *sample_ns)
{
    uint64_t start_ns;
    pid_t pid;
    enum myc_status status = start_client(place, &pid);

    start_ns = bench_clock_ns();
    kill(pid, SIGKILL);
    if (status == MYC_OK)
        status = await(&place->seen.down_ns);
    *sample_ns = place->seen.down_ns - start_ns;
    waitpid(pid, NULL, 0);
    return status;
}

/* ---- again -----------------------------------------------------------------------------------
 */

static enum myc_status
raw_again(struct place *place, uint64_t *sample_ns)
{
    uint64_t start_ns = bench_clock_ns();
    pid_t pid;
    enum myc_status status = start("connect", place->raw_path, &pid);
    int accepted = status == MYC_OK ? accept4(place->listener, NULL, NULL, SOCK_CLOEXEC) : -1;

    *sample_ns = bench_clock_ns() - start_ns;
    if (status == MYC_OK)
        kill_and_reap(pid);
    close(accepted);
    return accepted < 0 ? MYC_IO_ERROR : MYC_OK;
}

static enum myc_status
again(struct place *place, uint64_t *sample_ns)
{
    uint64_t start_ns = bench_clock_ns();
    pid_t pid;
    enum myc_status status = start_client(place, &pid);

    *sample_ns = place->seen.found_ns - start_ns;
    kill_and_reap(pid);
    return status == MYC_OK ? await(&place->seen.down_ns) : status;
}

/* ---- all of them -----------------------------------------------------------------------------
 */

typedef enum myc_status (*step_fn)(struct place *place, uint64_t *sample_ns);

static enum myc_status
open_place(struct place *place)
{
    struct local_node_wish wish = { .node_id = LOCAL_NODE_ID, .lcore_count = 1 };
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    enum myc_status status;

    snprintf(place->path, sizeof(place->path), "/tmp/mycelium-bench-%d.sock", (int)getpid());
    snprintf(place->raw_path, sizeof(place->raw_path), "%s.raw", place->path);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", place->raw_path);
    place->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (place->listener < 0 ||
        bind(place->listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(place->listener, 4) != 0)
        return MYC_IO_ERROR;
    wish.control_socket = place->path;
    status = local_node_start(&wish, &place->node);
    if (status == MYC_OK)
        status = spawn_watcher(place);
    return status;
}

static void
close_place(struct place *place)
{
    myc_node_stop(&place->node);
    if (place->listener >= 0)
        close(place->listener);
    unlink(place->raw_path);
}

static enum myc_status
repeat(struct place *place, step_fn step, uint32_t count, struct bench_figures *figures,
       struct myc_histogram *kept)
{
    uint64_t samples_ns[COUNT];
    enum myc_status status = MYC_OK;

    for (uint32_t i = 0; i < count && status == MYC_OK; i++)
        status = step(place, &samples_ns[i]);
    if (status != MYC_OK)
        return status;
    *figures = bench_figures_of(samples_ns, count);
    bench_keep_samples(kept, samples_ns, count);
    return MYC_OK;
}

static enum myc_status
measure(const struct bench_options *options, struct bench_result *result, step_fn raw, step_fn ours)
{
    uint32_t count = options->is_smoke ? SMOKE_COUNT : COUNT;
    struct place place = { 0 };
    enum myc_status status = open_place(&place);

    result->body_bytes = 0;
    for (unsigned i = 0; i < options->repetitions && status == MYC_OK; i++) {
        status = repeat(&place, raw, count, &result->raw[i], result->raw_samples);
        if (status == MYC_OK)
            status = repeat(&place, ours, count, &result->fabric[i], result->fabric_samples);
        result->count = i + 1;
    }
    close_place(&place);
    return status;
}

enum myc_status
bench_attach(const struct bench_options *options, struct bench_result *result)
{
    result->raw_name = "a connection to a Unix socket, and an answer";
    result->fabric_name = "a process is attached, and its actors are linked";
    return measure(options, result, raw_attach, attach);
}

enum myc_status
bench_attach_death(const struct bench_options *options, struct bench_result *result)
{
    result->raw_name = "a killed process is seen to have ended";
    result->fabric_name = "a killed process's actor is down at its watcher";
    return measure(options, result, raw_death, death);
}

enum myc_status
bench_attach_again(const struct bench_options *options, struct bench_result *result)
{
    result->raw_name = "a process is started and connects";
    result->fabric_name = "a process is started again, and its actor is found by name";
    return measure(options, result, raw_again, again);
}
