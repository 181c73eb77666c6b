/* SPDX-License-Identifier: BSD-3-Clause */
/* The flow carrier's polling, listeners and counters; how it is made is in flow_port_create.c. */
#include "link/flow_port.h"

#include "base/assert.h"
#include "link/flow_port_state.h"

/* Lcores without a queue look at it when a timer of theirs is due. */
static inline void
tell_others(struct fab_flow_port *port, const struct fab_flow_end *end, uint64_t now_ns)
{
    atomic_store_explicit(&port->polled_ns, now_ns, memory_order_relaxed);
    if (fab_likely(end->pause_ns < FAB_FLOW_END_PAUSE_NS))
        return;
    atomic_store_explicit(&port->absent_ns, end->own_absent_ns, memory_order_relaxed);
    atomic_store_explicit(&port->gap_ns, fab_presence_gap_ns(&end->presence), memory_order_relaxed);
}

static unsigned
poll_port(void *context, struct fab_room room, uint64_t now_ns)
{
    struct fab_flow_port *port = context;
    struct fab_flow_end *end = port->ends[port->lcore];
    unsigned work = fab_flow_end_begin(end, room, now_ns);

    if (port->lcore_count > 1)
        tell_others(port, end, now_ns);
    work += fab_flow_port_receive(port, now_ns);
    if (fab_unlikely(port->has_queues))
        work += fab_flow_port_look_after_queues(port, now_ns);
    work += fab_flow_end_run(end, now_ns);
    if (port->lcore_count > 1)
        work += fab_flow_port_collect(port, now_ns);
    if (fab_unlikely(port->has_address && fab_neighbours_deadline(port->neighbours) <= now_ns))
        fab_flow_port_ask_neighbours(port, now_ns);
    fab_port_flush(port->port, port->queue, now_ns);
    return work;
}

static void
flush_port(void *context, uint64_t now_ns)
{
    struct fab_flow_port *port = context;

    fab_flow_end_finish(port->ends[port->lcore], now_ns);
}

static void
flush_end(void *context, uint64_t now_ns)
{
    fab_flow_end_finish(context, now_ns);
}

struct fab_pollable
fab_flow_port_pollable(struct fab_flow_port *port, uint8_t lcore)
{
    FAB_ASSERT(lcore < port->lcore_count);
    if (lcore == port->lcore)
        return (struct fab_pollable){ .poll = poll_port, .flush = flush_port, .context = port };
    return (struct fab_pollable){ .poll = fab_flow_end_poll,
                                  .flush = flush_end,
                                  .context = port->ends[lcore] };
}

void
fab_flow_port_link_each(struct fab_flow_port *port, uint8_t lcore,
                        void (*each)(void *context, struct fab_link *link), void *context)
{
    struct fab_flow_end *end = port->ends[lcore];

    FAB_ASSERT(lcore < port->lcore_count);
    for (uint32_t i = 0; i < end->link_count; i++)
        each(context, &end->links[i].link);
}

void
fab_flow_port_close_links(struct fab_flow_port *port, uint8_t lcore)
{
    struct fab_flow_end *end = port->ends[lcore];

    /* A link without ops was not made yet: the port's own create has failed. */
    for (uint32_t i = 0; i < end->link_count; i++)
        if (end->links[i].link.ops)
            end->links[i].link.ops->close(&end->links[i].link);
}

bool
fab_flow_port_is_drained(const struct fab_flow_port *port, uint8_t lcore)
{
    const struct fab_flow_end *end = port->ends[lcore];

    for (uint32_t i = 0; i < end->link_count; i++) {
        if (end->links[i].link.is_up && !fab_flow_is_drained(end->links[i].flow))
            return false;
    }
    return true;
}

uint64_t
fab_flow_port_rtt_ns(const struct fab_link *link)
{
    return fab_flow_rtt_ns(((const struct fab_flow_link *)(const void *)link)->flow);
}

unsigned
fab_flow_port_ways(const struct fab_link *link, struct fab_flow_way ways[FAB_FLOW_WAYS_MAX])
{
    const struct fab_flow_link *flow = (const struct fab_flow_link *)(const void *)link;
    const struct fab_flow_second *second = flow->second;

    ways[0] = (struct fab_flow_way){ flow->end->port->name, link->is_up };
    if (!second)
        return 1;
    ways[1] = (struct fab_flow_way){ second->end->port->name, link->is_up };
    for (unsigned i = 0; i < FAB_TWIN_PATHS; i++)
        ways[i].is_up &= !second->twin.paths[i].is_down;
    return FAB_TWIN_PATHS;
}

/* --- listeners -------------------------------------------------------------------------------- */

