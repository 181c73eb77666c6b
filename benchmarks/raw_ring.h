/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The baseline of rings and segments: two plain rte_rings, one each way, with slots as large as the
 * fabric's and the record written and read by value.
 */
#ifndef BENCHMARKS_RAW_RING_H
#define BENCHMARKS_RAW_RING_H

#include "pair.h"

#define RAW_RING_SLOT_SIZE 128U
#define RAW_RING_SLOTS     1024U

struct rte_ring;

/* Two rings in memory that both ends see. */
struct raw_ring {
    struct rte_ring *there; /* driver to partner */
    struct rte_ring *back;
};

/* Bytes that both rings need. */
size_t raw_ring_size(void);

/* Lays both out in `memory` (raw_ring_size() bytes, cache line aligned, owned by the caller). */
enum myc_status raw_ring_init(struct raw_ring *ring, void *memory);

/* The same over memory that another process has laid out. */
void raw_ring_attach(struct raw_ring *ring, void *memory);

/* Fills in the four functions and the context. */
void raw_ring_ops(struct raw_ring *ring, struct bench_raw *raw);

#endif
