/* SPDX-License-Identifier: BSD-3-Clause */
#include "link/flow_hold.h"

#include <rte_mbuf.h>
#include <rte_ring.h>

#include "base/log.h"
#include "link/flow_life.h"
#include "link/flow_port_state.h"
#include "link/flow_queue.h"
#include "link/flow_steer.h"
#include "link/flow_twin.h"
#include "wire/frame.h"

#define TIMERS_PER_POLL  256U
#define GRANTS_PER_POLL  16U /* flows that are called to grant large bodies */
#define KEEPALIVE_FACTOR 4U  /* of flows that do not lead, see fab_flow_end_config */

/* Flows of a node pair hear for one another; so that they do not all ask at once, the one between
 * the first lcores asks early and the others late. */
struct fab_flow_config
fab_flow_end_config(struct fab_flow_end *end, const struct fab_flow_link *link)
{
    const struct fab_flow_peer_path *peer = &end->port->peers[link->path >> 16];
    struct fab_flow_config config = end->flow_config;

    config.granter = &end->granter;
    config.presence = &end->presence;
    config.peer_node = link->peer_node;
    config.peer_lcore = link->link.peer_lcore;
    config.is_initiator = link->link.peer_lcore == 0;
    config.seed ^= (uint64_t)link->path << 32;
    config.source_port = fab_flow_steer_wish(end, link->path);
    if (link->second)
        config.source_port_second = fab_flow_steer_wish(link->second->end, link->second->path);
    config.secure = (struct fab_secure_config){
        .security = peer->security,
        .sealer = end->port->sealer,
        .pre_shared_key = peer->pre_shared_key,
    };
    if (end->lcore != 0 || link->link.peer_lcore != 0)
        config.timers.keepalive_ns *= KEEPALIVE_FACTOR;
    if (end->lcore != 0 || link->link.peer_lcore != 0)
        config.timers.clock_ns = 0; /* one flow of a node pair is enough while nobody needs it */
    return config;
}

/* --- time ------------------------------------------------------------------------------------- */

/* Frames of an end without a queue come and go by the port's lcore: what that one did not do,
 * nobody did for it. Where both were away at once it counts twice, within the bound of what is
 * excused. */
static void
count_absence_of_port(struct fab_flow_end *end, uint64_t now_ns)
{
    const struct fab_flow_port *port = end->port;
    uint64_t polled_ns = atomic_load_explicit(&port->polled_ns, memory_order_relaxed);
    uint64_t absent_ns = atomic_load_explicit(&port->absent_ns, memory_order_relaxed);

    if (polled_ns == 0) /* it has not begun */
        return;
    if (now_ns > polled_ns + FAB_FLOW_END_PAUSE_NS)
        absent_ns += now_ns - polled_ns; /* and it still is */
    if (end->own_absent_ns + absent_ns > end->presence.absent_ns)
        end->presence.absent_ns = end->own_absent_ns + absent_ns;
    fab_presence_saw_gap(&end->presence, atomic_load_explicit(&port->gap_ns, memory_order_relaxed),
                         now_ns);
}

static void
look_at_presence(struct fab_flow_end *end, uint64_t now_ns)
{
    if (!end->is_local && end->queue == FAB_FLOW_QUEUE_NONE)
        count_absence_of_port(end, now_ns);
    else
        fab_presence_go_on(&end->presence, now_ns);
}

/* What the other lcores know of the peer counts before the flow's own patience does. */
static void
tell_life(struct fab_flow_link *link, uint64_t now_ns)
{
    uint64_t heard_ns;

    if (!link->link.is_up)
        return;
    if (fab_flow_life_has_died(link->life, link->link.peer_home, link->deaths)) {
        fab_flow_on_peer_dead(fab_flow_link_ask(link), now_ns);
        return;
    }
    heard_ns = fab_flow_life_heard_ns(link->life, link->link.peer_home);
    if (heard_ns > link->heard_ns) {
        link->heard_ns = heard_ns;
        fab_flow_on_peer_alive(fab_flow_link_ask(link), heard_ns);
    }
}

