/* SPDX-License-Identifier: BSD-3-Clause */
#include "order_table.h"

#include "memory.h"

bool
market_order_table_init(struct market_order_table *table, uint32_t count_max)
{
    uint64_t size = market_table_size(count_max);

    *table = (struct market_order_table){
        .orders = market_memory_take(size, sizeof(struct market_order)),
        .mask = size - 1,
        .count_max = count_max,
    };
    return table->orders != NULL;
}

void
market_order_table_fini(struct market_order_table *table)
{
    free(table->orders);
    table->orders = NULL;
}

static uint64_t
home_of(const struct market_order_table *table, uint64_t number)
{
    return market_hash(number) & table->mask;
}

struct market_order *
market_order_table_lookup(const struct market_order_table *table, uint64_t number)
{
    uint64_t i = home_of(table, number);

    while (table->orders[i].is_used) {
        if (table->orders[i].number == number)
            return &table->orders[i];
        i = (i + 1) & table->mask;
    }
    return NULL;
}

bool
market_order_table_push(struct market_order_table *table, const struct market_order *order)
{
    uint64_t i = home_of(table, order->number);

    if (table->count == table->count_max)
        return false;
    while (table->orders[i].is_used)
        i = (i + 1) & table->mask;
    table->orders[i] = *order;
    table->orders[i].is_used = true;
    table->count++;
    return true;
}

void
market_order_table_remove(struct market_order_table *table, struct market_order *order)
{
    uint64_t hole = (uint64_t)(order - table->orders);
    uint64_t i = hole;

    for (;;) {
        i = (i + 1) & table->mask;
        if (!table->orders[i].is_used)
            break;
        uint64_t home = home_of(table, table->orders[i].number);

        /* An entry may move back only as far as its home, or a lookup would not find it. */
        if (((i - home) & table->mask) < ((i - hole) & table->mask))
            continue;
        table->orders[hole] = table->orders[i];
        hole = i;
    }
    table->orders[hole].is_used = false;
    table->count--;
}

void
market_order_table_clear(struct market_order_table *table)
{
    memset(table->orders, 0, (table->mask + 1) * sizeof(struct market_order));
    table->count = 0;
}
