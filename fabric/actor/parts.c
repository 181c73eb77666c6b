/* SPDX-License-Identifier: BSD-3-Clause */
#include "actor/parts.h"

#include "actor/nodes.h"
#include "actor/stall.h"

#define ASKS_PER_TURN  1024U /* that fail by their deadline */
#define SEEKS_PER_TURN 256U  /* discovers that end by theirs */

unsigned
fab_parts_run(struct fab_core *core, unsigned budget)
{
    unsigned done;

    core->parts_ns = UINT64_MAX;
    fab_nodes_run(core);
    done = fab_timers_run(core, budget) + fab_asks_run(core, ASKS_PER_TURN) +
           fab_names_run(core, SEEKS_PER_TURN);
    fab_parts_due(core, fab_parts_next_ns(core));
    return done;
}

static uint64_t
earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t
fab_parts_next_ns(const struct fab_core *core)
{
    if (fab_nodes_is_behind(core))
        return core->now_ns;
    return earlier(fab_timers_next_ns(core),
                   earlier(fab_asks_next_ns(core), fab_names_next_ns(core)));
}

void
fab_parts_on_restart(struct fab_core *core, struct fab_slot *slot)
{
    fab_monitors_on_restart(core, slot);
    fab_names_on_restart(core, slot);
    fab_stalls_on_restart(core, slot);
}

bool
fab_parts_are_quiet(const struct fab_core *core)
{
    return fab_timers_count(core) == 0 && fab_asks_count(core) == 0 &&
           fab_monitors_count(core) == 0 && fab_names_count(core) == 0;
}
