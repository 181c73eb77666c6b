/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Monitors: exactly one Down for each, with the reason. This is the watcher's side; target.c is the
 * other.
 *
 *      watcher's core                          target's core
 *      watch {target, id} --MONITOR------>     watched {watcher, id}   in the target's list
 *                         <------DOWN----      when the target ends, or there is none
 *                         --DEMONITOR---->     when the watch or the watcher ends
 *
 * Everything that must be said later has its cell reserved when the watch is made: the watch holds
 * one (for its Down event, or for the DEMONITOR that takes its place), and so does a record for a
 * watcher elsewhere (for its DOWN). So nothing here can be lost for want of memory.
 *
 *      FREE --monitor--> WATCHING --DOWN, no process, link lost--> POSTED --handled--> FREE
 *
 * A watch that is POSTED has its Down in the watcher's mailbox; a demonitor takes its id away and
 * the event is dropped when its turn comes. DOWN travels in order with the target's messages to the
 * watcher and is appended behind them.
 */
#include "actor/parts.h"

#include <string.h>

#include "actor/handle.h"
#include "actor/nodes.h"
#include "actor/target.h"
#include "wire/system.h"

#include <mycelium/messages.h>

struct watch {
    struct myc_ref target;
    uint32_t slot; /* the watcher */
    uint32_t next; /* of the same watcher */
    uint32_t prev;
    uint16_t link; /* over which the target is watched; FAB_WATCHED_HERE: on this lcore */
    bool is_posted;
};

struct fab_monitors {
    struct watch *watches;
    struct fab_handle *entries;
    struct fab_handles handles;
};

enum myc_status
fab_monitors_create(struct fab_core *core)
{
    uint32_t count = core->config.limits.monitors_max;
    struct fab_monitors *monitors = fab_core_alloc(core, sizeof(*monitors));

    core->monitors = monitors;
    if (monitors == NULL)
        return MYC_NO_MEMORY;
    monitors->watches = fab_core_alloc(core, count * sizeof(monitors->watches[0]));
    monitors->entries = fab_core_alloc(core, count * sizeof(monitors->entries[0]));
    if (monitors->watches == NULL || monitors->entries == NULL)
        return MYC_NO_MEMORY;
    fab_handles_init(&monitors->handles, monitors->entries, count);
    if (fab_targets_create(core, count) != MYC_OK)
        return MYC_NO_MEMORY;
    return fab_nodes_create(core);
}

void
fab_monitors_destroy(struct fab_core *core)
{
    struct fab_monitors *monitors = core->monitors;

    fab_nodes_destroy(core);
    fab_targets_destroy(core);
    if (monitors == NULL)
        return;
    fab_core_free(core, monitors->watches);
    fab_core_free(core, monitors->entries);
    fab_core_free(core, monitors);
    core->monitors = NULL;
}

static struct watch *
watch_at(const struct fab_core *core, uint32_t index)
{
    return &core->monitors->watches[index];
}

static bool
add_watch(struct fab_core *core, struct myc_ref target, uint32_t *index)
{
    struct fab_monitors *monitors = core->monitors;
    uint32_t *first = &fab_slot_cold(core, core->self->slot)->first_monitor;

    if (!fab_handles_pop(&monitors->handles, index))
        return false;
    if (!fab_cells_reserve(&core->cells, FAB_CELL_SMALL)) {
        fab_handles_push(&monitors->handles, *index);
        return false;
    }
    *watch_at(core, *index) = (struct watch){
        .target = target,
        .slot = fab_slot_index(core, core->self->slot),
        .next = *first,
        .prev = FAB_SLOT_NONE,
        .link = FAB_WATCHED_HERE,
    };
    if (*first != FAB_SLOT_NONE)
        watch_at(core, *first)->prev = *index;
    *first = *index;
    return true;
}

/* Takes a watch out; the cell that it holds (unless it is posted) stays reserved. */
static void
remove_watch(struct fab_core *core, uint32_t index)
{
    struct watch *watch = watch_at(core, index);

    if (watch->prev != FAB_SLOT_NONE)
        watch_at(core, watch->prev)->next = watch->next;
    else
        core->cold[watch->slot].first_monitor = watch->next;
    if (watch->next != FAB_SLOT_NONE)
        watch_at(core, watch->next)->prev = watch->prev;
    fab_handles_push(&core->monitors->handles, index);
}

