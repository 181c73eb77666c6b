/* SPDX-License-Identifier: BSD-3-Clause */
#include "symbol_table.h"

#include "memory.h"

bool
market_symbol_table_init(struct market_symbol_table *table, uint32_t count_max)
{
    uint64_t size = market_table_size(count_max);

    *table = (struct market_symbol_table){
        .symbols = market_memory_take(count_max, sizeof(*table->symbols)),
        .places = market_memory_take(size, sizeof(*table->places)),
        .mask = size - 1,
        .count_max = count_max,
    };
    return table->symbols != NULL && table->places != NULL;
}

void
market_symbol_table_fini(struct market_symbol_table *table)
{
    free(table->places);
    free(table->symbols);
    table->places = NULL;
    table->symbols = NULL;
}

/* Where the symbol is, or the empty place where it would be. */
static uint64_t
place_of(const struct market_symbol_table *table, uint64_t symbol)
{
    uint64_t i = market_hash(symbol) & table->mask;

    while (table->places[i] != 0 && table->symbols[table->places[i] - 1] != symbol)
        i = (i + 1) & table->mask;
    return i;
}

uint32_t
market_symbol_table_lookup(const struct market_symbol_table *table, uint64_t symbol)
{
    uint16_t place = table->places[place_of(table, symbol)];

    return place != 0 ? place - 1U : MARKET_NO_SYMBOL;
}

uint32_t
market_symbol_table_claim(struct market_symbol_table *table, uint64_t symbol)
{
    uint64_t place = place_of(table, symbol);

    if (table->places[place] != 0)
        return table->places[place] - 1U;
    if (table->count == table->count_max)
        return MARKET_NO_SYMBOL;
    table->symbols[table->count] = symbol;
    table->places[place] = (uint16_t)++table->count;
    return table->count - 1;
}

char *
market_symbol_format(uint64_t symbol, char *text)
{
    size_t size = MARKET_SYMBOL_SIZE;

    memcpy(text, &symbol, MARKET_SYMBOL_SIZE);
    while (size > 0 && (text[size - 1] == ' ' || text[size - 1] == '\0'))
        size--;
    for (size_t i = 0; i < size; i++) {
        if (text[i] < ' ' || text[i] > '~')
            text[i] = '?';
    }
    text[size] = '\0';
    return text;
}
