/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Large bodies: what this core has of them, lends to others and has borrowed.
 *
 * The lcore's heap (base/heap.h) holds the bodies that were written or reassembled here. Each body
 * that this core knows is an entry with a count of references, private to the core:
 *
 *      own heap     body <-- mailbox cells of this lcore
 *                        <-- holds of actors here (struct myc_buffer)
 *                        <-- loans: one for each record that carried it over a link
 *
 * What comes in parts over flows has a part of the heap of its own, from which actors are given
 * nothing: else two cores whose heaps are full of what they send to each other would wait for each
 * other for ever. For the same reason such a body is copied before it goes on over a flow.
 *
 *      peer's heap  body <-- mailbox cells and holds here; the last one gives the loan back
 *
 * Loans are in lend.h.
 *
 * What is borrowed over a link keeps that link's memory mapped: fab_core_link_is_borrowed says
 * whether a link that has gone may be freed. A RELEASE that finds neither room nor cell waits in
 * the list of what is owed, in the entry of the body itself, so it cannot be lost.
 */
#ifndef FAB_ACTOR_BUFFER_H
#define FAB_ACTOR_BUFFER_H

#include "actor/handle.h"
#include "actor/quota.h"
#include "base/heap.h"
#include "link/link.h"

#define FAB_BUFFERS_DEFAULT 8192U
#define FAB_BUFFERS_MAX     (1U << 20) /* loans are numbered by 20 bits, and 12 of generation */
#define FAB_BODY_NONE       UINT32_MAX

struct fab_core;
struct fab_lend;
struct fab_slot;

struct fab_body {
    const uint8_t *bytes;
    struct fab_link *link; /* whose other end has it in its heap; NULL: our heap */
    uint32_t size;         /* bytes */
    uint32_t references;
    uint32_t unit; /* of our heap, or of its part for what comes in */
    bool is_incoming;
    uint32_t loan;      /* of a borrowed one: the owner's number */
    uint32_t next_owed; /* of those that wait to be given back */
};

/* An actor's hold. */
struct myc_buffer {
    struct fab_body *body;
    uint64_t actor;
};

struct fab_buffers {
    struct fab_heap heap;     /* for what actors here write */
    struct fab_heap incoming; /* behind it in the same memory: for what flows bring */
    struct fab_handles bodies;
    struct fab_handles lends;
    struct fab_handles holds;
    struct fab_quota quota;
    struct fab_body *body;
    struct fab_lend *lend;
    struct myc_buffer *hold;
    uint32_t owed_first;
    /* The body of the message that is being handled, for myc_message_keep. */
    struct fab_body *handled;
};

/* --- create, destroy -------------------------------------------------------------------------- */

enum myc_status fab_buffers_create(struct fab_core *core);
void fab_buffers_destroy(struct fab_core *core);

/* Whether nothing is claimed, lent, held or borrowed. For tests. */
bool fab_buffers_are_quiet(const struct fab_core *core);

/* --- bodies ----------------------------------------------------------------------------------- */

/* A body of our heap with one reference, the caller's; NULL: none (counted). */
struct fab_body *fab_body_claim(struct fab_core *core, uint32_t size);

/* The same of the part for what flows bring, not counted: who asks asks again. */
struct fab_body *fab_body_claim_incoming(struct fab_core *core, uint32_t size);

/* The body of a record that came over a link, with one reference, the caller's. A flow has already
 * made the entry. NULL: there is no entry, or the record names what cannot be. */
struct fab_body *fab_body_borrow(struct fab_core *core, struct fab_link *link,
                                 const struct fab_msg *msg);

/* Gives back what a record that could not be borrowed brought. */
void fab_body_refuse(struct fab_core *core, struct fab_link *link, const struct fab_msg *msg);

/* Its first unit, counted from the start of the lcore's memory. */
uint32_t fab_body_place(const struct fab_core *core, const struct fab_body *body);

/* Takes a reference away; the last one sends the body home. */
void fab_body_release(struct fab_core *core, struct fab_body *body);

/* Its place in the table. */
static inline uint32_t
fab_body_index(const struct fab_buffers *buffers, const struct fab_body *body)
{
    return (uint32_t)(body - buffers->body);
}

/* The name of a body in the records of mailboxes, and who has it. */
uint64_t fab_body_word(const struct fab_core *core, const struct fab_body *body);
struct fab_body *fab_body_named(const struct fab_core *core, uint64_t word);
struct fab_body *fab_body_of(const struct fab_core *core, const struct fab_msg *msg);

/* Releases what a record of a mailbox refers to, if it does. */
static inline void
fab_msg_release(struct fab_core *core, const struct fab_msg *msg)
{
    if (__builtin_expect(fab_msg_has_buffer(msg), 0))
        fab_body_release(core, fab_body_of(core, msg));
}

/* --- what happens ----------------------------------------------------------------------------- */

void fab_buffers_on_end(struct fab_core *core, const struct fab_slot *slot);

/* Gives back what is owed and had no room. */
void fab_buffers_run(struct fab_core *core);

#endif
