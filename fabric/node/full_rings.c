/* SPDX-License-Identifier: BSD-3-Clause */
/* The rings of a full node: one for each way between two of its lcores. */
#include "node/full.h"

#include <stdlib.h>

#include "link/ring.h"

static enum myc_status
join_lcores(struct fab_full *full, uint8_t a, uint8_t b)
{
    uint32_t count = full->lcore_count;
    const struct fab_ring_link_options options = {
        .size = sizeof(options),
        .slots = full->options.limits.ring_slots,
        .home = full->head.home,
        .lcore_count = (uint8_t)count,
        .a = { full->lcores[a].socket, a, fab_full_heap(full, a), fab_full_heap_part(full) },
        .b = { full->lcores[b].socket, b, fab_full_heap(full, b), fab_full_heap_part(full) },
    };
    struct fab_link **ab = &full->rings[a * count + b], **ba = &full->rings[b * count + a];
    enum myc_status status = fab_ring_link_pair_create(&options, ab, ba);

    if (status == MYC_OK)
        status = fab_core_add_link(full->lcores[a].core, *ab);
    if (status == MYC_OK)
        status = fab_core_add_link(full->lcores[b].core, *ba);
    return status;
}

enum myc_status
fab_full_rings_create(struct fab_full *full)
{
    uint32_t count = full->lcore_count;

    full->rings = calloc((size_t)count * count, sizeof(struct fab_link *));
    if (!full->rings)
        return MYC_NO_MEMORY;
    for (uint32_t a = 0; a < count; a++)
        for (uint32_t b = a + 1; b < count; b++) {
            enum myc_status status = join_lcores(full, (uint8_t)a, (uint8_t)b);

            if (status != MYC_OK)
                return FAB_REFUSE(&full->options, status,
                                  "no memory for the ring between lcores %u and %u: lower "
                                  "limits.ring_slots, or give the EAL more memory",
                                  a, b);
        }
    return MYC_OK;
}

void
fab_full_rings_destroy(struct fab_full *full)
{
    uint32_t count = full->lcore_count;

    if (!full->rings)
        return;
    for (uint32_t a = 0; a < count; a++)
        for (uint32_t b = a + 1; b < count; b++)
            if (full->rings[a * count + b])
                fab_ring_link_pair_destroy(&full->rings[a * count + b],
                                           &full->rings[b * count + a]);
    free(full->rings);
}
