/* SPDX-License-Identifier: BSD-3-Clause */
#include <mycelium/dpdk.h>

#include "node/full.h"
#include "node/ports.h"

enum myc_status
myc_node_port_id(const struct myc_node *node, const char *name, uint16_t *port_id)
{
    return fab_ports_lookup_id(((const struct fab_full *)node)->ports, name, port_id);
}

bool
myc_rx_offer(struct myc_node *node, struct rte_mbuf *mbuf)
{
    return fab_ports_offer(((struct fab_full *)node)->ports, mbuf);
}
