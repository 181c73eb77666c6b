/* SPDX-License-Identifier: BSD-3-Clause */
/* What sending (send.c) and sending of large bodies (large.c) share. */
#ifndef FAB_ACTOR_SEND_H
#define FAB_ACTOR_SEND_H

#include "actor/state.h"

/* What the sender asks for beside the message; NULL: nothing. */
static inline void
fab_send_take_options(struct fab_outgoing *out, const struct myc_send_options *options)
{
    if (!options)
        return;
    FAB_ASSERT(options->size == sizeof(*options) && options->margin <= UINT8_MAX);
    out->flags = options->flags;
    out->margin = options->margin;
    out->tag = options->tag;
    out->ttl_ns = options->ttl_ns;
    out->origin = options->origin;
}

/* Counts a refusal; returns it. */
enum myc_status fab_send_refuse(struct fab_core *core, enum myc_status status);

/* A record of `stride` bytes on the link, for a user message; who finds it full waits for room.
 * OK; FULL; NO_MEMORY; TOO_BIG; UNREACHABLE. */
enum myc_status fab_link_claim(struct fab_core *core, struct fab_link *link, uint64_t sender,
                               struct myc_ref to, uint32_t stride, struct fab_msg **msg);

/* Writes header and deadline of a record; its buffer's word is the caller's to write. */
void fab_send_fill(struct fab_msg *msg, const struct myc_self *self, const struct fab_outgoing *out,
                   uint64_t deadline_ns);

/* The record of a mailbox of this lcore names its body. */
void fab_send_refer(struct fab_core *core, struct fab_msg *msg, const struct fab_outgoing *out);

/* Sends the claim that is open. */
void fab_claim_commit(struct fab_core *core);

/* Where the body of the open claim is to be written. */
void *fab_claim_body(struct fab_core *core);

/* A message that is larger than what a record holds, without a buffer yet: gives it one and
 * sends it. As fab_send. */
enum myc_status fab_send_large(struct myc_self *self, const struct fab_outgoing *out);

/* One with a buffer, over a link. As fab_send. */
enum myc_status fab_send_lent(struct myc_self *self, struct fab_link *link,
                              const struct fab_outgoing *out);

#endif
