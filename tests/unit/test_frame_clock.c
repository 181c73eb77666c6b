/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames about clocks, byte for byte. */
#include "support/cmocka.h"
#include "support/example_frame.h"
#include "support/golden.h"

#include "wire/frame.h"

#define SIZE (FAB_FRAME_HEADER_SIZE + FAB_CLOCK_SIZE)

static uint64_t words[16];

static const struct fab_clock_block answer = {
    .id = 0x0123456789abcdefULL,
    .sent_ns = 5000000700ULL,
    .echo_ns = 77000000000ULL,
    .received_ns = 5000000200ULL,
};

/* A frame with this block, or as much of it as `size` bytes of frame hold. */
static enum fab_frame_verdict
decode(const struct fab_clock_block *block, uint16_t size, struct fab_frame *frame)
{
    struct fab_frame_header header = example_header(FAB_FRAME_DATA, FAB_FRAME_HAS_CLOCK, size);

    header.epoch = 0xcafe1234U;
    header.number = 24;
    memcpy((uint8_t *)words + FAB_FRAME_HEADER_SIZE, block, sizeof(*block));
    fab_frame_seal(words, &header);
    return fab_frame_decode(words, size, FAB_FRAME_CHECK_CRC, frame);
}

static void
test_an_answer_is_as_the_golden_file_says(void **state)
{
    uint8_t bytes[512];
    struct fab_frame frame;

    (void)state;
    assert_int_equal(golden_read(GOLDEN_FOLDER, "data_clock", bytes, sizeof(bytes)), SIZE);
    assert_int_equal(decode(&answer, SIZE, &frame), FAB_FRAME_OK);
    assert_memory_equal(words, bytes, SIZE);
    assert_non_null(frame.clock);
    assert_memory_equal(frame.clock, &answer, sizeof(answer));
    assert_int_equal(frame.chunks_size, 0);
}

/* A record whose cause came at another host, by a time that may be wrong by 12 us: said as 12288
 * ns. */
static void
test_an_origin_with_its_error_is_as_the_golden_file_says(void **state)
{
    const struct fab_msg msg = { .to = 0x0100000200000001ULL,
                                 .from = 0x0200000300000001ULL,
                                 .block_length = 8,
                                 .template_id = 5,
                                 .schema_id = 9,
                                 .version = 1,
                                 .size = 8,
                                 .tag = 42,
                                 .origin = myc_origin_make(5000000700ULL, 12000) };
    uint8_t bytes[512];
    struct fab_frame frame;
    const uint8_t *record;

    (void)state;
    assert_int_equal(golden_read(GOLDEN_FOLDER, "data_origin", bytes, sizeof(bytes)), 88);
    memcpy(words, bytes, 88);
    assert_int_equal(fab_frame_decode(words, 88, FAB_FRAME_CHECK_CRC, &frame), FAB_FRAME_OK);
    record = (const uint8_t *)frame.chunks + sizeof(struct fab_chunk);
    assert_memory_equal(record, &msg, sizeof(msg));
    assert_int_equal(myc_origin_error_ns(((const struct fab_msg *)record)->origin), 12288);
}

static void
test_a_block_that_is_cut_is_refused(void **state)
{
    struct fab_frame frame;

    (void)state;
    for (uint16_t size = FAB_FRAME_HEADER_SIZE; size < SIZE; size++)
        assert_int_equal(decode(&answer, size, &frame), FAB_FRAME_BAD_BLOCK);
}

static void
test_a_frame_that_left_at_no_time_is_refused(void **state)
{
    struct fab_clock_block block = answer;
    struct fab_frame frame;

    (void)state;
    block.sent_ns = 0;
    assert_int_equal(decode(&block, SIZE, &frame), FAB_FRAME_BAD_BLOCK);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_answer_is_as_the_golden_file_says),
        cmocka_unit_test(test_an_origin_with_its_error_is_as_the_golden_file_says),
        cmocka_unit_test(test_a_block_that_is_cut_is_refused),
        cmocka_unit_test(test_a_frame_that_left_at_no_time_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
