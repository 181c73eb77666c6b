/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Timers of actors.
 *
 * A timer is in the wheel while it runs, and *posted* while its TimerFired waits in the mailbox; it
 * has at most one event there, so a slow actor with a fast timer does not flood itself. It is
 * looked up again when the event is about to be handled: one that was cancelled meanwhile has lost
 * its id and the event is dropped.
 *
 *      FREE --start--> RUNNING --due--> POSTED --handled, once--> FREE
 *                         ^                |
 *                         +--handled, periodic: the next multiple of the period from the first--+
 *
 * A periodic timer does not drift: it is due at start + delay + n * period. Periods that had passed
 * before the event was handled are skipped and counted.
 */
#include "actor/event.h"
#include "actor/parts.h"

#include "actor/handle.h"
#include "actor/timer_wheel.h"

#include <mycelium/messages.h>

struct timer {
    uint64_t period_ns; /* 0: once */
    uint64_t tag;
    uint32_t slot; /* whose it is */
    uint32_t next; /* of the same actor; FAB_SLOT_NONE at either end */
    uint32_t prev;
    bool is_posted;
};

struct fab_timers {
    struct timer *timers;
    struct fab_wheel_node *nodes;
    struct fab_handle *entries;
    struct fab_handles handles;
    struct fab_wheel wheel;
};

enum myc_status
fab_timers_create(struct fab_core *core)
{
    struct fab_timers *timers = fab_core_alloc(core, sizeof(*timers));
    uint32_t count = core->config.limits.timers_max;

    core->timers = timers;
    if (timers == NULL)
        return MYC_NO_MEMORY;
    timers->timers = fab_core_alloc(core, count * sizeof(timers->timers[0]));
    timers->nodes = fab_core_alloc(core, count * sizeof(timers->nodes[0]));
    timers->entries = fab_core_alloc(core, count * sizeof(timers->entries[0]));
    if (timers->timers == NULL || timers->nodes == NULL || timers->entries == NULL)
        return MYC_NO_MEMORY;
    fab_handles_init(&timers->handles, timers->entries, count);
    fab_wheel_init(&timers->wheel, timers->nodes, core->now_ns);
    return MYC_OK;
}

void
fab_timers_destroy(struct fab_core *core)
{
    struct fab_timers *timers = core->timers;

    if (timers == NULL)
        return;
    fab_core_free(core, timers->timers);
    fab_core_free(core, timers->nodes);
    fab_core_free(core, timers->entries);
    fab_core_free(core, timers);
    core->timers = NULL;
}

static void
own(struct fab_core *core, uint32_t index, uint32_t slot)
{
    struct fab_timers *timers = core->timers;
    uint32_t *first = &core->cold[slot].first_timer;

    timers->timers[index].slot = slot;
    timers->timers[index].next = *first;
    timers->timers[index].prev = FAB_SLOT_NONE;
    if (*first != FAB_SLOT_NONE)
        timers->timers[*first].prev = index;
    *first = index;
}

/* Takes a timer away wherever it stands; its id finds nothing from now on. */
static void
drop(struct fab_core *core, uint32_t index)
{
    struct fab_timers *timers = core->timers;
    struct timer *timer = &timers->timers[index];

    fab_wheel_cancel(&timers->wheel, index);
    if (timer->prev != FAB_SLOT_NONE)
        timers->timers[timer->prev].next = timer->next;
    else
        core->cold[timer->slot].first_timer = timer->next;
    if (timer->next != FAB_SLOT_NONE)
        timers->timers[timer->next].prev = timer->prev;
    timer->is_posted = false;
    fab_handles_push(&timers->handles, index);
}

/* Tells the actor. False: no memory for the event now. */
static bool
post(struct fab_core *core, uint32_t index)
{
    struct timer *timer = &core->timers->timers[index];
    uint64_t id = fab_handles_id(&core->timers->handles, index);
    uint8_t body[MYC_TIMER_FIRED_SIZE];
    const struct fab_event event = {
        .type = &myc_timer_fired_type,
        .tag = timer->tag,
        .source = id,
        .body = body,
        .size = sizeof(body),
    };

    myc_timer_fired_encode(&(struct myc_timer_fired){ .timer = id }, body);
    timer->is_posted = fab_event_post(core, &core->slots[timer->slot], &event);
    return timer->is_posted;
}

