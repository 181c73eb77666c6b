/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sending: the one dispatch.
 *
 * Every send claims a record where it will be read: a cell of this lcore's pool for an actor here,
 * the carrier's own memory (ring slot, segment slot, send buffer) for one elsewhere. So the bytes
 * are written once, and myc_send_claim is the same path without the last step.
 *
 * `dispatch` does everything. The usual cases of myc_send and myc_send_claim have shorter ways, in
 * quick.c, which leave to dispatch whatever they do not like.
 */
#include "actor/buffer.h"
#include "actor/lend.h"
#include "actor/overflow.h"
#include "actor/parts.h"
#include "actor/run.h"
#include "actor/send.h"
#include "actor/system.h"
#include "base/copy.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))

enum myc_status
fab_send_refuse(struct fab_core *core, enum myc_status status)
{
    struct fab_core_counters *counters = &core->counters;

    switch (status) {
    case MYC_FULL:
        counters->refused_full++;
        break;
    case MYC_GONE:
        counters->refused_gone++;
        break;
    case MYC_TOO_BIG:
        counters->refused_too_big++;
        break;
    case MYC_BAD_TYPE:
        counters->refused_bad_type++;
        break;
    case MYC_NO_MEMORY:
        counters->refused_no_memory++;
        break;
    case MYC_INVALID:
        counters->refused_margin++;
        break;
    default:
        counters->refused_unreachable++;
        break;
    }
    return status;
}

/* Flags of the record, for what the sender asked. */
static ALWAYS_INLINE uint8_t
record_flags(const struct fab_outgoing *out)
{
    return (uint8_t)((out->ttl_ns ? FAB_MSG_HAS_DEADLINE : 0) |
                     ((out->flags & MYC_SEND_URGENT) ? FAB_MSG_IS_URGENT : 0) |
                     ((out->flags & MYC_SEND_LATEST) ? FAB_MSG_IS_LATEST : 0) |
                     (fab_unlikely(out->buffer != NULL) ? FAB_MSG_HAS_BUFFER : 0));
}

/* Writes header, extension and body. `deadline_ns` is looked at only when there is one. */
static ALWAYS_INLINE void
fill(struct fab_msg *msg, const struct myc_self *self, const struct fab_outgoing *out,
     uint64_t deadline_ns)
{
    uint8_t flags = record_flags(out);

    msg->to = out->to.actor;
    msg->from = self->actor;
    fab_msg_set_type(msg, out->type);
    msg->size = out->size;
    msg->kind = out->kind;
    msg->flags = flags;
    msg->extensions = fab_msg_extensions_of(flags);
    msg->margin = (uint8_t)out->margin;
    msg->tag = out->tag;
    msg->origin = out->origin ? out->origin : self->origin;
    if (flags & FAB_MSG_HAS_DEADLINE)
        fab_msg_set_word(msg, 0, deadline_ns);
    FAB_FAULT_POINT(WRITE);
    if (out->body && fab_likely(!out->buffer))
        fab_copy(fab_msg_body(msg), out->body, out->size);
}

void
fab_send_fill(struct fab_msg *msg, const struct myc_self *self, const struct fab_outgoing *out,
              uint64_t deadline_ns)
{
    fill(msg, self, out, deadline_ns);
}

static void
sample_dropped(struct myc_self *self, const struct fab_outgoing *out)
{
    struct fab_msg msg = { .tag = out->tag };

    fab_msg_set_type(&msg, out->type);
    fab_letter_sample(self->core, &msg, out->to, fab_slot_ref(self->core, self->slot), MYC_FULL);
}

/* A mailbox of this lcore cannot simply take it. PENDING: it is dropped on purpose; OK: it goes to
 * *slot; else why not. */
static enum myc_status
overflow_here(struct myc_self *self, const struct fab_outgoing *out, struct fab_slot **slot)
{
    const struct fab_overflow_wish wish = {
        .type_key = fab_type_key(out->type),
        .margin = (uint8_t)out->margin,
        .has_no_key = !out->body || out->kind != FAB_MSG_SEND,
    };
    enum myc_status status = fab_overflow(self->core, slot, &wish);

    if (status == MYC_FULL)
        return fab_wait_for_slot(self->core, *slot, self->actor) ? MYC_FULL : MYC_NO_MEMORY;
    if (status == MYC_PENDING && fab_unlikely(self->core->letters.watcher != NULL))
        sample_dropped(self, out);
    return status;
}

/* Into a mailbox that has a place for it, or may have. */
static enum myc_status
put_here(struct myc_self *self, struct fab_slot *slot, struct fab_cell *cell)
{
    struct fab_core *core = self->core;

    cell->msg.margin = 0;
    if (fab_overflow_put(core, slot, cell) == MYC_OK) {
        core->counters.sent++;
        return MYC_OK;
    }
    return fab_send_refuse(core,
                           fab_wait_for_slot(core, slot, self->actor) ? MYC_FULL : MYC_NO_MEMORY);
}

