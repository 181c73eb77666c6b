/* SPDX-License-Identifier: BSD-3-Clause */
/* Links between actors: what their ends set in motion (linked.c). */
#ifndef FAB_ACTOR_LINKED_H
#define FAB_ACTOR_LINKED_H

#include "actor/state.h"
#include "wire/system.h"

/* Links an actor of this lcore with another, wherever that one is; once, however often it is done.
 * False: no room. */
bool fab_linked_add(struct fab_core *core, struct fab_slot *slot, struct myc_ref peer);

/* The actor has ended or is suspended: whoever is linked to it hears, and it to nobody any more. */
void fab_linked_on_end(struct fab_core *core, struct fab_slot *slot, enum myc_status reason);

/* The link over which that half's peer was is down. */
void fab_linked_on_link_down(struct fab_core *core, uint32_t index);

/* LINK, UNLINK or EXIT has come; `body` is as long as it must be. False: not valid. */
bool fab_linked_on_record(struct fab_core *core, struct fab_link *link, uint16_t op,
                          const void *body);

/* In a mailbox, behind the messages of the peer: it has ended. Not seen by the actor. */
#define FAB_EXIT_KEY MYC_TYPE_KEY(0, FAB_SYSTEM_EXIT)
void fab_linked_on_exit(struct fab_core *core, struct fab_slot *slot, const struct fab_msg *msg);

#endif
