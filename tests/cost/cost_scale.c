/* SPDX-License-Identifier: BSD-3-Clause */
/* As there is more of something: the worlds of `mycelium bench scaling`. */
#include "cost/cost.h"

#include "base/assert.h"
#include "scale.h"
#include "support/flow_driver.h"

#define MEMORY_MB 128U

void
cost_scale(const char *name, uint32_t size, uint64_t count)
{
    const struct scale_curve *curve = scale_curve_find(name);
    struct scale_world *world;

    FAB_ASSERT(curve != NULL);
    if (curve->needs_eal)
        driver_start_eal("cost", MEMORY_MB);
    world = scale_world_create(curve, size);
    FAB_ASSERT(world != NULL);
    scale_world_work(world, count);
    scale_world_destroy(&world);
}