/* The end of a watch as its watcher learns it. */
static void
post_down(struct fab_core *core, uint32_t index, enum myc_status reason)
{
    struct watch *watch = watch_at(core, index);
    uint64_t id = fab_handles_id(&core->monitors->handles, index);
    uint8_t body[MYC_DOWN_SIZE];
    const struct fab_event event = {
        .type = &myc_down_type,
        .tag = id,
        .source = id,
        .body = body,
        .size = sizeof(body),
    };

    watch->is_posted = true;
    myc_down_encode(&(struct myc_down){ .monitor = id, .ref = watch->target, .reason = reason },
                    body);
    fab_event_post_reserved(core, &core->slots[watch->slot], &event);
}

/* Believed only over the link that the target is watched by. */
void
fab_watch_on_down(struct fab_core *core, uint16_t link, const struct fab_system_down *down)
{
    const struct watch *watch;
    uint32_t index;

    if (!fab_handles_lookup(&core->monitors->handles, down->monitor, &index))
        return;
    watch = watch_at(core, index);
    if (!watch->is_posted && watch->link == link &&
        fab_slot_actor(core, &core->slots[watch->slot]) == down->watcher)
        post_down(core, index, (enum myc_status)down->reason);
}

static struct fab_system_record
monitor_record(uint16_t op, const struct fab_system_monitor *monitor)
{
    return (struct fab_system_record){
        .op = op,
        .order = monitor->target,
        .body = monitor,
        .size = sizeof(*monitor),
    };
}

static struct fab_system_monitor
monitor_body(const struct fab_core *core, uint32_t index)
{
    const struct watch *watch = watch_at(core, index);

    return (struct fab_system_monitor){
        .watcher = fab_slot_actor(core, &core->slots[watch->slot]),
        .target = watch->target.actor,
        .monitor = fab_handles_id(&core->monitors->handles, index),
    };
}

/* Ends a watch before its target: the cell that it holds carries the DEMONITOR. */
static void
end_watch(struct fab_core *core, uint32_t index)
{
    const struct watch *watch = watch_at(core, index);
    const struct fab_system_monitor monitor = monitor_body(core, index);
    const struct fab_system_record record = monitor_record(FAB_SYSTEM_DEMONITOR, &monitor);

    if (watch->is_posted) {
        remove_watch(core, index);
        return;
    }
    if (watch->link != FAB_WATCHED_HERE) {
        fab_system_send_reserved(core, core->routes.states[watch->link].link, &record);
    } else {
        fab_target_forget(core, FAB_WATCHED_HERE, monitor.monitor);
        fab_cells_unreserve(&core->cells, FAB_CELL_SMALL);
    }
    remove_watch(core, index);
}

bool
fab_monitors_is_wanted(struct fab_core *core, struct fab_slot *slot, uint64_t source)
{
    uint32_t index;

    if (!fab_handles_lookup(&core->monitors->handles, source, &index) ||
        !watch_at(core, index)->is_posted)
        return false;
    FAB_ASSERT(watch_at(core, index)->slot == fab_slot_index(core, slot));
    core->counters.downs++;
    remove_watch(core, index);
    return true;
}

/* Begins to watch an actor of this lcore. */
static enum myc_status
watch_here(struct fab_core *core, uint32_t index)
{
    const struct fab_slot *slot = fab_slot_lookup(core, watch_at(core, index)->target.actor);
    const struct fab_watched watched = {
        .watcher = core->self->actor,
        .monitor = fab_handles_id(&core->monitors->handles, index),
        .slot = slot == NULL ? FAB_SLOT_NONE : fab_slot_index(core, slot),
        .link = FAB_WATCHED_HERE,
    };

    if (slot == NULL)
        post_down(core, index, MYC_NO_PROCESS);
    else if (!fab_target_add(core, &watched))
        return MYC_NO_MEMORY;
    return MYC_OK;
}

