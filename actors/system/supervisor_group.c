/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Operations on several children: they are stopped one after the other in reverse order, each in
 * its own time, and started in order. Under DYNAMIC all are stopped at once, as there is no order.
 */
#include "supervisor.h"

static bool
is_running(const struct supervisor_child *child)
{
    return child->stage == MYC_CHILD_STAGE_RUNNING || child->stage == MYC_CHILD_STAGE_STOPPING;
}

/* Stops the last child from `from` on that still runs. False: none does. */
static bool
stop_next(struct myc_self *self, struct supervisor *supervisor, uint32_t from)
{
    bool is_all_at_once = supervisor->spec.strategy == MYC_DYNAMIC;
    bool is_any = false;

    for (uint32_t i = supervisor->child_count; i-- > from;) {
        struct supervisor_child *child = &supervisor->children[i];

        if (!is_running(child))
            continue;
        if (child->stage == MYC_CHILD_STAGE_RUNNING)
            supervisor_stop(self, child);
        is_any = true;
        if (!is_all_at_once)
            break;
    }
    return is_any;
}

/* All have stopped: those that were kept for a restart go, and so do we, after them: who watches
 * both hears of us last. */
static void
finish_shutdown(struct myc_self *self, struct supervisor *supervisor)
{
    for (uint32_t i = supervisor->child_count; i-- > 0;) {
        struct supervisor_child *child = &supervisor->children[i];

        supervisor_cancel_timer(self, child);
        supervisor_let_go(self, child);
        child->stage = MYC_CHILD_STAGE_STOPPED;
        supervisor_answer_waiting(self, child);
    }
    if (myc_timer_start(self, 0, 0, (uint64_t)SUPERVISOR_TIMER_END << 32, NULL) != MYC_OK)
        myc_fail(self, MYC_NO_MEMORY);
}

void
supervisor_go_on(struct myc_self *self, struct supervisor *supervisor)
{
    uint64_t tag = (uint64_t)SUPERVISOR_TIMER_GO << 32;

    if (supervisor->operation == SUPERVISOR_IDLE || supervisor->is_starting)
        return;
    if (supervisor->operation == SUPERVISOR_SHUTDOWN) {
        if (!stop_next(self, supervisor, 0))
            finish_shutdown(self, supervisor);
        return;
    }
    if (stop_next(self, supervisor, supervisor->from))
        return;
    supervisor->is_starting = true;
    if (myc_timer_start(self, supervisor->delay_ns, 0, tag, NULL) != MYC_OK)
        myc_fail(self, MYC_NO_MEMORY);
}

void
supervisor_begin_restart(struct myc_self *self, struct supervisor *supervisor, uint32_t from,
                         uint64_t delay_ns)
{
    supervisor->operation = SUPERVISOR_RESTART;
    supervisor->is_starting = false;
    supervisor->from = from;
    supervisor->delay_ns = delay_ns;
    supervisor_go_on(self, supervisor);
}

void
supervisor_begin_shutdown(struct myc_self *self, struct supervisor *supervisor,
                          enum myc_status reason)
{
    if (supervisor->operation == SUPERVISOR_SHUTDOWN)
        return;
    supervisor->operation = SUPERVISOR_SHUTDOWN;
    supervisor->is_starting = false;
    supervisor->reason = (uint8_t)reason;
    supervisor_go_on(self, supervisor);
}

/* A child could not be started: it is tried again, with those that come after it or with all. */
static void
on_failed_start(struct myc_self *self, struct supervisor *supervisor,
                struct supervisor_child *child)
{
    uint32_t index = (uint32_t)(child - supervisor->children);

    child->stage = MYC_CHILD_STAGE_RESTARTING;
    if (child->flags & MYC_CHILD_FRESH_REF)
        supervisor_let_go(self, child);
    if (!supervisor_may_restart(supervisor, myc_now_ns(self)))
        supervisor_begin_shutdown(self, supervisor, MYC_SHUTDOWN);
    else
        supervisor_begin_restart(self, supervisor,
                                 supervisor->spec.strategy == MYC_ONE_FOR_ALL ? 0 : index,
                                 supervisor_backoff_ns(self, supervisor, child));
}

void
supervisor_on_go(struct myc_self *self, struct supervisor *supervisor)
{
    enum myc_status status;

    if (supervisor->operation != SUPERVISOR_RESTART || !supervisor->is_starting)
        return;
    supervisor->operation = SUPERVISOR_IDLE;
    supervisor->is_starting = false;
    for (uint32_t i = supervisor->from; i < supervisor->child_count; i++) {
        struct supervisor_child *child = &supervisor->children[i];

        if (is_running(child) || child->is_skipped) {
            child->is_skipped = false;
            continue;
        }
        status = supervisor_start(self, supervisor, child);
        if (status == MYC_OK || status == MYC_IGNORED)
            continue;
        on_failed_start(self, supervisor, child);
        return;
    }
    supervisor->from = 0;
}
