/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A node in a process of its own, without EAL: one actor core, a door and a control socket, with a
 * registry and an actor named "echo". What attaches to it cannot tell it from a full node of one
 * lcore.
 */
#ifndef TESTS_SUPPORT_HOST_PROCESS_H
#define TESTS_SUPPORT_HOST_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <mycelium/ref.h>

#define HOST_ECHO_FAILS 2U /* template id of a message that makes the echo fail */

/* ThreadSanitizer cannot follow a fork of a process with threads: no node is restarted there. */
#if defined(__SANITIZE_THREAD__)
#define HOST_CAN_RESTART false
#else
#define HOST_CAN_RESTART true
#endif

struct host_process {
    pid_t pid;
    int reports; /* read end: one struct host_report for each event */
};

enum host_event {
    HOST_LISTENS = 1,
    HOST_ATTACHED,
    HOST_DETACHED,
};

struct host_report {
    uint32_t event; /* enum host_event */
    uint32_t reason;
    uint64_t home; /* of the peer */
};

/* Starts it and waits until it listens at `path`. */
void host_process_start(struct host_process *host, const char *path, uint64_t home);

/* The next report within ten seconds; false: none. */
bool host_process_report(struct host_process *host, struct host_report *report);

/* kill -9, and waits for it. */
void host_process_kill(struct host_process *host);

/* SIGTERM: it says goodbye; asserts that it ends with 0. */
void host_process_stop(struct host_process *host);

/* Its echo, once its home is known. */
struct myc_ref host_process_echo(uint64_t home);

#endif
