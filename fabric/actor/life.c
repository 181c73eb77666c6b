/* SPDX-License-Identifier: BSD-3-Clause */
#include "actor/life.h"

#include "actor/become.h"
#include "actor/buffer.h"
#include "actor/event.h"
#include "actor/linked.h"
#include "actor/notice.h"
#include "actor/overflow.h"
#include "actor/parts.h"
#include "actor/run.h"

#include <mycelium/messages.h>

/* --- memory of an actor ----------------------------------------------------------------------- */

static void
free_memory(struct fab_core *core, struct fab_slot *slot)
{
    struct fab_slot_cold *cold = fab_slot_cold(core, slot);

    if (slot->actor)
        fab_slabs_push(&core->slabs, slot->actor, fab_class_base(slot->class_of)->state_size);
    if (cold->args)
        fab_slabs_push(&core->slabs, cold->args, cold->args_size);
    slot->actor = NULL;
    cold->args = NULL;
    if (cold->policy)
        fab_overflow_end(core, slot);
}

/* State, and for a supervised actor the arguments of its restarts. */
static enum myc_status
take_memory(struct fab_core *core, struct fab_slot *slot, const struct myc_spawn_options *options)
{
    struct fab_slot_cold *cold = fab_slot_cold(core, slot);
    size_t state_size = slot->class_of->state_size;

    if (state_size > 0) {
        slot->actor = fab_slabs_pop(&core->slabs, state_size);
        if (!slot->actor)
            return MYC_NO_MEMORY;
        memset(slot->actor, 0, state_size);
    }
    if (!options->is_supervised || options->args_size == 0)
        return MYC_OK;
    cold->args = fab_slabs_pop(&core->slabs, options->args_size);
    if (!cold->args)
        return MYC_NO_MEMORY;
    cold->args_size = (uint32_t)options->args_size;
    memcpy(cold->args, options->args, options->args_size);
    return MYC_OK;
}

/* --- the end ---------------------------------------------------------------------------------- */

/* What a suspended actor loses too. */
static void
drop_belongings(struct fab_core *core, struct fab_slot *slot)
{
    fab_timers_on_end(core, slot);
    fab_buffers_on_end(core, slot);
    fab_letters_on_end(core, slot);
    fab_asks_on_end(core, slot);
    if (slot->flags & FAB_SLOT_HAS_POLLERS)
        fab_pollers_on_end(core, slot);
    if (slot->flags & FAB_SLOT_HAS_PORTS)
        core->config.ports.release(core->config.ports.context, fab_slot_ref(core, slot));
    slot->flags &= (uint8_t)~FAB_SLOT_HAS_PORTS;
}

/* What waits goes back to its senders. */
static void
empty_mailbox(struct fab_core *core, struct fab_slot *slot)
{
    uint64_t actor = fab_slot_actor(core, slot);
    struct fab_cell *cell = slot->head;

    slot->head = NULL;
    slot->message_count = 0;
    while (cell) {
        struct fab_cell *next = cell->next;

        if (cell->msg.kind <= FAB_MSG_ASK) {
            core->counters.dead_letters++;
            fab_letter_waited(core, cell, MYC_GONE);
            fab_notice_return(core, cell, MYC_GONE);
        } else {
            if (cell->msg.kind == FAB_MSG_SYSTEM)
                fab_notice_mark_taken(core, actor, &cell->msg);
            else if (cell->msg.kind == FAB_MSG_EVENT && fab_msg_is_undelivered(&cell->msg))
                fab_notice_event_taken(core, actor, &cell->msg);
            fab_cells_push(&core->cells, cell);
        }
        cell = next;
    }
}

/* The actor is no more. */
static void
finish(struct fab_core *core, struct fab_slot *slot, enum myc_status reason)
{
    struct fab_slot_cold *cold = fab_slot_cold(core, slot);

    fab_slot_become(core, slot, FAB_SLOT_ENDING);
    drop_belongings(core, slot);
    empty_mailbox(core, slot);
    if (slot->flags & FAB_SLOT_HAS_WAITERS)
        fab_waiters_fire_slot(core, slot);
    if (cold->first_tie != FAB_SLOT_NONE)
        fab_ties_on_end(core, slot);
    fab_linked_on_end(core, slot, reason);
    fab_names_on_end(core, slot);
    fab_monitors_on_end(core, slot, reason);
    free_memory(core, slot);
    fab_slot_push(core, slot);
}

static void
tell_parent(struct fab_core *core, struct fab_slot *parent, struct fab_slot *child,
            enum myc_status reason)
{
    struct myc_child_exited value = { .ref = fab_slot_ref(core, child), .reason = reason };
    uint8_t body[MYC_CHILD_EXITED_SIZE];

    myc_child_exited_encode(&value, body);
    fab_event_post_reserved(
        core, parent,
        &(struct fab_event){ .type = &myc_child_exited_type, .body = body, .size = sizeof(body) });
}

