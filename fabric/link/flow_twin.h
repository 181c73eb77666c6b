/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Links over two ports (A/B): a frame leaves by both, the first copy to arrive counts
 * (proto/twin.h), and the loss of either port is told to operators only.
 *
 * A link belongs to the end at its first port, path a, where its flow, timers and lists are. The
 * second port, path b, knows of the peer only the way there and whose link it is:
 *
 *      flow --> frame --+--> end at port A --> device A      received by A --+--> twin --> flow
 *                       +--> end at port B --> device B      received by B --+
 *
 * Both ends are of one lcore. Where one port has no buffer or no room (its cable is out, its queue
 * full) the frame leaves by the other alone, and that is counted; only when neither takes it does
 * the flow wait. Each port finds its next hop, counts and is polled for itself.
 */
#ifndef FAB_LINK_FLOW_TWIN_H
#define FAB_LINK_FLOW_TWIN_H

#include "link/flow_end.h"
#include "proto/twin.h"

struct fab_flow_port_options;

/* --- at start, of a port that is the second of some peers ------------------------------------- */

/* Whether there is memory for the second paths of `count` peers. */
bool fab_flow_twin_reserve(struct fab_flow_end *end, uint32_t count, int socket);

/* The links of the first ports learn that there is a second way. */
void fab_flow_twin_join(struct fab_flow_port *port, const struct fab_flow_port_options *options);

/* --- in a turn -------------------------------------------------------------------------------- */

/* The link to a lcore of a peer whose second path leads over the end's port. NULL: not made yet. */
struct fab_flow_link *fab_flow_twin_link(const struct fab_flow_end *end, uint32_t peer,
                                         uint8_t peer_lcore);

/* What was copied leaves with its frame: this port's own flush may be over. */
void fab_flow_twin_flush(const struct fab_flow_link *link, uint64_t now_ns);

/* Of a frame that came for `link` by `end`: 0 by its first port, 1 by its second. */
static inline uint8_t
fab_flow_twin_path(const struct fab_flow_link *link, const struct fab_flow_end *end)
{
    return link->end != end;
}

/* Whether the frame is a second copy, which is counted here and nothing else. */
bool fab_flow_twin_is_second(struct fab_flow_link *link, struct fab_flow_end *end,
                             const struct fab_frame_peek *frame, uint64_t now_ns);

/* The flow has taken the frame. */
void fab_flow_twin_on_taken(struct fab_flow_link *link, struct fab_flow_end *end,
                            const struct fab_frame_peek *frame, uint64_t now_ns);

#endif
