/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Receiving: what carriers hand over.
 *
 * A record is in the link's memory and is ours until the sink returns. If its actor has nothing
 * waiting, the handler reads it right there; else it is copied into the mailbox. Either way the
 * link goes on: a full or slow actor costs its own senders a notice each and nobody else anything.
 */
#include "actor/buffer.h"
#include "actor/exported.h"
#include "actor/lend.h"
#include "actor/name.h"
#include "actor/notice.h"
#include "actor/overflow.h"
#include "actor/parts.h"
#include "actor/request.h"
#include "actor/run.h"
#include "actor/system.h"
#include "base/copy.h"

/* A copy of the record waits in the mailbox. OK; FULL; NO_MEMORY; TOO_BIG. */
static enum myc_status
store(struct fab_core *core, struct fab_link *link, struct fab_slot *slot,
      const struct fab_msg *msg)
{
    uint32_t total = fab_msg_total(msg);
    struct fab_cell *cell;

    if (total > FAB_CELL_RECORD_LARGE)
        return MYC_TOO_BIG;
    cell = fab_cells_pop(&core->cells, fab_cell_class_of(total));
    if (!cell)
        return MYC_NO_MEMORY;
    cell->from_home = link->peer_home;
    fab_copy(&cell->msg, msg, total);
    if (fab_unlikely(fab_msg_has_buffer(msg)))
        fab_body_of(core, msg)->references++;
    if (link->level == FAB_LEVEL_FLOW && (msg->flags & FAB_MSG_HAS_DEADLINE))
        fab_msg_set_word(&cell->msg, 0, core->now_ns + fab_msg_deadline_ns(msg));
    cell->msg.margin = fab_unlikely(msg->kind == FAB_MSG_ASK) ? fab_request_life(core, link) : 0;
    if (fab_unlikely(fab_conflates(slot)))
        return fab_overflow_put(core, slot, cell);
    fab_mailbox_add(core, slot, cell);
    return MYC_OK;
}

/* Whether the body is what its type says, as far as its receiver knows the type. */
static bool
is_verified(struct fab_core *core, const struct fab_slot *slot, const struct fab_msg *msg)
{
    const struct myc_type *type = fab_class_lookup(slot->class_of, fab_msg_key(msg));

    return !type || !type->verify ||
           type->verify(fab_unlikely(fab_msg_has_buffer(msg)) ? fab_body_of(core, msg)->bytes
                                                              : fab_msg_body_const(msg),
                        msg->size, msg->block_length, msg->version);
}

/* Whether the record may reach the actor's handler. */
static bool
is_acceptable(struct fab_core *core, struct fab_link *link, struct fab_slot *slot,
              const struct fab_msg *msg)
{
    if (fab_unlikely(!fab_slot_accepts(slot, fab_msg_key(msg))))
        return false;
    if (link->level == FAB_LEVEL_RING || is_verified(core, slot, msg))
        return true;
    core->counters.unverified++;
    return false;
}

/* The mailbox cannot simply take it. OK: the message was dropped or has been stored; else it must
 * be bounced. */
static enum myc_status
store_overflow(struct fab_core *core, struct fab_link *link, struct fab_slot *slot,
               const struct fab_msg *msg)
{
    const struct fab_overflow_wish wish = {
        .type_key = fab_msg_key(msg),
        .margin = msg->margin,
        .has_no_key = msg->kind != FAB_MSG_SEND,
    };
    struct fab_slot *taker = slot;
    enum myc_status status = fab_overflow(core, &taker, &wish);

    if (status == MYC_PENDING) {
        fab_letter_came(core, link, msg, MYC_FULL);
        return MYC_OK;
    }
    if (status == MYC_OK && taker != slot && !is_acceptable(core, link, taker, msg))
        return MYC_BAD_TYPE;
    return status == MYC_OK ? store(core, link, taker, msg) : status;
}

/* OK: the message was dropped or has been stored; else it must be bounced. */
static enum myc_status
store_bounded(struct fab_core *core, struct fab_link *link, struct fab_slot *slot,
              const struct fab_msg *msg)
{
    if (fab_likely((uint64_t)slot->message_count + msg->margin < slot->message_max))
        return store(core, link, slot, msg);
    return store_overflow(core, link, slot, msg);
}

