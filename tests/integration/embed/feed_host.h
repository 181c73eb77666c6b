/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A program that owns a port and receives a feed by it: a feed handler, with room for a guest.
 *
 * One thread of its own polls its queues, offers frames to the guest while there is one, checks
 * that no frame of the feed is missing or comes twice, and acknowledges them, so that the sender
 * never has more in flight than the wire holds: a frame that is missing was lost in this process.
 */
#ifndef TESTS_INTEGRATION_EMBED_FEED_HOST_H
#define TESTS_INTEGRATION_EMBED_FEED_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include <mycelium/dpdk.h>

#define HOST_QUEUES 2U
#define HOST_GUEST  1 /* of the queues: the guest's */
#define HOST_POOL   "lent"

/* Who polls what. */
enum host_way {
    HOST_OFFERED, /* both RX queues are the program's, all frames are offered */
    HOST_HOOKED,  /* likewise, and the guest turns in the program's loop */
    HOST_STEERED, /* the guest has an RX queue, to which his rules bring his datagrams */
    HOST_PRIMARY, /* likewise, but in a secondary process: the card gives him ARP, too */
};

struct host_feed {
    _Atomic uint64_t received;
    _Atomic uint64_t missing; /* numbers that were left out */
    _Atomic uint64_t late;    /* that came again, or behind a later one */
    _Atomic uint64_t others;  /* frames that were neither the feed's nor taken by the guest */
};

extern struct host_feed host_feed;

/* Configures and starts the port; for STEERED and PRIMARY a net_ring with a card before it that
 * obeys the rules of port_watch.h. Returns its id. Context: main thread. */
uint16_t host_open(enum host_way way, uint16_t wire);

/* The program's own thread begins, ends. Context: main thread. */
void host_begin(void);
void host_end(void);

/* From now on this guest is offered frames; NULL: nobody is, and no call is under way any more. */
void host_let_in(struct myc_node *guest);

#endif
