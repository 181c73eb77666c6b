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

#include "support/loop_link.h"

struct flow_pair;

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

/* Both ends come up when they are polled; the homes need different node ids. */
struct flow_pair *flow_pair_create(const struct loop_end_options *a,
                                   const struct loop_end_options *b,
                                   const struct flow_loop_wire *wire, uint64_t now_ns);
void flow_pair_destroy(struct flow_pair *pair);

struct fab_link *flow_pair_a(struct flow_pair *pair);
struct fab_link *flow_pair_b(struct flow_pair *pair);

/* From now on the wire is another, such as one without loss. */
void flow_pair_set_wire(struct flow_pair *pair, const struct flow_loop_wire *wire);

/* Whether all that was sent has arrived and is known to have. */
bool flow_pair_is_calm(const struct flow_pair *pair);

/* When something happens next: a frame arrives, a timer is due; UINT64_MAX: never. */
uint64_t flow_pair_next_ns(const struct flow_pair *pair);

/* Frames with records that the wire lost, both ways. */
unsigned flow_pair_lost(const struct flow_pair *pair);

#endif
