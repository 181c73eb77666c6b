/* SPDX-License-Identifier: BSD-3-Clause */
/* Groups and data, and senders of other versions of the schema. */
#include <stdlib.h>

#include "support/cmocka.h"
#include "support/hex.h"

#include "sbe_all.h"
#include "sbe_all_first.h"
#include "sbe_big.h"

#define BASKET_SIZE_MAX 128U

static const char *const basket_golden = "01 02 03 04"    /* key */
                                         "05 00 02"       /* legs: 2 entries of 5 bytes */
                                         "0a 00 00 00 42" /* leg 0: quantity 10, Buy */
                                         "08 00 02"       /* its fills: 2 entries of 8 bytes */
                                         "64 00 00 00 00 00 00 00" /* 100 */
                                         "65 00 00 00 00 00 00 00" /* 101 */
                                         "02 00 68 69"             /* its label: "hi" */
                                         "14 00 00 00 53"          /* leg 1: quantity 20, Sell */
                                         "08 00 00"                /* no fills */
                                         "00 00"                   /* no label */
                                         "02 00 01 07 00"          /* parties: one, id 7 */
                                         "03 00 61 62 63"          /* note: "abc" */
                                         "00 00";                  /* no blob */

static uint32_t
build_basket(uint8_t *body, uint32_t capacity)
{
    static const uint8_t key[4] = { 1, 2, 3, 4 };
    struct myc_sbe_writer writer;
    void *block = all_basket_build(&writer, body, capacity);

    for (uint32_t i = 0; block && i < 4; i++)
        all_basket_set_key(block, i, key[i]);
    all_basket_legs_start(&writer, 2);
    for (uint32_t leg = 0; leg < 2; leg++) {
        void *entry = all_basket_legs_append(&writer);

        if (entry) {
            all_basket_legs_set_quantity(entry, 10 + 10 * leg);
            all_basket_legs_set_side(entry, leg == 0 ? ALL_SIDE_BUY : ALL_SIDE_SELL);
        }
        all_basket_legs_fills_start(&writer, leg == 0 ? 2 : 0);
        for (int fill = 0; leg == 0 && fill < 2; fill++) {
            void *price = all_basket_legs_fills_append(&writer);

            if (price)
                all_basket_legs_fills_set_price(price, 100 + fill);
        }
        all_basket_legs_append_label(&writer, "hi", leg == 0 ? 2 : 0);
    }
    all_basket_parties_start(&writer, 1);
    block = all_basket_parties_append(&writer);
    if (block)
        all_basket_parties_set_id(block, 7);
    all_basket_append_note(&writer, "abc", 3);
    all_basket_append_blob(&writer, NULL, 0);
    return myc_sbe_written(&writer);
}

static void
test_built_groups_and_data_have_the_bytes_of_the_specification(void **state)
{
    uint8_t golden[BASKET_SIZE_MAX], body[BASKET_SIZE_MAX];
    size_t size = hex_read(basket_golden, golden, sizeof(golden));

    (void)state;
    assert_int_equal(build_basket(body, sizeof(body)), size);
    assert_memory_equal(body, golden, size);
}

static void
test_a_builder_without_room_says_so_at_every_size(void **state)
{
    uint8_t body[BASKET_SIZE_MAX];
    uint32_t whole = build_basket(body, sizeof(body));

    (void)state;
    for (uint32_t capacity = 0; capacity < whole; capacity++) {
        uint8_t *exact = (uint8_t *)malloc(capacity + 1U);

        assert_non_null(exact);
        exact[capacity] = 0xee;
        assert_int_equal(build_basket(exact, capacity), 0);
        assert_int_equal(exact[capacity], 0xee);
        free(exact);
    }
}

