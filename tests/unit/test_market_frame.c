/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/cmocka.h"
#include "support/hex.h"

#include <stdlib.h>

#include "market/frame.h"

static const struct market_frame_address address = {
    .source_ip = 0x0a000001,
    .group_ip = 0xe9360c6f, /* 233.54.12.111 */
    .source_port = 30000,
    .group_port = 26477,
    .source_mac = { 0x02, 0, 0, 0, 0, 0x01 },
};

/* The two sums are RFC 1071's, computed by a script that shares nothing with frame.c. */
static const char golden[] = "01005e360c6f 020000000001 0800"
                             "4500 0020 0000 4000 10 11 6b27 0a000001 e9360c6f"
                             "7530 676d 000c 4acf 64617461";

static uint8_t frame[256];

static struct market_bytes
text_payload(const char *text)
{
    return (struct market_bytes){ (const uint8_t *)text, strlen(text) };
}

/* One decode; asserts that exactly the counter named moved beside `frames`. */
#define ASSERT_COUNTED(bytes, size, checksum, name)                                          \
    do {                                                                                     \
        const struct market_frame_filter wanted = { address.group_ip, address.group_port,    \
                                                    checksum };                              \
        struct market_frame_counters moved = { 0 };                                          \
        struct market_bytes found;                                                           \
        bool is_payload = market_frame_decode((struct market_bytes){ bytes, size }, &wanted, \
                                              &moved, &found, NULL);                         \
        assert_int_equal(moved.name, 1);                                                     \
        assert_int_equal(is_payload, moved.payloads);                                        \
        moved.name = 0;                                                                      \
        assert_int_equal(moved.frames, 1);                                                   \
        moved.frames = 0;                                                                    \
        assert_memory_equal(&moved, &(struct market_frame_counters){ 0 }, sizeof(moved));    \
    } while (0)

static size_t
encode(const char *text)
{
    return market_frame_encode(&address, text_payload(text), frame, sizeof(frame));
}

static void
test_frame_has_the_bytes_of_the_standards(void **state)
{
    uint8_t expected[64];
    size_t size = hex_read(golden, expected, sizeof(expected));

    (void)state;
    assert_int_equal(encode("data"), size);
    assert_memory_equal(frame, expected, size);
}

static void
test_what_was_encoded_decodes_with_checksums(void **state)
{
    static const char *const payloads[] = { "", "a", "ab", "an odd one", "an even one" };
    const struct market_frame_filter filter = { address.group_ip, address.group_port, true };

    (void)state;
    for (size_t i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++) {
        struct market_frame_counters counters = { 0 };
        struct market_frame_address from;
        struct market_bytes payload;
        size_t size = encode(payloads[i]);

        assert_true(market_frame_decode((struct market_bytes){ frame, size }, &filter, &counters,
                                        &payload, &from));
        assert_int_equal(payload.size, strlen(payloads[i]));
        assert_memory_equal(payload.data, payloads[i], payload.size);
        assert_int_equal(from.source_ip, address.source_ip);
        assert_int_equal(from.source_port, address.source_port);
        assert_int_equal(from.group_port, address.group_port);
        assert_memory_equal(from.source_mac, address.source_mac, 6);
    }
}

static void
test_padding_behind_the_packet_is_not_payload(void **state)
{
    const struct market_frame_filter any = { 0 };
    struct market_frame_counters counters = { 0 };
    struct market_bytes payload;
    size_t size = encode("data");

    (void)state;
    memset(frame + size, 0xee, 60 - size);
    assert_true(
        market_frame_decode((struct market_bytes){ frame, 60 }, &any, &counters, &payload, NULL));
    assert_int_equal(payload.size, 4);
}

static void
test_vlan_tags_are_passed_over(void **state)
{
    size_t size = encode("data");

    (void)state;
    for (int tags = 1; tags <= 3; tags++) {
        memmove(frame + 16, frame + 12, size - 12);
        memcpy(frame + 12, tags == 1 ? "\x81\x00\x00\x8d" : "\x88\xa8\x00\x01", 4);
        size += 4;
        if (tags <= 2)
            ASSERT_COUNTED(frame, size, true, payloads);
        else
            ASSERT_COUNTED(frame, size, true, not_ipv4);
    }
}

/* Every length short of the whole is a cut frame, and nothing is read beyond it. */
static void
test_cut_frames_are_counted_at_every_length(void **state)
{
    size_t whole = encode("data");

    (void)state;
    for (size_t size = 0; size < whole; size++) {
        uint8_t *copy = malloc(size + 1);

        memcpy(copy + 1, frame, size);
        ASSERT_COUNTED(copy + 1, size, true, cut);
        free(copy);
    }
}

static void
test_each_foreign_frame_has_its_own_counter(void **state)
{
    size_t size = encode("data");

    (void)state;
    frame[13] = 0x06;
    ASSERT_COUNTED(frame, size, false, not_ipv4);
    (void)encode("data");
    frame[23] = 6;
    ASSERT_COUNTED(frame, size, false, not_udp);
    (void)encode("data");
    frame[20] = 0x20;
    ASSERT_COUNTED(frame, size, false, fragments);
    (void)encode("data");
    frame[14] = 0x44;
    ASSERT_COUNTED(frame, size, false, bad_header);
    (void)encode("data");
    frame[14] = 0x65;
    ASSERT_COUNTED(frame, size, false, bad_header);
    (void)encode("data");
    frame[17] = 19;
    ASSERT_COUNTED(frame, size, false, bad_header);
    (void)encode("data");
    frame[39] = 7;
    ASSERT_COUNTED(frame, size, false, bad_header);
    frame[39] = 13;
    ASSERT_COUNTED(frame, size, false, bad_header);
    (void)encode("data");
    frame[37]++;
    ASSERT_COUNTED(frame, size, false, other_group);
    (void)encode("data");
    frame[33]++;
    ASSERT_COUNTED(frame, size, false, other_group);
}

static void
test_any_damaged_byte_shows_in_the_checksums(void **state)
{
    size_t size = encode("data");

    (void)state;
    frame[24] ^= 1;
    ASSERT_COUNTED(frame, size, true, bad_checksum);
    ASSERT_COUNTED(frame, size, false, payloads);
    (void)encode("data");
    frame[size - 1] ^= 1;
    ASSERT_COUNTED(frame, size, true, bad_checksum);
    /* A sender may leave the UDP checksum out. */
    frame[40] = 0;
    frame[41] = 0;
    ASSERT_COUNTED(frame, size, true, payloads);
}

static void
test_payload_that_does_not_fit_is_not_encoded(void **state)
{
    static uint8_t large[65536];

    (void)state;
    assert_int_equal(market_frame_encode(&address, text_payload("data"), frame, 45), 0);
    assert_int_equal(
        market_frame_encode(&address, (struct market_bytes){ large, 65508 }, large, 1U << 20), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frame_has_the_bytes_of_the_standards),
        cmocka_unit_test(test_what_was_encoded_decodes_with_checksums),
        cmocka_unit_test(test_padding_behind_the_packet_is_not_payload),
        cmocka_unit_test(test_vlan_tags_are_passed_over),
        cmocka_unit_test(test_cut_frames_are_counted_at_every_length),
        cmocka_unit_test(test_each_foreign_frame_has_its_own_counter),
        cmocka_unit_test(test_any_damaged_byte_shows_in_the_checksums),
        cmocka_unit_test(test_payload_that_does_not_fit_is_not_encoded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
