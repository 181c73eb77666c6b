/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A hierarchical timing wheel over the caller's nodes (Varghese and Lauck, SOSP 1987).
 *
 * Timers, open asks and waiting discovers keep their deadlines in one of these; node i of the wheel
 * belongs to entry i of the table that owns it, so the wheel needs no memory and no ids of its own.
 *
 *      level 0   buckets of 1 tick (512 ns)         bucket = list of nodes, in order of start
 *      level 1   buckets of 64 ticks
 *      ...                                          each level has two turns of 64 buckets: the
 *      level 9   buckets of 64^9 ticks              present one, and the one after it
 *
 *                     elapsed
 *                        v
 *      level 1   |open  | next | 3    | 4    |      next: is dealt out to level 0 while the time is
 *      level 0   |......|......|                    still in the bucket before it
 *
 * A bucket is *open* when its nodes lie below it: the one that the time is in, and the next one
 * once it is empty. A node lies at the highest level whose bucket for its tick is not open. So a
 * node is never in a bucket that begins sooner than the bucket is wide, but in the next one, and
 * that is dealt out ahead, some nodes a turn, before it begins: when its time comes, nothing stands
 * between its nodes and whoever started later for an earlier or a later tick. Only what is due in
 * greater numbers than turns can give out is late.
 *
 * A few bit scans find the earliest node, however many there are. Every nanosecond that a uint64_t
 * can say has its bucket: no deadline is too far.
 *
 * Invariants: a node is never given out before its due_ns; nodes of one tick come in the order in
 * which they were started; start and cancel are O(1); one pop moves at most `budget` nodes; no
 * bucket that `elapsed` is in has nodes, but at level 0.
 * Why not rte_timer: fabric/decisions/0003-timer-wheel.md.
 */
#ifndef FAB_ACTOR_TIMER_WHEEL_H
#define FAB_ACTOR_TIMER_WHEEL_H

#include <stdbool.h>
#include <stdint.h>

#define FAB_WHEEL_TICK_SHIFT 9U /* a tick is 512 ns */
#define FAB_WHEEL_SLOT_BITS  6U
#define FAB_WHEEL_SLOTS      128U /* buckets of a level: two turns of 64 */
#define FAB_WHEEL_LEVELS     10U  /* 9 + 10 * 6 bits: the whole of a uint64_t */
#define FAB_WHEEL_AHEAD      32U  /* nodes that a pop deals out long before they are due */
#define FAB_WHEEL_NONE       UINT32_MAX

/* Zeroed memory is a node that is not in the wheel. */
struct fab_wheel_node {
    uint64_t due_ns;
    uint32_t next; /* within the bucket; FAB_WHEEL_NONE at its end */
    uint32_t prev;
    uint8_t place; /* 1 + level; 0: not in the wheel */
    uint8_t reserved[7];
};

struct fab_wheel_bucket {
    uint32_t head;
    uint32_t tail;
};

struct fab_wheel {
    struct fab_wheel_node *nodes; /* not owned */
    uint64_t elapsed;             /* ticks; what lay before it has been given out */
    /* Bit b of word w: bucket 64 w + b of the level has nodes. */
    uint64_t occupied[FAB_WHEEL_LEVELS][2];
    uint32_t occupied_levels; /* bit l: the level has nodes */
    uint32_t count;           /* nodes in the wheel */
    struct fab_wheel_bucket buckets[FAB_WHEEL_LEVELS][FAB_WHEEL_SLOTS];
};

/* `nodes` are zeroed; as many as the owner has entries (below FAB_WHEEL_NONE). They must outlive
 * the wheel. */
void fab_wheel_init(struct fab_wheel *wheel, struct fab_wheel_node *nodes, uint64_t now_ns);

/* Puts a node in. Asserts that it is not there. A time that has passed is due at the next pop.
 * Returns when pop should be called because of it, as fab_wheel_next_ns. */
uint64_t fab_wheel_start(struct fab_wheel *wheel, uint32_t index, uint64_t now_ns, uint64_t due_ns);

/* Takes a node out. False: it was not there. */
bool fab_wheel_cancel(struct fab_wheel *wheel, uint32_t index);

/* Takes out a node that is due. Each node given out or moved to a lower level takes one of
 * `budget`; when that is used up the answer is false and the next call goes on from there. When
 * nothing (more) is due, some are moved that will be. */
bool fab_wheel_pop(struct fab_wheel *wheel, uint64_t now_ns, unsigned *budget, uint32_t *index);

/* When pop should be called next: never later than the earliest node is due, and not before the
 * bucket before that node's (a time that has passed: there is something to deal out now).
 * UINT64_MAX: the wheel is empty. */
uint64_t fab_wheel_next_ns(const struct fab_wheel *wheel);

#endif
