/* SPDX-License-Identifier: BSD-3-Clause */
/* Fields of generated messages: where the bytes are, nulls, constants, checks. */
#include <math.h>

#include "support/cmocka.h"
#include "support/hex.h"

#include "sbe_all.h"
#include "sbe_big.h"

static const struct all_numbers numbers = {
    .c = 'x',
    .i8 = -2,
    .u8 = 0xfe,
    .i16 = -2,
    .u16 = 0x0102,
    .i32 = -2,
    .u32 = 0x01020304,
    .i64 = -2,
    .u64 = 0x0102030405060708ULL,
    .f32 = 1.5f,
    .f64 = -2.5,
};

static const char *const numbers_golden = "78 fe fe fe ff 02 01 fe ff ff ff 04 03 02 01 "
                                          "fe ff ff ff ff ff ff ff 08 07 06 05 04 03 02 01 "
                                          "00 00 c0 3f 00 00 00 00 00 00 04 c0";

static void
test_each_primitive_has_its_bytes_and_reads_back(void **state)
{
    uint8_t golden[ALL_NUMBERS_SIZE], body[ALL_NUMBERS_SIZE + 1];
    struct all_numbers back = { 0 };

    (void)state;
    assert_int_equal(hex_read(numbers_golden, golden, sizeof(golden)), ALL_NUMBERS_SIZE);
    all_numbers_encode(&numbers, body + 1);
    assert_memory_equal(body + 1, golden, sizeof(golden));
    assert_true(all_numbers_decode_body(golden, sizeof(golden), sizeof(golden), 2, &back));
    assert_int_equal(back.c, 'x');
    assert_int_equal(back.i8, -2);
    assert_int_equal(back.u8, 0xfe);
    assert_int_equal(back.i16, -2);
    assert_int_equal(back.u16, 0x0102);
    assert_int_equal(back.i32, -2);
    assert_int_equal(back.u32, 0x01020304);
    assert_true(back.i64 == -2);
    assert_true(back.u64 == 0x0102030405060708ULL);
    assert_true(back.f32 == 1.5f);
    assert_true(back.f64 == -2.5);
}

static void
test_setters_write_what_encode_writes(void **state)
{
    uint8_t encoded[ALL_NUMBERS_SIZE], set[ALL_NUMBERS_SIZE];

    (void)state;
    all_numbers_encode(&numbers, encoded);
    all_numbers_init(set);
    all_numbers_set_c(set, numbers.c);
    all_numbers_set_i8(set, numbers.i8);
    all_numbers_set_u8(set, numbers.u8);
    all_numbers_set_i16(set, numbers.i16);
    all_numbers_set_u16(set, numbers.u16);
    all_numbers_set_i32(set, numbers.i32);
    all_numbers_set_u32(set, numbers.u32);
    all_numbers_set_i64(set, numbers.i64);
    all_numbers_set_u64(set, numbers.u64);
    all_numbers_set_f32(set, numbers.f32);
    all_numbers_set_f64(set, numbers.f64);
    assert_memory_equal(set, encoded, sizeof(set));
}

static struct all_order
order_example(void)
{
    struct all_order order = {
        .symbol = "ACME",
        .side = ALL_SIDE_SELL,
        .leg = { .price = { .mantissa = 12345 },
                 .quantity = 7,
                 .side = ALL_SIDE_BUY,
                 .leg_kind = ALL_LEG_KIND_SPREAD,
                 .code = { 'U', 'S' } },
        .flags = ALL_FLAGS_FIRST | ALL_FLAGS_LAST,
        .default_ = 9,
        .from = { .home = 0x1122334455667788ULL, .actor = 1 },
    };

    return order;
}

static const char *const order_golden =
    "41 43 4d 45 00 00 00 00 53 00" /* symbol, side, gap */
    "39 30 00 00 00 00 00 00 00 00 00 00 07 00 00 00 42 02 55 53"
    "81 09 88 77 66 55 44 33 22 11 01 00 00 00 00 00 00 00"
    "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"; /* up to blockLength */

