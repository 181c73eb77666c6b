/* SPDX-License-Identifier: BSD-3-Clause */
#include "actor/keyed.h"

#include "actor/become.h"
#include "actor/buffer.h"
#include "base/copy.h"

static uint64_t
key_of(struct fab_core *core, const struct fab_slot *slot, const struct fab_cell *cell)
{
    const struct myc_class *class_of = fab_class_base(slot->class_of);
    struct myc_message message;

    if (!class_of->key)
        return cell->msg.tag;
    message = fab_message_view(&cell->msg, cell->from_home);
    if (fab_msg_has_buffer(&cell->msg))
        message.body = fab_body_of(core, &cell->msg)->bytes;
    return class_of->key(&message);
}

static uint32_t
home_of(const struct fab_policy *policy, uint32_t type_key, uint64_t key)
{
    uint64_t h = (key ^ (uint64_t)type_key << 32) * 0x9e3779b97f4a7c15ULL;

    h *= 0xff51afd7ed558ccdULL;
    return (uint32_t)(h >> 32) & policy->mask;
}

/* The place of that key, or the free one where it belongs: there always is one. */
static uint32_t
find(const struct fab_policy *policy, uint32_t type_key, uint64_t key)
{
    uint32_t at = home_of(policy, type_key, key);
    const struct fab_keyed *keyed = &policy->keyed[at];

    while (keyed->cell && (keyed->key != key || fab_msg_key(&keyed->cell->msg) != type_key)) {
        at = (at + 1) & policy->mask;
        keyed = &policy->keyed[at];
    }
    return at;
}

/* The cell takes the old one's place in the queue; they are of different sizes. */
static void
exchange(struct fab_core *core, struct fab_slot *slot, struct fab_cell *old, struct fab_cell *cell)
{
    struct fab_slot_cold *cold = fab_slot_cold(core, slot);
    struct fab_cell **at = &slot->head;

    while (*at != old)
        at = &(*at)->next;
    *at = cell;
    cell->next = old->next;
    if (slot->tail == old)
        slot->tail = cell;
    if (cold->urgent_tail == old)
        cold->urgent_tail = cell;
    fab_msg_release(core, &old->msg);
    fab_cells_push(&core->cells, old);
}

/* Returns the cell in which the message waits now. */
static struct fab_cell *
replace(struct fab_core *core, struct fab_slot *slot, struct fab_cell *old, struct fab_cell *cell)
{
    core->counters.conflated++;
    cell->msg.margin = 1;
    if (fab_cells_class(&core->cells, old) != fab_cells_class(&core->cells, cell)) {
        exchange(core, slot, old, cell);
        return cell;
    }
    fab_msg_release(core, &old->msg);
    old->from_home = cell->from_home;
    fab_copy(&old->msg, &cell->msg, fab_msg_total(&cell->msg));
    fab_cells_push(&core->cells, cell); /* what belongs to it has moved */
    return old;
}

bool
fab_keyed_put(struct fab_core *core, struct fab_slot *slot, struct fab_cell *cell)
{
    struct fab_policy *policy = fab_slot_cold(core, slot)->policy;
    uint64_t key = key_of(core, slot, cell);
    struct fab_keyed *keyed = &policy->keyed[find(policy, fab_msg_key(&cell->msg), key)];

    if (keyed->cell) {
        keyed->cell = replace(core, slot, keyed->cell, cell);
        return true;
    }
    if (slot->message_count >= policy->message_max)
        return false;
    *keyed = (struct fab_keyed){ .key = key, .cell = cell };
    cell->msg.margin = 1;
    fab_mailbox_add(core, slot, cell);
    return true;
}

/* Closes the gap at a place, so that whoever was pushed on by it is found again. */
static void
close_gap(struct fab_policy *policy, uint32_t gap)
{
    uint32_t at = gap;

    for (;;) {
        const struct fab_keyed *keyed;
        uint32_t home;

        at = (at + 1) & policy->mask;
        keyed = &policy->keyed[at];
        if (!keyed->cell)
            break;
        home = home_of(policy, fab_msg_key(&keyed->cell->msg), keyed->key);
        if (((at - home) & policy->mask) < ((at - gap) & policy->mask))
            continue; /* it would stand before its home */
        policy->keyed[gap] = *keyed;
        gap = at;
    }
    policy->keyed[gap].cell = NULL;
}

void
fab_keyed_on_pop(struct fab_core *core, struct fab_slot *slot, struct fab_cell *cell)
{
    struct fab_policy *policy = fab_slot_cold(core, slot)->policy;
    uint32_t at = find(policy, fab_msg_key(&cell->msg), key_of(core, slot, cell));

    FAB_ASSERT(policy->keyed[at].cell == cell);
    close_gap(policy, at);
    cell->msg.margin = 0;
}
