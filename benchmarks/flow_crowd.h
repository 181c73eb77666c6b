/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Many flows of one lcore, without ports: what one message costs when they speak in turn.
 *
 * Half of them are the other end of the rest, so each message passes two flows, and its
 * acknowledgement the same two. All share one store, and their timers stand in one heap, as in a
 * flow port's end. The clock is the caller's.
 */
#ifndef BENCHMARKS_FLOW_CROWD_H
#define BENCHMARKS_FLOW_CROWD_H

#include <stddef.h>
#include <stdint.h>

struct flow_crowd;

/* `count`: flows, even, 2 up. They are up when it returns. NULL: no memory. */
struct flow_crowd *flow_crowd_create(uint32_t count);
void flow_crowd_destroy(struct flow_crowd **crowd);

/* One message of 32 bytes over the next pair, until it is acknowledged. */
void flow_crowd_send(struct flow_crowd *crowd);

/* A turn in which no flow has anything to do: what an end looks at. Returns flows that were due. */
uint32_t flow_crowd_idle_turn(struct flow_crowd *crowd);

/* Bytes of memory of all of them. */
size_t flow_crowd_size(const struct flow_crowd *crowd);

/* Messages that arrived. */
uint64_t flow_crowd_received(const struct flow_crowd *crowd);

#endif
