/* SPDX-License-Identifier: BSD-3-Clause */
#include "node/lcore.h"

#include "env/clock.h"
#include "env/memory.h"

#define RUN_SLICE  32U     /* handlers between two looks at the clock */
#define RUN_NS_MAX 500000U /* after which no further ones begin: peers wait for our signs */

static void *
alloc_near(void *context, size_t size, size_t align)
{
    const struct fab_lcore *lcore = context;

    return fab_memory_alloc("core", size, align, lcore->socket);
}

static void
free_near(void *context, void *pointer)
{
    (void)context;
    fab_memory_free(pointer);
}

enum myc_status
fab_lcore_init(struct fab_lcore *lcore, const struct fab_core_config *config, enum myc_idle idle)
{
    const struct fab_core_memory memory = { alloc_near, free_near, lcore };
    enum myc_status status = fab_core_create(config, &memory, &lcore->core);

    if (status != MYC_OK)
        return status;
    fab_idle_init(&lcore->idle, idle);
    fab_command_queue_init(&lcore->commands);
    return MYC_OK;
}

void
fab_lcore_fini(struct fab_lcore *lcore)
{
    fab_core_destroy(&lcore->core);
    fab_command_queue_fini(&lcore->commands);
}

enum myc_status
fab_lcore_add_pollable(struct fab_lcore *lcore, struct fab_pollable pollable)
{
    if (lcore->pollable_count == FAB_POLLABLES_MAX)
        return MYC_FULL;
    lcore->pollables[lcore->pollable_count++] = pollable;
    return MYC_OK;
}

void
fab_lcore_remove_pollable(struct fab_lcore *lcore, void *context)
{
    for (uint32_t i = 0; i < lcore->pollable_count; i++) {
        if (lcore->pollables[i].context != context)
            continue;
        lcore->pollables[i] = lcore->pollables[--lcore->pollable_count];
        return;
    }
}

/* One writer, so a plain load and store will do: no locked instruction on the hot path. */
static void
add(_Atomic uint64_t *counter, uint64_t amount)
{
    uint64_t value = atomic_load_explicit(counter, memory_order_relaxed);

    atomic_store_explicit(counter, value + amount, memory_order_relaxed);
}

static void
account(struct fab_lcore *lcore, uint64_t now_ns, unsigned work)
{
    struct fab_lcore_usage *usage = &lcore->usage;
    uint64_t before_ns = lcore->idle.turn_ns;
    uint64_t took_ns = before_ns ? now_ns - before_ns : 0;

    add(&usage->turns, 1);
    add(lcore->idle.was_idle ? &usage->idle_ns : &usage->busy_ns, took_ns);
    if (work)
        add(&usage->busy_turns, 1);
    if (fab_unlikely(took_ns > atomic_load_explicit(&usage->gap_ns_max, memory_order_relaxed)))
        atomic_store_explicit(&usage->gap_ns_max, took_ns, memory_order_relaxed);
}

/* A port hands over no more records than the core can answer. */
static unsigned
poll_ports(struct fab_lcore *lcore, uint64_t now_ns)
{
    unsigned work = 0;

    for (uint32_t i = 0; i < lcore->pollable_count; i++) {
        const struct fab_pollable *pollable = &lcore->pollables[i];

        work += pollable->poll(pollable->context, fab_core_room(lcore->core), now_ns);
    }
    return work;
}

static void
flush_ports(struct fab_lcore *lcore, uint64_t now_ns)
{
    for (uint32_t i = 0; i < lcore->pollable_count; i++) {
        const struct fab_pollable *pollable = &lcore->pollables[i];

        if (pollable->flush)
            pollable->flush(pollable->context, now_ns);
    }
}

/* Runs handlers a few at a time, looking at the clock between. */
static unsigned
run_until(struct fab_lcore *lcore, const struct fab_turn_limits *limits, uint64_t end_ns)
{
    unsigned handlers = limits->handlers, slice = limits->slice;
    unsigned work = fab_core_run(lcore->core, handlers < slice ? handlers : slice);

    while (work < handlers && fab_clock_ns() < end_ns) {
        unsigned left = handlers - work;
        unsigned done = fab_core_run_more(lcore->core, left < slice ? left : slice);

        if (done == 0)
            break;
        work += done;
    }
    return work;
}

unsigned
fab_lcore_turn(struct fab_lcore *lcore, const struct fab_turn_limits *limits)
{
    uint64_t now_ns = fab_clock_ns(), end_ns;
    unsigned work = 0;

    fab_core_turn_begin(lcore->core, now_ns);
    work += fab_command_poll(&lcore->commands, lcore);
    work += fab_core_poll(lcore->core, limits->records);
    work += poll_ports(lcore, now_ns);
    if (limits->ns_max == 0)
        work += fab_core_run(lcore->core, limits->handlers);
    else
        work += run_until(lcore, limits, now_ns + limits->ns_max);
    /* Handlers may have taken long: a frame stamped with the turn's beginning would make the path
     * look slow by as much. Rings and segments stamp nothing. */
    end_ns = work && lcore->pollable_count ? fab_clock_ns() : now_ns;
    fab_core_flush(lcore->core, end_ns);
    flush_ports(lcore, end_ns);
    account(lcore, now_ns, work);
    fab_idle_turn(&lcore->idle, now_ns, work);
    return work;
}

void
fab_lcore_run(struct fab_lcore *lcore)
{
    static const struct fab_turn_limits limits = { FAB_POLL_BURST, FAB_RUN_BUDGET, RUN_SLICE,
                                                   RUN_NS_MAX };

    while (!atomic_load_explicit(&lcore->is_stopping, memory_order_relaxed))
        fab_lcore_turn(lcore, &limits);
}
