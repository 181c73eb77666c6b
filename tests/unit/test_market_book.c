/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/cmocka.h"

#include <stdlib.h>

#include "market/book.h"
#include "market/bytes.h"
#include "market/memory.h"

static const struct market_book_limits small = {
    .symbols_max = 2,
    .levels_max = 3,
    .orders_max = 4,
};

static uint64_t
symbol(const char *padded)
{
    return market_le64((const uint8_t *)padded);
}

static struct market_event
level(const char *name, enum market_side side, int64_t price, uint32_t size)
{
    return (struct market_event){ .kind = MARKET_EVENT_LEVEL,
                                  .symbol = symbol(name),
                                  .side = (uint8_t)side,
                                  .price = price,
                                  .size = size };
}

static struct market_event
add(uint64_t order, enum market_side side, int64_t price, uint32_t size)
{
    return (struct market_event){ .kind = MARKET_EVENT_ADD,
                                  .symbol = symbol("MYC     "),
                                  .order = order,
                                  .side = (uint8_t)side,
                                  .price = price,
                                  .size = size };
}

static struct market_event
change_of(enum market_event_kind kind, uint64_t order, uint32_t size)
{
    return (struct market_event){ .kind = (uint8_t)kind, .order = order, .size = size };
}

static struct market_change
apply(struct market_book *book, struct market_event event)
{
    struct market_change change;

    market_book_apply(book, &event, &change);
    assert_true(market_book_check(book));
    return change;
}

static int
create_small(void **state)
{
    *state = market_book_create(&small);
    return *state != NULL ? 0 : -1;
}

static int
destroy(void **state)
{
    market_book_destroy(*state);
    return 0;
}

static void
test_levels_are_kept_best_first_whatever_their_order_of_arrival(void **state)
{
    struct market_book *book = *state;
    struct market_level depth[4];

    (void)apply(book, level("MYC     ", MARKET_BUY, 100, 1));
    (void)apply(book, level("MYC     ", MARKET_BUY, 300, 3));
    (void)apply(book, level("MYC     ", MARKET_BUY, 200, 2));
    (void)apply(book, level("MYC     ", MARKET_SELL, 500, 5));
    (void)apply(book, level("MYC     ", MARKET_SELL, 400, 4));
    assert_int_equal(market_book_depth(book, 0, MARKET_BUY, depth, 4), 3);
    assert_int_equal(depth[0].price, 300);
    assert_int_equal(depth[1].price, 200);
    assert_int_equal(depth[2].price, 100);
    assert_int_equal(market_book_depth(book, 0, MARKET_SELL, depth, 1), 1);
    assert_int_equal(depth[0].price, 400);
    assert_int_equal(market_book_top(book, 0).bid.size, 3);
    assert_int_equal(market_book_top(book, 0).ask.size, 4);
}

static void
test_change_says_whether_the_top_moved(void **state)
{
    struct market_book *book = *state;

    assert_true(apply(book, level("MYC     ", MARKET_BUY, 200, 2)).is_top_changed);
    assert_false(apply(book, level("MYC     ", MARKET_BUY, 100, 2)).is_top_changed);
    assert_false(apply(book, level("MYC     ", MARKET_BUY, 200, 2)).is_top_changed);
    assert_true(apply(book, level("MYC     ", MARKET_BUY, 200, 3)).is_top_changed);
    assert_true(apply(book, level("MYC     ", MARKET_BUY, 200, 0)).is_top_changed);
    assert_int_equal(market_book_top(book, 0).bid.price, 100);
    assert_int_equal(apply(book, level("MYC     ", MARKET_SELL, 9, 0)).symbol, MARKET_NO_SYMBOL);
    assert_int_equal(market_book_counters(book)->unknown_level, 1);
}

static void
test_orders_add_up_to_levels_and_leave_them(void **state)
{
    struct market_book *book = *state;
    struct market_top top;

    (void)apply(book, add(1, MARKET_BUY, 100, 10));
    (void)apply(book, add(2, MARKET_BUY, 100, 20));
    (void)apply(book, add(3, MARKET_SELL, 110, 30));
    (void)apply(book, change_of(MARKET_EVENT_REDUCE, 2, 5));
    top = market_book_top(book, 0);
    assert_int_equal(top.bid.size, 25);
    assert_int_equal(top.bid.orders, 2);
    (void)apply(book, change_of(MARKET_EVENT_REDUCE, 2, 15));
    (void)apply(book, change_of(MARKET_EVENT_DELETE, 1, 0));
    top = market_book_top(book, 0);
    assert_int_equal(top.bid.size, 0);
    assert_int_equal(top.ask.size, 30);
    assert_int_equal(market_book_orders(book), 1);
}

