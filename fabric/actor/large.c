/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Large messages: from a send to a reference, and the buffers that actors hold.
 *
 * A send of more than FAB_MSG_SMALL_MAX bytes becomes a body in the heap and then goes through the
 * same dispatch as any other (send.c), as a record that names the body. What comes over a link and
 * names one is given the core's own name for it before anything else looks at it (receive.c).
 */
#include "actor/buffer.h"
#include "actor/lend.h"
#include "actor/send.h"
#include "actor/state.h"

#include <mycelium/buffer.h>

static_assert(MYC_BODY_INLINE_MAX == FAB_MSG_SMALL_MAX, "as the fabric has it");
static_assert(MYC_BODY_SIZE_MAX == FAB_MSG_SIZE_MAX, "as the fabric has it");
static_assert(FAB_HEAP_BLOCK_MAX >= FAB_MSG_SIZE_MAX, "a block takes every body");

static void *
writable(const struct fab_core *core, const struct fab_body *body)
{
    return fab_heap_bytes(&core->buffers->heap, body->unit);
}

/* A body of ours with these bytes. */
static struct fab_body *
copy_body(struct fab_core *core, const void *bytes, uint32_t size)
{
    struct fab_body *body = fab_body_claim(core, size);

    if (body)
        memcpy(writable(core, body), bytes, size);
    return body;
}

/* --- sending ---------------------------------------------------------------------------------- */

enum myc_status
fab_send_large(struct myc_self *self, const struct fab_outgoing *out)
{
    struct fab_core *core = self->core;
    struct fab_outgoing large = *out;
    enum myc_status status;

    if (out->size > FAB_MSG_SIZE_MAX || out->size > fab_heap_size(&core->buffers->heap))
        return fab_send_refuse(core, MYC_TOO_BIG);
    large.buffer =
        out->body ? copy_body(core, out->body, out->size) : fab_body_claim(core, out->size);
    if (!large.buffer)
        return fab_send_refuse(core, MYC_NO_MEMORY);
    status = fab_send(self, &large);
    /* An open claim keeps the reference, else the receivers have their own. */
    if (status != MYC_OK || out->body)
        fab_body_release(core, large.buffer);
    return status;
}

void
fab_send_refer(struct fab_core *core, struct fab_msg *msg, const struct fab_outgoing *out)
{
    fab_msg_set_buffer_word(msg, fab_body_word(core, out->buffer));
    out->buffer->references += out->body != NULL; /* an open claim has the sender's */
    core->counters.large_sent++;
}

void *
fab_claim_body(struct fab_core *core)
{
    const struct fab_claim *claim = &core->claim;

    return claim->buffer ? writable(core, claim->buffer) : fab_msg_body(claim->msg);
}

/* A body that may be lent: ours, or a copy of one that is not ours or goes from flow to flow (see
 * buffer.h). A reference comes with it. */
static struct fab_body *
body_to_lend(struct fab_core *core, const struct fab_link *link, struct fab_body *body)
{
    if (!body->link && !(body->is_incoming && link->level == FAB_LEVEL_FLOW)) {
        body->references++;
        return body;
    }
    core->counters.bodies_copied++;
    return copy_body(core, body->bytes, body->size);
}

static enum myc_status
claim_lent(struct fab_core *core, struct fab_link *link, uint64_t sender,
           const struct fab_outgoing *out, uint32_t stride, struct fab_msg **msg)
{
    enum myc_status status;

    if (!link->ops->claim_large)
        return fab_link_claim(core, link, sender, out->to, stride, msg);
    status = link->ops->claim_large(link, stride, out->to.actor, out->size, msg);
    if (status == MYC_FULL && !fab_wait_for_link(core, link, sender, out->to))
        return MYC_NO_MEMORY;
    return status;
}