static enum myc_status
call_stop(struct myc_self *self, void *context)
{
    const enum myc_status *reason = context;
    const struct myc_class *class_of = self->slot->class_of;

    (class_of->stop ? class_of : fab_class_base(class_of))->stop(self, self->slot->actor, *reason);
    return MYC_OK;
}

static void
run_stop(struct fab_core *core, struct fab_slot *slot, enum myc_status reason)
{
    const struct myc_class *class_of =
        slot->class_of->stop ? slot->class_of : fab_class_base(slot->class_of);
    struct myc_self self;

    if (!class_of->stop)
        return;
    fab_enter(core, &self, slot);
    self.is_stopping = true;
    (void)(core->guard ? fab_guard_run(&self, call_stop, &reason) : call_stop(&self, &reason));
    (void)fab_outcome(&self, MYC_OK);
    fab_exit(&self);
}

static void
count_end(struct fab_core *core, enum fab_slot_request request)
{
    if (request == FAB_REQUEST_KILL)
        core->counters.killed++;
    else if (request == FAB_REQUEST_FAIL)
        core->counters.failed++;
    else
        core->counters.stopped++;
}

/* It waits for its parent's decision. */
static void
suspend(struct fab_core *core, struct fab_slot *slot, enum myc_status reason)
{
    drop_belongings(core, slot);
    fab_linked_on_end(core, slot, reason);
    fab_parts_on_restart(core, slot);
    fab_ties_on_suspend(core, slot);
    fab_slot_become(core, slot, FAB_SLOT_SUSPENDED);
    slot->reason = (uint8_t)reason;
}

/* A running actor ends, or is suspended for its parent to decide. */
static void
end(struct fab_core *core, struct fab_slot *slot, enum fab_slot_request request,
    enum myc_status reason)
{
    bool is_supervised = slot->flags & FAB_SLOT_IS_SUPERVISED;
    struct fab_slot *parent;

    count_end(core, request);
    fab_slot_become(core, slot, FAB_SLOT_ENDING);
    if (request != FAB_REQUEST_KILL && reason != MYC_FAULT)
        run_stop(core, slot, reason);
    parent = is_supervised ? fab_slot_lookup(core, fab_slot_cold(core, slot)->parent) : NULL;
    if (!parent || core->is_stopping) {
        if (is_supervised)
            fab_cells_unreserve(&core->cells, FAB_CELL_SMALL);
        slot->flags &= (uint8_t)~FAB_SLOT_IS_SUPERVISED;
        finish(core, slot, reason);
        return;
    }
    suspend(core, slot, reason);
    tell_parent(core, parent, slot, reason);
}

/* Whether a stop is the actor's own affair. */
static bool
is_handled_by_actor(const struct fab_core *core, const struct fab_slot *slot,
                    enum fab_slot_request request)
{
    return request == FAB_REQUEST_STOP && (slot->class_of->flags & MYC_CLASS_HANDLES_STOP) &&
           !core->is_stopping;
}

/* Gives the actor a StopRequested: no memory is needed for it, and it goes before what waits. */
static void
ask_to_stop(struct fab_core *core, struct fab_slot *slot, enum myc_status reason)
{
    uint8_t body[MYC_STOP_REQUESTED_SIZE];
    const struct myc_message message = {
        .body = body,
        .size = sizeof(body),
        .kind = MYC_KIND_EVENT,
        .block_length = myc_stop_requested_type.block_length,
        .template_id = myc_stop_requested_type.template_id,
        .schema_id = myc_stop_requested_type.schema_id,
        .version = myc_stop_requested_type.version,
    };
    struct myc_self self;

    myc_stop_requested_encode(&(struct myc_stop_requested){ .reason = reason }, body);
    core->counters.events++;
    fab_enter(core, &self, slot);
    fab_leave(&self, fab_handle(&self, &message));
}

void
fab_life_obey(struct fab_core *core, struct fab_slot *slot)
{
    enum fab_slot_request request = (enum fab_slot_request)slot->request;
    enum myc_status reason = (enum myc_status)slot->reason;

    slot->request = FAB_REQUEST_NONE;
    if (slot->state == FAB_SLOT_SUSPENDED)
        finish(core, slot, reason);
    else if (slot->state == FAB_SLOT_RUNNING && is_handled_by_actor(core, slot, request))
        ask_to_stop(core, slot, reason);
    else if (slot->state == FAB_SLOT_RUNNING && request != FAB_REQUEST_RELEASE)
        end(core, slot, request, reason);
}

/* --- the beginning ---------------------------------------------------------------------------- */

struct init_args {
    const void *bytes; /* NULL: none */
    size_t size;
};

static enum myc_status
call_init(struct myc_self *self, void *context)
{
    const struct init_args *args = context;

    return self->slot->class_of->init(self, self->slot->actor, args->bytes, args->size);
}

static enum myc_status
run_init(struct fab_core *core, struct fab_slot *slot, const void *args, size_t args_size)
{
    struct init_args given = { args_size ? args : NULL, args_size };
    enum myc_status status = MYC_OK;
    struct myc_self self;

    fab_enter(core, &self, slot);
    if (slot->class_of->init)
        status = core->guard ? fab_guard_run(&self, call_init, &given) : call_init(&self, &given);
    status = fab_outcome(&self, status);
    fab_exit(&self);
    fab_say_running(core, core->self); /* a parent goes on */
    return status;
}

