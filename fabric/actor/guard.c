/* SPDX-License-Identifier: BSD-3-Clause */
#include "actor/guard.h"

#include "actor/run.h"

/* The linker's names for the ends of the section. */
extern const char __start_fab_quick[] __attribute__((visibility("hidden")));
extern const char __stop_fab_quick[] __attribute__((visibility("hidden")));

void
fab_core_set_guard(struct fab_core *core, struct fab_guard *guard)
{
    FAB_ASSERT(core->guard == NULL && guard != NULL);
    core->guard = guard;
    core->held_back++; /* the quick way of receive.c knows no guard */
}

bool
fab_guard_may_leave(const struct fab_guard *guard, uintptr_t address)
{
    return guard->jump != NULL && guard->in_fabric == 0 &&
           (address < (uintptr_t)__start_fab_quick || address >= (uintptr_t)__stop_fab_quick);
}

/* They nest where an actor spawns another: the inner one's init is no part of the fabric. */
enum myc_status
fab_guard_run(struct myc_self *self, enum myc_status (*run)(struct myc_self *self, void *context),
              void *context)
{
    struct fab_guard *const guard = self->core->guard;
    sigjmp_buf *const outer_jump = guard->jump;
    const uint32_t outer_in_fabric = guard->in_fabric;
    enum myc_status status = MYC_FAULT;
    sigjmp_buf jump;

    /* The mask is not saved: the signal handler leaves it as it is. */
    if (sigsetjmp(jump, 0) == 0) {
        guard->jump = &jump;
        guard->in_fabric = 0;
        status = run(self, context);
    } else {
        self->core->counters.faults++;
        self->failure = MYC_FAULT;
        status = MYC_FAULT;
    }
    guard->jump = outer_jump;
    guard->in_fabric = outer_in_fabric;
    return status;
}

struct received {
    void *state;
    const struct myc_message *message;
};

static enum myc_status
receive(struct myc_self *self, void *context)
{
    const struct received *received = context;

    return self->slot->class_of->receive(self, received->state, received->message);
}

enum myc_status
fab_guarded_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct received received = { state, message };

    return self->slot->class_of->receive ? fab_guard_run(self, receive, &received) : MYC_OK;
}
