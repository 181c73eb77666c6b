/* SPDX-License-Identifier: BSD-3-Clause */
/* The functions of mycelium/spawn.h, and spawning on another lcore. */
#include "actor/drain.h"
#include "actor/event.h"
#include "actor/life.h"
#include "actor/linked.h"
#include "actor/notice.h"
#include "actor/run.h"
#include "actor/system.h"
#include "wire/system.h"

#include <mycelium/messages.h>

static const struct myc_spawn_options defaults = { .size = sizeof(defaults) };

/* OK: the class and the options are in their ranges; INVALID. */
static enum myc_status
check(const struct myc_class *class_of, const struct myc_spawn_options *options)
{
    FAB_ASSERT(class_of != NULL && class_of->size == sizeof(*class_of));
    FAB_ASSERT(class_of->behaviour_of == NULL);
    FAB_ASSERT(options->size == sizeof(*options));
    if (class_of->state_size > MYC_STATE_SIZE_MAX || options->args_size > MYC_ARGS_SIZE_MAX)
        return MYC_INVALID;
    if (options->args_size && !options->args)
        return MYC_INVALID;
    if (options->is_supervised && options->is_linked)
        return MYC_INVALID;
    return MYC_OK;
}

enum myc_status
fab_core_spawn(struct fab_core *core, const struct myc_class *class_of,
               const struct myc_spawn_options *options, struct myc_ref *ref)
{
    struct fab_slot *slot;
    enum myc_status status;

    FAB_ASSERT(core->self == NULL);
    options = options ? options : &defaults;
    status = options->is_linked ? MYC_INVALID : check(class_of, options);
    if (status == MYC_OK)
        status = fab_life_begin(core, class_of, options, NULL, &slot);
    if (status == MYC_OK && ref)
        *ref = fab_slot_ref(core, slot);
    return status;
}

enum myc_status
myc_spawn(struct myc_self *self, const struct myc_class *class_of,
          const struct myc_spawn_options *options, struct myc_ref *ref)
{
    struct fab_core *core FAB_WITHIN = fab_self_enter(self, __func__);
    struct fab_slot *slot;
    enum myc_status status;

    options = options ? options : &defaults;
    status = check(class_of, options);
    if (status == MYC_OK && self->is_stopping && (options->is_supervised || options->is_linked))
        status = MYC_BAD_STATE; /* an orphan from birth */
    if (status == MYC_OK)
        status = fab_life_begin(core, class_of, options, self->slot, &slot);
    if (status == MYC_OK && ref)
        *ref = fab_slot_ref(core, slot);
    return status;
}

/* --- on another lcore ------------------------------------------------------------------------- */

static void
post_spawned(struct fab_core *core, const struct fab_spawn_request *request)
{
    struct myc_spawned value = { .ref = request->ref, .status = request->status };
    struct fab_slot *slot = fab_slot_lookup(core, request->parent.actor);
    uint8_t body[MYC_SPAWNED_SIZE];

    if (!slot) {
        fab_cells_unreserve(&core->cells, FAB_CELL_SMALL);
        return;
    }
    myc_spawned_encode(&value, body);
    fab_event_post_reserved(
        core, slot,
        &(struct fab_event){
            .type = &myc_spawned_type, .tag = request->tag, .body = body, .size = sizeof(body) });
}

/* Copies everything that the other lcore needs. */
static void
fill_request(struct fab_spawn_request *request, const struct myc_class *class_of,
             const struct myc_spawn_options *options)
{
    request->class_of = class_of;
    request->options = *options;
    request->ref = (struct myc_ref){ 0, 0 };
    if (options->args_size)
        memcpy(request->args, options->args, options->args_size);
    request->options.args = request->args;
    if (options->name) {
        memcpy(request->name, options->name, strlen(options->name) + 1);
        request->options.name = request->name;
    }
}

