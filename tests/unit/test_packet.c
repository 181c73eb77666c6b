/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/cmocka.h"

#include <stdlib.h>

#include "support/hex.h"

#include "base/prng.h"
#include "wire/checksum.h"
#include "wire/packet.h"

static const struct fab_mac our_mac = { { 0x02, 0, 0, 0, 0, 0x01 } };
static const struct fab_mac their_mac = { { 0x02, 0, 0, 0, 0, 0x02 } };

static void
assert_bytes(const uint8_t *bytes, size_t size, const char *hex)
{
    uint8_t expected[256];

    assert_int_equal(size, hex_read(hex, expected, sizeof(expected)));
    assert_memory_equal(bytes, expected, size);
}

static struct fab_packet_ends
ends_of(const char *source, const char *target)
{
    struct fab_packet_ends ends = { .mac_source = our_mac,
                                    .mac_target = their_mac,
                                    .vlan = FAB_PACKET_VLAN_NONE };

    assert_true(fab_ip_parse(source, &ends.source));
    assert_true(fab_ip_parse(target, &ends.target));
    return ends;
}

/* A datagram with payload "mycelium" in `frame`; returns its bytes. */
static size_t
datagram(const struct fab_packet_ends *ends, uint8_t *frame)
{
    struct fab_udp_path path;
    const struct fab_udp_datagram udp = {
        .source_port = 21000,
        .target_port = 21001,
        .payload = "mycelium",
        .payload_size = 8,
        .has_checksum = true,
    };

    fab_udp_path_init(&path, ends);
    fab_udp_path_write(&path, &udp, frame);
    memcpy(frame + path.size, udp.payload, udp.payload_size);
    return path.size + 8U;
}

static void
test_a_datagram_in_two_pieces_has_the_headers_of_one(void **state)
{
    static const char payload[] = "a payload of some length, cut at every even place it has";
    struct fab_packet_ends ends = ends_of("10.0.0.1", "10.0.0.2");
    struct fab_udp_datagram udp = {
        .source_port = 1, .target_port = 2, .payload = payload, .has_checksum = true
    };
    uint8_t whole[FAB_UDP_HEADERS_MAX], cut[FAB_UDP_HEADERS_MAX];
    struct fab_udp_path path;

    (void)state;
    fab_udp_path_init(&path, &ends);
    udp.payload_size = sizeof(payload);
    fab_udp_path_write(&path, &udp, whole);
    for (uint32_t at = 0; at < sizeof(payload); at += 2) {
        udp.payload_size = at;
        udp.tail = payload + at;
        udp.tail_size = (uint32_t)sizeof(payload) - at;
        fab_udp_path_write(&path, &udp, cut);
        assert_memory_equal(cut, whole, path.size);
    }
}

static void
test_a_datagram_in_three_pieces_has_the_headers_of_one(void **state)
{
    static const char payload[] = "a payload of some length, with a tag behind it: of so many...";
    struct fab_packet_ends ends = ends_of("fd00::1", "fd00::2");
    struct fab_udp_datagram udp = {
        .source_port = 1, .target_port = 2, .payload = payload, .has_checksum = true
    };
    uint8_t whole[FAB_UDP_HEADERS_MAX], cut[FAB_UDP_HEADERS_MAX];
    struct fab_udp_path path;

    (void)state;
    fab_udp_path_init(&path, &ends);
    udp.payload_size = sizeof(payload);
    fab_udp_path_write(&path, &udp, whole);
    udp.payload_size = 8;
    udp.tail = payload + 8;
    for (uint32_t at = 10; at < sizeof(payload); at += 2) {
        udp.tail_size = at - 8;
        udp.end = payload + at;
        udp.end_size = (uint32_t)sizeof(payload) - at;
        fab_udp_path_write(&path, &udp, cut);
        assert_memory_equal(cut, whole, path.size);
    }
}

