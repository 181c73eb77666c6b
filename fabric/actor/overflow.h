/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Overflow: what a mailbox does with a message that it cannot simply take.
 *
 * The quick ways know one number, message_max, and ask here when the mailbox has come up to it, or
 * when the sender wants a margin kept free. A mailbox that conflates must look at every message, so
 * its message_max is 0 and the real one stands in its policy. What a policy needs beside its name
 * is in a block of its own, which other actors do not pay for.
 *
 *      takes it                 room, or the oldest was dropped, or keyed.h finds a place for it
 *      drops it                 counted, told to nobody
 *      refuses it               FULL; GONE while it drains; INVALID when smaller than a margin
 *      passes it on             to an actor of the same lcore, whose policy decides; a message that
 *                               is passed on too often is refused
 */
#ifndef FAB_ACTOR_OVERFLOW_H
#define FAB_ACTOR_OVERFLOW_H

#include "actor/run.h"

/* A key that waits, in a hash with linear probing. */
struct fab_keyed {
    uint64_t key;
    struct fab_cell *cell; /* not owned: its message stands in the mailbox; NULL: none */
};

struct fab_policy {
    uint64_t redirect_to; /* actor word, of this lcore */
    uint32_t message_max; /* messages, of a mailbox that conflates */
    uint32_t mask;        /* of its keys */
    struct fab_keyed keyed[];
};

/* Whether the options ask for a policy that needs a struct fab_policy. */
static inline bool
fab_overflow_has_policy(const struct myc_spawn_options *options)
{
    return options->overflow >= MYC_OVERFLOW_CONFLATE;
}

/* Gives a new actor its policy. OK; NO_MEMORY; INVALID (too many keys, no such policy, redirect_to
 * is nobody here). */
enum myc_status fab_overflow_begin(struct fab_core *core, struct fab_slot *slot,
                                   const struct myc_spawn_options *options);

/* The actor, which has one, is no more, and its mailbox empty. */
void fab_overflow_end(struct fab_core *core, struct fab_slot *slot);

static inline bool
fab_conflates(const struct fab_slot *slot)
{
    return (slot->overflow & ~FAB_OVERFLOW_CLOSED) == MYC_OVERFLOW_CONFLATE;
}

/* Messages that its mailbox takes. */
static inline uint32_t
fab_mailbox_max(const struct fab_core *core, const struct fab_slot *slot)
{
    return fab_conflates(slot) ? fab_slot_cold(core, slot)->policy->message_max : slot->message_max;
}

/* What is asked of a mailbox. */
struct fab_overflow_wish {
    uint32_t type_key;
    uint8_t margin;
    bool has_no_key; /* an ask, or a claim that is still to be written: it needs a place */
};

/* Decides on a message that its mailbox cannot simply take.
 * OK: it goes to the mailbox of *slot, which may be another's now, by fab_overflow_put; PENDING: it
 * is dropped (counted); FULL (nobody waits yet); GONE; INVALID (it wants a margin that the mailbox
 * never has). */
enum myc_status fab_overflow(struct fab_core *core, struct fab_slot **slot,
                             const struct fab_overflow_wish *wish);

/* Puts a message into a mailbox that takes it. OK: the cell was taken over; FULL: it was given back
 * with what belongs to it, for there are too many keys. */
enum myc_status fab_overflow_put(struct fab_core *core, struct fab_slot *slot,
                                 struct fab_cell *cell);

#endif
