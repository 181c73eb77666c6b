/* SPDX-License-Identifier: BSD-3-Clause */
/* How a full node starts; full_rings.c, full_spawn.c and full_stop.c have the rest. */
#include "node/full.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include <mycelium/dead_letter.h>
#include <mycelium/name.h>
#include <mycelium/registry.h>

#include "actor/wait_cycle.h"
#include "base/log.h"
#include "env/clock.h"
#include "env/eal.h"
#include "env/numa.h"
#include "node/guard.h"
#include "node/ports.h"
#include "node/segments.h"
#include "node/watchdog.h"

#define INCARNATION_MASK 0xffffffffffffULL
#define SECONDS_2020     1577836800

/* ---- counters ------------------------------------------------------------------------------- */

static uint64_t
sum_core_counter(const struct fab_full *full, unsigned index)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < full->lcore_count; i++)
        sum += __atomic_load_n((const uint64_t *)fab_core_counters(full->lcores[i].core) + index,
                               __ATOMIC_RELAXED);
    return sum;
}

static void
full_counter_each(const struct myc_node *node,
                  void (*each)(void *context, const char *name, const char *text, uint64_t value),
                  void *context)
{
    const struct fab_full *full = (const struct fab_full *)node;

    for (unsigned i = 0; i < fab_core_counter_count; i++)
        each(context, fab_core_counter_table[i].name, fab_core_counter_table[i].text,
             sum_core_counter(full, i));
    if (full->ports)
        fab_ports_counter_each(full->ports, each, context);
    fab_segments_counter_each(full->segments, each, context);
    each(context, "primaries_lost",
         "whether this secondary process has lost its primary: 1, else 0",
         atomic_load_explicit(&full->primary.is_lost, memory_order_relaxed));
}

static unsigned
full_poll(struct myc_node *node, unsigned budget)
{
    return fab_hook_poll(&((struct fab_full *)node)->hook, budget);
}

static int
full_join(struct myc_node *node)
{
    return fab_segments_join(((struct fab_full *)node)->segments);
}

static const struct fab_node_ops full_ops = {
    .stop = fab_full_stop,
    .spawn = fab_full_spawn,
    .poll = full_poll,
    .join = full_join,
    .counter_each = full_counter_each,
};

/* ---- start ---------------------------------------------------------------------------------- */

/* Milliseconds since 2020, and 8 random bits: a later life of a node has the greater number, so
 * that refs to an earlier one are known as such (actor/route.c), and none comes twice though the
 * clock may be set back a little. */
static uint64_t
draw_home(uint16_t node_id)
{
    struct timespec now = { 0 };
    uint8_t random = 0;
    uint64_t ms;

    clock_gettime(CLOCK_REALTIME, &now);
    ms = (uint64_t)(now.tv_sec - SECONDS_2020) * 1000U + (uint64_t)now.tv_nsec / 1000000U;
    if (getrandom(&random, sizeof(random), 0) != sizeof(random))
        random = (uint8_t)now.tv_nsec;
    return (uint64_t)node_id << 48 | ((ms << 8 | random) & INCARNATION_MASK);
}

static enum myc_status
start_eal(struct fab_full *full)
{
    const struct myc_node_options *options = &full->options;
    char error[384] = "";
    enum myc_status status =
        fab_eal_start(options->eal_argc, options->eal_argv, error, sizeof(error));

    if (status != MYC_OK)
        return FAB_REFUSE(options, status, "%s", error);
    full->is_eal_ours = options->eal_argc >= 0;
    fab_clock_init();
    full->head.home = draw_home(options->node_id);
    for (uint32_t i = 0; i < full->lcore_count; i++)
        if (!options->lcores[i].is_hooked && !fab_eal_has_worker(options->lcores[i].eal_lcore))
            return FAB_REFUSE(options, MYC_NOT_FOUND,
                              "lcore %u of the node is EAL lcore %u, which is not a worker of "
                              "the EAL: add it with -l or --lcores (the main lcore cannot be "
                              "used)",
                              i, options->lcores[i].eal_lcore);
    return MYC_OK;
}

