/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whoever is left at a memif survives the other end's death, also in the middle of a burst: one
 * process sends and receives as fast as it can, the other one does so too and is killed, or leaves,
 * again and again. The PMD unmaps the rings in a thread of its own. All threads share one CPU, so
 * that its wake-up interrupts just the one that is within a burst.
 */
#include "support/cmocka.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <rte_mbuf.h>

#include "support/flow_driver.h"

#define KILLS      3U    /* each takes an EAL's start */
#define LEAVES     30U   /* of one process */
#define FRAMES     2000U /* that cross before each end, at least */
#define STEP       97U   /* more of them each time */
#define FRAME_SIZE 1200U

static char **arguments_of_all;

static void
stay_on_one_cpu(void)
{
    cpu_set_t all, one;

    assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
    CPU_ZERO(&one);
    for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; cpu++)
        if (CPU_ISSET(cpu, &all))
            CPU_SET(cpu, &one);
    assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
}

static struct fab_port *
open_end(const char *role, const char *socket)
{
    char device[160], error[256] = "";
    struct fab_port_options options = {
        .size = sizeof(options),
        .device = device,
        .mbuf_count = 4096,
        .error = error,
        .error_size = sizeof(error),
    };
    struct fab_port *port = NULL;

    snprintf(device, sizeof(device), "net_memif0,role=%s,socket=%s,socket-abstract=no", role,
             socket);
    if (fab_port_open(&options, &port) != MYC_OK) {
        fprintf(stderr, "%s\n", error);
        exit(1);
    }
    return port;
}

/* A turn with as much in bursts as can be. Returns frames received. */
static unsigned
blast(struct fab_port *port)
{
    struct rte_mbuf *mbufs[FAB_PORT_BURST];
    uint64_t now_ns = driver_now_ns();
    unsigned received = fab_port_receive(port, 0, mbufs, FAB_PORT_BURST, now_ns);

    rte_pktmbuf_free_bulk(mbufs, received);
    for (unsigned i = fab_port_room(port, 0); i > 0; i--) {
        struct rte_mbuf *mbuf = fab_port_alloc(port, 0);

        if (!mbuf)
            break;
        rte_pktmbuf_append(mbuf, FRAME_SIZE);
        fab_port_send(port, 0, mbuf, now_ns);
    }
    fab_port_flush(port, 0, now_ns);
    if (received == 0)
        sched_yield();
    return received;
}

static void
blast_frames(struct fab_port *port, uint64_t count)
{
    for (uint64_t received = 0; received < count;)
        received += blast(port);
}

/* The other end: lasts until it is killed, or leaves and comes back some times. */
static int
run_victim(const char *role, const char *socket, const char *way)
{
    unsigned leaves = strcmp(way, "leaves") == 0 ? LEAVES : 0;
    struct fab_port *port;

    driver_start_eal("memif-victim", 64);
    for (unsigned i = 0; i < leaves; i++) {
        port = open_end(role, socket);
        blast_frames(port, FRAMES + i * STEP);
        fab_port_close(&port);
    }
    if (leaves)
        return 0;
    port = open_end(role, socket);
    blast_frames(port, UINT64_MAX);
    return 1;
}

static pid_t
start_victim(const char *role, const char *socket, const char *way)
{
    char *arguments[] = { arguments_of_all[0], (char *)(uintptr_t)role, (char *)(uintptr_t)socket,
                          (char *)(uintptr_t)way, NULL };
    pid_t child = vfork();

    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execv("/proc/self/exe", arguments);
        _exit(127);
    }
    assert_true(child > 0);
    return child;
}

static int
blast_until_end(struct fab_port *port, pid_t victim)
{
    int status;

    while (waitpid(victim, &status, WNOHANG) != victim)
        blast(port);
    while (fab_port_is_link_up(port))
        blast(port);
    return status;
}

static void
blast_and_kill(struct fab_port *port, const char *role, const char *socket)
{
    for (unsigned i = 0; i < KILLS; i++) {
        pid_t victim = start_victim(role, socket, "stays");

        blast_frames(port, FRAMES + i * STEP);
        kill(victim, SIGKILL);
        blast_until_end(port, victim);
    }
}

static void
socket_of(char *socket, size_t size)
{
    snprintf(socket, size, "/tmp/memif-kill-%d.sock", (int)getpid());
}

static void
survive_kills(const char *role, const char *role_of_victim)
{
    struct fab_port *port;
    char socket[64];

    socket_of(socket, sizeof(socket));
    port = open_end(role, socket);
    blast_and_kill(port, role_of_victim, socket);
    fab_port_close(&port);
    unlink(socket);
}

static void
test_a_server_survives_killed_clients(void **state)
{
    (void)state;
    survive_kills("server", "client");
}

static void
test_a_client_survives_killed_servers(void **state)
{
    (void)state;
    survive_kills("client", "server");
}

static void
test_a_server_survives_clients_that_leave(void **state)
{
    struct fab_port *port;
    char socket[64];

    (void)state;
    socket_of(socket, sizeof(socket));
    port = open_end("server", socket);
    assert_int_equal(blast_until_end(port, start_victim("client", socket, "leaves")), 0);
    fab_port_close(&port);
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_server_survives_clients_that_leave),
        cmocka_unit_test(test_a_server_survives_killed_clients),
        cmocka_unit_test(test_a_client_survives_killed_servers),
    };

    arguments_of_all = argv;
    if (argc == 4)
        return run_victim(argv[1], argv[2], argv[3]);
    stay_on_one_cpu();
    driver_start_eal("memif-kill", 64);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
