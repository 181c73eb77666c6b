/* SPDX-License-Identifier: BSD-3-Clause */
#include "actor/timer_wheel.h"

#include <assert.h>
#include <string.h>

#include "base/assert.h"
#include "base/compiler.h"

static_assert(FAB_WHEEL_TICK_SHIFT + FAB_WHEEL_LEVELS * FAB_WHEEL_SLOT_BITS >= 64,
              "every nanosecond has a bucket");

/* The first tick that does not begin before `due_ns`. */
static uint64_t
tick_of(uint64_t due_ns)
{
    const uint64_t below = (1U << FAB_WHEEL_TICK_SHIFT) - 1;

    return (due_ns >> FAB_WHEEL_TICK_SHIFT) + ((due_ns & below) ? 1 : 0);
}

static unsigned
slot_of(uint64_t tick, unsigned level)
{
    return (unsigned)(tick >> (level * FAB_WHEEL_SLOT_BITS)) & (FAB_WHEEL_SLOTS - 1);
}

static unsigned
level_of(uint64_t elapsed, uint64_t tick)
{
    uint64_t differs = elapsed ^ tick;

    return differs == 0 ? 0 : (63U - (unsigned)__builtin_clzll(differs)) / FAB_WHEEL_SLOT_BITS;
}

void
fab_wheel_init(struct fab_wheel *wheel, struct fab_wheel_node *nodes, uint64_t now_ns)
{
    memset(wheel, 0, sizeof(*wheel));
    memset(wheel->buckets, 0xff, sizeof(wheel->buckets));
    wheel->nodes = nodes;
    wheel->elapsed = now_ns >> FAB_WHEEL_TICK_SHIFT;
}

/* The tick at which a node is given out: its own, or at once. */
static uint64_t
node_tick(const struct fab_wheel *wheel, const struct fab_wheel_node *node)
{
    uint64_t tick = tick_of(node->due_ns);

    return tick < wheel->elapsed ? wheel->elapsed : tick;
}

static void
append(struct fab_wheel *wheel, uint32_t index, unsigned level, unsigned slot)
{
    struct fab_wheel_bucket *bucket = &wheel->buckets[level][slot];
    struct fab_wheel_node *node = &wheel->nodes[index];

    node->next = FAB_WHEEL_NONE;
    node->prev = bucket->tail;
    node->place = (uint8_t)(level + 1);
    if (bucket->head == FAB_WHEEL_NONE)
        bucket->head = index;
    else
        wheel->nodes[bucket->tail].next = index;
    bucket->tail = index;
    wheel->occupied[level] |= 1ULL << slot;
    wheel->occupied_levels |= 1U << level;
}

static void
unlink_node(struct fab_wheel *wheel, uint32_t index, unsigned level, unsigned slot)
{
    struct fab_wheel_bucket *bucket = &wheel->buckets[level][slot];
    struct fab_wheel_node *node = &wheel->nodes[index];

    if (node->prev == FAB_WHEEL_NONE)
        bucket->head = node->next;
    else
        wheel->nodes[node->prev].next = node->next;
    if (node->next == FAB_WHEEL_NONE)
        bucket->tail = node->prev;
    else
        wheel->nodes[node->next].prev = node->prev;
    node->place = 0;
    if (bucket->head != FAB_WHEEL_NONE)
        return;
    wheel->occupied[level] &= ~(1ULL << slot);
    if (wheel->occupied[level] == 0)
        wheel->occupied_levels &= ~(1U << level);
    if (level == wheel->dealing && slot == slot_of(wheel->elapsed, level))
        wheel->dealing = 0;
}

void
fab_wheel_start(struct fab_wheel *wheel, uint32_t index, uint64_t due_ns)
{
    struct fab_wheel_node *node = &wheel->nodes[index];
    uint64_t tick;
    unsigned level;

    FAB_ASSERT(node->place == 0);
    node->due_ns = due_ns;
    tick = node_tick(wheel, node);
    level = level_of(wheel->elapsed, tick);
    /* A bucket that is being dealt out covers this tick: go behind those that were there before. */
    if (level < wheel->dealing)
        level = wheel->dealing;
    append(wheel, index, level, slot_of(tick, level));
    wheel->count++;
}

bool
fab_wheel_cancel(struct fab_wheel *wheel, uint32_t index)
{
    struct fab_wheel_node *node = &wheel->nodes[index];
    unsigned level;
    unsigned slot;

    if (node->place == 0)
        return false;
    level = node->place - 1U;
    slot = slot_of(node_tick(wheel, node), level);
    unlink_node(wheel, index, level, slot);
    wheel->count--;
    return true;
}

/* The earliest bucket and the tick at which it begins. The wheel is not empty. */
static uint64_t
earliest(const struct fab_wheel *wheel, unsigned *level, unsigned *slot)
{
    unsigned shift;

    *level = wheel->dealing ? wheel->dealing : (unsigned)__builtin_ctz(wheel->occupied_levels);
    if (wheel->dealing) {
        *slot = slot_of(wheel->elapsed, *level);
        return wheel->elapsed;
    }
    *slot = (unsigned)__builtin_ctzll(wheel->occupied[*level]);
    shift = *level * FAB_WHEEL_SLOT_BITS;
    return (wheel->elapsed >> shift & ~(uint64_t)(FAB_WHEEL_SLOTS - 1)) << shift | (uint64_t)*slot
                                                                                       << shift;
}

/* Moves the first node of the bucket that begins now to the level where it belongs from here. */
static void
deal_one(struct fab_wheel *wheel, unsigned level, unsigned slot)
{
    uint32_t index = wheel->buckets[level][slot].head;
    uint64_t tick = node_tick(wheel, &wheel->nodes[index]);
    unsigned lower;

    wheel->dealing = level;
    unlink_node(wheel, index, level, slot);
    lower = level_of(wheel->elapsed, tick);
    FAB_ASSERT(lower < level);
    append(wheel, index, lower, slot_of(tick, lower));
}

bool
fab_wheel_pop(struct fab_wheel *wheel, uint64_t now_ns, unsigned *budget, uint32_t *index)
{
    uint64_t now = now_ns >> FAB_WHEEL_TICK_SHIFT;
    unsigned level;
    unsigned slot;

    while (wheel->count > 0 && *budget > 0) {
        uint64_t begin = earliest(wheel, &level, &slot);

        if (begin > now)
            break;
        (*budget)--;
        wheel->elapsed = begin;
        if (level == 0) {
            *index = wheel->buckets[0][slot].head;
            unlink_node(wheel, *index, 0, slot);
            wheel->count--;
            return true;
        }
        deal_one(wheel, level, slot);
    }
    /* Nothing lies before `now`: whatever is started next is placed from here. */
    if (*budget > 0 && now > wheel->elapsed)
        wheel->elapsed = now;
    return false;
}

uint64_t
fab_wheel_next_ns(const struct fab_wheel *wheel)
{
    unsigned level;
    unsigned slot;
    uint64_t begin;

    if (wheel->count == 0)
        return UINT64_MAX;
    begin = earliest(wheel, &level, &slot);
    return begin > UINT64_MAX >> FAB_WHEEL_TICK_SHIFT ? UINT64_MAX : begin << FAB_WHEEL_TICK_SHIFT;
}
