/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conformance/node_places.h"
#include "conformance/place_b.h"

#define WAIT_MS 120000

/* In the child. None of A's descriptors goes along: B would keep A's sockets open after A's end. */
static void
become_b(char *const argv[], int network, int socket)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 ||
        (network >= 0 && setns(network, CLONE_NEWNET) != 0))
        _exit(126);
    if (dup2(socket, PLACE_B_SOCKET) < 0)
        _exit(126);
    (void)syscall(SYS_close_range, PLACE_B_SOCKET + 1, ~0U, 0);
    execv(argv[0], argv);
    _exit(127);
}

static void
take_answer(struct place_b *place, struct place_answer *packet)
{
    struct pollfd readable = { .fd = place->socket, .events = POLLIN };

    assert_int_equal(poll(&readable, 1, WAIT_MS), 1);
    if (recv(place->socket, packet, sizeof(*packet), 0) != sizeof(*packet))
        fail_msg("place B has ended by itself");
}

void
place_b_start(struct place_b *place, char *const argv[], int network)
{
    struct place_answer ready;
    int sockets[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets), 0);
    fflush(NULL);
    place->pid = fork();
    assert_true(place->pid >= 0);
    if (place->pid == 0)
        become_b(argv, network, sockets[1]);
    close(sockets[1]);
    place->socket = sockets[0];
    take_answer(place, &ready);
}

enum myc_status
place_b_spawn(struct place_b *place, const char *class_name,
              const struct myc_spawn_options *options, struct myc_ref *ref)
{
    struct place_request request = { .mailbox_max = options->mailbox_max };
    struct place_answer packet;

    assert_int_equal(options->args_size, sizeof(request.args));
    memcpy(request.args, options->args, sizeof(request.args));
    snprintf(request.class_name, sizeof(request.class_name), "%s", class_name);
    snprintf(request.name, sizeof(request.name), "%s", options->name ? options->name : "");
    assert_int_equal(send(place->socket, &request, sizeof(request), MSG_NOSIGNAL), sizeof(request));
    take_answer(place, &packet);
    *ref = packet.ref;
    return packet.status;
}

void
place_b_kill(struct place_b *place)
{
    assert_int_equal(kill(place->pid, SIGKILL), 0);
    assert_int_equal(waitpid(place->pid, NULL, 0), place->pid);
    close(place->socket);
    place->pid = 0;
}

void
place_b_stop(struct place_b *place)
{
    int status;

    if (!place->pid)
        return;
    close(place->socket);
    assert_int_equal(waitpid(place->pid, &status, 0), place->pid);
    place->pid = 0;
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}
