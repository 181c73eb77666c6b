/* SPDX-License-Identifier: BSD-3-Clause */
/* The transports, the messages in them, and what the sequence numbers say. */
#include "support/cmocka.h"
#include "support/hex.h"

#include <stdlib.h>

#include "market/deep.h"
#include "market/feed.h"
#include "market/iextp.h"
#include "market/itch.h"
#include "market/moldudp64.h"

#define NS_OF_DAY "0000 0001 e240" /* 123456 */

/* Two price levels of "MYC": 300 shares bid at 10.0100, and the ask at 10.0200 removed. */
#define DEEP_LEVELS                                                          \
    "1e00 38 01 40e2010000000000 4d59432020202020 2c010000 0487010000000000" \
    "1e00 35 00 40e2010000000000 4d59432020202020 00000000 6887010000000000"
#define IEX_HEAD "01 00 0480 01000000 efbeadde "

static const char iex_packet[] =
    IEX_HEAD "4000 0200 0000000000000000 0700000000000000 0100000000000000" DEEP_LEVELS;

static const char mold_packet[] =
    "53455353494f4e303031 0000000000000007 0003"
    "0024 41 0001 0000" NS_OF_DAY "0000000000000011 42 00000064 4d59432020202020 00018704"
    "001f 45 0001 0000" NS_OF_DAY "0000000000000011 00000028 0000000000000001"
    "000c 53 0000 0000" NS_OF_DAY "51";

static uint8_t bytes[2048];

static struct market_bytes
read_hex(const char *text)
{
    return (struct market_bytes){ bytes, hex_read(text, bytes, sizeof(bytes)) };
}

static uint64_t
symbol_of(const char *padded)
{
    return market_le64((const uint8_t *)padded);
}

static void
test_iextp_packet_gives_levels_then_ends(void **state)
{
    struct market_feed feed;
    struct market_event event;

    (void)state;
    market_feed_init(&feed);
    assert_int_equal(market_feed_open(&feed, read_hex(iex_packet)), MARKET_ACCEPTED);
    assert_true(market_feed_next(&feed, &event));
    assert_int_equal(event.kind, MARKET_EVENT_LEVEL);
    assert_int_equal(event.side, MARKET_BUY);
    assert_true(event.symbol == symbol_of("MYC     "));
    assert_int_equal(event.size, 300);
    assert_int_equal(event.price, 100100);
    assert_int_equal(event.sequence, 7);
    assert_int_equal(event.exchange_ns, 123456);
    assert_true(event.is_complete);
    assert_true(market_feed_next(&feed, &event));
    assert_int_equal(event.side, MARKET_SELL);
    assert_int_equal(event.size, 0);
    assert_int_equal(event.sequence, 8);
    assert_false(event.is_complete);
    assert_false(market_feed_next(&feed, &event));
    assert_int_equal(feed.messages_book, 2);
    assert_int_equal(feed.types[MARKET_IEXTP]['8'], 1);
}

static void
test_moldudp64_packet_gives_orders_and_passes_over_the_rest(void **state)
{
    struct market_feed feed;
    struct market_event event;

    (void)state;
    market_feed_init(&feed);
    assert_int_equal(market_feed_open(&feed, read_hex(mold_packet)), MARKET_ACCEPTED);
    assert_true(market_feed_next(&feed, &event));
    assert_int_equal(event.kind, MARKET_EVENT_ADD);
    assert_int_equal(event.order, 0x11);
    assert_int_equal(event.size, 100);
    assert_int_equal(event.price, 100100);
    assert_true(event.symbol == symbol_of("MYC     "));
    assert_true(market_feed_next(&feed, &event));
    assert_int_equal(event.kind, MARKET_EVENT_REDUCE);
    assert_int_equal(event.size, 40);
    assert_int_equal(event.sequence, 8);
    assert_false(market_feed_next(&feed, &event));
    assert_int_equal(feed.messages, 3);
    assert_int_equal(feed.messages_book, 2);
    assert_int_equal(feed.messages_other, 1);
    assert_int_equal(feed.types[MARKET_MOLDUDP64]['S'], 1);
}

