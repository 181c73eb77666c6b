/* SPDX-License-Identifier: BSD-3-Clause */
#include "link/segment.h"

#include "base/assert.h"
#include "base/heap.h"

static struct fab_segment_link *
segment_of(struct fab_link *link)
{
    return FAB_CONTAINER_OF(link, struct fab_segment_link, link);
}

/* Nothing is under way in the window any more. */
static void
close_window(struct fab_segment_link *segment)
{
    segment->link.counters.sent += fab_segment_producer_close(&segment->out, &segment->link.window);
}

/* The peer's memory holds something impossible: nothing of it is looked at again. */
static void
cut_off(struct fab_segment_link *segment)
{
    segment->link.counters.bad_records++;
    close_window(segment);
    segment->is_broken = true;
    segment->reason = MYC_NO_CONNECTION;
    segment->drain_until = segment->in.next;
    /* Pairs with the load in fab_segment_link_is_cut. */
    atomic_store_explicit(&segment->is_cut, true, memory_order_release);
}

/* Looks for room for `needed` slots. */
static bool
find_room(struct fab_segment_link *segment, uint32_t needed)
{
    if (segment->reason != MYC_OK)
        return false;
    if (!fab_segment_producer_refresh(&segment->out)) {
        cut_off(segment);
        return false;
    }
    return fab_segment_producer_free(&segment->out) >= needed;
}

static enum myc_status
segment_claim(struct fab_link *link, enum fab_lane lane, uint32_t stride, uint64_t to,
              struct fab_msg **record)
{
    struct fab_segment_link *segment = segment_of(link);
    uint32_t span = fab_ring_span(stride);
    uint32_t needed = span + (lane == FAB_LANE_USER ? segment->out.reserve : 0);

    (void)to;
    segment->out.claimed = 0;
    close_window(segment);
    if (fab_unlikely(!link->is_up)) {
        link->counters.unreachable++;
        return MYC_UNREACHABLE;
    }
    if (fab_unlikely(stride > FAB_RING_RECORD_MAX)) {
        link->counters.too_big++;
        return MYC_TOO_BIG;
    }
    if (fab_segment_producer_free(&segment->out) < needed && !find_room(segment, needed)) {
        segment->was_full = true;
        link->bell.known = FAB_LINK_ASK;
        link->counters.full++;
        return MYC_FULL;
    }
    *record = fab_segment_producer_claim(&segment->out, span);
    FAB_FAULT_POINT(CLAIM);
    return MYC_OK;
}

static void
segment_commit(struct fab_link *link)
{
    struct fab_segment_link *segment = segment_of(link);

    FAB_ASSERT(segment->out.claimed > 0);
    FAB_FAULT_POINT(COMMIT);
    fab_segment_producer_commit(&segment->out);
    FAB_FAULT_POINT(COMMITTED);
    link->counters.sent++;
    fab_segment_producer_open(&segment->out, &link->window);
}

static void
segment_flush(struct fab_link *link, uint64_t now_ns)
{
    struct fab_segment_link *segment = segment_of(link);

    (void)now_ns;
    segment->out.claimed = 0;
    close_window(segment);
    fab_segment_producer_publish(&segment->out);
    if (fab_likely(link->is_up && segment->reason == MYC_OK))
        fab_segment_producer_open(&segment->out, &link->window);
}

/* Whether the body that the record names lies within what the peer has offered. */
static bool
body_is_possible(const struct fab_link *link, const struct fab_msg *msg)
{
    uint64_t offset = (uint64_t)(uint32_t)fab_msg_buffer_word(msg) * FAB_HEAP_UNIT;

    return offset <= link->peer_heap_size && msg->size <= link->peer_heap_size - offset;
}

static unsigned
receive(struct fab_segment_link *segment, unsigned budget)
{
    struct fab_link *link = &segment->link;
    const struct fab_msg *msg = (const struct fab_msg *)(const void *)segment->record.bytes;
    unsigned done = 0;

    /* The sink may send, and so find the peer broken. */
    while (done < budget && !segment->is_broken) {
        enum fab_segment_take taken = fab_segment_consumer_take(&segment->in, &segment->record);

        if (taken == FAB_SEGMENT_EMPTY)
            break;
        if (fab_unlikely(taken == FAB_SEGMENT_BAD) ||
            (fab_unlikely(fab_msg_has_buffer(msg)) && !body_is_possible(link, msg))) {
            cut_off(segment);
            break;
        }
        FAB_FAULT_POINT(TAKE);
        link->sink->on_message(link->core, link, msg);
        FAB_FAULT_POINT(HANDLED);
        done++;
    }
    fab_segment_consumer_release(&segment->in);
    link->counters.received += done;
    return done;
}

static void
report_in_doubt(void *context, const struct fab_msg *msg)
{
    struct fab_link *link = context;

    link->sink->on_in_doubt(link->core, link, msg);
}

/* Whether all that the peer had published when its end was noticed has been received. */
static bool
is_drained(const struct fab_segment_link *segment)
{
    return (int32_t)(segment->in.next - segment->drain_until) >= 0;
}