static void
test_gaps_and_the_rest_of_the_block_are_written_as_zero(void **state)
{
    struct all_order order = order_example();
    uint8_t golden[ALL_ORDER_SIZE], body[ALL_ORDER_SIZE];

    (void)state;
    memset(body, 0xaa, sizeof(body));
    assert_int_equal(hex_read(order_golden, golden, sizeof(golden)), ALL_ORDER_SIZE);
    all_order_encode(&order, body);
    assert_memory_equal(body, golden, sizeof(golden));
}

static void
test_composites_sets_arrays_and_refs_read_back(void **state)
{
    struct all_order back = { 0 }, order = order_example();
    uint8_t body[ALL_ORDER_SIZE];

    (void)state;
    all_order_encode(&order, body);
    assert_true(all_order_decode_body(body, sizeof(body), sizeof(body), 2, &back));
    assert_memory_equal(back.symbol, "ACME\0\0\0", 8);
    assert_int_equal(back.leg.price.mantissa, 12345);
    assert_int_equal(back.leg.quantity, 7);
    assert_int_equal(back.leg.side, ALL_SIDE_BUY);
    assert_int_equal(back.leg.leg_kind, ALL_LEG_KIND_SPREAD);
    assert_memory_equal(back.leg.code, "US", 2);
    assert_true(all_flags_has(back.flags, ALL_FLAGS_LAST));
    assert_int_equal(back.default_, 9);
    assert_true(myc_ref_is_equal(back.from, order.from));
}

static void
test_constants_take_no_bytes_and_have_getters(void **state)
{
    struct all_order_view view = { NULL, 0, 0, 0 };

    (void)state;
    assert_string_equal(ALL_ORDER_VENUE, "XNAS");
    assert_string_equal(all_order_get_venue(&view), "XNAS");
    assert_int_equal(all_order_get_scale(&view), -4);
    assert_int_equal(all_order_get_buy(&view), ALL_SIDE_BUY);
    assert_int_equal(ALL_DECIMAL_EXPONENT, -4);
}

static void
test_a_value_that_an_enum_does_not_have_is_refused_wherever_it_is(void **state)
{
    static const size_t offsets[] = { 8, 26, 27 }; /* side, leg.side, leg.legKind */
    struct all_order order = order_example();
    uint8_t body[ALL_ORDER_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
        all_order_encode(&order, body);
        assert_true(all_order_verify(body, sizeof(body), sizeof(body), 2));
        body[offsets[i]] = 0;
        assert_false(all_order_verify(body, sizeof(body), sizeof(body), 2));
    }
}

static void
test_a_body_cut_at_any_length_is_refused(void **state)
{
    uint8_t body[ALL_NUMBERS_SIZE] = { 0 };

    (void)state;
    for (uint32_t size = 0; size < ALL_NUMBERS_SIZE; size++) {
        assert_false(all_numbers_verify(body, size, ALL_NUMBERS_BLOCK_LENGTH, 2));
        assert_false(all_numbers_verify(body, size, (uint16_t)size, 2));
    }
    assert_true(all_numbers_verify(body, sizeof(body), sizeof(body), 2));
}

static void
test_fresh_optional_fields_are_null_and_say_so(void **state)
{
    uint8_t body[ALL_OPTIONS_SIZE];
    struct all_options_view view = { body, sizeof(body), sizeof(body), 2 };
    struct all_options back = { 0 };

    (void)state;
    all_options_init(body);
    assert_true(all_options_verify(body, sizeof(body), sizeof(body), 2));
    assert_false(all_options_has_price(&view));
    assert_false(all_options_has_odd(&view));
    assert_false(all_options_has_ratio(&view));
    assert_false(all_options_has_side(&view));
    assert_false(all_options_has_symbol(&view));
    all_options_read(&view, &back);
    assert_true(back.price == INT64_MIN && back.price == ALL_OPTIONS_PRICE_NULL);
    assert_int_equal(back.odd, 0);
    assert_true(isnan(back.ratio));
    assert_int_equal(back.side, ALL_SIDE_NULL_VALUE);
    assert_int_equal(back.levels[2], UINT16_MAX);
}

