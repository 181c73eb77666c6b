/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How a full node stops: in phases, each with a time-out, and past one that fails to the next.
 *
 *   1. names and groups are withdrawn, so that nobody is found here any more
 *   2. inflow is refused: messages of other nodes come back as GONE; replies still come in
 *   3. actors handle what waits
 *   4. what the program spawned is asked to stop, the last first: supervisors stop their trees
 *   5. whoever is left is stopped
 *   6. leave notices: segments, then flows
 *
 * Then the lcores end and memory goes. A phase looks at its lcores by commands; one that does not
 * answer in time is left out of the phases that follow.
 */
#include <stdlib.h>
#include <time.h>

#include "actor/shutdown.h"
#include "base/assert.h"
#include "base/log.h"
#include "env/eal.h"
#include "env/numa.h"
#include "node/full.h"
#include "node/guard.h"
#include "node/ports.h"
#include "node/segments.h"
#include "node/watchdog.h"

enum step {
    STEP_WITHDRAW,
    STEP_COUNT_UNTOLD, /* changes of names that have not been told */
    STEP_REFUSE,
    STEP_COUNT_WAITING, /* messages in mailboxes */
    STEP_STOP_ONE,
    STEP_COUNT_ONE, /* 1: that actor still lives */
    STEP_STOP_ALL,
    STEP_COUNT_ACTORS,
    STEP_LEAVE,
};

/* What an lcore is to do; its own when it is too late, and then given up. */
struct order {
    enum step step;
    struct myc_ref ref;
    uint32_t count;
};

struct stopping {
    struct fab_full *full;
    bool is_stuck[FAB_LCORES_MAX]; /* has not answered */
    bool is_asked;                 /* the last of the roots is */
};

static void
run_order(void *context, void *argument)
{
    struct fab_lcore *lcore = context;
    struct order *order = argument;

    switch (order->step) {
    case STEP_WITHDRAW:
        fab_core_withdraw(lcore->core);
        break;
    case STEP_COUNT_UNTOLD:
        order->count = fab_core_untold(lcore->core);
        break;
    case STEP_REFUSE:
        fab_core_refuse_inflow(lcore->core);
        break;
    case STEP_COUNT_WAITING:
        order->count = fab_core_waiting(lcore->core);
        break;
    case STEP_STOP_ONE:
        fab_core_stop_one(lcore->core, order->ref);
        break;
    case STEP_COUNT_ONE:
        order->count = fab_core_has_actor(lcore->core, order->ref);
        break;
    case STEP_STOP_ALL:
        fab_core_stop_all(lcore->core);
        break;
    case STEP_COUNT_ACTORS:
        order->count = fab_core_actor_count(lcore->core);
        break;
    default:
        fab_ports_leave(lcore);
        break;
    }
}

/* The hooked lcore is the stopping thread's: it obeys at once. */
static uint32_t
order_hooked(struct stopping *stopping, enum step step, struct myc_ref ref)
{
    struct order order = { .step = step, .ref = ref };

    fab_hook_run(&stopping->full->hook, run_order, &order);
    return order.count;
}

/* Gives an order to an lcore. Returns its count; 0 from one that is stuck. */
static uint32_t
order_one(struct stopping *stopping, uint8_t lcore, enum step step, struct myc_ref ref)
{
    struct fab_command_queue *commands = &stopping->full->lcores[lcore].commands;
    struct order *order;
    enum myc_status status;
    uint32_t count;

    if (fab_hook_is_own(&stopping->full->hook, &stopping->full->lcores[lcore]))
        return order_hooked(stopping, step, ref);
    order = stopping->is_stuck[lcore] ? NULL : calloc(1, sizeof(*order));
    if (!order)
        return 0;
    *order = (struct order){ .step = step, .ref = ref };
    status = fab_command_call(commands, run_order, order, stopping->full->stop_timeout_ms);
    if (status == MYC_TIMEOUT || status == MYC_FULL) {
        fab_log(FAB_LOG_ERROR, "lcore %u does not answer while the node stops: left out", lcore);
        stopping->is_stuck[lcore] = true;
        if (status == MYC_FULL)
            free(order);
        return 0; /* else the order is the lcore's now */
    }
    count = order->count;
    free(order);
    return count;
}

static uint32_t
order_all(struct stopping *stopping, enum step step)
{
    uint32_t sum = 0;

    for (uint32_t i = 0; i < stopping->full->launched_count; i++)
        sum += order_one(stopping, (uint8_t)i, step, (struct myc_ref){ 0, 0 });
    return sum;
}

