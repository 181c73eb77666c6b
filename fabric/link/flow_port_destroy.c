/* SPDX-License-Identifier: BSD-3-Clause */
/* How the flow carrier ends: it says what is left to say, and gives everything back. */
#include <rte_mbuf.h>
#include <rte_ring.h>

#include "env/memory.h"
#include "link/flow_port_state.h"
#include "link/flow_queue.h"

static void
drain_ring(struct rte_ring *ring)
{
    void *mbuf;

    while (ring && rte_ring_sc_dequeue(ring, &mbuf) == 0)
        rte_pktmbuf_free(mbuf);
    rte_ring_free(ring);
}

/* What flows still have to say, such as that they leave, goes out as far as there is room. */
static void
say_the_rest(struct fab_flow_port *port)
{
    for (unsigned i = 0; i < port->lcore_count; i++)
        fab_flow_end_begin(port->ends[i], (struct fab_room){ 0 }, port->ends[i]->now_ns);
    for (unsigned i = 0; i < FAB_FLOW_RING_FRAMES / FAB_PORT_BURST; i++) {
        fab_flow_port_collect(port, port->ends[port->lcore]->now_ns);
        fab_port_flush(port->port, port->queue, port->ends[port->lcore]->now_ns);
    }
    for (unsigned i = 0; i < port->lcore_count; i++)
        if (port->ends[i]->own)
            fab_port_flush(port->port, port->ends[i]->queue, port->ends[i]->now_ns);
}

/* Whether it has them all: they are made in turn, before any of them is set up. */
static bool
has_ends(const struct fab_flow_port *port)
{
    return port->lcore_count > 0 && port->ends[port->lcore_count - 1];
}

static void
destroy_end(struct fab_flow_end *end)
{
    drain_ring(end->from_port);
    drain_ring(end->to_port);
    fab_flow_queue_close(end);
    rte_pktmbuf_free(end->spare);
    for (uint32_t i = 0; end->links && i < end->link_count; i++)
        if (end->links[i].flow)
            fab_flow_fini(end->links[i].flow);
    fab_memory_free(end->flow_memory);
    fab_memory_free(end->store_memory);
    fab_memory_free(end->heap.timers);
    fab_memory_free(end->links);
    fab_memory_free(end->seconds);
    fab_memory_free(end);
}

void
fab_flow_port_destroy(struct fab_flow_port **port)
{
    struct fab_flow_port *ending = *port;

    if (!ending)
        return;
    for (unsigned i = 0; has_ends(ending) && i < ending->lcore_count; i++)
        fab_flow_port_close_links(ending, (uint8_t)i);
    if (ending->peer_count && has_ends(ending))
        say_the_rest(ending);
    while (ending->backlog_at < ending->backlog_count)
        rte_pktmbuf_free(ending->backlog[ending->backlog_at++]);
    for (unsigned i = 0; i < ending->lcore_count && ending->ends[i]; i++)
        destroy_end(ending->ends[i]);
    if (ending->peers)
        fab_wipe(ending->peers, ending->peer_count * sizeof(*ending->peers));
    fab_memory_free(ending->peers);
    fab_sealer_destroy(&ending->sealer);
    fab_memory_free(ending->neighbours);
    fab_memory_free(ending);
    *port = NULL;
}
