/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The books of a feed's symbols, by price level or by order, in memory that is fixed at the start.
 *
 * Each side of a symbol is a sorted array (level_list.h). A tree per side was rejected: real books
 * have few levels that change, and an array's end is a handful of cache lines. Orders are in one
 * table for all symbols (order_table.h), as an exchange's order numbers are unique in a session.
 * The first event after the start or a RESET decides whether the books are of levels or of orders.
 *
 * An event that cannot be applied changes nothing and adds one to exactly one counter: what the
 * feed says about an unknown order after a gap must not become a wrong level.
 *
 * Invariants: levels of a side are strictly sorted and none is empty; a level made of orders has
 * the sum of their sizes. market_book_check proves both.
 */
#ifndef MARKET_BOOK_H
#define MARKET_BOOK_H

#include "level_list.h"
#include "symbol_table.h"

/* Counters of a book: member, and what it says. */
#define MARKET_BOOK_COUNTERS(X)                                              \
    X(events, "events offered")                                              \
    X(applied, "events that were applied")                                   \
    X(resets, "times that all books were emptied for a new session")         \
    X(unknown_level, "removals of a level that was not there")               \
    X(unknown_order, "events of an order that was not there")                \
    X(duplicate_order, "new orders with a number that is in use")            \
    X(empty_order, "new orders or replacements of size 0")                   \
    X(over_reduced, "executions or cancels of more than the order had")      \
    X(symbols_full, "events refused: symbols_max reached")                   \
    X(levels_full, "events refused: levels_max of a side reached")           \
    X(orders_full, "events refused: orders_max reached")                     \
    X(mixed_kinds, "levels in a book of orders, or orders in one of levels") \
    X(bad_kind, "events of a kind that does not exist")

#define MARKET_LEVELS_MOST 65535U /* the largest levels_max */

struct market_book_limits {
    uint32_t symbols_max; /* 1 to MARKET_SYMBOLS_MOST */
    uint32_t levels_max;  /* per side of a symbol, 1 to MARKET_LEVELS_MOST */
    uint32_t orders_max;  /* in all books together; 0 for a feed of price levels */
};

/* Best of both sides; a side without levels has size 0 and price 0. */
struct market_top {
    uint64_t symbol;
    struct market_level bid;
    struct market_level ask;
};

struct market_book;

/* What an event did. */
struct market_change {
    uint32_t symbol;     /* index of the symbol; UINT32_MAX when the event was not applied */
    bool is_top_changed; /* the price or size of the best on either side is another now */
};

/* Takes all memory for these limits; NULL when a limit is out of range or there is no memory. */
struct market_book *market_book_create(const struct market_book_limits *limits);

/* Gives it back; NULL is allowed. */
void market_book_destroy(struct market_book *book);

/* Applies one event; *change says what it did. Bounded: one lookup and at most one array move per
 * level touched (a RESET visits all symbols and orders). */
void market_book_apply(struct market_book *book, const struct market_event *event,
                       struct market_change *change);

/* How many symbols have been seen; their indices are 0 to one less, in order of appearance. */
uint32_t market_book_symbols(const struct market_book *book);

/* The index of a symbol by its 8 characters; MARKET_NO_SYMBOL when it was never seen. */
uint32_t market_book_lookup(const struct market_book *book, uint64_t symbol);

/* Top of a symbol's book; index below market_book_symbols. */
struct market_top market_book_top(const struct market_book *book, uint32_t symbol);

/* Copies up to `count` levels of a side, best first; returns how many. */
uint32_t market_book_depth(const struct market_book *book, uint32_t symbol, enum market_side side,
                           struct market_level *levels, uint32_t count);

/* How many orders are in the books. */
uint32_t market_book_orders(const struct market_book *book);

/* Whether the invariants hold; visits everything, for tests and at the end. */
bool market_book_check(const struct market_book *book);

struct market_book_counters {
#define MARKET_BOOK_MEMBER(name, text) uint64_t name;
    MARKET_BOOK_COUNTERS(MARKET_BOOK_MEMBER)
#undef MARKET_BOOK_MEMBER
};

/* The counters; valid as long as the book. */
const struct market_book_counters *market_book_counters(const struct market_book *book);

#endif
