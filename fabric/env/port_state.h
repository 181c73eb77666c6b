/* SPDX-License-Identifier: BSD-3-Clause */
/* The inside of a port, for env/port.c (its data path) and env/port_open.c (its life). */
#ifndef FAB_ENV_PORT_STATE_H
#define FAB_ENV_PORT_STATE_H

#include <stdatomic.h>

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
    bool is_memif; /* see port_memif.c */
    bool is_memif_client;
    _Atomic uint8_t memif_state; /* enum fab_port_memif_state */
    uint64_t memif_look_ns;      /* when its owner looks at it next */
    uint64_t memif_wait_ns;      /* between the last two looks that found it down */
    bool is_made;                /* the device is ours to remove */
    struct fab_port_queue queues[FAB_PORT_QUEUES_MAX];
};

/* Stops the device, and removes it if it was made for this port. */
void fab_port_stop_device(struct fab_port *port);

/* --- port_kernel.c ---------------------------------------------------------------------------- */

/* MTU of a kernel's interface by its index; 0: there is none such. */
uint32_t fab_port_kernel_mtu(unsigned index);

/* --- port_memif.c ----------------------------------------------------------------------------- */

struct rte_device;

enum fab_port_memif_state {
    FAB_MEMIF_USABLE = 0, /* the polling lcore may use it */
    FAB_MEMIF_AWAY,       /* stopped: its server was not there at the last try */
    FAB_MEMIF_BUSY,       /* the interrupt thread is stopping or starting it */
};

/* Finds out whether the device is a memif, and which end of one. */
void fab_port_memif_init(struct fab_port *port, const struct rte_device *device);

/* Whether a device that did not start is a memif client, whose server may come later. */
bool fab_port_memif_waits(struct fab_port *port);

/* Stops (and removes) a memif. */
void fab_port_memif_stop(struct fab_port *port);

/* Looks whether a client's server is gone or back, and has it connected again. Returns whether the
 * device may be used now. Context: the lcore that polls it. */
bool fab_port_memif_mend(struct fab_port *port, uint64_t now_ns);

/* What fault lines of ports do to mbufs; the context is the queue. */
extern const struct fab_fault_ops fab_port_fault_ops;

#endif
