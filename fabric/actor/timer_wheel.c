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

/* The bucket of a tick: a number that only grows. */
static uint64_t
bucket_of(uint64_t tick, unsigned level)
{
    return tick >> (level * FAB_WHEEL_SLOT_BITS);
}

static unsigned
slot_of(uint64_t tick, unsigned level)
{
    return (unsigned)bucket_of(tick, level) & (FAB_WHEEL_SLOTS - 1);
}

static bool
is_empty(const struct fab_wheel *wheel, unsigned level, unsigned slot)
{
    return (wheel->occupied[level][slot / 64] >> slot % 64 & 1) == 0;
}

/* The highest level from `level` down whose bucket for the tick is not open. Above `level` the tick
 * is in open buckets, at `level` not in that of `elapsed`. */
static unsigned
level_from(const struct fab_wheel *wheel, uint64_t tick, unsigned level)
{
    while (level > 0 && bucket_of(tick, level) == bucket_of(wheel->elapsed, level) + 1 &&
           is_empty(wheel, level, slot_of(tick, level)))
        level--;
    return level;
}

static unsigned
level_of(const struct fab_wheel *wheel, uint64_t tick)
{
    uint64_t differs = wheel->elapsed ^ tick;

    if (differs < 1ULL << FAB_WHEEL_SLOT_BITS)
        return 0;
    return level_from(wheel, tick,
                      (63U - (unsigned)__builtin_clzll(differs)) / FAB_WHEEL_SLOT_BITS);
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
    wheel->occupied[level][slot / 64] |= 1ULL << slot % 64;
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
    wheel->occupied[level][slot / 64] &= ~(1ULL << slot % 64);
    if ((wheel->occupied[level][0] | wheel->occupied[level][1]) == 0)
        wheel->occupied_levels &= ~(1U << level);
}

/* The first bucket of a level that has nodes, and its slot. */
static uint64_t
first_bucket(const struct fab_wheel *wheel, unsigned level, unsigned *slot)
{
    uint64_t turn = bucket_of(wheel->elapsed, level) / 64;
    unsigned word = (unsigned)turn & 1;

    if (wheel->occupied[level][word] == 0) {
        turn++;
        word ^= 1;
    }
    *slot = (unsigned)__builtin_ctzll(wheel->occupied[level][word]);
    turn = turn * 64 + *slot;
    *slot += 64 * word;
    return turn;
}

/* The earliest bucket and the tick at which it begins. The wheel is not empty. Of two that begin
 * together the higher one is meant: it is being dealt out. */
static uint64_t
earliest(const struct fab_wheel *wheel, unsigned *level, unsigned *slot)
{
    uint64_t begin = UINT64_MAX;

    *level = 0;
    *slot = 0;
    /* The turn of level 0 that the time is in: no bucket begins within it. */
    if (fab_likely(wheel->occupied[0][bucket_of(wheel->elapsed, 1) & 1] != 0))
        return first_bucket(wheel, 0, slot);
    for (uint32_t levels = wheel->occupied_levels; levels != 0; levels &= levels - 1) {
        unsigned at_level = (unsigned)__builtin_ctz(levels);
        unsigned at_slot;
        uint64_t at = first_bucket(wheel, at_level, &at_slot) << (at_level * FAB_WHEEL_SLOT_BITS);

        if (at <= begin) {
            begin = at;
            *level = at_level;
            *slot = at_slot;
        }
    }
    return begin;
}

/* The wheel was not popped for a while, because nothing was due: makes it what it would be. `now`
 * lies ahead of `elapsed`. */
static void
catch_up(struct fab_wheel *wheel, uint64_t now)
{
    unsigned level;
    unsigned slot;
    uint64_t end = wheel->count > 0 ? earliest(wheel, &level, &slot) : UINT64_MAX;

    if (end > now)
        wheel->elapsed = now;
    else if (end > wheel->elapsed)
        wheel->elapsed = end - 1;
}

