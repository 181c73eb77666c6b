/* SPDX-License-Identifier: BSD-3-Clause */
/* The inside of the test kit: see mycelium/test.h. */
#ifndef TESTS_KIT_BENCH_H
#define TESTS_KIT_BENCH_H

#include "base/prng.h"
#include "support/core_lab.h"

#include <mycelium/test.h>

struct bench_node {
    uint64_t home; /* of its present life */
    bool is_paused;
};

struct myc_test {
    struct lab lab;
    struct myc_test_options options; /* defaults filled in */
    struct fab_prng prng;
    uint64_t lives; /* of nodes so far: the incarnations grow */
    struct bench_node nodes[MYC_TEST_NODES_MAX];
    struct myc_test_probe *probes; /* owned */
};

/* One turn of everything; the time goes on. Returns work done. */
unsigned bench_turn(struct myc_test *test);

/* Whether nothing can happen now. */
bool bench_is_idle(const struct myc_test *test);

/* Lets the time jump to when something is due, at most to end_ns. */
void bench_skip(struct myc_test *test, uint64_t end_ns);

/* The core of a lcore; NULL: its node has crashed. */
struct fab_core *bench_core(const struct myc_test *test, uint8_t node, uint8_t lcore);

/* An expectation has failed. */
void bench_fail(struct myc_test *test, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The node has crashed: its probes hear nothing more. */
void bench_forget_probes(struct myc_test *test, uint8_t node);

void bench_free_probes(struct myc_test *test);

#endif
