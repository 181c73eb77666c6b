/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bodies that a port sends from where they are, in the lcore's heap.
 *
 *      [ mbuf: headers, blocks, records ] -> [ shell ]
 *                                                |  attached, for this one frame
 *      heap:                     [ body: part 0 | part 1 | part 2 ... ]
 *
 * A frame that carries a part is a buffer of its own, fresh for each (re)transmission, and behind
 * it a *shell*, an mbuf without memory, attached to the part. A body so lent has a *hold*, which
 * counts the frames that the device (or a fault line, or a ring on the way to the port) still has.
 * The core gets its loan back when the whole body is acknowledged and that count is down:
 *
 *      LENT    the flow sends it         -- all acknowledged, no frame left --> loan back
 *      SENT    all is acknowledged, frames are left                         --> loan back
 *      BROKEN  the epoch ended, frames are left: the loan is over, and the body has a name --> drop
 *      LEFT    the same, after the link was closed: nobody is to be told
 *
 * The hold has a count of its own that is never given away, so no free callback is ever called, on
 * whatever lcore the device frees a frame: the owner looks at the count instead, once per poll and
 * only while some body waits for its frames. Holds lie in memory of the port's, because a device
 * may have frames until it is stopped.
 *
 * Under `auth` the tag, which covers the part where it is, follows in a shell of its own. When
 * there is no hold or no shell, or the port's device does not see the part in one piece
 * (env/dma.h), the part is copied into its frame, as it is for a flow over two ports, and by the
 * flow itself when it is encrypted or needs a pad.
 */
#ifndef FAB_LINK_FLOW_HOLD_H
#define FAB_LINK_FLOW_HOLD_H

#include "link/flow_end.h"

/* Makes those of an end, if its port can send from several buffers. False: no memory. */
bool fab_flow_holds_create(struct fab_flow_end *end, int socket);

/* A body is given to the flow. Returns the flow's name for the core's loan. */
uint64_t fab_flow_hold_add(struct fab_flow_link *link, uint32_t loan);

/* Puts the end's tail behind the frame, whose other bytes are in `mbuf`: attached, or copied, and
 * its tag, if there is one, behind it. The tail is then taken. `by`: the end whose buffer it is. */
void fab_flow_hold_append(struct fab_flow_end *end, const struct fab_flow_link *link,
                          const struct fab_flow_end *by, struct rte_mbuf *mbuf);

/* All of a body is acknowledged. */
void fab_flow_hold_on_sent(struct fab_flow_link *link, uint64_t name);

/* The epoch ends: before the core takes its loans back. */
void fab_flow_holds_on_down(struct fab_flow_link *link);

/* Gives back what the device has let go of. Calls the sink. */
void fab_flow_holds_collect(struct fab_flow_end *end);

#endif
