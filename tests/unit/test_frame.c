/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/cmocka.h"

#include "base/compiler.h"
#include "base/prng.h"
#include "support/example_frame.h"
#include "support/golden.h"
#include "wire/crc32c.h"
#include "wire/frame.h"

/* A frame under construction, aligned no better than a decoder wants it. */
struct maker {
    _Alignas(8) uint8_t before[FAB_FRAME_READ_ALIGN];
    uint8_t bytes[FAB_FRAME_SIZE_MAX];
    uint32_t size;
};

static void
begin(struct maker *maker)
{
    memset(maker, 0, sizeof(*maker));
    maker->size = FAB_FRAME_HEADER_SIZE;
}

static void
put(struct maker *maker, const void *bytes, uint32_t size)
{
    memcpy(maker->bytes + maker->size, bytes, size);
    maker->size += size;
}

static void
finish(struct maker *maker, uint8_t type, uint16_t flags, uint32_t epoch, uint32_t number)
{
    struct fab_frame_header header = example_header(type, flags, (uint16_t)maker->size);

    header.epoch = epoch;
    header.number = number;
    fab_frame_seal(maker->bytes, &header);
}

static void
put_record(struct maker *maker, struct fab_chunk chunk, struct fab_msg msg, uint64_t deadline_ns)
{
    uint8_t body[16] = { 0 };

    for (uint8_t i = 0; i < msg.size; i++)
        body[i] = i;
    chunk.size = (uint16_t)fab_msg_total(&msg);
    put(maker, &chunk, sizeof(chunk));
    put(maker, &msg, sizeof(msg));
    if (msg.extensions > 0)
        put(maker, &deadline_ns, sizeof(deadline_ns));
    put(maker, body, (msg.size + 7U) & ~7U);
}

static void
make_records(struct maker *maker)
{
    struct fab_ack_block ack = { .largest = 5, .delay_ns = 1500, .run = 4 };
    struct fab_msg first = {
        .to = 0x0100000200000001ULL,
        .from = 0x0200000300000001ULL,
        .block_length = 8,
        .template_id = 5,
        .schema_id = 9,
        .version = 1,
        .size = 8,
        .tag = 42,
        .origin = 1000,
    };
    struct fab_msg second = first;

    second.to = 0x0100000200000002ULL;
    second.from = 0;
    second.size = 13;
    second.kind = FAB_MSG_REPLY;
    second.flags = FAB_MSG_HAS_DEADLINE;
    second.extensions = 1;
    second.tag = 43;
    begin(maker);
    put(maker, &ack, sizeof(ack));
    put_record(maker, (struct fab_chunk){ .stream = 5, .number = 1 }, first, 0);
    put_record(maker, (struct fab_chunk){ .stream = 64, .lane = 2, .number = 7 }, second, 50000);
    finish(maker, FAB_FRAME_DATA, FAB_FRAME_HAS_ACK, 0xcafe1234U, 17);
}

static void
make_blocks(struct maker *maker)
{
    struct fab_ack_block ack = { .largest = 5, .delay_ns = 1500, .run = 4, .ranges = 2 };
    struct fab_ack_range ranges[2] = { { 1, 2 }, { 3, 1 } };
    struct fab_credit_block credit = { .limit = { 0x2000, 0x800, 0x801 } };
    struct fab_floor_block floor = { .floor = 0xfffffffeU };

    begin(maker);
    put(maker, &ack, sizeof(ack));
    put(maker, ranges, sizeof(ranges));
    put(maker, &credit, sizeof(credit));
    put(maker, &floor, sizeof(floor));
    finish(maker, FAB_FRAME_DATA,
           FAB_FRAME_HAS_ACK | FAB_FRAME_HAS_CREDIT | FAB_FRAME_HAS_FLOOR | FAB_FRAME_WANTS_ACK |
               FAB_FRAME_WANTS_CREDIT,
           0xcafe1234U, 18);
}

