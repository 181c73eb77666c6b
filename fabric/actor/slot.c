/* SPDX-License-Identifier: BSD-3-Clause */
#include "actor/slot.h"

#include "actor/state.h"

void
fab_slot_become(struct fab_core *core, struct fab_slot *slot, enum fab_slot_state state)
{
    slot->state = (uint8_t)state;
    slot->place = fab_slot_is_alive(slot)
                      ? (uint32_t)(core->home_lcore >> 32) | fab_slot_index(core, slot)
                      : FAB_SLOT_CLOSED;
}

struct fab_slot *
fab_slot_pop(struct fab_core *core)
{
    struct fab_slot *slot;

    if (core->free_head != FAB_SLOT_NONE) {
        slot = &core->slots[core->free_head];
        core->free_head = slot->run_next;
    } else if (core->slot_fresh < core->slot_count) {
        slot = &core->slots[core->slot_fresh++];
    } else {
        return NULL;
    }
    slot->generation++;
    fab_slot_become(core, slot, FAB_SLOT_STARTING);
    core->actor_count++;
    return slot;
}

void
fab_slot_push(struct fab_core *core, struct fab_slot *slot)
{
    if (slot->flags & FAB_SLOT_IS_QUEUED) {
        fab_slot_become(core, slot, FAB_SLOT_ENDING);
        return;
    }
    core->actor_count--;
    if (slot->generation == UINT32_MAX) {
        fab_slot_become(core, slot, FAB_SLOT_RETIRED);
        core->counters.slots_retired++;
        return;
    }
    fab_slot_become(core, slot, FAB_SLOT_FREE);
    slot->run_next = core->free_head;
    core->free_head = fab_slot_index(core, slot);
}

const struct myc_type *
fab_class_lookup(const struct myc_class *class_of, uint32_t key)
{
    for (uint32_t i = 0; i < class_of->accepts_count; i++)
        if (fab_type_key(class_of->accepts[i]) == key)
            return class_of->accepts[i];
    return NULL;
}

bool
fab_slot_accepts_slow(struct fab_slot *slot, uint32_t key)
{
    if (slot->flags & FAB_SLOT_ACCEPTS_ANY)
        return true;
    if (!fab_class_lookup(slot->class_of, key))
        return false;
    slot->accepted_key = key;
    return true;
}
