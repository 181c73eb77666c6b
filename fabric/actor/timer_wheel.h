/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A hierarchical timing wheel over the caller's nodes (Varghese and Lauck, SOSP 1987).
 *
 * Timers, open asks and waiting discovers keep their deadlines in one of these; node i of the wheel
 * belongs to entry i of the table that owns it, so the wheel needs no memory and no ids of its own.
 *
 *      level 0   64 buckets of 1 tick (512 ns)      bucket = list of nodes, in order of start
 *      level 1   64 buckets of 64 ticks
 *      ...                                          a bucket that is reached is dealt out to the
 *      level 9   64 buckets of 64^9 ticks           levels below it, one node at a time
 *
 * A node lies at the level of the highest bit in which its tick differs from `elapsed`, the tick
 * that the wheel has come to. So all nodes of a level lie ahead within the present turn of that
 * level: no bucket wraps, the lowest level that has any holds the earliest, and two bit scans find
 * it however many nodes there are. Every nanosecond that a uint64_t can say has its bucket: no
 * deadline is too far.
 *
 * Invariants: a node is never given out before its due_ns; nodes of one tick come in the order in
 * which they were started; start and cancel are O(1); one pop moves at most `budget` nodes.
 * Why not rte_timer: fabric/decisions/0003-own-timer-wheel.md.
 */
#ifndef FAB_ACTOR_TIMER_WHEEL_H
#define FAB_ACTOR_TIMER_WHEEL_H

#include <stdbool.h>
#include <stdint.h>

#define FAB_WHEEL_TICK_SHIFT 9U /* a tick is 512 ns */
#define FAB_WHEEL_SLOT_BITS  6U
#define FAB_WHEEL_SLOTS      64U
#define FAB_WHEEL_LEVELS     10U /* 9 + 10 * 6 bits: the whole of a uint64_t */
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
    struct fab_wheel_node *nodes;        /* not owned */
    uint64_t elapsed;                    /* ticks; what lay before it has been given out */
    uint64_t occupied[FAB_WHEEL_LEVELS]; /* bit s: bucket s of the level has nodes */
    uint32_t occupied_levels;            /* bit l: the level has nodes */
    uint32_t count;                      /* nodes in the wheel */
    uint32_t dealing;                    /* level whose bucket is being dealt out; 0: none */
    struct fab_wheel_bucket buckets[FAB_WHEEL_LEVELS][FAB_WHEEL_SLOTS];
};

/* `nodes` are zeroed; as many as the owner has entries (below FAB_WHEEL_NONE). They must outlive
 * the wheel. */
void fab_wheel_init(struct fab_wheel *wheel, struct fab_wheel_node *nodes, uint64_t now_ns);

/* Puts a node in. Asserts that it is not there. A time that has passed is due at the next pop. */
void fab_wheel_start(struct fab_wheel *wheel, uint32_t index, uint64_t due_ns);

/* Takes a node out. False: it was not there. */
bool fab_wheel_cancel(struct fab_wheel *wheel, uint32_t index);

/* Takes out a node that is due. Each node given out or moved to a lower level takes one of
 * `budget`; when that is used up the answer is false and the next call goes on from there. */
bool fab_wheel_pop(struct fab_wheel *wheel, uint64_t now_ns, unsigned *budget, uint32_t *index);

/* When pop should be called next: never later than the earliest node is due, and earlier at most by
 * the width of its bucket. UINT64_MAX: the wheel is empty. */
uint64_t fab_wheel_next_ns(const struct fab_wheel *wheel);

#endif
