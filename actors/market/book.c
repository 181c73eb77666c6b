/* SPDX-License-Identifier: BSD-3-Clause */
#include "book.h"

#include "memory.h"
#include "order_table.h"

enum book_kind {
    BOOK_UNDECIDED = 0, /* no event yet */
    BOOK_OF_LEVELS,
    BOOK_OF_ORDERS,
};

struct market_book {
    struct market_book_counters counters;
    struct market_symbol_table symbols;
    struct market_order_table orders;
    struct market_level_list *sides; /* owned; two per symbol, by enum market_side */
    struct market_level *levels;     /* owned; levels_max per side */
    struct market_book_limits limits;
    enum book_kind kind;
};

static bool
take_memory(struct market_book *book)
{
    uint32_t side_count = 2 * book->limits.symbols_max;

    book->sides = market_memory_take(side_count, sizeof(*book->sides));
    book->levels =
        market_memory_take((size_t)side_count * book->limits.levels_max, sizeof(*book->levels));
    if (!market_symbol_table_init(&book->symbols, book->limits.symbols_max) ||
        !market_order_table_init(&book->orders, book->limits.orders_max))
        return false;
    return book->sides != NULL && book->levels != NULL;
}

static void
init_sides(struct market_book *book)
{
    uint32_t levels_max = book->limits.levels_max;

    for (uint32_t i = 0; i < 2 * book->limits.symbols_max; i++) {
        book->sides[i] = (struct market_level_list){
            .levels = book->levels + (size_t)i * levels_max,
            .count_max = levels_max,
            .side = (enum market_side)(i % 2),
        };
    }
}

struct market_book *
market_book_create(const struct market_book_limits *limits)
{
    struct market_book *book;

    if (limits->symbols_max == 0 || limits->symbols_max > MARKET_SYMBOLS_MOST ||
        limits->levels_max == 0 || limits->levels_max > MARKET_LEVELS_MOST)
        return NULL;
    book = market_memory_take(1, sizeof(*book));
    if (book == NULL)
        return NULL;
    book->limits = *limits;
    if (!take_memory(book)) {
        market_book_destroy(book);
        return NULL;
    }
    init_sides(book);
    return book;
}

void
market_book_destroy(struct market_book *book)
{
    if (book == NULL)
        return;
    market_order_table_fini(&book->orders);
    market_symbol_table_fini(&book->symbols);
    free(book->levels);
    free(book->sides);
    free(book);
}

uint32_t
market_book_lookup(const struct market_book *book, uint64_t symbol)
{
    return market_symbol_table_lookup(&book->symbols, symbol);
}

static struct market_level_list *
side_of(const struct market_book *book, uint32_t symbol, uint8_t side)
{
    return &book->sides[2 * symbol + (side & 1U)];
}

static bool
is_kind(struct market_book *book, enum book_kind kind)
{
    if (book->kind == BOOK_UNDECIDED)
        book->kind = kind;
    if (book->kind == kind)
        return true;
    book->counters.mixed_kinds++;
    return false;
}

static bool
set_level(struct market_level_list *list, const struct market_event *event,
          struct market_book_counters *counters)
{
    struct market_level *level;

    if (event->size == 0) {
        level = market_level_list_lookup(list, event->price);
        if (level == NULL) {
            counters->unknown_level++;
            return false;
        }
        market_level_list_remove(list, level);
        return true;
    }
    level = market_level_list_claim(list, event->price);
    if (level == NULL) {
        counters->levels_full++;
        return false;
    }
    level->size = event->size;
    return true;
}

/* Enters an order into its level and the table. */
static bool
enter_order(struct market_book *book, const struct market_order *order)
{
    struct market_level *level;

    if (book->orders.count == book->orders.count_max) {
        book->counters.orders_full++;
        return false;
    }
    level = market_level_list_claim(side_of(book, order->symbol, order->side), order->price);
    if (level == NULL) {
        book->counters.levels_full++;
        return false;
    }
    level->size += order->size;
    level->orders++;
    return market_order_table_push(&book->orders, order);
}

/* Takes `size` of an order out of its level; all of it takes the order away too. */
static void
reduce_order(struct market_book *book, struct market_order *order, uint32_t size)
{
    struct market_level_list *list = side_of(book, order->symbol, order->side);
    struct market_level *level = market_level_list_lookup(list, order->price);

    level->size -= size;
    if (size < order->size) {
        order->size -= size;
        return;
    }
    level->orders--;
    if (level->orders == 0)
        market_level_list_remove(list, level);
    market_order_table_remove(&book->orders, order);
}

static bool
add_order(struct market_book *book, const struct market_event *event, uint32_t symbol)
{
    if (event->size == 0) {
        book->counters.empty_order++;
        return false;
    }
    if (market_order_table_lookup(&book->orders, event->order) != NULL) {
        book->counters.duplicate_order++;
        return false;
    }
    struct market_order order = {
        .number = event->order,
        .price = event->price,
        .size = event->size,
        .symbol = (uint16_t)symbol,
        .side = event->side & 1,
    };

    return enter_order(book, &order);
}

static bool
replace_order(struct market_book *book, struct market_order *order,
              const struct market_event *event)
{
    struct market_order before = *order;
    struct market_order after = before;

    if (event->size == 0) {
        book->counters.empty_order++;
        return false;
    }
    if (event->order_new != event->order &&
        market_order_table_lookup(&book->orders, event->order_new) != NULL) {
        book->counters.duplicate_order++;
        return false;
    }
    after.number = event->order_new;
    after.price = event->price;
    after.size = event->size;
    reduce_order(book, order, order->size);
    if (enter_order(book, &after))
        return true;
    /* There is room for what has just left, so the event changes nothing. */
    (void)enter_order(book, &before);
    return false;
}

