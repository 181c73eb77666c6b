/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/heap.h"

#include <string.h>

#include "base/assert.h"

enum state {
    STATE_INSIDE = 0, /* within a block that begins elsewhere */
    STATE_FREE,
    STATE_CLAIMED,
};

size_t
fab_heap_table_size(uint64_t size)
{
    return (size_t)(size / FAB_HEAP_UNIT) * sizeof(struct fab_heap_block);
}

static void
list(struct fab_heap *heap, uint32_t unit, uint32_t order)
{
    struct fab_heap_block *block = &heap->blocks[unit];

    *block = (struct fab_heap_block){
        .next = heap->first_free[order],
        .previous = FAB_HEAP_NONE,
        .order = (uint8_t)order,
        .state = STATE_FREE,
    };
    if (block->next != FAB_HEAP_NONE)
        heap->blocks[block->next].previous = unit;
    heap->first_free[order] = unit;
}

static void
unlist(struct fab_heap *heap, uint32_t unit)
{
    struct fab_heap_block *block = &heap->blocks[unit];

    if (block->previous != FAB_HEAP_NONE)
        heap->blocks[block->previous].next = block->next;
    else
        heap->first_free[block->order] = block->next;
    if (block->next != FAB_HEAP_NONE)
        heap->blocks[block->next].previous = block->previous;
    block->state = STATE_INSIDE;
}

/* The largest order of a block that may begin at the unit and ends within the heap. */
static uint32_t
order_at(const struct fab_heap *heap, uint32_t unit)
{
    uint32_t order = FAB_HEAP_ORDER_COUNT - 1U;

    while (unit & ((1U << order) - 1U) || heap->unit_count - unit < 1U << order)
        order--;
    return order;
}

void
fab_heap_init(struct fab_heap *heap, void *base, uint64_t size, void *table)
{
    FAB_ASSERT(size % FAB_HEAP_UNIT == 0 && size <= FAB_HEAP_SIZE_MAX);
    *heap = (struct fab_heap){
        .base = base,
        .blocks = table,
        .unit_count = (uint32_t)(size / FAB_HEAP_UNIT),
        .free_units = (uint32_t)(size / FAB_HEAP_UNIT),
    };
    if (size > 0)
        memset(table, 0, fab_heap_table_size(size));
    for (uint32_t i = 0; i < FAB_HEAP_ORDER_COUNT; i++)
        heap->first_free[i] = FAB_HEAP_NONE;
    for (uint32_t unit = 0; unit < heap->unit_count;) {
        uint32_t order = order_at(heap, unit);

        list(heap, unit, order);
        unit += 1U << order;
    }
}

uint32_t
fab_heap_claim(struct fab_heap *heap, uint32_t size)
{
    uint32_t order = 0;
    uint32_t found;
    uint32_t unit;

    FAB_ASSERT(size > 0 && size <= FAB_HEAP_BLOCK_MAX);
    while (FAB_HEAP_UNIT << order < size)
        order++;
    for (found = order; found < FAB_HEAP_ORDER_COUNT; found++)
        if (heap->first_free[found] != FAB_HEAP_NONE)
            break;
    if (found == FAB_HEAP_ORDER_COUNT)
        return FAB_HEAP_NONE;
    unit = heap->first_free[found];
    unlist(heap, unit);
    while (found > order) {
        found--;
        list(heap, unit + (1U << found), found);
    }
    heap->blocks[unit].order = (uint8_t)order;
    heap->blocks[unit].state = STATE_CLAIMED;
    heap->free_units -= 1U << order;
    return unit;
}

void
fab_heap_release(struct fab_heap *heap, uint32_t unit)
{
    uint32_t order;

    FAB_ASSERT(unit < heap->unit_count && heap->blocks[unit].state == STATE_CLAIMED);
    order = heap->blocks[unit].order;
    heap->blocks[unit].state = STATE_INSIDE;
    heap->free_units += 1U << order;
    while (order + 1 < FAB_HEAP_ORDER_COUNT) {
        uint32_t buddy = unit ^ (1U << order);

        if (buddy >= heap->unit_count || heap->blocks[buddy].state != STATE_FREE ||
            heap->blocks[buddy].order != order)
            break;
        unlist(heap, buddy);
        unit &= ~(1U << order);
        order++;
    }
    list(heap, unit, order);
}
