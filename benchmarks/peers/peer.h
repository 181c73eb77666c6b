/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the peers in C and C++ share: arguments, the clock, and the line of JSON that they print.
 *
 * A peer is run as `PEER QUESTION COUNT [THREADS]`, does COUNT operations, checks that it did, and
 * prints one object a line:
 *
 *   {"question":Q,"who":W,"count":N,"p50_ns":..,"p99_ns":..,"p999_ns":..,"max_ns":..}
 *   {"question":Q,"who":W,"count":N,"per_s":..}
 *
 * Exit code 0; 1: its result was wrong; 2: it does not know the question.
 */
#ifndef BENCHMARKS_PEER_H
#define BENCHMARKS_PEER_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PEER_WARM_UP 1000U

/* The 32 bytes that go there and back, or one way. */
struct peer_record {
    uint64_t number;
    uint64_t pad[3];
};

struct peer_question {
    const char *name;
    int (*run)(const char *question, uint32_t count); /* an exit code */
};

/* Finds the question of argv in a list that ends with a NULL name, and runs it. */
int peer_main(int argc, char **argv, const struct peer_question *questions);

uint64_t peer_clock_ns(void);

/* Prints percentiles; sorts the samples. */
void peer_print_latency(const char *question, const char *who, uint64_t *samples_ns,
                        uint32_t count);

/* Prints how many a second came, of `count` in `duration_ns`. */
void peer_print_rate(const char *question, const char *who, uint32_t count, uint64_t duration_ns);

/* Says why on standard error, and ends the process with 1. */
void peer_check(int is_right, const char *what);

#ifdef __cplusplus
}
#endif

#endif
