/* SPDX-License-Identifier: BSD-3-Clause */
/* The phases in which a core stops (see node/full_stop.c). On the core's thread, outside of
 * handlers. */
#ifndef FAB_ACTOR_SHUTDOWN_H
#define FAB_ACTOR_SHUTDOWN_H

#include "actor/core.h"

/* Takes back every name and membership of the actors here; later claims are refused (BAD_STATE). */
void fab_core_withdraw(struct fab_core *core);

/* Changes of names here that the registry has not told yet: 0 or 1. */
uint32_t fab_core_untold(const struct fab_core *core);

/* From now on messages of other nodes, but for the registry, come back to them as GONE. */
void fab_core_refuse_inflow(struct fab_core *core);

/* Messages that wait in mailboxes. */
uint32_t fab_core_waiting(const struct fab_core *core);

/* Asks one actor to stop, as myc_stop does (SHUTDOWN). One that has ended is fine. */
void fab_core_stop_one(struct fab_core *core, struct myc_ref ref);

/* Whether the actor lives here. */
bool fab_core_has_actor(const struct fab_core *core, struct myc_ref ref);

#endif
