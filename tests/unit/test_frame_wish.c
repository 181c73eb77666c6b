/* SPDX-License-Identifier: BSD-3-Clause */
/* Hellos that end with a wish, byte for byte. */
#include "support/cmocka.h"
#include "support/example_frame.h"
#include "support/golden.h"

#include "wire/frame.h"

#define BARE_SIZE  (FAB_FRAME_HEADER_SIZE + FAB_HELLO_SIZE)
#define WHOLE_SIZE (BARE_SIZE + FAB_PROOF_SIZE + FAB_WISH_SIZE)

static uint64_t words[WHOLE_SIZE / sizeof(uint64_t)];

static struct fab_hello_wish
wish_of(uint16_t first, uint16_t second)
{
    return (struct fab_hello_wish){ .source_port = first, .source_port_second = second };
}

/* A hello with this wish, behind a proof if it demands security. */
static enum fab_frame_verdict
decode(uint8_t security, struct fab_hello_wish wish, uint16_t left_out, struct fab_frame *frame)
{
    struct fab_hello hello = example_hello(FAB_FEATURE_WISH, 2);
    uint16_t at = (uint16_t)(BARE_SIZE + (security ? FAB_PROOF_SIZE : 0));
    struct fab_frame_header header =
        example_header(FAB_FRAME_HELLO, 0, (uint16_t)(at + FAB_WISH_SIZE - left_out));

    hello.security = security;
    memset(words, 0, sizeof(words));
    memcpy((uint8_t *)words + FAB_FRAME_HEADER_SIZE, &hello, sizeof(hello));
    memcpy((uint8_t *)words + at, &wish, sizeof(wish));
    fab_frame_seal(words, &header);
    return fab_frame_decode(words, header.size, FAB_FRAME_CHECK_CRC, frame);
}

static void
test_a_wish_is_as_the_golden_file_says(void **state)
{
    uint8_t bytes[512];
    struct fab_frame frame;

    (void)state;
    assert_int_equal(decode(0, wish_of(50123, 50999), 0, &frame), FAB_FRAME_OK);
    assert_non_null(frame.wish);
    assert_int_equal(frame.wish->source_port, 50123);
    assert_int_equal(frame.wish->source_port_second, 50999);
    assert_null(frame.proof);
    assert_int_equal(golden_read(GOLDEN_FOLDER, "hello_wish", bytes, sizeof(bytes)),
                     BARE_SIZE + FAB_WISH_SIZE);
    assert_memory_equal(words, bytes, BARE_SIZE + FAB_WISH_SIZE);
}

static void
test_a_wish_stands_behind_the_proof(void **state)
{
    struct fab_frame frame;

    (void)state;
    assert_int_equal(decode(1, wish_of(65535, 0), 0, &frame), FAB_FRAME_OK);
    assert_non_null(frame.proof);
    assert_int_equal(frame.wish->source_port, 65535);
}

static void
test_a_wish_that_is_cut_is_refused(void **state)
{
    struct fab_frame frame;

    (void)state;
    for (uint16_t left_out = 1; left_out <= FAB_WISH_SIZE; left_out++)
        assert_int_equal(decode(0, wish_of(50123, 50999), left_out, &frame), FAB_FRAME_BAD_HELLO);
}

/* Frames from the port of somebody's server would look like his. The rule is one for both paths. */
static void
test_a_wish_for_a_port_that_may_be_somebodys_is_refused(void **state)
{
    static const struct {
        uint16_t port, other;
        enum fab_frame_verdict verdict;
    } cases[] = {
        { FAB_WISH_PORT_MIN, 0, FAB_FRAME_OK },
        { FAB_WISH_PORT_MIN, 65535, FAB_FRAME_OK },
        { FAB_WISH_PORT_MIN - 1, 0, FAB_FRAME_BAD_HELLO },
        { FAB_WISH_PORT_MIN - 1, 65535, FAB_FRAME_BAD_HELLO },
        { 0, 0, FAB_FRAME_BAD_HELLO }, /* a wish for nothing */
    };
    struct fab_frame frame;

    (void)state;
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(decode(0, wish_of(cases[i].port, cases[i].other), 0, &frame),
                         cases[i].verdict);
        assert_int_equal(decode(0, wish_of(cases[i].other, cases[i].port), 0, &frame),
                         cases[i].verdict);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_wish_is_as_the_golden_file_says),
        cmocka_unit_test(test_a_wish_stands_behind_the_proof),
        cmocka_unit_test(test_a_wish_that_is_cut_is_refused),
        cmocka_unit_test(test_a_wish_for_a_port_that_may_be_somebodys_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