static unsigned
run_timers(struct fab_flow_end *end, uint64_t now_ns)
{
    struct fab_flow_timer *timer;
    unsigned work = 0;

    for (unsigned i = 0; i < TIMERS_PER_POLL; i++) {
        struct fab_flow_link *link;
        uint64_t due_ns;

        timer = fab_flow_heap_due(&end->heap, now_ns);
        if (!timer)
            break;
        if (i == 0)
            look_at_presence(end, now_ns);
        link = fab_flow_link_of_timer(timer);
        tell_life(link, now_ns);
        if (fab_flow_next_deadline(link->flow) <= now_ns) {
            fab_flow_on_timer(fab_flow_link_ask(link), now_ns);
            fab_flow_end_touch(end, link);
            work++;
        }
        due_ns = fab_flow_next_timer(link->flow); /* who is touched is asked for frames anyway */
        fab_flow_heap_move(&end->heap, timer,
                           due_ns > now_ns ? due_ns : now_ns + FAB_FLOW_END_RETRY_NS);
    }
    return work;
}

void
fab_flow_end_on_silence(struct fab_flow_end *end, const struct fab_flow_link *link)
{
    end->counters.suspects++;
    if (end->is_local)
        fab_flow_port_doubt(end->port, link->path >> 16, end->now_ns);
}

/* --- sizes of frames ------------------------------------------------------------------------- */

/* What is wrong between two nodes is said by one of their flows, once for each life of the link. */
static bool
may_tell_mtu(const struct fab_flow_end *end, struct fab_flow_link *link)
{
    bool may_tell = end->lcore == 0 && link->link.peer_lcore == 0 && !link->has_told_mtu;

    link->has_told_mtu |= may_tell;
    return may_tell;
}

void
fab_flow_end_on_peer_mtu(struct fab_flow_end *end, struct fab_flow_link *link, uint32_t size)
{
    uint32_t own = end->port->frame_max;
    uint32_t mtu = fab_port_info(end->port->port)->mtu;

    if (fab_likely(size == own))
        return;
    end->counters.mtu_mismatches++;
    if (may_tell_mtu(end, link))
        fab_log(FAB_LOG_WARNING,
                "port '%s' has an MTU of %u and node %u's port one of %u: frames keep to the "
                "smaller; give both the same mtu_bytes",
                end->port->name, mtu, link->peer_node, mtu - own + size);
}

void
fab_flow_end_on_short_path(struct fab_flow_end *end, struct fab_flow_link *link, uint32_t size)
{
    uint32_t mtu = fab_port_info(end->port->port)->mtu;

    end->counters.mtu_short_paths++;
    if (may_tell_mtu(end, link))
        fab_log(FAB_LOG_WARNING,
                "port '%s' has an MTU of %u, and no packets of more than about %u bytes get to "
                "node %u: something between has a smaller MTU; raise it there, or lower mtu_bytes "
                "of both ports. Frames keep to what gets through",
                end->port->name, mtu, mtu - end->port->frame_max + size, link->peer_node);
}

/* --- peers that come and go ------------------------------------------------------------------- */

/* The peer has told how many lcores it has: say hello to the others, too. */
static void
greet_lcores(struct fab_flow_end *end, struct fab_flow_link *first, uint64_t now_ns)
{
    uint32_t reserved = end->port->peer_lcores;

    if (first->link.peer_lcore_count > reserved) {
        end->counters.peer_lcores_excess += first->link.peer_lcore_count - reserved;
        fab_log(FAB_LOG_WARNING,
                "node %u has %u lcores and %u of them are linked with; the others are unreachable: "
                "raise limits.peer_lcores_max",
                first->peer_node, first->link.peer_lcore_count, reserved);
    }
    for (uint32_t i = 1; i < reserved && i < first->link.peer_lcore_count; i++) {
        struct fab_flow_config config = fab_flow_end_config(end, first + i);

        config.is_initiator = true;
        fab_flow_link_initiate(first + i, &config, now_ns);
    }
}