static void
test_itch_replace_delete_cancel_decode(void **state)
{
    static const struct {
        const char *hex;
        struct market_event event;
    } cases[] = {
        { "55 0001 0000" NS_OF_DAY "0000000000000011 0000000000000012 000000c8 00018768",
          { .kind = MARKET_EVENT_REPLACE,
            .order = 0x11,
            .order_new = 0x12,
            .size = 200,
            .price = 100200 } },
        { "44 0001 0000" NS_OF_DAY "0000000000000011",
          { .kind = MARKET_EVENT_DELETE, .order = 0x11 } },
        { "58 0001 0000" NS_OF_DAY "0000000000000011 0000000a",
          { .kind = MARKET_EVENT_REDUCE, .order = 0x11, .size = 10 } },
        { "43 0001 0000" NS_OF_DAY "0000000000000011 0000000a 0000000000000001 59 00018768",
          { .kind = MARKET_EVENT_REDUCE, .order = 0x11, .size = 10 } },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct market_bytes message = read_hex(cases[i].hex);
        struct market_event event;

        assert_int_equal(message.size, market_itch_size(message.data[0]));
        assert_true(market_itch_decode(message, &event));
        assert_int_equal(event.kind, cases[i].event.kind);
        assert_int_equal(event.order, cases[i].event.order);
        assert_int_equal(event.order_new, cases[i].event.order_new);
        assert_int_equal(event.size, cases[i].event.size);
        assert_int_equal(event.price, cases[i].event.price);
        assert_int_equal(event.exchange_ns, 123456);
        assert_true(event.is_complete);
    }
}

/* Whatever the cut, a packet is refused as one, and only its own counter moves. */
static void
test_cut_packets_are_refused_whole(void **state)
{
    static const char *const packets[] = { iex_packet, mold_packet };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct market_bytes whole = read_hex(packets[i]);

        for (size_t size = 0; size < whole.size; size++) {
            struct market_feed feed;
            struct market_event event;
            uint8_t *copy = size > 0 ? malloc(size) : NULL;

            if (size > 0)
                memcpy(copy, whole.data, size);
            market_feed_init(&feed);
            assert_int_not_equal(market_feed_open(&feed, (struct market_bytes){ copy, size }),
                                 MARKET_ACCEPTED);
            assert_false(market_feed_next(&feed, &event));
            assert_int_equal(feed.packets_short + feed.packets_length, 1);
            assert_int_equal(feed.messages, 0);
            assert_false(feed.sequence.has_started);
            free(copy);
        }
    }
}

static void
test_foreign_payloads_have_their_own_counters(void **state)
{
    struct market_feed feed;
    struct market_packet packet;
    struct market_bytes payload;

    (void)state;
    market_feed_init(&feed);
    payload = read_hex(iex_packet);
    bytes[0] = 2;
    assert_int_equal(market_iextp_decode(payload, &packet), MARKET_REFUSED_VERSION);
    payload = read_hex(iex_packet);
    bytes[31] = 0x80;
    assert_int_equal(market_feed_open(&feed, payload), MARKET_REFUSED_SEQUENCE);
    assert_int_equal(feed.packets_sequence, 1);
    payload = read_hex(iex_packet);
    bytes[12]--;
    assert_int_equal(market_feed_open(&feed, payload), MARKET_REFUSED_LENGTH);
    assert_int_equal(feed.packets_length, 1);
}

static void
test_short_and_unknown_messages_are_counted_and_passed_over(void **state)
{
    struct market_feed feed;
    struct market_event event;

    (void)state;
    market_feed_init(&feed);
    assert_int_equal(
        market_feed_open(&feed, read_hex("53455353494f4e303031 0000000000000001 0004"
                                         "0000 0001 7a 0003 440001"
                                         "0013 44 0001 0000" NS_OF_DAY "0000000000000011")),
        MARKET_ACCEPTED);
    assert_true(market_feed_next(&feed, &event));
    assert_int_equal(event.kind, MARKET_EVENT_DELETE);
    assert_int_equal(event.sequence, 4);
    assert_false(market_feed_next(&feed, &event));
    assert_int_equal(feed.messages_unknown, 2);
    assert_int_equal(feed.messages_short, 1);
    assert_int_equal(feed.messages_book, 1);
}

static struct market_packet
packet_of(uint64_t sequence, uint16_t count, uint64_t send_ns)
{
    return (struct market_packet){ .sequence = sequence, .count = count, .send_ns = send_ns };
}

