/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A question to the socket of a memif: is there a server, and has it accepted all who came before?
 *
 * A server of DPDK 22.11 does not survive a client that connects and leaves before it is accepted:
 * its HELLO fails, and it frees a control channel whose callback stays registered. So nobody of
 * ours may close a connection that was not greeted. A probe is such a connection, which we can see
 * into: Unix sockets are accepted in the order in which they connected, so that when the probe is
 * greeted, a device that connected before it was greeted, too, and may be stopped.
 *
 * What is left to the PMD: a client that is killed in that moment takes its server along.
 */
#ifndef FAB_ENV_MEMIF_PROBE_H
#define FAB_ENV_MEMIF_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

enum fab_memif_answer {
    FAB_MEMIF_PENDING, /* asked, or to be asked again: its backlog is full */
    FAB_MEMIF_GREETED, /* by the server, which has greeted all who connected before the probe */
    FAB_MEMIF_ABSENT,  /* nobody listens, or who did is gone */
};

struct fab_memif_probe {
    struct sockaddr_un address;
    socklen_t address_size;
    int fd;    /* -1: not connected */
    int cause; /* errno of the last question that found nobody */
};

/* `devargs`: arguments of a net_memif as the EAL takes them; NULL: none. What they leave out is as
 * the PMD has it. False: the socket's name is too long. */
bool fab_memif_probe_init(struct fab_memif_probe *probe, const char *devargs);

/* Asks, or looks for the answer; an answer other than PENDING ends the question, and the next call
 * asks anew. Never waits. A probe that is dropped while it is connected is left open for good. */
enum fab_memif_answer fab_memif_probe_poll(struct fab_memif_probe *probe);

/* Asks, and waits for the answer for a while. Context: main thread. */
enum fab_memif_answer fab_memif_probe_wait(struct fab_memif_probe *probe, unsigned milliseconds);

/* Copies the value of "key=value" among devargs; false: not there, or too long. */
bool fab_memif_find_value(const char *devargs, const char *key, char *value, size_t size);

/* Whether they are those of a server. */
bool fab_memif_is_server(const char *devargs);

#endif
