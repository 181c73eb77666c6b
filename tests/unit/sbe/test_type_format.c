/* SPDX-License-Identifier: BSD-3-Clause */
/* How messages print. */
#include "support/cmocka.h"

#include "sbe_all.h"
#include "sbe_big.h"

static void
assert_prints(const struct myc_type *type, const void *body, uint32_t size, const char *expected)
{
    char text[512];

    assert_int_equal(myc_type_format(type, body, size, text, sizeof(text)), strlen(expected));
    assert_string_equal(text, expected);
}

static void
test_every_primitive_prints_as_its_number(void **state)
{
    struct all_numbers value = { 'x',           -1,         255,  -2,  65535, -3, UINT32_MAX,
                                 INT64_MIN + 1, UINT64_MAX, 1.5f, -0.1 };
    uint8_t body[ALL_NUMBERS_SIZE];

    (void)state;
    all_numbers_encode(&value, body);
    assert_prints(&all_numbers_type, body, sizeof(body),
                  "Numbers{c='x', i8=-1, u8=255, i16=-2, u16=65535, i32=-3, u32=4294967295, "
                  "i64=-9223372036854775807, u64=18446744073709551615, f32=1.5, "
                  "f64=-0.10000000000000001}");
}

static void
test_names_of_enums_sets_and_members_are_printed(void **state)
{
    struct all_order value = {
        .symbol = "A\"\\\n",
        .side = (enum all_side)'?',
        .leg = { .side = ALL_SIDE_BUY, .leg_kind = ALL_LEG_KIND_SPREAD, .code = { 'U', 'S' } },
        .flags = ALL_FLAGS_FIRST | ALL_FLAGS_LAST | 2
    };
    uint8_t body[ALL_ORDER_SIZE];

    (void)state;
    all_order_encode(&value, body);
    assert_prints(&all_order_type, body, sizeof(body),
                  "Order{symbol=\"A\\\"\\\\\\x0a\", side='?', leg.price.mantissa=0, "
                  "leg.quantity=0, leg.side=Buy, leg.LegKind=Spread, leg.code=\"US\", "
                  "flags={First|Last|0x2}, default=0, from.home=0, from.actor=0}");
}

static void
test_null_values_print_as_null(void **state)
{
    uint8_t body[ALL_OPTIONS_SIZE];

    (void)state;
    all_options_init(body);
    assert_prints(&all_options_type, body, sizeof(body),
                  "Options{price=null, odd=null, ratio=null, side=null, symbol=\"\", "
                  "levels=[null null null]}");
}

static void
test_big_endian_fields_print_the_same(void **state)
{
    struct big_numbers value = { -2, 7, -8, 0.5, BIG_KIND_SMALL, { 1, 2, -3 } };
    uint8_t body[BIG_NUMBERS_SIZE];

    (void)state;
    big_numbers_encode(&value, body);
    assert_prints(&big_numbers_type, body, sizeof(body),
                  "Numbers{i16=-2, u32=7, i64=-8, f64=0.5, kind=Small, three=[1 2 -3]}");
}

static void
test_fields_beyond_a_short_block_are_left_out(void **state)
{
    const uint8_t body[4] = { 5, 0, 0, 0 };

    (void)state;
    assert_prints(&all_grown_type, body, sizeof(body), "Grown{one=5}");
    assert_prints(&all_nothing_type, body, 0, "Nothing{}");
}

static void
test_a_small_buffer_gets_the_start_and_the_whole_size(void **state)
{
    const uint8_t body[4] = { 5, 0, 0, 0 };
    char text[8];

    (void)state;
    for (size_t capacity = 1; capacity <= sizeof(text); capacity++) {
        memset(text, '#', sizeof(text));
        assert_int_equal(myc_type_format(&all_grown_type, body, 4, text, capacity), 12);
        assert_int_equal(strlen(text), capacity - 1);
        assert_memory_equal(text, "Grown{one=5}", capacity - 1);
        if (capacity < sizeof(text))
            assert_int_equal(text[capacity], '#');
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_primitive_prints_as_its_number),
        cmocka_unit_test(test_names_of_enums_sets_and_members_are_printed),
        cmocka_unit_test(test_null_values_print_as_null),
        cmocka_unit_test(test_big_endian_fields_print_the_same),
        cmocka_unit_test(test_fields_beyond_a_short_block_are_left_out),
        cmocka_unit_test(test_a_small_buffer_gets_the_start_and_the_whole_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
