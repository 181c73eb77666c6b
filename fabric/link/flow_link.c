/* SPDX-License-Identifier: BSD-3-Clause */
#include "link/flow_link.h"

#include "base/heap.h"
#include "link/flow_hold.h"
#include "link/flow_port_state.h"

/* Records from core to core keep an order of their own; others that of their receiver. */
static inline uint8_t
stream_of(uint64_t to)
{
    return to ? fab_flow_stream_of(to) : FAB_STREAM_SYSTEM;
}

static enum myc_status
count_refusal(struct fab_flow_link *link, enum myc_status status)
{
    struct fab_link_counters *counters = &link->link.counters;

    if (status == MYC_FULL) {
        counters->full++;
        fab_flow_end_touch(link->end, link);
    } else if (status == MYC_TOO_BIG) {
        counters->too_big++;
    } else if (status == MYC_UNREACHABLE) {
        counters->unreachable++;
    }
    return status;
}

/* The second record of a turn is likely to be followed by others. For a peer that knows no errors
 * of origins each is looked at when it is committed. */
static inline void
open_window(struct fab_flow_link *link)
{
    struct fab_window *window = &link->link.window;

    if (!link->link.is_dirty || fab_unlikely(!link->has_errors))
        return;
    window->left = fab_flow_window(link->flow, FAB_RING_SLOT_SIZE, &window->next);
    link->has_window = window->left > 0;
}

void
fab_flow_link_close_window(struct fab_flow_link *link)
{
    uint32_t taken = fab_flow_take_window(link->flow, link->link.window.next);

    link->has_window = false;
    link->link.window.left = 0;
    link->link.counters.sent += taken;
    if (taken > 0)
        fab_flow_end_touch(link->end, link);
}

static enum myc_status
flow_link_claim(struct fab_link *base, enum fab_lane lane, uint32_t stride, uint64_t to,
                struct fab_msg **record)
{
    struct fab_flow_link *link = fab_flow_link_of(base);
    enum myc_status status =
        fab_flow_claim(fab_flow_link_ask(link), lane, stream_of(to), stride, record);

    return fab_likely(status == MYC_OK) ? MYC_OK : count_refusal(link, status);
}

static enum myc_status
flow_link_claim_large(struct fab_link *base, uint32_t stride, uint64_t to, uint32_t size,
                      struct fab_msg **record)
{
    struct fab_flow_link *link = fab_flow_link_of(base);

    return count_refusal(
        link, fab_flow_claim_large(fab_flow_link_ask(link), stream_of(to), stride, size, record));
}

/* The word is that of a loan of our own heap. */
static void
commit_large(struct fab_flow_link *link, uint64_t word)
{
    const uint8_t *body = link->link.own_heap + (size_t)(uint32_t)word * FAB_HEAP_UNIT;

    fab_flow_commit_large(link->flow, body, fab_flow_hold_add(link, (uint32_t)(word >> 32)));
}

static void
flow_link_commit(struct fab_link *base)
{
    struct fab_flow_link *link = fab_flow_link_of(base);

    const struct fab_msg *msg = fab_flow_open_record(link->flow);

    if (fab_unlikely(!link->has_errors))
        fab_flow_link_drop_error(msg);
    base->counters.sent++;
    fab_flow_end_touch(link->end, link);
    if (fab_unlikely(fab_msg_has_buffer(msg))) {
        commit_large(link, fab_msg_buffer_word(msg));
        return;
    }
    fab_flow_commit(link->flow);
    open_window(link);
}

static void
flow_link_flush(struct fab_link *base, uint64_t now_ns)
{
    struct fab_flow_link *link = fab_flow_link_of(base);

    fab_flow_end_flush(link->end, link, now_ns);
}

static void
flow_link_close(struct fab_link *base)
{
    struct fab_flow_link *link = fab_flow_link_of(base);

    if (link->is_closed)
        return;
    link->is_closed = true;
    fab_flow_close(fab_flow_link_ask(link), link->end->now_ns);
    fab_flow_end_touch(link->end, link);
}

static bool
flow_link_clock(const struct fab_link *base, uint64_t now_ns, struct fab_link_clock *clock)
{
    const struct fab_flow_link *link = (const struct fab_flow_link *)(const void *)base;
    const struct fab_peer_clock *known = fab_flow_peer_clock(link->flow);

    if (!known)
        return false;
    *clock = (struct fab_link_clock){
        .is_same = known->is_same,
        .offset_ns = fab_peer_clock_offset(known, now_ns),
        .error_ns = fab_peer_clock_error(known, now_ns),
    };
    return true;
}

static const struct fab_link_ops link_ops = {
    .claim = flow_link_claim,
    .claim_large = flow_link_claim_large,
    .commit = flow_link_commit,
    .flush = flow_link_flush,
    .clock = flow_link_clock,
    .close = flow_link_close,
};

void
fab_flow_link_init(struct fab_flow_link *link, const struct fab_flow_link_config *config)
{
    *link = (struct fab_flow_link){
        .link = { .ops = &link_ops,
                  .peer_lcore = config->flow->peer_lcore,
                  .level = FAB_LEVEL_FLOW },
        .end = config->end,
        .life = config->life,
        .path = config->path,
        .peer_node = config->flow->peer_node,
        .memory = config->memory,
    };
    fab_window_shape(&link->link.window, FAB_CHUNK_SIZE, FAB_FRAME_ALIGN);
    link->flow =
        fab_flow_init(config->memory, config->flow, &fab_flow_link_told, link, config->now_ns);
    fab_flow_heap_add(&config->end->heap, &link->timer, config->now_ns);
}

void
fab_flow_link_initiate(struct fab_flow_link *link, const struct fab_flow_config *config,
                       uint64_t now_ns)
{
    /* A flow that has heard something is being made by the peer: it must not forget that. */
    if (link->is_closed || fab_flow_state(link->flow) != FAB_FLOW_IDLE ||
        fab_flow_counters(link->flow)->frames_received > 0)
        return;
    fab_flow_fini(link->flow);
    link->flow = fab_flow_init(link->memory, config, &fab_flow_link_told, link, now_ns);
    fab_flow_end_touch(link->end, link);
}
