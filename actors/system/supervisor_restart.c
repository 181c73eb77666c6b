/* SPDX-License-Identifier: BSD-3-Clause */
/* What the end of a child leads to: a restart, a group's restart, the end of the supervisor. */
#include "supervisor.h"

#include <string.h>

#define BACKOFF_NS_BOUND 3600000000000U

bool
supervisor_may_restart(struct supervisor *supervisor, uint64_t now_ns)
{
    uint32_t intensity =
        supervisor->spec.intensity == MYC_INTENSITY_NONE ? 0 : supervisor->spec.intensity;
    uint32_t old = 0;

    while (old < supervisor->restart_count &&
           now_ns - supervisor->restarts_ns[old] > supervisor->spec.period_ns)
        old++;
    supervisor->restart_count -= old;
    memmove(supervisor->restarts_ns, supervisor->restarts_ns + old,
            supervisor->restart_count * sizeof(supervisor->restarts_ns[0]));
    supervisor->restarts_ns[supervisor->restart_count++] = now_ns;
    return supervisor->restart_count <= intensity;
}

uint64_t
supervisor_backoff_ns(struct myc_self *self, const struct supervisor *supervisor,
                      struct supervisor_child *child)
{
    const struct myc_supervisor_spec *spec = &supervisor->spec;
    uint64_t delay_ns = spec->backoff_ns_min;
    uint64_t bound_ns = spec->backoff_ns_max == 0 ? BACKOFF_NS_BOUND : spec->backoff_ns_max;

    if (delay_ns == 0)
        return 0;
    if (child->failures > 0 && myc_now_ns(self) - child->started_ns >= spec->backoff_reset_ns)
        child->failures = 0;
    for (uint32_t i = 0; i < child->failures && delay_ns < bound_ns; i++)
        delay_ns *= 2;
    child->failures++;
    delay_ns = delay_ns < bound_ns ? delay_ns : bound_ns;
    return delay_ns + (uint64_t)((double)delay_ns * spec->backoff_jitter_percent / 100.0 *
                                 (double)(myc_random(self) >> 11) / 9007199254740992.0);
}

/* The attempt itself, for a child that stands alone. */
static void
try_one(struct myc_self *self, struct supervisor *supervisor, struct supervisor_child *child)
{
    enum myc_status status = supervisor_start(self, supervisor, child);

    if (status == MYC_OK || status == MYC_IGNORED)
        return;
    if (!supervisor_may_restart(supervisor, myc_now_ns(self))) {
        child->stage = MYC_CHILD_STAGE_RESTARTING;
        supervisor_begin_shutdown(self, supervisor, MYC_SHUTDOWN);
        return;
    }
    if (child->flags & MYC_CHILD_FRESH_REF)
        supervisor_let_go(self, child);
    supervisor_retry_later(self, child, supervisor_backoff_ns(self, supervisor, child));
}

static void
restart(struct myc_self *self, struct supervisor *supervisor, struct supervisor_child *child)
{
    bool is_fresh = child->flags & MYC_CHILD_FRESH_REF;
    uint64_t delay_ns;

    child->stage = MYC_CHILD_STAGE_HELD;
    if (!supervisor_may_restart(supervisor, myc_now_ns(self))) {
        supervisor_begin_shutdown(self, supervisor, MYC_SHUTDOWN);
        return;
    }
    delay_ns = supervisor_backoff_ns(self, supervisor, child);
    if (is_fresh)
        supervisor_let_go(self, child);
    if (supervisor->spec.strategy == MYC_ONE_FOR_ALL)
        supervisor_begin_restart(self, supervisor, 0, delay_ns);
    else if (supervisor->spec.strategy == MYC_REST_FOR_ONE)
        supervisor_begin_restart(self, supervisor, (uint32_t)(child - supervisor->children),
                                 delay_ns);
    else if (delay_ns > 0 || is_fresh)
        /* What the old actor held (its name) is free in the next turn. */
        supervisor_retry_later(self, child, delay_ns);
    else
        try_one(self, supervisor, child);
}

