/* SPDX-License-Identifier: BSD-3-Clause */
/* Files are written here byte by byte, so that nothing but the formats' definitions is trusted. */
#include "support/cmocka.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#include "market/capture.h"

#define FILE_MAX     65536U
#define PACKET_SIZE  60U
#define PACKETS      3U
#define MICROSECONDS 0xa1b2c3d4U
#define NANOSECONDS  0xa1b23c4dU

struct image {
    uint8_t bytes[FILE_MAX];
    size_t size;
    bool is_swapped;
};

static char path[] = "/tmp/market-capture-XXXXXX";

static void
put(struct image *image, uint32_t value, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        size_t shift = 8 * (image->is_swapped ? size - 1 - i : i);

        image->bytes[image->size++] = (uint8_t)(value >> shift);
    }
}

static void
put_packet_bytes(struct image *image, uint8_t fill)
{
    memset(image->bytes + image->size, fill, PACKET_SIZE);
    image->size += PACKET_SIZE;
}

static struct image
pcap_image(uint32_t magic, uint32_t link_type, bool is_swapped)
{
    struct image image = { .is_swapped = is_swapped };

    put(&image, magic, 4);
    put(&image, 2, 2);
    put(&image, 4, 2);
    put(&image, 0, 4);
    put(&image, 0, 4);
    put(&image, 65535, 4);
    put(&image, link_type, 4);
    for (uint32_t i = 0; i < PACKETS; i++) {
        put(&image, 1000 + i, 4);
        put(&image, 5, 4);
        put(&image, PACKET_SIZE, 4);
        put(&image, PACKET_SIZE + i, 4);
        put_packet_bytes(&image, (uint8_t)i);
    }
    return image;
}

static struct image
pcapng_image(void)
{
    struct image image = { 0 };

    put(&image, 0x0a0d0d0a, 4); /* section header */
    put(&image, 28, 4);
    put(&image, 0x1a2b3c4d, 4);
    put(&image, 1, 2);
    put(&image, 0, 2);
    put(&image, 0xffffffff, 4);
    put(&image, 0xffffffff, 4);
    put(&image, 28, 4);
    put(&image, 1, 4); /* interface: Ethernet, nanoseconds (option 9) */
    put(&image, 32, 4);
    put(&image, 1, 2);
    put(&image, 0, 2);
    put(&image, 65535, 4);
    put(&image, 9, 2);
    put(&image, 1, 2);
    put(&image, 9, 4);
    put(&image, 0, 4);
    put(&image, 32, 4);
    for (uint32_t i = 0; i < PACKETS; i++) {
        uint64_t time_ns = (1000ULL + i) * 1000000000ULL + 5;

        put(&image, 6, 4); /* enhanced packet */
        put(&image, 32 + PACKET_SIZE, 4);
        put(&image, 0, 4);
        put(&image, (uint32_t)(time_ns >> 32), 4);
        put(&image, (uint32_t)time_ns, 4);
        put(&image, PACKET_SIZE, 4);
        put(&image, PACKET_SIZE + i, 4);
        put_packet_bytes(&image, (uint8_t)i);
        put(&image, 32 + PACKET_SIZE, 4);
    }
    return image;
}

static struct image
gzip_image(struct image plain)
{
    struct image packed = { 0 };
    z_stream stream = { .next_in = plain.bytes, .avail_in = (uInt)plain.size };

    assert_int_equal(deflateInit2(&stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_out = packed.bytes;
    stream.avail_out = FILE_MAX;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    packed.size = stream.total_out;
    (void)deflateEnd(&stream);
    return packed;
}

static void
write_file(const struct image *image)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(image->bytes, 1, image->size, file), image->size);
    assert_int_equal(fclose(file), 0);
}

/* Reads the whole file, checks each packet; returns how many came before the outcome. */
static uint32_t
read_file(uint64_t fraction_ns, enum market_capture_outcome *outcome)
{
    char error[MARKET_CAPTURE_ERROR_SIZE] = "";
    struct market_capture *capture = market_capture_open(path, error);
    struct market_captured captured;
    uint32_t count = 0;

    assert_string_equal(error, "");
    assert_non_null(capture);
    while ((*outcome = market_capture_next(capture, &captured)) == MARKET_CAPTURE_PACKET) {
        assert_int_equal(captured.time_ns, (1000 + count) * 1000000000ULL + fraction_ns);
        assert_int_equal(captured.data.size, PACKET_SIZE);
        assert_int_equal(captured.size_on_wire, PACKET_SIZE + count);
        assert_int_equal(captured.data.data[PACKET_SIZE - 1], (uint8_t)count);
        count++;
    }
    assert_int_equal(market_capture_next(capture, &captured), *outcome);
    if (*outcome != MARKET_CAPTURE_END)
        assert_true(strlen(market_capture_error(capture)) > 0);
    market_capture_close(capture);
    return count;
}

static void
assert_reads(struct image image, uint64_t fraction_ns, uint32_t count,
             enum market_capture_outcome expected)
{
    enum market_capture_outcome outcome;

