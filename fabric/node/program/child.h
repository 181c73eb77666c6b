/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Other processes of this same program: the demo's nodes, a benchmark's partner.
 *
 * A child ends when its parent does, however that ends (PR_SET_PDEATHSIG), so nothing is left
 * behind.
 */
#ifndef FAB_PROGRAM_CHILD_H
#define FAB_PROGRAM_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include <mycelium/status.h>

/* Runs this program again. `argv` ends with NULL; argv[0] is the name that it sees. `stdout_fd`
 * becomes its standard output; -1: shared with ours. OK; IO_ERROR. */
enum myc_status fab_child_start(char *const argv[], int stdout_fd, pid_t *pid);

/* Whether it has ended; then its wait status is in *wait_status. What remains of it is taken away
 * two seconds later: the kernel (6.18) goes round in that call until the last of its threads has
 * left, and on a busy machine kept that thread from its CPU for most of a minute. */
bool fab_child_has_ended(pid_t pid, int *wait_status);

/* Asks it to end (SIGTERM), waits, and kills it when it has not after timeout_ms. Returns its wait
 * status. */
int fab_child_stop(pid_t pid, int timeout_ms);

#endif
