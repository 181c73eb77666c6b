/* SPDX-License-Identifier: BSD-3-Clause */
/* One child: how it is started, stopped and forgotten. */
#include "supervisor.h"

#include <string.h>

#define SHUTDOWN_NS_DEFAULT 5000000000U

struct supervisor_child *
supervisor_find_id(struct supervisor *supervisor, const char *id)
{
    for (uint32_t i = 0; i < supervisor->child_count; i++)
        if (strcmp(supervisor->children[i].id, id) == 0)
            return &supervisor->children[i];
    return NULL;
}

struct supervisor_child *
supervisor_find_ref(struct supervisor *supervisor, struct myc_ref ref)
{
    for (uint32_t i = 0; i < supervisor->child_count && !myc_ref_is_null(ref); i++)
        if (myc_ref_is_equal(supervisor->children[i].ref, ref))
            return &supervisor->children[i];
    return NULL;
}

struct supervisor_child *
supervisor_find_named(struct supervisor *supervisor, struct myc_ref ref)
{
    struct supervisor_child *found = supervisor_find_ref(supervisor, ref);

    for (uint32_t i = 0; !found && i < supervisor->child_count && !myc_ref_is_null(ref); i++) {
        struct supervisor_child *child = &supervisor->children[i];

        if (myc_ref_is_null(child->ref) && child->stage != MYC_CHILD_STAGE_STOPPED &&
            myc_ref_is_equal(child->last_ref, ref))
            found = child;
    }
    return found;
}

struct supervisor_child *
supervisor_find_serial(struct supervisor *supervisor, uint32_t serial)
{
    for (uint32_t i = 0; i < supervisor->child_count; i++)
        if (supervisor->children[i].serial == serial)
            return &supervisor->children[i];
    return NULL;
}

static uint64_t
shutdown_ns_of(const struct myc_child_spec *spec)
{
    if (spec->shutdown_ns != 0)
        return spec->shutdown_ns;
    return spec->flags & MYC_CHILD_IS_SUPERVISOR ? MYC_FOREVER : SHUTDOWN_NS_DEFAULT;
}

struct supervisor_child *
supervisor_add(struct supervisor *supervisor, const struct myc_child_spec *spec)
{
    struct supervisor_child *child = &supervisor->children[supervisor->child_count];

    if (supervisor->child_count == supervisor->child_max)
        return NULL;
    supervisor->child_count++;
    memset(child, 0, sizeof(*child));
    if (supervisor->spec.strategy != MYC_DYNAMIC)
        memcpy(child->id, spec->id, strlen(spec->id) + 1);
    child->class_of = spec->class_of;
    if (spec->options != NULL)
        child->options = *spec->options;
    child->options.size = sizeof(child->options);
    child->options.is_supervised = true;
    child->shutdown_ns = shutdown_ns_of(spec);
    child->flags = spec->flags;
    child->restart = (uint8_t)spec->restart;
    child->stage = MYC_CHILD_STAGE_STOPPED;
    child->serial = ++supervisor->last_serial;
    return child;
}

void
supervisor_remove(struct supervisor *supervisor, struct supervisor_child *child)
{
    uint32_t index = (uint32_t)(child - supervisor->children);
    uint32_t after = supervisor->child_count - index - 1;

    memmove(child, child + 1, after * sizeof(*child));
    supervisor->child_count--;
    if (index < supervisor->from)
        supervisor->from--;
}

/* A new actor for the child. */
static enum myc_status
spawn(struct myc_self *self, struct supervisor_child *child)
{
    struct myc_spawn_options options = child->options;

    /* Own memory moves with the child in the array. */
    if (child->has_own_args)
        options.args = child->args;
    if (child->has_own_name)
        options.name = child->name;
    return myc_spawn(self, child->class_of, &options, &child->ref);
}

static enum myc_status
run_again(struct myc_self *self, struct supervisor_child *child)
{
    enum myc_status status = myc_restart(self, child->ref);

    /* Somebody has killed it while it waited: it needs a new actor after all. */
    if (status == MYC_NOT_FOUND) {
        child->is_suspended = false;
        return spawn(self, child);
    }
    return status;
}

enum myc_status
supervisor_start(struct myc_self *self, struct supervisor *supervisor,
                 struct supervisor_child *child)
{
    enum myc_status status = child->is_suspended ? run_again(self, child) : spawn(self, child);

    (void)supervisor;
    if (status == MYC_OK) {
        child->is_suspended = false;
        child->stage = MYC_CHILD_STAGE_RUNNING;
        child->started_ns = myc_now_ns(self);
        return MYC_OK;
    }
    if (status == MYC_IGNORED) {
        supervisor_let_go(self, child);
        child->stage = MYC_CHILD_STAGE_STOPPED;
    }
    if (!child->is_suspended)
        child->ref = (struct myc_ref){ 0, 0 };
    return status;
}

static void
start_timer(struct myc_self *self, struct supervisor_child *child, enum supervisor_timer kind,
            uint64_t delay_ns)
{
    uint64_t tag = (uint64_t)kind << 32 | child->serial;

    supervisor_cancel_timer(self, child);
    /* Without a timer a child that does not stop, or is to be tried again, would be stuck. */
    if (myc_timer_start(self, delay_ns, 0, tag, &child->timer) != MYC_OK)
        myc_fail(self, MYC_NO_MEMORY);
}

void
supervisor_cancel_timer(struct myc_self *self, struct supervisor_child *child)
{
    if (child->timer != 0)
        myc_timer_cancel(self, child->timer);
    child->timer = 0;
}

void
supervisor_stop(struct myc_self *self, struct supervisor_child *child)
{
    child->stage = MYC_CHILD_STAGE_STOPPING;
    if (child->shutdown_ns == MYC_SHUTDOWN_BRUTAL) {
        myc_kill(self, child->ref);
        return;
    }
    myc_stop(self, child->ref, MYC_SHUTDOWN);
    if (child->shutdown_ns != MYC_FOREVER)
        start_timer(self, child, SUPERVISOR_TIMER_KILL, child->shutdown_ns);
}

void
supervisor_let_go(struct myc_self *self, struct supervisor_child *child)
{
    if (child->is_suspended)
        (void)!myc_release(self, child->ref);
    child->is_suspended = false;
    child->ref = (struct myc_ref){ 0, 0 };
}

void
supervisor_retry_later(struct myc_self *self, struct supervisor_child *child, uint64_t delay_ns)
{
    child->stage = MYC_CHILD_STAGE_RESTARTING;
    start_timer(self, child, SUPERVISOR_TIMER_RETRY, delay_ns);
}

void
supervisor_answer_waiting(struct myc_self *self, struct supervisor_child *child)
{
    const struct myc_child_reply reply = { .status = MYC_OK, .stage = MYC_CHILD_STAGE_STOPPED };

    if (child->waiting.ask != 0)
        (void)myc_child_reply_reply(self, child->waiting, &reply);
    child->waiting.ask = 0;
}
