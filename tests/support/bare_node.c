/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/bare_node.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <mycelium/registry.h>

#include "base/assert.h"
#include "env/clock.h"

#define REST_NS 50000L

static void
on_attached(void *context, const struct fab_control_peer *peer)
{
    struct bare_node *node = context;

    for (uint32_t i = 0; i < peer->link_count; i++)
        fab_door_hand_over(&node->door, &peer->links[i]);
    atomic_fetch_add(&node->attached, 1);
    if (node->told.on_attached)
        node->told.on_attached(node->context, peer);
}

static void
on_detached(void *context, const struct fab_control_peer *peer, enum myc_status reason)
{
    struct bare_node *node = context;

    for (uint32_t i = 0; i < peer->link_count; i++)
        fab_door_retire(&node->door);
    atomic_fetch_sub(&node->attached, 1);
    if (node->told.on_detached)
        node->told.on_detached(node->context, peer, reason);
}

static void *
alloc_plain(void *context, size_t size, size_t align)
{
    size_t whole = (size + align - 1U) / align * align;
    void *memory = aligned_alloc(align, whole);

    (void)context;
    FAB_ASSERT(memory);
    return memset(memory, 0, whole);
}

static void
free_plain(void *context, void *pointer)
{
    (void)context;
    free(pointer);
}

void
bare_node_init(struct bare_node *node, const struct bare_node_options *options)
{
    const struct fab_core_memory memory = { alloc_plain, free_plain, NULL };
    struct fab_core_config config = {
        .size = sizeof(config),
        .home = options->home,
        .lcore_count = 1,
        .limits = { .actors_max = 64, .messages_max = 8192, .state_bytes_max = 1 << 20 },
        .seed = options->home,
    };
    struct myc_ref registry;

    *node = (struct bare_node){ .heap = { .fd = -1 }, .context = options->context };
    node->told = options->ops;
    if (options->heap_bytes > 0)
        FAB_ASSERT(fab_segment_memory_create(fab_segment_memory_round(options->heap_bytes), false,
                                             &node->heap) == MYC_OK);
    config.heap = node->heap.base;
    config.heap_size = node->heap.size;
    fab_clock_init();
    FAB_ASSERT(fab_core_create(&config, &memory, &node->core) == MYC_OK);
    fab_core_turn_begin(node->core, fab_clock_ns());
    FAB_ASSERT(fab_core_spawn(node->core, &myc_registry_class, NULL, &registry) == MYC_OK);
    fab_door_init(&node->door, node->core);
}

void
bare_node_open(struct bare_node *node, const struct bare_node_options *options)
{
    char error[256];
    const struct fab_control_options control = {
        .size = sizeof(control),
        .home = options->home,
        .lcore_count = 1,
        .slots = options->slots,
        .heap_fd = node->heap.fd,
        .heap_size = node->heap.size,
        .name = "bare",
        .path = options->path,
        .mode = 0600,
        .allow = options->allow,
        .allow_count = options->allow_count,
        .attach = options->attach,
        .attach_count = options->attach_count,
        .ops = { .on_attached = on_attached, .on_detached = on_detached },
        .context = node,
    };

    FAB_ASSERT(fab_control_create(&control, &node->control, error, sizeof(error)) == MYC_OK);
}

unsigned
bare_node_turn(struct bare_node *node)
{
    uint64_t now_ns = fab_clock_ns();
    unsigned work;

    fab_core_turn_begin(node->core, now_ns);
    work = fab_door_poll(&node->door, fab_core_room(node->core), now_ns);
    work += fab_core_poll(node->core, 32);
    work += fab_core_run(node->core, 256);
    fab_core_flush(node->core, now_ns);
    return work;
}

void
bare_node_turn_or_rest(struct bare_node *node)
{
    static const struct timespec rest = { .tv_nsec = REST_NS };

    if (bare_node_turn(node) == 0)
        nanosleep(&rest, NULL);
}

void
bare_node_fini(struct bare_node *node)
{
    fab_control_stop_begin(node->control);
    while (!fab_control_has_stopped(node->control))
        bare_node_turn_or_rest(node);
    fab_control_stop(node->control);
    fab_core_destroy(&node->core);
    fab_control_destroy(&node->control);
    fab_segment_memory_fini(&node->heap);
}
