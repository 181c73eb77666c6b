/* SPDX-License-Identifier: BSD-3-Clause */
#include "actor/run.h"

#include "actor/buffer.h"
#include "actor/keyed.h"
#include "actor/life.h"
#include "actor/linked.h"
#include "actor/notice.h"
#include "actor/parts.h"
#include "actor/request.h"

#include <mycelium/messages.h>

/* What an event asks for before its actor sees it. */
static bool
event_is_wanted(struct myc_self *self, const struct fab_msg *msg)
{
    struct fab_core *core = self->core;

    switch (MYC_TYPE_KEY(msg->schema_id, msg->template_id)) {
    case MYC_TIMER_FIRED_KEY:
        return fab_timers_is_wanted(core, self->slot, msg->from);
    case MYC_DOWN_KEY:
        return fab_monitors_is_wanted(core, self->slot, msg->from);
    case MYC_DEAD_LETTER_KEY:
    case MYC_WAIT_CYCLE_KEY:
        fab_letter_on_handled(core, self->slot);
        return true;
    case MYC_UNDELIVERED_KEY:
        fab_notice_event_taken(core, self->actor, msg);
        return true;
    case FAB_ASK_ENDED_KEY:
        fab_requests_on_ended(core, msg);
        return false;
    case FAB_EXIT_KEY:
        fab_linked_on_exit(core, self->slot, msg);
        return false;
    default:
        return true;
    }
}

/* Its handler reads the body where it is, and may keep it there. */
static enum myc_status
handle_large(struct myc_self *self, const struct fab_msg *msg, struct myc_message *message)
{
    struct fab_buffers *buffers = self->core->buffers;
    enum myc_status status;

    buffers->handled = fab_body_of(self->core, msg);
    message->body = buffers->handled->bytes;
    status = fab_handle(self, message);
    buffers->handled = NULL;
    return status;
}

static enum myc_status
deliver_ask(struct myc_self *self, const struct fab_msg *msg, struct myc_message *message)
{
    const struct myc_ref from = fab_msg_reply_to(msg, message->from);
    uint64_t ask = msg->tag;
    enum myc_status status;

    if (fab_likely(!fab_request_is_cut_off(self->core, msg, message->from.home)))
        fab_asks_on_request(self->core, self->slot, from, ask);
    message->from = from;
    status = fab_unlikely(fab_msg_has_buffer(msg)) ? handle_large(self, msg, message)
                                                   : fab_handle(self, message);
    fab_asks_on_returned(self->core, self->slot, from, ask);
    return status;
}

enum myc_status
fab_deliver_other(struct myc_self *self, const struct fab_msg *msg, uint64_t from_home)
{
    struct fab_core *core = self->core;
    struct myc_message message = fab_message_view(msg, from_home);

    if (msg->kind == FAB_MSG_EVENT) {
        if (!event_is_wanted(self, msg))
            return MYC_OK;
        message.from = (struct myc_ref){ 0, 0 };
        core->counters.events++;
    } else {
        core->counters.delivered++;
        if (msg->kind == FAB_MSG_ASK)
            return deliver_ask(self, msg, &message);
        if (fab_unlikely(fab_msg_has_buffer(msg)))
            return handle_large(self, msg, &message);
    }
    return fab_handle(self, &message);
}

void
fab_mailbox_insert_urgent(struct fab_core *core, struct fab_slot *slot, struct fab_cell *cell)
{
    struct fab_slot_cold *cold = fab_slot_cold(core, slot);

    if (!slot->head) {
        fab_mailbox_append(core, slot, cell);
    } else if (!(slot->flags & FAB_SLOT_HAS_URGENT)) {
        cell->next = slot->head;
        slot->head = cell;
    } else {
        cell->next = cold->urgent_tail->next;
        cold->urgent_tail->next = cell;
        if (!cell->next)
            slot->tail = cell;
    }
    cold->urgent_tail = cell;
    slot->flags |= FAB_SLOT_HAS_URGENT;
}