/* A record that was left out, before one that was not; an ack with marks and a pause. */
static void
make_skipped(struct maker *maker)
{
    struct fab_ack_block ack = {
        .largest = 5, .delay_ns = 1500, .run = 4, .pause = fab_pause_encode(1024), .marks = 3
    };
    struct fab_chunk skipped = { .stream = 5, .lane = FAB_CHUNK_SKIPPED, .size = 248, .number = 1 };
    struct fab_msg msg = { .to = 0x0100000200000001ULL,
                           .flags = FAB_MSG_IS_LATEST,
                           .block_length = 8,
                           .size = 8,
                           .tag = 42 };

    begin(maker);
    put(maker, &ack, sizeof(ack));
    put(maker, &skipped, sizeof(skipped));
    put_record(maker, (struct fab_chunk){ .stream = 5, .number = 2 }, msg, 0);
    finish(maker, FAB_FRAME_DATA, FAB_FRAME_HAS_ACK, 0xcafe1234U, 22);
}

/* Grants both ways, a record that announces a body, and a part of another one. */
static void
make_large(struct maker *maker)
{
    struct fab_grants_block grants = { .count = 2 };
    struct fab_grant grant[2] = { { 9, 4096 }, { 10, 1368 } };
    struct fab_part_block part = { .transfer = 4, .offset = 2736, .size = 13 };
    struct fab_msg head = {
        .to = 0x0100000200000001ULL,
        .from = 0x0200000300000001ULL,
        .block_length = 16,
        .template_id = 5,
        .schema_id = 9,
        .version = 1,
        .size = 100000,
        .flags = FAB_MSG_HAS_BUFFER,
        .extensions = 1,
        .tag = 42,
    };
    struct fab_chunk chunk = { .stream = 5, .size = 56, .number = 1 };
    uint64_t word = fab_transfer_word(5, 1368);
    uint8_t bytes[16] = { 0 };

    for (uint8_t i = 0; i < part.size; i++)
        bytes[i] = i;
    begin(maker);
    put(maker, &grants, sizeof(grants));
    put(maker, grant, sizeof(grant));
    put(maker, &part, sizeof(part));
    put(maker, &chunk, sizeof(chunk));
    put(maker, &head, sizeof(head));
    put(maker, &word, sizeof(word));
    put(maker, bytes, sizeof(bytes));
    finish(maker, FAB_FRAME_DATA, FAB_FRAME_HAS_GRANTS | FAB_FRAME_HAS_PART, 0xcafe1234U, 22);
}

/* What tries how large frames may be. */
static void
make_padded(struct maker *maker)
{
    static const uint8_t zeros[20];

    begin(maker);
    put(maker, zeros, sizeof(zeros));
    finish(maker, FAB_FRAME_DATA, FAB_FRAME_WANTS_ACK | FAB_FRAME_PADDED, 0xcafe1234U, 23);
}

static void
make_hello(struct maker *maker, uint64_t echo)
{
    struct fab_hello hello = example_hello(FAB_FEATURE_NO_CRC, 1);

    hello.echo = echo;
    begin(maker);
    put(maker, &hello, sizeof(hello));
    finish(maker, FAB_FRAME_HELLO, 0, 0, 0);
}

static void
make_empty(struct maker *maker, uint8_t type, uint16_t flags, uint32_t epoch, uint32_t number)
{
    begin(maker);
    finish(maker, type, flags, epoch, number);
}

static void
check_golden(const struct maker *maker, const char *name)
{
    uint8_t bytes[512];
    struct fab_frame frame;
    size_t size = golden_read(GOLDEN_FOLDER, name, bytes, sizeof(bytes));

    assert_int_equal(maker->size, size);
    assert_memory_equal(maker->bytes, bytes, size);
    assert_int_equal(fab_frame_decode(maker->bytes, size, FAB_FRAME_CHECK_CRC_OPTIONAL, &frame),
                     FAB_FRAME_OK);
}

static void
test_every_type_is_as_the_golden_files_say(void **state)
{
    struct maker maker;

    (void)state;
    make_hello(&maker, 0);
    check_golden(&maker, "hello_offer");
    make_hello(&maker, 0x99aabbccddeeff00ULL);
    check_golden(&maker, "hello_answer");
    make_records(&maker);
    check_golden(&maker, "data_records");
    make_blocks(&maker);
    check_golden(&maker, "data_blocks");
    make_skipped(&maker);
    check_golden(&maker, "data_skipped");
    make_large(&maker);
    check_golden(&maker, "data_large");
    make_padded(&maker);
    check_golden(&maker, "data_padded");
    make_empty(&maker, FAB_FRAME_DATA, FAB_FRAME_WANTS_ACK, 0xcafe1234U, 19);
    check_golden(&maker, "data_ping");
    make_empty(&maker, FAB_FRAME_DATA, FAB_FRAME_WANTS_ACK | FAB_FRAME_NO_CRC, 0xcafe1234U, 20);
    check_golden(&maker, "data_no_crc");
    make_empty(&maker, FAB_FRAME_RESET, 0, 0xdeadbeefU, 0);
    check_golden(&maker, "reset");
    make_empty(&maker, FAB_FRAME_LEAVE, 0, 0xcafe1234U, 21);
    check_golden(&maker, "leave");
}

