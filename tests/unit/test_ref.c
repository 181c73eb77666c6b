/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/cmocka.h"

#include <mycelium/ref.h>

static const struct myc_ref example = {
    .home = 0x0007a1b2c3d4e5f6ULL,
    .actor = 0x0300001100000005ULL,
};

static void
test_fields_are_where_the_drawing_says(void **state)
{
    (void)state;
    assert_int_equal(myc_ref_node(example), 7);
    assert_true(myc_ref_incarnation(example) == 0xa1b2c3d4e5f6ULL);
    assert_int_equal(myc_ref_lcore(example), 3);
    assert_int_equal(myc_ref_slot(example), 0x11);
    assert_int_equal(myc_ref_generation(example), 5);
}

static void
test_text_reads_back_as_the_same_ref(void **state)
{
    char text[MYC_REF_TEXT_SIZE];
    struct myc_ref parsed = { 1, 1 };

    (void)state;
    assert_string_equal(myc_ref_format(example, text), "7.a1b2c3d4e5f6/3.17.5");
    assert_int_equal(myc_ref_parse(text, &parsed), MYC_OK);
    assert_true(myc_ref_is_equal(parsed, example));
    assert_int_equal(myc_ref_parse("null", &parsed), MYC_OK);
    assert_true(myc_ref_is_null(parsed));
}

static void
test_what_is_not_a_ref_is_refused_and_changes_nothing(void **state)
{
    static const char *const bad[] = {
        "",
        "7",
        "7.a1b2c3d4e5f6/3.17",
        "7.a1b2c3d4e5f6/3.17.5 ",
        "70000.a1b2c3d4e5f6/3.17.5",
        "7.a1b2c3d4e5f6/300.17.5",
        "7.a1b2c3d4e5f6/3.16777216.5",
        "07.a1b2c3d4e5f6/3.17.5",
    };
    struct myc_ref ref = example;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(myc_ref_parse(bad[i], &ref), MYC_INVALID);
    assert_true(myc_ref_is_equal(ref, example));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields_are_where_the_drawing_says),
        cmocka_unit_test(test_text_reads_back_as_the_same_ref),
        cmocka_unit_test(test_what_is_not_a_ref_is_refused_and_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
