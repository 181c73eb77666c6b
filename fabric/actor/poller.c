/* SPDX-License-Identifier: BSD-3-Clause */
#include "actor/poller.h"

#include "actor/run.h"
#include "actor/state.h"

enum myc_status
myc_poller_start(struct myc_self *self, myc_poller_fn poll, uint64_t period_ns, uint64_t *poller)
{
    struct fab_core *core FAB_WITHIN = fab_self_enter(self, __func__);
    struct fab_pollers *pollers = &core->pollers;
    unsigned own = 0;

    FAB_ASSERT(poll != NULL);
    for (uint32_t i = 0; i < pollers->count; i++)
        own += pollers->entries[i].actor == self->actor && pollers->entries[i].poll;
    if (pollers->count == FAB_POLLERS_MAX || own == FAB_POLLERS_ACTOR_MAX || self->is_stopping)
        return MYC_NO_MEMORY;
    pollers->entries[pollers->count++] = (struct fab_poller){
        .poll = poll,
        .actor = self->actor,
        .period_ns = period_ns,
        .next_ns = core->now_ns + period_ns,
        .id = ++pollers->last_id,
    };
    self->slot->flags |= FAB_SLOT_HAS_POLLERS;
    if (poller)
        *poller = pollers->last_id;
    return MYC_OK;
}

/* Takes the stopped ones out, once nobody walks the array. */
static void
compact(struct fab_pollers *pollers)
{
    uint32_t kept = 0;

    if (pollers->is_running)
        return;
    for (uint32_t i = 0; i < pollers->count; i++)
        if (pollers->entries[i].poll)
            pollers->entries[kept++] = pollers->entries[i];
    pollers->count = kept;
}

enum myc_status
myc_poller_stop(struct myc_self *self, uint64_t poller)
{
    struct fab_core *core FAB_WITHIN = fab_self_enter(self, __func__);
    struct fab_pollers *pollers = &core->pollers;

    for (uint32_t i = 0; i < pollers->count; i++) {
        struct fab_poller *entry = &pollers->entries[i];

        if (entry->id != poller || entry->actor != self->actor || !entry->poll)
            continue;
        entry->poll = NULL;
        compact(pollers);
        return MYC_OK;
    }
    return MYC_NOT_FOUND;
}

void
fab_pollers_on_end(struct fab_core *core, struct fab_slot *slot)
{
    struct fab_pollers *pollers = &core->pollers;
    uint64_t actor = fab_slot_actor(core, slot);

    for (uint32_t i = 0; i < pollers->count; i++)
        if (pollers->entries[i].actor == actor)
            pollers->entries[i].poll = NULL;
    slot->flags &= (uint8_t)~FAB_SLOT_HAS_POLLERS;
    compact(pollers);
}

struct polled {
    myc_poller_fn poll;
    unsigned done;
};

static enum myc_status
run_poller(struct myc_self *self, void *context)
{
    struct polled *polled = context;

    polled->done = polled->poll(self, self->slot->actor);
    return MYC_OK;
}

/* One call, as a handler of its actor. */
static unsigned
call(struct fab_core *core, const struct fab_poller *poller)
{
    struct fab_slot *slot = fab_slot_lookup(core, poller->actor);
    struct polled polled = { .poll = poller->poll };
    enum myc_status status;
    struct myc_self self;

    if (!slot || slot->state != FAB_SLOT_RUNNING || slot->request)
        return 0;
    fab_enter(core, &self, slot);
    status = core->guard ? fab_guard_run(&self, run_poller, &polled) : run_poller(&self, &polled);
    fab_leave(&self, status);
    return polled.done;
}

unsigned
fab_pollers_run(struct fab_core *core)
{
    struct fab_pollers *pollers = &core->pollers;
    unsigned done = 0;

    pollers->is_running = true;
    for (uint32_t i = 0; i < pollers->count; i++) {
        struct fab_poller *poller = &pollers->entries[i];

        if (!poller->poll || (poller->period_ns && core->now_ns < poller->next_ns))
            continue;
        poller->next_ns = core->now_ns + poller->period_ns;
        done += call(core, poller);
    }
    pollers->is_running = false;
    compact(pollers);
    return done;
}

uint64_t
fab_pollers_next_ns(const struct fab_core *core)
{
    uint64_t next_ns = UINT64_MAX;

    for (uint32_t i = 0; i < core->pollers.count; i++) {
        const struct fab_poller *poller = &core->pollers.entries[i];
        uint64_t due_ns = poller->period_ns ? poller->next_ns : 0;

        if (due_ns < next_ns)
            next_ns = due_ns;
    }
    return next_ns;
}
