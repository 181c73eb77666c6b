/* SPDX-License-Identifier: BSD-3-Clause */
#include "proto/pacer.h"

void
fab_pacer_init(struct fab_pacer *pacer)
{
    *pacer = (struct fab_pacer){ .burst_ns = FAB_PACER_BURST_NS };
}

void
fab_pacer_set_rate(struct fab_pacer *pacer, uint64_t window, uint64_t round_trip_ns,
                   uint32_t percent)
{
    uint64_t ps_per_byte = round_trip_ns * 100 / window * 1000 / percent;

    if (ps_per_byte == 0)
        ps_per_byte = 1;
    pacer->ps_per_byte = ps_per_byte < UINT32_MAX ? (uint32_t)ps_per_byte : UINT32_MAX;
}

void
fab_pacer_set_free(struct fab_pacer *pacer)
{
    pacer->ps_per_byte = 0;
}
