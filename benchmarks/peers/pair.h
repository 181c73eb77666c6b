/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Peers that are message libraries: two ends of one kind, in two threads or in two processes, one
 * of which sends records and measures, while the other sends back or counts.
 */
#ifndef BENCHMARKS_PEER_PAIR_H
#define BENCHMARKS_PEER_PAIR_H

#include "peer.h"

/* What a library is asked for. Each function ends the process when it fails (peer_check). */
struct peer_library {
    const char *name;
    void *(*open)(const char *address, int is_server); /* a connected end */
    void (*take)(void *end, struct peer_record *record);
    void (*put)(void *end, const struct peer_record *record);
    /* Nothing that was put may be lost. */
    void (*close)(void *end);
};

/* The questions rtt, rate, rtt-process and rate-process, over inproc:// and ipc:// addresses. */
int peer_pair_main(int argc, char **argv, const struct peer_library *library);

#endif