static enum myc_status
spawn_away(struct fab_core *core, struct fab_link *link, struct fab_cell *cell)
{
    struct fab_system_spawn body = { .request = (uintptr_t)&cell->msg };
    struct fab_system_record record = { FAB_SYSTEM_SPAWN, 0, &body, sizeof(body) };

    return fab_system_send(core, link, &record) == MYC_OK ? MYC_PENDING : MYC_FULL;
}

/* On the lcore that spawns for itself or for another: fills in the outcome. */
static void
carry_out(struct fab_core *core, struct fab_spawn_request *request, struct fab_slot *parent)
{
    bool is_away = parent == NULL && request->options.is_linked;
    struct fab_slot *slot;

    if (request->options.is_supervised)
        request->status = MYC_INVALID;
    else
        request->status = fab_life_begin(core, request->class_of, &request->options, parent, &slot);
    if (request->status != MYC_OK)
        return;
    request->ref = fab_slot_ref(core, slot);
    fab_slot_cold(core, slot)->parent = request->parent.actor;
    if (is_away && !fab_linked_add(core, slot, request->parent)) {
        fab_request(core, slot, FAB_REQUEST_KILL, MYC_KILLED);
        request->status = MYC_NO_MEMORY;
    }
}

enum myc_status
myc_spawn_on(struct myc_self *self, uint8_t lcore, const struct myc_class *class_of,
             const struct myc_spawn_options *options, uint64_t tag)
{
    struct fab_core *core FAB_WITHIN = fab_self_enter(self, __func__);
    struct fab_link *link = core->routes.own[lcore];
    struct fab_spawn_request *request;
    enum myc_status status;
    struct fab_cell *cell;

    options = options ? options : &defaults;
    if (check(class_of, options) != MYC_OK || options->is_supervised ||
        (lcore != core->lcore && !link) ||
        (options->name && strlen(options->name) >= sizeof(request->name)))
        return MYC_INVALID;
    if (!fab_cells_reserve(&core->cells, FAB_CELL_SMALL))
        return MYC_FULL;
    cell = fab_cells_pop(&core->cells, FAB_CELL_LARGE);
    if (!cell) {
        fab_cells_unreserve(&core->cells, FAB_CELL_SMALL);
        return MYC_FULL;
    }
    request = (void *)&cell->msg;
    fill_request(request, class_of, options);
    request->parent = fab_slot_ref(core, self->slot);
    request->tag = tag;
    if (lcore != core->lcore) {
        status = spawn_away(core, link, cell);
        if (status == MYC_PENDING)
            return status;
        fab_cells_unreserve(&core->cells, FAB_CELL_SMALL);
    } else {
        carry_out(core, request, self->slot);
        post_spawned(core, request);
        status = MYC_PENDING;
    }
    fab_cells_push(&core->cells, cell);
    return status;
}

bool
fab_spawn_receive(struct fab_core *core, struct fab_link *link, const void *body)
{
    struct fab_system_spawned answer;
    struct fab_system_spawn ask;

    memcpy(&ask, body, sizeof(ask));
    if (link->level != FAB_LEVEL_RING || link->peer_home != core->home)
        return false;
    carry_out(core, (void *)(uintptr_t)ask.request, NULL);
    answer.request = ask.request;
    if (!fab_notice_reserve(core)) {
        core->counters.notices_lost++;
        return true;
    }
    fab_system_send_reserved(
        core, link, &(struct fab_system_record){ FAB_SYSTEM_SPAWNED, 0, &answer, sizeof(answer) });
    return true;
}

bool
fab_spawn_outcome(struct fab_core *core, struct fab_link *link, const void *body)
{
    struct fab_spawn_request *request;
    struct fab_system_spawned answer;

    memcpy(&answer, body, sizeof(answer));
    if (link->level != FAB_LEVEL_RING || link->peer_home != core->home)
        return false;
    request = (void *)(uintptr_t)answer.request;
    post_spawned(core, request);
    fab_cells_push(&core->cells, FAB_CONTAINER_OF(request, struct fab_cell, msg));
    return true;
}

/* --- how actors go ---------------------------------------------------------------------------- */

