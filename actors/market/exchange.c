/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The exchange: sends a feed's payloads as UDP frames over a port, at the feed's pace, or as fast
 * as the other end grants.
 *
 * It stands for the outside world, so unlike every other actor it reads a file as it goes. Sending
 * begins when the feed handler is ready. At the feed's own pace nobody is waited for, as on a real
 * line; with speed "max" at most a window of frames is on its way that the handler has not used up,
 * so nothing is dropped. Should a frame be lost all the same, no credit would ever come for it:
 * when nothing moves for a while the exchange says how many frames it has sent (FeedMark), and the
 * handler counts the missing ones as lost.
 */
#include <mycelium/port.h>

#include <stdio.h>

#include "arguments.h"
#include "classes.h"
#include "memory.h"
#include "source.h"
#include "station.h"

#define BURST         32U /* frames a turn */
#define STALLED_TICKS 5U
#define PAYLOAD_MAX   1472U /* of the generator: one frame of MTU 1500 */
#define SOURCE_PORT   30000U
#define SPEED_MOST    1000000000U
#define GROUP_IP      0xe9fc0e01U /* 233.252.14.1, of the test network of RFC 5771 */
#define SOURCE_IP     0x0a000001U

struct exchange {
    struct market_outlet frames; /* accounts only: frames go over the port */
    struct market_journal journal;
    struct market_source source;
    struct market_frame_address address;
    char port[MARKET_ARGUMENT_TEXT_SIZE];
    double speed; /* 0: as fast as granted */
    uint8_t frame[MARKET_FRAME_SIZE_MAX];
    size_t frame_size;    /* 0: none is ready to go */
    uint64_t frame_ns;    /* the feed's time of it */
    uint64_t first_ns;    /* the feed's time of the first one */
    uint64_t start_ns;    /* our time of the first one; 0: not begun */
    uint64_t sent_before; /* frames at the last tick */
    uint64_t port_full;
    uint64_t frames_refused;
    uint64_t frames_too_big;
    uint64_t frames_marked; /* told in the last FeedMark */
    uint32_t stalled_ticks;
    bool is_over; /* the source has no more */
    bool is_mark_due;
    bool is_finished;
};

static const struct myc_type *const accepts[] = { &market_credit_type };

static bool
read_arguments(struct exchange *exchange, const char *text, size_t size, char *path,
               struct market_generator_options *generator)
{
    uint64_t udp_port = MARKET_FEED_UDP_PORT;
    uint64_t group_ip = GROUP_IP;
    uint64_t source_ip = SOURCE_IP;
    uint64_t symbols = generator->symbols;
    const struct market_argument arguments[] = {
        { "port", MARKET_ARGUMENT_TEXT, exchange->port, 0, 0 },
        { "pcap", MARKET_ARGUMENT_TEXT, path, 0, 0 },
        { "speed", MARKET_ARGUMENT_REAL, &exchange->speed, 0, SPEED_MOST },
        { "udp_port", MARKET_ARGUMENT_U64, &udp_port, 1, UINT16_MAX },
        { "group_ip", MARKET_ARGUMENT_U64, &group_ip, 1, UINT32_MAX },
        { "source_ip", MARKET_ARGUMENT_U64, &source_ip, 1, UINT32_MAX },
        { "seed", MARKET_ARGUMENT_U64, &generator->seed, 0, UINT64_MAX },
        { "messages", MARKET_ARGUMENT_U64, &generator->order_messages, 0, UINT64_MAX },
        { "symbols", MARKET_ARGUMENT_U64, &symbols, 1, MARKET_GENERATOR_SYMBOLS_MOST },
    };
    char error[MARKET_CAPTURE_ERROR_SIZE];

    if (!market_arguments_read(text, size, arguments, sizeof(arguments) / sizeof(arguments[0]),
                               error, sizeof(error))) {
        (void)fprintf(stderr, "market_exchange: %s\n", error);
        return false;
    }
    generator->symbols = (uint32_t)symbols;
    exchange->address = (struct market_frame_address){
        .source_ip = (uint32_t)source_ip,
        .group_ip = (uint32_t)group_ip,
        .source_port = SOURCE_PORT,
        .group_port = (uint16_t)udp_port,
        .source_mac = { 0x02, 'm', 'y', 'c', 0, 1 },
    };
    return true;
}

