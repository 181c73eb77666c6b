/* SPDX-License-Identifier: BSD-3-Clause */
#include "node/primary.h"

#include "base/log.h"
#include "env/eal.h"
#include "node/ticker.h"

#define LOOK_NS 200000000U /* between two looks */

static void
look(void *context)
{
    struct fab_primary *primary = context;

    /* Only this thread writes it, and nothing is handed over with it. */
    if (atomic_load_explicit(&primary->is_lost, memory_order_relaxed) ||
        !fab_eal_has_lost_primary())
        return;
    atomic_store_explicit(&primary->is_lost, true, memory_order_relaxed);
    fab_log(FAB_LOG_ERROR, "the primary process has ended, and with it the ports and the memory "
                           "that it lent: stop this node, end its process, and start it again "
                           "after the primary");
    if (primary->on_lost)
        primary->on_lost(primary->context);
}

enum myc_status
fab_primary_watch(struct fab_primary *primary, const struct myc_node_options *options)
{
    if (!fab_eal_is_secondary())
        return MYC_OK;
    primary->on_lost = options->on_primary_lost;
    primary->context = options->primary_context;
    return fab_ticker_start(LOOK_NS, look, primary, &primary->ticker);
}

void
fab_primary_unwatch(struct fab_primary *primary)
{
    fab_ticker_stop(&primary->ticker);
}
