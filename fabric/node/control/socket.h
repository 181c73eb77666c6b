/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Unix sockets of the control thread and of tools: how they come to be, and packets with fds.
 *
 * All are SOCK_SEQPACKET, close-on-exec and non-blocking: a peer that does not read or write holds
 * up nobody.
 */
#ifndef FAB_NODE_CONTROL_SOCKET_H
#define FAB_NODE_CONTROL_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "node/control/packet.h"

/* Who is at the other end of a connection, as the kernel says. */
struct fab_control_credentials {
    pid_t pid; /* 0: in a process namespace that we do not see */
    uid_t uid;
    gid_t gid;
};

/* Where a listening socket lies, to find out later whether it is still ours. */
struct fab_control_place {
    const char *path; /* not owned */
    dev_t device;
    ino_t inode;
};

/* Listens at `path` with that file mode. A socket file that a killed node left is replaced; one at
 * which somebody listens is not. On failure `error` says what and how to mend it.
 * OK; EXISTS (in use); INVALID (path too long); REFUSED (permissions); IO_ERROR. */
enum myc_status fab_control_listen(const char *path, unsigned mode, int *fd,
                                   struct fab_control_place *place, char *error, size_t error_size);

/* Removes the socket file if it is still the one that listen made. */
void fab_control_unlisten(const struct fab_control_place *place);

/* OK; NOT_FOUND (nobody listens there); REFUSED (permissions); INVALID (path too long);
 * FULL (too many are waiting there); IO_ERROR. */
enum myc_status fab_control_connect(const char *path, int *fd);

/* The next connection of a listening socket; -1: none waits. */
int fab_control_accept(int fd);

/* OK; IO_ERROR. */
enum myc_status fab_control_credentials_of(int fd, struct fab_control_credentials *credentials);

/* Whether file mode `mode` of a socket of ours lets them in; root and ourselves always. The kernel
 * has checked the file at connect; this holds also where the file's mode was changed since. */
bool fab_control_is_allowed(const struct fab_control_credentials *credentials, unsigned mode);

/* An fd that becomes readable when that process ends; -1: cannot be had. */
int fab_control_process_fd(pid_t pid);

/* `passed` is an fd to send along, or -1. OK; IO_ERROR (also when the other side does not read). */
enum myc_status fab_control_send(int fd, const union fab_control_packet *packet, int passed);

/* One packet, checked, with the fd that came beside it (then the caller's) or -1.
 * OK; PENDING (none yet); GONE (closed); VERSION; INVALID; IO_ERROR. */
enum myc_status fab_control_receive(int fd, union fab_control_packet *packet, int *passed);

/* Sends END; failure is fine: the connection is closed anyway. */
void fab_control_send_end(int fd, enum myc_status status, const char *text);

#endif
