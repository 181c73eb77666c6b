/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file dpdk.h
 * For programs that speak DPDK themselves: the only public header that shows its types.
 *
 * It brings in the headers of what is shared between such a program and a node (rings, mbufs,
 * ethdev ports), and finds a node's ports among the program's.
 */
#ifndef MYCELIUM_DPDK_H
#define MYCELIUM_DPDK_H

#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_ring.h>
#include <rte_ring_elem.h>

#include <mycelium/node.h>

MYC_BEGIN_DECLS

/**
 * Finds the ethdev port id behind a port of a node, for reading its statistics.
 * @param name     as in struct myc_port_options.
 * @param port_id  set on OK.
 * @return OK; NOT_FOUND.
 * Context: any thread.
 */
MYC_API MYC_MUST_CHECK enum myc_status myc_node_port_id(const struct myc_node *node,
                                                        const char *name, uint16_t *port_id);

MYC_END_DECLS

#endif
