/* SPDX-License-Identifier: BSD-3-Clause */
#include "link/flow_timer.h"

static void
put(struct fab_flow_heap *heap, uint32_t place, struct fab_flow_timer *timer)
{
    heap->timers[place] = timer;
    timer->place = place;
}

static void
sift_up(struct fab_flow_heap *heap, struct fab_flow_timer *timer)
{
    uint32_t place = timer->place;

    for (; place > 0; place = (place - 1) / 2) {
        struct fab_flow_timer *parent = heap->timers[(place - 1) / 2];

        if (parent->due_ns <= timer->due_ns)
            break;
        put(heap, place, parent);
    }
    put(heap, place, timer);
}

static void
sift_down(struct fab_flow_heap *heap, struct fab_flow_timer *timer)
{
    uint32_t place = timer->place;

    for (uint32_t child = 2 * place + 1; child < heap->count; child = 2 * place + 1) {
        if (child + 1 < heap->count &&
            heap->timers[child + 1]->due_ns < heap->timers[child]->due_ns)
            child++;
        if (timer->due_ns <= heap->timers[child]->due_ns)
            break;
        put(heap, place, heap->timers[child]);
        place = child;
    }
    put(heap, place, timer);
}

void
fab_flow_heap_add(struct fab_flow_heap *heap, struct fab_flow_timer *timer, uint64_t due_ns)
{
    timer->due_ns = due_ns;
    timer->place = heap->count++;
    sift_up(heap, timer);
}

void
fab_flow_heap_move(struct fab_flow_heap *heap, struct fab_flow_timer *timer, uint64_t due_ns)
{
    uint64_t before_ns = timer->due_ns;

    timer->due_ns = due_ns;
    if (due_ns < before_ns)
        sift_up(heap, timer);
    else
        sift_down(heap, timer);
}