/* The NUMA node of each lcore. Returns `sockets`. */
static const int *
sockets_of(const struct fab_full *full, int sockets[FAB_LCORES_MAX])
{
    for (uint32_t i = 0; i < full->lcore_count; i++)
        sockets[i] = fab_eal_socket(full->options.lcores[i].eal_lcore);
    return sockets;
}

/* What each lcore writes in every turn begins with a page of its own (lcore.h). */
static enum myc_status
make_lcores(struct fab_full *full)
{
    int sockets[FAB_LCORES_MAX];
    const struct fab_numa_parts parts = { sockets_of(full, sockets), full->lcore_count };

    full->lcores = fab_numa_pages("lcore", full->lcore_count * sizeof(*full->lcores), &parts);
    return full->lcores ? MYC_OK : MYC_NO_MEMORY;
}

/* In memory of its own, not the EAL's: a process that attaches may map it, and nothing else. */
static enum myc_status
start_heap(struct fab_full *full)
{
    int sockets[FAB_LCORES_MAX];
    const struct fab_numa_parts parts = { sockets_of(full, sockets), full->lcore_count };
    enum myc_status status =
        fab_segment_memory_create_on((size_t)fab_full_heap_part(full) * full->lcore_count,
                                     fab_eal_is_huge(), "heap", &parts, &full->heap);

    if (status != MYC_OK)
        return FAB_REFUSE(&full->options, status,
                          "no memory for large messages: lower limits.heap_mb_max");
    fab_dma_init(&full->dma, full->heap.base, full->heap.size,
                 fab_segment_memory_page(&full->heap));
    return MYC_OK;
}

static uint64_t
clock_of_core(void *context)
{
    (void)context;
    return fab_clock_ns();
}

static enum myc_status
start_core(struct fab_full *full, uint8_t index)
{
    const struct myc_lcore_options *options = &full->options.lcores[index];
    struct fab_lcore *lcore = &full->lcores[index];
    const struct fab_core_config config = {
        .size = sizeof(config),
        .home = full->head.home,
        .lcore = index,
        .lcore_count = (uint8_t)full->lcore_count,
        .limits = full->options.limits,
        .finds_wait_cycles = FAB_WAIT_CYCLES,
        .seed = full->head.home ^ (uint64_t)index << 56 ^ fab_clock_ns(),
        .clock_ns = clock_of_core,
        .heap = fab_full_heap(full, index),
        .heap_size = fab_full_heap_part(full),
        .heap_incoming = full->options.port_count ? fab_full_heap_part(full) / 2 : 0,
        .exported = full->options.exported,
        .exported_count = full->options.exported_count,
        .ports = fab_ports_core_ops(lcore),
    };

    lcore->full = full;
    lcore->index = index;
    lcore->eal_lcore = options->eal_lcore;
    lcore->socket = fab_eal_socket(options->eal_lcore);
    /* Whoever has hooked it decides what his thread does when there is nothing to do. */
    return fab_lcore_init(lcore, &config, options->is_hooked ? MYC_IDLE_BUSY : options->idle);
}

static enum myc_status
start_cores(struct fab_full *full)
{
    for (uint32_t i = 0; i < full->lcore_count; i++) {
        enum myc_status status = start_core(full, (uint8_t)i);

        if (status != MYC_OK)
            return FAB_REFUSE(&full->options, status,
                              "lcore %u: no memory for its actors, messages and tables: lower "
                              "limits.*, or give the EAL more memory (-m, hugepages)",
                              i);
    }
    return MYC_OK;
}

/* The only signal handler that the library ever installs. */
static enum myc_status
start_guards(struct fab_full *full)
{
    enum myc_status status = MYC_OK;

    if (!full->options.guards_faults)
        return MYC_OK;
    for (uint32_t i = 0; status == MYC_OK && i < full->lcore_count; i++)
        status = fab_guard_init(&full->lcores[i]);
    if (status == MYC_OK)
        status = fab_guards_install();
    full->has_guards = status == MYC_OK;
    return status;
}

static enum myc_status
start_ports(struct fab_full *full)
{
    if (full->options.port_count == 0)
        return MYC_OK;
    return fab_ports_create(full, &full->ports);
}