static void
test_given_optional_fields_are_not_null(void **state)
{
    uint8_t body[ALL_OPTIONS_SIZE];
    struct all_options_view view = { body, sizeof(body), sizeof(body), 2 };

    (void)state;
    all_options_init(body);
    all_options_set_price(body, 0);
    all_options_set_odd(body, UINT16_MAX);
    all_options_set_ratio(body, 0.0);
    all_options_set_side(body, ALL_SIDE_BUY);
    all_options_set_symbol(body, "LONGER THAN 8");
    all_options_set_levels(body, 2, 77);
    assert_true(all_options_has_price(&view));
    assert_true(all_options_has_odd(&view));
    assert_true(all_options_has_ratio(&view));
    assert_true(all_options_has_side(&view));
    assert_true(all_options_has_symbol(&view));
    assert_memory_equal(all_options_get_symbol(&view), "LONGER T", 8);
    assert_int_equal(all_options_get_levels(&view, 2), 77);
}

static void
test_big_endian_numbers_have_their_bytes(void **state)
{
    static const char *const text = "ff fe 01 02 03 04 ff ff ff ff ff ff ff fe c0 04 00 00 00 00 "
                                    "00 00 01 02 00 00 00 01 00 00 00 02 ff ff ff fd"
                                    "00 08 00 00 00 00 00 00"; /* no entries, no text */
    struct big_numbers back = { 0 },
                       value = { -2, 0x01020304, -2, -2.5, BIG_KIND_SMALL, { 1, 2, -3 } };
    uint8_t golden[BIG_NUMBERS_SIZE], body[BIG_NUMBERS_SIZE];

    (void)state;
    assert_int_equal(hex_read(text, golden, sizeof(golden)), BIG_NUMBERS_SIZE);
    big_numbers_encode(&value, body);
    assert_memory_equal(body, golden, sizeof(golden));
    assert_true(big_numbers_decode_body(body, sizeof(body), BIG_NUMBERS_BLOCK_LENGTH, 0, &back));
    assert_int_equal(back.i16, -2);
    assert_int_equal(back.u32, 0x01020304);
    assert_true(back.i64 == -2 && back.f64 == -2.5);
    assert_int_equal(back.three[2], -3);
}

static void
test_a_feeds_message_header_reads_as_a_composite(void **state)
{
    const uint8_t bytes[] = { 0, 36, 0, 1, 3, 0x85, 0, 0 };
    struct big_message_header header = big_message_header_load(bytes);

    (void)state;
    assert_int_equal(sizeof(bytes), BIG_MESSAGE_HEADER_SIZE);
    assert_int_equal(header.block_length, BIG_NUMBERS_BLOCK_LENGTH);
    assert_int_equal(header.template_id, BIG_NUMBERS_TEMPLATE_ID);
    assert_int_equal(header.schema_id, BIG_SCHEMA_ID);
}

static void
test_enum_names_are_the_schemas(void **state)
{
    (void)state;
    assert_string_equal(all_step_name(ALL_STEP_DOWN), "Down");
    assert_string_equal(all_step_name((enum all_step)5), "?");
    assert_true(all_step_is_valid(-1));
    assert_false(all_step_is_valid(0));
}

static void
test_keys_are_usable_in_a_switch(void **state)
{
    struct myc_message message = { .schema_id = 900, .template_id = 2 };

    (void)state;
    switch (myc_message_key(&message)) {
    case ALL_NUMBERS_KEY:
        fail();
        break;
    case ALL_ORDER_KEY:
        break;
    default:
        fail();
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_primitive_has_its_bytes_and_reads_back),
        cmocka_unit_test(test_setters_write_what_encode_writes),
        cmocka_unit_test(test_gaps_and_the_rest_of_the_block_are_written_as_zero),
        cmocka_unit_test(test_composites_sets_arrays_and_refs_read_back),
        cmocka_unit_test(test_constants_take_no_bytes_and_have_getters),
        cmocka_unit_test(test_a_value_that_an_enum_does_not_have_is_refused_wherever_it_is),
        cmocka_unit_test(test_a_body_cut_at_any_length_is_refused),
        cmocka_unit_test(test_fresh_optional_fields_are_null_and_say_so),
        cmocka_unit_test(test_given_optional_fields_are_not_null),
        cmocka_unit_test(test_big_endian_numbers_have_their_bytes),
        cmocka_unit_test(test_a_feeds_message_header_reads_as_a_composite),
        cmocka_unit_test(test_enum_names_are_the_schemas),
        cmocka_unit_test(test_keys_are_usable_in_a_switch),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
