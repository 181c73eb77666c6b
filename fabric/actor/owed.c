/* SPDX-License-Identifier: BSD-3-Clause */
#include "actor/owed.h"

#include <string.h>

static uint32_t
hash_of(const struct fab_owed_table *table, struct myc_request request)
{
    uint64_t h = request.ask ^ (request.asker.actor * 0x9e3779b97f4a7c15ULL) ^ request.asker.home;

    h *= 0xff51afd7ed558ccdULL;
    return (uint32_t)(h >> 32) & table->chain_mask;
}

static bool
is_same(struct myc_request a, struct myc_request b)
{
    return a.ask == b.ask && myc_ref_is_equal(a.asker, b.asker);
}

void
fab_owed_init(struct fab_owed_table *table, uint32_t count, uint32_t chain_count,
              uint32_t slot_count)
{
    memset(table->chains, 0xff, chain_count * sizeof(table->chains[0]));
    memset(table->first, 0xff, slot_count * sizeof(table->first[0]));
    table->chain_mask = chain_count - 1;
    table->hand = 0;
    fab_handles_init(&table->handles, table->entries, count);
}

bool
fab_owed_push(struct fab_owed_table *table, uint32_t slot, struct myc_request request,
              uint32_t *index)
{
    uint32_t *chain = &table->chains[hash_of(table, request)];
    struct fab_owed *owed;

    if (!fab_handles_pop(&table->handles, index))
        return false;
    owed = &table->owed[*index];
    *owed = (struct fab_owed){
        .request = request,
        .slot = slot,
        .next = table->first[slot],
        .prev = FAB_OWED_NONE,
        .chain = *chain,
    };
    *chain = *index;
    if (owed->next != FAB_OWED_NONE)
        table->owed[owed->next].prev = *index;
    table->first[slot] = *index;
    return true;
}

uint32_t
fab_owed_lookup(const struct fab_owed_table *table, struct myc_request request)
{
    uint32_t index = table->chains[hash_of(table, request)];

    while (index != FAB_OWED_NONE && !is_same(table->owed[index].request, request))
        index = table->owed[index].chain;
    return index;
}

void
fab_owed_remove(struct fab_owed_table *table, uint32_t index)
{
    struct fab_owed *owed = &table->owed[index];
    uint32_t *at = &table->chains[hash_of(table, owed->request)];

    while (*at != index)
        at = &table->owed[*at].chain;
    *at = owed->chain;
    if (owed->prev != FAB_OWED_NONE)
        table->owed[owed->prev].next = owed->next;
    else
        table->first[owed->slot] = owed->next;
    if (owed->next != FAB_OWED_NONE)
        table->owed[owed->next].prev = owed->prev;
    fab_handles_push(&table->handles, index);
}

uint32_t
fab_owed_oldest(struct fab_owed_table *table)
{
    table->hand = (table->hand + 1) % table->handles.count;
    while (!fab_handles_is_taken(&table->handles, table->hand))
        table->hand = (table->hand + 1) % table->handles.count;
    return table->hand;
}
