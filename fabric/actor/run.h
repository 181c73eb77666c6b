/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Running actors: entering and leaving their functions, mailboxes, the queue.
 *
 * The queue is an intrusive FIFO of actors with something to do. Each in its turn handles a batch,
 * then goes to the end; whose batch for this turn is used up waits for the next one. Requests
 * (stop, kill, failure) come first whenever an actor runs, and only here does an actor end: a
 * function that wants another's end leaves a request.
 */
#ifndef FAB_ACTOR_RUN_H
#define FAB_ACTOR_RUN_H

#include "actor/state.h"

/* Says to other threads who runs; NULL: nobody. */
static inline void
fab_say_running(struct fab_core *core, const struct myc_self *self)
{
    if (!self) {
        atomic_store_explicit(&core->running.actor, 0, memory_order_relaxed);
        return;
    }
    atomic_store_explicit(&core->running.class_of, self->slot->class_of, memory_order_relaxed);
    /* Pairs with the acquire of the watchdog (node/watchdog.c). */
    atomic_store_explicit(&core->running.actor, self->actor, memory_order_release);
}

/* Makes the slot's actor the one that runs. `self` is the caller's, on its stack. */
static inline void
fab_enter(struct fab_core *core, struct myc_self *self, struct fab_slot *slot)
{
    *self = (struct myc_self){
        .core = core,
        .slot = slot,
        .outer = core->self,
        .actor = fab_slot_actor(core, slot),
    };
    core->self = self;
    core->quick = self;
    fab_say_running(core, self);
}

/* The running actor's function has returned. An outer one looks around before it goes on. */
static inline void
fab_exit(struct myc_self *self)
{
    self->core->self = self->outer;
    self->core->quick = NULL;
    fab_say_running(self->core, NULL);
}

/* Lets the running actor take the quick ways again, if all is usual with it. */
static inline void
fab_quicken(struct myc_self *self)
{
    struct fab_core *core = self->core;

    if (!core->claim.msg && self->failure == MYC_OK && !self->slot->request)
        core->quick = self;
}

/* Gives back what a claim took. */
void fab_claim_abort(struct fab_core *core);

/* After each function of an actor: what it answered or gave to myc_fail. */
static inline enum myc_status
fab_outcome(struct myc_self *self, enum myc_status status)
{
    if (fab_unlikely(self->core->claim.msg != NULL))
        fab_claim_abort(self->core);
    return fab_unlikely(self->failure != MYC_OK) ? (enum myc_status)self->failure : status;
}

/* As fab_outcome; a failure becomes a request, which the queue obeys. */
static inline void
fab_settle(struct myc_self *self, enum myc_status status)
{
    status = fab_outcome(self, status);
    if (fab_unlikely(status != MYC_OK))
        fab_request(self->core, self->slot, FAB_REQUEST_FAIL, status);
    fab_quicken(self);
}

/* Settles and ends what fab_enter began. */
static inline void
fab_leave(struct myc_self *self, enum myc_status status)
{
    fab_settle(self, status);
    fab_exit(self);
}

/* What a handler sees of a record: they differ in the first two words (actor/cell.h). */
static inline struct myc_message
fab_message_view(const struct fab_msg *msg, uint64_t from_home)
{
    struct myc_message message;

    memcpy(&message.from.actor, &msg->from, sizeof(*msg) - offsetof(struct fab_msg, from));
    message.body = fab_msg_body_const(msg);
    message.from.home = from_home;
    return message;
}

/* Gives a record that is not a plain SEND with its body in it to the actor that was entered. */
enum myc_status fab_deliver_other(struct myc_self *self, const struct fab_msg *msg,
                                  uint64_t from_home);

/* Calls the handler of the actor that was entered; a class may have none. */
static inline enum myc_status
fab_handle(struct myc_self *self, const struct myc_message *message)
{
    const struct fab_slot *slot = self->slot;

    self->origin = message->origin;
    if (fab_unlikely(!slot->class_of->receive))
        return MYC_OK;
    if (fab_unlikely(self->core->guard != NULL))
        return fab_guarded_receive(self, slot->actor, message);
    return slot->class_of->receive(self, slot->actor, message);
}

/* Gives a record to the actor that was entered. */
static inline enum myc_status
fab_deliver(struct myc_self *self, const struct fab_msg *msg, uint64_t from_home)
{
    struct myc_message message;

    if (fab_unlikely(msg->kind != FAB_MSG_SEND || fab_msg_has_buffer(msg)))
        return fab_deliver_other(self, msg, from_home);
    message = fab_message_view(msg, from_home);
    self->core->counters.delivered++;
    return fab_handle(self, &message);
}

/* Puts the reply to an open ask into its asker's mailbox. False: there is no such ask (counted). */
bool fab_reply_accept(struct fab_core *core, struct fab_slot *slot, const struct fab_msg *msg,
                      uint64_t from_home);

/* Puts a cell at the end of a mailbox. User messages are counted by the caller. */
static inline void
fab_mailbox_append(struct fab_core *core, struct fab_slot *slot, struct fab_cell *cell)
{
    cell->next = NULL;
    if (slot->head) {
        slot->tail->next = cell;
        slot->tail = cell;
        return;
    }
    slot->head = slot->tail = cell;
    if (fab_likely(slot->state != FAB_SLOT_SUSPENDED))
        fab_run_enqueue(core, slot);
}

/* Puts a cell behind the urgent ones and before the others. */
void fab_mailbox_insert_urgent(struct fab_core *core, struct fab_slot *slot, struct fab_cell *cell);

/* Puts a message into a mailbox that has room, counted. */
static inline void
fab_mailbox_add(struct fab_core *core, struct fab_slot *slot, struct fab_cell *cell)
{
    slot->message_count++;
    if (fab_unlikely(cell->msg.flags & FAB_MSG_IS_URGENT))
        fab_mailbox_insert_urgent(core, slot, cell);
    else
        fab_mailbox_append(core, slot, cell);
}

/* Takes the oldest out; there is one. */
struct fab_cell *fab_mailbox_pop(struct fab_core *core, struct fab_slot *slot);

/* Drops the oldest user message and counts it. */
void fab_mailbox_drop_oldest(struct fab_core *core, struct fab_slot *slot);

/* Runs what is queued, at most `budget` messages. Returns work done. */
unsigned fab_run_queue(struct fab_core *core, unsigned budget);

/* Messages that the actor may still handle in this turn. */
static inline unsigned
fab_run_batch_left(const struct fab_core *core, struct fab_slot *slot)
{
    if (slot->batch_turn != (uint16_t)core->turn) {
        slot->batch_turn = (uint16_t)core->turn;
        slot->batch_count = 0;
    }
    return FAB_RUN_BATCH - slot->batch_count;
}

/* Whether a message that arrives now may go straight to the handler. Takes a place of its batch. */
static inline bool
fab_run_in_place(struct fab_core *core, struct fab_slot *slot)
{
    if (slot->head || slot->state != FAB_SLOT_RUNNING || slot->request)
        return false;
    if (fab_run_batch_left(core, slot) == 0)
        return false;
    slot->batch_count++;
    return true;
}

#endif