static void
test_replace_keeps_side_and_symbol(void **state)
{
    struct market_book *book = *state;
    struct market_event replace = change_of(MARKET_EVENT_REPLACE, 1, 7);

    (void)apply(book, add(1, MARKET_SELL, 100, 10));
    replace.order_new = 9;
    replace.price = 90;
    assert_true(apply(book, replace).is_top_changed);
    assert_int_equal(market_book_top(book, 0).ask.price, 90);
    assert_int_equal(market_book_top(book, 0).ask.size, 7);
    (void)apply(book, change_of(MARKET_EVENT_DELETE, 1, 0));
    assert_int_equal(market_book_counters(book)->unknown_order, 1);
    (void)apply(book, change_of(MARKET_EVENT_DELETE, 9, 0));
    assert_int_equal(market_book_orders(book), 0);
}

/* A full side refuses the new price of a replacement, and the old order is still there. */
static void
test_replace_that_finds_no_level_changes_nothing(void **state)
{
    struct market_book *book = *state;
    struct market_event replace = change_of(MARKET_EVENT_REPLACE, 1, 7);

    (void)apply(book, add(1, MARKET_BUY, 100, 10));
    (void)apply(book, add(2, MARKET_BUY, 100, 10));
    (void)apply(book, add(3, MARKET_BUY, 101, 10));
    (void)apply(book, add(4, MARKET_BUY, 102, 10));
    replace.order_new = 9;
    replace.price = 103;
    (void)apply(book, replace); /* order 2 keeps the level of 1, so there is no room for a fourth */
    assert_int_equal(market_book_counters(book)->levels_full, 1);
    assert_int_equal(market_book_orders(book), 4);
    (void)apply(book, change_of(MARKET_EVENT_DELETE, 1, 0));
    assert_int_equal(market_book_counters(book)->unknown_order, 0);
}

static void
test_each_limit_refuses_with_its_own_counter(void **state)
{
    struct market_book *book = *state;
    const struct market_book_counters *counters = market_book_counters(book);

    for (uint64_t i = 1; i <= 4; i++)
        (void)apply(book, add(i, MARKET_BUY, (int64_t)(100 + i % 3), 10));
    (void)apply(book, add(5, MARKET_BUY, 100, 10));
    assert_int_equal(counters->orders_full, 1);
    (void)apply(book, change_of(MARKET_EVENT_DELETE, 4, 0));
    (void)apply(book, add(5, MARKET_BUY, 99, 10));
    assert_int_equal(counters->levels_full, 1);
    (void)apply(book, add(1, MARKET_SELL, 100, 10));
    assert_int_equal(counters->duplicate_order, 1);
    (void)apply(book, add(6, MARKET_SELL, 100, 0));
    assert_int_equal(counters->empty_order, 1);
    (void)apply(book, change_of(MARKET_EVENT_REDUCE, 1, 11));
    assert_int_equal(counters->over_reduced, 1);
    (void)apply(book, level("MYC     ", MARKET_BUY, 1, 1));
    assert_int_equal(counters->mixed_kinds, 1);
    (void)apply(book, change_of(MARKET_EVENT_KIND_COUNT, 1, 1));
    assert_int_equal(counters->bad_kind, 1);
    assert_int_equal(counters->applied + 7, counters->events);
}

static void
test_more_symbols_than_allowed_are_refused(void **state)
{
    struct market_book *book = *state;

    (void)apply(book, level("A       ", MARKET_BUY, 1, 1));
    (void)apply(book, level("B       ", MARKET_BUY, 2, 1));
    (void)apply(book, level("C       ", MARKET_BUY, 3, 1));
    assert_int_equal(market_book_counters(book)->symbols_full, 1);
    assert_int_equal(market_book_symbols(book), 2);
    assert_int_equal(market_book_lookup(book, symbol("B       ")), 1);
    assert_int_equal(market_book_lookup(book, symbol("C       ")), MARKET_NO_SYMBOL);
}

static void
test_reset_empties_the_books_and_keeps_the_symbols(void **state)
{
    struct market_book *book = *state;

    (void)apply(book, add(1, MARKET_BUY, 100, 10));
    (void)apply(book, (struct market_event){ .kind = MARKET_EVENT_RESET });
    assert_int_equal(market_book_orders(book), 0);
    assert_int_equal(market_book_symbols(book), 1);
    assert_int_equal(market_book_top(book, 0).bid.size, 0);
    (void)apply(book, level("MYC     ", MARKET_SELL, 5, 5)); /* the kind is open again */
    assert_int_equal(market_book_top(book, 0).ask.size, 5);
}

