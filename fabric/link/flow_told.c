/* SPDX-License-Identifier: BSD-3-Clause */
/* What a flow tells: on its way to the core. */
#include <sys/random.h>

#include "base/assert.h"
#include "base/log.h"
#include "env/clock.h"
#include "link/flow_end.h"
#include "link/flow_hold.h"
#include "link/flow_life.h"
#include "link/flow_link.h"
#include "link/flow_port_state.h"

#define OBSTACLE_LOG_NS 5000000000ULL /* between two lines about why a peer is refused */

/* Whether a record's origin is one: others are of cores, and have something else there. */
static inline bool
has_origin(const struct fab_msg *msg)
{
    return msg->origin != 0 && msg->kind <= FAB_MSG_REPLY;
}

/* Sets an origin of a record that lies in a buffer of this lcore's. */
static inline void
set_origin(const struct fab_msg *msg, uint64_t origin)
{
    ((struct fab_msg *)(uintptr_t)msg)->origin = origin;
}

void
fab_flow_link_drop_error(const struct fab_msg *msg)
{
    if (has_origin(msg))
        set_origin(msg, myc_origin_make(msg->origin, 0));
}

/* The time of what caused a message is the peer's; here it becomes ours, or 0 while nobody knows
 * how the clocks stand. The record is handed on once. */
static void
relate_origin(struct fab_flow_link *link, const struct fab_msg *msg)
{
    const struct fab_peer_clock *clock = fab_flow_peer_clock(link->flow);
    uint64_t now_ns = link->end->now_ns;

    fab_flow_want_clock(link->flow, now_ns);
    if (!link->has_errors)
        fab_flow_link_drop_error(msg);
    set_origin(msg, clock ? fab_peer_clock_relate(clock, msg->origin, now_ns) : 0);
    link->end->counters.origins_unrelated += msg->origin == 0;
}

/* The flow goes on after the core was told something, and may have sent. */
static inline void
resume(struct fab_flow_link *link)
{
    (void)fab_flow_link_ask(link);
}

/* A record beyond what the core has room for waits in the flow. */
static bool
on_message(void *context, enum fab_lane lane, const struct fab_msg *msg)
{
    struct fab_flow_link *link = context;
    uint32_t room = lane == FAB_LANE_USER ? link->end->room.messages : link->end->room.records;

    if (fab_unlikely(link->is_closed)) {
        link->end->counters.records_left++;
        return true;
    }
    if (fab_unlikely(link->end->records >= room) && !fab_flow_is_ending(link->flow))
        return false;
    if (has_origin(msg))
        relate_origin(link, msg);
    link->end->records++;
    link->link.counters.received++;
    link->link.sink->on_message(link->link.core, &link->link, msg);
    resume(link);
    return true;
}

static void
set_source_ports(struct fab_flow_link *link, const struct fab_hello_wish *wish)
{
    link->source_port = wish->source_port;
    if (link->second)
        link->second->source_port = wish->source_port_second;
}

static void
on_up(void *context, const struct fab_flow_peer *peer)
{
    struct fab_flow_link *link = context;

    link->link.peer_home = peer->home;
    link->link.peer_lcore_count = peer->lcore_count;
    link->link.large_max = peer->large_max;
    link->has_errors = (peer->features & FAB_FEATURE_ORIGIN) != 0;
    link->link.is_up = true;
    set_source_ports(link, fab_flow_peer_wish(link->flow));
    link->deaths = fab_flow_life_deaths(link->life);
    fab_flow_end_on_peer_mtu(link->end, link, peer->frame_max_peer);
    fab_flow_end_news(link->end, link);
    fab_log(FAB_LOG_INFO, "flow to node %u lcore %u is up (incarnation %012llx)", link->peer_node,
            link->link.peer_lcore, (unsigned long long)(peer->home & 0xffffffffffffULL));
    if (!link->is_closed)
        link->link.sink->on_up(link->link.core, &link->link);
    resume(link);
}

static void
on_down(void *context, enum fab_flow_reason reason)
{
    static const struct fab_hello_wish nothing;
    struct fab_flow_link *link = context;

    fab_flow_holds_on_down(link);
    link->link.is_up = false;
    set_source_ports(link, &nothing);
    link->has_ended = true;
    link->epoch_reason = (uint8_t)reason;
    fab_flow_end_news(link->end, link);
    fab_log(FAB_LOG_INFO, "flow to node %u lcore %u is down: %s", link->peer_node,
            link->link.peer_lcore, fab_flow_reason_name(reason));
    if (!link->is_closed)
        link->link.sink->on_down(link->link.core, &link->link, MYC_NO_CONNECTION);
    resume(link);
}