static void
test_question_and_answer_are_these_bytes(void **state)
{
    struct fab_packet_ends ends = ends_of("10.0.0.1", "10.0.0.2");
    uint8_t frame[128];

    (void)state;
    assert_bytes(frame, fab_packet_encode_answer(&ends, frame),
                 "020000000002 020000000001 0806 0001 0800 06 04 0002 020000000001 0a000001"
                 "020000000002 0a000002 000000000000000000000000000000000000");
    ends.mac_target = (struct fab_mac){ { 0 } };
    assert_bytes(frame, fab_packet_encode_question(&ends, frame),
                 "ffffffffffff 020000000001 0806 0001 0800 06 04 0001 020000000001 0a000001"
                 "000000000000 0a000002 000000000000000000000000000000000000");
    ends = ends_of("fd00::1", "fd00::2");
    ends.mac_target = (struct fab_mac){ { 0 } };
    assert_bytes(frame, fab_packet_encode_question(&ends, frame),
                 "3333ff000002 020000000001 86dd 60000000 0020 3a ff"
                 "fd000000000000000000000000000001 ff0200000000000000000001ff000002"
                 "8700 7d97 00000000 fd000000000000000000000000000002 0101 020000000001");
}

static void
test_datagram_is_these_bytes_and_reads_back(void **state)
{
    static const char *const pairs[][2] = { { "10.0.0.1", "10.0.0.2" }, { "fd00::1", "fd00::2" } };
    uint8_t frame[128];
    struct fab_packet packet;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct fab_packet_ends ends = ends_of(pairs[i][0], pairs[i][1]);
        size_t size = datagram(&ends, frame);

        assert_int_equal(fab_packet_decode(frame, size, &packet), FAB_PACKET_OK);
        assert_int_equal(packet.kind, FAB_PACKET_UDP);
        assert_true(fab_ip_is_equal(&packet.source, &ends.source));
        assert_true(fab_ip_is_equal(&packet.target, &ends.target));
        assert_int_equal(packet.source_port, 21000);
        assert_int_equal(packet.target_port, 21001);
        assert_int_equal(packet.payload_size, 8);
        assert_memory_equal(packet.payload, "mycelium", 8);
        if (i == 0)
            assert_bytes(frame, size,
                         "020000000002 020000000001 0800 45020024 00004000 4011 26c5 0a000001"
                         "0a000002 5208 5209 0010 9504 6d7963656c69756d");
    }
}

static void
test_udp_checksum_sums_to_all_ones(void **state)
{
    struct fab_packet_ends ends = ends_of("fd00::1", "fd00::2");
    uint8_t frame[128];
    uint8_t length_and_protocol[8] = { 0, 0, 0, 16, 0, 0, 0, 17 };
    uint64_t sum;

    (void)state;
    datagram(&ends, frame);
    sum = fab_checksum_add(0, frame + 14 + 8, 32);
    sum = fab_checksum_add(sum, length_and_protocol, 8);
    sum = fab_checksum_add(sum, frame + 54, 16);
    assert_int_equal(fab_checksum_finish(sum), 0);
}

static void
test_marks_of_congestion_are_asked_for_and_read(void **state)
{
    static const char *const ends_texts[][2] = { { "10.0.0.1", "10.0.0.2" },
                                                 { "fd00::1", "fd00::2" } };

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct fab_packet_ends ends = ends_of(ends_texts[i][0], ends_texts[i][1]);
        struct fab_packet packet;
        uint8_t frame[128];
        size_t size = datagram(&ends, frame);

        assert_int_equal(frame[15], i == 0 ? 2 : 0x20); /* ECT(0) */
        assert_int_equal(fab_packet_decode(frame, size, &packet), FAB_PACKET_OK);
        assert_false(packet.is_marked);
        frame[15] |= i == 0 ? 1 : 0x10;
        if (i == 0) /* the header's checksum: one less */
            frame[25]--;
        assert_int_equal(fab_packet_decode(frame, size, &packet), FAB_PACKET_OK);
        assert_true(packet.is_marked);
    }
}

