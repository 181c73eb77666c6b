/* SPDX-License-Identifier: BSD-3-Clause */
#include "actor/target.h"

#include "actor/exported.h"
#include "actor/system.h"

#include <string.h>

enum myc_status
fab_targets_create(struct fab_core *core, uint32_t count)
{
    uint32_t chain_count = fab_power_of_two_from(count);
    struct fab_watched_table *watched = fab_core_alloc(core, sizeof(*watched));

    core->watched = watched;
    if (watched == NULL)
        return MYC_NO_MEMORY;
    watched->watched = fab_core_alloc(core, count * sizeof(watched->watched[0]));
    watched->entries = fab_core_alloc(core, count * sizeof(watched->entries[0]));
    watched->chains = fab_core_alloc(core, chain_count * sizeof(watched->chains[0]));
    if (watched->watched == NULL || watched->entries == NULL || watched->chains == NULL)
        return MYC_NO_MEMORY;
    fab_watched_init(watched, count, chain_count);
    return MYC_OK;
}

void
fab_targets_destroy(struct fab_core *core)
{
    struct fab_watched_table *watched = core->watched;

    if (watched == NULL)
        return;
    fab_core_free(core, watched->watched);
    fab_core_free(core, watched->entries);
    fab_core_free(core, watched->chains);
    fab_core_free(core, watched);
    core->watched = NULL;
}

static bool
is_elsewhere(uint16_t link)
{
    return link != FAB_WATCHED_HERE;
}

static struct fab_link *
link_of(struct fab_core *core, uint16_t index)
{
    return core->routes.states[index].link;
}

static uint32_t *
first_watcher(struct fab_core *core, const struct fab_watched *watched)
{
    return &core->cold[watched->slot].first_watcher;
}

bool
fab_target_add(struct fab_core *core, const struct fab_watched *watched)
{
    if (is_elsewhere(watched->link) && !fab_cells_reserve(&core->cells, FAB_CELL_SMALL))
        return false;
    if (fab_watched_push(core->watched, watched, first_watcher(core, watched)))
        return true;
    if (is_elsewhere(watched->link))
        fab_cells_unreserve(&core->cells, FAB_CELL_SMALL);
    return false;
}

/* Takes a record out; the cell that it holds stays reserved. */
static struct fab_watched
remove_watched(struct fab_core *core, uint32_t index)
{
    struct fab_watched_table *table = core->watched;
    struct fab_watched watched = table->watched[index];

    fab_watched_remove(table, index, first_watcher(core, &watched));
    return watched;
}

static void
forget_watched(struct fab_core *core, uint32_t index)
{
    if (is_elsewhere(remove_watched(core, index).link))
        fab_cells_unreserve(&core->cells, FAB_CELL_SMALL);
}

static struct fab_system_record
down_record(const struct fab_system_down *down)
{
    return (struct fab_system_record){
        .op = FAB_SYSTEM_DOWN,
        .order = down->watcher,
        .body = down,
        .size = sizeof(*down),
    };
}

static void
tell_watcher(struct fab_core *core, const struct fab_watched *watched, enum myc_status reason)
{
    const struct fab_system_down down = {
        .watcher = watched->watcher,
        .monitor = watched->monitor,
        .reason = (uint8_t)reason,
    };
    const struct fab_system_record record = down_record(&down);

    if (is_elsewhere(watched->link))
        fab_system_send_reserved(core, link_of(core, watched->link), &record);
    else
        fab_watch_on_down(core, FAB_WATCHED_HERE, &down);
}

/* MONITOR has come from another lcore. What cannot be recorded is answered at once. */
static void
on_monitor(struct fab_core *core, struct fab_link *link, const struct fab_system_monitor *monitor)
{
    const struct fab_slot *slot = fab_slot_lookup(core, monitor->target);
    struct fab_system_down down = {
        .watcher = monitor->watcher,
        .monitor = monitor->monitor,
        .reason = MYC_NO_PROCESS,
    };
    const struct fab_system_record record = down_record(&down);

    if (slot != NULL && !fab_exported_allows(core, link, slot)) {
        core->counters.unexported++;
        down.reason = MYC_REFUSED;
    } else if (slot != NULL) {
        const struct fab_watched watched = {
            .watcher = monitor->watcher,
            .monitor = monitor->monitor,
            .slot = fab_slot_index(core, slot),
            .link = link->index,
        };

        if (fab_target_add(core, &watched))
            return;
        down.reason = MYC_NO_MEMORY;
    }
    if (fab_system_send(core, link, &record) != MYC_OK)
        core->counters.downs_unsaid++;
}

void
fab_target_forget(struct fab_core *core, uint16_t link, uint64_t monitor)
{
    uint32_t index = fab_watched_lookup(core->watched, link, monitor);

    if (index != FAB_WATCHED_NONE)
        forget_watched(core, index);
}

void
fab_targets_on_end(struct fab_core *core, struct fab_slot *slot, enum myc_status reason)
{
    const struct fab_slot_cold *cold = fab_slot_cold(core, slot);

    while (cold->first_watcher != FAB_SLOT_NONE) {
        const struct fab_watched watched = remove_watched(core, cold->first_watcher);

        tell_watcher(core, &watched, reason);
    }
}

void
fab_targets_on_link_down(struct fab_core *core, const struct fab_link *link)
{
    const struct fab_watched_table *watched = core->watched;

    for (uint32_t i = 0; i < watched->handles.fresh; i++)
        if (fab_handles_is_taken(&watched->handles, i) && watched->watched[i].link == link->index)
            forget_watched(core, i);
}

bool
fab_target_on_record(struct fab_core *core, struct fab_link *link, uint16_t op, const void *body)
{
    struct fab_system_monitor monitor;
    uint32_t index;

    memcpy(&monitor, body, sizeof(monitor));
    index = fab_watched_lookup(core->watched, link->index, monitor.monitor);
    if (op == FAB_SYSTEM_DEMONITOR) {
        /* None: its DOWN is on the way. */
        if (index != FAB_WATCHED_NONE)
            forget_watched(core, index);
        return true;
    }
    if (index != FAB_WATCHED_NONE)
        return false;
    on_monitor(core, link, &monitor);
    return true;
}
