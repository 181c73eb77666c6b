/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Slots: how records lie in the rings of level 1 and level 2.
 *
 * A ring is an array of slots of one fixed size. A record starts at a slot and takes as many
 * consecutive ones as it needs, its *span*. Behind the last slot follows an *overhang* of
 * FAB_RING_SPAN_MAX - 1 slots that no index ever names: a record that starts near the end runs on
 * into it, so that every record is contiguous in memory and nothing is ever padded or split.
 *
 *      |  0  |  1  | ... | n-2 | n-1 | overhang ...  |
 *                          [== record of 3 slots ==]        its second and third are slots n-1, 0
 *                                                           by index; the next record starts at 1
 *
 * Rejected: one large slot size for all (wastes a cache miss and 1 KB on each small message); a
 * side pool for what exceeds a slot (a second thing to fill up, to free and to check); a padding
 * record before the end (a special case on both sides, and for a broken peer one more to forge).
 */
#ifndef FAB_LINK_SLOT_H
#define FAB_LINK_SLOT_H

#include "wire/message.h"

/* Bytes; chosen by measuring: fabric/decisions/0001-ring-slot-size.md. */
#ifndef FAB_RING_SLOT_SIZE
#define FAB_RING_SLOT_SIZE 128U
#endif

/* Bytes of the largest record that a ring takes; beyond it go heap buffers. */
#define FAB_RING_RECORD_MAX (FAB_MSG_HEADER_SIZE + 8U * FAB_MSG_EXTENSIONS_MAX + FAB_MSG_SMALL_MAX)
#define FAB_RING_SPAN_MAX   ((FAB_RING_RECORD_MAX + FAB_RING_SLOT_SIZE - 1U) / FAB_RING_SLOT_SIZE)
#define FAB_RING_BURST      32U /* slots staged before they become visible without a flush */
#define FAB_RING_SLOTS_MIN  64U
#define FAB_RING_SLOTS_MAX  65536U

#define FAB_RING_PREFETCH 1024U /* bytes ahead of the record that is written or read */

static_assert(FAB_RING_SLOT_SIZE % 64U == 0, "slots are whole cache lines");

/* Slots that a record of `size` bytes takes. */
static inline uint32_t
fab_ring_span(uint32_t size)
{
    return (size + FAB_RING_SLOT_SIZE - 1U) / FAB_RING_SLOT_SIZE;
}

/* Slots that only replies and system records may take. */
static inline uint32_t
fab_ring_reserve(uint32_t slots)
{
    return slots / 8U > FAB_RING_SPAN_MAX ? slots / 8U : FAB_RING_SPAN_MAX;
}

/* The writer's side: asks for the lines of the records to come, while the reader still has them.
 * The overhang keeps it within the ring's memory or just behind, where a prefetch does no harm. */
static inline void
fab_ring_prefetch_ahead(const uint8_t *slot, uint32_t span)
{
    for (uint32_t i = 0; i < span * FAB_RING_SLOT_SIZE; i += 64U)
        __builtin_prefetch(slot + FAB_RING_PREFETCH + i, 1);
}

/* The reader's side: the records to come are likely to be as long as this one of `size` bytes. */
static inline void
fab_ring_prefetch(const uint8_t *slot, uint32_t size)
{
    for (uint32_t i = 0; i < size; i += 64U)
        __builtin_prefetch(slot + FAB_RING_PREFETCH + i);
}

/* Whether a ring may have so many slots. */
static inline bool
fab_ring_slots_is_valid(uint32_t slots)
{
    return slots >= FAB_RING_SLOTS_MIN && slots <= FAB_RING_SLOTS_MAX && !(slots & (slots - 1U));
}

#endif
