/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A queue of the port that belongs to another lcore than the one that polls the port's first: its
 * own frames come and go by it, without a ring between.
 *
 *      lcore 0 (polls queue 0, knows the neighbours)      lcore 1 (polls queue 1)
 *      [ port side ] --- frames for lcore 1 ------------> [ end 1 ] <--> queue 1
 *        |   ^  ^------- frames to hops not known yet --- [       ]
 *        |   ^---------- strays ------------------------- [       ]
 *
 * The card steers (rules or RSS, env/port_steer.c), and nothing depends on that it does: what comes
 * by a queue and is not for its lcore goes to the port side as a *stray*, which does with it as
 * with any frame of its own queue.
 */
#ifndef FAB_LINK_FLOW_QUEUE_H
#define FAB_LINK_FLOW_QUEUE_H

#include "env/port.h"
#include "link/flow_end.h"
#include "link/flow_hop.h"

struct fab_flow_queue {
    struct rte_ring *strays;        /* owned */
    struct fab_flow_hop_copy *hops; /* owned: of each peer */
    uint32_t backlog_at;            /* frames that the device gave and the budget has not reached */
    uint32_t backlog_count;
    struct rte_mbuf *backlog[FAB_PORT_BURST];
};

/* The queue of a lcore, FAB_FLOW_QUEUE_NONE if it has none: the first is the port's lcore's. */
uint16_t fab_flow_queue_of(const struct fab_flow_port *port, uint8_t lcore);

/* Makes what the end needs to have its queue for itself. False: no memory. Context: main thread. */
bool fab_flow_queue_open(struct fab_flow_end *end, struct rte_ring *strays, int socket);

/* Frees it, with its frames. NULL inside is fine. Context: main thread, when no lcore polls. */
void fab_flow_queue_close(struct fab_flow_end *end);

/* Takes frames of the queue, after `frames` of this poll. Returns how many. */
unsigned fab_flow_queue_receive(struct fab_flow_end *end, unsigned frames, uint64_t now_ns);

/* Sends a frame whose path is in its user tag by the queue. False: the way is not known here. */
bool fab_flow_queue_send(struct fab_flow_end *end, struct rte_mbuf *mbuf, uint64_t now_ns);

/* Hands what the other lcores' queues had to the port side; the port's lcore's. Returns frames. */
unsigned fab_flow_queue_take_strays(struct fab_flow_port *port, uint64_t now_ns);

#endif
