/* SPDX-License-Identifier: BSD-3-Clause */
/* The API's own messages, as the generator makes them from include/mycelium/mycelium.xml. */
#include "support/cmocka.h"

#include <mycelium/messages.h>

static const struct myc_down down_example = {
    .monitor = 0x0102030405060708ULL,
    .ref = { .home = 0x1111222233334444ULL, .actor = 0x5555666677778888ULL },
    .reason = MYC_FAILED,
};

static struct myc_message
message_of(const struct myc_type *type, const void *body)
{
    return (struct myc_message){
        .body = body,
        .size = type->block_length,
        .kind = MYC_KIND_EVENT,
        .block_length = type->block_length,
        .template_id = type->template_id,
        .schema_id = type->schema_id,
        .version = type->version,
    };
}

static void
test_status_enum_of_the_schema_is_the_table_of_status_h(void **state)
{
    (void)state;
    assert_int_equal(sizeof(myc_status_choices) / sizeof(myc_status_choices[0]), MYC_STATUS_COUNT);
    for (unsigned i = 0; i < MYC_STATUS_COUNT; i++) {
        assert_int_equal(myc_status_choices[i].value, i);
        assert_string_equal(myc_status_choices[i].name, myc_status_name((enum myc_status)i));
    }
}

static void
test_down_has_the_bytes_that_the_schema_says(void **state)
{
    static const uint8_t golden[MYC_DOWN_SIZE] = {
        0x08, 0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x01, /* monitor */
        0x44, 0x44, 0x33, 0x33, 0x22, 0x22, 0x11, 0x11, /* ref.home */
        0x88, 0x88, 0x77, 0x77, 0x66, 0x66, 0x55, 0x55, /* ref.actor */
        21,                                             /* reason */
    };
    uint8_t body[MYC_DOWN_SIZE];

    (void)state;
    myc_down_encode(&down_example, body);
    assert_memory_equal(body, golden, sizeof(golden));
}

static void
test_down_reads_back_at_an_odd_address(void **state)
{
    uint8_t bytes[MYC_DOWN_SIZE + 1];
    struct myc_message message = message_of(&myc_down_type, bytes + 1);
    struct myc_down down;

    (void)state;
    myc_down_encode(&down_example, bytes + 1);
    assert_int_equal(myc_message_key(&message), MYC_DOWN_KEY);
    assert_true(myc_down_decode(&message, &down));
    assert_true(down.monitor == down_example.monitor);
    assert_true(myc_ref_is_equal(down.ref, down_example.ref));
    assert_int_equal(down.reason, MYC_FAILED);
}

static void
test_another_type_or_a_cut_body_is_not_decoded(void **state)
{
    uint8_t body[MYC_DOWN_SIZE] = { 0 };
    struct myc_message message = message_of(&myc_exit_type, body);
    struct myc_down down = down_example;

    (void)state;
    assert_false(myc_down_decode(&message, &down));
    message = message_of(&myc_down_type, body);
    for (message.size = 0; message.size < MYC_DOWN_SIZE; message.size++)
        assert_false(myc_down_decode(&message, &down));
    assert_true(down.monitor == down_example.monitor);
    assert_int_equal(down.reason, down_example.reason);
    assert_true(myc_down_decode(&message, &down));
}

static void
test_a_status_of_a_later_node_is_not_refused(void **state)
{
    uint8_t body[MYC_EXIT_SIZE] = { 0 };

    (void)state;
    body[16] = 200;
    assert_true(myc_exit_verify(body, sizeof(body), MYC_EXIT_BLOCK_LENGTH, 0));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status_enum_of_the_schema_is_the_table_of_status_h),
        cmocka_unit_test(test_down_has_the_bytes_that_the_schema_says),
        cmocka_unit_test(test_down_reads_back_at_an_odd_address),
        cmocka_unit_test(test_another_type_or_a_cut_body_is_not_decoded),
        cmocka_unit_test(test_a_status_of_a_later_node_is_not_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