static void
test_blocks_and_chunks_are_found(void **state)
{
    struct maker maker;
    struct fab_frame frame;
    const struct fab_chunk *chunk;

    (void)state;
    make_blocks(&maker);
    assert_int_equal(fab_frame_decode(maker.bytes, maker.size, FAB_FRAME_CHECK_CRC, &frame),
                     FAB_FRAME_OK);
    assert_int_equal(frame.ack->largest, 5);
    assert_int_equal(frame.ranges[1].gap, 3);
    assert_int_equal(frame.credit->limit[FAB_LANE_SYSTEM], 0x801);
    assert_int_equal(frame.floor->floor, 0xfffffffeU);
    assert_int_equal(frame.chunks_size, 0);
    make_records(&maker);
    assert_int_equal(fab_frame_decode(maker.bytes, maker.size, FAB_FRAME_CHECK_CRC, &frame),
                     FAB_FRAME_OK);
    assert_null(frame.credit);
    assert_null(frame.floor);
    chunk = (const struct fab_chunk *)(const void *)frame.chunks;
    assert_int_equal(chunk->stream, 5);
    assert_int_equal(frame.chunks_size, fab_chunk_stride(56) + fab_chunk_stride(48 + 8 + 13));
    assert_null(frame.part);
    make_large(&maker);
    assert_int_equal(fab_frame_decode(maker.bytes, maker.size, FAB_FRAME_CHECK_CRC, &frame),
                     FAB_FRAME_OK);
    assert_int_equal(frame.grants_block->count, 2);
    assert_int_equal(frame.grants[1].limit, 1368);
    assert_int_equal(frame.part->offset, 2736);
    assert_int_equal(frame.part_bytes[12], 12);
    assert_int_equal(frame.chunks_size, fab_chunk_stride(56));
}

static void
test_peek_finds_the_address(void **state)
{
    struct maker maker;
    struct fab_frame_peek peek;

    (void)state;
    make_records(&maker);
    assert_false(fab_frame_peek(maker.bytes, FAB_FRAME_HEADER_SIZE - 1, &peek));
    assert_true(fab_frame_peek(maker.bytes, maker.size, &peek));
    assert_int_equal(peek.from_node, 3);
    assert_int_equal(peek.to_node, 7);
    assert_int_equal(peek.from_lcore, 2);
    assert_int_equal(peek.to_lcore, 1);
    assert_int_equal(peek.version, 1);
    assert_int_equal(peek.type, FAB_FRAME_DATA);
    assert_int_equal(peek.epoch, 0xcafe1234U);
}

/* Any number of bytes but all of them is refused. */
static void
test_cut_frames_are_refused(void **state)
{
    struct maker maker;
    struct fab_frame frame;

    (void)state;
    make_records(&maker);
    for (uint32_t size = 0; size < maker.size; size++)
        assert_int_equal(fab_frame_decode(maker.bytes, size, FAB_FRAME_CHECK_CRC, &frame),
                         FAB_FRAME_BAD_SIZE);
    assert_int_equal(fab_frame_decode(maker.bytes, maker.size + 1, FAB_FRAME_CHECK_CRC, &frame),
                     FAB_FRAME_BAD_SIZE);
}