/* Begins to watch an actor elsewhere. */
static enum myc_status
watch_over(struct fab_core *core, uint32_t index, struct fab_link *link)
{
    const struct fab_system_monitor monitor = monitor_body(core, index);
    const struct fab_system_record record = monitor_record(FAB_SYSTEM_MONITOR, &monitor);
    enum myc_status status = fab_system_send(core, link, &record);

    if (status == MYC_UNREACHABLE)
        post_down(core, index, MYC_NO_CONNECTION);
    else if (status == MYC_OK)
        watch_at(core, index)->link = link->index;
    return status == MYC_NO_MEMORY ? MYC_NO_MEMORY : MYC_OK;
}

enum myc_status
myc_monitor(struct myc_self *self, struct myc_ref ref, uint64_t *monitor)
{
    struct fab_core *core FAB_WITHIN = fab_self_enter(self, __func__);
    enum myc_status status = MYC_OK;
    struct fab_link *link;
    enum myc_status way;
    uint32_t index;

    if (!add_watch(core, ref, &index))
        return MYC_NO_MEMORY;
    way = fab_route(core, ref, &link);
    if (way != MYC_OK)
        post_down(core, index, way == MYC_GONE ? MYC_NO_PROCESS : MYC_NO_CONNECTION);
    else if (link == NULL)
        status = watch_here(core, index);
    else
        status = watch_over(core, index, link);
    if (status != MYC_OK) {
        fab_cells_unreserve(&core->cells, FAB_CELL_SMALL);
        remove_watch(core, index);
        return status;
    }
    *monitor = fab_handles_id(&core->monitors->handles, index);
    return MYC_OK;
}

enum myc_status
myc_demonitor(struct myc_self *self, uint64_t monitor)
{
    struct fab_core *core FAB_WITHIN = fab_self_enter(self, __func__);
    uint32_t index;

    if (!fab_handles_lookup(&core->monitors->handles, monitor, &index) ||
        watch_at(core, index)->slot != fab_slot_index(core, self->slot))
        return MYC_NOT_FOUND;
    end_watch(core, index);
    return MYC_OK;
}

/* --- what happens ----------------------------------------------------------------------------- */

void
fab_monitors_on_restart(struct fab_core *core, struct fab_slot *slot)
{
    struct fab_slot_cold *cold = fab_slot_cold(core, slot);

    while (cold->first_monitor != FAB_SLOT_NONE)
        end_watch(core, cold->first_monitor);
    fab_nodes_on_end(core, slot);
}

void
fab_monitors_on_end(struct fab_core *core, struct fab_slot *slot, enum myc_status reason)
{
    fab_monitors_on_restart(core, slot);
    fab_targets_on_end(core, slot, reason);
}

void
fab_monitors_on_link_up(struct fab_core *core, struct fab_link *link)
{
    fab_nodes_on_link_up(core, link);
}

void
fab_monitors_on_link_down(struct fab_core *core, struct fab_link *link)
{
    struct fab_monitors *monitors = core->monitors;

    for (uint32_t i = 0; i < monitors->handles.fresh; i++)
        if (fab_handles_is_taken(&monitors->handles, i) && !monitors->watches[i].is_posted &&
            monitors->watches[i].link == link->index)
            post_down(core, i, MYC_NO_CONNECTION);
    fab_targets_on_link_down(core, link);
    fab_nodes_on_link_down(core, link);
}

bool
fab_monitors_on_system(struct fab_core *core, struct fab_link *link, uint16_t op, const void *body,
                       uint32_t size)
{
    struct fab_system_down down;

    if (op == FAB_SYSTEM_MONITOR || op == FAB_SYSTEM_DEMONITOR)
        return size == sizeof(struct fab_system_monitor) &&
               fab_target_on_record(core, link, op, body);
    if (op != FAB_SYSTEM_DOWN || size != sizeof(down))
        return false;
    memcpy(&down, body, sizeof(down));
    if (down.reason >= MYC_STATUS_COUNT)
        return false;
    fab_watch_on_down(core, link->index, &down);
    return true;
}

uint32_t
fab_monitors_count(const struct fab_core *core)
{
    return core->monitors->handles.taken + core->watched->handles.taken +
           fab_nodes_watcher_count(core);
}