void
supervisor_on_retry(struct myc_self *self, struct supervisor *supervisor,
                    struct supervisor_child *child)
{
    child->timer = 0;
    if (child->stage == MYC_CHILD_STAGE_RESTARTING && supervisor->operation == SUPERVISOR_IDLE)
        try_one(self, supervisor, child);
}

static bool
is_normal(enum myc_status reason)
{
    return reason == MYC_NORMAL || reason == MYC_SHUTDOWN;
}

static bool
is_live(const struct supervisor_child *child)
{
    return child->stage != MYC_CHILD_STAGE_STOPPED;
}

/* A child has ended by itself and is not run again: is that the end of the supervisor too? */
static bool
is_last_significant(const struct supervisor *supervisor, bool is_significant)
{
    if (!is_significant || supervisor->spec.auto_shutdown == MYC_AUTO_SHUTDOWN_NEVER)
        return false;
    if (supervisor->spec.auto_shutdown == MYC_AUTO_SHUTDOWN_ANY)
        return true;
    for (uint32_t i = 0; i < supervisor->child_count; i++)
        if ((supervisor->children[i].flags & MYC_CHILD_IS_SIGNIFICANT) &&
            is_live(&supervisor->children[i]))
            return false;
    return true;
}

/* It has ended for good; its spec stays unless it is temporary. */
static void
retire(struct myc_self *self, struct supervisor *supervisor, struct supervisor_child *child)
{
    supervisor_let_go(self, child);
    child->stage = MYC_CHILD_STAGE_STOPPED;
    supervisor_answer_waiting(self, child);
    if (child->restart == MYC_RESTART_POLICY_TEMPORARY || supervisor->spec.strategy == MYC_DYNAMIC)
        supervisor_remove(supervisor, child);
}

/* A running child has ended, and nobody had asked it to. */
static void
on_own_end(struct myc_self *self, struct supervisor *supervisor, struct supervisor_child *child,
           enum myc_status reason)
{
    bool is_significant = child->flags & MYC_CHILD_IS_SIGNIFICANT;

    if (child->restart == MYC_RESTART_POLICY_PERMANENT ||
        (child->restart == MYC_RESTART_POLICY_TRANSIENT && !is_normal(reason))) {
        restart(self, supervisor, child);
        return;
    }
    retire(self, supervisor, child);
    if (is_last_significant(supervisor, is_significant))
        supervisor_begin_shutdown(self, supervisor, MYC_SHUTDOWN);
}

/* A child has ended that belongs to what an operation is about. */
static void
on_end_within(struct myc_self *self, struct supervisor *supervisor, struct supervisor_child *child)
{
    bool is_terminated = child->waiting.ask != 0 || child->is_skipped;

    if (supervisor->operation == SUPERVISOR_SHUTDOWN || is_terminated ||
        child->restart == MYC_RESTART_POLICY_TEMPORARY) {
        retire(self, supervisor, child);
    } else {
        if (child->flags & MYC_CHILD_FRESH_REF)
            supervisor_let_go(self, child);
        child->stage = MYC_CHILD_STAGE_HELD;
    }
    supervisor_go_on(self, supervisor);
}

void
supervisor_on_exit(struct myc_self *self, struct supervisor *supervisor,
                   struct supervisor_child *child, enum myc_status reason)
{
    bool was_stopping = child->stage == MYC_CHILD_STAGE_STOPPING;
    uint32_t index = (uint32_t)(child - supervisor->children);

    supervisor_cancel_timer(self, child);
    child->is_suspended = true;
    child->last_ref = child->ref;
    if (supervisor->operation == SUPERVISOR_SHUTDOWN ||
        (supervisor->operation == SUPERVISOR_RESTART && index >= supervisor->from))
        on_end_within(self, supervisor, child);
    else if (was_stopping)
        retire(self, supervisor, child);
    else
        on_own_end(self, supervisor, child, reason);
}
