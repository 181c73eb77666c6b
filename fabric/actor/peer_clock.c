/* SPDX-License-Identifier: BSD-3-Clause */
#include <mycelium/clock.h>

#include "actor/route.h"
#include "actor/state.h"

enum myc_status
myc_clock_of(struct myc_self *self, struct myc_ref peer, struct myc_peer_clock *clock)
{
    const struct fab_core *core = fab_self_core(self, __func__);
    struct fab_link_clock known = { .is_same = true };
    struct fab_link *link;
    enum myc_status status = fab_route(core, peer, &link);

    if (status != MYC_OK)
        return status;
    if (link && link->ops->clock && !link->ops->clock(link, core->now_ns, &known))
        return MYC_PENDING;
    *clock = (struct myc_peer_clock){
        .is_same = known.is_same,
        .offset_ns = known.offset_ns,
        .error_ns = known.error_ns,
    };
    return MYC_OK;
}
