/* SPDX-License-Identifier: BSD-3-Clause */
#include "link/segment_ring.h"

#include <stdlib.h>

#include "base/assert.h"

enum myc_status
fab_segment_producer_init(struct fab_segment_producer *producer, struct fab_segment_area *own,
                          const struct fab_segment_area *other, uint32_t slots)
{
    FAB_ASSERT(fab_ring_slots_is_valid(slots));
    *producer = (struct fab_segment_producer){
        .slots = (uint8_t *)own + FAB_SEGMENT_SLOTS_OFFSET,
        .tail = &own->tail,
        .head = &other->head,
        .count = slots,
        .reserve = fab_ring_reserve(slots),
        .spans = calloc(slots, 1),
    };
    return producer->spans ? MYC_OK : MYC_NO_MEMORY;
}

void
fab_segment_producer_fini(struct fab_segment_producer *producer)
{
    free(producer->spans);
    producer->spans = NULL;
}

void
fab_segment_consumer_init(struct fab_segment_consumer *consumer, struct fab_segment_area *own,
                          const struct fab_segment_area *other, uint32_t slots)
{
    FAB_ASSERT(fab_ring_slots_is_valid(slots));
    *consumer = (struct fab_segment_consumer){
        .slots = (const uint8_t *)other + FAB_SEGMENT_SLOTS_OFFSET,
        .tail = &other->tail,
        .head = &own->head,
        .count = slots,
    };
}

/* Whether the other side can have given back all before `head`: whole records that we published. */
static bool
head_is_possible(const struct fab_segment_producer *producer, uint32_t head)
{
    if (head - producer->head_seen > producer->published - producer->head_seen)
        return false;
    return head == producer->next || producer->spans[head & (producer->count - 1U)] != 0;
}

bool
fab_segment_producer_refresh(struct fab_segment_producer *producer)
{
    /* Pairs with fab_segment_consumer_release. */
    uint32_t head = atomic_load_explicit(producer->head, memory_order_acquire);

    if (!head_is_possible(producer, head))
        return false;
    producer->head_seen = head;
    return true;
}

/* All lines of the first records at once: each would else be asked for only when the one before it
 * has come. Not beyond what is published, whose lines the producer would have to take back. */
static void
prefetch_first(const struct fab_segment_consumer *consumer)
{
    uint32_t index = consumer->next & (consumer->count - 1U);
    uint32_t slots = fab_smaller(consumer->tail_seen - consumer->next, consumer->count - index);
    const uint8_t *slot = consumer->slots + (size_t)index * FAB_RING_SLOT_SIZE;

    slots = fab_smaller(slots, FAB_RING_PREFETCH / FAB_RING_SLOT_SIZE);
    for (uint32_t at = 0; at < slots * FAB_RING_SLOT_SIZE; at += FAB_CACHE_LINE)
        __builtin_prefetch(slot + at);
}

enum fab_segment_take
fab_segment_consumer_refresh(struct fab_segment_consumer *consumer)
{
    /* Pairs with fab_segment_producer_publish. */
    uint32_t tail = atomic_load_explicit(consumer->tail, memory_order_acquire);

    /* The producer counts its room from our published head, not from what we have taken since. */
    if (tail - consumer->released > consumer->count ||
        tail - consumer->released < consumer->next - consumer->released)
        return FAB_SEGMENT_BAD;
    if (tail == consumer->next)
        return FAB_SEGMENT_EMPTY;
    consumer->tail_seen = tail;
    prefetch_first(consumer);
    FAB_FAULT_POINT(REFRESH);
    return FAB_SEGMENT_RECORD;
}

void
fab_segment_producer_each_unread(const struct fab_segment_producer *producer,
                                 void (*each)(void *context, const struct fab_msg *msg),
                                 void *context)
{
    uint32_t head = atomic_load_explicit(producer->head, memory_order_acquire);
    /* After a head that cannot be, nothing is known since the last good one. */
    uint32_t index = head_is_possible(producer, head) ? head : producer->head_seen;

    while (index != producer->next) {
        uint32_t place = index & (producer->count - 1U);
        const uint8_t *slot = producer->slots + (size_t)place * FAB_RING_SLOT_SIZE;

        each(context, (const struct fab_msg *)(const void *)slot);
        index += producer->spans[place];
    }
}
