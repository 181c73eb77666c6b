/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The bench of mycelium/test.h: the cores of a lab, a schedule, faults.
 *
 * Core n * lcore_count + l is lcore l of node n. A turn lets each core take one; when it is
 * shuffled they do in a random order, a quarter of them not at all, with small budgets, so that
 * seeds reach what regular turns never do. The time jumps when nothing can happen before.
 */
#include "bench.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

#include <mycelium/registry.h>

#define POLL_BURST     32U
#define RUN_BUDGET     256U
#define SHUFFLE_BUDGET 16U
#define PATIENCE_NS    10000000000ULL
#define SETTLE_TURNS   1000000U
#define STOP_TURNS     100000U

static unsigned
core_index(const struct myc_test *test, uint8_t node, uint8_t lcore)
{
    FAB_ASSERT(node < test->options.node_count && lcore < test->options.lcore_count);
    return (unsigned)node * test->options.lcore_count + lcore;
}

struct fab_core *
bench_core(const struct myc_test *test, uint8_t node, uint8_t lcore)
{
    return test->lab.cores[core_index(test, node, lcore)];
}

void
bench_fail(struct myc_test *test, const char *format, ...)
{
    char said[512];
    char line[640];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(said, sizeof(said), format, arguments);
    va_end(arguments);
    snprintf(line, sizeof(line), "seed %llu, at %llu ns: %s",
             (unsigned long long)test->options.seed, (unsigned long long)test->lab.now_ns, said);
    fprintf(stderr, "%s\n", line);
    if (!test->options.on_failure)
        abort();
    test->options.on_failure(test->options.context, line);
}

/* A node's clock, which may be fast or slow. */
static uint64_t
bench_clock(const struct myc_test *test, uint8_t node)
{
    uint64_t now_ns = test->lab.now_ns;

    return (uint64_t)((int64_t)now_ns +
                      (int64_t)(now_ns / 1000000U) * test->options.drift_ppm[node]);
}

/* When the bench's clock is there that a node's shows then; rather early. */
static uint64_t
bench_time_of(const struct myc_test *test, uint8_t node, uint64_t node_ns)
{
    int64_t drift = test->options.drift_ppm[node];

    if (drift == 0 || node_ns == UINT64_MAX)
        return node_ns;
    return (uint64_t)((double)node_ns / (1.0 + (double)drift / 1e6)) - 1;
}

/* --- making ----------------------------------------------------------------------------------- */

static void
fill_defaults(struct myc_test_options *options)
{
    if (options->node_count == 0)
        options->node_count = 1;
    if (options->lcore_count == 0)
        options->lcore_count = 1;
    if (options->seed == 0)
        options->seed = 1;
    if (options->patience_ns == 0)
        options->patience_ns = PATIENCE_NS;
}

static void
or_default(uint32_t *limit, uint32_t otherwise)
{
    if (*limit == 0)
        *limit = otherwise;
}

static struct fab_core_config
config_of(struct myc_test *test, uint8_t node, uint8_t lcore)
{
    struct fab_core_config config =
        lab_config(test->nodes[node].home, lcore, test->options.lcore_count);
    struct myc_limits limits = test->options.limits;

    or_default(&limits.actors_max, config.limits.actors_max);
    or_default(&limits.messages_max, config.limits.messages_max);
    or_default(&limits.timers_max, config.limits.timers_max);
    or_default(&limits.asks_max, config.limits.asks_max);
    or_default(&limits.monitors_max, config.limits.monitors_max);
    or_default(&limits.names_max, config.limits.names_max);
    if (limits.state_bytes_max == 0)
        limits.state_bytes_max = 2U << 20;
    config.limits = limits;
    config.links_max = LAB_CORES_MAX;
    config.seed = fab_prng_next(&test->prng);
    return config;
}

static void
start_core(struct myc_test *test, uint8_t node, uint8_t lcore)
{
    struct fab_core_config config = config_of(test, node, lcore);
    struct fab_core **core = &test->lab.cores[core_index(test, node, lcore)];

    FAB_ASSERT(*core == NULL);
    FAB_ASSERT(fab_core_create(&config, &test->lab.memory, core) == MYC_OK);
    fab_core_turn_begin(*core, bench_clock(test, node));
    FAB_ASSERT(fab_core_spawn(*core, &myc_registry_class, NULL, NULL) == MYC_OK);
}