static void
test_sequence_tells_gaps_duplicates_and_restarts_apart(void **state)
{
    static const struct {
        uint64_t sequence;
        uint16_t count;
        uint64_t send_ns;
        enum market_continuity continuity;
        uint16_t skip;
        uint64_t missed, duplicates, restarts, gaps;
    } steps[] = {
        { 5, 3, 100, MARKET_CONTINUES, 0, 0, 0, 0, 0 }, /* joining late misses nothing */
        { 8, 2, 110, MARKET_CONTINUES, 0, 0, 0, 0, 0 },
        { 8, 2, 110, MARKET_OLD, 2, 0, 2, 0, 0 }, /* the same again */
        { 9, 3, 120, MARKET_OLD, 1, 0, 3, 0, 0 }, /* half old, half new */
        { 12, 0, 130, MARKET_CONTINUES, 0, 0, 3, 0, 0 },
        { 14, 0, 140, MARKET_GAP, 0, 2, 3, 0, 1 }, /* a heartbeat reveals the loss */
        { 20, 1, 150, MARKET_GAP, 0, 8, 3, 0, 2 },
        { 14, 6, 145, MARKET_OLD, 6, 8, 9, 0, 2 }, /* came late: already counted as missed */
        { 1, 1, 90, MARKET_OLD, 1, 8, 10, 0, 2 },  /* an old first packet is no restart */
        { 1, 0, 200, MARKET_RESTARTED, 0, 8, 10, 1, 2 },
        { 1, 4, 210, MARKET_CONTINUES, 0, 8, 10, 1, 2 },
    };
    struct market_sequence sequence = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct market_packet packet =
            packet_of(steps[i].sequence, steps[i].count, steps[i].send_ns);
        uint16_t skip;

        assert_int_equal(market_sequence_on_packet(&sequence, &packet, &skip), steps[i].continuity);
        assert_int_equal(skip, steps[i].skip);
        assert_int_equal(sequence.missed, steps[i].missed);
        assert_int_equal(sequence.duplicates, steps[i].duplicates);
        assert_int_equal(sequence.restarts, steps[i].restarts);
        assert_int_equal(sequence.gaps, steps[i].gaps);
        assert_int_equal(sequence.discontinuities, steps[i].gaps + steps[i].restarts);
    }
    assert_int_equal(sequence.next, 5);
}

static void
test_another_session_name_is_a_restart_with_a_reset_event(void **state)
{
    struct market_feed feed;
    struct market_event event;
    struct market_bytes payload;

    (void)state;
    market_feed_init(&feed);
    assert_int_equal(market_feed_open(&feed, read_hex(mold_packet)), MARKET_ACCEPTED);
    while (market_feed_next(&feed, &event)) {
    }
    payload = read_hex(mold_packet);
    bytes[9] = '2';
    assert_int_equal(market_feed_open(&feed, payload), MARKET_ACCEPTED);
    assert_true(market_feed_next(&feed, &event));
    assert_int_equal(event.kind, MARKET_EVENT_RESET);
    assert_true(market_feed_next(&feed, &event));
    assert_int_equal(event.kind, MARKET_EVENT_ADD);
    assert_int_equal(feed.sequence.restarts, 1);
    assert_int_equal(feed.sequence.missed, 6);
}

static void
test_duplicate_packet_gives_no_event_twice(void **state)
{
    struct market_feed feed;
    struct market_event event;

    (void)state;
    market_feed_init(&feed);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(market_feed_open(&feed, read_hex(mold_packet)), MARKET_ACCEPTED);
        while (market_feed_next(&feed, &event)) {
        }
    }
    assert_int_equal(feed.messages, 6);
    assert_int_equal(feed.messages_duplicate, 3);
    assert_int_equal(feed.messages_book, 2);
    assert_int_equal(feed.types[MARKET_MOLDUDP64]['A'], 1);
}

static void
test_end_of_session_has_no_messages(void **state)
{
    struct market_feed feed;
    struct market_event event;
    uint8_t header[MARKET_MOLDUDP64_HEADER_SIZE];

    (void)state;
    market_feed_init(&feed);
    market_moldudp64_encode(header, "SHORT", 9, MARKET_MOLDUDP64_COUNT_END);
    assert_memory_equal(header, "SHORT     ", MARKET_SESSION_SIZE);
    assert_int_equal(market_feed_open(&feed, (struct market_bytes){ header, sizeof(header) }),
                     MARKET_ACCEPTED);
    assert_false(market_feed_next(&feed, &event));
    assert_int_equal(feed.ends_of_session, 1);
    assert_int_equal(feed.heartbeats, 0);
    assert_int_equal(feed.sequence.next, 9);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_iextp_packet_gives_levels_then_ends),
        cmocka_unit_test(test_moldudp64_packet_gives_orders_and_passes_over_the_rest),
        cmocka_unit_test(test_itch_replace_delete_cancel_decode),
        cmocka_unit_test(test_cut_packets_are_refused_whole),
        cmocka_unit_test(test_foreign_payloads_have_their_own_counters),
        cmocka_unit_test(test_short_and_unknown_messages_are_counted_and_passed_over),
        cmocka_unit_test(test_sequence_tells_gaps_duplicates_and_restarts_apart),
        cmocka_unit_test(test_another_session_name_is_a_restart_with_a_reset_event),
        cmocka_unit_test(test_duplicate_packet_gives_no_event_twice),
        cmocka_unit_test(test_end_of_session_has_no_messages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
