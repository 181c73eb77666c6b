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
#include "actor/event.h"
#include "actor/parts.h"

#include <string.h>

#include "actor/linked.h"
#include "actor/nodes.h"
#include "actor/system.h"
#include "actor/target.h"
#include "actor/watch.h"
#include "wire/system.h"

#include <mycelium/messages.h>

enum myc_status
fab_monitors_create(struct fab_core *core)
{
    uint32_t count = core->config.limits.monitors_max;

    if (fab_watches_create(core, count) != MYC_OK || fab_targets_create(core, count) != MYC_OK)
        return MYC_NO_MEMORY;
    return fab_nodes_create(core);
}

void
fab_monitors_destroy(struct fab_core *core)
{
    fab_nodes_destroy(core);
    fab_targets_destroy(core);
    fab_watches_destroy(core);
}

/* The end of a watch as its watcher learns it. */
static void
post_down(struct fab_core *core, uint32_t index, enum myc_status reason)
{
    struct fab_watch *watch = fab_watch_at(core, index);
    uint64_t id = fab_watch_id(core, index);
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
    const struct fab_watch *watch;
    uint32_t index;

    if (!fab_handles_lookup(&core->monitors->handles, down->monitor, &index))
        return;
    watch = fab_watch_at(core, index);
    if (!watch->is_linked && !watch->is_posted && watch->link == link &&
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
    const struct fab_watch *watch = fab_watch_at(core, index);

    return (struct fab_system_monitor){
        .watcher = fab_slot_actor(core, &core->slots[watch->slot]),
        .target = watch->target.actor,
        .monitor = fab_watch_id(core, index),
    };
}

/* Ends a watch before its target: the cell that it holds carries the DEMONITOR. */
static void
end_watch(struct fab_core *core, uint32_t index)
{
    const struct fab_watch *watch = fab_watch_at(core, index);
    const struct fab_system_monitor monitor = monitor_body(core, index);
    const struct fab_system_record record = monitor_record(FAB_SYSTEM_DEMONITOR, &monitor);

    FAB_ASSERT(!watch->is_linked); /* those end before: see fab_linked_on_end */
    if (watch->is_posted) {
        fab_watch_remove(core, index);
        return;
    }
    if (watch->link != FAB_WATCHED_HERE) {
        fab_system_send_reserved(core, core->routes.states[watch->link].link, &record);
    } else {
        fab_target_forget(core, FAB_WATCHED_HERE, monitor.monitor);
        fab_cells_unreserve(&core->cells, FAB_CELL_SMALL);
    }
    fab_watch_remove(core, index);
}

bool
fab_monitors_is_wanted(struct fab_core *core, struct fab_slot *slot, uint64_t source)
{
    uint32_t index;

    if (!fab_handles_lookup(&core->monitors->handles, source, &index) ||
        !fab_watch_at(core, index)->is_posted)
        return false;
    FAB_ASSERT(fab_watch_at(core, index)->slot == fab_slot_index(core, slot));
    core->counters.downs++;
    fab_watch_remove(core, index);
    return true;
}

/* Begins to watch an actor of this lcore. */
static enum myc_status
watch_here(struct fab_core *core, uint32_t index)
{
    const struct fab_slot *slot = fab_slot_lookup(core, fab_watch_at(core, index)->target.actor);
    const struct fab_watched watched = {
        .watcher = core->self->actor,
        .monitor = fab_watch_id(core, index),
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
        fab_watch_at(core, index)->link = link->index;
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

    if (!fab_watch_add(core, self->slot, ref, &index))
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
        fab_watch_remove(core, index);
        return status;
    }
    *monitor = fab_watch_id(core, index);
    return MYC_OK;
}

enum myc_status
myc_demonitor(struct myc_self *self, uint64_t monitor)
{
    struct fab_core *core FAB_WITHIN = fab_self_enter(self, __func__);
    uint32_t index;

    if (!fab_handles_lookup(&core->monitors->handles, monitor, &index) ||
        fab_watch_at(core, index)->is_linked ||
        fab_watch_at(core, index)->slot != fab_slot_index(core, self->slot))
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

    for (uint32_t i = 0; i < monitors->handles.fresh; i++) {
        const struct fab_watch *watch = &monitors->watches[i];

        if (!fab_handles_is_taken(&monitors->handles, i) || watch->link != link->index)
            continue;
        if (watch->is_linked)
            fab_linked_on_link_down(core, i);
        else if (!watch->is_posted)
            post_down(core, i, MYC_NO_CONNECTION);
    }
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
    if (op == FAB_SYSTEM_LINK || op == FAB_SYSTEM_UNLINK || op == FAB_SYSTEM_EXIT)
        return size == sizeof(struct fab_system_linked) &&
               fab_linked_on_record(core, link, op, body);
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
