/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The gapless prefix: an order never arrives without the message before it.
 *
 * After the first message of a (sender, receiver) pair that could not be delivered, the receiving
 * core bounces that pair's later ones with the same status, until the sender has taken the notice:
 *
 *      sender's core                      receiver's core
 *        m1 m2 m3 ---------------------->   m1 FULL: block the pair
 *             <----------- NOTICE m1 --     m2 bounced
 *             <----------- NOTICE m2 --     m3 bounced
 *        actor is given notice m1
 *        NOTICE_TAKEN ------------------>   pair open: what comes now was sent by an actor that
 * knows
 *
 * A pair whose receiver has ended needs no entry: its messages bounce for ever. When the table is
 * full the whole link is held back until the notices that found no entry are taken: more is
 * bounced than need be, never less.
 *
 * When the link breaks, notices that may not have arrived are kept, with the blocks of their pairs,
 * and repeated in the next epoch (notice.h). All other blocks go, because the sender's own core
 * takes over: it knows the pairs whose notices (in doubt, or bounced before the break) its actor
 * has not been given, and holds them closed (UNREACHABLE) until it has. These are the doubts.
 */
#ifndef FAB_ACTOR_BOUNCE_H
#define FAB_ACTOR_BOUNCE_H

#include "actor/pair.h"
#include "link/link.h"

struct fab_core;

struct fab_bounces {
    struct fab_pairs blocks; /* (link index, sender, receiver); value: status */
    struct fab_pairs doubts; /* (sender, ref); value: notices not taken, and whether it is closed */
    uint32_t doubts_unlisted; /* notices that found no entry: while there are any, all wait */
};

/* Whether the pair is held back, and with what status its messages bounce. */
bool fab_bounce_is_blocked(struct fab_core *core, struct fab_link *link, const struct fab_msg *msg,
                           enum myc_status *status);

/* Holds the pair of the message back until its sender has taken the notice. */
void fab_bounce_block(struct fab_core *core, struct fab_link *link, const struct fab_msg *msg,
                      enum myc_status status);

/* The sender has taken the notice. */
void fab_bounce_open(struct fab_core *core, struct fab_link *link, uint64_t sender,
                     uint64_t receiver);
void fab_bounce_on_link_down(struct fab_core *core, struct fab_link *link);

/* The actor has a notice about that ref to take; with `is_closed` the pair is closed until then,
 * else only if the link breaks before. */
void fab_doubt_add(struct fab_core *core, uint64_t sender, struct myc_ref to, bool is_closed);
void fab_doubt_taken(struct fab_core *core, uint64_t sender, struct myc_ref to);

/* Whether there is a notice that the actor has not taken. */
bool fab_doubt_is_known(const struct fab_core *core, uint64_t sender, struct myc_ref to);

/* Whether the pair is closed. */
bool fab_doubt_is_closed(const struct fab_core *core, uint64_t sender, struct myc_ref to);

/* The link has broken: what its actors have not taken closes their pairs. */
void fab_doubts_on_link_down(struct fab_core *core, struct fab_link *link);

#endif
