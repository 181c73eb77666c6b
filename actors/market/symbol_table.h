/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The symbols of a feed, numbered in order of appearance, so that everything about a symbol is an
 * array element. A symbol stays: its index is valid as long as the table.
 */
#ifndef MARKET_SYMBOL_TABLE_H
#define MARKET_SYMBOL_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "event.h"

#define MARKET_NO_SYMBOL        UINT32_MAX
#define MARKET_SYMBOLS_MOST     65534U /* the largest table */
#define MARKET_SYMBOL_TEXT_SIZE (MARKET_SYMBOL_SIZE + 1U)

struct market_symbol_table {
    uint64_t *symbols; /* owned; by index */
    uint16_t *places;  /* owned; index + 1 of a symbol, by hash; 0 is empty */
    uint64_t mask;
    uint32_t count;
    uint32_t count_max;
};

/* Takes memory for `count_max` symbols, 1 to MARKET_SYMBOLS_MOST; false when there is none. */
bool market_symbol_table_init(struct market_symbol_table *table, uint32_t count_max);

void market_symbol_table_fini(struct market_symbol_table *table);

/* The index of a symbol by its 8 characters; MARKET_NO_SYMBOL when it was never seen. */
uint32_t market_symbol_table_lookup(const struct market_symbol_table *table, uint64_t symbol);

/* The index of a symbol, given now if need be; MARKET_NO_SYMBOL when the table is full. */
uint32_t market_symbol_table_claim(struct market_symbol_table *table, uint64_t symbol);

/* Writes a symbol without its padding, what is not printable as '?'; text has
 * MARKET_SYMBOL_TEXT_SIZE bytes. Returns text. */
char *market_symbol_format(uint64_t symbol, char *text);

#endif
