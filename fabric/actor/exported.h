/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The exported names: which actors here others than this node may address.
 *
 * Without a list everybody may send to every actor whose ref he has. With one, messages and asks of
 * other nodes and of clients reach only actors that hold a name of the list now, and the registry;
 * others come back as REFUSED. So do their watches (a Down with REFUSED) and links (an exit with
 * it); their requests to stop are dropped and counted. What this node itself began is not touched:
 * replies, notices and Downs come by other ways. Who starts children here for supervisors elsewhere
 * needs a name on the list.
 *
 * Whether a name is on the list is looked up when it is claimed, not when a message comes.
 */
#ifndef FAB_ACTOR_EXPORTED_H
#define FAB_ACTOR_EXPORTED_H

#include "actor/state.h"

/* Copies the config's list. OK; NO_MEMORY; INVALID (not a name). */
enum myc_status fab_exported_create(struct fab_core *core);
void fab_exported_destroy(struct fab_core *core);

/* Whether the name is on the list. */
bool fab_exported_has(const struct fab_core *core, const char *name);

/* Whether the other end of the link may address the actor. */
bool fab_exported_allows(const struct fab_core *core, const struct fab_link *link,
                         const struct fab_slot *slot);

#endif