static void
test_nested_groups_and_data_read_back_in_place(void **state)
{
    uint8_t body[BASKET_SIZE_MAX];
    uint32_t size = build_basket(body, sizeof(body));
    struct all_basket_view basket = { body, size, ALL_BASKET_BLOCK_LENGTH, 2 };
    struct myc_sbe_iterator legs, fills, parties;
    struct all_basket_legs_view leg = { 0 };
    struct all_basket_legs_fills_view fill = { 0 };
    struct all_basket_parties_view party = { 0 };

    (void)state;
    assert_true(all_basket_verify(body, size, ALL_BASKET_BLOCK_LENGTH, 2));
    all_basket_legs_begin(&basket, &legs);
    assert_int_equal(legs.left, 2);
    assert_true(all_basket_legs_next(&legs, &leg));
    assert_int_equal(all_basket_legs_get_quantity(&leg), 10);
    all_basket_legs_fills_begin(&leg, &fills);
    assert_true(all_basket_legs_fills_next(&fills, &fill));
    assert_true(all_basket_legs_fills_next(&fills, &fill));
    assert_int_equal(all_basket_legs_fills_get_price(&fill), 101);
    assert_false(all_basket_legs_fills_next(&fills, &fill));
    assert_memory_equal(all_basket_legs_get_label(&leg).at, "hi", 2);
    assert_true(all_basket_legs_next(&legs, &leg));
    assert_int_equal(all_basket_legs_get_side(&leg), ALL_SIDE_SELL);
    assert_int_equal(all_basket_legs_get_label(&leg).size, 0);
    assert_false(all_basket_legs_next(&legs, &leg));
    all_basket_parties_begin(&basket, &parties);
    assert_true(all_basket_parties_next(&parties, &party));
    assert_int_equal(all_basket_parties_get_id(&party), 7);
    assert_int_equal(all_basket_get_note(&basket).size, 3);
    assert_memory_equal(all_basket_get_note(&basket).at, "abc", 3);
    assert_int_equal(all_basket_get_blob(&basket).size, 0);
}

static void
test_groups_cut_at_any_length_are_refused(void **state)
{
    uint8_t body[BASKET_SIZE_MAX];
    uint32_t whole = build_basket(body, sizeof(body));

    (void)state;
    for (uint32_t size = 0; size < whole; size++) {
        uint8_t *exact = (uint8_t *)malloc(size + 1U); /* so that ASan sees a read too far */

        assert_non_null(exact);
        memcpy(exact, body, size);
        assert_false(all_basket_verify(exact, size, ALL_BASKET_BLOCK_LENGTH, 2));
        free(exact);
    }
}

static void
test_false_counts_and_lengths_are_refused(void **state)
{
    static const struct {
        uint32_t offset;
        uint8_t value;
    } lies[] = {
        { 4, 4 },    /* legs: a block shorter than its fields */
        { 4, 0 },    /* legs: entries of no bytes */
        { 5, 1 },    /* legs: a block of 261 bytes */
        { 6, 200 },  /* legs: too many */
        { 11, 'x' }, /* leg 0: a side that does not exist */
        { 14, 255 }, /* fills: too many */
        { 31, 255 }, /* label: too long */
        { 50, 200 }, /* note: too long */
    };
    uint8_t body[BASKET_SIZE_MAX];
    uint32_t size;

    (void)state;
    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        size = build_basket(body, sizeof(body));
        body[lies[i].offset] = lies[i].value;
        assert_false(all_basket_verify(body, size, ALL_BASKET_BLOCK_LENGTH, 2));
    }
}

static void
test_encode_of_the_value_struct_leaves_groups_empty(void **state)
{
    struct all_basket value = { { 1, 2, 3, 4 } };
    uint8_t body[ALL_BASKET_SIZE];
    struct all_basket_view view = { body, sizeof(body), ALL_BASKET_BLOCK_LENGTH, 2 };
    struct myc_sbe_iterator legs;

    (void)state;
    all_basket_encode(&value, body);
    assert_true(all_basket_verify(body, sizeof(body), ALL_BASKET_BLOCK_LENGTH, 2));
    all_basket_legs_begin(&view, &legs);
    assert_int_equal(legs.left, 0);
}