/* The rarer things about a user message that leaves the mailbox. */
static void
mailbox_on_pop(struct fab_core *core, struct fab_slot *slot, struct fab_cell *cell)
{
    if (fab_msg_is_keyed(&cell->msg))
        fab_keyed_on_pop(core, slot, cell);
    if ((slot->flags & FAB_SLOT_HAS_URGENT) && fab_slot_cold(core, slot)->urgent_tail == cell)
        slot->flags &= (uint8_t)~FAB_SLOT_HAS_URGENT;
    if ((slot->flags & FAB_SLOT_HAS_WAITERS) &&
        slot->message_count <= fab_mailbox_max(core, slot) / 2)
        fab_waiters_fire_slot(core, slot);
}

struct fab_cell *
fab_mailbox_pop(struct fab_core *core, struct fab_slot *slot)
{
    struct fab_cell *cell = slot->head;

    slot->head = cell->next;
    if (fab_likely(cell->msg.kind <= FAB_MSG_ASK)) {
        slot->message_count--;
        if (fab_unlikely(slot->flags & (FAB_SLOT_HAS_URGENT | FAB_SLOT_HAS_WAITERS) ||
                         fab_msg_is_keyed(&cell->msg)))
            mailbox_on_pop(core, slot, cell);
    }
    return cell;
}

void
fab_mailbox_drop_oldest(struct fab_core *core, struct fab_slot *slot)
{
    struct fab_cell *before = NULL;
    struct fab_cell *cell = slot->head;

    while (cell->msg.kind > FAB_MSG_ASK) {
        before = cell;
        cell = cell->next;
    }
    if (!before) {
        fab_mailbox_pop(core, slot);
    } else {
        before->next = cell->next;
        if (slot->tail == cell)
            slot->tail = before;
        slot->message_count--;
        mailbox_on_pop(core, slot, cell);
    }
    fab_letter_waited(core, cell, MYC_FULL);
    fab_msg_release(core, &cell->msg);
    fab_cells_push(&core->cells, cell);
    core->counters.dropped_oldest++;
}

/* Whether the message's deadline has passed; such a one is counted and not handled. */
static bool
is_expired(struct fab_core *core, const struct fab_cell *cell)
{
    if (fab_likely(!(cell->msg.flags & FAB_MSG_HAS_DEADLINE)) ||
        fab_msg_deadline_ns(&cell->msg) > core->now_ns)
        return false;
    core->counters.expired++;
    fab_letter_waited(core, cell, MYC_EXPIRED);
    return true;
}

static enum myc_status
ignore(struct myc_self *self, void *state, const struct myc_message *message)
{
    (void)self;
    (void)state;
    (void)message;
    return MYC_OK;
}

static enum myc_status (*receive_of(const struct fab_core *core,
                                    const struct fab_slot *slot))(struct myc_self *, void *,
                                                                  const struct myc_message *)
{
    if (fab_unlikely(core->guard != NULL))
        return fab_guarded_receive;
    return slot->class_of->receive ? slot->class_of->receive : ignore;
}

/* The quick way: plain messages from the front of the mailbox, one after the other, while all is
 * usual with the actor. Returns how many. */
static unsigned
run_plain(struct myc_self *self, unsigned limit)
{
    struct fab_core *core = self->core;
    struct fab_slot *slot = self->slot;
    enum myc_status (*receive)(struct myc_self *, void *, const struct myc_message *) =
        receive_of(core, slot);
    unsigned left = limit;

    slot->flags &= (uint8_t)~FAB_SLOT_HAS_BECOME;
    while (left > 0) {
        struct fab_cell *cell = slot->head;
        enum myc_status status;

        if (!cell || !fab_msg_is_plain(&cell->msg) ||
            fab_unlikely(slot->flags &
                         (FAB_SLOT_HAS_URGENT | FAB_SLOT_HAS_WAITERS | FAB_SLOT_HAS_BECOME)))
            break;
        __builtin_prefetch(cell->next);
        slot->head = cell->next;
        slot->message_count--;
        left--;
        self->origin = cell->msg.origin;
        status = receive(self, slot->actor, fab_cell_view(cell));
        /* Without extensions the body's size alone has decided on the class. */
        if (fab_likely(cell->msg.size <= FAB_CELL_BODY_SMALL))
            fab_cells_push_to(&core->cells, FAB_CELL_SMALL, cell);
        else
            fab_cells_push_to(&core->cells, FAB_CELL_LARGE, cell);
        if (fab_unlikely(status != MYC_OK || core->quick != self)) {
            fab_settle(self, status);
            break;
        }
    }
    core->counters.delivered += limit - left;
    return limit - left;
}