static void
on_in_doubt(void *context, const struct fab_msg *msg)
{
    struct fab_flow_link *link = context;

    if (!link->is_closed)
        link->link.sink->on_in_doubt(link->link.core, &link->link, msg);
    resume(link);
}

static void
on_writable(void *context, enum fab_lane lane)
{
    struct fab_flow_link *link = context;

    (void)lane;
    if (!link->is_closed)
        link->link.sink->on_room(link->link.core, &link->link);
    resume(link);
}

static bool
on_body_wanted(void *context, uint32_t size, uint8_t **bytes, uint64_t *token)
{
    struct fab_flow_link *link = context;

    return !link->is_closed && link->link.sink->on_body_wanted(link->link.core, size, bytes, token);
}

static void
on_body_dropped(void *context, uint64_t token)
{
    struct fab_flow_link *link = context;

    if (!link->is_closed)
        link->link.sink->on_body_dropped(link->link.core, token);
    resume(link);
}

static void
on_body_sent(void *context, uint64_t loan)
{
    struct fab_flow_link *link = context;

    fab_flow_hold_on_sent(link, loan);
    resume(link);
}

/* Frames are smaller than both ends would take: somebody who looks for lost speed wants to know
 * where. Told by one of the flows of the node pair, and once. */
static void
on_path_mtu(void *context, uint16_t size, uint16_t max)
{
    struct fab_flow_link *link = context;

    if (size < max)
        fab_flow_end_on_short_path(link->end, link, size);
}

static void
on_suspect(void *context, bool is_suspect)
{
    struct fab_flow_link *link = context;

    if (is_suspect)
        fab_flow_end_on_silence(link->end, link);
}

static void
log_obstacle(const struct fab_flow_link *link, enum fab_flow_obstacle obstacle,
             const struct fab_hello *hello)
{
    enum fab_security own = link->end->port->peers[link->path >> 16].security;

    switch (obstacle) {
    case FAB_FLOW_OBSTACLE_VERSION:
        fab_log(FAB_LOG_WARNING,
                "node %u speaks versions %u to %u of the wire, and this node with security '%s' up "
                "to %u: update the older of both, or use 'off' where both may",
                link->peer_node, hello->version_min, hello->version_max, fab_security_name(own),
                FAB_FRAME_VERSION_MAX);
        break;
    case FAB_FLOW_OBSTACLE_SECURITY:
        fab_log(FAB_LOG_WARNING,
                "node %u demands security '%s', and this node '%s' of it: set the same on both",
                link->peer_node, fab_security_name(hello->security), fab_security_name(own));
        break;
    default:
        fab_log(FAB_LOG_WARNING,
                "node %u, or somebody in its name, has another security key than this node has for "
                "it: give both the same security_key_file",
                link->peer_node);
        break;
    }
}

/* Anybody can cause it: it is counted each time, and said now and then. */
static void
on_obstacle(void *context, enum fab_flow_obstacle obstacle, const struct fab_hello *hello)
{
    struct fab_flow_link *link = context;

    if (link->end->now_ns < link->obstacle_ns)
        return;
    link->obstacle_ns = link->end->now_ns + OBSTACLE_LOG_NS;
    log_obstacle(link, obstacle, hello);
}

static void
draw(void *context, uint8_t *bytes, size_t size)
{
    (void)context;
    FAB_ASSERT(getrandom(bytes, size, 0) == (ssize_t)size); /* as it is for so few bytes */
}

static uint64_t
read_clock(void *context)
{
    (void)context;
    return fab_clock_ns();
}

const struct fab_flow_ops fab_flow_link_told = {
    .on_message = on_message,
    .on_up = on_up,
    .on_down = on_down,
    .on_in_doubt = on_in_doubt,
    .on_writable = on_writable,
    .on_body_wanted = on_body_wanted,
    .on_body_dropped = on_body_dropped,
    .on_body_sent = on_body_sent,
    .on_path_mtu = on_path_mtu,
    .on_suspect = on_suspect,
    .on_obstacle = on_obstacle,
    .read_clock = read_clock,
    .draw = draw,
};
