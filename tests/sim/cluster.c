/* SPDX-License-Identifier: BSD-3-Clause */
#include "sim/cluster.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/flow_invariants.h"

#define RING_RECORDS   64U
#define CALM_TURNS_MAX 2000000U
#define STILL_TURNS    4U /* without work, while somebody stands still: nobody else has any */

_Noreturn void
cluster_fail(const struct cluster *cluster, const char *what)
{
    fprintf(stderr, "sim_cluster: SIM_SEED=%" PRIu64 " at %" PRIu64 " ns: broken: %s\n",
            cluster->seed, cluster->lab.now_ns, what);
    abort();
}

static unsigned
core_count(const struct cluster *cluster)
{
    return cluster->nodes * cluster->lcores;
}

static unsigned
min_of(unsigned i, unsigned j)
{
    return i < j ? i : j;
}

static unsigned
max_of(unsigned i, unsigned j)
{
    return i < j ? j : i;
}

/* The flow between two cores, of whichever nodes; NULL: they are of one. */
static struct flow_pair *
flow_of(const struct cluster *cluster, unsigned i, unsigned j)
{
    return cluster->flows[min_of(i, j)][max_of(i, j)];
}

static const struct flow_loop_wire *
wire_of(const struct cluster *cluster, unsigned i, unsigned j)
{
    unsigned a = cluster_node_of(cluster, min_of(i, j));
    unsigned b = cluster_node_of(cluster, max_of(i, j));

    return &cluster->wires[a][b];
}

/* --- nodes ------------------------------------------------------------------------------------ */

static void
make_cores(struct cluster *cluster, unsigned node)
{
    uint64_t incarnation = fab_prng_next(&cluster->prng) & 0xffffffffffffULL;
    uint64_t home = (uint64_t)(node + 1) << 48 | incarnation;

    for (unsigned i = 0; i < cluster->lcores; i++) {
        struct fab_core_config config = lab_config(home, (uint8_t)i, (uint8_t)cluster->lcores);
        struct fab_core **core = &cluster->lab.cores[node * cluster->lcores + i];

        config.seed = fab_prng_next(&cluster->prng);
        if (fab_core_create(&config, &cluster->lab.memory, core) != MYC_OK)
            cluster_fail(cluster, "there is memory for a core");
        fab_core_turn_begin(*core, cluster->lab.now_ns);
    }
    cluster->is_there[node] = true;
    for (unsigned i = 0; i < cluster->lcores; i++)
        for (unsigned j = i + 1; j < cluster->lcores; j++)
            lab_join(&cluster->lab, node * cluster->lcores + i, node * cluster->lcores + j,
                     FAB_LEVEL_RING, RING_RECORDS);
}

static void
add_link(struct cluster *cluster, unsigned own, unsigned peer)
{
    struct fab_link *link = flow_pair_link(flow_of(cluster, own, peer), own < peer);

    memset(&cluster->before[own][peer], 0, sizeof(cluster->before[own][peer]));
    if (fab_core_add_link(cluster->lab.cores[own], link) != MYC_OK)
        cluster_fail(cluster, "a core has room for its links");
}

void
cluster_init(struct cluster *cluster, unsigned nodes, unsigned lcores, uint64_t seed)
{
    memset(cluster, 0, sizeof(*cluster));
    cluster->nodes = nodes;
    cluster->lcores = lcores;
    cluster->seed = seed;
    fab_prng_init(&cluster->prng, seed * 31 + 7);
    lab_init(&cluster->lab);
    cluster->lab.core_count = core_count(cluster);
    for (unsigned i = 0; i < nodes; i++)
        make_cores(cluster, i);
    for (unsigned i = 0; i < core_count(cluster); i++)
        for (unsigned j = i + 1; j < core_count(cluster); j++) {
            struct flow_loop_wire wire = *wire_of(cluster, i, j);

            if (cluster_node_of(cluster, i) == cluster_node_of(cluster, j))
                continue;
            wire.seed = fab_prng_next(&cluster->prng);
            wire.delay_ns = 10000;
            wire.has_liveness = true;
            wire.history = &cluster->history;
            wire.presence_a = &cluster->presence[i];
            wire.presence_b = &cluster->presence[j];
            cluster->wires[cluster_node_of(cluster, i)][cluster_node_of(cluster, j)] = wire;
            cluster->flows[i][j] = flow_pair_create(fab_core_config_of(cluster->lab.cores[i]),
                                                    fab_core_config_of(cluster->lab.cores[j]),
                                                    &wire, cluster->lab.now_ns);
            add_link(cluster, i, j);
            add_link(cluster, j, i);
        }
}