static void
test_impossible_limits_are_refused(void **state)
{
    static const struct market_book_limits bad[] = {
        { 0, 1, 1 },
        { 1, 0, 1 },
        { MARKET_SYMBOLS_MOST + 1, 1, 1 },
        { 1, MARKET_LEVELS_MOST + 1, 1 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_null(market_book_create(&bad[i]));
}

#define MODEL_ORDERS 200U
#define MODEL_PRICES 40U

struct model_order {
    bool is_live;
    uint8_t side;
    uint32_t price;
    uint32_t size;
};

/* Best price and its size by looking at every order. */
static struct market_level
model_best(const struct model_order *orders, uint8_t side)
{
    struct market_level best = { 0 };

    for (uint32_t i = 0; i < MODEL_ORDERS; i++) {
        const struct model_order *order = &orders[i];

        if (!order->is_live || order->side != side)
            continue;
        if (best.size == 0 ||
            (side == MARKET_BUY ? order->price > best.price : order->price < best.price))
            best = (struct market_level){ .price = order->price };
        if (order->price == best.price) {
            best.size += order->size;
            best.orders++;
        }
    }
    return best;
}

static void
assert_tops_agree(struct market_book *book, const struct model_order *orders)
{
    struct market_top top = market_book_top(book, 0);
    struct market_level bid = model_best(orders, MARKET_BUY);
    struct market_level ask = model_best(orders, MARKET_SELL);

    assert_true(top.bid.price == bid.price && top.bid.size == bid.size);
    assert_true(top.ask.price == ask.price && top.ask.size == ask.size);
    assert_int_equal(top.bid.orders, bid.orders);
    assert_int_equal(top.ask.orders, ask.orders);
}

/* Half a hundred thousand random events against a model that searches everything each time. */
static void
test_random_orders_agree_with_a_naive_model(void **state)
{
    static struct model_order orders[MODEL_ORDERS];
    const struct market_book_limits limits = { 1, MODEL_PRICES, MODEL_ORDERS };
    struct market_book *book = market_book_create(&limits);
    uint64_t seed = 42;

    (void)state;
    for (uint32_t round = 0; round < 50000; round++) {
        uint64_t random = market_hash(seed += 0x9e3779b97f4a7c15ULL);
        uint32_t i = (uint32_t)(random % MODEL_ORDERS);
        struct model_order *order = &orders[i];
        struct market_event event = change_of(MARKET_EVENT_DELETE, i, 0);
        struct market_change change;

        if (!order->is_live) {
            *order = (struct model_order){ true, random >> 20 & 1,
                                           (uint32_t)(random >> 24) % MODEL_PRICES,
                                           1 + (uint32_t)(random >> 40) % 9 };
            event = add(i, order->side, order->price, order->size);
        } else if ((random >> 20) % 3 == 0) {
            event = change_of(MARKET_EVENT_REDUCE, i, 1);
            order->is_live = --order->size > 0;
        } else if ((random >> 20) % 3 == 1) {
            event = change_of(MARKET_EVENT_REPLACE, i, 1 + (uint32_t)(random >> 40) % 9);
            event.order_new = i;
            event.price = order->price = (uint32_t)(random >> 24) % MODEL_PRICES;
            order->size = event.size;
        } else {
            order->is_live = false;
        }
        market_book_apply(book, &event, &change);
        assert_int_equal(change.symbol, 0);
        assert_tops_agree(book, orders);
    }
    assert_true(market_book_check(book));
    assert_int_equal(market_book_counters(book)->applied, 50000);
    market_book_destroy(book);
}

#define SMALL_TEST(test) cmocka_unit_test_setup_teardown(test, create_small, destroy)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        SMALL_TEST(test_levels_are_kept_best_first_whatever_their_order_of_arrival),
        SMALL_TEST(test_change_says_whether_the_top_moved),
        SMALL_TEST(test_orders_add_up_to_levels_and_leave_them),
        SMALL_TEST(test_replace_keeps_side_and_symbol),
        SMALL_TEST(test_replace_that_finds_no_level_changes_nothing),
        SMALL_TEST(test_each_limit_refuses_with_its_own_counter),
        SMALL_TEST(test_more_symbols_than_allowed_are_refused),
        SMALL_TEST(test_reset_empties_the_books_and_keeps_the_symbols),
        cmocka_unit_test(test_impossible_limits_are_refused),
        cmocka_unit_test(test_random_orders_agree_with_a_naive_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
