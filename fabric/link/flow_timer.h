/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * When the flows of one lcore are due: a binary heap, so that an idle flow costs nothing per turn
 * and the loop looks at one number.
 *
 * A key may be earlier than the flow's real deadline, never later: a deadline that moves away (as
 * it does with each frame) leaves the heap alone, and is read again when the key comes up.
 */
#ifndef FAB_LINK_FLOW_TIMER_H
#define FAB_LINK_FLOW_TIMER_H

#include <stdint.h>

struct fab_flow_timer {
    uint64_t due_ns;
    uint32_t place; /* in the heap */
};

struct fab_flow_heap {
    struct fab_flow_timer **timers; /* caller's, room for all */
    uint32_t count;
};

/* Puts a timer in for good. */
void fab_flow_heap_add(struct fab_flow_heap *heap, struct fab_flow_timer *timer, uint64_t due_ns);

/* Moves a timer to any time. */
void fab_flow_heap_move(struct fab_flow_heap *heap, struct fab_flow_timer *timer, uint64_t due_ns);

/* Moves a timer only if that is earlier. */
static inline void
fab_flow_heap_advance(struct fab_flow_heap *heap, struct fab_flow_timer *timer, uint64_t due_ns)
{
    if (due_ns < timer->due_ns)
        fab_flow_heap_move(heap, timer, due_ns);
}

/* The earliest timer; NULL when its key is later than now, or there is none. */
static inline struct fab_flow_timer *
fab_flow_heap_due(const struct fab_flow_heap *heap, uint64_t now_ns)
{
    if (heap->count == 0 || heap->timers[0]->due_ns > now_ns)
        return 0;
    return heap->timers[0];
}

#endif
