/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Both ends of a segment in one process, over plain memory: for unit tests and the TSan test, which
 * needs one mapping. The hostile peer of a test writes into `area_b` and `area_a` directly.
 */
#ifndef TESTS_SUPPORT_SEGMENT_PAIR_H
#define TESTS_SUPPORT_SEGMENT_PAIR_H

#include <stdlib.h>
#include <string.h>

#include "link/segment.h"
#include "support/carrier_contract.h"

struct segment_pair {
    struct fab_segment_area *area_a; /* written by a */
    struct fab_segment_area *area_b;
    struct fab_segment_link a;
    struct fab_segment_link b;
};

static inline struct fab_segment_area *
segment_area_create(uint32_t slots)
{
    size_t size = (fab_segment_area_size(slots) + 127U) & ~(size_t)127U;
    struct fab_segment_area *area = aligned_alloc(128, size);

    if (!area)
        abort();
    memset(area, 0, size);
    return area;
}

static inline int
segment_pair_init(struct segment_pair *pair, uint32_t slots)
{
    struct fab_segment_link_options options = {
        .size = sizeof(options),
        .peer_home = CARRIER_HOME_B,
        .peer_lcore = 1,
        .peer_lcore_count = 2,
        .slots = slots,
        .peer_slots = slots,
    };

    pair->area_a = segment_area_create(slots);
    pair->area_b = segment_area_create(slots);
    options.own = pair->area_a;
    options.peer = pair->area_b;
    if (fab_segment_link_init(&pair->a, &options) != MYC_OK)
        return -1;
    options.peer_home = CARRIER_HOME_A;
    options.peer_lcore = 0;
    options.own = pair->area_b;
    options.peer = pair->area_a;
    return fab_segment_link_init(&pair->b, &options) == MYC_OK ? 0 : -1;
}

static inline void
segment_pair_fini(struct segment_pair *pair)
{
    fab_segment_link_fini(&pair->a);
    fab_segment_link_fini(&pair->b);
    free(pair->area_a);
    free(pair->area_b);
}

#endif
