/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One side of one symbol's book: levels sorted by price, the best at the end of the array, as
 * nearly all changes are near the best and only what is better has to move.
 */
#ifndef MARKET_LEVEL_LIST_H
#define MARKET_LEVEL_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include "event.h"

struct market_level {
    int64_t price;   /* 1/10000 dollar */
    uint64_t size;   /* shares */
    uint32_t orders; /* how many make it up; 0 in a feed of price levels */
};

struct market_level_list {
    struct market_level *levels; /* a part of the book's memory; not owned */
    uint32_t count;
    uint32_t count_max;
    enum market_side side;
};

/* The level at a price, or NULL. */
struct market_level *market_level_list_lookup(const struct market_level_list *list, int64_t price);

/* The level at a price, made with size 0 if need be; NULL when the list is full. */
struct market_level *market_level_list_claim(struct market_level_list *list, int64_t price);

/* Removes a level of the list. */
void market_level_list_remove(struct market_level_list *list, struct market_level *level);

/* The best level; all zero when there is none. */
struct market_level market_level_list_best(const struct market_level_list *list);

/* Whether the prices are strictly sorted and no level is empty. */
bool market_level_list_check(const struct market_level_list *list);

#endif
