/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A process with an actor that makes traffic (traffic.h), which its driver starts and may kill. It
 * is the driver's own program, run again: nothing is inherited but the ledger.
 */
#ifndef TESTS_INTEGRATION_SEGMENT_PEER_PROCESS_H
#define TESTS_INTEGRATION_SEGMENT_PEER_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "ledger.h"

#define PEER_ATTACH_MAX 24U
#define PEER_NO_FAULT   (-1)

enum peer_role {
    PEER_TALKS = 0, /* sends and receives until it is told to end */
    PEER_SENDS,     /* sends `count` to everybody, takes all loans back, ends */
    PEER_RECEIVES,  /* receives `count`, ends */
    PEER_WRITES,    /* writes into the first large body that it is sent */
};

struct peer_process {
    uint32_t place; /* in the ledger */
    uint64_t home;
    const char *path; /* NULL: nobody attaches to it */
    const char *attach[PEER_ATTACH_MAX];
    uint32_t attach_count;
    enum peer_role role;
    uint64_t count;
    int fault;        /* enum fab_fault_point at which it kills itself; PEER_NO_FAULT */
    uint64_t passage; /* the how manyth time that it gets there, from 1 */
};

/* Makes the ledger, all zero, mapped here. Its descriptor is the one that processes are given. */
struct ledger *ledger_create(int *fd);

/* Starts the process. */
pid_t peer_process_start(int ledger_fd, const struct peer_process *process);

/* Of every program that starts such processes, first: does not return when it is one of them. */
void peer_process_main(int argc, char **argv);

#endif