static void
test_big_endian_groups_read_back(void **state)
{
    uint8_t body[128];
    struct myc_sbe_writer writer;
    void *block = big_numbers_build(&writer, body, sizeof(body));
    struct big_numbers_view view = { body, 0, BIG_NUMBERS_BLOCK_LENGTH, 0 };
    struct myc_sbe_iterator entries;
    struct big_numbers_no_md_entries_view entry = { 0 };

    (void)state;
    big_numbers_set_kind(block, BIG_KIND_SMALL);
    big_numbers_no_md_entries_start(&writer, 1);
    big_numbers_no_md_entries_set_md_entry_px(big_numbers_no_md_entries_append(&writer), -5);
    big_numbers_append_text(&writer, "t", 1);
    view.size = myc_sbe_written(&writer);
    assert_int_equal(body[BIG_NUMBERS_BLOCK_LENGTH + 1], 8); /* low byte of blockLength is last */
    assert_true(big_numbers_verify(body, view.size, BIG_NUMBERS_BLOCK_LENGTH, 0));
    big_numbers_no_md_entries_begin(&view, &entries);
    assert_true(big_numbers_no_md_entries_next(&entries, &entry));
    assert_int_equal(big_numbers_no_md_entries_get_md_entry_px(&entry), -5);
    assert_int_equal(big_numbers_get_text(&view).size, 1);
}

static uint32_t
build_listing(uint8_t *body, uint32_t capacity)
{
    struct myc_sbe_writer writer;
    void *block = all_listing_build(&writer, body, capacity);

    assert_non_null(block);
    all_listing_names_start(&writer, 2);
    all_listing_names_append(&writer);
    all_listing_names_append_name(&writer, "ab", 2);
    all_listing_names_append(&writer);
    all_listing_names_append_name(&writer, "", 0);
    return myc_sbe_written(&writer);
}

static void
test_groups_of_data_alone_with_a_wide_header_read_back(void **state)
{
    static const char *const text = "c8 00 00 00 00 00 00 00 02 02 00 61 62 00 00";
    uint8_t golden[32], body[32];
    uint32_t size = build_listing(body, sizeof(body));
    struct all_listing_view view = { body, size, ALL_LISTING_BLOCK_LENGTH, 2 };
    struct myc_sbe_iterator names;
    struct all_listing_names_view name = { 0 };

    (void)state;
    assert_int_equal(hex_read(text, golden, sizeof(golden)), size);
    assert_memory_equal(body, golden, size);
    assert_true(all_listing_verify(body, size, ALL_LISTING_BLOCK_LENGTH, 2));
    all_listing_names_begin(&view, &names);
    assert_true(all_listing_names_next(&names, &name));
    assert_memory_equal(all_listing_names_get_name(&name).at, "ab", 2);
    assert_true(all_listing_names_next(&names, &name));
    assert_int_equal(all_listing_names_get_name(&name).size, 0);
    assert_false(all_listing_names_next(&names, &name));
}

static void
test_an_enum_of_an_optional_type_may_be_null(void **state)
{
    uint8_t body[32];
    uint32_t size = build_listing(body, sizeof(body));
    struct all_listing_view view = { body, size, ALL_LISTING_BLOCK_LENGTH, 2 };

    (void)state;
    assert_int_equal(ALL_AGGRESSOR_NULL_VALUE, 200);
    assert_false(all_listing_has_aggressor(&view));
    all_listing_set_aggressor(body, ALL_AGGRESSOR_BUYER);
    assert_true(all_listing_has_aggressor(&view));
    body[0] = 255;
    assert_false(all_listing_verify(body, size, ALL_LISTING_BLOCK_LENGTH, 2));
}

