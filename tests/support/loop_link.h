/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A carrier in plain memory: two cores joined in one thread and virtual time.
 *
 * Each direction is a bounded FIFO of records with an arrival time. It can be slow (delay_ns),
 * full, cut (what was on its way is in doubt, as after a broken epoch) and joined again, to the
 * same peer or to one with another incarnation. Records are copied and checked like bytes from
 * outside.
 */
#ifndef TESTS_SUPPORT_LOOP_LINK_H
#define TESTS_SUPPORT_LOOP_LINK_H

#include "link/link.h"

struct loop_pair;

struct loop_end_options {
    uint64_t home;
    uint8_t lcore;
    uint8_t lcore_count;
    const void *heap; /* of its large messages; NULL: none go over the link */
    uint64_t heap_size;
};

struct loop_options {
    struct loop_end_options a;
    struct loop_end_options b;
    uint32_t capacity;        /* records each way; 0: 64 */
    uint32_t reserve;         /* of these, for the system lane only; 0: a quarter */
    uint64_t delay_ns;        /* from flush to poll */
    uint64_t delay_random_ns; /* added at random, up to this; the order stays */
    uint64_t seed;            /* of that */
    const uint64_t *clock_ns; /* of both ends, when the cores' own differ; NULL: the cores' */
    enum fab_level level;
};

/* Both ends are up when level is RING; else they come up when first polled. */
struct loop_pair *loop_pair_create(const struct loop_options *options);
void loop_pair_destroy(struct loop_pair *pair);

struct fab_link *loop_pair_a(struct loop_pair *pair);
struct fab_link *loop_pair_b(struct loop_pair *pair);

/* Breaks the link: each end hears of it by its next poll, what had not arrived is in doubt. */
void loop_pair_cut(struct loop_pair *pair);

/* Joins it again; b's home may be another (its node has restarted). */
void loop_pair_join(struct loop_pair *pair, uint64_t home_b);

/* The so-many-th claim from now, of either side, finds no slot though there are some; 0: none. */
void loop_pair_refuse(struct loop_pair *pair, uint64_t nth);

/* Claims since that call. */
uint64_t loop_pair_claims(const struct loop_pair *pair);

/* When the next record that is on its way can be polled; UINT64_MAX: none. */
uint64_t loop_pair_next_ns(const struct loop_pair *pair);

/* Records on their way, both directions. */
unsigned loop_pair_in_flight(const struct loop_pair *pair);

#endif
