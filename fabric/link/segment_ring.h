/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One way of a segment: an SPSC ring between two processes that need not trust each other.
 *
 * It keeps rte_ring's discipline (free-running indices, one line for each side, publish by release,
 * look by acquire) and changes where things are. rte_ring has size and mask in the shared memory,
 * so a peer that scribbles there takes us along. Here the geometry is private to each side, and
 * each side writes only memory of its own:
 *
 *      producer's memfd                         consumer's memfd
 *      +------+------+---------------------+    +------+------+---------
 *      | tail |      | slots ...  overhang |    |      | head | ...
 *      +------+------+---------------------+    +------+------+---------
 *         writes: producer                          writes: consumer
 *         read only in the consumer                 read only in the producer
 *
 * An *area* is the part of one process's memfd that belongs to one pair of lcores: the tail and the
 * slots of the ring that it sends on, and the head of the ring that it receives on.
 *
 * What comes from the other side is bytes from outside, and may change while we look at it:
 *   - an index is loaded once, and believed only within what is possible (a tail at most the whole
 *     ring ahead of our head, a head between the last one seen and what we have published, at the
 *     start of a record);
 *   - a record is copied into private memory before anything of it is looked at, header and body.
 *     Checking the header in place would leave the body: a receiver verifies a message and then
 *     reads it again through views, so a body that changed in between would pass the check and
 *     break the reader. The copy of one or two lines that have just been fetched costs a few
 *     nanoseconds, and lets every reader behind it be an ordinary reader.
 *   - no index of ours is ever derived from theirs except through the checks above, and what we
 *     tell of our own unread records is walked by a private table of spans, not by their bytes.
 * The first impossible thing cuts the peer off: the ring is not read or written again.
 *
 * Pairs of memory order: store-release of `tail` (publish) with load-acquire of `tail` (take);
 * store-release of `head` (release) with load-acquire of `head` (refresh).
 */
#ifndef FAB_LINK_SEGMENT_RING_H
#define FAB_LINK_SEGMENT_RING_H

#include <stdatomic.h>
#include <string.h>

#include "base/compiler.h"
#include "base/fault_point.h"
#include "link/link.h"

/* The two indices are two lines apart, so that the prefetcher does not couple them. */
struct fab_segment_area {
    __attribute__((aligned(128))) _Atomic uint32_t tail; /* slots published by this side */
    __attribute__((aligned(128))) _Atomic uint32_t head; /* slots of the other side's ring done */
};

#define FAB_SEGMENT_SLOTS_OFFSET 256U

static_assert(sizeof(struct fab_segment_area) == FAB_SEGMENT_SLOTS_OFFSET, "area layout");
static_assert(offsetof(struct fab_segment_area, head) == 128, "area layout");

/* Bytes of an area whose ring has so many slots; a multiple of 64. */
static inline size_t
fab_segment_area_size(uint32_t slots)
{
    return FAB_SEGMENT_SLOTS_OFFSET + (size_t)(slots + FAB_RING_SPAN_MAX - 1U) * FAB_RING_SLOT_SIZE;
}

/* The sending side. Indices count slots from 0 and wrap at 2^32. */
struct fab_segment_producer {
    uint8_t *slots;               /* own area */
    _Atomic uint32_t *tail;       /* own area */
    const _Atomic uint32_t *head; /* other side's area, read only */
    uint32_t count;               /* slots of the ring, a power of two */
    uint32_t reserve;             /* slots kept from the user lane */
    uint32_t next;                /* committed */
    uint32_t published;           /* of these, visible: what tail says */
    uint32_t head_seen;           /* last head that was believed */
    uint32_t claimed;             /* slots of the open claim; 0: none */
    uint32_t window;              /* slots that the window had when it was opened */
    uint8_t *spans;               /* private: the span that starts at each slot, or 0; owned */
};

/* The receiving side. */
struct fab_segment_consumer {
    const uint8_t *slots;         /* other side's area, read only */
    const _Atomic uint32_t *tail; /* other side's area, read only */
    _Atomic uint32_t *head;       /* own area */
    uint32_t count;
    uint32_t next;      /* taken */
    uint32_t released;  /* of these, given back: what head says */
    uint32_t tail_seen; /* last tail that was believed */
};

/* Private memory for one record. */
struct fab_segment_record {
    FAB_ALIGNED_TO_LINE uint8_t bytes[FAB_RING_SPAN_MAX * FAB_RING_SLOT_SIZE];
};

enum fab_segment_take {
    FAB_SEGMENT_EMPTY = 0,
    FAB_SEGMENT_RECORD,
    FAB_SEGMENT_BAD, /* the other side is broken: cut it off */
};

/* `own` and `other` are areas for `slots` slots. `own` is zeroed memory that we write, `other` may
 * be mapped read only. OK; NO_MEMORY. */
enum myc_status fab_segment_producer_init(struct fab_segment_producer *producer,
                                          struct fab_segment_area *own,
                                          const struct fab_segment_area *other, uint32_t slots);
void fab_segment_producer_fini(struct fab_segment_producer *producer);

/* `slots` is the number of slots of the other side's ring. */
void fab_segment_consumer_init(struct fab_segment_consumer *consumer, struct fab_segment_area *own,
                               const struct fab_segment_area *other, uint32_t slots);

/* Looks at the head again. False: it is impossible, and was not believed. */
bool fab_segment_producer_refresh(struct fab_segment_producer *producer);

