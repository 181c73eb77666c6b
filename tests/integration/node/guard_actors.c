/* SPDX-License-Identifier: BSD-3-Clause */
#include "guard_actors.h"

#include <signal.h>
#include <string.h>

#include <mycelium/messages.h>
#include <mycelium/monitor.h>
#include <mycelium/send.h>
#include <mycelium/supervisor.h>
#include <mycelium/timer.h>

struct guard_notes guard_notes;
char *volatile guard_nowhere;

static volatile int zero;

void
guard_want(enum guard_fault fault)
{
    guard_notes.wanted = fault;
    guard_notes.lives = guard_notes.stops = guard_notes.exits = 0;
    guard_notes.last_reason = MYC_OK;
}

/* gcc is right, that is what it is for. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winfinite-recursion"
GUARD_FAULTS static unsigned
use_up(unsigned depth)
{
    volatile char frame[4096];

    frame[depth % sizeof(frame)] = (char)depth;
    return use_up(depth + 1) + (unsigned)frame[0];
}
#pragma GCC diagnostic pop

GUARD_FAULTS static enum myc_status
claim(struct myc_self *self, struct myc_ref to)
{
    void *body;
    enum myc_status status =
        myc_send_claim(self, to, &myc_timer_fired_type, MYC_TIMER_FIRED_SIZE, &body);

    if (status == MYC_OK)
        *guard_nowhere = 1;
    return status;
}

GUARD_FAULTS static enum myc_status
commit_fault(struct myc_self *self, enum guard_fault fault)
{
    switch (fault) {
    case GUARD_READ:
        return (enum myc_status) * guard_nowhere;
    case GUARD_DIVIDE:
        return (enum myc_status)(100 / zero);
    case GUARD_LIBC:
        return (enum myc_status)strlen(guard_nowhere);
    case GUARD_STACK:
        return (enum myc_status)use_up(0);
    case GUARD_CLAIM:
        return claim(self, myc_self_ref(self));
    case GUARD_SEND:
        return myc_send(self, myc_self_ref(self), &myc_timer_fired_type, guard_nowhere + 8,
                        MYC_TIMER_FIRED_SIZE);
    case GUARD_MONITOR:
        return myc_monitor(self, myc_self_ref(self), (uint64_t *)(void *)guard_nowhere);
    case GUARD_SENT:
        return raise(SIGSEGV) == 0 ? MYC_OK : MYC_FAILED;
    default:
        return MYC_OK;
    }
}

GUARD_FAULTS static unsigned
faulty_poll(struct myc_self *self, void *state)
{
    (void)self, (void)state;
    return (unsigned)*guard_nowhere;
}

GUARD_FAULTS static enum myc_status
faulty_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    (void)state, (void)args, (void)args_size;
    if (++guard_notes.lives == 1 && guard_notes.wanted == GUARD_INIT)
        return (enum myc_status) * guard_nowhere;
    if (guard_notes.lives == 1 && guard_notes.wanted == GUARD_POLLER)
        return myc_poller_start(self, faulty_poll, 0, &(uint64_t){ 0 });
    return myc_timer_start(self, 0, 0, 0, NULL);
}

static enum myc_status
faulty_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    (void)state;
    if (message->kind != MYC_KIND_EVENT || guard_notes.lives > 1)
        return MYC_OK;
    return guard_notes.wanted == GUARD_STOP ? MYC_FAILED : commit_fault(self, guard_notes.wanted);
}

GUARD_FAULTS static void
faulty_stop(struct myc_self *self, void *state, enum myc_status reason)
{
    (void)self, (void)state, (void)reason;
    guard_notes.stops++;
    if (guard_notes.wanted == GUARD_STOP && guard_notes.lives == 1)
        *guard_nowhere = 1;
}

static const struct myc_type *const faulty_types[] = { &myc_timer_fired_type };

const struct myc_class guard_faulty_class = {
    .size = sizeof(guard_faulty_class),
    .name = "faulty",
    .accepts = faulty_types,
    .accepts_count = 1,
    .init = faulty_init,
    .receive = faulty_receive,
    .stop = faulty_stop,
};

static const struct myc_spawn_options supervised = { .size = sizeof(supervised),
                                                     .is_supervised = true };

static enum myc_status
parent_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    struct myc_ref child;

    (void)state, (void)args, (void)args_size;
    return myc_spawn(self, &guard_faulty_class, &supervised, &child);
}

/* Runs its child again, once. */
static enum myc_status
parent_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct myc_child_exited exited;

    (void)state;
    if (!myc_child_exited_decode(message, &exited))
        return MYC_OK;
    guard_notes.last_reason = exited.reason;
    guard_notes.exits++;
    return myc_restart(self, exited.ref);
}

const struct myc_class guard_parent_class = {
    .size = sizeof(guard_parent_class),
    .name = "parent",
    .init = parent_init,
    .receive = parent_receive,
};
