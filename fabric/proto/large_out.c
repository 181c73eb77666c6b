/* SPDX-License-Identifier: BSD-3-Clause */
#include "proto/large_out.h"

#include <string.h>

#include "base/assert.h"

/* Of a part's name: 2 bits say that it is of a body, 4 its slot, 10 the round of the slot, 14 which
 * part. A frame is remembered for far less than 1024 rounds of a slot. */
#define INDEX_BITS 14U
#define INDEX_MASK ((1U << INDEX_BITS) - 1U)
#define ROUND_BITS 10U
#define ROUND_MASK ((1U << ROUND_BITS) - 1U)

static_assert(FAB_LARGE_SLOTS == 16U, "a bit each in ready and starved");
static_assert(FAB_LARGE_PARTS_MAX <= 1U << INDEX_BITS, "a part's name holds its index");

static bool
bit(const uint64_t *map, uint32_t index)
{
    return (map[index / 64] >> index % 64 & 1U) != 0;
}

static void
set_bit(uint64_t *map, uint32_t index)
{
    map[index / 64] |= 1ULL << index % 64;
}

static void
clear_bit(uint64_t *map, uint32_t index)
{
    map[index / 64] &= ~(1ULL << index % 64);
}

static fab_part
name_of(const struct fab_large_out_slot *slot, uint32_t index)
{
    uint32_t round = slot->id / FAB_LARGE_SLOTS & ROUND_MASK;

    return FAB_PART_LANE_LARGE << 30 | (slot->id % FAB_LARGE_SLOTS) << (INDEX_BITS + ROUND_BITS) |
           round << INDEX_BITS | index;
}

/* The slot of a part's name; NULL: its body is done. */
static struct fab_large_out_slot *
slot_of(const struct fab_large_out *out, fab_part part)
{
    uint32_t place = part >> (INDEX_BITS + ROUND_BITS) & (FAB_LARGE_SLOTS - 1U);
    struct fab_large_out_slot *slot = out->slots[place];

    if (!slot || (slot->id / FAB_LARGE_SLOTS & ROUND_MASK) != (part >> INDEX_BITS & ROUND_MASK))
        return NULL;
    return slot;
}

static void
tell(uint16_t *map, uint32_t place, bool is_set)
{
    *map = (uint16_t)((*map & ~(1U << place)) | (uint32_t)is_set << place);
}

/* Something of the slot has changed. */
static void
judge(struct fab_large_out *out, const struct fab_large_out_slot *slot)
{
    uint32_t place = slot->id % FAB_LARGE_SLOTS;
    bool is_open = out->slots[place] == slot;

    tell(&out->ready, place, is_open && (slot->lost > 0 || slot->next < slot->granted));
    tell(&out->starved, place, is_open && slot->next == slot->granted && slot->next < slot->count);
}

void
fab_large_out_init(struct fab_large_out *out, struct fab_pool *pool)
{
    *out = (struct fab_large_out){ .pool = pool };
}

void
fab_large_out_reset(struct fab_large_out *out, uint32_t first)
{
    fab_pool_give_all(out->pool, (void **)out->slots, FAB_LARGE_SLOTS);
    fab_pool_give_all(out->pool, (void **)&out->spare, 1);
    out->next_id = first;
    out->open_count = 0;
    out->turn = 0;
    out->ready = out->starved = 0;
}

bool
fab_large_out_has_room(const struct fab_large_out *out)
{
    return !out->slots[out->next_id % FAB_LARGE_SLOTS] && (out->spare || out->pool->free > 0);
}

bool
fab_large_out_reserve(struct fab_large_out *out)
{
    if (!fab_large_out_has_room(out))
        return false;
    if (!out->spare)
        out->spare = fab_pool_take(out->pool);
    return true;
}

struct fab_large_out_slot *
fab_large_out_open(struct fab_large_out *out, uint32_t size, uint16_t step)
{
    struct fab_large_out_slot *slot = out->spare;
    size_t words;

    FAB_ASSERT(slot && !out->slots[out->next_id % FAB_LARGE_SLOTS] && size > 0);
    out->spare = NULL;
    out->slots[out->next_id % FAB_LARGE_SLOTS] = slot;
    slot->id = out->next_id++;
    slot->size = size;
    slot->step = step;
    slot->count = (size + step - 1U) / step;
    FAB_ASSERT(slot->count <= FAB_LARGE_PARTS_MAX);
    slot->granted = slot->next = slot->acked = slot->lost = 0;
    words = (slot->count + 63U) / 64U;
    memset(slot->is_acked, 0, words * sizeof(uint64_t));
    memset(slot->is_lost, 0, words * sizeof(uint64_t));
    out->open_count++;
    judge(out, slot);
    return slot;
}

