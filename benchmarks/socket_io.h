/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bytes through a kernel socket, either blocking or polling as our lcores do.
 */
#ifndef BENCHMARKS_SOCKET_IO_H
#define BENCHMARKS_SOCKET_IO_H

#include <stdbool.h>
#include <stddef.h>

/* All of it. `spins`: polls, and lets others run, instead of blocking. False: the connection ended,
 * or the socket's own time-out passed. */
bool socket_receive_all(int fd, bool spins, void *bytes, size_t size);
bool socket_send_all(int fd, bool spins, const void *bytes, size_t size);

#endif