/* RFC 1071 as it is written: sixteen bits at a time. */
static uint16_t
plain_checksum(const uint8_t *bytes, size_t size)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < size; i++)
        sum += i % 2 ? (uint32_t)bytes[i] << 8 : bytes[i];
    while (sum >> 16)
        sum = (sum & 0xffffU) + (sum >> 16);
    return (uint16_t)~sum;
}

static void
test_checksum_is_that_of_the_rfc_for_every_size_and_place(void **state)
{
    struct fab_prng prng;
    uint8_t bytes[320];

    (void)state;
    fab_prng_init(&prng, 1071);
    for (unsigned round = 0; round < 20000; round++) {
        size_t size = fab_prng_below(&prng, 300);
        size_t at = fab_prng_below(&prng, 16);
        size_t half = size / 2 & ~(size_t)1;
        uint64_t sum;

        for (size_t i = 0; i < size; i++)
            bytes[at + i] = round % 3 ? (uint8_t)fab_prng_next(&prng) : 0xff;
        sum = fab_checksum_add(0, bytes + at, half);
        sum = fab_checksum_add(sum, bytes + at + half, size - half);
        assert_int_equal(fab_checksum_finish(sum), plain_checksum(bytes + at, size));
    }
}

static void
test_vlan_tag_and_pad_are_tolerated(void **state)
{
    struct fab_packet_ends ends = ends_of("10.0.0.1", "10.0.0.2");
    uint8_t frame[128] = { 0 };
    struct fab_packet packet;
    size_t size;

    (void)state;
    ends.vlan = 42;
    size = datagram(&ends, frame);
    assert_int_equal(fab_packet_decode(frame, size + 20, &packet), FAB_PACKET_OK);
    assert_int_equal(packet.vlan, 42);
    assert_int_equal(packet.payload_size, 8);
    assert_int_equal(packet.network_offset, 18);
}

static void
test_echo_request_becomes_a_sound_reply(void **state)
{
    uint8_t frame[64];
    size_t size = hex_read("020000000001 020000000002 0800 4500001e 12344000 4001 14a9 0a000002"
                           "0a000001 0800 f6fa 0001 0002 0102",
                           frame, sizeof(frame));
    struct fab_packet packet;

    (void)state;
    assert_int_equal(fab_packet_decode(frame, size, &packet), FAB_PACKET_OK);
    assert_int_equal(packet.kind, FAB_PACKET_ECHO_REQUEST);
    fab_packet_answer_echo(frame, &packet);
    assert_int_equal(fab_packet_decode(frame, size, &packet), FAB_PACKET_OK);
    assert_int_equal(packet.kind, FAB_PACKET_ECHO_REPLY);
    assert_true(fab_mac_is_equal(&packet.mac_target, &their_mac));
    assert_int_equal(packet.target.bytes[3], 2);
    assert_int_equal(packet.source.bytes[3], 1);
}

static void
test_neighbour_discovery_reads_back(void **state)
{
    struct fab_packet_ends ends = ends_of("fd00::1", "fd00::2");
    uint8_t frame[128];
    struct fab_packet packet;
    size_t size = fab_packet_encode_answer(&ends, frame);

    (void)state;
    assert_int_equal(fab_packet_decode(frame, size, &packet), FAB_PACKET_OK);
    assert_int_equal(packet.kind, FAB_PACKET_ADVERTISEMENT);
    assert_true(packet.is_solicited && packet.has_link_source);
    assert_true(fab_ip_is_equal(&packet.asked, &ends.source));
    assert_true(fab_mac_is_equal(&packet.link_source, &our_mac));
    size = fab_packet_encode_question(&ends, frame);
    assert_int_equal(fab_packet_decode(frame, size, &packet), FAB_PACKET_OK);
    assert_int_equal(packet.kind, FAB_PACKET_SOLICITATION);
    assert_true(fab_ip_is_equal(&packet.asked, &ends.target));
}

