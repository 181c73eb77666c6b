/* SPDX-License-Identifier: BSD-3-Clause */
/* The inside of a port, for env/port.c (its data path) and env/port_open.c (its life). */
#ifndef FAB_ENV_PORT_STATE_H
#define FAB_ENV_PORT_STATE_H

#include "base/compiler.h"
#include "env/port.h"

/* One RX and one TX queue, owned by one lcore. */
struct fab_port_queue {
    struct fab_port *port;
    struct fab_port_counters counters;
    struct fab_fault_line *rx_line; /* NULL: no faults */
    struct fab_fault_line *tx_line;
    uint64_t stuck_ns; /* since when the device has taken nothing; 0: it takes */
    uint32_t tx_count;
    struct rte_mbuf *tx[FAB_PORT_TX_MAX];
} FAB_ALIGNED_TO_LINE;

struct fab_port {
    struct fab_port_info info;
    struct rte_mempool *pool; /* the first of `pools`: for what the port receives */
    struct rte_mempool *pools[FAB_PORT_POOLS_MAX]; /* owned */
    uint32_t pool_count;
    bool is_started;
    bool is_made; /* the device is ours to remove */
    struct fab_port_queue queues[FAB_PORT_QUEUES_MAX];
};

/* What fault lines of ports do to mbufs; the context is the queue. */
extern const struct fab_fault_ops fab_port_fault_ops;

#endif