enum fab_grant_verdict
fab_large_out_check(const struct fab_large_out *out, uint32_t id, uint32_t limit)
{
    const struct fab_large_out_slot *slot = out->slots[id % FAB_LARGE_SLOTS];

    if ((int32_t)(id - out->next_id) >= 0)
        return FAB_GRANT_IMPOSSIBLE;
    if (!slot || slot->id != id)
        return FAB_GRANT_OLD;
    if (limit > slot->size || (limit < slot->size && limit % slot->step != 0))
        return FAB_GRANT_IMPOSSIBLE;
    return limit > (uint64_t)slot->granted * slot->step ? FAB_GRANT_NEWS : FAB_GRANT_OLD;
}

void
fab_large_out_grant(struct fab_large_out *out, uint32_t id, uint32_t limit)
{
    struct fab_large_out_slot *slot = out->slots[id % FAB_LARGE_SLOTS];

    slot->granted = (limit + slot->step - 1U) / slot->step;
    judge(out, slot);
}

static void
fill_pick(const struct fab_large_out_slot *slot, uint32_t index, struct fab_large_pick *pick)
{
    uint32_t offset = index * slot->step;

    *pick = (struct fab_large_pick){
        .bytes = slot->body + offset,
        .loan = slot->loan,
        .id = slot->id,
        .offset = offset,
        .size = slot->size - offset < slot->step ? slot->size - offset : slot->step,
        .part = name_of(slot, index),
    };
}

static uint32_t
first_lost(const struct fab_large_out_slot *slot)
{
    uint32_t word = 0;

    while (slot->is_lost[word] == 0)
        word++;
    return word * 64U + (uint32_t)__builtin_ctzll(slot->is_lost[word]);
}

bool
fab_large_out_pick(struct fab_large_out *out, struct fab_large_pick *pick)
{
    uint32_t turn = out->turn % FAB_LARGE_SLOTS;
    uint32_t from_turn = out->ready >> turn << turn;
    uint32_t ready = from_turn != 0 ? from_turn : out->ready;
    const struct fab_large_out_slot *slot;

    if (ready == 0)
        return false;
    slot = out->slots[__builtin_ctz(ready)];
    fill_pick(slot, slot->lost > 0 ? first_lost(slot) : slot->next, pick);
    pick->is_repeat = slot->lost > 0;
    return true;
}

void
fab_large_out_take(struct fab_large_out *out, const struct fab_large_pick *pick)
{
    struct fab_large_out_slot *slot = slot_of(out, pick->part);
    uint32_t index = pick->part & INDEX_MASK;

    if (bit(slot->is_lost, index)) {
        clear_bit(slot->is_lost, index);
        slot->lost--;
    } else {
        FAB_ASSERT(index == slot->next);
        slot->next++;
    }
    out->turn = slot->id % FAB_LARGE_SLOTS + 1U;
    judge(out, slot);
}

bool
fab_large_out_again(const struct fab_large_out *out, fab_part part, struct fab_large_pick *pick)
{
    const struct fab_large_out_slot *slot = slot_of(out, part);
    uint32_t index = part & INDEX_MASK;

    if (!slot || bit(slot->is_acked, index))
        return false;
    fill_pick(slot, index, pick);
    pick->is_repeat = true;
    return true;
}

bool
fab_large_out_on_acked(struct fab_large_out *out, fab_part part, uint64_t *loan)
{
    struct fab_large_out_slot *slot = slot_of(out, part);
    uint32_t index = part & INDEX_MASK;

    if (!slot || bit(slot->is_acked, index))
        return false;
    set_bit(slot->is_acked, index);
    if (bit(slot->is_lost, index)) {
        clear_bit(slot->is_lost, index);
        slot->lost--;
        judge(out, slot);
    }
    if (++slot->acked < slot->count)
        return false;
    *loan = slot->loan;
    out->slots[slot->id % FAB_LARGE_SLOTS] = NULL;
    out->open_count--;
    judge(out, slot);
    fab_pool_give(out->pool, slot);
    return true;
}

void
fab_large_out_on_lost(struct fab_large_out *out, fab_part part)
{
    struct fab_large_out_slot *slot = slot_of(out, part);
    uint32_t index = part & INDEX_MASK;

    if (!slot || bit(slot->is_acked, index) || bit(slot->is_lost, index))
        return;
    set_bit(slot->is_lost, index);
    slot->lost++;
    judge(out, slot);
}
