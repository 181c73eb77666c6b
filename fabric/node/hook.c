/* SPDX-License-Identifier: BSD-3-Clause */
#include "node/hook.h"

#include "base/assert.h"
#include "env/clock.h"
#include "node/guard.h"

#define RUN_SLICE  8U /* handlers between two looks at the clock: the program waits for its loop */
#define PASSING_NS 500000ULL

void
fab_hook_own(struct fab_hook *hook)
{
    /* Pairs with the load in is_own: whoever reads an owner that is not himself posts a command. */
    atomic_store_explicit(&hook->owner, pthread_self(), memory_order_release);
}

bool
fab_hook_is_own(const struct fab_hook *hook, const struct fab_lcore *lcore)
{
    return hook->lcore == lcore &&
           pthread_equal(atomic_load_explicit(&hook->owner, memory_order_acquire), pthread_self());
}

void
fab_hook_run(struct fab_hook *hook, fab_command_fn run, void *argument)
{
    fab_guard_begin(hook->lcore);
    fab_core_turn_begin(hook->lcore->core, fab_clock_ns());
    run(hook->lcore, argument);
    fab_guard_end(hook->lcore);
}

unsigned
fab_hook_poll(struct fab_hook *hook, unsigned budget)
{
    const struct fab_turn_limits limits = {
        .records = budget < FAB_POLL_BURST ? budget : FAB_POLL_BURST,
        .handlers = budget,
        .slice = RUN_SLICE,
        .ns_max = hook->ns_max,
    };

    unsigned work;

    FAB_ASSERT(hook->lcore && budget > 0);
    if (fab_unlikely(!hook->is_polled)) {
        fab_hook_own(hook);
        hook->is_polled = true;
    }
    FAB_ASSERT(fab_hook_is_own(hook, hook->lcore));
    fab_guard_begin(hook->lcore);
    work = fab_lcore_turn(hook->lcore, &limits);
    fab_guard_end(hook->lcore);
    return work;
}

void
fab_hook_pass_time(struct fab_hook *hook)
{
    static const struct fab_turn_limits limits = { FAB_POLL_BURST, FAB_RUN_BUDGET, RUN_SLICE,
                                                   PASSING_NS };
    uint64_t end_ns = fab_clock_ns() + PASSING_NS;

    if (!hook->lcore)
        return;
    fab_guard_begin(hook->lcore);
    while (fab_clock_ns() < end_ns)
        fab_lcore_turn(hook->lcore, &limits);
    fab_guard_end(hook->lcore);
}