/* The next payload as a frame, ready to go; false when the source is over. */
static bool
prepare_frame(struct exchange *exchange)
{
    struct market_bytes payload;

    while (exchange->frame_size == 0) {
        if (!market_source_next(&exchange->source, &payload, &exchange->frame_ns))
            return false;
        exchange->frame_size = market_frame_encode(&exchange->address, payload, exchange->frame,
                                                   sizeof(exchange->frame));
        if (exchange->frame_size == 0)
            exchange->frames_too_big++;
    }
    return true;
}

/* Whether the frame that is ready may go now. */
static bool
is_due(struct exchange *exchange, uint64_t now_ns)
{
    if (exchange->speed == 0)
        return exchange->frames.state == MARKET_OUTLET_OPEN &&
               market_outlet_has_room(&exchange->frames);
    if (exchange->start_ns == 0) {
        exchange->start_ns = now_ns;
        exchange->first_ns = exchange->frame_ns;
    }
    /* Captures are not always in order of time; what is earlier than the first is due at once. */
    return exchange->frame_ns <= exchange->first_ns ||
           (double)(exchange->frame_ns - exchange->first_ns) / exchange->speed <=
               (double)(now_ns - exchange->start_ns);
}

/* Puts the frame on the wire; false when the port has no room now. */
static bool
transmit(struct exchange *exchange, struct myc_self *self)
{
    enum myc_status status =
        myc_port_transmit(self, exchange->port, exchange->frame, (uint32_t)exchange->frame_size);

    if (status == MYC_FULL) {
        exchange->port_full++;
        return false;
    }
    exchange->frame_size = 0;
    if (status == MYC_OK) {
        /* At the feed's own pace there is no window, only a count of frames. */
        if (exchange->speed != 0 && !market_outlet_has_room(&exchange->frames))
            exchange->frames.first++;
        market_outlet_account(&exchange->frames);
    } else {
        exchange->frames_refused++;
    }
    return true;
}

static unsigned
poll_frames(struct myc_self *self, void *state)
{
    struct exchange *exchange = state;
    uint64_t now_ns = myc_now_ns(self);
    unsigned sent = 0;

    if (exchange->is_over || !exchange->frames.has_been_open)
        return 0;
    while (sent < BURST) {
        if (!prepare_frame(exchange)) {
            exchange->is_over = true;
            exchange->is_mark_due = true;
            break;
        }
        if (!is_due(exchange, now_ns) || !transmit(exchange, self))
            break;
        sent++;
    }
    return sent;
}

static void
send_mark(struct exchange *exchange, struct myc_self *self)
{
    const struct market_feed_mark mark = { .frames = exchange->frames.last,
                                           .life = exchange->frames.life,
                                           .is_end = exchange->is_over };
    const struct myc_send_options options = { .size = sizeof(options), .tag = MARKET_TAG_MARK };
    uint8_t body[MARKET_FEED_MARK_SIZE];

    if (!exchange->is_mark_due || exchange->frames.state != MARKET_OUTLET_OPEN)
        return;
    market_feed_mark_encode(&mark, body);
    exchange->is_mark_due =
        myc_send(self, exchange->frames.to, &market_feed_mark_type, body, sizeof(body)) != MYC_OK;
}

static void
journal_counters(struct exchange *exchange)
{
    struct market_journal *journal = &exchange->journal;
    const struct market_frame_counters *source = &exchange->source.frames;

    market_journal_count(journal, "frames_sent", exchange->frames.sent);
    market_journal_count(journal, "frames_refused", exchange->frames_refused);
    market_journal_count(journal, "frames_too_big", exchange->frames_too_big);
    market_journal_count(journal, "port_full", exchange->port_full);
    market_journal_count(journal, "is_capture_cut", exchange->source.outcome == MARKET_CAPTURE_CUT);
    market_journal_count(journal, "is_capture_damaged",
                         exchange->source.outcome == MARKET_CAPTURE_DAMAGED);
#define COUNT(name, text) market_journal_part(journal, "capture", #name, source->name);
    MARKET_FRAME_COUNTERS(COUNT)
#undef COUNT
}