static void
test_each_kind_of_bad_packet_has_its_own_refusal(void **state)
{
    static const struct {
        enum fab_packet_refusal refusal;
        const char *hex;
    } cases[] = {
        { FAB_PACKET_REFUSED_cut_ethernet, "0200000000010200000000020"
                                           "8" },
        { FAB_PACKET_REFUSED_cut_ethernet, "020000000001 020000000002 8100 00" },
        { FAB_PACKET_REFUSED_vlan_tags,
          "020000000001 020000000002 8100 0001 8100 0002 8100 0003 0800" },
        { FAB_PACKET_REFUSED_cut_arp, "020000000001 020000000002 0806 0001 0800 06 04 0001" },
        { FAB_PACKET_REFUSED_bad_arp,
          "020000000001 020000000002 0806 0001 0800 06 04 0003 020000000001 0a000001 000000000000 "
          "0a000002" },
        { FAB_PACKET_REFUSED_cut_ip, "020000000001 020000000002 0800 4500 0030" },
        { FAB_PACKET_REFUSED_bad_ip_version,
          "020000000001 020000000002 0800 65000024 00004000 4011 26c7 0a000001 0a000002" },
        { FAB_PACKET_REFUSED_bad_ip_header,
          "020000000001 020000000002 0800 44000024 00004000 4011 26c7 0a000001 0a000002" },
        { FAB_PACKET_REFUSED_cut_ip,
          "020000000001 020000000002 0800 45000024 00004000 4011 26c7 0a000001 0a000002" },
        { FAB_PACKET_REFUSED_bad_ip_checksum,
          "020000000001 020000000002 0800 45000014 00004000 4011 26c7 0a000001 0a000002" },
        { FAB_PACKET_REFUSED_fragment,
          "020000000001 020000000002 0800 45000014 00002000 4011 46d7 0a000001 0a000002" },
        { FAB_PACKET_REFUSED_cut_udp,
          "020000000001 020000000002 0800 45000018 00004000 4011 26d3 0a000001 0a000002 52085209" },
        { FAB_PACKET_REFUSED_bad_udp_size,
          "020000000001 020000000002 0800 4500001c 00004000 4011 26cf 0a000001 0a000002 52085209"
          "00070000" },
        { FAB_PACKET_REFUSED_cut_udp,
          "020000000001 020000000002 0800 4500001c 00004000 4011 26cf 0a000001 0a000002 52085209"
          "00090000" },
        { FAB_PACKET_REFUSED_cut_icmp,
          "020000000001 020000000002 0800 45000018 00004000 4001 26e3 0a000001 0a000002 08000000" },
        { FAB_PACKET_REFUSED_bad_icmp_checksum,
          "020000000001 020000000002 0800 4500001c 00004000 4001 26df 0a000001 0a000002"
          "0800000100000000" },
    };
    struct fab_packet packet;
    uint8_t frame[128];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t size = hex_read(cases[i].hex, frame, sizeof(frame));
        enum fab_packet_refusal refusal = fab_packet_decode(frame, size, &packet);

        assert_string_equal(fab_packet_refusal_name(refusal),
                            fab_packet_refusal_name(cases[i].refusal));
    }
}

/* Every cut of a sound packet is refused or still sound, and never reads past its end (ASan). */
static void
test_cut_packet_is_never_read_past_its_end(void **state)
{
    struct fab_packet_ends ends = ends_of("10.0.0.1", "10.0.0.2");
    uint8_t frame[128];
    struct fab_packet packet;
    size_t size = datagram(&ends, frame);

    (void)state;
    for (size_t cut = 0; cut < size; cut++) {
        uint8_t *copy = malloc(cut + 1);

        memcpy(copy, frame, cut);
        assert_int_not_equal(fab_packet_decode(copy, cut, &packet), FAB_PACKET_OK);
        free(copy);
    }
}

