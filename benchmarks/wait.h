/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Waiting for the end of a measurement, for as long as it gets on: on a busy machine the same work
 * takes many times as long, and that is no failure. Getting on is that handlers of the node run,
 * actors are spawned or timers fire. What a measurement fails of is said in a line on stderr.
 */
#ifndef BENCHMARKS_WAIT_H
#define BENCHMARKS_WAIT_H

#include <semaphore.h>
#include <stddef.h>
#include <sys/types.h>

#include <mycelium/message.h>
#include <mycelium/node.h>

#define BENCH_WAIT_STATE_SIZE 128U

struct bench_wait {
    const char *what; /* is waited for, in words */
    const struct myc_node *node;
    pid_t partner; /* process without which there will be no end; 0: none */
    /* Says in words how far it is, into BENCH_WAIT_STATE_SIZE bytes; NULL: nobody knows. Context:
     * the thread that waits. */
    void (*tell)(const void *context, char *text);
    const void *context; /* not owned */
    unsigned still_s;    /* without getting on, after which it is given up; 0: a minute */
};

/* Waits until somebody posts `done`. OK; TIMEOUT (it has not got on for a minute, or not ended in
 * an hour); GONE (the partner's process has ended). What was waited for, how long and the state
 * have been printed then. Context: the thread that started the node. */
enum myc_status bench_wait(const struct bench_wait *wait, sem_t *done);

/* Prints a line on stderr, as one of the program's. Context: any thread. */
void bench_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says that `who` failed of a message that came back. Returns why it did; INVALID: it is no
 * Undelivered. Context: a handler. */
enum myc_status bench_complain_undelivered(const char *who, const struct myc_message *message);

/* Says that `who`, who is watched, has gone, and why. Context: a handler. */
void bench_complain_down(const char *who, const struct myc_message *message);

#endif