/* A life of the peer is over: no flow of this end goes on with it. */
static void
end_life(struct fab_flow_end *end, const struct fab_flow_link *link, uint64_t now_ns)
{
    uint32_t reserved = end->port->peer_lcores;
    struct fab_flow_link *first = end->links + (link - end->links) / reserved * reserved;

    for (uint32_t i = 0; i < reserved; i++) {
        if (first[i].link.is_up && first[i].link.peer_home == link->link.peer_home)
            fab_flow_on_peer_dead(fab_flow_link_ask(&first[i]), now_ns);
    }
}

static void
look_at_link(struct fab_flow_end *end, struct fab_flow_link *link, uint64_t now_ns)
{
    if (link->has_ended) {
        link->has_ended = false;
        if (link->epoch_reason == FAB_FLOW_REASON_SILENT && !link->link.is_up &&
            fab_flow_life_found_dead(link->life, link->link.peer_home, link->deaths))
            end_life(end, link, now_ns);
    }
    if (link->link.is_up && link->link.peer_lcore == 0)
        greet_lcores(end, link, now_ns);
}

/* After callbacks of flows, which must not touch other flows themselves. */
static void
look(struct fab_flow_end *end, uint64_t now_ns)
{
    while (fab_unlikely(end->news != NULL)) {
        struct fab_flow_link *link = end->news;

        end->news = link->news_next;
        link->has_news = false;
        look_at_link(end, link, now_ns);
    }
}

/* --- records that the core had no room for ------------------------------------------------------
 */

static void
list_refused(struct fab_flow_end *end, struct fab_flow_link *link)
{
    link->has_refused = true;
    link->refused_next = end->refused;
    end->refused = link;
}

static void
offer_refused(struct fab_flow_end *end)
{
    struct fab_flow_link *link = end->refused;

    end->refused = NULL;
    while (link) {
        struct fab_flow_link *next = link->refused_next;

        link->has_refused = false;
        fab_flow_offer(fab_flow_link_ask(link));
        fab_flow_end_touch(end, link);
        if (fab_flow_has_refused(link->flow))
            list_refused(end, link);
        link = next;
    }
}

/* --- large bodies ----------------------------------------------------------------------------- */

/* Flows that waited for the budget, or for memory, in turn. */
static void
call_waiting(struct fab_flow_end *end)
{
    struct fab_flow_link *link;

    for (unsigned i = 0; i < GRANTS_PER_POLL; i++) {
        link = fab_granter_call(&end->granter);
        if (!link)
            return;
        fab_flow_grant(fab_flow_link_ask(link));
        fab_flow_end_touch(end, link);
    }
}

/* --- frames in -------------------------------------------------------------------------------- */

static struct fab_flow_link *
lookup(struct fab_flow_end *end, const struct fab_frame_peek *peek)
{
    const struct fab_flow_port *port = end->port;
    uint16_t peer = port->peer_of_node[peek->from_node];

    if (peer == FAB_FLOW_NODE_NONE || peek->to_lcore != end->lcore ||
        peek->from_lcore >= port->peer_lcores)
        return NULL;
    if (fab_unlikely(peer >= port->flow_peer_count))
        return fab_flow_twin_link(end, peer, peek->from_lcore);
    return &end->links[peer * (uint32_t)port->peer_lcores + peek->from_lcore];
}

