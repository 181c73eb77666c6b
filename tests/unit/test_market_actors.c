/* SPDX-License-Identifier: BSD-3-Clause */
/* The demo's actors over a fabric that refuses, returns, loses and kills as a test wants. */
#include "support/cmocka.h"
#include "support/fake_fabric.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "market/book.h"
#include "market/feed.h"
#include "market/generator.h"
#include "market/demo.h"
#include "market/reporter.h"

#define STEP_NS       100000U
#define TURNS_MAX     400000U
#define EXCHANGE_TEXT "port=feed\nspeed=max\nseed=5\nmessages=20000\nsymbols=6\n"
#define LIMITS_TEXT   "symbols=16\nlevels=256\norders=30000\n"

enum {
    EXCHANGE = 0,
    FEED_HANDLER,
    BOOK,
    STRATEGY,
    GATEWAY
};

static struct market_report *report;
static uint32_t actors[5];

static uint32_t
spawn_text(const struct myc_class *class_of, const char *text)
{
    return fake_fabric_spawn(class_of, text[0] != '\0' ? text : NULL, strlen(text));
}

static void
spawn_one(uint32_t role, const char *exchange_text)
{
    static const struct myc_class *const classes[] = {
        &market_exchange_class, &market_feed_handler_class, &market_book_class,
        &market_strategy_class, &market_gateway_class,
    };
    const char *const texts[] = { exchange_text, "port=feed\n", LIMITS_TEXT, "symbols=16\n", "" };

    actors[role] = spawn_text(classes[role], texts[role]);
}

static void
begin(const struct fake_faults *faults, const char *exchange_text)
{
    struct market_reporter_args args;

    fake_fabric_init(faults);
    report = calloc(1, sizeof(*report));
    args.report = report;
    (void)fake_fabric_spawn(&market_reporter_class, &args, sizeof(args));
    for (uint32_t role = 0; role < 5; role++)
        spawn_one(role, exchange_text);
}

static void
run_turns(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        (void)fake_fabric_turn(STEP_NS);
}

static void
run_to_end(void)
{
    for (uint32_t i = 0; i < TURNS_MAX && !market_report_is_complete(report); i++)
        (void)fake_fabric_turn(STEP_NS);
    assert_true(market_report_is_complete(report));
}

static void
end(void)
{
    fake_fabric_fini();
    free(report);
}

static uint64_t
value(uint32_t role, const char *name)
{
    return market_report_value(report, role, name);
}

static void
assert_nothing_lost(void)
{
    for (uint32_t i = 0; i < MARKET_REPORT_HOPS; i++) {
        struct market_report_hop hop = market_report_hop(report, i);

        assert_true(hop.out > 0);
        assert_int_equal(hop.out, hop.in);
        assert_int_equal(hop.gaps, 0);
        assert_int_equal(hop.missed, 0);
        assert_int_equal(hop.dropped, 0);
    }
    assert_int_equal(report->overflow, 0);
    assert_int_equal(value(BOOK, "book_events"), value(BOOK, "book_applied"));
    assert_int_equal(value(BOOK, "is_sound"), 1);
}