static void
finish(struct exchange *exchange)
{
    if (exchange->is_finished || !exchange->is_over || exchange->is_mark_due)
        return;
    exchange->is_finished = true;
    journal_counters(exchange);
    market_journal_finished(&exchange->journal);
}

static void
on_tick(struct exchange *exchange, struct myc_self *self)
{
    market_outlet_on_tick(&exchange->frames, self);
    if (exchange->frames.sent != exchange->sent_before || exchange->is_over ||
        market_outlet_has_room(&exchange->frames))
        exchange->stalled_ticks = 0;
    else if (++exchange->stalled_ticks % STALLED_TICKS == 0)
        exchange->is_mark_due = true;
    exchange->sent_before = exchange->frames.sent;
    if (market_journal_progress(&exchange->journal,
                                (struct market_progress){
                                    .sent = exchange->frames.sent,
                                    .dropped = exchange->frames_refused + exchange->frames_too_big,
                                    .depth = market_outlet_depth(&exchange->frames),
                                }))
        journal_counters(exchange);
}

static enum myc_status
exchange_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct exchange *exchange = state;

    if (!market_outlet_on_message(&exchange->frames, self, message))
        (void)market_journal_on_message(&exchange->journal, message);
    if (myc_message_is(message, &myc_timer_fired_type))
        on_tick(exchange, self);
    if (myc_message_is(message, &myc_undelivered_type) && message->tag == MARKET_TAG_MARK)
        exchange->is_mark_due = true;
    /* A handler that came back after the end has to be told of it again. */
    if (myc_message_is(message, &market_credit_type) && exchange->is_over &&
        exchange->frames.life != 0 && exchange->frames.last == 0)
        exchange->is_mark_due = true;
    send_mark(exchange, self);
    finish(exchange);
    market_journal_flush(&exchange->journal, self);
    return MYC_OK;
}

static void
exchange_stop(struct myc_self *self, void *state, enum myc_status reason)
{
    struct exchange *exchange = state;

    (void)self;
    (void)reason;
    market_source_fini(&exchange->source);
    market_outlet_fini(&exchange->frames);
    market_journal_fini(&exchange->journal);
}

static enum myc_status
start_exchange(struct exchange *exchange, struct myc_self *self)
{
    enum myc_status status = market_station_start(self, MARKET_NAME_EXCHANGE, &exchange->frames);

    if (status == MYC_OK)
        status = myc_poller_start(self, poll_frames, 0, NULL);
    return status;
}

static enum myc_status
exchange_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    struct exchange *exchange = state;
    struct market_generator_options generator = {
        .seed = 1,
        .order_messages = 1000000,
        .symbols = 8,
        .orders_max = 20000,
        .payload_max = PAYLOAD_MAX,
        .packet_gap_ns = 10000,
    };
    char path[MARKET_ARGUMENT_TEXT_SIZE] = "";
    char error[MARKET_CAPTURE_ERROR_SIZE];
    enum myc_status status = MYC_NO_MEMORY;

    (void)snprintf(exchange->port, sizeof(exchange->port), MARKET_FEED_PORT);
    if (!read_arguments(exchange, args, args_size, path, &generator))
        return MYC_INVALID;
    if (!market_source_init(&exchange->source, path, &generator, error)) {
        (void)fprintf(stderr, "market_exchange: %s\n", error);
        return MYC_INVALID;
    }
    if (market_journal_init(&exchange->journal, MARKET_ROLE_EXCHANGE) &&
        market_outlet_init(&exchange->frames, MARKET_LANE_FRAMES, MARKET_NAME_FEED_HANDLER,
                           &exchange->journal, false))
        status = start_exchange(exchange, self);
    if (status != MYC_OK)
        exchange_stop(self, state, status);
    return status;
}

const struct myc_class market_exchange_class = {
    .size = sizeof(struct myc_class),
    .name = "market_exchange",
    .state_size = sizeof(struct exchange),
    .accepts = accepts,
    .accepts_count = 1,
    .init = exchange_init,
    .receive = exchange_receive,
    .stop = exchange_stop,
};