void
fab_flow_end_receive(struct fab_flow_end *end, const struct fab_flow_payload *payload,
                     uint64_t now_ns)
{
    struct fab_frame_peek peek;
    struct fab_flow_link *link;
    uint64_t taken = 0;
    bool is_sign;

    if (fab_unlikely(!fab_frame_peek(payload->bytes, payload->size, &peek))) {
        end->counters.frames_cut++;
        return;
    }
    link = lookup(end, &peek);
    if (fab_unlikely(!link)) {
        end->counters.frames_foreign++;
        return;
    }
    if (fab_unlikely(link->second != NULL) && fab_flow_twin_is_second(link, end, &peek, now_ns))
        return;
    if (fab_unlikely(link->second != NULL))
        taken = fab_flow_counters(link->flow)->frames_received;
    fab_flow_note_arrival(link->flow, end->pause_ns, payload->is_marked);
    is_sign = fab_flow_incoming(fab_flow_link_ask(link), payload->bytes, payload->size, now_ns);
    fab_flow_end_touch(link->end, link);
    if (fab_unlikely(fab_flow_has_refused(link->flow)) && !link->has_refused)
        list_refused(link->end, link);
    if (is_sign && link->link.is_up) {
        link->heard_ns = now_ns;
        fab_flow_life_heard(link->life, link->link.peer_home, now_ns);
    }
    if (fab_unlikely(link->second != NULL) &&
        fab_flow_counters(link->flow)->frames_received != taken)
        fab_flow_twin_on_taken(link, end, &peek, now_ns);
}

unsigned
fab_flow_end_run(struct fab_flow_end *end, uint64_t now_ns)
{
    unsigned work = run_timers(end, now_ns);

    look(end, now_ns);
    if (fab_unlikely(end->hold_waiting != NULL))
        fab_flow_holds_collect(end);
    return work;
}

unsigned
fab_flow_end_begin(struct fab_flow_end *end, struct fab_room room, uint64_t now_ns)
{
    end->records = 0;
    end->room = room;
    end->pause_ns = now_ns - end->now_ns;
    end->now_ns = now_ns;
    if (fab_unlikely(end->pause_ns >= FAB_FLOW_END_PAUSE_NS) &&
        end->pause_ns != now_ns) { /* the first is none */
        end->own_absent_ns += end->pause_ns;
        fab_presence_came_back(&end->presence, end->pause_ns, now_ns);
    }
    if (fab_unlikely(end->refused != NULL) && room.records > 0)
        offer_refused(end);
    if (fab_unlikely(end->granter.first != NULL))
        call_waiting(end);
    /* After a pause frames are read before timers: they may be what the timers wait for. */
    return fab_flow_end_drain(end, end->pause_ns < FAB_FLOW_END_PAUSE_NS, now_ns) + end->records;
}

void
fab_flow_end_finish(struct fab_flow_end *end, uint64_t now_ns)
{
    fab_flow_end_drain(end, false, now_ns);
    if (end->queue != FAB_FLOW_QUEUE_NONE)
        fab_port_flush(end->port->port, end->queue, now_ns);
}

unsigned
fab_flow_end_poll(void *context, struct fab_room room, uint64_t now_ns)
{
    struct fab_flow_end *end = context;
    unsigned work = fab_flow_end_begin(end, room, now_ns);
    unsigned frames = 0;
    void *mbuf;

    while (end->from_port && fab_flow_end_may_receive(end, frames) &&
           rte_ring_sc_dequeue(end->from_port, &mbuf) == 0) {
        const struct fab_flow_payload payload = {
            .bytes = rte_pktmbuf_mtod((struct rte_mbuf *)mbuf, void *),
            .size = ((struct rte_mbuf *)mbuf)->data_len,
            .is_marked = ((struct rte_mbuf *)mbuf)->hash.usr != 0,
        };

        fab_flow_end_receive(end, &payload, now_ns);
        rte_pktmbuf_free(mbuf);
        frames++;
    }
    if (end->own)
        frames += fab_flow_queue_receive(end, frames, now_ns);
    work += frames + fab_flow_end_run(end, now_ns);
    if (end->own)
        fab_port_flush(end->port->port, end->queue, now_ns);
    return work;
}
