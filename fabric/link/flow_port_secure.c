/* SPDX-License-Identifier: BSD-3-Clause */
/* Which of a port's peers are secured, and what that means for what it sends. */
#include "base/log.h"
#include "link/flow_port_state.h"

/* How many of the peers that have flows here are secured like this. */
static uint32_t
count_peers(const struct fab_flow_port *port, enum fab_security security)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < port->flow_peer_count; i++)
        count += port->peers[i].security == security;
    return count;
}

/* Those whose frames are trusted by the wire alone. */
static void
tell_open(const struct fab_flow_port *port, uint32_t open)
{
    if (open > 0)
        fab_log(FAB_LOG_INFO,
                "port '%s': frames of %u of %u peers are neither authenticated nor encrypted "
                "(security: off)",
                port->name, open, port->flow_peer_count);
}

/* What the port says of its bodies (fab_port_info) is not so for all peers. */
static void
tell_bodies(const struct fab_flow_port *port, uint32_t encrypted)
{
    if (encrypted > 0 && fab_port_info(port->port)->sends_segments)
        fab_log(FAB_LOG_INFO,
                "port '%s': large bodies to %u of %u peers are encrypted into their frames, which "
                "is their one copy",
                port->name, encrypted, port->flow_peer_count);
}

bool
fab_flow_port_secure(struct fab_flow_port *port)
{
    uint32_t open = count_peers(port, FAB_SECURITY_OFF);

    tell_open(port, open);
    tell_bodies(port, count_peers(port, FAB_SECURITY_ENCRYPT));
    if (open == port->flow_peer_count)
        return true;
    port->sealer = fab_sealer_create();
    return port->sealer != NULL;
}