static void
test_every_single_and_double_bit_error_is_found(void **state)
{
    struct maker maker;
    struct fab_frame frame;
    struct fab_prng prng;

    (void)state;
    fab_prng_init(&prng, 1);
    make_records(&maker);
    for (uint32_t first = 0; first < maker.size * 8; first++) {
        uint32_t second = (uint32_t)fab_prng_below(&prng, maker.size * 8);

        maker.bytes[first / 8] ^= (uint8_t)(1U << first % 8);
        assert_int_not_equal(fab_frame_decode(maker.bytes, maker.size, FAB_FRAME_CHECK_CRC, &frame),
                             FAB_FRAME_OK);
        if (second != first) {
            maker.bytes[second / 8] ^= (uint8_t)(1U << second % 8);
            assert_int_not_equal(
                fab_frame_decode(maker.bytes, maker.size, FAB_FRAME_CHECK_CRC, &frame),
                FAB_FRAME_OK);
            maker.bytes[second / 8] ^= (uint8_t)(1U << second % 8);
        }
        maker.bytes[first / 8] ^= (uint8_t)(1U << first % 8);
    }
}

/* One byte of a good frame changed, with the checksum made right again. */
struct spoiled {
    const char *what;
    void (*make)(struct maker *maker);
    uint32_t at;
    uint8_t value;
    enum fab_frame_verdict verdict;
};

static void
make_offer(struct maker *maker)
{
    make_hello(maker, 0);
}

static const struct spoiled spoiled[] = {
    { "version 0", make_records, 0, 0, FAB_FRAME_BAD_VERSION },
    { "version 3", make_records, 0, 3, FAB_FRAME_BAD_VERSION },
    { "type 0", make_records, 1, 0, FAB_FRAME_BAD_TYPE },
    { "type 5", make_records, 1, 5, FAB_FRAME_BAD_TYPE },
    { "unknown flag", make_records, 3, 0x08, FAB_FRAME_BAD_TYPE },
    { "a seal that nobody has checked", make_records, 3, 0x01, FAB_FRAME_BAD_CRC },
    { "flag in hello", make_offer, 2, 1, FAB_FRAME_BAD_TYPE },
    { "empty ack run", make_blocks, 24 + 8, 0, FAB_FRAME_BAD_BLOCK },
    { "ack beyond 2^31", make_blocks, 24 + 11, 0x80, FAB_FRAME_BAD_BLOCK },
    { "ranges beyond 32", make_blocks, 24 + 12, 33, FAB_FRAME_BAD_BLOCK },
    { "ranges that are not there", make_blocks, 24 + 12, 32, FAB_FRAME_BAD_BLOCK },
    { "gap of nothing", make_blocks, 24 + 16, 0, FAB_FRAME_BAD_BLOCK },
    { "run of nothing", make_blocks, 24 + 20, 0, FAB_FRAME_BAD_BLOCK },
    { "block cut short", make_blocks, 24 + 12, 4, FAB_FRAME_BAD_BLOCK },
    { "no grants", make_large, 24, 0, FAB_FRAME_BAD_BLOCK },
    { "grants beyond 16", make_large, 24, 17, FAB_FRAME_BAD_BLOCK },
    { "grants that are not there", make_large, 24, 16, FAB_FRAME_BAD_BLOCK },
    { "part of nothing", make_large, 56, 0, FAB_FRAME_BAD_BLOCK },
    { "part larger than the frame", make_large, 57, 1, FAB_FRAME_BAD_BLOCK },
    { "part that leaves a piece of a record", make_large, 56, 17, FAB_FRAME_BAD_CHUNK },
    { "parts too small", make_large, 64 + 8 + 48 + 5, 3, FAB_FRAME_BAD_CHUNK },
    { "parts too large", make_large, 64 + 8 + 48 + 5, 0x25, FAB_FRAME_BAD_CHUNK },
    { "parts of no multiple of 8", make_large, 64 + 8 + 48 + 4, 0x59, FAB_FRAME_BAD_CHUNK },
    { "parts of a size beyond 16 bits", make_large, 64 + 8 + 48 + 6, 1, FAB_FRAME_BAD_CHUNK },
    { "a body in parts over the reply lane", make_large, 64 + 1, 1, FAB_FRAME_BAD_CHUNK },
    { "a body beyond 16 MiB", make_large, 64 + 8 + 27, 2, FAB_FRAME_BAD_CHUNK },
    { "stream 65", make_records, 40, 65, FAB_FRAME_BAD_CHUNK },
    { "lane 3", make_records, 41, 3, FAB_FRAME_BAD_CHUNK },
    { "record of no size", make_records, 42, 0, FAB_FRAME_BAD_CHUNK },
    { "record larger than the frame", make_records, 43, 0x10, FAB_FRAME_BAD_CHUNK },
    { "body larger than the record", make_records, 48 + 24, 9, FAB_FRAME_BAD_CHUNK },
    { "body smaller than the record", make_records, 48 + 24, 7, FAB_FRAME_BAD_CHUNK },
    { "kind 5", make_records, 48 + 28, 5, FAB_FRAME_BAD_CHUNK },
    { "extensions without a flag", make_records, 48 + 30, 1, FAB_FRAME_BAD_CHUNK },
    { "home of another node", make_offer, 24 + 6, 9, FAB_FRAME_BAD_HELLO },
    { "no lcore", make_offer, 24 + 50, 0, FAB_FRAME_BAD_HELLO },
    { "frames too small", make_offer, 24 + 49, 4, FAB_FRAME_BAD_HELLO },
    { "frames too large", make_offer, 24 + 49, 0x25, FAB_FRAME_BAD_HELLO },
    { "version 0 offered", make_offer, 24 + 51, 0, FAB_FRAME_BAD_HELLO },
    { "versions upside down", make_offer, 24 + 51, 2, FAB_FRAME_BAD_HELLO },
    { "a demand of security without a proof", make_offer, 24 + 54, 1, FAB_FRAME_BAD_HELLO },
    { "bodies beyond 16 MiB", make_offer, 24 + 53, 25, FAB_FRAME_BAD_HELLO },
    { "credit beyond 2^31", make_offer, 24 + 35, 0x80, FAB_FRAME_BAD_HELLO },
};

