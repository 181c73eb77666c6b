/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A real flow (proto/flow.h) between two cores in one thread and virtual time, over a wire that
 * loses, doubles, delays and damages frames as a seed says.
 *
 * Where a loop link (loop_link.h) is what a core may expect of a carrier, this is the carrier: what
 * holds here holds over handshakes, retransmissions and acknowledgements. Nothing happens by itself
 * while all is acknowledged (no keep-alives, no silence that kills), so hours pass in a jump.
 */
#ifndef TESTS_SUPPORT_FLOW_LOOP_H
#define TESTS_SUPPORT_FLOW_LOOP_H

#include "support/core_lab.h"

#include "proto/absence.h"

/* Chances are per million. */
struct flow_loop_wire {
    uint64_t seed;
    uint32_t lose;
    uint32_t duplicate;
    uint32_t corrupt;
    uint64_t delay_ns;  /* of each frame */
    uint64_t jitter_ns; /* up to so much more: frames overtake each other */
    bool is_cut_a;      /* nothing that a sends arrives */
    bool is_cut_b;      /* likewise b */
    bool has_liveness;  /* silence is noticed, as the flow's defaults have it */
    uint64_t *history;  /* NULL, or a hash of every frame that was put on the wire */
    /* NULL, or each side's; looked at when it is made. */
    const struct fab_presence *presence_a;
    const struct fab_presence *presence_b;
    /* NULL, or which of the frames that carry records are lost, counted from 0 each way. */
    bool (*is_lost)(void *context, bool from_a, unsigned number);
    void *context;
};

/* Joins cores i and j of a lab, which are of two nodes, and waits until the flow is up. */
struct flow_pair *lab_join_flow(struct lab *lab, unsigned i, unsigned j,
                                const struct flow_loop_wire *wire);

/* --- for who drives it himself: not a lab's --------------------------------------------------- */

/* A flow between two such cores, which neither knows yet. */
struct flow_pair *flow_pair_create(const struct fab_core_config *a, const struct fab_core_config *b,
                                   const struct flow_loop_wire *wire, uint64_t now_ns);
void flow_pair_destroy(struct flow_pair *pair);

/* The link of either side, to be given to its core. */
struct fab_link *flow_pair_link(struct flow_pair *pair, bool of_a);

/* Its flow; NULL: that side has crashed. */
const struct fab_flow *flow_pair_flow(const struct flow_pair *pair, bool of_a);

/* That side's process is gone without a word; its core must have forgotten the link. */
void flow_pair_crash(struct flow_pair *pair, bool of_a);

/* It is there again, as the node that `home` says. */
void flow_pair_start(struct flow_pair *pair, bool of_a, uint64_t home, uint64_t now_ns);

/* When something happens next: a frame arrives, a timer is due. */
uint64_t flow_pair_next_ns(const struct flow_pair *pair);

/* The same at one side. */
uint64_t flow_pair_side_next_ns(const struct flow_pair *pair, bool of_a);

/* --- either way ------------------------------------------------------------------------------- */

/* From now on the wire is another, such as one without loss. */
void flow_pair_set_wire(struct flow_pair *pair, const struct flow_loop_wire *wire);

/* Frames with records that the wire lost, both ways. */
unsigned flow_pair_lost(const struct flow_pair *pair);

#endif