void
cluster_crash(struct cluster *cluster, unsigned node)
{
    CLUSTER_CHECK(cluster, cluster->is_there[node]);
    for (unsigned i = 0; i < cluster->lcores; i++) {
        unsigned own = node * cluster->lcores + i;

        for (unsigned peer = 0; peer < core_count(cluster); peer++) {
            struct flow_pair *flow = flow_of(cluster, own, peer);

            if (!flow)
                continue;
            fab_core_remove_link(cluster->lab.cores[own], flow_pair_link(flow, own < peer));
            flow_pair_crash(flow, own < peer);
        }
    }
    for (unsigned i = 0; i < cluster->lcores; i++)
        lab_kill_core(&cluster->lab, node * cluster->lcores + i);
    cluster->is_there[node] = false;
    memset(&cluster->away_until_ns[node * cluster->lcores], 0,
           cluster->lcores * sizeof(cluster->away_until_ns[0]));
}

void
cluster_restart(struct cluster *cluster, unsigned node)
{
    CLUSTER_CHECK(cluster, !cluster->is_there[node]);
    make_cores(cluster, node);
    for (unsigned i = 0; i < cluster->lcores; i++) {
        unsigned own = node * cluster->lcores + i;
        uint64_t home = fab_core_config_of(cluster->lab.cores[own])->home;

        for (unsigned peer = 0; peer < core_count(cluster); peer++) {
            struct flow_pair *flow = flow_of(cluster, own, peer);

            if (!flow)
                continue;
            flow_pair_start(flow, own < peer, home, cluster->lab.now_ns);
            add_link(cluster, own, peer);
        }
    }
}

void
cluster_set_wire(struct cluster *cluster, unsigned low, unsigned high)
{
    for (unsigned i = 0; i < cluster->lcores; i++)
        for (unsigned j = 0; j < cluster->lcores; j++)
            flow_pair_set_wire(
                cluster->flows[low * cluster->lcores + i][high * cluster->lcores + j],
                &cluster->wires[low][high]);
}

/* --- time ------------------------------------------------------------------------------------- */

void
cluster_stand_still(struct cluster *cluster, unsigned core, uint64_t ns)
{
    if (cluster->away_until_ns[core] != 0)
        return;
    cluster->away_since_ns[core] = cluster->lab.now_ns;
    cluster->away_until_ns[core] = cluster->lab.now_ns + ns;
}

/* It goes on when its time has come. */
static bool
is_away(struct cluster *cluster, unsigned core)
{
    if (cluster->away_until_ns[core] == 0)
        return false;
    if (cluster->lab.now_ns < cluster->away_until_ns[core])
        return true;
    fab_presence_came_back(&cluster->presence[core],
                           cluster->lab.now_ns - cluster->away_since_ns[core], cluster->lab.now_ns);
    cluster->away_until_ns[core] = 0;
    return false;
}

static bool
is_anybody_away(const struct cluster *cluster)
{
    for (unsigned i = 0; i < core_count(cluster); i++)
        if (cluster->away_until_ns[i] != 0)
            return true;
    return false;
}

static void
check_core(struct cluster *cluster, unsigned own)
{
    for (unsigned peer = 0; peer < core_count(cluster); peer++) {
        const struct flow_pair *pair = flow_of(cluster, own, peer);
        const struct fab_flow *flow = pair ? flow_pair_flow(pair, own < peer) : NULL;
        const char *broken;

        if (!flow)
            continue;
        CLUSTER_CHECK(cluster, flow_counters_only_grow(flow, &cluster->before[own][peer]));
        broken = flow_broken(flow, false);
        if (broken)
            cluster_fail(cluster, broken);
    }
}