static bool
is_expired(const struct fab_core *core, const struct fab_link *link, const struct fab_msg *msg)
{
    uint64_t deadline_ns;

    if (fab_likely(!(msg->flags & FAB_MSG_HAS_DEADLINE)))
        return false;
    deadline_ns = fab_msg_deadline_ns(msg);
    return link->level == FAB_LEVEL_FLOW ? deadline_ns == 0 : deadline_ns <= core->now_ns;
}

/* The node stops and takes nothing more from others, but for the registry's own talk. */
static bool
is_closed_to(const struct fab_core *core, const struct fab_link *link, const struct fab_slot *slot)
{
    return core->is_closed && link->peer_home != core->home &&
           core->names->registry != fab_slot_index(core, slot);
}

/* SEND or ASK, whose body is in the record or known by the core's own name for it. */
static void
receive_user(struct fab_core *core, struct fab_link *link, const struct fab_msg *msg)
{
    struct fab_slot *slot = fab_slot_lookup(core, msg->to);
    enum myc_status status;
    struct myc_self self;

    core->counters.received++;
    if (fab_unlikely(link->reach != NULL) && !fab_link_may_reach(core, link, msg->to)) {
        core->counters.bounced_reach++;
        fab_notice_bounce(core, link, msg, NULL, MYC_REFUSED, false);
        return;
    }
    if (fab_unlikely(!slot)) {
        fab_notice_bounce(core, link, msg, NULL, MYC_GONE, false);
        return;
    }
    if (fab_unlikely(core->held_back > 0)) {
        if (is_closed_to(core, link, slot)) {
            fab_notice_bounce(core, link, msg, NULL, MYC_GONE, false);
            return;
        }
        if (fab_bounce_is_blocked(core, link, msg, &status)) {
            fab_notice_bounce(core, link, msg, slot, status, true);
            return;
        }
        if (!fab_exported_allows(core, link, slot)) {
            fab_notice_bounce(core, link, msg, slot, MYC_REFUSED, false);
            return;
        }
    }
    if (fab_unlikely(!is_acceptable(core, link, slot, msg))) {
        fab_notice_bounce(core, link, msg, slot, MYC_BAD_TYPE, false);
        return;
    }
    if (fab_unlikely(is_expired(core, link, msg))) {
        core->counters.expired++;
        fab_letter_came(core, link, msg, MYC_EXPIRED);
        return;
    }
    if (fab_likely(msg->margin == 0) && fab_likely(fab_run_in_place(core, slot))) {
        core->counters.delivered_in_place++;
        fab_enter(core, &self, slot);
        fab_leave(&self, fab_deliver(&self, msg, link->peer_home));
        return;
    }
    status = store_bounded(core, link, slot, msg);
    if (fab_unlikely(status != MYC_OK))
        fab_notice_bounce(core, link, msg, slot, status, false);
}

/* SEND or ASK with its body in a heap: from here on the record names it as a mailbox does. */
static void
receive_large(struct fab_core *core, struct fab_link *link, const struct fab_msg *msg)
{
    union {
        struct fab_msg msg;
        uint8_t bytes[FAB_MSG_HEADER_SIZE + 8U * FAB_MSG_EXTENSIONS_MAX];
    } record;
    struct fab_body *body = fab_body_borrow(core, link, msg);

    if (!body) {
        core->counters.received++;
        fab_notice_bounce(core, link, msg, NULL, MYC_NO_MEMORY, false);
        fab_body_refuse(core, link, msg);
        return;
    }
    core->counters.large_received++;
    memcpy(&record, msg, fab_msg_total(msg));
    fab_msg_set_buffer_word(&record.msg, fab_body_word(core, body));
    receive_user(core, link, &record.msg);
    fab_body_release(core, body);
}

static void
receive_reply(struct fab_core *core, struct fab_link *link, const struct fab_msg *msg)
{
    struct fab_slot *slot = fab_slot_lookup(core, msg->to);

    core->counters.received++;
    if (!slot || msg->size > FAB_MSG_SMALL_MAX)
        core->counters.replies_late++;
    else
        fab_reply_accept(core, slot, msg, link->peer_home);
}

