/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The supervisor as an actor: it starts its children in init, and from then on lives by events.
 *
 * The rules are OTP's. What is ours: a child that is run again keeps its ref and its mailbox unless
 * FRESH_REF, and a back-off may lie between a failure and the restart.
 *
 * Its state holds all children that it may have, so that nothing is allocated; hence two classes.
 */
#include "supervisor.h"

#include <string.h>

#define INTENSITY_DEFAULT 1U
#define PERIOD_NS_DEFAULT 5000000000U

static void
fill_defaults(struct myc_supervisor_spec *spec)
{
    if (spec->intensity == 0)
        spec->intensity = INTENSITY_DEFAULT;
    if (spec->period_ns == 0)
        spec->period_ns = PERIOD_NS_DEFAULT;
    if (spec->backoff_reset_ns == 0)
        spec->backoff_reset_ns = spec->period_ns;
}

/* Starts the children of the spec. When one fails, its status is the supervisor's: the core ends
 * those that run already. */
static enum myc_status
start_children(struct myc_self *self, struct supervisor *supervisor)
{
    const struct myc_supervisor_spec *spec = &supervisor->spec;
    struct supervisor_child *child;
    enum myc_status status;

    for (uint32_t i = 0; i < spec->child_count; i++) {
        child = supervisor_add(supervisor, &spec->children[i]);
        status = supervisor_start(self, supervisor, child);
        if (status == MYC_IGNORED && child->restart == MYC_RESTART_POLICY_TEMPORARY)
            supervisor_remove(supervisor, child);
        else if (status != MYC_OK && status != MYC_IGNORED)
            return status;
    }
    return MYC_OK;
}

static enum myc_status
init_with(struct myc_self *self, struct supervisor *supervisor, uint32_t child_max,
          const void *args, size_t args_size)
{
    enum myc_status status;

    if (args_size != sizeof(supervisor->spec))
        return MYC_INVALID;
    memcpy(&supervisor->spec, args, sizeof(supervisor->spec));
    supervisor->child_max = child_max;
    status = myc_supervisor_check(&supervisor->spec, child_max);
    if (status != MYC_OK)
        return status;
    fill_defaults(&supervisor->spec);
    if (supervisor->spec.strategy != MYC_DYNAMIC)
        return start_children(self, supervisor);
    supervisor->dynamic_spec = supervisor->spec.children[0];
    return MYC_OK;
}

static enum myc_status
init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    return init_with(self, state, MYC_SUPERVISOR_CHILDREN_MAX, args, args_size);
}

static enum myc_status
init_large(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    return init_with(self, state, MYC_SUPERVISOR_LARGE_CHILDREN_MAX, args, args_size);
}

static void
on_child_exited(struct myc_self *self, struct supervisor *supervisor,
                const struct myc_message *message)
{
    struct myc_child_exited exited;
    struct supervisor_child *child;

    if (!myc_child_exited_decode(message, &exited))
        return;
    child = supervisor_find_ref(supervisor, exited.ref);
    if (child != NULL)
        supervisor_on_exit(self, supervisor, child, exited.reason);
}

static void
on_stalled(struct myc_self *self, struct supervisor *supervisor, const struct myc_message *message)
{
    const struct supervisor_child *child;
    struct myc_stalled stalled;

    if (!myc_stalled_decode(message, &stalled))
        return;
    child = supervisor_find_ref(supervisor, stalled.ref);
    if (child != NULL && (child->flags & MYC_CHILD_KILL_WHEN_STALLED))
        myc_kill(self, child->ref);
}

static void
on_timer(struct myc_self *self, struct supervisor *supervisor, uint64_t tag)
{
    struct supervisor_child *child = supervisor_find_serial(supervisor, (uint32_t)tag);

    if (tag >> 32 == SUPERVISOR_TIMER_END) {
        myc_stop(self, myc_self_ref(self), (enum myc_status)supervisor->reason);
    } else if (tag >> 32 == SUPERVISOR_TIMER_GO) {
        supervisor_on_go(self, supervisor);
    } else if (child != NULL && tag >> 32 == SUPERVISOR_TIMER_RETRY) {
        supervisor_on_retry(self, supervisor, child);
    } else if (child != NULL && child->stage == MYC_CHILD_STAGE_STOPPING) {
        child->timer = 0;
        myc_kill(self, child->ref);
    }
}

static void
on_stop_requested(struct myc_self *self, struct supervisor *supervisor,
                  const struct myc_message *message)
{
    struct myc_stop_requested requested;

    if (!myc_stop_requested_decode(message, &requested))
        return;
    /* Somebody linked to us was killed; we end in our own time. */
    if (requested.reason == MYC_KILLED)
        requested.reason = MYC_SHUTDOWN;
    supervisor_begin_shutdown(self, supervisor, requested.reason);
}

static enum myc_status
receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct supervisor *supervisor = state;

    if (message->kind != MYC_KIND_EVENT) {
        supervisor_on_request(self, supervisor, message);
        return MYC_OK;
    }
    switch (myc_message_key(message)) {
    case MYC_CHILD_EXITED_KEY:
        on_child_exited(self, supervisor, message);
        break;
    case MYC_TIMER_FIRED_KEY:
        on_timer(self, supervisor, message->tag);
        break;
    case MYC_STALLED_KEY:
        on_stalled(self, supervisor, message);
        break;
    case MYC_STOP_REQUESTED_KEY:
        on_stop_requested(self, supervisor, message);
        break;
    default:
        break;
    }
    return MYC_OK;
}

static const struct myc_type *const accepts[] = {
    &myc_start_child_type,  &myc_terminate_child_type, &myc_restart_child_type,
    &myc_delete_child_type, &myc_count_children_type,  &myc_which_children_type,
};

#define STATE_SIZE(count) (sizeof(struct supervisor) + (count) * sizeof(struct supervisor_child))

_Static_assert(STATE_SIZE(MYC_SUPERVISOR_LARGE_CHILDREN_MAX) <= MYC_STATE_SIZE_MAX,
               "the large one fits into an actor's state");

const struct myc_class myc_supervisor_class = {
    .size = sizeof(struct myc_class),
    .name = "supervisor",
    .state_size = STATE_SIZE(MYC_SUPERVISOR_CHILDREN_MAX),
    .accepts = accepts,
    .accepts_count = sizeof(accepts) / sizeof(accepts[0]),
    .flags = MYC_CLASS_HANDLES_STOP,
    .init = init,
    .receive = receive,
};

const struct myc_class myc_supervisor_large_class = {
    .size = sizeof(struct myc_class),
    .name = "large_supervisor",
    .state_size = STATE_SIZE(MYC_SUPERVISOR_LARGE_CHILDREN_MAX),
    .accepts = accepts,
    .accepts_count = sizeof(accepts) / sizeof(accepts[0]),
    .flags = MYC_CLASS_HANDLES_STOP,
    .init = init_large,
    .receive = receive,
};