/* One record of a mailbox. */
static void
run_one(struct myc_self *self)
{
    struct fab_core *core = self->core;
    struct fab_cell *cell = fab_mailbox_pop(core, self->slot);

    if (fab_unlikely(cell->msg.kind == FAB_MSG_SYSTEM))
        fab_notice_mark_taken(core, self->actor, &cell->msg);
    else if (fab_likely(!is_expired(core, cell)))
        fab_settle(self, fab_deliver(self, &cell->msg, cell->from_home));
    fab_msg_release(core, &cell->msg);
    fab_cells_push(&core->cells, cell);
}

/* As fab_enter, from the run queue: nobody runs around it, and who is on it may be sent to, so that
 * his address is his actor word. */
static inline void
enter_queued(struct fab_core *core, struct myc_self *self, struct fab_slot *slot)
{
    *self = (struct myc_self){ .core = core, .slot = slot, .actor = slot->address };
    core->self = core->quick = self;
    fab_say_running(core, self);
}

static inline void
exit_queued(struct fab_core *core)
{
    core->self = core->quick = NULL;
    fab_say_running(core, NULL);
}

/* A batch of one actor, of at most `limit` messages. Returns work done. */
static unsigned
run_batch(struct fab_core *core, struct fab_slot *slot, unsigned limit)
{
    struct myc_self self;
    unsigned left = fab_run_batch_left(core, slot);
    unsigned done = 0;

    if (left > limit)
        left = limit;
    enter_queued(core, &self, slot);
    while (done < left && slot->head && !slot->request && slot->state == FAB_SLOT_RUNNING) {
        unsigned plain = run_plain(&self, left - done);

        if (plain == 0)
            run_one(&self);
        done += plain ? plain : 1;
    }
    exit_queued(core);
    slot->batch_count = (uint8_t)(slot->batch_count + done);
    if (done > 1 && fab_unlikely(fab_meter_is_due(core, slot, done)))
        fab_meter_on_batch(core, slot, done);
    if (fab_likely(!slot->request))
        return done;
    fab_life_obey(core, slot);
    return done + 1;
}

static void
enqueue_later(struct fab_core *core, struct fab_slot *slot)
{
    uint32_t index = fab_slot_index(core, slot);

    slot->flags |= FAB_SLOT_IS_QUEUED;
    slot->run_next = FAB_SLOT_NONE;
    if (core->later_head == FAB_SLOT_NONE)
        core->later_head = index;
    else
        core->slots[core->later_tail].run_next = index;
    core->later_tail = index;
}

/* Actors whose batch was used up go before those that came meanwhile. */
static void
requeue_later(struct fab_core *core)
{
    if (core->later_head == FAB_SLOT_NONE)
        return;
    core->slots[core->later_tail].run_next = core->run_head;
    if (core->run_head == FAB_SLOT_NONE)
        core->run_tail = core->later_tail;
    core->run_head = core->later_head;
    core->later_head = FAB_SLOT_NONE;
}

unsigned
fab_run_queue(struct fab_core *core, unsigned budget)
{
    unsigned done = 0;

    while (core->run_head != FAB_SLOT_NONE && done < budget) {
        struct fab_slot *slot = &core->slots[core->run_head];

        core->run_head = slot->run_next;
        slot->flags &= (uint8_t)~FAB_SLOT_IS_QUEUED;
        if (fab_unlikely(slot->state == FAB_SLOT_ENDING)) {
            fab_slot_push(core, slot);
            continue;
        }
        done += run_batch(core, slot, budget - done);
        if (slot->head && slot->state == FAB_SLOT_RUNNING && !(slot->flags & FAB_SLOT_IS_QUEUED))
            enqueue_later(core, slot);
    }
    requeue_later(core);
    return done;
}

void
fab_request(struct fab_core *core, struct fab_slot *slot, enum fab_slot_request request,
            enum myc_status reason)
{
    if (request > slot->request) {
        slot->request = (uint8_t)request;
        if (request != FAB_REQUEST_RELEASE)
            slot->reason = (uint8_t)reason;
    }
    core->quick = NULL; /* it may be about who runs now */
    fab_run_enqueue(core, slot);
}
