/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The consumer uses rte_ring's zero-copy calls. The producer keeps to rte_ring's layout and memory
 * order, but moves the indices itself: rte_ring's own enqueue looks at the consumer's index each
 * time, a line that the other lcore has just written, and this one only when the room that it knows
 * of is used up.
 *
 *      published <= next <= limit = consumer's index, as last seen, + capacity
 *      [published, next) is committed and not visible; the window begins at next
 *
 * Invariants: the open claim and the window lie within [next, limit); a record is published whole,
 * so the consumer never sees a part of one; outside of poll nothing of the incoming ring is open.
 *
 * The bell is the incoming ring's prod.tail, and `has_left` of the other end.
 *
 * Memory order: our release of prod.tail pairs with the load of it in rte_ring's dequeue, our
 * acquire of cons.tail with the store of it in its finish. `has_left` is ours: set with release by
 * the end that closes, after its last dequeue; the other end loads it with acquire and may then
 * read what was not taken.
 */
#include "link/ring.h"

#include <stdatomic.h>

#include <rte_malloc.h>
#include <rte_ring.h>
#include <rte_ring_elem.h>
#include <rte_ring_peek_zc.h>

#include "base/assert.h"
#include "base/compiler.h"
#include "env/memory.h"
#include "link/slot.h"

struct ring_link {
    struct fab_link link;
    struct rte_ring *out;
    struct rte_ring *in;
    struct ring_link *other; /* not owned; only has_left is read */
    uint8_t *slots;          /* of `out` */
    uint32_t mask;           /* of `out` */
    uint32_t next;           /* committed; indices count slots and wrap at 2^32 */
    uint32_t published;
    uint32_t limit;
    uint32_t claimed;  /* slots of the open claim; 0: none */
    uint32_t window;   /* slots that the window had when it was opened */
    uint32_t reserve;  /* slots kept from the user lane */
    uint32_t capacity; /* slots */
    bool was_full;
    FAB_ALIGNED_TO_LINE _Atomic uint32_t has_left; /* 1: so it is */
};

static struct ring_link *
ring_of(struct fab_link *link)
{
    return FAB_CONTAINER_OF(link, struct ring_link, link);
}

/* Slot `index` of an open start; what begins before the end of the ring runs on behind it. */
static void *
slot_at(const struct rte_ring_zc_data *open, uint32_t index)
{
    if (index < open->n1)
        return (uint8_t *)open->ptr1 + (size_t)index * FAB_RING_SLOT_SIZE;
    return (uint8_t *)open->ptr2 + (size_t)(index - open->n1) * FAB_RING_SLOT_SIZE;
}

static uint8_t *
next_slot(const struct ring_link *ring)
{
    return ring->slots + (size_t)(ring->next & ring->mask) * FAB_RING_SLOT_SIZE;
}

/* Counts what was taken from the window and closes it. */
static void
close_window(struct ring_link *ring)
{
    uint32_t taken = ring->window - ring->link.window.left;

    ring->next += taken;
    ring->link.counters.sent += taken;
    ring->window = 0;
    ring->link.window.left = 0;
}

static void
open_window(struct ring_link *ring)
{
    ring->window = fab_window_slots(ring->limit - ring->next, ring->reserve,
                                    ring->published + FAB_RING_BURST - ring->next,
                                    ring->mask + 1 - (ring->next & ring->mask));
    ring->link.window.next = next_slot(ring);
    ring->link.window.left = ring->window;
}

static void
publish(struct ring_link *ring)
{
    close_window(ring);
    if (ring->published == ring->next)
        return;
    ring->published = ring->next;
    ring->out->prod.head = ring->next;
    __atomic_store_n(&ring->out->prod.tail, ring->next, __ATOMIC_RELEASE);
}

/* Looks at the consumer's index again. */
static bool
find_room(struct ring_link *ring, uint32_t slots)
{
    ring->limit = __atomic_load_n(&ring->out->cons.tail, __ATOMIC_ACQUIRE) + ring->capacity;
    return ring->limit - ring->next >= slots;
}

static enum myc_status
ring_claim(struct fab_link *link, enum fab_lane lane, uint32_t stride, uint64_t to,
           struct fab_msg **record)
{
    struct ring_link *ring = ring_of(link);
    uint32_t span = fab_ring_span(stride);
    uint32_t needed = span + (lane == FAB_LANE_USER ? ring->reserve : 0);

