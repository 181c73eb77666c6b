/* SPDX-License-Identifier: BSD-3-Clause */
/* The frames of an end: asked of its flows, written into buffers, and on their way to the port. */
#include <rte_mbuf.h>
#include <rte_ring.h>

#include "link/flow_hold.h"
#include "link/flow_port_state.h"
#include "link/flow_queue.h"
#include "link/flow_twin.h"

static inline bool
has_room(const struct fab_flow_end *end)
{
    if (end->queue != FAB_FLOW_QUEUE_NONE && fab_port_room(end->port->port, end->queue) == 0)
        return false;
    return end->is_local || rte_ring_free_count(end->to_port) > 0;
}

static inline void
send_frame(struct fab_flow_end *end, struct rte_mbuf *mbuf, uint64_t now_ns)
{
    if (end->is_local)
        fab_flow_port_send(end->port, mbuf, now_ns);
    else if (!end->own || !fab_flow_queue_send(end, mbuf, now_ns))
        rte_ring_sp_enqueue(end->to_port, mbuf);
}

/* A buffer to write the next frame into; NULL: no buffer, or no room on its way. */
static struct rte_mbuf *
frame_buffer(struct fab_flow_end *end)
{
    if (fab_unlikely(!has_room(end))) {
        end->counters.no_room++;
        return NULL;
    }
    if (!end->spare) {
        end->spare = rte_pktmbuf_alloc(end->pool);
        if (fab_unlikely(!end->spare))
            end->counters.no_mbufs++;
    }
    return end->spare;
}

/* The end into whose buffer the link's next frame is written: its own, or, while that has none,
 * that of its second path. NULL: neither has one. */
static inline struct fab_flow_end *
writable_end(struct fab_flow_end *end, const struct fab_flow_link *link)
{
    if (fab_likely(frame_buffer(end) != NULL))
        return end;
    return link->second && frame_buffer(link->second->end) ? link->second->end : NULL;
}

/* The frame of a link in an end's spare buffer is on its way. The peer wishes for a source port at
 * each of its cards. */
static inline void
send_spare(struct fab_flow_end *end, const struct fab_flow_link *link, uint64_t now_ns)
{
    struct rte_mbuf *mbuf = end->spare;
    bool is_first = end == link->end;
    uint16_t wish = is_first ? link->source_port : link->second->source_port;

    mbuf->hash.usr = is_first ? link->path : link->second->path;
    mbuf->hash.fdir.hi = wish ? wish : (uint32_t)end->port->udp_port_base + end->lcore;
    end->spare = NULL;
    send_frame(end, mbuf, now_ns);
}

/* The other path's copy of the frame in `from`'s spare buffer. It leaves as soon as the frame does:
 * nobody asks this port's poll for it. */
static void
send_copy(const struct fab_flow_link *link, const struct fab_flow_end *from, uint64_t now_ns)
{
    struct fab_flow_end *to = from == link->end ? link->second->end : link->end;
    const struct rte_mbuf *frame = from->spare;

    if (!frame_buffer(to)) {
        to->counters.copies_left++;
        return;
    }
    memcpy(rte_pktmbuf_mtod(to->spare, void *), rte_pktmbuf_mtod(frame, const void *),
           frame->data_len);
    to->spare->data_len = frame->data_len;
    to->spare->pkt_len = frame->pkt_len;
    send_spare(to, link, now_ns);
}

/* Asks a flow for frames until it has none (true), or there is no buffer or room (false).
 * `may_call`: runs its timers too, which may call the sink; else those that are due stay due. */
static bool
drain(struct fab_flow_end *end, struct fab_flow_link *link, bool may_call, uint64_t now_ns)
{
    size_t (*prepare)(struct fab_flow *, void *, size_t, uint64_t) =
        may_call ? fab_flow_prepare : fab_flow_prepare_untimed;

    while (may_call ? fab_flow_next_deadline(link->flow) <= now_ns
                    : fab_flow_has_output(link->flow)) {
        struct fab_flow_end *by = writable_end(end, link);
        struct rte_mbuf *mbuf;
        size_t size;

        if (fab_unlikely(!by)) {
            fab_flow_heap_advance(&end->heap, &link->timer, now_ns + FAB_FLOW_END_RETRY_NS);
            return false;
        }
        mbuf = by->spare;
        size =
            prepare(link->flow, rte_pktmbuf_mtod(mbuf, void *), rte_pktmbuf_tailroom(mbuf), now_ns);
        if (size == 0)
            break;
        mbuf->data_len = (uint16_t)size;
        mbuf->pkt_len = (uint32_t)size;
        if (fab_unlikely(end->tail.size > 0))
            fab_flow_hold_append(end, link, by, mbuf);
        if (fab_unlikely(link->second != NULL))
            send_copy(link, by, now_ns);
        send_spare(by, link, now_ns);
    }
    if (fab_unlikely(link->second != NULL))
        fab_flow_twin_flush(link, now_ns);
    return true;
}

void
fab_flow_end_flush(struct fab_flow_end *end, struct fab_flow_link *link, uint64_t now_ns)
{
    /* It stays on the list, where the next poll does what could wait: frames leave first. */
    fab_flow_end_touch(end, link);
    (void)fab_flow_link_ask(link);
    link->is_quiet = drain(end, link, false, now_ns);
    if (end->queue != FAB_FLOW_QUEUE_NONE)
        fab_port_flush(end->port->port, end->queue, now_ns);
}

/* Asks a touched link for frames; without `may_call` it stays touched. Returns work done. */
static unsigned
drain_link(struct fab_flow_end *end, struct fab_flow_link *link, bool may_call, uint64_t now_ns)
{
    bool is_known = !may_call && link->is_quiet;
    bool is_drained = true;
    unsigned work = 0;

    if (may_call)
        fab_flow_settle(link->flow);
    if (!is_known && fab_flow_has_output(link->flow)) {
        work = 1;
        is_drained = drain(end, link, may_call, now_ns);
    }
    if (!is_drained || !may_call) {
        fab_flow_end_touch(end, link);
        link->is_quiet = is_drained;
    } else {
        fab_flow_heap_advance(&end->heap, &link->timer,
                              work ? fab_flow_next_deadline(link->flow)
                                   : fab_flow_next_timer(link->flow));
    }
    return work;
}

unsigned
fab_flow_end_drain(struct fab_flow_end *end, bool may_call, uint64_t now_ns)
{
    struct fab_flow_link *link = end->touched;
    unsigned work = 0;

    end->touched = NULL;
    while (link) {
        struct fab_flow_link *next = link->touched_next;

        link->is_touched = false;
        if (next)
            fab_flow_prefetch(next->flow);
        (void)fab_flow_link_ask(link);
        work += drain_link(end, link, may_call, now_ns);
        link = next;
    }
    return work;
}
