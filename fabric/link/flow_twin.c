/* SPDX-License-Identifier: BSD-3-Clause */
#include "link/flow_twin.h"

#include "base/assert.h"
#include "base/log.h"
#include "env/memory.h"
#include "link/flow_port_state.h"
#include "link/flow_steer.h"

bool
fab_flow_twin_reserve(struct fab_flow_end *end, uint32_t count, int socket)
{
    size_t size = (size_t)count * end->port->peer_lcores * sizeof(*end->seconds);

    if (count > 0)
        end->seconds = fab_memory_alloc("flow seconds", size, FAB_CACHE_LINE, socket);
    return count == 0 || end->seconds;
}

static void
join(struct fab_flow_end *end, const struct fab_flow_port *first, uint32_t peer, uint8_t peer_lcore)
{
    const struct fab_flow_port *port = end->port;
    uint32_t there = first->peer_of_node[port->peers[peer].node_id];
    uint32_t place = (peer - port->flow_peer_count) * (uint32_t)port->peer_lcores + peer_lcore;
    struct fab_flow_second *second = &end->seconds[place];

    FAB_ASSERT(there != FAB_FLOW_NODE_NONE && first->peer_lcores == port->peer_lcores);
    second->end = end;
    second->link =
        &first->ends[end->lcore]->links[there * (uint32_t)first->peer_lcores + peer_lcore];
    second->path = peer << 16 | (uint32_t)end->lcore << 8 | peer_lcore;
    fab_twin_init(&second->twin);
    second->link->second = second;
    fab_flow_wish_second(second->link->flow, fab_flow_steer_wish(end, second->path));
}

void
fab_flow_twin_join(struct fab_flow_port *port, const struct fab_flow_port_options *options)
{
    for (uint32_t i = 0; i < options->second_count; i++) {
        const struct fab_flow_port *first = options->seconds[i].first;

        FAB_ASSERT(first->lcore_count == port->lcore_count);
        for (uint32_t j = 0; j < (uint32_t)port->lcore_count * port->peer_lcores; j++)
            join(port->ends[j / port->peer_lcores], first, port->flow_peer_count + i,
                 (uint8_t)(j % port->peer_lcores));
    }
}

struct fab_flow_link *
fab_flow_twin_link(const struct fab_flow_end *end, uint32_t peer, uint8_t peer_lcore)
{
    const struct fab_flow_port *port = end->port;
    uint32_t place = (peer - port->flow_peer_count) * (uint32_t)port->peer_lcores + peer_lcore;

    return end->seconds ? end->seconds[place].link : NULL;
}

void
fab_flow_twin_flush(const struct fab_flow_link *link, uint64_t now_ns)
{
    const struct fab_flow_end *end = link->second->end;

    if (end->queue != FAB_FLOW_QUEUE_NONE)
        fab_port_flush(end->port->port, end->queue, now_ns);
}

static struct fab_flow_end *
end_of(const struct fab_flow_link *link, uint8_t path)
{
    return path == 0 ? link->end : link->second->end;
}

static void
tell_down(const struct fab_flow_link *link, uint8_t path)
{
    struct fab_flow_end *end = end_of(link, path);

    end->counters.paths_lost++;
    fab_log(FAB_LOG_WARNING,
            "path %c (port '%s') to node %u lcore %u is down: nothing comes by it; the other goes "
            "on alone",
            'a' + path, end->port->name, link->peer_node, link->link.peer_lcore);
}

static void
tell_back(const struct fab_flow_link *link, uint8_t path)
{
    struct fab_flow_end *end = end_of(link, path);

    end->counters.paths_back++;
    fab_log(FAB_LOG_INFO, "path %c (port '%s') to node %u lcore %u is back", 'a' + path,
            end->port->name, link->peer_node, link->link.peer_lcore);
}

/* As long as a flow would wait for the peer itself: its lcores, and those of ours that poll the
 * ports, may be away for a while. */
static uint64_t
patience_ns(const struct fab_flow_link *link)
{
    const struct fab_flow_peer *peer = fab_flow_peer(link->flow);
    uint64_t down_ns = link->end->flow_config.timers.down_ns;
    uint64_t gaps_ns = peer ? 4000ULL * peer->poll_gap_us : 0;

    return down_ns > gaps_ns ? down_ns : gaps_ns;
}

static void
heard(struct fab_flow_link *link, uint8_t path, uint64_t now_ns)
{
    switch (fab_twin_heard(&link->second->twin, path, patience_ns(link), now_ns)) {
    case FAB_TWIN_NOTHING:
        break;
    case FAB_TWIN_OTHER_DOWN:
        tell_down(link, path ^ 1U);
        break;
    case FAB_TWIN_BACK:
        tell_back(link, path);
        break;
    }
}

bool
fab_flow_twin_is_second(struct fab_flow_link *link, struct fab_flow_end *end,
                        const struct fab_frame_peek *frame, uint64_t now_ns)
{
    uint8_t path = fab_flow_twin_path(link, end);

    if (!fab_twin_is_second(&link->second->twin, path, frame))
        return false;
    end->counters.frames_second++;
    heard(link, path, now_ns);
    return true;
}

void
fab_flow_twin_on_taken(struct fab_flow_link *link, struct fab_flow_end *end,
                       const struct fab_frame_peek *frame, uint64_t now_ns)
{
    uint8_t path = fab_flow_twin_path(link, end);

    fab_twin_on_taken(&link->second->twin, path, frame);
    heard(link, path, now_ns);
}