static unsigned
turn(struct cluster *cluster)
{
    unsigned done = 0;

    cluster->lab.now_ns += LAB_TURN_NS;
    for (unsigned i = 0; i < core_count(cluster); i++) {
        if (!cluster->lab.cores[i] || is_away(cluster, i))
            continue;
        done += lab_turn_core(&cluster->lab, i);
        check_core(cluster, i);
    }
    return done;
}

static uint64_t
earlier(uint64_t a_ns, uint64_t b_ns)
{
    return a_ns < b_ns ? a_ns : b_ns;
}

/* When a core has something to do next. One that stands still has nothing before it goes on. */
static uint64_t
core_next_ns(const struct cluster *cluster, unsigned own)
{
    uint64_t least_ns;

    if (cluster->away_until_ns[own] != 0)
        return cluster->away_until_ns[own];
    if (!cluster->lab.cores[own])
        return UINT64_MAX;
    least_ns = fab_core_next_ns(cluster->lab.cores[own]);
    for (unsigned peer = 0; peer < core_count(cluster); peer++) {
        const struct flow_pair *pair = flow_of(cluster, own, peer);

        if (pair)
            least_ns = earlier(least_ns, flow_pair_side_next_ns(pair, own < peer));
    }
    return least_ns;
}

static void
skip(struct cluster *cluster, uint64_t end_ns)
{
    uint64_t next_ns = end_ns;

    for (unsigned i = 0; i < core_count(cluster); i++)
        next_ns = earlier(next_ns, core_next_ns(cluster, i));
    if (next_ns > cluster->lab.now_ns + LAB_TURN_NS)
        cluster->lab.now_ns = next_ns - LAB_TURN_NS;
}

/* What waits for an lcore that stands still is nobody's work. */
static bool
is_idle(const struct cluster *cluster, unsigned idle_turns)
{
    return is_anybody_away(cluster) ? idle_turns >= STILL_TURNS : lab_is_idle(&cluster->lab);
}

void
cluster_run(struct cluster *cluster, uint64_t ns)
{
    uint64_t end_ns = cluster->lab.now_ns + ns;
    unsigned idle_turns = 0;

    while (cluster->lab.now_ns < end_ns) {
        idle_turns = turn(cluster) > 0 ? 0 : idle_turns + 1;
        if (idle_turns > 0 && is_idle(cluster, idle_turns))
            skip(cluster, end_ns);
    }
}

bool
cluster_is_up(const struct cluster *cluster)
{
    for (unsigned i = 0; i < core_count(cluster); i++)
        for (unsigned j = 0; j < core_count(cluster); j++) {
            struct flow_pair *pair = flow_of(cluster, i, j);
            const struct fab_link *link = pair ? flow_pair_link(pair, i < j) : NULL;

            if (link && (!link->is_up ||
                         link->peer_home != fab_core_config_of(cluster->lab.cores[j])->home))
                return false;
        }
    return true;
}

/* --- the end ---------------------------------------------------------------------------------- */

static bool
has_actors(const struct cluster *cluster)
{
    for (unsigned i = 0; i < core_count(cluster); i++)
        if (fab_core_actor_count(cluster->lab.cores[i]) > 0)
            return true;
    return false;
}

static void
destroy_flows(struct cluster *cluster)
{
    for (unsigned i = 0; i < core_count(cluster); i++)
        for (unsigned j = i + 1; j < core_count(cluster); j++) {
            struct flow_pair *pair = cluster->flows[i][j];

            if (!pair)
                continue;
            fab_core_remove_link(cluster->lab.cores[i], flow_pair_link(pair, true));
            fab_core_remove_link(cluster->lab.cores[j], flow_pair_link(pair, false));
            flow_pair_destroy(pair);
        }
}

void
cluster_fini(struct cluster *cluster)
{
    for (unsigned i = 0; i < core_count(cluster); i++)
        fab_core_stop_all(cluster->lab.cores[i]);
    for (unsigned turns = 0; has_actors(cluster) && turns < CALM_TURNS_MAX; turns++)
        turn(cluster);
    cluster_run(cluster, 100000000); /* what they said last is acknowledged */
    destroy_flows(cluster);
    lab_fini(&cluster->lab);
}
