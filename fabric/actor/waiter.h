/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Waiters: who was told FULL and is to be told when there is room.
 *
 * A refusal with FULL is a promise: exactly one Writable event follows. So the entry and the cell
 * of the event are taken when refusing; when there is none, the answer is NO_MEMORY, which promises
 * nothing. An actor waits for one receiver at most once. What it waits for is one of three:
 *
 *   a mailbox of this lcore    list in the slot; fires when it has drained to half
 *   a link                     list in the link's state; fires on the link's on_room
 *   a full actor elsewhere     list in `fulls`; fires when its core says WRITABLE
 *
 * A core that bounced a message because a mailbox of its own is full announces that with the
 * notice, and stands in the slot's list as the link: its turn is a WRITABLE record.
 */
#ifndef FAB_ACTOR_WAITER_H
#define FAB_ACTOR_WAITER_H

#include "actor/pair.h"
#include "actor/slot.h"
#include "link/link.h"

struct fab_core;

struct fab_waiters {
    struct fab_pairs waits; /* (actor, whom) or (link index, 0, slot's actor word) */
    struct fab_pairs fulls; /* (0, ref): announced as full; value: first waiter, for whom */
};

/* The sender waits for room; `slot` is the receiver's. False: no entry or cell is left. */
bool fab_wait_for_slot(struct fab_core *core, struct fab_slot *slot, uint64_t sender);
bool fab_wait_for_link(struct fab_core *core, struct fab_link *link, uint64_t sender,
                       struct myc_ref to);

/* If the ref is announced as full, or as full for who wants a margin and the sender does, it waits.
 * OK: not announced; FULL; NO_MEMORY. */
enum myc_status fab_wait_for_full(struct fab_core *core, uint64_t sender, struct myc_ref to,
                                  bool wants_margin);

/* The core at the other end of the link is to hear when the slot has room. False: it will not. */
bool fab_announce_full(struct fab_core *core, struct fab_slot *slot, struct fab_link *link);

/* Whether that is still to come: the actor there has had no room since. */
bool fab_is_announced_full(const struct fab_core *core, uint64_t actor,
                           const struct fab_link *link);

/* The core there has announced the ref as full; `for_margin`: only for who wants a margin. False:
 * the table is full and forgets it. */
bool fab_full_add(struct fab_core *core, struct myc_ref ref, bool for_margin);

/* It has room again, or has ended: its waiters get their Writable. */
void fab_full_remove(struct fab_core *core, struct myc_ref ref);

/* There is room in the slot's mailbox or on the link. */
void fab_waiters_fire_slot(struct fab_core *core, struct fab_slot *slot);
void fab_waiters_fire_link(struct fab_core *core, struct fab_link *link);

/* The link is down: those who wait for it or for actors behind it hear it by their next send. */
void fab_waiters_on_link_down(struct fab_core *core, struct fab_link *link);

#endif
