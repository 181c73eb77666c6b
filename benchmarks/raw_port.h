/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The baseline of the wire: frames straight through the ethdev port that the fabric uses too.
 *
 * The frames are as large as the fabric's for the same message, and have the same headers,
 * Ethernet, IPv4, UDP and the frame's own, with the same three checksums: written anew for each
 * frame, by the fabric's own functions where DPDK's are slower, and checked where the fabric checks
 * them (IPv4's and the frame's CRC32C). In bursts where the fabric would burst. While it runs, the
 * lcore is inside a handler, so the fabric does not poll the port.
 */
#ifndef BENCHMARKS_RAW_PORT_H
#define BENCHMARKS_RAW_PORT_H

#include "pair.h"

struct rte_mempool;

struct raw_port {
    struct rte_mempool *pool;
    uint16_t port_id;
    uint16_t frame_size; /* bytes without FCS */
};

/* For a port of the node that is up. OK; NOT_FOUND; NO_MEMORY. */
enum myc_status raw_port_init(struct raw_port *port, struct myc_node *node, const char *name,
                              uint16_t frame_size);

/* Frames there and back in an open loop: frame i leaves at i x interval_ns, and its time counts
 * from there. `context`: a struct raw_port. Gives up `time_max_ns` after the start. samples_ns[i]
 * is 0 for one that did not come back. Returns how many did. */
uint32_t raw_port_load(void *context, struct myc_self *self, uint64_t interval_ns,
                       uint64_t time_max_ns, uint64_t *samples_ns, uint32_t count);

void raw_port_ops(struct raw_port *port, struct bench_raw *raw);

#endif
