/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * N nodes of M lcores in one thread and in virtual time: the cores of actors, unchanged, joined by
 * rings within a node and by a real flow from each lcore of a node to each of every other.
 *
 * Each node pair has its wire, which a swarm may make bad, cut one way or both, and mend. A node
 * crashes with all its lcores, without a word, and comes back in another incarnation. An lcore may
 * stand still for a while, as one that is kept from its CPU.
 *
 * After each turn of a core the invariants of its flows are checked (support/flow_invariants.h).
 * Frames are hashed with their times, so that two runs of a seed can be compared.
 */
#ifndef TESTS_SIM_CLUSTER_H
#define TESTS_SIM_CLUSTER_H

#include "support/flow_loop.h"

#include "base/prng.h"
#include "proto/flow_counters.h"

#define CLUSTER_NODES_MAX  3U
#define CLUSTER_LCORES_MAX 3U
#define CLUSTER_CORES_MAX  (CLUSTER_NODES_MAX * CLUSTER_LCORES_MAX)

struct cluster {
    struct lab lab; /* its cores: node by node */
    unsigned nodes;
    unsigned lcores; /* of each node */
    uint64_t seed;
    struct fab_prng prng;
    bool is_there[CLUSTER_NODES_MAX];
    struct flow_loop_wire wires[CLUSTER_NODES_MAX][CLUSTER_NODES_MAX];     /* [low][high] */
    struct flow_pair *flows[CLUSTER_CORES_MAX][CLUSTER_CORES_MAX];         /* [low][high] */
    struct fab_flow_counters before[CLUSTER_CORES_MAX][CLUSTER_CORES_MAX]; /* [own][peer] */
    uint64_t history;
    uint64_t away_since_ns[CLUSTER_CORES_MAX];
    uint64_t away_until_ns[CLUSTER_CORES_MAX]; /* gets no turn before; 0: it does */
    struct fab_presence presence[CLUSTER_CORES_MAX];
};

/* All nodes are there, and their flows begin to say hello. */
void cluster_init(struct cluster *cluster, unsigned nodes, unsigned lcores, uint64_t seed);

/* Stops all actors, checks that nothing is left taken, frees everything. */
void cluster_fini(struct cluster *cluster);

/* The node's process is gone; its actors end without a word. */
void cluster_crash(struct cluster *cluster, unsigned node);

/* It is there again, empty. */
void cluster_restart(struct cluster *cluster, unsigned node);

/* The core gets no turn for so long. No effect on one that stands still already. */
void cluster_stand_still(struct cluster *cluster, unsigned core, uint64_t ns);

/* After wires[low][high] was changed. */
void cluster_set_wire(struct cluster *cluster, unsigned low, unsigned high);

/* Turns until the time has come; jumps over times when nothing is due. */
void cluster_run(struct cluster *cluster, uint64_t ns);

/* Whether every flow is up, at both ends, with its peer's present life. */
bool cluster_is_up(const struct cluster *cluster);

static inline unsigned
cluster_node_of(const struct cluster *cluster, unsigned core)
{
    return core / cluster->lcores;
}

/* Says what broke, with the line that replays it, and ends the program. */
_Noreturn void cluster_fail(const struct cluster *cluster, const char *what);

#define CLUSTER_CHECK(cluster, condition) \
    ((condition) ? (void)0 : cluster_fail((cluster), #condition))

#endif