static struct loop_end_options
end_of(const struct myc_test *test, unsigned i)
{
    uint8_t lcores = test->options.lcore_count;

    return (struct loop_end_options){
        .home = test->nodes[i / lcores].home,
        .lcore = (uint8_t)(i % lcores),
        .lcore_count = lcores,
    };
}

/* Joins two cores that both run. */
static void
join_cores(struct myc_test *test, unsigned i, unsigned j)
{
    const struct myc_test_options *options = &test->options;
    bool is_one_node = i / options->lcore_count == j / options->lcore_count;
    struct lab *lab = &test->lab;
    const struct loop_options loop = {
        .a = end_of(test, i),
        .b = end_of(test, j),
        .capacity = options->link_capacity,
        .level = is_one_node              ? FAB_LEVEL_RING
                 : options->is_other_host ? FAB_LEVEL_FLOW
                                          : FAB_LEVEL_SEGMENT,
        .clock_ns = &lab->now_ns,
        .delay_random_ns = is_one_node ? 0 : options->delay_ns_max,
        .seed = fab_prng_next(&test->prng),
    };
    struct loop_pair *pair = loop_pair_create(&loop);

    FAB_ASSERT(lab->pair_count < LAB_PAIRS_MAX);
    FAB_ASSERT(fab_core_add_link(lab->cores[i], loop_pair_a(pair)) == MYC_OK);
    FAB_ASSERT(fab_core_add_link(lab->cores[j], loop_pair_b(pair)) == MYC_OK);
    lab->pairs[lab->pair_count++] = pair;
}

/* Starts the cores of a node and joins them with all that run. */
static void
start_node(struct myc_test *test, uint8_t node)
{
    unsigned first = core_index(test, node, 0);
    unsigned end = first + test->options.lcore_count;

    test->nodes[node].home =
        (uint64_t)(node + 1) << 48 | ++test->lives << 8 | (fab_prng_next(&test->prng) & 0xffU);
    for (unsigned i = first; i < end; i++)
        start_core(test, node, (uint8_t)(i - first));
    for (unsigned i = first; i < end; i++)
        for (unsigned j = 0; j < test->lab.core_count; j++)
            if (test->lab.cores[j] && (j < first || j >= end || j > i))
                join_cores(test, i, j);
}

struct myc_test *
myc_test_create(const struct myc_test_options *options)
{
    struct myc_test *test = calloc(1, sizeof(*test));

    FAB_ASSERT(test != NULL && options->size == sizeof(*options));
    test->options = *options;
    fill_defaults(&test->options);
    FAB_ASSERT(test->options.node_count <= MYC_TEST_NODES_MAX);
    FAB_ASSERT(test->options.lcore_count <= MYC_TEST_LCORES_MAX);
    fab_prng_init(&test->prng, test->options.seed);
    lab_init(&test->lab);
    test->lab.core_count = (unsigned)test->options.node_count * test->options.lcore_count;
    for (uint8_t node = 0; node < test->options.node_count; node++)
        start_node(test, node);
    myc_test_settle(test);
    return test;
}

static uint32_t
actors_left(const struct myc_test *test)
{
    uint32_t left = 0;

    for (unsigned i = 0; i < test->lab.core_count; i++)
        left += test->lab.cores[i] ? fab_core_actor_count(test->lab.cores[i]) : 0;
    return left;
}

void
myc_test_destroy(struct myc_test **owned)
{
    struct myc_test *test = *owned;

    for (uint8_t node = 0; node < test->options.node_count; node++)
        test->nodes[node].is_paused = false;
    for (unsigned i = 0; i < test->lab.core_count; i++)
        if (test->lab.cores[i])
            fab_core_stop_all(test->lab.cores[i]);
    for (unsigned turns = 0; turns < STOP_TURNS && actors_left(test) > 0; turns++)
        bench_turn(test);
    bench_free_probes(test);
    lab_fini(&test->lab);
    free(test);
    *owned = NULL;
}