unsigned
fab_timers_run(struct fab_core *core, unsigned budget)
{
    struct fab_timers *timers = core->timers;
    unsigned fired = 0;
    uint32_t index;

    while (fab_wheel_pop(&timers->wheel, core->now_ns, &budget, &index)) {
        if (!post(core, index)) {
            (void)fab_wheel_start(&timers->wheel, index, core->now_ns, timers->nodes[index].due_ns);
            break;
        }
        fired++;
    }
    return fired;
}

uint64_t
fab_timers_next_ns(const struct fab_core *core)
{
    return fab_wheel_next_ns(&core->timers->wheel);
}

void
fab_timers_on_end(struct fab_core *core, struct fab_slot *slot)
{
    struct fab_slot_cold *cold = fab_slot_cold(core, slot);

    while (cold->first_timer != FAB_SLOT_NONE)
        drop(core, cold->first_timer);
}

/* Starts the period after the one that is being handled, and skips those that have passed. */
static void
start_next_period(struct fab_core *core, uint32_t index)
{
    struct fab_timers *timers = core->timers;
    struct timer *timer = &timers->timers[index];
    uint64_t due_ns = timers->nodes[index].due_ns;
    uint64_t periods = (core->now_ns - due_ns) / timer->period_ns;

    core->counters.timer_periods_skipped += periods;
    timer->is_posted = false;
    due_ns += (periods + 1) * timer->period_ns;
    fab_parts_due(core, fab_wheel_start(&timers->wheel, index, core->now_ns, due_ns));
}

bool
fab_timers_is_wanted(struct fab_core *core, struct fab_slot *slot, uint64_t source)
{
    struct fab_timers *timers = core->timers;
    uint32_t index;

    if (!fab_handles_lookup(&timers->handles, source, &index) || !timers->timers[index].is_posted)
        return false;
    FAB_ASSERT(timers->timers[index].slot == fab_slot_index(core, slot));
    core->counters.timers_fired++;
    if (timers->timers[index].period_ns == 0)
        drop(core, index);
    else
        start_next_period(core, index);
    return true;
}

/* A timer of the running actor. */
static bool
lookup(const struct fab_core *core, const struct myc_self *self, uint64_t timer, uint32_t *index)
{
    return fab_handles_lookup(&core->timers->handles, timer, index) &&
           core->timers->timers[*index].slot == fab_slot_index(core, self->slot);
}

enum myc_status
myc_timer_start(struct myc_self *self, uint64_t delay_ns, uint64_t period_ns, uint64_t tag,
                uint64_t *timer)
{
    struct fab_core *core FAB_WITHIN = fab_self_enter(self, __func__);
    struct fab_timers *timers = core->timers;
    uint64_t left_ns = UINT64_MAX - core->now_ns;
    uint64_t due_ns = core->now_ns + (delay_ns < left_ns ? delay_ns : left_ns);
    uint32_t index;

    if (!fab_handles_pop(&timers->handles, &index))
        return MYC_NO_MEMORY;
    timers->timers[index].period_ns = period_ns;
    timers->timers[index].tag = tag;
    own(core, index, fab_slot_index(core, self->slot));
    fab_parts_due(core, fab_wheel_start(&timers->wheel, index, core->now_ns, due_ns));
    if (timer != NULL)
        *timer = fab_handles_id(&timers->handles, index);
    return MYC_OK;
}

enum myc_status
myc_timer_rearm(struct myc_self *self, uint64_t *timer, uint64_t delay_ns)
{
    struct fab_core *core FAB_WITHIN = fab_self_enter(self, __func__);
    struct timer old;
    uint32_t index;

    if (!lookup(core, self, *timer, &index))
        return MYC_NOT_FOUND;
    old = core->timers->timers[index];
    drop(core, index);
    return myc_timer_start(self, delay_ns, old.period_ns, old.tag, timer); /* one is free */
}

enum myc_status
myc_timer_cancel(struct myc_self *self, uint64_t timer)
{
    struct fab_core *core FAB_WITHIN = fab_self_enter(self, __func__);
    uint32_t index;

    if (!lookup(core, self, timer, &index))
        return MYC_NOT_FOUND;
    drop(core, index);
    return MYC_OK;
}

uint32_t
fab_timers_count(const struct fab_core *core)
{
    return core->timers->handles.taken;
}
