/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What happened to a book, in one form for both kinds of feed: a DEEP feed speaks of price levels,
 * an ITCH feed of single orders. A feed makes events, a book applies them; both are plain values.
 */
#ifndef MARKET_EVENT_H
#define MARKET_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#define MARKET_SYMBOL_SIZE 8U /* characters, padded with spaces on the right */

enum market_side {
    MARKET_BUY = 0,
    MARKET_SELL = 1,
};

enum market_event_kind {
    MARKET_EVENT_LEVEL = 0,   /* the level at `price` has `size` now; 0 removes it */
    MARKET_EVENT_ADD = 1,     /* a new order: symbol, side, price, size */
    MARKET_EVENT_REDUCE = 2,  /* `size` of an order was executed or cancelled */
    MARKET_EVENT_DELETE = 3,  /* an order left the book */
    MARKET_EVENT_REPLACE = 4, /* `order` left, `order_new` is there at price and size */
    MARKET_EVENT_RESET = 5,   /* the feed began a new session: whatever was known is void */
    MARKET_EVENT_KIND_COUNT
};

struct market_event {
    uint64_t symbol;      /* the 8 characters as they lie in memory; 0 when the order tells it */
    uint64_t order;       /* the exchange's number of the order; 0 for levels */
    uint64_t order_new;   /* REPLACE only */
    int64_t price;        /* 1/10000 dollar */
    uint64_t sequence;    /* of the message within the feed's session */
    uint64_t exchange_ns; /* the exchange's clock: since 1970 (DEEP) or since midnight (ITCH) */
    uint32_t size;        /* shares */
    uint8_t kind;         /* enum market_event_kind */
    uint8_t side;         /* enum market_side */
    bool is_complete;     /* the book is consistent after it; false within a compound event */
};

#endif
