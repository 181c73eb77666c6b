/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Notices: a sender learns that an accepted message was not delivered.
 *
 * The receiving core sends a NOTICE record; the sender's core makes an Undelivered event of it, or
 * the failure of the ask. When the sender's actor is given that, its core answers NOTICE_TAKEN if
 * the pair is held back (bounce.h). A message that dies in a mailbox becomes the event in its own
 * cell, so that needs no memory; what comes over links is paid from the notice reserve, which
 * bounds how much fab_core_poll takes in.
 *
 * A break of the link may lose notices on their way; without them a bounced message would be
 * neither delivered nor reported. So they are numbered, kept, and repeated in the next epoch; the
 * sender's core knows by the number what it has had.
 */
#ifndef FAB_ACTOR_NOTICE_H
#define FAB_ACTOR_NOTICE_H

#include "actor/state.h"

#include <mycelium/messages.h>

/* What an Undelivered event's source says. */
enum fab_undelivered_source {
    FAB_UNDELIVERED_PLAIN = 0,
    FAB_UNDELIVERED_TAKEN = 1, /* NOTICE_TAKEN is to be sent; a small cell is reserved for it */
    FAB_UNDELIVERED_DOUBT = 2, /* the pair is closed here until it is taken */
};

/* Keeps the notice reserve full as far as there are cells. */
void fab_notice_refill(struct fab_core *core);

/* Reserves a small cell, if need be out of the notice reserve. False: all are used up. */
bool fab_notice_reserve(struct fab_core *core);

/* A small cell for a notice: a free one, else one of the reserve; NULL when that is used up. */
struct fab_cell *fab_notice_pop_cell(struct fab_core *core);

/* Posts an Undelivered event about a message that left this core, with that tag and type. False:
 * there was no cell (counted). */
bool fab_notice_post(struct fab_core *core, struct fab_slot *slot, const struct fab_msg *msg,
                     struct myc_ref ref, enum myc_status status,
                     enum fab_undelivered_source source);

/* Bounces a record that came over the link; `slot` is its receiver, NULL when it has ended.
 * `is_held` says that the pair was held back before. */
void fab_notice_bounce(struct fab_core *core, struct fab_link *link, const struct fab_msg *msg,
                       struct fab_slot *slot, enum myc_status status, bool is_held);

/* Tells the sender of a message that waited here in vain. Takes over the cell. */
void fab_notice_return(struct fab_core *core, struct fab_cell *cell, enum myc_status status);

/* A record that this core sent is in doubt: a message's sender hears it, a notice is kept. */
void fab_notice_doubt(struct fab_core *core, struct fab_link *link, const struct fab_msg *msg);

/* The link is down: what waited for room goes, but for notices, which are kept for the next epoch
 * together with the blocks of their pairs. */
void fab_notice_on_link_down(struct fab_core *core, struct fab_link *link);

/* Keeps a notice for the next epoch. Takes over the cell. */
void fab_notice_keep(struct fab_core *core, struct fab_link *link, struct fab_cell *cell);

/* The link goes for good, or its peer has restarted: nothing is kept. */
void fab_notice_forget(struct fab_core *core, struct fab_link *link);

/* The link is up: what was kept is sent again, or goes when the peer has restarted. */
void fab_notice_on_link_up(struct fab_core *core, struct fab_link *link);

/* NOTICE has come. False: not valid. */
bool fab_notice_receive(struct fab_core *core, struct fab_link *link, const void *body);

static inline bool
fab_msg_is_undelivered(const struct fab_msg *msg)
{
    return msg->schema_id == MYC_SCHEMA_ID && msg->template_id == MYC_UNDELIVERED_TEMPLATE_ID;
}

/* An Undelivered event is given to its actor, or goes with it. */
void fab_notice_event_taken(struct fab_core *core, uint64_t actor, const struct fab_msg *event);

/* The same for the mark that follows the failure of an ask; and for that of draining. */
void fab_notice_mark_taken(struct fab_core *core, uint64_t actor, const struct fab_msg *mark);

#endif