enum myc_status
fab_send_lent(struct myc_self *self, struct fab_link *link, const struct fab_outgoing *out)
{
    struct fab_core *core = self->core;
    uint32_t stride = FAB_MSG_HEADER_SIZE + 8 + (out->ttl_ns ? 8 : 0);
    uint64_t deadline_ns = core->now_ns + out->ttl_ns;
    enum myc_status status = out->size > link->large_max ? MYC_TOO_BIG : MYC_OK;
    struct fab_body *body = status == MYC_OK ? body_to_lend(core, link, out->buffer) : NULL;
    struct fab_msg *msg;
    uint32_t number;

    if (status == MYC_OK && !body)
        status = MYC_NO_MEMORY;
    if (status == MYC_OK)
        status = claim_lent(core, link, self->actor, out, stride, &msg);
    if (status == MYC_OK && !fab_lend_add(core, body, link, &number))
        status = MYC_NO_MEMORY;
    if (body)
        fab_body_release(core, body); /* the loan has its own reference */
    if (status != MYC_OK)
        return fab_send_refuse(core, status);
    FAB_FAULT_POINT(LEND);
    fab_send_fill(msg, self, out, deadline_ns);
    fab_msg_set_buffer_word(msg, fab_msg_lent_word(fab_body_place(core, body), number));
    FAB_FAULT_POINT(LENT);
    core->counters.large_sent++;
    core->claim = (struct fab_claim){ .msg = msg, .link = link, .lend = number, .is_lent = true };
    if (!out->body) {
        core->claim.buffer = body;
        core->quick = NULL;
        return MYC_OK;
    }
    fab_claim_commit(core);
    if (out->flags & MYC_SEND_NOW)
        link->ops->flush(link, fab_core_clock_ns(core));
    return MYC_OK;
}

/* --- what actors hold ------------------------------------------------------------------------- */

/* Takes over the caller's reference. */
static enum myc_status
hold(struct myc_self *self, struct fab_body *body, struct myc_buffer **buffer)
{
    struct fab_core *core = self->core;
    uint32_t index;

    if (!fab_handles_pop(&core->buffers->holds, &index)) {
        core->counters.heap_empty++;
        fab_body_release(core, body);
        return MYC_NO_MEMORY;
    }
    core->buffers->hold[index] = (struct myc_buffer){ .body = body, .actor = self->actor };
    *buffer = &core->buffers->hold[index];
    return MYC_OK;
}

enum myc_status
myc_buffer_claim(struct myc_self *self, uint32_t size, struct myc_buffer **buffer, void **bytes)
{
    struct fab_core *core FAB_WITHIN = fab_self_enter(self, __func__);
    struct fab_body *body;
    enum myc_status status;

    if (size == 0 || size > MYC_BODY_SIZE_MAX)
        return size == 0 ? MYC_INVALID : MYC_TOO_BIG;
    body = fab_body_claim(core, size);
    if (!body)
        return MYC_NO_MEMORY;
    status = hold(self, body, buffer);
    if (status == MYC_OK)
        *bytes = writable(core, body);
    return status;
}

enum myc_status
myc_buffer_send(struct myc_self *self, struct myc_ref to, const struct myc_type *type,
                const struct myc_buffer *buffer, const struct myc_send_options *options)
{
    struct fab_outgoing out = {
        .to = to,
        .type = type,
        .body = buffer->body->bytes,
        .size = buffer->body->size,
        .kind = FAB_MSG_SEND,
        .buffer = buffer->body->size > FAB_MSG_SMALL_MAX ? buffer->body : NULL,
    };

    FAB_ASSERT(buffer->actor == self->actor);
    fab_send_take_options(&out, options);
    return fab_send(self, &out);
}

enum myc_status
myc_message_keep(struct myc_self *self, const struct myc_message *message,
                 struct myc_buffer **buffer)
{
    struct fab_core *core FAB_WITHIN = fab_self_enter(self, __func__);
    struct fab_body *body = core->buffers->handled;

    if (message->size == 0)
        return MYC_INVALID;
    if (body && body->bytes == message->body) {
        body->references++;
    } else {
        core->counters.bodies_copied++;
        body = copy_body(core, message->body, message->size);
    }
    return body ? hold(self, body, buffer) : MYC_NO_MEMORY;
}

void
myc_buffer_release(struct myc_self *self, struct myc_buffer **owned)
{
    struct fab_core *core FAB_WITHIN = fab_self_enter(self, __func__);
    struct myc_buffer *buffer = *owned;

    if (!buffer)
        return;
    FAB_ASSERT(buffer->actor == self->actor);
    *owned = NULL;
    fab_handles_push(&core->buffers->holds, (uint32_t)(buffer - core->buffers->hold));
    fab_body_release(core, buffer->body);
}

const void *
myc_buffer_body(const struct myc_buffer *buffer)
{
    return buffer->body->bytes;
}

uint32_t
myc_buffer_size(const struct myc_buffer *buffer)
{
    return buffer->body->size;
}
