/* SPDX-License-Identifier: BSD-3-Clause */
/* Two cores in one thread, joined by a real ring: the instructions of both sides, one after the
 * other. */
#include "cost/cost.h"

#include "base/assert.h"
#include "cost/passers.h"
#include "env/clock.h"
#include "link/ring.h"
#include "support/core_lab.h"
#include "support/flow_driver.h"

#define SLOTS 1024U

struct ends {
    struct lab lab;
    struct fab_link *a, *b;
};

static void
begin(struct ends *ends)
{
    struct fab_core_config a = lab_config(LAB_HOME_1, 0, 2), b = lab_config(LAB_HOME_1, 1, 2);
    const struct fab_ring_link_options options = {
        .size = sizeof(options),
        .slots = SLOTS,
        .home = LAB_HOME_1,
        .lcore_count = 2,
        .a = { .socket = -1, .lcore = 0 },
        .b = { .socket = -1, .lcore = 1 },
    };

    driver_start_eal("cost", 64);
    lab_init(&ends->lab);
    lab_add_core(&ends->lab, &a);
    lab_add_core(&ends->lab, &b);
    FAB_ASSERT(fab_ring_link_pair_create(&options, &ends->a, &ends->b) == MYC_OK);
    FAB_ASSERT(fab_core_add_link(ends->lab.cores[0], ends->a) == MYC_OK);
    FAB_ASSERT(fab_core_add_link(ends->lab.cores[1], ends->b) == MYC_OK);
}

static void
end(struct ends *ends)
{
    fab_core_remove_link(ends->lab.cores[0], ends->a);
    fab_core_remove_link(ends->lab.cores[1], ends->b);
    lab_fini(&ends->lab);
    fab_ring_link_pair_destroy(&ends->a, &ends->b);
}

void
cost_ring_hop(uint64_t count)
{
    struct ends ends;

    begin(&ends);
    cost_passers_start(ends.lab.cores[0], ends.lab.cores[1], count);
    while (lab_turn(&ends.lab) > 0)
        ;
    end(&ends);
}

void
cost_idle_turn(uint64_t count)
{
    struct ends ends;

    begin(&ends);
    for (uint64_t i = 0; i < count; i++) {
        ends.lab.now_ns = fab_clock_ns();
        lab_turn_core(&ends.lab, 0);
    }
    end(&ends);
}