/* The tops in the report against the same feed read directly, without actors. */
static void
assert_tops_are_right(uint64_t messages)
{
    const struct market_generator_options options = {
        .seed = 5,
        .order_messages = messages,
        .symbols = 6,
        .orders_max = 20000,
        .payload_max = 1472,
        .packet_gap_ns = 10000,
    };
    const struct market_book_limits limits = { 16, 256, 30000 };
    struct market_generator *generator = market_generator_create(&options);
    struct market_book *book = market_book_create(&limits);
    uint8_t payload[1472];
    struct market_feed feed;
    struct market_event event;
    struct market_change change;
    uint64_t time_ns;
    size_t size;

    market_feed_init(&feed);
    while ((size = market_generator_next(generator, payload, &time_ns)) > 0) {
        (void)market_feed_open(&feed, (struct market_bytes){ payload, size });
        while (market_feed_next(&feed, &event))
            market_book_apply(book, &event, &change);
    }
    assert_int_equal(report->top_count, market_book_symbols(book));
    for (uint32_t i = 0; i < report->top_count; i++) {
        uint32_t symbol = market_book_lookup(book, report->tops[i].symbol);
        struct market_top top = market_book_top(book, symbol);

        assert_int_equal(report->tops[i].bid_price, top.bid.price);
        assert_int_equal(report->tops[i].bid_size, top.bid.size);
        assert_int_equal(report->tops[i].ask_price, top.ask.price);
        assert_int_equal(report->tops[i].ask_size, top.ask.size);
    }
    market_book_destroy(book);
    market_generator_destroy(generator);
}

static const struct market_report_latency *
latency(const char *name)
{
    for (uint32_t i = 0; i < report->latency_count; i++) {
        if (strcmp(report->latencies[i].name, name) == 0)
            return &report->latencies[i];
    }
    fail_msg("no latency %s", name);
    return NULL;
}

static void
test_all_messages_pass_every_hop_and_the_books_are_right(void **state)
{
    const struct fake_faults none = { 0 };

    (void)state;
    begin(&none, EXCHANGE_TEXT);
    run_to_end();
    assert_nothing_lost();
    assert_tops_are_right(20000);
    assert_int_equal(value(FEED_HANDLER, "messages"), 20000 + 3 + 6 + 3);
    assert_int_equal(value(FEED_HANDLER, "ends_of_session"), 1);
    assert_int_equal(latency("ring")->count, value(BOOK, "events_received"));
    assert_int_equal(latency("segment")->count, value(STRATEGY, "tops_received"));
    assert_int_equal(latency("flow")->count, value(GATEWAY, "reactions_received"));
    assert_int_equal(latency("end_to_end")->count, value(STRATEGY, "acks_received") - 1);
    end();
}

static void
test_refusals_and_returns_lose_nothing_and_repeat_nothing(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        const struct fake_faults faults = {
            .seed = seed,
            .full = 30000,
            .undelivered = 1000,
            .port_full = 50000,
        };

        begin(&faults, EXCHANGE_TEXT);
        run_to_end();
        assert_nothing_lost();
        assert_tops_are_right(20000);
        assert_true(value(FEED_HANDLER, "events_full") > 0);
        assert_true(value(FEED_HANDLER, "events_resent") > 0);
        end();
    }
}

static void
test_lost_frames_are_counted_and_do_not_stall_the_exchange(void **state)
{
    const struct fake_faults faults = { .seed = 3, .frame_lost = 200000 };

    (void)state;
    begin(&faults, EXCHANGE_TEXT);
    run_to_end();
    uint64_t lost = value(FEED_HANDLER, "frames_lost");

    assert_true(lost > 0);
    assert_int_equal(value(EXCHANGE, "frames_sent"), value(FEED_HANDLER, "frame_payloads") + lost);
    assert_true(value(FEED_HANDLER, "gaps") > 0);
    assert_int_equal(value(FEED_HANDLER, "messages") + value(FEED_HANDLER, "missed"),
                     value(FEED_HANDLER, "sequence_next") - 1);
    for (uint32_t i = 1; i < MARKET_REPORT_HOPS; i++)
        assert_int_equal(market_report_hop(report, i).out, market_report_hop(report, i).in);
    end();
}

/* Whoever is killed, the others finish, and the one that came back took part again. */
static void
kill_and_restart(uint32_t role, uint32_t turns_away)
{
    const struct fake_faults none = { 0 };

    begin(&none, EXCHANGE_TEXT);
    run_turns(60);
    fake_fabric_kill(actors[role]);
    run_turns(turns_away);
    spawn_one(role, EXCHANGE_TEXT);
    run_to_end();
}