static void
mend_checksum(struct maker *maker)
{
    uint32_t crc;

    memset(maker->bytes + 4, 0, 4);
    crc = fab_crc32c_table(0, maker->bytes, maker->size);
    memcpy(maker->bytes + 4, &crc, sizeof(crc));
}

static void
test_lying_fields_are_refused_each_by_its_verdict(void **state)
{
    struct maker maker;
    struct fab_frame frame;

    (void)state;
    for (size_t i = 0; i < FAB_COUNT_OF(spoiled); i++) {
        enum fab_frame_verdict verdict;

        spoiled[i].make(&maker);
        maker.bytes[spoiled[i].at] = spoiled[i].value;
        mend_checksum(&maker);
        verdict = fab_frame_decode(maker.bytes, maker.size, FAB_FRAME_CHECK_CRC, &frame);
        if (verdict != spoiled[i].verdict)
            print_message("%s: verdict %d\n", spoiled[i].what, (int)verdict);
        assert_int_equal(verdict, spoiled[i].verdict);
    }
}

static void
test_omitted_checksum_is_taken_only_when_offered(void **state)
{
    struct maker maker;
    struct fab_frame frame;

    (void)state;
    make_empty(&maker, FAB_FRAME_DATA, FAB_FRAME_NO_CRC, 1, 1);
    assert_int_equal(fab_frame_decode(maker.bytes, maker.size, FAB_FRAME_CHECK_CRC, &frame),
                     FAB_FRAME_BAD_CRC);
    assert_int_equal(
        fab_frame_decode(maker.bytes, maker.size, FAB_FRAME_CHECK_CRC_OPTIONAL, &frame),
        FAB_FRAME_OK);
    maker.bytes[5] = 1;
    assert_int_equal(
        fab_frame_decode(maker.bytes, maker.size, FAB_FRAME_CHECK_CRC_OPTIONAL, &frame),
        FAB_FRAME_BAD_CRC);
}

static void
test_numbers_expand_to_the_nearest(void **state)
{
    (void)state;
    assert_true(fab_number_expand(0x1ffffffffULL, 5) == 0x200000005ULL);
    assert_true(fab_number_expand(0x200000005ULL, 0xffffffffU) == 0x1ffffffffULL);
    assert_true(fab_number_expand(0x100000000ULL, 7) == 0x100000007ULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_type_is_as_the_golden_files_say),
        cmocka_unit_test(test_blocks_and_chunks_are_found),
        cmocka_unit_test(test_peek_finds_the_address),
        cmocka_unit_test(test_cut_frames_are_refused),
        cmocka_unit_test(test_every_single_and_double_bit_error_is_found),
        cmocka_unit_test(test_lying_fields_are_refused_each_by_its_verdict),
        cmocka_unit_test(test_omitted_checksum_is_taken_only_when_offered),
        cmocka_unit_test(test_numbers_expand_to_the_nearest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
