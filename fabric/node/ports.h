/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ports of a full node, with the flows that run over them.
 */
#ifndef FAB_NODE_PORTS_H
#define FAB_NODE_PORTS_H

#include <mycelium/node.h>

#include "actor/core.h"

struct fab_full;
struct fab_lcore;
struct fab_ports;
struct rte_mbuf;

/* Starts each port of the node's options, makes the flows to the peers, and hands what is to be
 * polled to the lcores, which do not run yet. On failure the options' error text is written and
 * nothing is left. As myc_node_start. Context: main thread. */
enum myc_status fab_ports_create(struct fab_full *full, struct fab_ports **ports);

/* Context: main thread, when no lcore runs. NULL inside is fine. */
void fab_ports_destroy(struct fab_ports **ports);

/* Tells the peers of a lcore's flows that we leave. Context: the lcore, when its actors have
 * stopped. */
void fab_ports_leave(struct fab_lcore *lcore);

/* What gives the actors of a lcore access to the ports of its node, now or when they are created.
 */
struct fab_core_ports fab_ports_core_ops(struct fab_lcore *lcore);

/* The DPDK id of a port. OK; NOT_FOUND. */
enum myc_status fab_ports_lookup_id(const struct fab_ports *ports, const char *name,
                                    uint16_t *port_id);

/* Takes a frame of a borrowed port if it is ours. As myc_rx_offer. NULL: none are. */
bool fab_ports_offer(struct fab_ports *ports, struct rte_mbuf *mbuf);

void fab_ports_counter_each(const struct fab_ports *ports,
                            void (*each)(void *context, const char *name, const char *text,
                                         uint64_t value),
                            void *context);

#endif
