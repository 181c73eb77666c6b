/* SPDX-License-Identifier: BSD-3-Clause */
/* Between the two sides of asks: ask.c (who waits) and request.c (who owes). */
#ifndef FAB_ACTOR_REQUEST_H
#define FAB_ACTOR_REQUEST_H

#include "actor/state.h"
#include "wire/system.h"

/* An ask's id: generation 32, index, cap. The cap is the bytes of body that the reply may have. */
#define FAB_ASK_CAP_BITS   11U
#define FAB_ASK_INDEX_BITS 21U

static inline uint32_t
fab_ask_cap(uint64_t id)
{
    return (uint32_t)id & ((1U << FAB_ASK_CAP_BITS) - 1);
}

/* Sets core->requests: a table of `count` requests that are owed. */
enum myc_status fab_requests_create(struct fab_core *core, uint32_t count);
void fab_requests_destroy(struct fab_core *core);

/* What an open ask waits for. Returns the next one of the same asker, FAB_SLOT_NONE: none. */
uint32_t fab_asks_read(const struct fab_core *core, uint32_t index, struct myc_ref *to,
                       uint64_t *id);

/* The ask's end was told, or its answer given: the entry goes. */
void fab_requests_forget(struct fab_core *core, uint32_t index);

/* Whoever lives in the slot has taken over a request: its asker's core is told. */
void fab_requests_on_taken(struct fab_core *core, const struct fab_slot *slot,
                           struct myc_request request);

/* An ask of an actor here was taken over by that one; it may have ended meanwhile. */
void fab_asks_on_taken(struct fab_core *core, uint64_t asker, uint64_t ask, struct myc_ref owner);

/* An ask of an actor here has ended, and not by an answer: whoever owes one need not give it. With
 * `has_reserved` a small cell is promised to what tells them, and used or given back. */
void fab_requests_on_asker(struct fab_core *core, struct myc_request request, struct myc_ref to,
                           bool has_reserved);

/* Behind an ASK that waits in a mailbox: what its end has left there. Not seen by the actor. */
#define FAB_ASK_ENDED_KEY MYC_TYPE_KEY(0, FAB_SYSTEM_ASK_ENDED)
void fab_requests_on_ended(struct fab_core *core, const struct fab_msg *msg);

/* The actor ends or restarts: what it owes is BROKEN. */
void fab_requests_on_end(struct fab_core *core, struct fab_slot *slot);
void fab_requests_on_link_down(struct fab_core *core, const struct fab_link *link);

/* What an ASK bears while it waits in a mailbox: of which life of the link it is, 1 to 255, so that
 * one in 255 breaks passes unseen. 0 is not from a link. */
static inline uint8_t
fab_request_life(struct fab_core *core, const struct fab_link *link)
{
    return (uint8_t)(1 + fab_link_state(core, link)->breaks % UINT8_MAX);
}

/* Whether the link by which that ASK came to the mailbox has broken since: its asker knows, and
 * nothing is owed to it. */
bool fab_request_is_cut_off(struct fab_core *core, const struct fab_msg *msg, uint64_t from_home);

/* Whether that actor lives at the other end of the link. */
bool fab_request_is_over(const struct fab_link *link, struct myc_ref ref);

#endif