static bool
is_loss_reported(uint32_t role, const char *peer)
{
    for (uint32_t i = 0; i < report->peer_count; i++) {
        if (!report->peers[i].is_there && report->peers[i].role == role &&
            strcmp(report->peers[i].name, peer) == 0)
            return true;
    }
    return false;
}

static void
test_gateway_that_dies_is_missed_counted_and_taken_back(void **state)
{
    (void)state;
    kill_and_restart(GATEWAY, 20);
    assert_true(is_loss_reported(STRATEGY, "demo.gateway"));
    assert_int_equal(value(STRATEGY, "reactions_lives"), 2);
    assert_int_equal(value(STRATEGY, "reactions_pushed"),
                     value(STRATEGY, "reactions_sent") +
                         value(STRATEGY, "reactions_dropped_no_peer"));
    assert_true(value(GATEWAY, "reactions_received") > 0);
    assert_int_equal(value(GATEWAY, "reactions_gaps"), 0);
    assert_int_equal(market_report_hop(report, 1).out, market_report_hop(report, 1).in);
    assert_tops_are_right(20000);
    end();
}

static void
test_strategy_that_dies_is_missed_counted_and_taken_back(void **state)
{
    (void)state;
    kill_and_restart(STRATEGY, 20);
    assert_true(is_loss_reported(BOOK, "demo.strategy"));
    assert_true(is_loss_reported(GATEWAY, "demo.strategy"));
    assert_int_equal(value(BOOK, "tops_lives"), 2);
    assert_true(value(BOOK, "tops_dropped_no_peer") > 0);
    assert_true(value(STRATEGY, "tops_received") > 0);
    assert_int_equal(value(STRATEGY, "tops_gaps"), 0);
    assert_tops_are_right(20000);
    end();
}

static void
test_exchange_that_dies_begins_a_new_session_and_the_books_are_right(void **state)
{
    (void)state;
    kill_and_restart(EXCHANGE, 20);
    assert_true(is_loss_reported(FEED_HANDLER, "demo.exchange"));
    assert_int_equal(value(FEED_HANDLER, "restarts"), 1);
    assert_int_equal(value(BOOK, "book_resets"), 1);
    assert_tops_are_right(20000);
    end();
}

/* At the feed's own pace nobody is waited for, so time decides when a frame goes. */
static void
test_own_pace_takes_the_feeds_own_time(void **state)
{
    const struct fake_faults none = { 0 };
    uint32_t turns = 0;

    (void)state;
    begin(&none, "port=feed\nspeed=1\nseed=5\nmessages=20000\nsymbols=6\n");
    while (!market_report_is_complete(report) && turns < TURNS_MAX) {
        (void)fake_fabric_turn(1000);
        turns++;
    }
    /* Some 1600 packets, 10 us apart in the mean, at 1 us a turn. */
    assert_in_range(turns, 14000, 20000 + 100);
    assert_nothing_lost();
    end();
}

static void
test_json_report_is_json_and_has_the_figures(void **state)
{
    const struct fake_faults none = { 0 };
    json_error_t error;
    char *text;
    size_t size;
    json_t *root;

    (void)state;
    begin(&none, EXCHANGE_TEXT);
    run_to_end();
    FILE *out = open_memstream(&text, &size);

    market_report_write_json(report, "\"speed\":\"max\",", out);
    (void)fclose(out);
    root = json_loads(text, 0, &error);
    assert_non_null(root);
    assert_string_equal(json_string_value(json_object_get(root, "speed")), "max");
    assert_true(json_is_true(json_object_get(root, "is_complete")));
    assert_int_equal(json_array_size(json_object_get(root, "hops")), MARKET_REPORT_HOPS);
    assert_int_equal(json_object_size(json_object_get(root, "top_of_book")), 6);
    assert_non_null(json_object_get(json_object_get(root, "latency"), "end_to_end"));
    json_decref(root);
    free(text);
    out = open_memstream(&text, &size);
    market_report_write_table(report, out);
    (void)fclose(out);
    assert_non_null(strstr(text, "reactions"));
    assert_null(strstr(text, "lost"));
    free(text);
    end();
}