void
fab_end_as_asked(struct fab_core *core, struct fab_slot *slot, const struct fab_system_stop *stop)
{
    bool is_self = core->self != NULL && core->self->slot == slot;
    enum myc_status reason = (enum myc_status)stop->reason;

    if (stop->how == FAB_SYSTEM_STOP_DRAINED)
        fab_drain_begin(core, slot, reason);
    else if (reason == MYC_KILLED)
        fab_request(core, slot, FAB_REQUEST_KILL, reason);
    else
        fab_request(core, slot, is_self ? FAB_REQUEST_END : FAB_REQUEST_STOP, reason);
}

static enum myc_status
request_end(struct fab_core *core, struct myc_ref ref, enum myc_status reason,
            enum fab_system_stop_how how)
{
    struct fab_system_stop body = {
        .actor = ref.actor,
        .reason = (uint8_t)reason,
        .how = (uint8_t)how,
    };
    struct fab_system_record record = { FAB_SYSTEM_STOP, ref.actor, &body, sizeof(body) };
    struct fab_link *link;
    struct fab_slot *slot;
    enum myc_status status = fab_route(core, ref, &link);

    if (status != MYC_OK)
        return status;
    if (link) {
        status = fab_system_send(core, link, &record);
        return status == MYC_NO_MEMORY ? MYC_FULL : status;
    }
    slot = fab_slot_lookup(core, ref.actor);
    if (!slot)
        return MYC_GONE;
    fab_end_as_asked(core, slot, &body);
    return MYC_OK;
}

static void
assert_is_reason(enum myc_status reason)
{
    FAB_ASSERT(reason != MYC_OK && reason != MYC_KILLED && reason < MYC_STATUS_COUNT);
}

enum myc_status
myc_stop(struct myc_self *self, struct myc_ref ref, enum myc_status reason)
{
    struct fab_core *core FAB_WITHIN = fab_self_enter(self, __func__);

    assert_is_reason(reason);
    return request_end(core, ref, reason, FAB_SYSTEM_STOP_NOW);
}

enum myc_status
myc_drain(struct myc_self *self, struct myc_ref ref, enum myc_status reason)
{
    struct fab_core *core FAB_WITHIN = fab_self_enter(self, __func__);

    assert_is_reason(reason);
    return request_end(core, ref, reason, FAB_SYSTEM_STOP_DRAINED);
}

enum myc_status
myc_kill(struct myc_self *self, struct myc_ref ref)
{
    struct fab_core *core FAB_WITHIN = fab_self_enter(self, __func__);

    return request_end(core, ref, MYC_KILLED, FAB_SYSTEM_STOP_NOW);
}

void
myc_fail(struct myc_self *self, enum myc_status reason)
{
    fab_self_core(self, __func__)->quick = NULL;
    self->failure = (uint8_t)(reason == MYC_OK ? MYC_FAILED : reason);
}

/* The running actor's child that waits for a decision; NULL: it is not one. */
static struct fab_slot *
waiting_child(struct fab_core *core, const struct myc_self *self, struct myc_ref ref)
{
    struct fab_slot *slot = fab_is_here(core, ref) ? fab_slot_lookup(core, ref.actor) : NULL;

    if (!slot || slot->state != FAB_SLOT_SUSPENDED || slot->request ||
        fab_slot_cold(core, slot)->parent != self->actor)
        return NULL;
    return slot;
}

enum myc_status
myc_restart(struct myc_self *self, struct myc_ref ref)
{
    struct fab_core *core FAB_WITHIN = fab_self_enter(self, __func__);
    struct fab_slot *slot = waiting_child(core, self, ref);

    return slot ? fab_life_restart(core, slot) : MYC_NOT_FOUND;
}

enum myc_status
myc_release(struct myc_self *self, struct myc_ref ref)
{
    struct fab_core *core FAB_WITHIN = fab_self_enter(self, __func__);
    struct fab_slot *slot = waiting_child(core, self, ref);

    if (!slot)
        return MYC_NOT_FOUND;
    fab_request(core, slot, FAB_REQUEST_RELEASE, MYC_OK);
    return MYC_OK;
}