enum myc_status
myc_test_spawn(struct myc_test *test, uint8_t node, uint8_t lcore, const struct myc_class *class_of,
               const struct myc_spawn_options *options, struct myc_ref *ref)
{
    struct fab_core *core = bench_core(test, node, lcore);

    return core ? fab_core_spawn(core, class_of, options, ref) : MYC_GONE;
}

/* --- the schedule ----------------------------------------------------------------------------- */

static unsigned
turn_core(struct myc_test *test, unsigned i, unsigned burst, unsigned budget)
{
    struct fab_core *core = test->lab.cores[i];
    uint64_t now_ns = bench_clock(test, (uint8_t)(i / test->options.lcore_count));
    unsigned done;

    if (!core || test->nodes[i / test->options.lcore_count].is_paused)
        return 0;
    fab_core_turn_begin(core, now_ns);
    done = fab_core_poll(core, burst);
    done += fab_core_run(core, budget);
    fab_core_flush(core, now_ns);
    return done;
}

static unsigned
regular_turn(struct myc_test *test)
{
    unsigned done = 0;

    test->lab.now_ns += LAB_TURN_NS;
    for (unsigned i = 0; i < test->lab.core_count; i++)
        done += turn_core(test, i, POLL_BURST, RUN_BUDGET);
    return done;
}

static unsigned
shuffled_turn(struct myc_test *test)
{
    unsigned count = test->lab.core_count;
    unsigned order[LAB_CORES_MAX];
    unsigned done = 0;

    test->lab.now_ns += LAB_TURN_NS;
    for (unsigned i = 0; i < count; i++) {
        unsigned j = (unsigned)fab_prng_below(&test->prng, i + 1);

        order[i] = order[j];
        order[j] = i;
    }
    for (unsigned i = 0; i < count; i++)
        if (!fab_prng_chance(&test->prng, 250000))
            done +=
                turn_core(test, order[i], 1 + (unsigned)fab_prng_below(&test->prng, SHUFFLE_BUDGET),
                          1 + (unsigned)fab_prng_below(&test->prng, SHUFFLE_BUDGET));
    return done;
}

unsigned
bench_turn(struct myc_test *test)
{
    return test->options.is_shuffled ? shuffled_turn(test) : regular_turn(test);
}

static bool
is_paused(const struct myc_test *test, unsigned i)
{
    return test->nodes[i / test->options.lcore_count].is_paused;
}

/* Whether somebody who is not paused could take from a link now. */
static bool
has_arrived(const struct myc_test *test)
{
    bool is_any_paused = false;

    for (unsigned i = 0; i < test->options.node_count; i++)
        is_any_paused |= test->nodes[i].is_paused;
    for (unsigned i = 0; i < test->lab.pair_count && !is_any_paused; i++)
        if (loop_pair_next_ns(test->lab.pairs[i]) <= test->lab.now_ns)
            return true;
    return false;
}

bool
bench_is_idle(const struct myc_test *test)
{
    for (unsigned i = 0; i < test->lab.core_count; i++)
        if (test->lab.cores[i] && !is_paused(test, i) && fab_core_has_work(test->lab.cores[i]))
            return false;
    return !has_arrived(test);
}

void
bench_skip(struct myc_test *test, uint64_t end_ns)
{
    uint64_t next_ns = end_ns;

    for (unsigned i = 0; i < test->lab.core_count; i++) {
        uint64_t due_ns;

        if (!test->lab.cores[i] || is_paused(test, i))
            continue;
        due_ns = bench_time_of(test, (uint8_t)(i / test->options.lcore_count),
                               fab_core_next_ns(test->lab.cores[i]));
        next_ns = due_ns < next_ns ? due_ns : next_ns;
    }
    for (unsigned i = 0; i < test->lab.pair_count; i++)
        if (loop_pair_next_ns(test->lab.pairs[i]) < next_ns)
            next_ns = loop_pair_next_ns(test->lab.pairs[i]);
    if (next_ns > test->lab.now_ns + LAB_TURN_NS)
        test->lab.now_ns = next_ns - LAB_TURN_NS;
}

