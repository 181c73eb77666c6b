/* SPDX-License-Identifier: BSD-3-Clause */
#include "actor/tie.h"

#include "actor/state.h"

void
fab_ties_init(struct fab_ties *ties, void *memory, uint32_t capacity)
{
    *ties = (struct fab_ties){ .entries = memory, .capacity = capacity };
    for (uint32_t i = 0; i < capacity; i++)
        ties->entries[i].next = i + 1 < capacity ? i + 1 : FAB_SLOT_NONE;
}

static uint32_t
pop_entry(struct fab_core *core, struct fab_slot *slot, enum fab_tie_kind kind)
{
    struct fab_ties *ties = &core->ties;
    uint32_t *first = &fab_slot_cold(core, slot)->first_tie;
    uint32_t index = ties->free;
    struct fab_tie *tie = &ties->entries[index];

    ties->free = tie->next;
    ties->count++;
    *tie = (struct fab_tie){
        .twin = FAB_SLOT_NONE,
        .next = *first,
        .previous = FAB_SLOT_NONE,
        .slot = fab_slot_index(core, slot),
        .kind = (uint8_t)kind,
    };
    if (*first != FAB_SLOT_NONE)
        ties->entries[*first].previous = index;
    *first = index;
    return index;
}

static void
push_entry(struct fab_core *core, uint32_t index)
{
    struct fab_ties *ties = &core->ties;
    struct fab_tie *tie = &ties->entries[index];

    if (tie->previous != FAB_SLOT_NONE)
        ties->entries[tie->previous].next = tie->next;
    else
        core->cold[tie->slot].first_tie = tie->next;
    if (tie->next != FAB_SLOT_NONE)
        ties->entries[tie->next].previous = tie->previous;
    tie->kind = FAB_TIE_FREE;
    tie->next = ties->free;
    ties->free = index;
    ties->count--;
}

bool
fab_tie_add(struct fab_core *core, struct fab_slot *child, struct fab_slot *parent)
{
    struct fab_ties *ties = &core->ties;
    uint32_t down, up;

    if (ties->capacity - ties->count < 2)
        return false;
    down = pop_entry(core, child, FAB_TIE_SUPERVISED);
    up = pop_entry(core, parent, FAB_TIE_SUPERVISOR);
    ties->entries[down].twin = up;
    ties->entries[up].twin = down;
    return true;
}

static void
end_tie(struct fab_core *core, uint32_t index)
{
    const struct fab_tie *tie = &core->ties.entries[index];
    uint32_t twin = tie->twin;

    if (tie->kind == FAB_TIE_SUPERVISOR)
        fab_request(core, &core->slots[core->ties.entries[twin].slot], FAB_REQUEST_STOP,
                    MYC_SHUTDOWN);
    push_entry(core, twin);
    push_entry(core, index);
}

/* The next life of the parent has the same ref, and must not be told of this child. */
static void
orphan(struct fab_core *core, struct fab_slot *child)
{
    if (child->state != FAB_SLOT_SUSPENDED)
        fab_cells_unreserve(&core->cells, FAB_CELL_SMALL);
    child->flags &= (uint8_t)~FAB_SLOT_IS_SUPERVISED;
    fab_slot_cold(core, child)->parent = 0;
}

void
fab_ties_on_suspend(struct fab_core *core, struct fab_slot *slot)
{
    uint32_t index = fab_slot_cold(core, slot)->first_tie;

    while (index != FAB_SLOT_NONE) {
        const struct fab_tie *tie = &core->ties.entries[index];
        uint32_t next = tie->next;

        if (tie->kind == FAB_TIE_SUPERVISOR) {
            orphan(core, &core->slots[core->ties.entries[tie->twin].slot]);
            end_tie(core, index);
        }
        index = next;
    }
}

void
fab_ties_on_end(struct fab_core *core, struct fab_slot *slot)
{
    const uint32_t *first = &fab_slot_cold(core, slot)->first_tie;

    while (*first != FAB_SLOT_NONE)
        end_tie(core, *first);
}
