/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The way of segment links into an lcore and out of it: one door for each lcore.
 *
 * The control thread pushes a link that is new; the lcore, at its next turn, takes it into its
 * core. When a peer has gone the control thread says so to the link itself and counts it here; the
 * lcore polls the link until it has drained and gone down, then takes it out of the core and
 * releases it. A turn in which nothing happens costs two loads of lines that nobody writes.
 *
 * The list of arrivals is a stack of links pushed by one thread and taken whole by the other, so it
 * cannot fill up: a link is in it once at most. Push is a release, take an acquire.
 */
#ifndef FAB_NODE_CONTROL_DOOR_H
#define FAB_NODE_CONTROL_DOOR_H

#include <stdatomic.h>

#include "actor/core.h"
#include "base/compiler.h"
#include "link/segment.h"

struct fab_door {
    struct fab_core *core;          /* not owned; set before the first poll */
    struct fab_segment_link *links; /* inside, in no order; the lcore's */
    uint32_t retired;               /* of those told by the control thread, released; the lcore's */
    FAB_ALIGNED_TO_LINE _Atomic(struct fab_segment_link *) arrivals;
    _Atomic uint32_t retiring; /* links whose peer has gone, counted by the control thread */
};

void fab_door_init(struct fab_door *door, struct fab_core *core);

/* A new link for this lcore. Context: the control thread. */
void fab_door_hand_over(struct fab_door *door, struct fab_segment_link *link);

/* One link that was handed over has had its end. Context: the control thread. */
void fab_door_retire(struct fab_door *door);

/* Takes links in and lets links out; a fab_pollable function whose context is the door. Context:
 * the lcore, not from within a sink call. */
unsigned fab_door_poll(void *door, struct fab_room room, uint64_t now_ns);

#endif