/* Whether all that the program spawned has ended, from the last to the first. */
static bool
have_roots_ended(struct stopping *stopping)
{
    struct fab_full *full = stopping->full;

    while (full->root_count > 0) {
        struct myc_ref root = full->roots[full->root_count - 1];
        uint8_t lcore = myc_ref_lcore(root);

        if (!stopping->is_asked)
            order_one(stopping, lcore, STEP_STOP_ONE, root);
        stopping->is_asked = true;
        if (order_one(stopping, lcore, STEP_COUNT_ONE, root) > 0)
            return false;
        stopping->is_asked = false;
        full->root_count--;
    }
    return true;
}

static bool
have_names_gone(struct stopping *stopping)
{
    return order_all(stopping, STEP_COUNT_UNTOLD) == 0;
}

static bool
is_nothing_waiting(struct stopping *stopping)
{
    return order_all(stopping, STEP_COUNT_WAITING) == 0;
}

static bool
have_all_ended(struct stopping *stopping)
{
    return order_all(stopping, STEP_COUNT_ACTORS) == 0;
}

/* Waits for the end of a phase, or its time-out. */
static void
await(struct stopping *stopping, const char *phase, bool (*is_done)(struct stopping *stopping))
{
    static const struct timespec step = { .tv_nsec = 1000000 };
    unsigned limit_ms = stopping->full->stop_timeout_ms;

    for (unsigned waited_ms = 0; waited_ms < limit_ms; waited_ms++) {
        if (is_done(stopping))
            return;
        fab_hook_pass_time(&stopping->full->hook);
        nanosleep(&step, NULL);
    }
    fab_log(FAB_LOG_WARNING, "stop: %s took more than %u ms: going on", phase, limit_ms);
}

static void
end_lcores(struct fab_full *full)
{
    for (uint32_t i = 0; i < full->launched_count; i++)
        atomic_store_explicit(&full->lcores[i].is_stopping, true, memory_order_relaxed);
    for (uint32_t i = 0; i < full->launched_count; i++) {
        if (&full->lcores[i] == full->hook.lcore)
            continue;
        fab_eal_wait(full->lcores[i].eal_lcore);
        /* Pairs with the store in lcore_main: what the lcore wrote last is ours from here on. */
        FAB_ASSERT(atomic_load_explicit(&full->lcores[i].has_ended, memory_order_acquire));
    }
    full->launched_count = 0;
}

/* Its thread lets go of links that lcores take out: ours, too, meanwhile. */
static void
stop_segments(struct fab_full *full)
{
    fab_segments_stop_begin(full->segments);
    while (full->hook.lcore && !fab_segments_have_stopped(full->segments))
        fab_hook_pass_time(&full->hook);
    fab_segments_stop(full->segments);
}

static void
stop_lcores(struct fab_full *full)
{
    struct stopping stopping = { .full = full };

    fab_hook_own(&full->hook);
    order_all(&stopping, STEP_WITHDRAW);
    await(&stopping, "withdrawing names and groups", have_names_gone);
    order_all(&stopping, STEP_REFUSE);
    await(&stopping, "handling what waits", is_nothing_waiting);
    await(&stopping, "stopping what was spawned, the last first", have_roots_ended);
    order_all(&stopping, STEP_STOP_ALL);
    await(&stopping, "stopping the other actors", have_all_ended);
    stop_segments(full);
    order_all(&stopping, STEP_LEAVE);
    fab_watchdog_stop(&full->watchdog);
    end_lcores(full);
}

void
fab_full_stop(struct myc_node *node)
{
    struct fab_full *full = (struct fab_full *)node;

    fab_primary_unwatch(&full->primary);
    if (full->launched_count > 0)
        stop_lcores(full);
    else
        fab_segments_stop(full->segments);
    fab_segments_destroy(&full->segments);
    fab_ports_destroy(&full->ports);
    for (uint32_t i = 0; i < full->lcore_count; i++)
        if (full->lcores[i].core) {
            fab_lcore_fini(&full->lcores[i]);
            fab_guard_fini(&full->lcores[i]);
        }
    if (full->has_guards)
        fab_guards_remove();
    fab_full_rings_destroy(full);
    fab_dma_fini(&full->dma);
    fab_segment_memory_fini(&full->heap);
    if (full->is_eal_ours)
        fab_eal_stop();
    free(full->roots);
    fab_numa_pages_free(full->lcores, full->lcore_count * sizeof(*full->lcores));
    free(full);
}
