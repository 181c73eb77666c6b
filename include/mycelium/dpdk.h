/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file dpdk.h
 * For programs that speak DPDK themselves: the only public header that shows its types.
 *
 * It brings in the headers of what is shared between such a program and a node (rings, mbufs,
 * ethdev ports), finds a node's ports among the program's, and hands a node its frames of a port
 * that it has borrowed (struct myc_borrowed_port).
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

/**
 * Offers a node a frame that came by a queue of the program's, from a port that the node has
 * borrowed. The node takes it when it is for the node's address on that port, in its VLAN, and a
 * datagram to one of its UDP ports, an ARP packet, neighbour discovery or an echo request.
 *
 *     count = rte_eth_rx_burst(port, queue, mbufs, BURST);
 *     for (uint16_t i = 0; i < count; i++)
 *         if (!myc_rx_offer(node, mbufs[i]))
 *             handle(mbufs[i]);
 *
 * A frame that was taken waits for the lcore that polls the port, at most 1024 of them: no handler
 * runs inside this call, also when that lcore is hooked. When there are more it is dropped (counter
 * offers_full), and the flow sends it again. A multicast feed is turned down by its first byte.
 *
 * @param mbuf  its `port` says where it came from, as drivers set it (net_ring does not).
 * @return true: the node has taken it; false: it is not the node's, and was not touched.
 * Context: for each port one thread of the program, always the same, from myc_node_start until
 * before myc_node_stop is called.
 */
MYC_API MYC_MUST_CHECK bool myc_rx_offer(struct myc_node *node, struct rte_mbuf *mbuf);

MYC_END_DECLS

#endif