/* The quick way: a plain message to an actor with nothing waiting that takes its type. False: it is
 * not as usual, and nothing has changed. */
static inline bool
receive_quickly(struct fab_core *core, struct fab_link *link, const struct fab_msg *msg)
{
    struct fab_slot *slot = fab_slot_lookup(core, msg->to);
    struct myc_message message;
    enum myc_status status;
    struct myc_self self;

    if (!fab_msg_is_plain(msg) || core->held_back > 0 || !slot || slot->head ||
        slot->accepted_key != fab_msg_key(msg) || slot->accepted_key == 0 ||
        !slot->class_of->receive)
        return false;
    if (link->level != FAB_LEVEL_RING && (link->reach || !is_verified(core, slot, msg)))
        return false;
    if (!fab_run_in_place(core, slot))
        return false;
    core->counters.received++;
    core->counters.delivered++;
    core->counters.delivered_in_place++;
    message = fab_message_view(msg, link->peer_home);
    fab_enter(core, &self, slot);
    self.origin = message.origin;
    status = slot->class_of->receive(&self, slot->actor, &message);
    if (fab_unlikely(status != MYC_OK || core->quick != &self))
        fab_settle(&self, status);
    fab_exit(&self);
    return true;
}

static void
on_message(void *context, struct fab_link *link, const struct fab_msg *msg)
{
    struct fab_core *core = context;

    FAB_ASSERT(core->self == NULL);
    if (fab_likely(receive_quickly(core, link, msg)))
        return;
    if (fab_unlikely(fab_msg_has_buffer(msg)))
        receive_large(core, link, msg);
    else if (fab_likely(msg->kind <= FAB_MSG_ASK))
        receive_user(core, link, msg);
    else if (msg->kind == FAB_MSG_REPLY)
        receive_reply(core, link, msg);
    else if (msg->kind == FAB_MSG_SYSTEM)
        fab_system_receive(core, link, msg);
    else
        core->counters.system_bad++; /* nobody may send events but a core to its own actors */
}

static void
on_up(void *context, struct fab_link *link)
{
    fab_link_up(context, link);
}

static void
on_down(void *context, struct fab_link *link, enum myc_status reason)
{
    (void)reason;
    fab_link_down(context, link);
}

static void
on_in_doubt(void *context, struct fab_link *link, const struct fab_msg *msg)
{
    fab_notice_doubt(context, link, msg);
}

static bool
on_body_wanted(void *context, uint32_t size, uint8_t **bytes, uint64_t *name)
{
    struct fab_core *core = context;
    struct fab_body *body = fab_body_claim_incoming(core, size);

    if (!body)
        return false;
    *bytes = fab_heap_bytes(&core->buffers->incoming, body->unit);
    *name = fab_body_word(core, body);
    return true;
}

static void
on_body_dropped(void *context, uint64_t name)
{
    struct fab_core *core = context;

    fab_body_release(core, fab_body_named(core, name));
}

static void
on_body_sent(void *context, struct fab_link *link, uint64_t loan)
{
    FAB_ASSERT(fab_lend_end(context, link, (uint32_t)loan));
}

static uint64_t
on_body_kept(void *context, struct fab_link *link, uint64_t loan)
{
    struct fab_body *body = fab_lend_body(context, link, (uint32_t)loan);

    FAB_ASSERT(body != NULL);
    body->references++;
    return fab_body_word(context, body);
}

static void
on_room(void *context, struct fab_link *link)
{
    struct fab_core *core = context;

    if (fab_link_drain(core, link) || fab_link_may_queue(core, link))
        fab_waiters_fire_link(core, link);
}

const struct fab_link_sink fab_core_sink = {
    .on_message = on_message,
    .on_up = on_up,
    .on_down = on_down,
    .on_in_doubt = on_in_doubt,
    .on_body_wanted = on_body_wanted,
    .on_body_dropped = on_body_dropped,
    .on_body_sent = on_body_sent,
    .on_body_kept = on_body_kept,
    .on_room = on_room,
};
