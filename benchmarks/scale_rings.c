/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * As there are more lcores: a core that is joined to so many others by real rings, in one thread,
 * and nobody sends. What a turn costs more with a ring more is the cost of polling one that is
 * idle.
 */
#include "scale.h"

#include <rte_malloc.h>

#include "actor/core.h"
#include "link/ring.h"

#define SLOTS 1024U /* the default of a node */

/* Of the EAL's heaps, all sockets. */
static uint64_t
bytes_taken(void)
{
    struct rte_malloc_socket_stats stats;
    uint64_t bytes = 0;

    for (int socket = 0; socket < RTE_MAX_NUMA_NODES; socket++)
        if (rte_malloc_get_socket_stats(socket, &stats) == 0)
            bytes += stats.heap_allocsz_bytes;
    return bytes;
}

static bool
join_lcores(struct scale_world *world)
{
    const uint64_t home = fab_core_config_of(world->core)->home;
    uint64_t before = bytes_taken();

    for (uint32_t i = 0; i < world->size; i++) {
        const struct fab_ring_link_options options = {
            .size = sizeof(options),
            .slots = SLOTS,
            .home = home,
            .lcore_count = (uint8_t)(world->size + 1),
            .a = { .socket = -1, .lcore = 0 },
            .b = { .socket = -1, .lcore = (uint8_t)(i + 1) },
        };
        struct fab_link **ends = &world->links[2 * i];

        if (fab_ring_link_pair_create(&options, &ends[0], &ends[1]) != MYC_OK ||
            fab_core_add_link(world->core, ends[0]) != MYC_OK)
            return false;
    }
    world->bytes += bytes_taken() - before;
    return true;
}

static void
part_lcores(struct scale_world *world)
{
    for (uint32_t i = 0; i < world->size && world->links[2 * i]; i++) {
        fab_core_remove_link(world->core, world->links[2 * i]);
        fab_ring_link_pair_destroy(&world->links[2 * i], &world->links[2 * i + 1]);
    }
}

const struct scale_curve scale_rings_curve = {
    .name = "lcores",
    .x_is = "lcores that an lcore is joined to by rings",
    .y_is = "an idle turn",
    .size_min = 2,
    .size_max = 64,
    .factor = 2,
    .needs_eal = true,
    .fill = join_lcores,
    .empty = part_lcores,
};
