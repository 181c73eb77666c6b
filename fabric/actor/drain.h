/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Draining: an actor ends when it has handled what waits, and takes nothing more meanwhile.
 *
 * The mailbox is closed (full, with an overflow of its own, so that no other send pays for it) and
 * a mark is put behind what waits; the run queue finds the mark and the actor is asked to stop. The
 * mark holds what closing overwrote. An actor that is restarted while it drains drains on: the mark
 * is in the mailbox that it keeps.
 */
#ifndef FAB_ACTOR_DRAIN_H
#define FAB_ACTOR_DRAIN_H

#include "actor/state.h"
#include "wire/system.h"

/* Closes the mailbox. Without memory for the mark the actor is stopped at once. */
void fab_drain_begin(struct fab_core *core, struct fab_slot *slot, enum myc_status reason);

static inline bool
fab_drain_is_mark(const struct fab_msg *mark)
{
    return mark->template_id == FAB_SYSTEM_STOP;
}

/* The mark has come up: nothing waits before it. */
void fab_drain_on_mark(struct fab_core *core, uint64_t actor, const struct fab_msg *mark);

#endif
