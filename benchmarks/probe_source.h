/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A generator of latency probes: frames as Pktgen-DPDK marks them (actors/tools/probe.h), every one
 * of them a probe, sent and taken back by one loop on a bare port.
 *
 * In a closed loop the next leaves when the last is back. In an open loop probe i leaves at i x
 * interval_ns, and its time counts from there, not from when the loop came round to it, so that a
 * stall shows in every probe that it held up. A frame that the port does not take at its time is
 * dropped and not tried again, as a wire would.
 */
#ifndef BENCHMARKS_PROBE_SOURCE_H
#define BENCHMARKS_PROBE_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "bare_port.h"

struct probe_run {
    uint16_t frame_size;  /* bytes without FCS; TOOLS_PROBE_SIZE_MIN up */
    uint32_t count;       /* probes */
    uint64_t interval_ns; /* 0: a closed loop */
    uint64_t patience_ns; /* that a probe, or the last of them, is waited for */
    uint64_t *samples_ns; /* `count` places; 0: it did not come back; the caller's */
    uint32_t done_count;  /* that came back */
    uint64_t duration_ns; /* from the start to the last that came */
};

/* Sends a probe now and then until one is back. False: none was within 20 s. */
bool probe_source_await(const struct bare_port *port);

/* Runs it. */
void probe_source_run(const struct bare_port *port, struct probe_run *run);

#endif