/* To an actor of this lcore. */
static ALWAYS_INLINE enum myc_status
send_here(struct myc_self *self, const struct fab_outgoing *out)
{
    struct fab_core *core = self->core;
    struct fab_slot *slot = fab_slot_lookup(core, out->to.actor);
    uint32_t record_size = FAB_MSG_HEADER_SIZE + (out->ttl_ns ? 8 : 0) +
                           (fab_unlikely(out->buffer != NULL) ? 8 : out->size);
    enum myc_status status;
    struct fab_cell *cell;

    if (fab_unlikely(!slot))
        return fab_send_refuse(core, MYC_GONE);
    if (fab_unlikely(!fab_slot_accepts(slot, fab_type_key(out->type))))
        return fab_send_refuse(core, MYC_BAD_TYPE);
    if (fab_unlikely((uint64_t)slot->message_count + out->margin >= slot->message_max)) {
        status = overflow_here(self, out, &slot);
        if (status == MYC_PENDING && out->body)
            return MYC_OK;
        if (status != MYC_OK && status != MYC_PENDING)
            return fab_send_refuse(core, status);
        slot = status == MYC_PENDING ? NULL : slot; /* a claim that its commit drops */
    }
    cell = fab_cells_pop(&core->cells, fab_cell_class_of(record_size));
    if (fab_unlikely(!cell))
        return fab_send_refuse(core, MYC_NO_MEMORY);
    cell->from_home = core->home;
    fill(&cell->msg, self, out, core->now_ns + out->ttl_ns);
    if (fab_unlikely(out->buffer != NULL))
        fab_send_refer(core, &cell->msg, out);
    if (!out->body) {
        core->claim = (struct fab_claim){
            .msg = &cell->msg, .cell = cell, .slot = slot, .buffer = out->buffer
        };
        if (slot && fab_conflates(slot)) {
            core->claim.slot = NULL;
            core->claim.conflating = slot;
        }
        core->quick = NULL;
        return MYC_OK;
    }
    if (fab_unlikely(out->margin > 0 || fab_conflates(slot)))
        return put_here(self, slot, cell);
    core->counters.sent++;
    fab_mailbox_add(core, slot, cell);
    return MYC_OK;
}

/* The message leaves behind the records that wait for room in the link. False: it cannot. */
static bool
queue(struct myc_self *self, struct fab_link *link, const struct fab_outgoing *out, uint32_t total)
{
    struct fab_core *core = self->core;
    struct fab_msg *msg;

    if (!out->body || out->buffer)
        return false;
    msg = fab_link_queue(core, link, out->to.actor, total);
    if (!msg)
        return false;
    fill(msg, self, out, core->now_ns + out->ttl_ns);
    core->counters.sent++;
    return true;
}

/* Whether something is known that keeps a message from leaving now. PENDING: it is sent, behind
 * what waits. */
static enum myc_status
look_closer(struct myc_self *self, struct fab_link *link, const struct fab_outgoing *out,
            uint32_t total)
{
    struct fab_core *core = self->core;
    const uint64_t sender = self->actor;
    const struct myc_ref to = out->to;
    enum myc_status status = fab_wait_for_full(core, sender, to, out->margin > 0);

    if (status != MYC_OK)
        return status;
    if (fab_doubt_is_closed(core, sender, to))
        return MYC_UNREACHABLE;
    if (fab_link_drain(core, link))
        return MYC_OK;
    if (queue(self, link, out, total))
        return MYC_PENDING;
    return fab_wait_for_link(core, link, sender, to) ? MYC_FULL : MYC_NO_MEMORY;
}

enum myc_status
fab_link_claim(struct fab_core *core, struct fab_link *link, uint64_t sender, struct myc_ref to,
               uint32_t stride, struct fab_msg **msg)
{
    enum myc_status status = link->ops->claim(link, FAB_LANE_USER, stride, to.actor, msg);

    if (fab_unlikely(status == MYC_FULL) && !fab_wait_for_link(core, link, sender, to))
        return MYC_NO_MEMORY;
    return status;
}

