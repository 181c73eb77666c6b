/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where the memory of flows is: what each has of its own, and what many take from one store.
 *
 *      own, for ever       struct fab_flow, and a place for each page that it may have
 *      credit_least        cells of the shelf: an idle flow's credit is real
 *      from the store      pages of send buffers and of frames in flight, further credit, bodies
 *
 * The first four flows of a store find what they may have at most; with more of them the least
 * sinks to a frame or two for each lane, and what is beyond it is for whoever is busy. See
 * fabric/decisions/0008-flow-memory.md for the sums.
 */
#include <string.h>

#include "base/assert.h"
#include "proto/flow_state.h"

#define FULL_FLOWS    4U    /* that find all they may have */
#define ACTIVE_FLOWS  1024U /* beyond these, that find a page of each kind at the same time */
#define ACTIVE_PAGES  3U    /* of chunks, of spans, of frames */
#define BODIES_FLOWS  64U   /* that have all their slots for large bodies in use */
#define RESERVE_SHARE 4U    /* one page in so many is not for claims */

/* Where the parts of a flow stand in its memory: bytes from its start. */
struct layout {
    size_t frames;
    size_t lanes[FAB_LANE_COUNT];
    size_t secure;
    size_t store;
    size_t end;
};

static size_t
reserve(struct layout *layout, size_t size)
{
    size_t at = layout->end;

    layout->end += (size + FAB_FLOW_ALIGN - 1) & ~(size_t)(FAB_FLOW_ALIGN - 1);
    return at;
}

/* Twice the window: probes go beyond it, and lost frames are remembered for a while. */
static uint32_t
map_capacity(const struct fab_flow_config *config)
{
    return 2 * config->window_frames;
}

static uint32_t
page_size(const struct fab_flow_config *config)
{
    return config->store ? config->store->pages.size : fab_flow_page_size(config->frame_max);
}

static struct fab_send_lane_shape
lane_shape(const struct fab_flow_config *config, int lane)
{
    return fab_send_lane_shape(page_size(config), config->send_bytes[lane], map_capacity(config));
}

/* Pages that the flow has at most, one for what is the latest of its kind, and one to spare. */
static uint32_t
page_count(const struct fab_flow_config *config)
{
    uint32_t count = 2 + fab_sent_map_pages(page_size(config), map_capacity(config));

    for (int lane = 0; lane < FAB_LANE_COUNT; lane++) {
        struct fab_send_lane_shape shape = lane_shape(config, lane);

        count += shape.pages + shape.span_pages;
    }
    return count;
}

static struct fab_flow_store_config
own_store_config(const struct fab_flow_config *config)
{
    uint32_t credit = 0;

    for (int lane = 0; lane < FAB_LANE_COUNT; lane++)
        credit += config->credit_bytes[lane];
    return (struct fab_flow_store_config){
        .page_size = page_size(config),
        .page_count = page_count(config),
        .cell_count = credit / FAB_CREDIT_UNIT,
        .body_count = config->large_max ? FAB_LARGE_SLOTS : 0,
    };
}

static struct layout
layout_of(const struct fab_flow_config *config)
{
    struct fab_flow_store_config own = own_store_config(config);
    struct layout layout = { .end = 0 };

    reserve(&layout, sizeof(struct fab_flow));
    layout.frames =
        reserve(&layout, fab_sent_map_pages(own.page_size, map_capacity(config)) * sizeof(void *));
    for (int lane = 0; lane < FAB_LANE_COUNT; lane++) {
        struct fab_send_lane_shape shape = lane_shape(config, lane);

        layout.lanes[lane] = reserve(&layout, (shape.pages + shape.span_pages) * sizeof(void *));
    }
    layout.secure = reserve(&layout, config->secure.security ? sizeof(struct fab_secure) : 0);
    layout.store = reserve(&layout, config->store ? 0 : fab_flow_store_size(&own));
    return layout;
}

size_t
fab_flow_size(const struct fab_flow_config *config)
{
    return layout_of(config).end;
}

void
fab_flow_clear(void *memory, const struct fab_flow_config *config)
{
    memset(memory, 0, layout_of(config).secure); /* with the pages' places */
}

void
fab_flow_place_parts(struct fab_flow *flow, uint8_t *memory)
{
    const struct fab_flow_config *config = &flow->config;
    struct fab_flow_store_config own = own_store_config(config);
    struct layout layout = layout_of(config);

    flow->store = config->store ? config->store : fab_flow_store_init(memory + layout.store, &own);
    fab_sent_map_init(&flow->path.sent, &flow->store->pages, (void *)(memory + layout.frames),
                      fab_sent_map_pages(own.page_size, map_capacity(config)));
    for (int lane = 0; lane < FAB_LANE_COUNT; lane++) {
        struct fab_send_lane_shape shape = lane_shape(config, lane);

        fab_send_lane_init(&flow->lanes[lane].send, &flow->store->pages,
                           (void *)(memory + layout.lanes[lane]), &shape);
    }
    fab_reorder_init(&flow->reorder, &flow->store->shelf);
    for (int lane = 0; lane < FAB_LANE_COUNT; lane++)
        flow->lanes[lane].credit_in.window = flow->lanes[lane].credit_in.least =
            fab_flow_credit_least(config, lane);
    flow->store->shelf.promised += fab_flow_credit_promise(config);
    FAB_ASSERT(flow->store->shelf.promised <= flow->store->shelf.count);
    if (config->large_max) {
        flow->large_out = &flow->own_large_out;
        flow->large_in = &flow->own_large_in;
        fab_large_out_init(flow->large_out, &flow->store->bodies_out);
        fab_large_in_init(flow->large_in, &flow->store->bodies_in);
    }
    if (config->secure.security) {
        flow->secure = (void *)(memory + layout.secure);
        fab_secure_init(flow->secure, &config->secure);
    }
}

static uint32_t
smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* A record of the largest size at any time, in the users' lane two. */
static uint32_t
least_possible(const struct fab_flow_config *config, int lane)
{
    uint32_t frame = config->frame_max + FAB_CREDIT_UNIT;

    return smaller(lane == FAB_LANE_USER ? 2 * frame : frame, config->credit_bytes[lane]);
}

static void
set_least(struct fab_flow_config *config, uint32_t count)
{
    for (int lane = 0; lane < FAB_LANE_COUNT; lane++) {
        uint32_t most = config->credit_bytes[lane];
        uint32_t least = least_possible(config, lane);
        uint32_t share = (uint32_t)((uint64_t)most * FULL_FLOWS / count) & ~(FAB_CREDIT_UNIT - 1U);

        share = share > least ? share : least;
        config->credit_least[lane] = count <= FULL_FLOWS ? most : smaller(share, most);
    }
}

struct fab_flow_store_config
fab_flow_share(struct fab_flow_config *config, uint32_t count)
{
    struct fab_flow_store_config store = own_store_config(config);
    uint32_t full = smaller(count, FULL_FLOWS);
    uint32_t cells = store.cell_count;

    FAB_ASSERT(count > 0 && !config->store);
    set_least(config, count);
    store.page_count = full * store.page_count + smaller(count - full, ACTIVE_FLOWS) * ACTIVE_PAGES;
    store.page_reserve = count > FULL_FLOWS ? store.page_count / RESERVE_SHARE : 0;
    store.cell_count = count * fab_flow_credit_promise(config);
    if (count > FULL_FLOWS)
        store.cell_count += FULL_FLOWS * cells;
    store.body_count *= smaller(count, BODIES_FLOWS);
    return store;
}
