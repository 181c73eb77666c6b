/* SPDX-License-Identifier: BSD-3-Clause */
#include "proto/large_in.h"

#include <string.h>

#include "base/assert.h"

void
fab_large_in_init(struct fab_large_in *in, struct fab_pool *pool)
{
    *in = (struct fab_large_in){ .pool = pool };
}

void
fab_large_in_reset(struct fab_large_in *in, uint32_t first)
{
    FAB_ASSERT(in->open_count == 0);
    in->next_id = first;
    for (uint32_t i = 0; i < FAB_LARGE_SLOTS; i++) {
        uint32_t id = first + i;

        in->ids[id % FAB_LARGE_SLOTS] = id - FAB_LARGE_SLOTS; /* as if it had been here */
    }
}

bool
fab_large_in_may_open(const struct fab_large_in *in, uint32_t id, uint32_t size, uint32_t step)
{
    return !fab_large_in_at(in, id) && id == in->ids[id % FAB_LARGE_SLOTS] + FAB_LARGE_SLOTS &&
           size > 0 && size <= FAB_MSG_SIZE_MAX && step >= FAB_LARGE_STEP_MIN &&
           step % FAB_FRAME_ALIGN == 0;
}

struct fab_large_in_slot *
fab_large_in_open(struct fab_large_in *in, uint32_t id, uint32_t size, uint32_t step)
{
    struct fab_large_in_slot *slot = fab_pool_take(in->pool);

    if (!slot)
        return NULL;
    in->slots[id % FAB_LARGE_SLOTS] = slot;
    in->ids[id % FAB_LARGE_SLOTS] = id;
    slot->bytes = NULL;
    slot->id = id;
    slot->size = size;
    slot->step = (uint16_t)step;
    slot->count = (size + step - 1U) / step;
    slot->parts = 0;
    slot->received = 0;
    slot->granted = 0;
    slot->told = 0;
    slot->is_open = false;
    slot->looked_at = slot->waiting_count = 0;
    memset(slot->has, 0, (slot->count + 63U) / 64U * sizeof(uint64_t));
    in->open_count++;
    return slot;
}

enum fab_part_verdict
fab_large_in_check(const struct fab_large_in *in, const struct fab_part_block *part)
{
    const struct fab_large_in_slot *slot = fab_large_in_at(in, part->transfer);
    int32_t age = (int32_t)(in->ids[part->transfer % FAB_LARGE_SLOTS] - part->transfer);
    uint32_t index;

    if (age > 0 || (age == 0 && !slot))
        return FAB_PART_DUPLICATE;
    if (age < 0)
        return FAB_PART_UNKNOWN;
    if (part->offset % slot->step != 0)
        return FAB_PART_MISPLACED;
    if (part->offset >= slot->size ||
        part->size !=
            (slot->size - part->offset < slot->step ? slot->size - part->offset : slot->step))
        return FAB_PART_BEYOND;
    if (part->offset + part->size > slot->granted)
        return FAB_PART_UNGRANTED;
    index = part->offset / slot->step;
    return slot->has[index / 64] >> index % 64 & 1U ? FAB_PART_DUPLICATE : FAB_PART_OK;
}

/* Parts mostly come in their order: the lines that the next one is copied to are asked for before
 * it is here. */
static void
prefetch_next(const struct fab_large_in_slot *slot, uint32_t offset)
{
    uint32_t end = slot->size - offset < slot->step ? slot->size : offset + slot->step;

    for (; offset < end; offset += FAB_CACHE_LINE)
        __builtin_prefetch(slot->bytes + offset, 1);
}

struct fab_large_in_slot *
fab_large_in_take(struct fab_large_in *in, const struct fab_part_block *part, const uint8_t *bytes)
{
    struct fab_large_in_slot *slot = fab_large_in_at(in, part->transfer);
    uint32_t index = part->offset / slot->step;

    FAB_ASSERT(slot && slot->is_open);
    memcpy(slot->bytes + part->offset, bytes, part->size);
    slot->has[index / 64] |= 1ULL << index % 64;
    slot->received += part->size;
    slot->parts++;
    prefetch_next(slot, part->offset + part->size);
    return slot;
}

void
fab_large_in_drop(struct fab_large_in *in, struct fab_large_in_slot *slot)
{
    FAB_ASSERT(in->open_count > 0 && fab_large_in_at(in, slot->id) == slot);
    in->slots[slot->id % FAB_LARGE_SLOTS] = NULL;
    in->open_count--;
    fab_pool_give(in->pool, slot);
}
