/* SPDX-License-Identifier: BSD-3-Clause */
#include "proto/flow_store.h"

#include "base/assert.h"
#include "proto/large_in.h"
#include "proto/large_out.h"

#define PAGE_SIZE_SMALL 4096U
#define PAGE_SIZE_JUMBO 16384U

static_assert(PAGE_SIZE_JUMBO >= FAB_FRAME_SIZE_MAX, "a page holds any record");

uint32_t
fab_flow_page_size(uint32_t frame_max)
{
    return frame_max <= PAGE_SIZE_SMALL / 2 ? PAGE_SIZE_SMALL : PAGE_SIZE_JUMBO;
}

/* Where the parts stand: bytes from the start. */
struct layout {
    size_t pages;
    size_t cells;
    size_t bodies_out;
    size_t bodies_in;
    size_t scratch_frame;
    size_t scratch_record;
    size_t end;
};

static size_t
reserve(struct layout *layout, size_t size)
{
    size_t at = layout->end;

    layout->end += (size + FAB_FLOW_STORE_ALIGN - 1) & ~(size_t)(FAB_FLOW_STORE_ALIGN - 1);
    return at;
}

static struct layout
layout_of(const struct fab_flow_store_config *config)
{
    struct layout layout = { .end = 0 };

    reserve(&layout, sizeof(struct fab_flow_store));
    layout.pages = reserve(&layout, (size_t)config->page_count * config->page_size);
    layout.cells = reserve(&layout, fab_shelf_memory_size(config->cell_count));
    layout.bodies_out = reserve(&layout, config->body_count * sizeof(struct fab_large_out_slot));
    layout.bodies_in = reserve(&layout, config->body_count * sizeof(struct fab_large_in_slot));
    layout.scratch_frame = reserve(&layout, FAB_FRAME_SIZE_MAX);
    layout.scratch_record = reserve(&layout, FAB_FRAME_SIZE_MAX);
    return layout;
}

size_t
fab_flow_store_size(const struct fab_flow_store_config *config)
{
    return layout_of(config).end;
}

struct fab_flow_store *
fab_flow_store_init(void *memory, const struct fab_flow_store_config *config)
{
    struct layout layout = layout_of(config);
    struct fab_flow_store *store = memory;
    uint8_t *at = memory;

    FAB_ASSERT((uintptr_t)memory % FAB_FLOW_STORE_ALIGN == 0);
    FAB_ASSERT(config->page_size % PAGE_SIZE_SMALL == 0 && config->page_count > 0);
    fab_pool_init(&store->pages, at + layout.pages, config->page_size, config->page_count);
    store->pages.reserve = config->page_reserve;
    fab_shelf_init(&store->shelf, at + layout.cells, config->cell_count);
    fab_pool_init(&store->bodies_out, at + layout.bodies_out, sizeof(struct fab_large_out_slot),
                  config->body_count);
    fab_pool_init(&store->bodies_in, at + layout.bodies_in, sizeof(struct fab_large_in_slot),
                  config->body_count);
    store->scratch_frame = at + layout.scratch_frame;
    store->scratch_record = at + layout.scratch_record;
    return store;
}
