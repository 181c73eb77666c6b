/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/cmocka.h"

#include <mycelium/status.h>

static void
test_every_status_has_a_name_and_a_sentence(void **state)
{
    (void)state;
    for (int status = 0; status < MYC_STATUS_COUNT; status++) {
        assert_string_not_equal(myc_status_name((enum myc_status)status), "UNKNOWN");
        assert_true(strlen(myc_status_text((enum myc_status)status)) > 10);
    }
}

static void
test_codes_stay_as_they_went_over_the_wire(void **state)
{
    (void)state;
    assert_int_equal(MYC_FULL, 1);
    assert_int_equal(MYC_GONE, 2);
    assert_int_equal(MYC_IN_DOUBT, 7);
    assert_int_equal(MYC_PENDING, 26);
    assert_int_equal(MYC_FAULT, 27);
    assert_int_equal(MYC_STATUS_COUNT, 28);
}

static void
test_a_foreign_code_is_said_to_be_unknown(void **state)
{
    (void)state;
    assert_string_equal(myc_status_name((enum myc_status)200), "UNKNOWN");
    assert_non_null(myc_status_text((enum myc_status)200));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_status_has_a_name_and_a_sentence),
        cmocka_unit_test(test_codes_stay_as_they_went_over_the_wire),
        cmocka_unit_test(test_a_foreign_code_is_said_to_be_unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
