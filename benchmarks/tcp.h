/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the kernel's TCP does on the same wire: no delay, both ends polling as our lcores do.
 */
#ifndef BENCHMARKS_TCP_H
#define BENCHMARKS_TCP_H

#include <sys/types.h>

#include "network.h"

#include <stdint.h>

#define TCP_RECORD_SIZE (64U * 1024U) /* of a stream */

struct tcp {
    int fd;
    pid_t server;
};

/* A connection to a server of its own in the other namespace. OK; IO_ERROR. */
enum myc_status tcp_open(struct tcp *tcp, const struct network *network);
void tcp_close(struct tcp *tcp);

/* Round trips of 32 bytes, at most `time_max_ns` of them. Returns how many samples there are. */
uint32_t tcp_ping(const struct tcp *tcp, uint64_t *samples_ns, uint32_t count,
                  uint64_t time_max_ns);

/* Sends records until they are `count` or the time is over, and waits until the server has all.
 * Returns bytes per second; 0: the connection broke. */
double tcp_stream(const struct tcp *tcp, uint32_t count, uint64_t time_max_ns);

#endif
