/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Meters: how full mailboxes have been, and how long messages wait in them.
 *
 * A mailbox only grows between two batches of its actor, but for what the actor sends itself. So
 * what a batch has handled and what it has left is what waited: the high-water mark, at the cost of
 * one look a batch. Age comes without a time in each message:
 * when a batch leaves messages behind, the time and their number are noted; once as many have been
 * handled, the last of them has waited for so long. Until then somebody has waited longer than
 * that.
 *
 * The actors with the highest marks are kept in a short list, so that showing them does not walk
 * millions of slots on a polling lcore.
 */
#ifndef FAB_ACTOR_METER_H
#define FAB_ACTOR_METER_H

#include <stdint.h>

struct fab_core;
struct fab_slot;

#define FAB_METERS_BUSIEST 16U

struct fab_meter {
    uint64_t mark_ns;    /* when `mark_left` messages were left behind */
    uint32_t mark_left;  /* of these, not handled yet; 0: no mark */
    uint32_t high_water; /* most messages that waited when a batch began */
};

struct fab_meters {
    struct fab_meter *of;                 /* of each slot; owned by the core */
    uint32_t busiest[FAB_METERS_BUSIEST]; /* slots; some may have ended since */
    uint32_t busiest_count;
};

/* A batch of more than one message is over: `done` were handled. */
void fab_meter_on_batch(struct fab_core *core, const struct fab_slot *slot, uint32_t done);

#endif
