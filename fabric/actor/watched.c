/* SPDX-License-Identifier: BSD-3-Clause */
#include "actor/watched.h"

#include <string.h>

static uint32_t
hash_of(const struct fab_watched_table *table, uint16_t link, uint64_t monitor)
{
    return (uint32_t)(((monitor ^ link) * 0x9e3779b97f4a7c15ULL) >> 32) & table->chain_mask;
}

void
fab_watched_init(struct fab_watched_table *table, uint32_t count, uint32_t chain_count)
{
    memset(table->chains, 0xff, chain_count * sizeof(table->chains[0]));
    table->chain_mask = chain_count - 1;
    fab_handles_init(&table->handles, table->entries, count);
}

bool
fab_watched_push(struct fab_watched_table *table, const struct fab_watched *watched,
                 uint32_t *first)
{
    uint32_t *chain = &table->chains[hash_of(table, watched->link, watched->monitor)];
    struct fab_watched *record;
    uint32_t index;

    if (!fab_handles_pop(&table->handles, &index))
        return false;
    record = &table->watched[index];
    *record = *watched;
    record->chain = *chain;
    *chain = index;
    record->prev = FAB_WATCHED_NONE;
    record->next = *first;
    if (*first != FAB_WATCHED_NONE)
        table->watched[*first].prev = index;
    *first = index;
    return true;
}

uint32_t
fab_watched_lookup(const struct fab_watched_table *table, uint16_t link, uint64_t monitor)
{
    uint32_t index = table->chains[hash_of(table, link, monitor)];

    while (index != FAB_WATCHED_NONE &&
           (table->watched[index].link != link || table->watched[index].monitor != monitor))
        index = table->watched[index].chain;
    return index;
}

void
fab_watched_remove(struct fab_watched_table *table, uint32_t index, uint32_t *first)
{
    struct fab_watched *record = &table->watched[index];
    uint32_t *at = &table->chains[hash_of(table, record->link, record->monitor)];

    while (*at != index)
        at = &table->watched[*at].chain;
    *at = record->chain;
    if (record->prev != FAB_WATCHED_NONE)
        table->watched[record->prev].next = record->next;
    else
        *first = record->next;
    if (record->next != FAB_WATCHED_NONE)
        table->watched[record->next].prev = record->prev;
    fab_handles_push(&table->handles, index);
}