    write_file(&image);
    assert_int_equal(read_file(fraction_ns, &outcome), count);
    assert_int_equal(outcome, expected);
}

static void
assert_not_opened(const char *name, const char *reason)
{
    char error[MARKET_CAPTURE_ERROR_SIZE] = "";

    assert_null(market_capture_open(name, error));
    assert_non_null(strstr(error, name));
    assert_non_null(strstr(error, reason));
}

static void
test_each_format_is_read(void **state)
{
    (void)state;
    assert_reads(pcap_image(MICROSECONDS, 1, false), 5000, PACKETS, MARKET_CAPTURE_END);
    assert_reads(pcap_image(MICROSECONDS, 1, true), 5000, PACKETS, MARKET_CAPTURE_END);
    assert_reads(pcap_image(NANOSECONDS, 1, false), 5, PACKETS, MARKET_CAPTURE_END);
    assert_reads(pcapng_image(), 5, PACKETS, MARKET_CAPTURE_END);
    assert_reads(gzip_image(pcap_image(MICROSECONDS, 1, false)), 5000, PACKETS, MARKET_CAPTURE_END);
    assert_reads(gzip_image(pcapng_image()), 5, PACKETS, MARKET_CAPTURE_END);
}

static void
test_file_cut_within_a_packet_gives_the_whole_ones_first(void **state)
{
    struct image plain = pcap_image(MICROSECONDS, 1, false);
    struct image modern = pcapng_image();
    size_t last = plain.size - PACKET_SIZE - 16;

    (void)state;
    for (size_t size = last + 1; size < plain.size; size++) {
        struct image cut = plain;

        cut.size = size;
        assert_reads(cut, 5000, PACKETS - 1, MARKET_CAPTURE_CUT);
    }
    plain.size = last;
    assert_reads(plain, 5000, PACKETS - 1, MARKET_CAPTURE_END);
    plain.size = last + 30;
    assert_reads(gzip_image(plain), 5000, PACKETS - 1, MARKET_CAPTURE_CUT);
    modern.size -= 20;
    assert_reads(modern, 5, PACKETS - 1, MARKET_CAPTURE_CUT);
}

static void
test_cut_and_damaged_compression_are_told_apart(void **state)
{
    struct image packed = gzip_image(pcap_image(MICROSECONDS, 1, false));
    struct image damaged = packed;

    (void)state;
    packed.size -= 8; /* the trailer: all packets are there, but the file is not whole */
    assert_reads(packed, 5000, PACKETS, MARKET_CAPTURE_CUT);
    damaged.bytes[damaged.size - 6] ^= 0xff; /* its CRC */
    write_file(&damaged);
    assert_not_opened(path, "damaged");
}

/* What zlib had given before it met the damage is read; that is not all before the damage. */
static void
test_damage_in_the_middle_keeps_what_came_before(void **state)
{
    struct image image = pcap_image(MICROSECONDS, 1, false);
    enum market_capture_outcome outcome;

    (void)state;
    for (uint32_t i = PACKETS; i < 500; i++) {
        put(&image, 1000 + i, 4);
        put(&image, 5, 4);
        put(&image, PACKET_SIZE, 4);
        put(&image, PACKET_SIZE + i, 4);
        put_packet_bytes(&image, (uint8_t)i);
    }
    image = gzip_image(image);
    image.bytes[image.size - 6] ^= 0xff;
    write_file(&image);
    assert_true(read_file(5000, &outcome) > 300);
    assert_int_equal(outcome, MARKET_CAPTURE_DAMAGED);
}

static void
test_impossible_packet_length_is_damage(void **state)
{
    struct image image = pcap_image(MICROSECONDS, 1, false);

    (void)state;
    memset(image.bytes + 24 + 8, 0xff, 4);
    assert_reads(image, 5000, 0, MARKET_CAPTURE_DAMAGED);
}

static void
test_what_is_no_capture_is_refused_with_a_sentence(void **state)
{
    struct image image = { 0 };

    (void)state;
    assert_not_opened("/nonexistent/file.pcap", "No such file");
    write_file(&image);
    assert_not_opened(path, "not a capture");
    put(&image, 0x12345678, 4);
    put(&image, 0, 4);
    write_file(&image);
    assert_not_opened(path, "not a capture");
    image = pcap_image(MICROSECONDS, 113, false);
    write_file(&image);
    assert_not_opened(path, "only Ethernet");
}

static int
make_path(void **state)
{
    int file = mkstemp(path);

    (void)state;
    return file >= 0 ? close(file) : -1;
}

static int
remove_path(void **state)
{
    (void)state;
    return unlink(path);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_format_is_read),
        cmocka_unit_test(test_file_cut_within_a_packet_gives_the_whole_ones_first),
        cmocka_unit_test(test_cut_and_damaged_compression_are_told_apart),
        cmocka_unit_test(test_damage_in_the_middle_keeps_what_came_before),
        cmocka_unit_test(test_impossible_packet_length_is_damage),
        cmocka_unit_test(test_what_is_no_capture_is_refused_with_a_sentence),
    };

    return cmocka_run_group_tests(tests, make_path, remove_path);
}
