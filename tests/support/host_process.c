/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/host_process.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/log.h"
#include "support/bare_node.h"

#define WAIT_MS 10000

static struct {
    struct bare_node node;
    int reports;
} host;

static volatile sig_atomic_t is_told_to_stop;

static void
report(enum host_event event, uint64_t home, enum myc_status reason)
{
    const struct host_report packet = { .event = event, .reason = reason, .home = home };

    FAB_ASSERT(write(host.reports, &packet, sizeof(packet)) == sizeof(packet));
}

static void
on_attached(void *context, const struct fab_control_peer *peer)
{
    (void)context;
    report(HOST_ATTACHED, peer->home, MYC_OK);
}

static void
on_detached(void *context, const struct fab_control_peer *peer, enum myc_status reason)
{
    (void)context;
    report(HOST_DETACHED, peer->home, reason);
}

static enum myc_status
echo(struct myc_self *self, void *state, const struct myc_message *message)
{
    const struct myc_type type = {
        .name = "Echo",
        .schema_id = message->schema_id,
        .template_id = message->template_id,
        .version = message->version,
        .block_length = message->block_length,
    };
    const struct myc_send_options options = { .size = sizeof(options), .tag = message->tag };

    (void)state;
    if (message->template_id == HOST_ECHO_FAILS)
        return MYC_FAILED;
    if (message->kind == MYC_KIND_ASK)
        (void)myc_reply(self, myc_message_request(message), &type, message->body, message->size);
    if (message->kind == MYC_KIND_SEND)
        (void)myc_send_with(self, message->from, &type, message->body, message->size, &options);
    return MYC_OK;
}

static const struct myc_class echo_class = {
    .size = sizeof(struct myc_class),
    .name = "echo",
    .flags = MYC_CLASS_ACCEPTS_ANY,
    .receive = echo,
};

static void
on_term(int number)
{
    (void)number;
    is_told_to_stop = 1;
}

static void
run(const char *path, uint64_t home)
{
    const struct bare_node_options options = {
        .home = home,
        .path = path,
        .slots = 256,
        .ops = { .on_attached = on_attached, .on_detached = on_detached },
    };
    const struct myc_spawn_options named = { .size = sizeof(named), .name = "echo" };
    struct myc_ref ref;

    signal(SIGTERM, on_term);
    fab_log_set_level(FAB_LOG_ERROR);
    bare_node_init(&host.node, &options);
    FAB_ASSERT(fab_core_spawn(host.node.core, &echo_class, &named, &ref) == MYC_OK);
    FAB_ASSERT(myc_ref_is_equal(ref, host_process_echo(home)));
    bare_node_open(&host.node, &options);
    report(HOST_LISTENS, home, MYC_OK);
    while (!is_told_to_stop)
        bare_node_turn_or_rest(&host.node);
    bare_node_fini(&host.node);
}

void
host_process_start(struct host_process *process, const char *path, uint64_t home)
{
    struct host_report first;
    int pipes[2];

    FAB_ASSERT(pipe(pipes) == 0);
    fflush(NULL);
    process->pid = fork();
    FAB_ASSERT(process->pid >= 0);
    if (process->pid == 0) {
        /* A test that fails leaves nobody behind. */
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(pipes[0]);
        host.reports = pipes[1];
        run(path, home);
        _exit(0);
    }
    close(pipes[1]);
    process->reports = pipes[0];
    FAB_ASSERT(host_process_report(process, &first) && first.event == HOST_LISTENS);
}

bool
host_process_report(struct host_process *process, struct host_report *packet)
{
    struct pollfd pipe = { .fd = process->reports, .events = POLLIN };

    return poll(&pipe, 1, WAIT_MS) == 1 &&
           read(process->reports, packet, sizeof(*packet)) == sizeof(*packet);
}

void
host_process_kill(struct host_process *process)
{
    FAB_ASSERT(kill(process->pid, SIGKILL) == 0);
    FAB_ASSERT(waitpid(process->pid, NULL, 0) == process->pid);
    close(process->reports);
}

void
host_process_stop(struct host_process *process)
{
    int status;

    FAB_ASSERT(kill(process->pid, SIGTERM) == 0);
    FAB_ASSERT(waitpid(process->pid, &status, 0) == process->pid);
    FAB_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    close(process->reports);
}

struct myc_ref
host_process_echo(uint64_t home)
{
    return (struct myc_ref){ .home = home, .actor = 1ULL << 32 | 1U };
}