static void
test_subnet_is_what_the_prefix_says(void **state)
{
    static const struct {
        const char *prefix;
        const char *ip;
        bool is_inside;
    } cases[] = {
        { "10.0.0.1/24", "10.0.0.200", true },   { "10.0.0.1/24", "10.0.1.1", false },
        { "10.0.0.1/30", "10.0.0.3", true },     { "10.0.0.1/30", "10.0.0.4", false },
        { "10.0.0.1/32", "10.0.0.1", true },     { "10.0.0.1", "10.0.0.2", false },
        { "10.0.0.1/0", "192.168.1.1", true },   { "fd00::1/64", "fd00::ff", true },
        { "fd00::1/64", "fd00:0:0:1::", false }, { "10.0.0.1/24", "fd00::1", false },
    };
    struct fab_ip_prefix prefix;
    struct fab_ip ip;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_true(fab_ip_prefix_parse(cases[i].prefix, &prefix));
        assert_true(fab_ip_parse(cases[i].ip, &ip));
        assert_int_equal(fab_ip_prefix_contains(&prefix, &ip), cases[i].is_inside);
    }
    assert_false(fab_ip_prefix_parse("10.0.0.1/33", &prefix));
    assert_false(fab_ip_prefix_parse("10.0.0.1/", &prefix));
    assert_false(fab_ip_prefix_parse("10.0.0/24", &prefix));
    assert_false(fab_ip_prefix_parse("10.0.0.1/+4", &prefix));
}

/* As RFC 1071 says it, word by word. */
static uint16_t
checksum_by_words(const uint8_t *bytes, size_t size)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < size; i += 2) {
        uint16_t word = bytes[i];

        if (i + 1 < size)
            word |= (uint16_t)(bytes[i + 1] << 8);
        sum += word;
        sum = (sum & 0xffffU) + (sum >> 16);
    }
    return (uint16_t)~sum;
}

static void
test_a_checksum_is_that_of_its_words_at_any_size_and_alignment(void **state)
{
    uint8_t bytes[1600];

    (void)state;
    for (unsigned fill = 0; fill < 3; fill++) {
        for (size_t i = 0; i < sizeof(bytes); i++)
            bytes[i] = fill == 0 ? 0xff : (uint8_t)(i * 167 + fill * 31 + (i >> 3));
        for (size_t size = 0; size < sizeof(bytes) - 8; size++)
            assert_int_equal(fab_checksum_finish(fab_checksum_add(0, bytes + size % 8, size)),
                             checksum_by_words(bytes + size % 8, size));
    }
    /* A sum that is carried on, and wraps. */
    assert_int_equal(fab_checksum_finish(fab_checksum_add(UINT64_MAX, bytes, 64)),
                     fab_checksum_finish(fab_checksum_add(0, bytes, 64)));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_question_and_answer_are_these_bytes),
        cmocka_unit_test(test_a_datagram_in_two_pieces_has_the_headers_of_one),
        cmocka_unit_test(test_a_datagram_in_three_pieces_has_the_headers_of_one),
        cmocka_unit_test(test_datagram_is_these_bytes_and_reads_back),
        cmocka_unit_test(test_udp_checksum_sums_to_all_ones),
        cmocka_unit_test(test_marks_of_congestion_are_asked_for_and_read),
        cmocka_unit_test(test_checksum_is_that_of_the_rfc_for_every_size_and_place),
        cmocka_unit_test(test_vlan_tag_and_pad_are_tolerated),
        cmocka_unit_test(test_echo_request_becomes_a_sound_reply),
        cmocka_unit_test(test_neighbour_discovery_reads_back),
        cmocka_unit_test(test_each_kind_of_bad_packet_has_its_own_refusal),
        cmocka_unit_test(test_cut_packet_is_never_read_past_its_end),
        cmocka_unit_test(test_subnet_is_what_the_prefix_says),
        cmocka_unit_test(test_a_checksum_is_that_of_its_words_at_any_size_and_alignment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
