/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/cmocka.h"

#include <stdlib.h>

#include "market/book.h"
#include "market/feed.h"
#include "market/generator.h"
#include "market/itch.h"
#include "market/moldudp64.h"

#define PAYLOAD_MAX 1400U

static const struct market_generator_options options = {
    .seed = 7,
    .order_messages = 20000,
    .symbols = 5,
    .orders_max = 500,
    .payload_max = PAYLOAD_MAX,
    .packet_gap_ns = 1000,
};

static uint8_t payload[PAYLOAD_MAX];

/* FNV-1a over all packets with their times. */
static uint64_t
digest(const struct market_generator_options *chosen)
{
    struct market_generator *generator = market_generator_create(chosen);
    uint64_t hash = 0xcbf29ce484222325ULL;
    uint64_t time_ns;
    size_t size;

    while ((size = market_generator_next(generator, payload, &time_ns)) > 0) {
        for (size_t i = 0; i < size; i++)
            hash = (hash ^ payload[i]) * 0x100000001b3ULL;
        hash = (hash ^ time_ns) * 0x100000001b3ULL;
    }
    market_generator_destroy(generator);
    return hash;
}

static void
test_same_seed_gives_the_same_bytes_on_every_machine(void **state)
{
    struct market_generator_options other = options;

    (void)state;
    assert_true(digest(&options) == 0xc325936372218297ULL);
    other.seed = 8;
    assert_true(digest(&other) != digest(&options));
}

static void
test_feed_is_whole_and_every_event_applies(void **state)
{
    const struct market_book_limits limits = { 5, 100, 500 };
    struct market_generator *generator = market_generator_create(&options);
    struct market_book *book = market_book_create(&limits);
    struct market_feed feed;
    struct market_event event;
    struct market_change change;
    uint64_t time_ns;
    uint64_t time_ns_before = 0;
    size_t size;

    (void)state;
    market_feed_init(&feed);
    while ((size = market_generator_next(generator, payload, &time_ns)) > 0) {
        assert_true(time_ns >= time_ns_before && size <= PAYLOAD_MAX);
        time_ns_before = time_ns;
        assert_int_equal(market_feed_open(&feed, (struct market_bytes){ payload, size }),
                         MARKET_ACCEPTED);
        while (market_feed_next(&feed, &event)) {
            struct market_top top;

            market_book_apply(book, &event, &change);
            assert_int_not_equal(change.symbol, MARKET_NO_SYMBOL);
            top = market_book_top(book, change.symbol);
            assert_true(top.bid.size == 0 || top.ask.size == 0 || top.bid.price < top.ask.price);
        }
    }
    assert_int_equal(feed.messages, market_generator_messages(generator));
    assert_int_equal(feed.messages, 20000 + 3 + 5 + 3);
    assert_int_equal(feed.messages, feed.messages_book + feed.messages_other);
    assert_int_equal(feed.sequence.discontinuities, 0);
    assert_int_equal(feed.ends_of_session, 1);
    assert_true(feed.heartbeats > 0);
    for (const char *type = "SRAFECXDUP"; *type != '\0'; type++)
        assert_true(feed.types[MARKET_MOLDUDP64][(uint8_t)*type] > 0);
    assert_true(market_book_check(book));
    assert_int_equal(market_book_symbols(book), 5);
    market_book_destroy(book);
    market_generator_destroy(generator);
}

/* One order of the second, independent reading of the feed's bytes below. */
struct kept {
    char symbol[8];
    uint32_t price;
    uint32_t size; /* 0: gone */
    bool is_sell;
};

static uint64_t
load(const uint8_t *data, size_t size)
{
    uint64_t value = 0;

    for (size_t i = 0; i < size; i++)
        value = value << 8 | data[i];
    return value;
}

static void
keep(struct kept *kept, const uint8_t *m)
{
    struct kept *order = &kept[load(m + 11, 8)];

    if (m[0] == 'A' || m[0] == 'F') {
        *order = (struct kept){ .price = (uint32_t)load(m + 32, 4),
                                .size = (uint32_t)load(m + 20, 4),
                                .is_sell = m[19] == 'S' };
        memcpy(order->symbol, m + 24, 8);
    } else if (m[0] == 'E' || m[0] == 'C' || m[0] == 'X') {
        order->size -= (uint32_t)load(m + 19, 4);
    } else if (m[0] == 'D') {
        order->size = 0;
    } else if (m[0] == 'U') {
        struct kept *after = &kept[load(m + 19, 8)];

        *after = *order;
        after->size = (uint32_t)load(m + 27, 4);
        after->price = (uint32_t)load(m + 31, 4);
        order->size = 0;
    }
}

static uint64_t
shares_at(const struct kept *kept, const char *symbol, bool is_sell, int64_t price)
{
    uint64_t shares = 0;

    for (size_t i = 0; i < options.order_messages; i++) {
        if (kept[i].size > 0 && memcmp(kept[i].symbol, symbol, 8) == 0 &&
            kept[i].is_sell == is_sell && kept[i].price == price)
            shares += kept[i].size;
    }
    return shares;
}

/* Every level of every final book against a list of all orders that was read without the decoders.
 */
static void
test_final_books_are_those_of_an_independent_reading(void **state)
{
    const struct market_book_limits limits = { 5, 100, 500 };
    struct market_generator *generator = market_generator_create(&options);
    struct market_book *book = market_book_create(&limits);
    struct kept *kept = calloc(options.order_messages, sizeof(*kept));
    struct market_level levels[100];
    struct market_feed feed;
    struct market_event event;
    struct market_change change;
    uint64_t time_ns;
    uint64_t left = 0;
    size_t size;

    (void)state;
    market_feed_init(&feed);
    while ((size = market_generator_next(generator, payload, &time_ns)) > 0) {
        (void)market_feed_open(&feed, (struct market_bytes){ payload, size });
        while (market_feed_next(&feed, &event))
            market_book_apply(book, &event, &change);
        for (size_t at = 20; at < size; at += 2 + load(payload + at, 2))
            keep(kept, payload + at + 2);
    }
    for (size_t i = 0; i < options.order_messages; i++)
        left += kept[i].size;
    for (uint32_t i = 0; i < 2 * market_book_symbols(book); i++) {
        uint64_t symbol = market_book_top(book, i / 2).symbol;
        uint32_t count = market_book_depth(book, i / 2, i % 2, levels, 100);

        for (uint32_t k = 0; k < count; k++) {
            assert_int_equal(levels[k].size,
                             shares_at(kept, (const char *)&symbol, i % 2, levels[k].price));
            left -= levels[k].size;
        }
    }
    assert_int_equal(left, 0);
    free(kept);
    market_book_destroy(book);
    market_generator_destroy(generator);
}

static void
test_options_out_of_range_are_refused(void **state)
{
    struct market_generator_options bad[5];

    (void)state;
    for (size_t i = 0; i < 5; i++)
        bad[i] = options;
    bad[0].symbols = 0;
    bad[1].symbols = MARKET_GENERATOR_SYMBOLS_MOST + 1;
    bad[2].orders_max = 0;
    bad[3].payload_max = MARKET_GENERATOR_PAYLOAD_MIN - 1;
    bad[4].packet_gap_ns = 0;
    for (size_t i = 0; i < 5; i++)
        assert_null(market_generator_create(&bad[i]));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_seed_gives_the_same_bytes_on_every_machine),
        cmocka_unit_test(test_feed_is_whole_and_every_event_applies),
        cmocka_unit_test(test_final_books_are_those_of_an_independent_reading),
        cmocka_unit_test(test_options_out_of_range_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
