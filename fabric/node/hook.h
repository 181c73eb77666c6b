/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An lcore without a thread of ours: it turns in the program's own loop, whenever that calls
 * myc_node_poll.
 *
 * It has an owner, a thread, as every lcore has; only that the owner is found out rather than made:
 * the thread that started the node until somebody polls, that one from then on, and in the end the
 * thread that stops the node. What others want of it they post as commands, as to any lcore, and
 * the owner's next turn runs them; what the owner itself wants runs at once, because it cannot wait
 * for itself.
 */
#ifndef FAB_NODE_HOOK_H
#define FAB_NODE_HOOK_H

#include <pthread.h>
#include <stdatomic.h>

#include "node/lcore.h"

struct fab_hook {
    struct fab_lcore *lcore; /* not owned; NULL: all lcores have threads */
    uint64_t ns_max;         /* of one poll, after which no handlers begin; 0: no bound */
    _Atomic pthread_t owner;
    bool is_polled; /* the owner has polled; the owner's */
};

/* Makes the calling thread the owner. Context: that thread, when no other one polls. */
void fab_hook_own(struct fab_hook *hook);

/* Whether the lcore is hooked and the calling thread owns it. Context: any thread. */
bool fab_hook_is_own(const struct fab_hook *hook, const struct fab_lcore *lcore);

/* Runs a command between two turns. Context: the owner. */
void fab_hook_run(struct fab_hook *hook, fab_command_fn run, void *argument);

/* One turn. @return work done. Context: one thread, which this makes the owner. */
unsigned fab_hook_poll(struct fab_hook *hook, unsigned budget);

/* Turns for half a millisecond, for who waits for the node. No effect without a hooked lcore.
 * Context: the owner. */
void fab_hook_pass_time(struct fab_hook *hook);

#endif
