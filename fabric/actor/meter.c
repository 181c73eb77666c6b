/* SPDX-License-Identifier: BSD-3-Clause */
#include "actor/meter.h"

#include "actor/state.h"

/* The mark of a slot has risen: it may be one of the busiest now. */
static void
rank(struct fab_meters *meters, uint32_t slot)
{
    uint32_t lowest = 0;

    for (uint32_t i = 0; i < meters->busiest_count; i++) {
        if (meters->busiest[i] == slot)
            return;
        if (meters->of[meters->busiest[i]].high_water <
            meters->of[meters->busiest[lowest]].high_water)
            lowest = i;
    }
    if (meters->busiest_count < FAB_METERS_BUSIEST)
        meters->busiest[meters->busiest_count++] = slot;
    else if (meters->of[meters->busiest[lowest]].high_water < meters->of[slot].high_water)
        meters->busiest[lowest] = slot;
}

void
fab_meter_on_batch(struct fab_core *core, const struct fab_slot *slot, uint32_t done)
{
    uint32_t waited = done + slot->message_count;
    uint32_t index = fab_slot_index(core, slot);
    struct fab_meter *meter = &core->meters.of[index];
    uint64_t age_ns = core->now_ns - meter->mark_ns;

    if (waited > meter->high_water) {
        meter->high_water = waited;
        rank(&core->meters, index);
        if (waited > core->counters.mailbox_high_water)
            core->counters.mailbox_high_water = waited;
    }
    /* A last one left alone would be handled by a batch that is not looked at. */
    if (meter->mark_left > done + 1) {
        meter->mark_left -= done;
        return;
    }
    if (meter->mark_left > 0 && age_ns > core->counters.mailbox_wait_ns_max)
        core->counters.mailbox_wait_ns_max = age_ns;
    meter->mark_left = slot->message_count;
    meter->mark_ns = core->now_ns;
}
