/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/core_lab.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

#define SETTLE_TURNS_MAX 100000U
#define STOP_TURNS_MAX   1000U

static void *
lab_alloc(void *context, size_t size, size_t align)
{
    struct lab *lab = context;
    void *pointer = aligned_alloc(align, (size + align - 1) & ~(align - 1));

    FAB_ASSERT(pointer != NULL);
    memset(pointer, 0, size);
    lab->blocks++;
    return pointer;
}

static void
lab_free(void *context, void *pointer)
{
    struct lab *lab = context;

    lab->blocks--;
    free(pointer);
}

void
lab_init(struct lab *lab)
{
    memset(lab, 0, sizeof(*lab));
    lab->now_ns = 1000000;
    lab->memory = (struct fab_core_memory){ lab_alloc, lab_free, lab };
}

struct fab_core_config
lab_config(uint64_t home, uint8_t lcore, uint8_t lcore_count)
{
    return (struct fab_core_config){
        .size = sizeof(struct fab_core_config),
        .home = home,
        .lcore = lcore,
        .lcore_count = lcore_count,
        .links_max = 16,
        .limits = {
            .actors_max = 256,
            .messages_max = 1024,
            .state_bytes_max = 1U << 20,
            .timers_max = 256,
            .asks_max = 256,
            .monitors_max = 256,
            .names_max = 64,
        },
        .finds_wait_cycles = true,
        .seed = 1,
    };
}

/* That of a core that dies stays until the end: others may still read what they borrowed of it. */
static void *
add_heap(struct lab *lab, uint64_t size)
{
    FAB_ASSERT(lab->heap_count < LAB_HEAPS_MAX);
    return lab->heaps[lab->heap_count++] = malloc(size);
}

struct fab_core *
lab_add_core(struct lab *lab, const struct fab_core_config *config)
{
    struct fab_core_config with_heap = *config;

    FAB_ASSERT(lab->core_count < LAB_CORES_MAX);
    if (config->heap_size > 0)
        with_heap.heap = add_heap(lab, config->heap_size);
    FAB_ASSERT(fab_core_create(&with_heap, &lab->memory, &lab->cores[lab->core_count]) == MYC_OK);
    fab_core_turn_begin(lab->cores[lab->core_count], lab->now_ns);
    return lab->cores[lab->core_count++];
}

static struct loop_end_options
end_of(const struct lab *lab, unsigned i)
{
    const struct fab_core_config *config = fab_core_config_of(lab->cores[i]);

    return (struct loop_end_options){ config->home, config->lcore, config->lcore_count,
                                      config->heap, config->heap_size };
}

struct loop_pair *
lab_join(struct lab *lab, unsigned i, unsigned j, enum fab_level level, uint32_t capacity)
{
    struct loop_options options = {
        .a = end_of(lab, i),
        .b = end_of(lab, j),
        .capacity = capacity,
        .level = level,
    };
    struct loop_pair *pair = loop_pair_create(&options);

    FAB_ASSERT(lab->pair_count < LAB_PAIRS_MAX);
    FAB_ASSERT(fab_core_add_link(lab->cores[i], loop_pair_a(pair)) == MYC_OK);
    FAB_ASSERT(fab_core_add_link(lab->cores[j], loop_pair_b(pair)) == MYC_OK);
    lab->pairs[lab->pair_count++] = pair;
    lab_turn(lab);
    return pair;
}

void
lab_add_flow(struct lab *lab, unsigned i, unsigned j, const struct lab_flow *flow)
{
    FAB_ASSERT(lab->flow_count < LAB_FLOWS_MAX);
    FAB_ASSERT(fab_core_add_link(lab->cores[i], flow->a) == MYC_OK);
    FAB_ASSERT(fab_core_add_link(lab->cores[j], flow->b) == MYC_OK);
    lab->flows[lab->flow_count++] = *flow;
    lab_settle(lab);
}

static enum fab_level
chosen_level(void)
{
    static const char *const names[] = {
        [FAB_LEVEL_RING] = "ring", [FAB_LEVEL_SEGMENT] = "segment", [FAB_LEVEL_FLOW] = "flow"
    };
    const char *wanted = getenv("LAB_LEVEL");
    unsigned level = FAB_LEVEL_RING;

    if (!wanted)
        return FAB_LEVEL_SEGMENT;
    while (strcmp(names[level], wanted) != 0)
        FAB_ASSERT(++level <= FAB_LEVEL_FLOW);
    return (enum fab_level)level;
}

void
lab_init_pair(struct lab *lab, enum fab_level asked, uint32_t capacity)
{
    enum fab_level level = asked == LAB_ANY_LEVEL ? chosen_level() : asked;
    bool is_one_node = level == FAB_LEVEL_RING;
    struct fab_core_config a = lab_config(LAB_HOME_1, 0, is_one_node ? 2 : 1);
    struct fab_core_config b =
        lab_config(is_one_node ? LAB_HOME_1 : LAB_HOME_2, is_one_node ? 1 : 0, is_one_node ? 2 : 1);

    lab_init(lab);
    lab_add_core(lab, &a);
    lab_add_core(lab, &b);
    lab_join(lab, 0, 1, level, capacity);
}

