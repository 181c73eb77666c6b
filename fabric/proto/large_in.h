/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Large bodies on their way in: what was announced, granted, received.
 *
 *      FREE --head record--> WAITING --memory and budget--> OPEN --last part--> FREE
 *
 * Memory is given in the order of the numbers, which is that of the sender: a body that has its
 * memory never waits for one, before it in its stream, that has none.
 *
 * A part is taken only within what was granted, so nothing comes for which there is no memory. The
 * checks on what the peer says are all here; each refusal is a verdict of its own.
 */
#ifndef FAB_PROTO_LARGE_IN_H
#define FAB_PROTO_LARGE_IN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/large_out.h"

#define FAB_LARGE_WAITING_MAX 8U

struct fab_large_in_slot {
    uint8_t *bytes; /* not owned; of one that is open */
    uint64_t token; /* the owner's name for it */
    uint32_t id;
    uint32_t size;     /* bytes */
    uint32_t count;    /* parts */
    uint32_t parts;    /* received */
    uint32_t received; /* bytes */
    uint32_t granted;  /* bytes from the start */
    uint32_t told;     /* of these, put into a frame */
    uint32_t number;   /* of the record in its stream */
    uint16_t step;
    uint8_t stream;
    bool is_open; /* it has memory */
    /* While its stream waits for it (flow_pass.c): */
    uint32_t looked_at;                      /* records from `number` on */
    uint32_t waiting_count;                  /* receivers with records that wait, here or behind */
    uint64_t waiting[FAB_LARGE_WAITING_MAX]; /* their actor words */
    uint64_t has[FAB_LARGE_WORDS];
};

struct fab_large_in {
    struct fab_large_in_slot *slots[FAB_LARGE_SLOTS]; /* NULL: free */
    uint32_t ids[FAB_LARGE_SLOTS]; /* of the body that is in the slot, or was last */
    struct fab_pool *pool;         /* of slots, shared; not owned */
    uint32_t open_count;           /* slots that are not free */
    uint32_t next_id;              /* the first that was never given memory */
};

/* What may be said of a part, in the order in which it is looked at. */
enum fab_part_verdict {
    FAB_PART_OK = 0,
    FAB_PART_DUPLICATE,
    FAB_PART_UNKNOWN,   /* of a body that was never announced */
    FAB_PART_MISPLACED, /* does not lie where a part of that body may: it would overlap others */
    FAB_PART_BEYOND,    /* ends behind the body, or is of another size than its place says */
    FAB_PART_UNGRANTED,
};

/* `pool`: of struct fab_large_in_slot. */
void fab_large_in_init(struct fab_large_in *in, struct fab_pool *pool);

/* Numbers begin at `first`. The bodies that are here must have been dropped before. */
void fab_large_in_reset(struct fab_large_in *in, uint32_t first);

/* The slot of a number; NULL: free. */
static inline struct fab_large_in_slot *
fab_large_in_at(const struct fab_large_in *in, uint32_t id)
{
    return in->slots[id % FAB_LARGE_SLOTS];
}

static inline bool
fab_large_in_is_whole(const struct fab_large_in_slot *slot)
{
    return slot->parts == slot->count;
}

/* Whether a body may be announced: the number is the next of its slot, which is free, and the step
 * cuts the size into parts that are possible. */
bool fab_large_in_may_open(const struct fab_large_in *in, uint32_t id, uint32_t size,
                           uint32_t step);

/* It is announced; NULL: there is no slot for it in the pool. */
struct fab_large_in_slot *fab_large_in_open(struct fab_large_in *in, uint32_t id, uint32_t size,
                                            uint32_t step);

enum fab_part_verdict fab_large_in_check(const struct fab_large_in *in,
                                         const struct fab_part_block *part);

/* Copies a part whose verdict is OK to its place. Returns its slot; when it is whole, the caller
 * drops it. */
struct fab_large_in_slot *fab_large_in_take(struct fab_large_in *in,
                                            const struct fab_part_block *part,
                                            const uint8_t *bytes);

/* The body goes: the slot is free. */
void fab_large_in_drop(struct fab_large_in *in, struct fab_large_in_slot *slot);

#endif