/* Looks at the tail again. */
enum fab_segment_take fab_segment_consumer_refresh(struct fab_segment_consumer *consumer);

/* Calls `each` for every committed record that the other side has not given back, in order. */
void fab_segment_producer_each_unread(const struct fab_segment_producer *producer,
                                      void (*each)(void *context, const struct fab_msg *msg),
                                      void *context);

/* Slots free for a claim, as far as was seen. */
static inline uint32_t
fab_segment_producer_free(const struct fab_segment_producer *producer)
{
    return producer->count - (producer->next - producer->head_seen);
}

/* Memory for a record of `span` slots; there must be so many free. */
static inline struct fab_msg *
fab_segment_producer_claim(struct fab_segment_producer *producer, uint32_t span)
{
    uint32_t index = producer->next & (producer->count - 1U);
    uint8_t *slot = producer->slots + (size_t)index * FAB_RING_SLOT_SIZE;

    producer->claimed = span;
    fab_ring_prefetch_ahead(slot, span);
    return (struct fab_msg *)(void *)slot;
}

/* Counts what was taken of the window (link/link.h), and closes it. Returns how many. */
static inline uint32_t
fab_segment_producer_close(struct fab_segment_producer *producer, struct fab_window *window)
{
    uint32_t taken = producer->window - window->left;

    if (taken > 0)
        memset(producer->spans + (producer->next & (producer->count - 1U)), 1, taken);
    producer->next += taken;
    producer->window = 0;
    window->left = 0;
    return taken;
}

/* Opens it, as far as room is known. */
static inline void
fab_segment_producer_open(struct fab_segment_producer *producer, struct fab_window *window)
{
    uint32_t index = producer->next & (producer->count - 1U);

    producer->window = fab_window_slots(fab_segment_producer_free(producer), producer->reserve,
                                        producer->published + FAB_RING_BURST - producer->next,
                                        producer->count - index);
    window->next = producer->slots + (size_t)index * FAB_RING_SLOT_SIZE;
    window->left = producer->window;
}

static inline void
fab_segment_producer_publish(struct fab_segment_producer *producer)
{
    if (producer->published == producer->next)
        return;
    producer->published = producer->next;
    FAB_FAULT_POINT(PUBLISH);
    /* Pairs with the load of `tail` in fab_segment_consumer_refresh: the records are seen whole. */
    atomic_store_explicit(producer->tail, producer->next, memory_order_release);
    FAB_FAULT_POINT(PUBLISHED);
}

static inline void
fab_segment_producer_commit(struct fab_segment_producer *producer)
{
    uint32_t mask = producer->count - 1U;

    producer->spans[producer->next & mask] = (uint8_t)producer->claimed;
    for (uint32_t i = 1; i < producer->claimed; i++)
        producer->spans[(producer->next + i) & mask] = 0;
    producer->next += producer->claimed;
    producer->claimed = 0;
    if (producer->next - producer->published >= FAB_RING_BURST)
        fab_segment_producer_publish(producer);
}

/* Copies the next record into `record`: its first line, and by what that says the others, because a
 * line that nobody needs costs a transfer between cores too. RECORD: it is valid and ours. */
static inline enum fab_segment_take
fab_segment_consumer_take(struct fab_segment_consumer *consumer, struct fab_segment_record *record)
{
    const struct fab_msg *msg = (const struct fab_msg *)(const void *)record->bytes;
    const uint8_t *slot;
    uint32_t available;
    uint32_t total;

    if (consumer->next == consumer->tail_seen) {
        enum fab_segment_take seen = fab_segment_consumer_refresh(consumer);

        if (seen != FAB_SEGMENT_RECORD)
            return seen;
    }
    slot = consumer->slots + (size_t)(consumer->next & (consumer->count - 1U)) * FAB_RING_SLOT_SIZE;
    memcpy(record->bytes, slot, FAB_CACHE_LINE);
    /* From here on the compiler must read the copy: it may not fetch a field again from the slot,
     * whose bytes can have changed since. */
    __asm__ volatile("" : : "r"(record->bytes) : "memory");
    available = (consumer->tail_seen - consumer->next) * FAB_RING_SLOT_SIZE;
    if (available > FAB_RING_RECORD_MAX)
        available = FAB_RING_RECORD_MAX;
    if (fab_unlikely(!fab_msg_is_valid(msg, available)))
        return FAB_SEGMENT_BAD;
    total = fab_msg_total(msg);
    FAB_FAULT_POINT(COPY);
    consumer->next += fab_ring_span(total);
    /* Not those that are still being written: the producer would have to take their lines back. */
    if (consumer->tail_seen - consumer->next >= FAB_RING_PREFETCH / FAB_RING_SLOT_SIZE)
        fab_ring_prefetch(slot, total);
    for (uint32_t done = FAB_CACHE_LINE; done < total; done += FAB_CACHE_LINE)
        memcpy(record->bytes + done, slot + done, FAB_CACHE_LINE);
    return FAB_SEGMENT_RECORD;
}

/* Gives back what was taken. */
static inline void
fab_segment_consumer_release(struct fab_segment_consumer *consumer)
{
    if (consumer->released == consumer->next)
        return;
    consumer->released = consumer->next;
    FAB_FAULT_POINT(RELEASE);
    /* Pairs with the load of `head` in fab_segment_producer_refresh: our reads of the slots are
     * done before the producer writes there again. */
    atomic_store_explicit(consumer->head, consumer->next, memory_order_release);
    FAB_FAULT_POINT(RELEASED);
}

#endif
