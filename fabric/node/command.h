/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The way from other threads into an lcore: small functions that the lcore runs between two turns.
 *
 * Cold by nature (a spawn from outside, a peer that came or went, the stop): producers take a lock
 * among themselves, the lcore only reads one counter a turn. The consumer never waits.
 */
#ifndef FAB_NODE_COMMAND_H
#define FAB_NODE_COMMAND_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <mycelium/status.h>

#define FAB_COMMANDS_MAX 64U /* that wait for one lcore; a power of two */

/* Runs on the lcore; `lcore` is what the queue was made for. */
typedef void (*fab_command_fn)(void *lcore, void *argument);

struct fab_command_wait;

struct fab_command {
    fab_command_fn run;
    void *argument;
    struct fab_command_wait *wait; /* told after run, shared with the caller; NULL: nobody waits */
};

struct fab_command_queue {
    pthread_mutex_t lock;  /* among producers */
    _Atomic uint32_t tail; /* commands put in; written by producers under the lock, release */
    _Atomic uint32_t head; /* commands run; written by the lcore, release */
    struct fab_command slots[FAB_COMMANDS_MAX];
};

void fab_command_queue_init(struct fab_command_queue *queue);
/* Commands that have not run are forgotten. Context: when the lcore has ended. */
void fab_command_queue_fini(struct fab_command_queue *queue);

/* OK; FULL (the lcore does not poll, or is far behind). Context: any thread but the lcore. */
enum myc_status fab_command_post(struct fab_command_queue *queue, fab_command_fn run,
                                 void *argument);

/* As post, and waits until it has run. OK; FULL; TIMEOUT: it may still run later, so `argument`
 * must then stay valid until the lcore has ended. Context: any thread but the lcore. */
enum myc_status fab_command_call(struct fab_command_queue *queue, fab_command_fn run,
                                 void *argument, unsigned timeout_ms);

/* Runs what waits. @return commands run. Context: the lcore. */
unsigned fab_command_poll(struct fab_command_queue *queue, void *lcore);

#endif
