/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the next data frame will hold: planned here (flow_plan.c), written by flow_send.c.
 *
 * What was lost goes first, then what is new, the system lane before replies before user records;
 * blocks beside them where something is due. Parts of large bodies and records take turns. Nothing
 * is held back to fill a frame.
 */
#ifndef FAB_PROTO_FLOW_PLAN_H
#define FAB_PROTO_FLOW_PLAN_H

#include "proto/flow_state.h"

/* A frame in the making. */
struct fab_flow_plan {
    uint32_t blocks_size;
    uint32_t chunks_size;
    uint32_t chunks_max; /* bytes */
    uint64_t now_ns;
    uint16_t flags;
    uint8_t ranges;
    uint8_t part_count;
    uint8_t grant_count;
    bool repeats;  /* carries records again */
    bool has_part; /* of a large body, whose bytes end the frame */
    struct fab_large_pick part;
    struct {
        const struct fab_send_lane *lane;
        uint32_t start; /* place in it */
        uint32_t size;  /* there */
    } pieces[FAB_SENT_PARTS_MAX];
    fab_part parts[FAB_SENT_PARTS_MAX];
    struct fab_grant grants[FAB_GRANTS_MAX];
    bool has_all_grants; /* that are due */
};

/* Plans it. False: there is nothing to say. */
bool fab_flow_plan(struct fab_flow *flow, struct fab_flow_plan *plan, uint64_t now_ns);

/* Bytes of the frame's end that the part takes. */
static inline uint32_t
fab_flow_plan_part_size(const struct fab_flow_plan *plan)
{
    return plan->has_part ? (plan->part.size + 7U) & ~7U : 0;
}

#endif