static void
go_down(struct fab_segment_link *segment)
{
    struct fab_link *link = &segment->link;

    segment->out.claimed = 0;
    close_window(segment);
    segment->is_ended = true;
    link->is_up = false;
    fab_segment_producer_each_unread(&segment->out, report_in_doubt, link);
    link->sink->on_down(link->core, link, segment->reason);
}

/* The end of the peer, once: from here on its ring is drained, but no further than it is now. */
static void
notice_end(struct fab_segment_link *segment)
{
    /* Pairs with fab_segment_link_end. */
    uint32_t gone = atomic_load_explicit(&segment->gone, memory_order_acquire);

    if (fab_likely(gone == MYC_OK) || fab_unlikely(segment->reason != MYC_OK))
        return;
    segment->reason = (enum myc_status)gone;
    segment->drain_until = atomic_load_explicit(segment->in.tail, memory_order_acquire);
}

/* What a poll finds when nobody rings, is found by asking. */
static bool
is_at_rest(const struct fab_segment_link *segment)
{
    return !segment->was_full && segment->reason == MYC_OK;
}

static unsigned
poll_up(struct fab_segment_link *segment, unsigned budget)
{
    struct fab_link *link = &segment->link;
    uint32_t wanted = segment->out.reserve + segment->out.count / 4U;
    unsigned done = 0;

    notice_end(segment);
    if (fab_likely(segment->reason == MYC_OK) || !is_drained(segment))
        done = receive(segment, budget);
    if (fab_unlikely(segment->was_full) && find_room(segment, wanted)) {
        segment->was_full = false;
        link->sink->on_room(link->core, link);
        done++;
    }
    /* A ring that is empty too early lied about its tail: it has nothing more for us. */
    if (fab_unlikely(segment->reason != MYC_OK) && (is_drained(segment) || done == 0)) {
        go_down(segment);
        done++;
    }
    link->bell.known = fab_likely(is_at_rest(segment)) ? segment->in.next : FAB_LINK_ASK;
    return done;
}

static unsigned
segment_poll(struct fab_link *link, unsigned budget, uint64_t now_ns)
{
    struct fab_segment_link *segment = segment_of(link);

    (void)now_ns;
    if (fab_likely(link->is_up))
        return poll_up(segment, budget);
    if (segment->is_ended)
        return 0;
    link->is_up = true;
    link->sink->on_up(link->core, link);
    return 1;
}

static void
segment_close(struct fab_link *link)
{
    struct fab_segment_link *segment = segment_of(link);

    segment->out.claimed = 0;
    close_window(segment);
    fab_segment_producer_publish(&segment->out);
    segment->is_ended = true;
    link->is_up = false;
    /* Pairs with the load in fab_segment_link_is_released: our last touch. */
    atomic_store_explicit(&segment->is_released, true, memory_order_release);
}

static const struct fab_link_ops segment_ops = {
    .claim = segment_claim,
    .commit = segment_commit,
    .flush = segment_flush,
    .poll = segment_poll,
    .close = segment_close,
};

enum myc_status
fab_segment_link_init(struct fab_segment_link *segment,
                      const struct fab_segment_link_options *options)
{
    FAB_ASSERT(options->size == sizeof(*options));
    *segment = (struct fab_segment_link){
        .link = {
            .ops = &segment_ops,
            .bell = { .known = FAB_LINK_ASK }, /* until it has been up */
            .peer_home = options->peer_home,
            .peer_lcore = options->peer_lcore,
            .peer_lcore_count = options->peer_lcore_count,
            .level = FAB_LEVEL_SEGMENT,
            .large_max = options->large_max,
            .peer_heap = options->peer_heap,
            .peer_heap_size = options->peer_heap_size,
            .reach = options->reach,
        },
    };
    fab_window_shape(&segment->link.window, 0, FAB_RING_SLOT_SIZE);
    fab_segment_consumer_init(&segment->in, options->own, options->peer, options->peer_slots);
    segment->link.bell.news = segment->in.tail;
    segment->link.bell.end = &segment->gone;
    return fab_segment_producer_init(&segment->out, options->own, options->peer, options->slots);
}

void
fab_segment_link_fini(struct fab_segment_link *segment)
{
    fab_segment_producer_fini(&segment->out);
}

void
fab_segment_link_end(struct fab_segment_link *segment, enum myc_status reason)
{
    uint32_t expected = MYC_OK;

    FAB_ASSERT(reason != MYC_OK);
    /* The first reason stays. */
    atomic_compare_exchange_strong_explicit(&segment->gone, &expected, reason, memory_order_release,
                                            memory_order_relaxed);
}

bool
fab_segment_link_is_over(const struct fab_segment_link *segment)
{
    if (segment->is_ended)
        return true;
    return !segment->is_in_core &&
           atomic_load_explicit(&segment->gone, memory_order_acquire) != MYC_OK;
}

bool
fab_segment_link_is_cut(const struct fab_segment_link *segment)
{
    return atomic_load_explicit(&segment->is_cut, memory_order_acquire);
}

bool
fab_segment_link_is_released(const struct fab_segment_link *segment)
{
    return atomic_load_explicit(&segment->is_released, memory_order_acquire);
}
