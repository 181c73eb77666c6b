/* SPDX-License-Identifier: BSD-3-Clause */
#include "actor/tie.h"

#include "actor/state.h"
#include "wire/system.h"

void
fab_ties_init(struct fab_ties *ties, void *memory, uint32_t capacity)
{
    *ties = (struct fab_ties){ .entries = memory, .capacity = capacity };
    for (uint32_t i = 0; i < capacity; i++)
        ties->entries[i].next = i + 1 < capacity ? i + 1 : FAB_SLOT_NONE;
}

static uint32_t
pop_entry(struct fab_core *core, struct fab_slot *slot, struct myc_ref peer, enum fab_tie_kind kind)
{
    struct fab_ties *ties = &core->ties;
    uint32_t *first = &fab_slot_cold(core, slot)->first_tie;
    uint32_t index = ties->free;
    struct fab_tie *tie = &ties->entries[index];

    ties->free = tie->next;
    ties->count++;
    *tie = (struct fab_tie){
        .peer = peer,
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
fab_tie_add(struct fab_core *core, struct fab_slot *child, struct fab_slot *parent,
            enum fab_tie_kind kind)
{
    struct fab_ties *ties = &core->ties;
    enum fab_tie_kind upper = kind == FAB_TIE_SUPERVISED ? FAB_TIE_SUPERVISOR : kind;
    uint32_t down, up;

    if (ties->capacity - ties->count < 2)
        return false;
    down = pop_entry(core, child, fab_slot_ref(core, parent), kind);
    up = pop_entry(core, parent, fab_slot_ref(core, child), upper);
    ties->entries[down].twin = up;
    ties->entries[up].twin = down;
    return true;
}

bool
fab_tie_add_away(struct fab_core *core, struct fab_slot *slot, struct myc_ref peer)
{
    if (core->ties.free == FAB_SLOT_NONE || !fab_cells_reserve(&core->cells, FAB_CELL_SMALL))
        return false;
    pop_entry(core, slot, peer, FAB_TIE_LINKED);
    return true;
}

static void
end_away(struct fab_core *core, struct fab_slot *slot, const struct fab_tie *tie,
         enum myc_status reason)
{
    struct fab_system_exit body = {
        .actor = tie->peer.actor,
        .peer = fab_slot_actor(core, slot),
        .reason = (uint8_t)reason,
    };
    struct fab_link *link;

    if (fab_route(core, tie->peer, &link) != MYC_OK || !link) {
        fab_cells_unreserve(&core->cells, FAB_CELL_SMALL);
        return;
    }
    fab_system_send_reserved(
        core, link,
        &(struct fab_system_record){ FAB_SYSTEM_EXIT, tie->peer.actor, &body, sizeof(body) });
}

static void
end_here(struct fab_core *core, const struct fab_tie *tie, enum myc_status reason)
{
    struct fab_slot *peer = &core->slots[core->ties.entries[tie->twin].slot];

    if (tie->kind == FAB_TIE_SUPERVISOR)
        fab_request(core, peer, FAB_REQUEST_STOP, MYC_SHUTDOWN);
    else if (tie->kind == FAB_TIE_LINKED && reason != MYC_NORMAL)
        fab_request(core, peer, FAB_REQUEST_STOP, reason);
    push_entry(core, tie->twin);
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
fab_ties_on_suspend(struct fab_core *core, struct fab_slot *slot, enum myc_status reason)
{
    uint32_t index = fab_slot_cold(core, slot)->first_tie;

    while (index != FAB_SLOT_NONE) {
        struct fab_tie *tie = &core->ties.entries[index];
        uint32_t next = tie->next;

        if (tie->kind == FAB_TIE_SUPERVISOR)
            orphan(core, &core->slots[core->ties.entries[tie->twin].slot]);
        if (tie->kind != FAB_TIE_SUPERVISED) {
            if (tie->twin == FAB_SLOT_NONE)
                end_away(core, slot, tie, reason);
            else
                end_here(core, tie, reason);
            push_entry(core, index);
        }
        index = next;
    }
}

void
fab_ties_on_end(struct fab_core *core, struct fab_slot *slot, enum myc_status reason)
{
    uint32_t *first = &fab_slot_cold(core, slot)->first_tie;

    while (*first != FAB_SLOT_NONE) {
        uint32_t index = *first;
        struct fab_tie *tie = &core->ties.entries[index];

        if (tie->twin == FAB_SLOT_NONE)
            end_away(core, slot, tie, reason);
        else
            end_here(core, tie, reason);
        push_entry(core, index);
    }
}

void
fab_tie_on_exit(struct fab_core *core, struct fab_slot *slot, struct myc_ref peer,
                enum myc_status reason)
{
    uint32_t index = fab_slot_cold(core, slot)->first_tie;

    while (index != FAB_SLOT_NONE && !myc_ref_is_equal(core->ties.entries[index].peer, peer))
        index = core->ties.entries[index].next;
    if (index == FAB_SLOT_NONE || core->ties.entries[index].twin != FAB_SLOT_NONE)
        return;
    push_entry(core, index);
    fab_cells_unreserve(&core->cells, FAB_CELL_SMALL);
    if (reason != MYC_NORMAL)
        fab_request(core, slot, FAB_REQUEST_STOP, reason);
}