    (void)to;
    ring->claimed = 0;
    close_window(ring);
    if (fab_unlikely(!link->is_up)) {
        link->counters.unreachable++;
        return MYC_UNREACHABLE;
    }
    if (fab_unlikely(stride > FAB_RING_RECORD_MAX)) {
        link->counters.too_big++;
        return MYC_TOO_BIG;
    }
    if (ring->limit - ring->next < needed && !find_room(ring, needed)) {
        publish(ring); /* whoever reads it makes room */
        ring->was_full = true;
        link->bell.known = FAB_LINK_ASK;
        link->counters.full++;
        return MYC_FULL;
    }
    ring->claimed = span;
    *record = (struct fab_msg *)(void *)next_slot(ring);
    fab_ring_prefetch_ahead((const uint8_t *)*record, span);
    return MYC_OK;
}

static void
ring_commit(struct fab_link *link)
{
    struct ring_link *ring = ring_of(link);

    FAB_ASSERT(ring->claimed > 0);
    ring->next += ring->claimed;
    ring->claimed = 0;
    link->counters.sent++;
    if (ring->next - ring->published >= FAB_RING_BURST)
        publish(ring);
    open_window(ring);
}

static void
ring_flush(struct fab_link *link, uint64_t now_ns)
{
    struct ring_link *ring = ring_of(link);

    (void)now_ns;
    ring->claimed = 0;
    publish(ring);
    if (fab_likely(link->is_up))
        open_window(ring);
}

/* All lines of the first records at once: each would else be asked for only when the one before it
 * has come. */
static void
prefetch_first(const struct rte_ring_zc_data *open, uint32_t slots)
{
    slots = fab_smaller(fab_smaller(slots, open->n1), FAB_RING_PREFETCH / FAB_RING_SLOT_SIZE);
    for (uint32_t at = 0; at < slots * FAB_RING_SLOT_SIZE; at += FAB_CACHE_LINE)
        __builtin_prefetch((const uint8_t *)open->ptr1 + at);
}

static unsigned
receive(struct ring_link *ring, unsigned budget)
{
    struct fab_link *link = &ring->link;
    struct rte_ring_zc_data open;
    uint32_t slots = rte_ring_dequeue_zc_burst_elem_start(ring->in, FAB_RING_SLOT_SIZE,
                                                          ring->capacity, &open, NULL);
    uint32_t used = 0;
    unsigned done = 0;

    if (slots == 0)
        return 0;
    prefetch_first(&open, slots);
    while (used < slots && done < budget) {
        const struct fab_msg *msg = slot_at(&open, used);

        used += fab_ring_span(fab_msg_total(msg));
        /* Records behind it are on their way while it is handled; but not those that are still
         * being written, whose lines the producer would have to take back. */
        if (slots - used >= FAB_RING_PREFETCH / FAB_RING_SLOT_SIZE)
            fab_ring_prefetch((const uint8_t *)msg, fab_msg_total(msg));
        link->sink->on_message(link->core, link, msg);
        done++;
    }
    rte_ring_dequeue_zc_elem_finish(ring->in, used);
    link->counters.received += done;
    return done;
}

/* The other end reads no more: what it did not take is in doubt, in order. */
static void
report_in_doubt(struct ring_link *ring)
{
    struct fab_link *link = &ring->link;
    struct rte_ring_zc_data open;
    uint32_t slots = rte_ring_dequeue_zc_burst_elem_start(ring->out, FAB_RING_SLOT_SIZE,
                                                          ring->capacity, &open, NULL);

    for (uint32_t used = 0; used < slots;) {
        const struct fab_msg *msg = slot_at(&open, used);

        used += fab_ring_span(fab_msg_total(msg));
        link->sink->on_in_doubt(link->core, link, msg);
    }
    if (slots > 0)
        rte_ring_dequeue_zc_elem_finish(ring->out, slots);
}

static void
go_down(struct ring_link *ring)
{
    struct fab_link *link = &ring->link;

    ring->claimed = 0;
    publish(ring);
    link->is_up = false;
    report_in_doubt(ring);
    link->sink->on_down(link->core, link, MYC_SHUTDOWN);
}

static unsigned
ring_poll(struct fab_link *link, unsigned budget, uint64_t now_ns)
{
    struct ring_link *ring = ring_of(link);
    /* Before the receive: what the other end published before it left is then seen. */
    uint32_t has_left = atomic_load_explicit(&ring->other->has_left, memory_order_acquire);
    unsigned done = receive(ring, budget);

    (void)now_ns;
    if (fab_unlikely(ring->was_full) && find_room(ring, ring->reserve + ring->capacity / 4U)) {
        ring->was_full = false;
        link->sink->on_room(link->core, link);
        done++;
    }
    if (fab_unlikely(has_left) && link->is_up && done == 0) {
        go_down(ring);
        done++;
    }
    link->bell.known = fab_unlikely(ring->was_full) ? FAB_LINK_ASK : ring->in->cons.head;
    return done;
}

