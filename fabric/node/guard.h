/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The signal handler of the fault guard (actor/guard.h), which is the only one that the library
 * ever installs, and only for nodes with guards_faults.
 *
 * SIGSEGV, SIGBUS, SIGFPE and SIGILL of a handler on a lcore of ours end in a jump; every other one
 * goes to whoever had the signal before, or does what it does by default. The handler runs on a
 * stack of its own, so that a handler that used up its stack fails like others.
 */
#ifndef FAB_NODE_GUARD_H
#define FAB_NODE_GUARD_H

#include "node/lcore.h"

/* Takes the signals, for the first node that asks. OK; IO_ERROR. Context: main thread. */
enum myc_status fab_guards_install(void);

/* Gives them back, for the last node, unless somebody else has taken them since. */
void fab_guards_remove(void);

/* Puts the actors of an lcore under its guard, with a stack for the signal handler. OK; NO_MEMORY.
 * Context: main thread, before it runs. */
enum myc_status fab_guard_init(struct fab_lcore *lcore);

/* Frees the stack. No effect without a guard. Context: main thread, when it does not run. */
void fab_guard_fini(struct fab_lcore *lcore);

/* From now on faults on this thread are the guard's, until leave. No effect without a guard.
 * Context: the lcore. */
void fab_guard_enter(struct fab_lcore *lcore);
void fab_guard_leave(struct fab_lcore *lcore);

/* Likewise of an lcore that turns on the program's thread, around each turn: neither makes a system
 * call, but for the first, which gives the thread a stack for the signal handler if it has none.
 * Context: that thread. */
void fab_guard_begin(struct fab_lcore *lcore);
void fab_guard_end(struct fab_lcore *lcore);

#endif
