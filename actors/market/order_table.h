/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Orders by the exchange's number: open addressing with linear probing, at most half full.
 *
 * Removing shifts the entries behind back (Knuth 6.4, algorithm R) instead of leaving a tombstone,
 * so a table that has seen a billion orders probes no longer than a fresh one.
 */
#ifndef MARKET_ORDER_TABLE_H
#define MARKET_ORDER_TABLE_H

#include <stdbool.h>
#include <stdint.h>

struct market_order {
    uint64_t number;
    int64_t price; /* 1/10000 dollar */
    uint32_t size; /* shares, never 0 in the table */
    uint16_t symbol;
    uint8_t side; /* enum market_side */
    bool is_used; /* the table's own */
};

struct market_order_table {
    struct market_order *orders; /* owned */
    uint64_t mask;
    uint32_t count;
    uint32_t count_max;
};

/* Takes memory for `count_max` orders; false when there is none. */
bool market_order_table_init(struct market_order_table *table, uint32_t count_max);

void market_order_table_fini(struct market_order_table *table);

/* The order of that number, or NULL; valid until the next push, remove or clear. */
struct market_order *market_order_table_lookup(const struct market_order_table *table,
                                               uint64_t number);

/* Copies an order in; its number must not be there. False when the table is full. */
bool market_order_table_push(struct market_order_table *table, const struct market_order *order);

/* Removes what a lookup has given. */
void market_order_table_remove(struct market_order_table *table, struct market_order *order);

/* Empties the table; visits all of it. */
void market_order_table_clear(struct market_order_table *table);

#endif
