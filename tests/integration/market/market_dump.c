/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reads a capture with the decoders and books of actors/market and prints what it found as JSON,
 * for compare.py, which reads the same file with a parser of its own.
 *
 *   market_dump FILE        a capture
 *   market_dump --seed N    the generator's feed
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "market/book.h"
#include "market/capture.h"
#include "market/feed.h"
#include "market/frame.h"
#include "market/generator.h"

#define DEPTH_MAX 4096U

static const struct market_book_limits limits = {
    .symbols_max = 1024,
    .levels_max = DEPTH_MAX,
    .orders_max = 1U << 17,
};

struct reader {
    struct market_feed feed;
    struct market_frame_counters frames;
    struct market_book *book;
    uint64_t first_sequence;
    uint64_t packets_captured;
};

static void
read_payload(struct reader *reader, struct market_bytes payload)
{
    struct market_event event;
    struct market_change change;

    if (market_feed_open(&reader->feed, payload) != MARKET_ACCEPTED)
        return;
    if (reader->first_sequence == 0)
        reader->first_sequence = reader->feed.packet.sequence;
    while (market_feed_next(&reader->feed, &event))
        market_book_apply(reader->book, &event, &change);
}

static enum market_capture_outcome
read_capture(struct reader *reader, const char *path)
{
    static const struct market_frame_filter any = { 0 };
    char error[MARKET_CAPTURE_ERROR_SIZE];
    struct market_capture *capture = market_capture_open(path, error);
    struct market_captured captured;
    enum market_capture_outcome outcome;
    struct market_bytes payload;

    if (capture == NULL) {
        (void)fprintf(stderr, "market_dump: %s\n", error);
        exit(2);
    }
    while ((outcome = market_capture_next(capture, &captured)) == MARKET_CAPTURE_PACKET) {
        reader->packets_captured++;
        if (market_frame_decode(captured.data, &any, &reader->frames, &payload, NULL))
            read_payload(reader, payload);
    }
    market_capture_close(capture);
    return outcome;
}

static void
read_generated(struct reader *reader, uint64_t seed)
{
    static const struct market_generator_options options = {
        .order_messages = 50000,
        .symbols = 8,
        .orders_max = 4000,
        .payload_max = 1400,
        .packet_gap_ns = 20000,
    };
    struct market_generator_options seeded = options;
    uint8_t payload[1400];
    uint64_t time_ns;
    size_t size;

    seeded.seed = seed;
    struct market_generator *generator = market_generator_create(&seeded);

    while ((size = market_generator_next(generator, payload, &time_ns)) > 0)
        read_payload(reader, (struct market_bytes){ payload, size });
    market_generator_destroy(generator);
}

static void
print_types(const struct reader *reader)
{
    const char *comma = "";

    (void)printf("\"types\":{");
    for (int i = 0; i < 2 * 256; i++) {
        if (reader->feed.types[i / 256][i % 256] == 0)
            continue;
        (void)printf("%s\"%c\":%" PRIu64, comma, i % 256, reader->feed.types[i / 256][i % 256]);
        comma = ",";
    }
    (void)printf("},\n");
}

static void
print_side(const struct reader *reader, uint32_t symbol, enum market_side side)
{
    static struct market_level levels[DEPTH_MAX];
    uint32_t count = market_book_depth(reader->book, symbol, side, levels, DEPTH_MAX);

    (void)printf("[");
    for (uint32_t i = 0; i < count; i++)
        (void)printf("%s[%" PRId64 ",%" PRIu64 ",%" PRIu32 "]", i > 0 ? "," : "", levels[i].price,
                     levels[i].size, levels[i].orders);
    (void)printf("]");
}

static void
print_books(const struct reader *reader)
{
    char text[MARKET_SYMBOL_TEXT_SIZE];

    (void)printf("\"books\":{");
    for (uint32_t i = 0; i < market_book_symbols(reader->book); i++) {
        struct market_top top = market_book_top(reader->book, i);

        (void)printf("%s\n\"%s\":[", i > 0 ? "," : "", market_symbol_format(top.symbol, text));
        print_side(reader, i, MARKET_BUY);
        (void)printf(",");
        print_side(reader, i, MARKET_SELL);
        (void)printf("]");
    }
    (void)printf("}\n");
}

static void
print(const struct reader *reader, enum market_capture_outcome outcome)
{
    const struct market_book_counters *book = market_book_counters(reader->book);

    (void)printf("{\"is_cut\":%s,\"packets_captured\":%" PRIu64 ",\"first_sequence\":%" PRIu64
                 ",\"next_sequence\":%" PRIu64 ",\"discontinuities\":%" PRIu64
                 ",\"restarts\":%" PRIu64 ",\"missed\":%" PRIu64 ",\n",
                 outcome == MARKET_CAPTURE_CUT ? "true" : "false", reader->packets_captured,
                 reader->first_sequence, reader->feed.sequence.next,
                 reader->feed.sequence.discontinuities, reader->feed.sequence.restarts,
                 reader->feed.sequence.missed);
#define PRINT(name, text)      (void)printf("\"" #name "\":%" PRIu64 ",", source->name);
#define PRINT_BOOK(name, text) (void)printf("\"book_" #name "\":%" PRIu64 ",", book->name);
    const struct market_feed *source = &reader->feed;

    MARKET_FEED_COUNTERS(PRINT)
    MARKET_BOOK_COUNTERS(PRINT_BOOK)
    (void)printf("\"payloads\":%" PRIu64 ",\n", reader->frames.payloads);
    print_types(reader);
    print_books(reader);
    (void)printf("}\n");
}

int
main(int argc, char **argv)
{
    static struct reader reader;
    enum market_capture_outcome outcome = MARKET_CAPTURE_END;

    if (argc != 2 && !(argc == 3 && strcmp(argv[1], "--seed") == 0)) {
        (void)fprintf(stderr, "usage: market_dump FILE | --seed N\n");
        return 2;
    }
    market_feed_init(&reader.feed);
    reader.book = market_book_create(&limits);
    if (reader.book == NULL)
        return 2;
    if (argc == 3)
        read_generated(&reader, strtoull(argv[2], NULL, 10));
    else
        outcome = read_capture(&reader, argv[1]);
    print(&reader, outcome);
    bool is_sound = market_book_check(reader.book);

    market_book_destroy(reader.book);
    return is_sound && outcome != MARKET_CAPTURE_DAMAGED ? 0 : 1;
}