static void
ring_close(struct fab_link *link)
{
    struct ring_link *ring = ring_of(link);

    ring->claimed = 0;
    publish(ring);
    link->is_up = false;
    atomic_store_explicit(&ring->has_left, 1, memory_order_release);
}

static const struct fab_link_ops ring_ops = {
    .claim = ring_claim,
    .commit = ring_commit,
    .flush = ring_flush,
    .poll = ring_poll,
    .close = ring_close,
};

static struct rte_ring *
ring_create(uint32_t slots, int socket)
{
    ssize_t size = rte_ring_get_memsize_elem(FAB_RING_SLOT_SIZE, slots);
    size_t overhang = (FAB_RING_SPAN_MAX - 1U) * FAB_RING_SLOT_SIZE;
    struct rte_ring *ring;

    if (size < 0)
        return NULL;
    ring = fab_memory_alloc("ring", (size_t)size + overhang, RTE_CACHE_LINE_SIZE, socket);
    if (ring && rte_ring_init(ring, "fab_ring", slots, RING_F_SP_ENQ | RING_F_SC_DEQ) != 0) {
        fab_memory_free(ring);
        return NULL;
    }
    return ring;
}

/* The end `own`, which will have `out` to send on; NULL: no memory. */
static struct ring_link *
end_create(const struct fab_ring_link_options *options, struct fab_ring_link_end own,
           struct fab_ring_link_end other)
{
    struct ring_link *ring =
        fab_memory_alloc("ring link", sizeof(*ring), RTE_CACHE_LINE_SIZE, own.socket);

    if (!ring)
        return NULL;
    /* A ring lies where it is read. */
    ring->in = ring_create(options->slots, own.socket);
    if (!ring->in) {
        fab_memory_free(ring);
        return NULL;
    }
    ring->link.ops = &ring_ops;
    fab_window_shape(&ring->link.window, 0, FAB_RING_SLOT_SIZE);
    ring->link.peer_home = options->home;
    ring->link.peer_lcore = other.lcore;
    ring->link.peer_lcore_count = options->lcore_count;
    ring->link.level = FAB_LEVEL_RING;
    ring->link.large_max = own.heap ? FAB_MSG_SIZE_MAX : 0;
    ring->link.peer_heap = other.heap;
    ring->link.peer_heap_size = other.heap_size;
    ring->link.is_up = true;
    ring->capacity = rte_ring_get_capacity(ring->in);
    ring->reserve = fab_ring_reserve(options->slots);
    return ring;
}

static void
begin_producing(struct ring_link *ring)
{
    ring->slots = (uint8_t *)(ring->out + 1); /* where rte_ring has its elements */
    ring->mask = ring->out->mask;
    ring->limit = ring->capacity;
}

/* rte_ring has its tail volatile, and not atomic. */
static void
begin_consuming(struct ring_link *ring)
{
    const volatile uint32_t *tail = &ring->in->prod.tail;

    ring->link.bell.news = (const _Atomic uint32_t *)(uintptr_t)tail;
    ring->link.bell.end = &ring->other->has_left;
}

static void
end_destroy(struct ring_link *ring)
{
    if (!ring)
        return;
    fab_memory_free(ring->in);
    fab_memory_free(ring);
}

enum myc_status
fab_ring_link_pair_create(const struct fab_ring_link_options *options, struct fab_link **a,
                          struct fab_link **b)
{
    struct ring_link *end_a;
    struct ring_link *end_b;

    FAB_ASSERT(options->size == sizeof(*options));
    if (!fab_ring_slots_is_valid(options->slots))
        return MYC_INVALID;
    end_a = end_create(options, options->a, options->b);
    end_b = end_create(options, options->b, options->a);
    if (!end_a || !end_b) {
        end_destroy(end_a);
        end_destroy(end_b);
        return MYC_NO_MEMORY;
    }
    end_a->out = end_b->in;
    end_b->out = end_a->in;
    end_a->other = end_b;
    end_b->other = end_a;
    begin_producing(end_a);
    begin_producing(end_b);
    begin_consuming(end_a);
    begin_consuming(end_b);
    *a = &end_a->link;
    *b = &end_b->link;
    return MYC_OK;
}

void
fab_ring_link_pair_destroy(struct fab_link **a, struct fab_link **b)
{
    if (*a)
        end_destroy(ring_of(*a));
    if (*b)
        end_destroy(ring_of(*b));
    *a = NULL;
    *b = NULL;
}
