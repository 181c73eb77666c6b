/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cores on a bench: up to sixteen cores in one thread, virtual time, malloc's memory, loop links or
 * real flows.
 *
 * Small limits by default, so that tests reach them. The end checks that every core is quiet:
 * nothing taken is still held.
 */
#ifndef TESTS_SUPPORT_CORE_LAB_H
#define TESTS_SUPPORT_CORE_LAB_H

#include "support/loop_link.h"

#include "actor/core.h"

#define LAB_CORES_MAX 16U
#define LAB_HEAPS_MAX 32U /* of cores that died, too */
#define LAB_PAIRS_MAX 120U
#define LAB_FLOWS_MAX 8U
#define LAB_TURN_NS   1000U /* virtual time between two turns */

/* A level that a case does not care about: as LAB_LEVEL in the environment says (ring, segment,
 * flow), else a segment. So each case is one case at every level. */
#define LAB_ANY_LEVEL ((enum fab_level)0)

#define LAB_HOME_1 0x0001000000000aaaULL
#define LAB_HOME_2 0x0002000000000bbbULL

struct flow_pair;

/* What the lab asks of a real flow (flow_loop.h), which it does not link itself: the test kit is
 * made of the lab, and has no flows. */
struct lab_flow {
    struct flow_pair *pair;
    struct fab_link *a;
    struct fab_link *b;
    bool (*is_calm)(const struct flow_pair *pair);
    uint64_t (*next_ns)(const struct flow_pair *pair);
    void (*destroy)(struct flow_pair *pair);
};

struct lab {
    struct fab_core *cores[LAB_CORES_MAX];
    unsigned core_count;
    struct loop_pair *pairs[LAB_PAIRS_MAX];
    unsigned pair_count;
    struct lab_flow flows[LAB_FLOWS_MAX];
    unsigned flow_count;
    uint64_t now_ns;
    struct fab_core_memory memory;
    unsigned blocks; /* of memory that are taken */
    void *heaps[LAB_HEAPS_MAX];
    unsigned heap_count;
};

void lab_init(struct lab *lab);

/* Stops all actors, checks that every core is quiet, frees everything. */
void lab_fini(struct lab *lab);

/* The config of a small core; change what the test needs. One with a heap_size gets a heap. */
struct fab_core_config lab_config(uint64_t home, uint8_t lcore, uint8_t lcore_count);

struct fab_core *lab_add_core(struct lab *lab, const struct fab_core_config *config);

/* Joins cores i and j. Level RING when their homes are equal, else as given. */
struct loop_pair *lab_join(struct lab *lab, unsigned i, unsigned j, enum fab_level level,
                           uint32_t capacity);

/* Joins cores i and j by a flow, which is the lab's from now on, and waits until it is up. */
void lab_add_flow(struct lab *lab, unsigned i, unsigned j, const struct lab_flow *flow);

/* Two cores joined: of one node (RING) or of two. Or as LAB_ANY_LEVEL says. */
void lab_init_pair(struct lab *lab, enum fab_level level, uint32_t capacity);

/* One turn of one core, or of all. */
unsigned lab_turn_core(struct lab *lab, unsigned i);
unsigned lab_turn(struct lab *lab);

/* Turns until nothing has work; at most 100 000. */
void lab_settle(struct lab *lab);

/* Whether no core has anything to do and nothing is on its way. */
bool lab_is_idle(const struct lab *lab);

/* Lets the time jump to when something is due, at most to end_ns. */
void lab_skip(struct lab *lab, uint64_t end_ns);

/* Turns until the virtual time has passed. */
void lab_advance(struct lab *lab, uint64_t ns);

/* Ends core i as a dead process would: its links break. */
void lab_kill_core(struct lab *lab, unsigned i);

/* Counters of a core. */
const struct fab_core_counters *lab_counters(const struct lab *lab, unsigned i);

#endif
