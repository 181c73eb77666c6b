/* SPDX-License-Identifier: BSD-3-Clause */
#include "actor/shutdown.h"

#include "actor/name.h"

void
fab_core_withdraw(struct fab_core *core)
{
    core->names->is_closed = true;
    for (uint32_t i = 0; i < core->slot_fresh; i++) {
        uint32_t next;

        if (!fab_slot_is_alive(&core->slots[i]))
            continue;
        for (uint32_t name = core->cold[i].first_name; name != FAB_NAME_NONE; name = next) {
            next = core->names->table.names[name].next;
            if (core->names->table.names[name].is_claimed)
                fab_names_remove(core, name);
        }
    }
}

uint32_t
fab_core_untold(const struct fab_core *core)
{
    const struct fab_names *names = core->names;

    return names->registry != FAB_SLOT_NONE &&
           (names->is_announced || names->table.change_head != FAB_NAME_NONE);
}

void
fab_core_refuse_inflow(struct fab_core *core)
{
    if (!core->is_closed)
        core->held_back++;
    core->is_closed = true;
}

uint32_t
fab_core_waiting(const struct fab_core *core)
{
    uint32_t waiting = 0;

    for (uint32_t i = 0; i < core->slot_fresh; i++)
        if (fab_slot_is_alive(&core->slots[i]) && i != core->names->registry)
            waiting += core->slots[i].message_count;
    return waiting;
}

void
fab_core_stop_one(struct fab_core *core, struct myc_ref ref)
{
    struct fab_slot *slot = fab_is_here(core, ref) ? fab_slot_lookup(core, ref.actor) : NULL;

    if (slot)
        fab_request(core, slot, FAB_REQUEST_STOP, MYC_SHUTDOWN);
}

bool
fab_core_has_actor(const struct fab_core *core, struct myc_ref ref)
{
    return fab_is_here(core, ref) && fab_slot_lookup(core, ref.actor) != NULL;
}
