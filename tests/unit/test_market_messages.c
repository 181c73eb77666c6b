/* SPDX-License-Identifier: BSD-3-Clause */
/* The demo's messages, as the generator makes them from actors/market/market.xml. */
#include "support/cmocka.h"

#include "market/event.h"
#include "market/market_messages.h"

static void
test_enums_of_the_schema_have_the_numbers_of_event_h(void **state)
{
    (void)state;
    assert_int_equal(MARKET_ORDER_SIDE_BUY, MARKET_BUY);
    assert_int_equal(MARKET_ORDER_SIDE_SELL, MARKET_SELL);
    assert_int_equal(MARKET_UPDATE_KIND_LEVEL, MARKET_EVENT_LEVEL);
    assert_int_equal(MARKET_UPDATE_KIND_ADD, MARKET_EVENT_ADD);
    assert_int_equal(MARKET_UPDATE_KIND_REDUCE, MARKET_EVENT_REDUCE);
    assert_int_equal(MARKET_UPDATE_KIND_DELETE, MARKET_EVENT_DELETE);
    assert_int_equal(MARKET_UPDATE_KIND_REPLACE, MARKET_EVENT_REPLACE);
    assert_int_equal(MARKET_UPDATE_KIND_RESET, MARKET_EVENT_RESET);
    assert_int_equal(sizeof(market_update_kind_choices) / sizeof(market_update_kind_choices[0]),
                     MARKET_EVENT_KIND_COUNT);
}

static void
test_update_prints_with_names(void **state)
{
    struct market_book_update update = {
        .price = 1234500,
        .sequence = 7,
        .size = 300,
        .kind = MARKET_UPDATE_KIND_ADD,
        .side = MARKET_ORDER_SIDE_SELL,
        .flags = MARKET_UPDATE_FLAGS_COMPLETE,
    };
    uint8_t body[MARKET_BOOK_UPDATE_SIZE];
    char text[256];

    (void)state;
    myc_sbe_store_text(update.symbol, sizeof(update.symbol), "ZIEXT   ");
    market_book_update_encode(&update, body);
    myc_type_format(&market_book_update_type, body, sizeof(body), text, sizeof(text));
    assert_string_equal(text, "BookUpdate{hop.number=0, hop.sentNs=0, hop.life=0, symbol=\"ZIEXT   "
                              "\", order=0, orderNew=0, price=1234500, "
                              "sequence=7, exchangeNs=0, size=300, kind=Add, side=Sell, "
                              "flags={Complete}}");
}

static void
test_an_unknown_kind_of_update_is_refused(void **state)
{
    uint8_t body[MARKET_BOOK_UPDATE_SIZE];

    (void)state;
    market_book_update_init(body);
    assert_true(market_book_update_verify(body, sizeof(body), sizeof(body), 0));
    market_book_update_set_kind(body, (enum market_update_kind)6);
    assert_false(market_book_update_verify(body, sizeof(body), sizeof(body), 0));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_enums_of_the_schema_have_the_numbers_of_event_h),
        cmocka_unit_test(test_update_prints_with_names),
        cmocka_unit_test(test_an_unknown_kind_of_update_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