static void
test_fields_that_an_older_sender_lacks_are_null(void **state)
{
    struct first_grown old = { .one = 5 };
    uint8_t body[FIRST_GROWN_SIZE];
    struct all_grown_view view = { body, sizeof(body), FIRST_GROWN_BLOCK_LENGTH, 0 };
    struct myc_sbe_iterator added;
    struct all_grown back = { 0 };

    (void)state;
    first_grown_encode(&old, body);
    assert_true(all_grown_decode_body(body, sizeof(body), FIRST_GROWN_BLOCK_LENGTH, 0, &back));
    assert_int_equal(back.one, 5);
    assert_true(back.two == ALL_GROWN_TWO_NULL);
    assert_int_equal(back.step, ALL_STEP_NULL_VALUE);
    assert_int_equal(back.levels[0], UINT16_MAX);
    assert_true(back.decimal.mantissa == INT64_MIN);
    assert_int_equal(back.symbol[0], 0);
    assert_int_equal(back.flags, 0);
    assert_false(all_grown_has_two(&view));
    assert_null(all_grown_get_symbol(&view));
    all_grown_added_begin(&view, &added);
    assert_int_equal(added.left, 0);
    assert_int_equal(all_grown_get_note(&view).size, 0);
}

static void
test_what_a_newer_sender_added_is_skipped(void **state)
{
    struct all_grown grown = { .one = 5, .step = ALL_STEP_UP, .reason = ALL_OPEN_REASON_LATE };
    uint8_t body[ALL_GROWN_SIZE];
    struct first_grown back = { 0 };

    (void)state;
    all_grown_encode(&grown, body);
    assert_true(first_grown_decode_body(body, sizeof(body), ALL_GROWN_BLOCK_LENGTH, 2, &back));
    assert_int_equal(back.one, 5);
}

static void
test_a_block_shorter_than_its_version_is_refused(void **state)
{
    struct all_grown grown = { .one = 5, .step = ALL_STEP_UP };
    uint8_t body[ALL_GROWN_SIZE];

    (void)state;
    all_grown_encode(&grown, body);
    assert_true(all_grown_verify(body, 9, 9, 1));
    assert_false(all_grown_verify(body, 8, 8, 1));
    assert_false(all_grown_verify(body, 9, 9, 2));
    assert_true(all_grown_verify(body, sizeof(body), ALL_GROWN_BLOCK_LENGTH, 2));
    assert_true(all_grown_verify(body, sizeof(body), ALL_GROWN_BLOCK_LENGTH, 9));
}

static void
test_an_open_enum_takes_any_value_and_a_closed_one_its_own(void **state)
{
    struct all_grown grown = { .one = 5, .step = ALL_STEP_UP };
    uint8_t body[ALL_GROWN_SIZE];

    (void)state;
    grown.reason = (enum all_open_reason)777;
    all_grown_encode(&grown, body);
    assert_true(all_grown_verify(body, sizeof(body), ALL_GROWN_BLOCK_LENGTH, 2));
    all_grown_set_step(body, (enum all_step)0);
    assert_false(all_grown_verify(body, sizeof(body), ALL_GROWN_BLOCK_LENGTH, 2));
    all_grown_set_step(body, ALL_STEP_NULL_VALUE); /* a relay of an older sender's message */
    assert_true(all_grown_verify(body, sizeof(body), ALL_GROWN_BLOCK_LENGTH, 2));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_built_groups_and_data_have_the_bytes_of_the_specification),
        cmocka_unit_test(test_a_builder_without_room_says_so_at_every_size),
        cmocka_unit_test(test_nested_groups_and_data_read_back_in_place),
        cmocka_unit_test(test_groups_cut_at_any_length_are_refused),
        cmocka_unit_test(test_false_counts_and_lengths_are_refused),
        cmocka_unit_test(test_encode_of_the_value_struct_leaves_groups_empty),
        cmocka_unit_test(test_big_endian_groups_read_back),
        cmocka_unit_test(test_groups_of_data_alone_with_a_wide_header_read_back),
        cmocka_unit_test(test_an_enum_of_an_optional_type_may_be_null),
        cmocka_unit_test(test_fields_that_an_older_sender_lacks_are_null),
        cmocka_unit_test(test_what_a_newer_sender_added_is_skipped),
        cmocka_unit_test(test_a_block_shorter_than_its_version_is_refused),
        cmocka_unit_test(test_an_open_enum_takes_any_value_and_a_closed_one_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