/* To an actor elsewhere. */
static enum myc_status
send_away(struct myc_self *self, const struct fab_outgoing *out)
{
    struct fab_core *core = self->core;
    uint32_t total = FAB_MSG_HEADER_SIZE + (out->ttl_ns ? 8 : 0) + out->size;
    uint32_t stride = (total + FAB_MSG_ALIGN - 1) & ~(FAB_MSG_ALIGN - 1);
    struct fab_link *link;
    struct fab_msg *msg;
    enum myc_status status = fab_route(core, out->to, &link);

    if (fab_likely(status == MYC_OK) && fab_unlikely(core->held_up > 0))
        status = look_closer(self, link, out, total);
    if (fab_unlikely(status != MYC_OK))
        return status == MYC_PENDING ? MYC_OK : fab_send_refuse(core, status);
    if (fab_unlikely(out->buffer != NULL))
        return fab_send_lent(self, link, out);
    status = fab_link_claim(core, link, self->actor, out->to, stride, &msg);
    if (fab_unlikely(status != MYC_OK))
        return fab_send_refuse(core, status);
    fill(msg, self, out, core->now_ns + out->ttl_ns);
    if (!out->body) {
        core->claim = (struct fab_claim){ .msg = msg, .link = link };
        core->quick = NULL;
        return MYC_OK;
    }
    link->ops->commit(link);
    core->counters.sent++;
    fab_link_touch(core, link);
    if (fab_unlikely(out->flags & MYC_SEND_NOW))
        link->ops->flush(link, fab_core_clock_ns(core));
    return MYC_OK;
}

static ALWAYS_INLINE enum myc_status
dispatch(struct myc_self *self, struct fab_outgoing out)
{
    struct fab_core *core FAB_WITHIN = fab_self_enter(self, __func__);

    if (fab_unlikely(core->claim.msg != NULL))
        fab_claim_abort(core);
    fab_quicken(self);
    if (fab_unlikely(out.size > FAB_MSG_SMALL_MAX) && !out.buffer)
        return fab_send_large(self, &out);
    if (fab_likely(fab_is_here(core, out.to)))
        return send_here(self, &out);
    /* A copy, so that the other way needs none of it in memory. */
    return send_away(self, &(struct fab_outgoing){ { out.to.home, out.to.actor },
                                                   out.type,
                                                   out.body,
                                                   out.size,
                                                   out.kind,
                                                   out.flags,
                                                   out.margin,
                                                   out.tag,
                                                   out.ttl_ns,
                                                   out.origin,
                                                   out.buffer });
}

enum myc_status
fab_send(struct myc_self *self, const struct fab_outgoing *out)
{
    return dispatch(self, *out);
}

enum myc_status
fab_send_any(struct myc_self *self, struct myc_ref to, const struct myc_type *type,
             const void *body, uint32_t size)
{
    struct fab_outgoing out = {
        .to = { to.home, to.actor }, /* by word: gcc would go through memory */
        .type = type,
        .body = body ? body : "",
        .size = size,
        .kind = FAB_MSG_SEND,
    };

    FAB_ASSERT(body != NULL || size == 0);
    return dispatch(self, out);
}

enum myc_status
myc_send_with(struct myc_self *self, struct myc_ref to, const struct myc_type *type,
              const void *body, uint32_t size, const struct myc_send_options *options)
{
    struct fab_outgoing out = {
        .to = { to.home, to.actor },
        .type = type,
        .body = body ? body : "",
        .size = size,
        .kind = FAB_MSG_SEND,
    };

    FAB_ASSERT(body != NULL || size == 0);
    fab_send_take_options(&out, options);
    return dispatch(self, out);
}

enum myc_status
fab_claim_any(struct myc_self *self, struct myc_ref to, const struct myc_type *type, uint32_t size,
              void **body)
{
    struct fab_outgoing out = {
        .to = { to.home, to.actor },
        .type = type,
        .size = size,
        .kind = FAB_MSG_SEND,
    };
    enum myc_status status = dispatch(self, out);

    if (status == MYC_OK)
        *body = fab_claim_body(self->core);
    return status;
}

void
fab_claim_commit(struct fab_core *core)
{
    struct fab_claim claim = core->claim;

    core->claim.msg = NULL;
    core->counters.sent++;
    if (claim.link) {
        claim.link->ops->commit(claim.link);
        fab_link_touch(core, claim.link);
        if (fab_unlikely(claim.buffer != NULL))
            fab_body_release(core, claim.buffer); /* the loan has its own reference */
    } else if (claim.slot) {
        fab_mailbox_add(core, claim.slot, claim.cell);
    } else if (claim.conflating) {
        FAB_ASSERT(fab_overflow_put(core, claim.conflating, claim.cell) ==
                   MYC_OK); /* it had room */
    } else {
        fab_msg_release(core, &claim.cell->msg);
        fab_cells_push(&core->cells, claim.cell);
    }
}

void
fab_claim_abort(struct fab_core *core)
{
    struct fab_claim claim = core->claim;

    core->claim.msg = NULL;
    if (claim.is_lent) {
        FAB_ASSERT(fab_lend_end(core, claim.link, claim.lend));
        fab_body_release(core, claim.buffer);
    }
    if (!claim.cell)
        return;
    fab_msg_release(core, &claim.cell->msg);
    fab_cells_push(&core->cells, claim.cell);
}
