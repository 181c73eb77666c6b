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

/* Chances are per million. */
struct flow_loop_wire {
    uint64_t seed;
    uint32_t lose;
    uint32_t duplicate;
    uint32_t corrupt;
    uint64_t delay_ns;  /* of each frame */
    uint64_t jitter_ns; /* up to so much more: frames overtake each other */
    /* NULL, or which of the frames that carry records are lost, counted from 0 each way. */
    bool (*is_lost)(void *context, bool from_a, unsigned number);
    void *context;
};

/* Joins cores i and j of a lab, which are of two nodes, and waits until the flow is up. */
struct flow_pair *lab_join_flow(struct lab *lab, unsigned i, unsigned j,
                                const struct flow_loop_wire *wire);

/* From now on the wire is another, such as one without loss. */
void flow_pair_set_wire(struct flow_pair *pair, const struct flow_loop_wire *wire);

/* Frames with records that the wire lost, both ways. */
unsigned flow_pair_lost(const struct flow_pair *pair);

#endif