/* On each lcore: the registry in slot 0, the first actor that lives there, and who passes dead
 * letters on. */
static enum myc_status
start_system_actors(struct fab_full *full)
{
    static const struct myc_class *const classes[] = { &myc_registry_class,
                                                       &myc_dead_letters_class };

    for (uint32_t i = 0; i < FAB_COUNT_OF(classes) * full->lcore_count; i++) {
        const struct myc_class *class_of = classes[i % FAB_COUNT_OF(classes)];
        uint32_t lcore = i / (uint32_t)FAB_COUNT_OF(classes);
        enum myc_status status = fab_core_spawn(full->lcores[lcore].core, class_of, NULL, NULL);

        if (status != MYC_OK)
            return FAB_REFUSE(&full->options, status, "lcore %u: its actor %s did not start", lcore,
                              class_of->name);
    }
    return MYC_OK;
}

static int
lcore_main(void *argument)
{
    struct fab_lcore *lcore = argument;

    fab_guard_enter(lcore);
    fab_lcore_run(lcore);
    fab_guard_leave(lcore);
    /* Pairs with the load in end_lcores (full_stop.c). */
    atomic_store_explicit(&lcore->has_ended, true, memory_order_release);
    return 0;
}

static void
hook_in(struct fab_full *full, struct fab_lcore *lcore)
{
    full->hook.lcore = lcore;
    full->hook.ns_max = full->options.poll_us_max * 1000ULL;
    fab_hook_own(&full->hook);
}

static enum myc_status
launch(struct fab_full *full)
{
    for (uint32_t i = 0; i < full->lcore_count; i++) {
        uint32_t eal_lcore = full->lcores[i].eal_lcore;
        enum myc_status status = MYC_OK;

        if (full->options.lcores[i].is_hooked)
            hook_in(full, &full->lcores[i]);
        else
            status = fab_eal_launch(eal_lcore, lcore_main, &full->lcores[i]);
        if (status != MYC_OK)
            return FAB_REFUSE(&full->options, status,
                              "EAL lcore %u runs something else: give the node lcores that "
                              "are free",
                              eal_lcore);
        full->launched_count++;
    }
    return MYC_OK;
}

static enum myc_status
start_segments(struct fab_full *full)
{
    return fab_segments_create(full, &full->segments);
}

static enum myc_status
open_segments(struct fab_full *full)
{
    return full->segments ? fab_segments_open(full->segments) : MYC_OK;
}

static enum myc_status
start_watchdog(struct fab_full *full)
{
    return fab_watchdog_start(full, &full->watchdog);
}

static enum myc_status
watch_primary(struct fab_full *full)
{
    return fab_primary_watch(&full->primary, &full->options);
}

static enum myc_status
run_phases(struct fab_full *full)
{
    enum myc_status (*const phases[])(struct fab_full *) = {
        start_eal,     make_lcores,    start_heap,
        start_cores,   start_guards,   fab_full_rings_create,
        start_ports,   start_segments, start_system_actors,
        launch,        open_segments,  start_watchdog,
        watch_primary,
    };

    for (size_t i = 0; i < FAB_COUNT_OF(phases); i++) {
        enum myc_status status = phases[i](full);

        if (status != MYC_OK)
            return status;
    }
    return MYC_OK;
}

enum myc_status
myc_node_start(const struct myc_node_options *options, struct myc_node **node)
{
    enum myc_status status = fab_node_options_check(options);
    struct fab_full *full;

    if (status != MYC_OK)
        return status;
    full = calloc(1, sizeof(*full));
    if (!full)
        return MYC_NO_MEMORY;
    full->head.ops = &full_ops;
    full->options = *options;
    full->options.limits = fab_node_limits(&options->limits);
    full->stop_timeout_ms =
        options->stop_timeout_ms ? options->stop_timeout_ms : FAB_NODE_STOP_TIMEOUT_MS;
    full->lcore_count = options->lcore_count;
    full->heap.fd = -1;
    status = run_phases(full);
    if (status != MYC_OK) {
        full->lcore_count = full->lcores ? full->lcore_count : 0;
        fab_full_stop(&full->head);
        return status;
    }
    *node = &full->head;
    return MYC_OK;
}
