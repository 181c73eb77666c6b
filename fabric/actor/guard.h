/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The fault guard: a function of an actor that raises a fault signal fails its actor, and not the
 * process. Off unless the node has it on (node/guard.h installs the signal handler).
 *
 *      loop -> fab_guard_run, sigsetjmp -> handler -> (fault) -> signal handler -> siglongjmp -+
 *                      ^                                                                       |
 *                      +---- MYC_FAULT, as if the handler had returned it ---------------------+
 *
 * A handler may be left at any instruction of its own, and at none of the fabric's, whose tables
 * may be half written: functions of mycelium/ that change anything raise `in_fabric` while they
 * run, and those of quick.c, which are to cost nothing, lie in a section of their own. A fault
 * there, as in the fabric between handlers, is not ours to catch.
 *
 * What the guard cannot know: a lock that the handler held, or the C library's allocator left in
 * the middle. Handlers hold no locks and do not allocate (decisions/0007).
 */
#ifndef FAB_ACTOR_GUARD_H
#define FAB_ACTOR_GUARD_H

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>

#include <mycelium/actor.h>

struct fab_core;

/* Of one lcore; read by the signal handler that interrupts it. Zeroed: no handler runs. */
struct fab_guard {
    sigjmp_buf *jump;            /* where the running function is left to; NULL: none runs */
    volatile uint32_t in_fabric; /* functions of mycelium/ that have not returned */
};

/* Puts the functions of a core's actors under a guard, which must outlive the core. Context: before
 * the core runs. */
void fab_core_set_guard(struct fab_core *core, struct fab_guard *guard);

/* Whether the thread may be taken out of what it runs at `address`: a function of an actor, and no
 * part of the fabric. Context: the signal handler. */
bool fab_guard_may_leave(const struct fab_guard *guard, uintptr_t address);

/* Runs a function of the actor that was entered, under the guard, which is there.
 * What `run` returns; FAULT. */
enum myc_status fab_guard_run(struct myc_self *self,
                              enum myc_status (*run)(struct myc_self *self, void *context),
                              void *context);

/* Its receive function, if it has one; of the type of one. */
enum myc_status fab_guarded_receive(struct myc_self *self, void *state,
                                    const struct myc_message *message);

/* Functions that are not left, without a mark: see above. */
#define FAB_QUICK __attribute__((section("fab_quick")))

/* In place of fab_self_core in functions that change anything; the mark goes when `core` does:
 *
 *      struct fab_core *core FAB_WITHIN = fab_self_enter(self, __func__);
 */
#define FAB_WITHIN __attribute__((cleanup(fab_self_left)))

#endif
