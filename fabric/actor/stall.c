/* SPDX-License-Identifier: BSD-3-Clause */
#include "actor/stall.h"

#include "actor/event.h"
#include "actor/run.h"

#include <mycelium/messages.h>
#include <mycelium/monitor.h>

const struct fab_stall_word *
fab_core_stall_word(const struct fab_core *core)
{
    return &core->running;
}

static void
tell(struct fab_core *core, struct fab_slot *slot, const struct fab_stall *stall)
{
    const struct myc_stalled value = { .ref = stall->actor, .stalled_ns = stall->stalled_ns };
    uint8_t body[MYC_STALLED_SIZE];
    const struct fab_event event = {
        .type = &myc_stalled_type,
        .body = body,
        .size = sizeof(body),
    };

    myc_stalled_encode(&value, body);
    if (!fab_event_post(core, slot, &event))
        core->counters.stalls_untold++;
}

/* Its actor has stalled: whoever decides about it, if it still lives. */
static struct fab_slot *
parent_of(struct fab_core *core, struct myc_ref actor)
{
    struct fab_slot *slot = fab_slot_lookup(core, actor.actor);

    if (!slot || !(slot->flags & FAB_SLOT_IS_SUPERVISED))
        return NULL;
    return fab_slot_lookup(core, fab_slot_cold(core, slot)->parent);
}

void
fab_core_stalled(struct fab_core *core, const struct fab_stall *stall)
{
    struct fab_slot *parent = NULL;

    if (fab_is_here(core, stall->actor)) {
        core->counters.stalls++;
        parent = parent_of(core, stall->actor);
    }
    if (parent)
        tell(core, parent, stall);
    for (uint32_t i = 0; i < FAB_STALL_WATCHERS_MAX; i++) {
        struct fab_slot *slot = fab_slot_lookup(core, core->stall_watchers.actors[i]);

        if (core->stall_watchers.actors[i] != 0 && slot && slot != parent)
            tell(core, slot, stall);
    }
}

void
fab_stalls_on_restart(struct fab_core *core, const struct fab_slot *slot)
{
    uint64_t actor = fab_slot_actor(core, slot);

    for (uint32_t i = 0; i < FAB_STALL_WATCHERS_MAX; i++)
        if (core->stall_watchers.actors[i] == actor)
            core->stall_watchers.actors[i] = 0;
}

enum myc_status
myc_watch_stalls(struct myc_self *self)
{
    struct fab_core *core FAB_WITHIN = fab_self_enter(self, __func__);
    uint64_t *free = NULL;

    for (uint32_t i = 0; i < FAB_STALL_WATCHERS_MAX; i++) {
        uint64_t *actor = &core->stall_watchers.actors[i];

        if (*actor == self->actor)
            return MYC_OK;
        if (*actor == 0 || !fab_slot_lookup(core, *actor))
            free = actor;
    }
    if (!free)
        return MYC_NO_MEMORY;
    *free = self->actor;
    return MYC_OK;
}