/* When the nodes of a bucket can be given out or dealt out. */
static uint64_t
step_ns(uint64_t bucket, unsigned level)
{
    uint64_t tick = level == 0 ? bucket : (bucket - 1) << (level * FAB_WHEEL_SLOT_BITS);

    return tick > UINT64_MAX >> FAB_WHEEL_TICK_SHIFT ? UINT64_MAX : tick << FAB_WHEEL_TICK_SHIFT;
}

uint64_t
fab_wheel_start(struct fab_wheel *wheel, uint32_t index, uint64_t now_ns, uint64_t due_ns)
{
    struct fab_wheel_node *node = &wheel->nodes[index];
    uint64_t now = now_ns >> FAB_WHEEL_TICK_SHIFT;
    uint64_t tick;
    unsigned level;

    FAB_ASSERT(node->place == 0);
    if (fab_unlikely(bucket_of(now, 1) > bucket_of(wheel->elapsed, 1)))
        catch_up(wheel, now);
    node->due_ns = due_ns;
    tick = node_tick(wheel, node);
    level = level_of(wheel, tick);
    append(wheel, index, level, slot_of(tick, level));
    wheel->count++;
    return step_ns(bucket_of(tick, level), level);
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

/* Moves the first node of the bucket after that of `elapsed` to the level where it belongs. */
static void
deal_one(struct fab_wheel *wheel, unsigned level, unsigned slot)
{
    uint32_t index = wheel->buckets[level][slot].head;
    uint64_t tick = tick_of(wheel->nodes[index].due_ns);
    unsigned lower;

    FAB_ASSERT(bucket_of(tick, level) == bucket_of(wheel->elapsed, level) + 1);
    unlink_node(wheel, index, level, slot);
    lower = level_from(wheel, tick, level - 1);
    append(wheel, index, lower, slot_of(tick, lower));
}

/* How many nodes of the next bucket of a level may be dealt out in this pop: few, so that no turn
 * is long for it, until half of the time before the bucket begins has passed. */
static unsigned
ahead_of(const struct fab_wheel *wheel, unsigned level, unsigned budget)
{
    bool is_soon = wheel->elapsed >> (level * FAB_WHEEL_SLOT_BITS - 1) & 1;

    return is_soon || budget < FAB_WHEEL_AHEAD ? budget : FAB_WHEEL_AHEAD;
}

/* Nothing is due: deals out the buckets that are next, those that begin soonest first. */
static void
deal_ahead(struct fab_wheel *wheel, unsigned *budget)
{
    for (uint32_t levels = wheel->occupied_levels & ~1U; levels != 0; levels &= levels - 1) {
        unsigned level = (unsigned)__builtin_ctz(levels);
        unsigned slot = (unsigned)(bucket_of(wheel->elapsed, level) + 1) & (FAB_WHEEL_SLOTS - 1);
        unsigned left = ahead_of(wheel, level, *budget);

        for (; left > 0 && !is_empty(wheel, level, slot); left--) {
            deal_one(wheel, level, slot);
            (*budget)--;
        }
    }
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
        if (level == 0) {
            wheel->elapsed = begin;
            *index = wheel->buckets[0][slot].head;
            unlink_node(wheel, *index, 0, slot);
            wheel->count--;
            return true;
        }
        wheel->elapsed = begin - 1; /* what lies before has been given out */
        deal_one(wheel, level, slot);
    }
    if (*budget == 0)
        return false;
    /* Nothing lies before `now`: whatever is started next is placed from here. */
    if (now > wheel->elapsed)
        wheel->elapsed = now;
    if (fab_unlikely(wheel->occupied_levels > 1))
        deal_ahead(wheel, budget);
    return false;
}

uint64_t
fab_wheel_next_ns(const struct fab_wheel *wheel)
{
    uint64_t next_ns = UINT64_MAX;

    for (uint32_t levels = wheel->occupied_levels; levels != 0; levels &= levels - 1) {
        unsigned level = (unsigned)__builtin_ctz(levels);
        unsigned slot;
        uint64_t at_ns = step_ns(first_bucket(wheel, level, &slot), level);

        if (at_ns < next_ns)
            next_ns = at_ns;
    }
    return next_ns;
}
