/* SPDX-License-Identifier: BSD-3-Clause */
#include "actor/inspect.h"

#include "actor/become.h"
#include "actor/overflow.h"
#include "actor/parts.h"

void
fab_core_each_link(const struct fab_core *core,
                   void (*each)(void *context, const struct fab_link *link), void *context)
{
    for (uint32_t i = 0; i < core->routes.state_count; i++)
        if (core->routes.states[i].link)
            each(context, core->routes.states[i].link);
}

void
fab_core_each_name(const struct fab_core *core,
                   void (*each)(void *context, const char *name, struct myc_ref ref), void *context)
{
    fab_names_each(core, each, context);
}

static struct fab_mailbox_view
view_of(const struct fab_core *core, const struct fab_slot *slot)
{
    const struct fab_meter *meter = &core->meters.of[fab_slot_index(core, slot)];

    return (struct fab_mailbox_view){
        .ref = fab_slot_ref(core, slot),
        .class_name = fab_class_base(slot->class_of)->name,
        .waiting = slot->message_count,
        .waiting_max = fab_mailbox_max(core, slot),
        .high_water =
            meter->high_water > slot->message_count ? meter->high_water : slot->message_count,
        .age_ns = meter->mark_left > 0 ? core->now_ns - meter->mark_ns : 0,
        .is_suspended = slot->state == FAB_SLOT_SUSPENDED,
    };
}

void
fab_core_each_mailbox(const struct fab_core *core,
                      void (*each)(void *context, const struct fab_mailbox_view *mailbox),
                      void *context)
{
    for (uint32_t i = 0; i < core->meters.busiest_count; i++) {
        const struct fab_slot *slot = &core->slots[core->meters.busiest[i]];
        struct fab_mailbox_view mailbox;

        if (!fab_slot_is_alive(slot))
            continue;
        mailbox = view_of(core, slot);
        each(context, &mailbox);
    }
}
