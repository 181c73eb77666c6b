/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames of a borrowed port that came by the program's queues: its thread offers them, the lcore
 * that polls the port receives them, an SPSC ring between.
 *
 *      program: rx_burst -> offer -> [ring] -> take: the port's lcore
 *
 * On a hooked lcore both are one thread, and the ring is there all the same: so no handler runs
 * inside an offer, and what a poll may do stays bounded.
 */
#include <stdio.h>
#include <unistd.h>

#include <rte_mbuf.h>
#include <rte_ring.h>

#include "base/assert.h"
#include "env/memory.h"
#include "env/port_state.h"

enum myc_status
fab_port_open_offers(struct fab_port *port)
{
    char name[RTE_RING_NAMESIZE];

    /* The name is one among all processes of the EAL, dead ones, too. */
    snprintf(name, sizeof(name), "offers-%u-%u-%d", port->info.id, port->queues[0].tx_queue,
             (int)getpid());
    port->offers.ring = fab_memory_ring(name, FAB_PORT_OFFERS_MAX, RING_F_SP_ENQ | RING_F_SC_DEQ,
                                        port->info.socket);
    return port->offers.ring ? MYC_OK : MYC_NO_MEMORY;
}

void
fab_port_close_offers(struct fab_port *port)
{
    void *mbuf;

    while (rte_ring_sc_dequeue(port->offers.ring, &mbuf) == 0)
        rte_pktmbuf_free(mbuf);
    rte_ring_free(port->offers.ring);
    port->offers.ring = NULL;
}

void
fab_port_count_offer(struct fab_port *port)
{
    struct fab_port_offers *offers = &port->offers;

    if (fab_unlikely(!offers->has_thread)) {
        offers->thread = pthread_self();
        offers->has_thread = true;
    }
    /* The ring has one producer. */
    FAB_ASSERT(pthread_equal(offers->thread, pthread_self()));
    offers->counters.offers++;
}

void
fab_port_offer(struct fab_port *port, struct rte_mbuf *mbuf)
{
    struct fab_port_offers *offers = &port->offers;

    if (fab_likely(rte_ring_sp_enqueue(offers->ring, mbuf) == 0)) {
        offers->counters.offers_taken++;
        return;
    }
    offers->counters.offers_full++;
    rte_pktmbuf_free(mbuf);
}

unsigned
fab_port_take_offers(struct fab_port *port, struct rte_mbuf **mbufs, unsigned count)
{
    return rte_ring_sc_dequeue_burst(port->offers.ring, (void **)mbufs, count, NULL);
}

const struct fab_port_offer_counters *
fab_port_offer_counters(const struct fab_port *port)
{
    return &port->offers.counters;
}
