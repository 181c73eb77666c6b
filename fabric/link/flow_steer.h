/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is asked for so that the card puts our lcores' frames into their queues: of the card, rules;
 * of the peers, source ports that its hash takes there (env/port_steer.c).
 */
#ifndef FAB_LINK_FLOW_STEER_H
#define FAB_LINK_FLOW_STEER_H

#include "link/flow_end.h"
#include "link/flow_port.h"

/* A rule for each lcore's UDP port, where the port is steered by rules; they are the port's, which
 * removes them. Where it may steer less, an lcore whose rule was refused is left to software, with
 * a line in the log. As fab_flow_port_create. Context: main thread. */
enum myc_status fab_flow_steer_add_rules(struct fab_flow_port *port,
                                         const struct fab_flow_port_options *options);

/* From which UDP port a peer is to send to the end; 0: from any. `path`: to that peer over the
 * end's port, as in a link or its second path. */
uint16_t fab_flow_steer_wish(const struct fab_flow_end *end, uint32_t path);

#endif