enum myc_status
fab_flow_port_listen(struct fab_flow_port *port, uint16_t udp_port, fab_frame_listener on_frame,
                     void *context)
{
    bool is_ours = port->has_address && udp_port >= port->udp_port_base &&
                   udp_port - port->udp_port_base < port->lcore_count;

    if (port->listener_of[udp_port] || is_ours)
        return MYC_EXISTS;
    for (uint8_t i = 0; i < FAB_FLOW_LISTENERS_MAX; i++) {
        if (port->listeners[i].on_frame)
            continue;
        port->listeners[i] = (struct fab_flow_listener){ on_frame, context, udp_port };
        port->listener_of[udp_port] = (uint8_t)(i + 1);
        return MYC_OK;
    }
    return MYC_NO_MEMORY;
}

void
fab_flow_port_unlisten(struct fab_flow_port *port, uint16_t udp_port)
{
    uint8_t place = port->listener_of[udp_port];

    if (place == 0)
        return;
    port->listeners[place - 1] = (struct fab_flow_listener){ 0 };
    port->listener_of[udp_port] = 0;
}

/* --- counters --------------------------------------------------------------------------------- */

/* Where counters go. */
struct visit {
    void (*each)(void *context, const char *name, const char *text, uint64_t value);
    void *context;
};

#define VISIT(name, text) visit->each(visit->context, #name, text, counters->name);

static void
visit_port(const struct visit *visit, const struct fab_flow_port *port)
{
    const struct fab_flow_port_counters *counters = &port->counters;

    FAB_FLOW_PORT_COUNTERS(VISIT)
    for (enum fab_packet_refusal i = 1; i < FAB_PACKET_REFUSAL_COUNT; i++)
        visit->each(visit->context, fab_packet_refusal_name(i), fab_packet_refusal_text(i),
                    counters->refused[i]);
}

static void
visit_device(const struct visit *visit, const struct fab_flow_port *port)
{
    struct fab_port_counters sum = { 0 };
    const struct fab_port_counters *counters = &sum;

    for (unsigned i = 0; i < port->lcore_count; i++) {
        const struct fab_port_counters *one;

        if (port->ends[i]->queue == FAB_FLOW_QUEUE_NONE)
            continue;
        one = fab_port_counters(port->port, port->ends[i]->queue);
#define ADD(name, text) sum.name += one->name;
        FAB_PORT_COUNTERS(ADD)
#undef ADD
    }
    FAB_PORT_COUNTERS(VISIT)
}

static void
visit_offers(const struct visit *visit, const struct fab_flow_port *port)
{
    const struct fab_port_offer_counters *counters = fab_port_offer_counters(port->port);

    FAB_PORT_OFFER_COUNTERS(VISIT)
}

static void
visit_neighbours(const struct visit *visit, const struct fab_flow_port *port)
{
    const struct fab_neighbour_counters *counters;

    if (!port->has_address)
        return;
    counters = fab_neighbours_counters(port->neighbours);
    visit->each(visit->context, "neighbour_asked", "questions put for link addresses",
                counters->asked);
    visit->each(visit->context, "neighbour_answered", "answers of next hops", counters->answered);
    visit->each(visit->context, "neighbour_moved", "next hops that moved to another link address",
                counters->moved);
    visit->each(visit->context, "neighbour_lost", "next hops that stopped answering",
                counters->lost);
    visit->each(visit->context, "neighbour_foreign", "answers of whom no peer needs",
                counters->foreign);
    visit->each(visit->context, "neighbour_doubted",
                "next hops asked early because a peer behind them fell silent", counters->doubted);
}

static void
visit_ends(const struct visit *visit, const struct fab_flow_port *port)
{
    struct fab_flow_end_counters sum = { 0 };
    const struct fab_flow_end_counters *counters = &sum;

    for (unsigned i = 0; i < port->lcore_count; i++) {
#define ADD(name, text) sum.name += port->ends[i]->counters.name;
        FAB_FLOW_END_COUNTERS(ADD)
#undef ADD
    }
    FAB_FLOW_END_COUNTERS(VISIT)
}

static void
visit_flows(const struct visit *visit, const struct fab_flow_port *port)
{
    struct fab_flow_counters sum = { 0 };
    const struct fab_flow_counters *counters = &sum;

    for (unsigned i = 0; i < port->lcore_count; i++) {
        for (uint32_t j = 0; j < port->ends[i]->link_count; j++) {
            const struct fab_flow_counters *one = fab_flow_counters(port->ends[i]->links[j].flow);

#define ADD(name, text) sum.name += one->name;
            FAB_FLOW_COUNTERS_TABLE(ADD)
#undef ADD
        }
    }
    FAB_FLOW_COUNTERS_TABLE(VISIT)
}

void
fab_flow_port_counter_each(const struct fab_flow_port *port,
                           void (*each)(void *context, const char *name, const char *text,
                                        uint64_t value),
                           void *context)
{
    const struct visit visit = { each, context };

    visit_device(&visit, port);
    visit_port(&visit, port);
    if (fab_port_info(port->port)->is_borrowed)
        visit_offers(&visit, port);
    visit_neighbours(&visit, port);
    visit_ends(&visit, port);
    visit_flows(&visit, port);
}
