/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A port of a process that has no node: an EAL, the device, and bursts straight to it.
 *
 * The EAL has one worker lcore, on the second CPU that the process may use.
 */
#ifndef BENCHMARKS_BARE_PORT_H
#define BENCHMARKS_BARE_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include <mycelium/status.h>

#define BARE_PORT_POOL   "bench_bare" /* of buffers for what is sent, and for a guest */
#define BARE_PORT_WORKER 1U           /* EAL lcore */
#define BARE_PORT_BURST  32U

struct fab_port;
struct rte_mempool;

struct bare_port {
    struct fab_port *port; /* owned */
    struct rte_mempool *pool;
    uint16_t id; /* the device's */
};

/* Starts the EAL and the port of one side: `spec` as wire_device_read. The cause of a failure has
 * been printed. As fab_eal_start and fab_port_open; TIMEOUT is not among them: the link may come up
 * later. */
enum myc_status bare_port_open(const char *spec, bool is_partner, struct bare_port *port);

/* When nobody uses it any more. */
void bare_port_close(struct bare_port *port);

#endif