/* Whether anything is on its way, however slow. */
static bool
is_underway(const struct myc_test *test)
{
    for (unsigned i = 0; i < test->lab.pair_count; i++)
        if (loop_pair_next_ns(test->lab.pairs[i]) != UINT64_MAX)
            return true;
    return false;
}

void
myc_test_settle(struct myc_test *test)
{
    unsigned quiet = 0;

    for (unsigned turns = 0; quiet < 3; turns++) {
        /* The last turns are regular: a shuffled one leaves out who had something to say. */
        bool is_calm = (quiet > 0 ? regular_turn(test) : bench_turn(test)) == 0;

        FAB_ASSERT(turns < SETTLE_TURNS);
        quiet = is_calm && bench_is_idle(test) ? quiet + 1 : 0;
        if (quiet == 2 && is_underway(test)) {
            uint64_t before_ns = test->lab.now_ns;

            bench_skip(test, UINT64_MAX);
            quiet = test->lab.now_ns > before_ns ? 0 : quiet; /* else: a paused node's */
        }
    }
}

void
myc_test_advance(struct myc_test *test, uint64_t ns)
{
    uint64_t end_ns = test->lab.now_ns + ns;

    while (test->lab.now_ns < end_ns)
        if (bench_turn(test) == 0 && bench_is_idle(test))
            bench_skip(test, end_ns);
}

uint64_t
myc_test_now_ns(const struct myc_test *test)
{
    return test->lab.now_ns;
}

uint64_t
myc_test_random(struct myc_test *test)
{
    return fab_prng_next(&test->prng);
}

uint64_t
myc_test_counter(const struct myc_test *test, uint8_t node, uint8_t lcore, const char *name)
{
    const uint64_t *counters = (const void *)fab_core_counters(bench_core(test, node, lcore));
    unsigned i = 0;

    while (i < fab_core_counter_count && strcmp(fab_core_counter_table[i].name, name) != 0)
        i++;
    FAB_ASSERT(i < fab_core_counter_count);
    return counters[i];
}

uint32_t
myc_test_actor_count(const struct myc_test *test, uint8_t node, uint8_t lcore)
{
    const struct fab_core *core = bench_core(test, node, lcore);

    return core ? fab_core_actor_count(core) : 0;
}

/* --- faults ----------------------------------------------------------------------------------- */

static uint64_t
home_of(struct fab_link *end)
{
    return fab_core_config_of(end->core)->home;
}

/* Calls loop_pair_cut or _join for every pair between two nodes. */
static void
each_pair(struct myc_test *test, uint8_t node, uint8_t other, bool is_cut)
{
    for (unsigned i = 0; i < test->lab.pair_count; i++) {
        struct loop_pair *pair = test->lab.pairs[i];
        uint64_t a = home_of(loop_pair_a(pair));
        uint64_t b = home_of(loop_pair_b(pair));

        if ((a != test->nodes[node].home || b != test->nodes[other].home) &&
            (b != test->nodes[node].home || a != test->nodes[other].home))
            continue;
        if (is_cut)
            loop_pair_cut(pair);
        else if (!loop_pair_a(pair)->is_up || !loop_pair_b(pair)->is_up)
            loop_pair_join(pair, b);
    }
}

void
myc_test_cut(struct myc_test *test, uint8_t node, uint8_t other)
{
    each_pair(test, node, other, true);
}

void
myc_test_heal(struct myc_test *test, uint8_t node, uint8_t other)
{
    regular_turn(test); /* a cut of this moment is seen before it is mended */
    each_pair(test, node, other, false);
}

void
myc_test_crash(struct myc_test *test, uint8_t node)
{
    bench_forget_probes(test, node);
    test->nodes[node].is_paused = false;
    for (uint8_t lcore = 0; lcore < test->options.lcore_count; lcore++)
        if (bench_core(test, node, lcore))
            lab_kill_core(&test->lab, core_index(test, node, lcore));
}

void
myc_test_restart(struct myc_test *test, uint8_t node)
{
    FAB_ASSERT(bench_core(test, node, 0) == NULL);
    start_node(test, node);
}

void
myc_test_pause(struct myc_test *test, uint8_t node, bool is_paused)
{
    test->nodes[node].is_paused = is_paused;
}