/* The parent's side: arguments for each class, live lines, the end, and the verdict. */
static void
test_demo_runs_from_its_options_to_its_verdict(void **state)
{
    static const struct myc_class *const classes[] = {
        &market_exchange_class, &market_feed_handler_class, &market_book_class,
        &market_strategy_class, &market_gateway_class,
    };
    const struct fake_faults none = { 0 };
    struct market_demo_options options;
    struct market_demo demo;
    char arguments[MARKET_DEMO_ARGUMENTS_SIZE];
    uint64_t now_ns = 1;
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    (void)state;
    market_demo_options_init(&options);
    options.messages = 5000;
    options.speed = 0.05;
    fake_fabric_init(&none);
    assert_int_equal(market_demo_start(&demo, &options, NULL, now_ns), MYC_OK);
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        assert_true(market_demo_arguments(&options, classes[i]->name, arguments));
        (void)spawn_text(classes[i], arguments);
    }
    assert_false(market_demo_is_lossless(&demo));
    while (!market_demo_poll(&demo, now_ns, out) && now_ns < TURNS_MAX * (uint64_t)STEP_NS) {
        (void)fake_fabric_turn(STEP_NS);
        now_ns += 10 * STEP_NS; /* the parent's clock need not be the actors' */
    }
    assert_true(market_demo_is_lossless(&demo));
    market_demo_print(&demo, out);
    (void)fclose(out);
    assert_non_null(strstr(text, "waiting"));
    assert_non_null(strstr(text, "end_to_end"));
    assert_non_null(strstr(text, "MYCAA"));
    free(text);
    fake_fabric_fini();
    market_demo_fini(&demo);
}

static void
test_arguments_that_are_wrong_are_refused(void **state)
{
    static const struct {
        const struct myc_class *class_of;
        const char *text;
    } bad[] = {
        { &market_exchange_class, "port=feed\nspeed=fast\n" },
        { &market_exchange_class, "port=feed\npcap=/nonexistent.pcap\n" },
        { &market_exchange_class, "symbols=0\n" },
        { &market_exchange_class, "colour=red\n" },
        { &market_feed_handler_class, "port=feed\nudp_port=70000\n" },
        { &market_book_class, "levels=0\n" },
        { &market_book_class, "keep_at_restart=perhaps\n" },
        { &market_strategy_class, "symbols\n" },
        { &market_gateway_class, "x=1\n" },
    };
    const struct fake_faults none = { 0 };

    (void)state;
    fake_fabric_init(&none);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(fake_fabric_try_spawn(bad[i].class_of, bad[i].text, strlen(bad[i].text)),
                         MYC_INVALID);
    assert_int_equal(fake_fabric_try_spawn(&market_feed_handler_class, "port=other", 10),
                     MYC_NOT_FOUND);
    fake_fabric_fini();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_messages_pass_every_hop_and_the_books_are_right),
        cmocka_unit_test(test_refusals_and_returns_lose_nothing_and_repeat_nothing),
        cmocka_unit_test(test_lost_frames_are_counted_and_do_not_stall_the_exchange),
        cmocka_unit_test(test_gateway_that_dies_is_missed_counted_and_taken_back),
        cmocka_unit_test(test_strategy_that_dies_is_missed_counted_and_taken_back),
        cmocka_unit_test(test_exchange_that_dies_begins_a_new_session_and_the_books_are_right),
        cmocka_unit_test(test_own_pace_takes_the_feeds_own_time),
        cmocka_unit_test(test_json_report_is_json_and_has_the_figures),
        cmocka_unit_test(test_demo_runs_from_its_options_to_its_verdict),
        cmocka_unit_test(test_arguments_that_are_wrong_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