unsigned
lab_turn_core(struct lab *lab, unsigned i)
{
    struct fab_core *core = lab->cores[i];
    unsigned done;

    if (!core)
        return 0;
    fab_core_turn_begin(core, lab->now_ns);
    done = fab_core_poll(core, 32);
    done += fab_core_run(core, 256);
    fab_core_flush(core, lab->now_ns);
    return done;
}

unsigned
lab_turn(struct lab *lab)
{
    unsigned done = 0;

    lab->now_ns += LAB_TURN_NS;
    for (unsigned i = 0; i < lab->core_count; i++)
        done += lab_turn_core(lab, i);
    return done;
}

bool
lab_is_idle(const struct lab *lab)
{
    for (unsigned i = 0; i < lab->core_count; i++)
        if (lab->cores[i] && fab_core_has_work(lab->cores[i]))
            return false;
    for (unsigned i = 0; i < lab->pair_count; i++)
        if (loop_pair_in_flight(lab->pairs[i]) > 0)
            return false;
    for (unsigned i = 0; i < lab->flow_count; i++)
        if (!lab->flows[i].is_calm(lab->flows[i].pair))
            return false;
    return true;
}

void
lab_skip(struct lab *lab, uint64_t end_ns)
{
    uint64_t next_ns = end_ns;

    for (unsigned i = 0; i < lab->core_count; i++)
        if (lab->cores[i] && fab_core_next_ns(lab->cores[i]) < next_ns)
            next_ns = fab_core_next_ns(lab->cores[i]);
    for (unsigned i = 0; i < lab->flow_count; i++)
        if (lab->flows[i].next_ns(lab->flows[i].pair) < next_ns)
            next_ns = lab->flows[i].next_ns(lab->flows[i].pair);
    if (next_ns > lab->now_ns + LAB_TURN_NS)
        lab->now_ns = next_ns - LAB_TURN_NS;
}

void
lab_settle(struct lab *lab)
{
    unsigned turns = 0;
    unsigned quiet = 0;

    while (quiet < 2) {
        FAB_ASSERT(turns++ < SETTLE_TURNS_MAX);
        quiet = lab_turn(lab) == 0 && lab_is_idle(lab) ? quiet + 1 : 0;
    }
}

void
lab_advance(struct lab *lab, uint64_t ns)
{
    uint64_t end_ns = lab->now_ns + ns;

    while (lab->now_ns < end_ns)
        lab_turn(lab);
}

static void
unlink_flows(struct lab *lab, unsigned i)
{
    for (unsigned f = 0; f < lab->flow_count; f++) {
        struct fab_link *a = lab->flows[f].a, *b = lab->flows[f].b;

        if (a->core != lab->cores[i] && b->core != lab->cores[i])
            continue;
        fab_core_remove_link(a->core, a);
        fab_core_remove_link(b->core, b);
        lab->flows[f].destroy(lab->flows[f].pair);
        lab->flows[f--] = lab->flows[--lab->flow_count];
    }
}

/* Takes core i's links from everybody. */
static void
unlink_core(struct lab *lab, unsigned i)
{
    unlink_flows(lab, i);
    for (unsigned p = 0; p < lab->pair_count; p++) {
        struct fab_link *a = loop_pair_a(lab->pairs[p]);
        struct fab_link *b = loop_pair_b(lab->pairs[p]);

        if (a->core != lab->cores[i] && b->core != lab->cores[i])
            continue;
        fab_core_remove_link(a->core, a);
        fab_core_remove_link(b->core, b);
        loop_pair_destroy(lab->pairs[p]);
        lab->pairs[p--] = lab->pairs[--lab->pair_count];
    }
}

void
lab_kill_core(struct lab *lab, unsigned i)
{
    unlink_core(lab, i);
    fab_core_destroy(&lab->cores[i]);
}

void
lab_fini(struct lab *lab)
{
    for (unsigned i = 0; i < lab->core_count; i++)
        if (lab->cores[i])
            fab_core_stop_all(lab->cores[i]);
    for (unsigned turns = 0; turns < STOP_TURNS_MAX; turns++)
        lab_turn(lab);
    for (unsigned i = 0; i < lab->core_count; i++) {
        if (!lab->cores[i])
            continue;
        unlink_core(lab, i);
        FAB_ASSERT(fab_core_actor_count(lab->cores[i]) == 0);
        FAB_ASSERT(fab_core_is_quiet(lab->cores[i]));
        fab_core_destroy(&lab->cores[i]);
    }
    for (unsigned i = 0; i < lab->heap_count; i++)
        free(lab->heaps[i]);
    FAB_ASSERT(lab->blocks == 0);
}

const struct fab_core_counters *
lab_counters(const struct lab *lab, unsigned i)
{
    return fab_core_counters(lab->cores[i]);
}