/* The mailbox may have filled before the actor could run. */
static void
begin_running(struct fab_core *core, struct fab_slot *slot)
{
    fab_slot_become(core, slot, FAB_SLOT_RUNNING);
    if (slot->head || slot->request)
        fab_run_enqueue(core, slot);
}

static void
fill_slot(struct fab_core *core, struct fab_slot *slot, const struct myc_class *class_of,
          const struct myc_spawn_options *options)
{
    struct fab_slot_cold *cold = fab_slot_cold(core, slot);

    slot->flags = (uint8_t)(class_of->flags & MYC_CLASS_ACCEPTS_ANY ? FAB_SLOT_ACCEPTS_ANY : 0);
    slot->request = FAB_REQUEST_NONE;
    slot->class_of = class_of;
    slot->actor = NULL;
    slot->head = NULL;
    slot->message_count = 0;
    slot->message_max = options->mailbox_max ? options->mailbox_max : MYC_MAILBOX_DEFAULT;
    slot->accepted_key = 0;
    slot->batch_turn = (uint16_t)(core->turn - 1);
    slot->overflow = (uint8_t)options->overflow;
    core->meters.of[fab_slot_index(core, slot)] = (struct fab_meter){ 0 };
    *cold = (struct fab_slot_cold){
        .first_timer = FAB_SLOT_NONE,
        .first_ask = FAB_SLOT_NONE,
        .first_monitor = FAB_SLOT_NONE,
        .first_watcher = FAB_SLOT_NONE,
        .first_name = FAB_SLOT_NONE,
        .first_waiter = FAB_SLOT_NONE,
        .first_tie = FAB_SLOT_NONE,
    };
}

/* What binds the actor to its parent. */
static enum myc_status
tie_to_parent(struct fab_core *core, struct fab_slot *slot, struct fab_slot *parent,
              const struct myc_spawn_options *options)
{
    if (!parent)
        return options->is_supervised ? MYC_INVALID : MYC_OK;
    fab_slot_cold(core, slot)->parent = fab_slot_actor(core, parent);
    if (options->is_linked)
        return fab_linked_add(core, slot, fab_slot_ref(core, parent)) ? MYC_OK : MYC_NO_MEMORY;
    if (!options->is_supervised)
        return MYC_OK;
    if (!fab_cells_reserve(&core->cells, FAB_CELL_SMALL))
        return MYC_NO_MEMORY;
    slot->flags |= FAB_SLOT_IS_SUPERVISED;
    return fab_tie_add(core, slot, parent) ? MYC_OK : MYC_NO_MEMORY;
}

enum myc_status
fab_life_begin(struct fab_core *core, const struct myc_class *class_of,
               const struct myc_spawn_options *options, struct fab_slot *parent,
               struct fab_slot **made)
{
    enum myc_status status = core->is_stopping ? MYC_BAD_STATE : MYC_NO_MEMORY;
    struct fab_slot *slot = core->is_stopping ? NULL : fab_slot_pop(core);

    if (!slot)
        goto refused;
    fill_slot(core, slot, class_of, options);
    status = take_memory(core, slot, options);
    if (status == MYC_OK && fab_overflow_has_policy(options))
        status = fab_overflow_begin(core, slot, options);
    if (status == MYC_OK)
        status = tie_to_parent(core, slot, parent, options);
    if (status == MYC_OK && options->name)
        status = fab_names_register(core, slot, options->name);
    if (status == MYC_OK)
        status = run_init(core, slot, options->args, options->args_size);
    if (status != MYC_OK)
        goto failed;
    core->counters.spawned++;
    begin_running(core, slot);
    *made = slot;
    return MYC_OK;

failed:
    if (slot->flags & FAB_SLOT_IS_SUPERVISED)
        fab_cells_unreserve(&core->cells, FAB_CELL_SMALL);
    finish(core, slot, MYC_NORMAL);
refused:
    core->counters.spawn_failed++;
    return status;
}

enum myc_status
fab_life_restart(struct fab_core *core, struct fab_slot *slot)
{
    struct fab_slot_cold *cold = fab_slot_cold(core, slot);
    enum myc_status status;

    if (core->is_stopping)
        return MYC_BAD_STATE;
    if (!fab_cells_reserve(&core->cells, FAB_CELL_SMALL))
        return MYC_NO_MEMORY;
    fab_become(slot, fab_class_base(slot->class_of));
    if (slot->actor)
        memset(slot->actor, 0, slot->class_of->state_size);
    fab_slot_become(core, slot, FAB_SLOT_STARTING);
    status = run_init(core, slot, cold->args, cold->args_size);
    if (status == MYC_OK) {
        core->counters.restarted++;
        begin_running(core, slot);
        return MYC_OK;
    }
    fab_cells_unreserve(&core->cells, FAB_CELL_SMALL);
    suspend(core, slot, status);
    return status;
}