static bool
change_order(struct market_book *book, struct market_order *order, const struct market_event *event)
{
    if (event->kind == MARKET_EVENT_REPLACE)
        return replace_order(book, order, event);

    uint32_t size = event->kind == MARKET_EVENT_DELETE ? order->size : event->size;

    if (size > order->size) {
        book->counters.over_reduced++;
        return false;
    }
    reduce_order(book, order, size);
    return true;
}

static void
reset(struct market_book *book)
{
    for (uint32_t i = 0; i < 2 * book->symbols.count; i++)
        book->sides[i].count = 0;
    market_order_table_clear(&book->orders);
    book->kind = BOOK_UNDECIDED;
    book->counters.resets++;
}

/* The symbol and side that an event touches; false (and counted) when there is none. */
static bool
find_target(struct market_book *book, const struct market_event *event, struct market_order **order,
            uint32_t *symbol, uint8_t *side)
{
    *order = NULL;
    if (event->kind == MARKET_EVENT_LEVEL || event->kind == MARKET_EVENT_ADD) {
        if (!is_kind(book, event->kind == MARKET_EVENT_LEVEL ? BOOK_OF_LEVELS : BOOK_OF_ORDERS))
            return false;
        *symbol = market_symbol_table_claim(&book->symbols, event->symbol);
        *side = event->side & 1;
        if (*symbol == MARKET_NO_SYMBOL)
            book->counters.symbols_full++;
        return *symbol != MARKET_NO_SYMBOL;
    }
    *order = market_order_table_lookup(&book->orders, event->order);
    if (*order == NULL) {
        book->counters.unknown_order++;
        return false;
    }
    *symbol = (*order)->symbol;
    *side = (*order)->side;
    return true;
}

void
market_book_apply(struct market_book *book, const struct market_event *event,
                  struct market_change *change)
{
    struct market_order *order;
    uint32_t symbol;
    uint8_t side;
    bool is_applied;

    *change = (struct market_change){ .symbol = MARKET_NO_SYMBOL };
    book->counters.events++;
    if (event->kind == MARKET_EVENT_RESET) {
        reset(book);
        book->counters.applied++;
        return;
    }
    if (event->kind >= MARKET_EVENT_KIND_COUNT) {
        book->counters.bad_kind++;
        return;
    }
    if (!find_target(book, event, &order, &symbol, &side))
        return;

    struct market_level_list *list = side_of(book, symbol, side);
    struct market_level before = market_level_list_best(list);

    if (order != NULL)
        is_applied = change_order(book, order, event);
    else if (event->kind == MARKET_EVENT_ADD)
        is_applied = add_order(book, event, symbol);
    else
        is_applied = set_level(list, event, &book->counters);
    if (!is_applied)
        return;

    struct market_level after = market_level_list_best(list);

    book->counters.applied++;
    change->symbol = symbol;
    change->is_top_changed = before.price != after.price || before.size != after.size;
}

uint32_t
market_book_symbols(const struct market_book *book)
{
    return book->symbols.count;
}

struct market_top
market_book_top(const struct market_book *book, uint32_t symbol)
{
    return (struct market_top){
        .symbol = book->symbols.symbols[symbol],
        .bid = market_level_list_best(side_of(book, symbol, MARKET_BUY)),
        .ask = market_level_list_best(side_of(book, symbol, MARKET_SELL)),
    };
}

uint32_t
market_book_depth(const struct market_book *book, uint32_t symbol, enum market_side side,
                  struct market_level *levels, uint32_t count)
{
    const struct market_level_list *list = side_of(book, symbol, (uint8_t)side);
    uint32_t copied = list->count < count ? list->count : count;

    for (uint32_t i = 0; i < copied; i++)
        levels[i] = list->levels[list->count - 1 - i];
    return copied;
}

uint32_t
market_book_orders(const struct market_book *book)
{
    return book->orders.count;
}

const struct market_book_counters *
market_book_counters(const struct market_book *book)
{
    return &book->counters;
}

/* What the levels hold in all; false when a side is out of order. */
static bool
sum_levels(const struct market_book *book, uint64_t *size, uint64_t *orders)
{
    for (uint32_t i = 0; i < 2 * book->symbols.count; i++) {
        const struct market_level_list *list = &book->sides[i];

        if (!market_level_list_check(list))
            return false;
        for (uint32_t k = 0; k < list->count; k++) {
            *size += list->levels[k].size;
            *orders += list->levels[k].orders;
        }
    }
    return true;
}

bool
market_book_check(const struct market_book *book)
{
    uint64_t level_size = 0;
    uint64_t level_orders = 0;
    uint64_t order_size = 0;
    uint64_t order_count = 0;

    if (!sum_levels(book, &level_size, &level_orders))
        return false;
    for (uint64_t i = 0; i <= book->orders.mask; i++) {
        const struct market_order *order = &book->orders.orders[i];

        if (!order->is_used)
            continue;
        if (market_order_table_lookup(&book->orders, order->number) != order)
            return false;
        order_size += order->size;
        order_count++;
    }
    if (order_count != book->orders.count || level_orders != order_count)
        return false;
    return book->kind != BOOK_OF_ORDERS || level_size == order_size;
}
