/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the operations of the hot path cost, in instructions.
 *
 * Time on a shared machine says little from one run to the next; the number of instructions says
 * the same thing every time. Each function here does its operation `count` times, with as little
 * around it as possible; what one costs is the difference of two runs under valgrind divided by the
 * difference of their counts, so start and end do not matter. guard.py holds them to what
 * recorded.json says of the compiler.
 */
#ifndef TESTS_COST_COST_H
#define TESTS_COST_COST_H

#include <stdint.h>

/* A message to an actor of the same lcore until its handler has sent it on. */
void cost_dispatch(uint64_t count);

/* The same under the fault guard. */
void cost_guarded_dispatch(uint64_t count);

/* An actor that is spawned and stopped. */
void cost_spawn(uint64_t count);

/* A message over a ring to another core until its handler has sent it back; 32 in each turn. */
void cost_ring_hop(uint64_t count);

/* A message of 32 bytes over a flow on a memif, one way, as many to a frame as fit. */
void cost_flow_hop(uint64_t count);

/* A message over such a flow and one back, with nothing else under way. */
void cost_flow_echo(uint64_t count);
void cost_flow_echo_auth(uint64_t count);

/* A body of 1 MiB over such a flow, one way, with its writing and checking by the test. */
void cost_flow_bulk(uint64_t count);

/* A record of one frame over a simulated wire that loses one in a hundred. */
void cost_loss(uint64_t count);

/* A turn of a core with one link, in which nothing happens, and a look at the clock. */
void cost_idle_turn(uint64_t count);

/* A message over a flow until it is acknowledged, when so many flows speak in turn; and a turn in
 * which ten thousand of them have nothing to do. */
void cost_flows_16(uint64_t count);
void cost_flows_1000(uint64_t count);
void cost_flows_10000(uint64_t count);
void cost_flows_idle(uint64_t count);

/* The operation of a curve of benchmarks/scale.h, when there are `size` of what it has more of. */
void cost_scale(const char *curve, uint32_t size, uint64_t count);

#endif
