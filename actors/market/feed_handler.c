/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The feed handler: takes the feed's frames off a port, decodes them and gives the events to the
 * book.
 *
 * A frame is borrowed only until the callback returns, and the book may have no room, so each
 * payload is first copied into a ring of KEPT_MAX and decoded from there as far as the book
 * takes it. The exchange is granted a frame again when all of its events have gone; at the feed's
 * own pace nobody waits, and a frame that finds the ring full is dropped and counted.
 */
#include <mycelium/port.h>

#include <stdio.h>

#include "arguments.h"
#include "classes.h"
#include "feed.h"
#include "frame.h"
#include "inlet.h"
#include "memory.h"
#include "station.h"

#define KEPT_MAX       (2U * MARKET_WINDOW) /* a window of an exchange that died, and of its heir */
#define PAYLOAD_MAX    2048U                /* bytes kept of a frame; feeds fit an MTU of 1500 */
#define PATIENCE_TICKS 5U /* until a frame that was sent and is not here counts as lost */

struct kept_payload {
    uint64_t origin;
    uint32_t size;
    uint16_t life; /* of the exchange when it came */
    uint8_t bytes[PAYLOAD_MAX];
};

struct feed_handler {
    struct market_inlet frames; /* accounts only: frames come over the port */
    struct market_outlet events;
    struct market_journal journal;
    struct market_feed feed;
    struct market_frame_counters counters;
    struct market_frame_filter filter;
    struct kept_payload *kept; /* owned; KEPT_MAX of them */
    uint64_t head;             /* of kept; counts up for ever */
    uint64_t tail;
    char port[MARKET_ARGUMENT_TEXT_SIZE];
    uint64_t frames_life;    /* received in this life of the exchange */
    uint64_t dropped_full;   /* frames that found the ring full */
    uint64_t dropped_large;  /* frames larger than PAYLOAD_MAX */
    uint64_t frames_lost;    /* sent, as the exchange says, and never received */
    uint64_t mark_frames;    /* of the last FeedMark */
    uint32_t patience_ticks; /* left until what is missing is lost; 0: nothing is awaited */
    uint16_t life;           /* counts exchanges and the lives of their hop */
    uint16_t exchange_life;  /* as the exchange numbers it, to see a new one */
    struct myc_ref exchange;
    bool is_open;     /* the payload at head is being decoded */
    bool is_end_told; /* by the exchange */
    bool is_finished;
};

static const struct myc_type *const accepts[] = {
    &market_open_type,
    &market_credit_type,
    &market_feed_mark_type,
};

static void
push_event(struct feed_handler *handler, const struct market_event *event, uint64_t origin)
{
    struct market_book_update message = {
        .order = event->order,
        .order_new = event->order_new,
        .price = event->price,
        .sequence = event->sequence,
        .exchange_ns = event->exchange_ns,
        .size = event->size,
        .kind = (enum market_update_kind)event->kind,
        .side = (enum market_order_side)event->side,
        .flags = event->is_complete ? MARKET_UPDATE_FLAGS_COMPLETE : 0,
    };
    uint8_t body[MARKET_BOOK_UPDATE_SIZE];

    memcpy(message.symbol, &event->symbol, sizeof(message.symbol));
    market_book_update_encode(&message, body);
    market_outlet_push(&handler->events, &market_book_update_type, body, origin);
}

/* Decodes what is kept as far as the book takes it. */
static void
decode_kept(struct feed_handler *handler)
{
    struct market_event event;

    while (handler->head < handler->tail && market_outlet_has_room(&handler->events)) {
        struct kept_payload *payload = &handler->kept[handler->head % KEPT_MAX];

        if (!handler->is_open) {
            (void)market_feed_open(&handler->feed,
                                   (struct market_bytes){ payload->bytes, payload->size });
            handler->is_open = true;
        }
        if (market_feed_next(&handler->feed, &event)) {
            push_event(handler, &event, payload->origin);
            continue;
        }
        handler->is_open = false;
        handler->head++;
        if (payload->life == handler->life)
            market_inlet_account(&handler->frames, 1);
    }
}

/* What may be said when all that came was decoded: the end, or that frames are lost. */
static void
settle_mark(struct feed_handler *handler)
{
    if (handler->head < handler->tail)
        return;
    if (handler->frames_life < handler->mark_frames) {
        if (handler->patience_ticks > 0)
            return;
        uint64_t missing = handler->mark_frames - handler->frames_life;

        handler->frames_lost += missing;
        handler->frames_life += missing;
        market_inlet_account(&handler->frames, missing);
    }
    if (!handler->is_end_told || handler->is_finished || !market_outlet_has_room(&handler->events))
        return;
    market_outlet_push_end(&handler->events);
    handler->is_finished = true;
}

static void
journal_types(struct feed_handler *handler)
{
    static const char *const protocols[] = { "deep", "itch" };
    char name[sizeof("type_deep_X")];

    for (uint32_t i = 0; i < 2 * 256; i++) {
        uint64_t count = handler->feed.types[i / 256][i % 256];

        if (count == 0)
            continue;
        (void)snprintf(name, sizeof(name), "type_%s_%c", protocols[i / 256], (char)(i % 256));
        market_journal_count(&handler->journal, name, count);
    }
}

static void
journal_counters(struct feed_handler *handler)
{
    struct market_journal *journal = &handler->journal;
    const struct market_sequence *sequence = &handler->feed.sequence;

#define COUNT(name, text) market_journal_part(journal, "frame", #name, handler->counters.name);
    MARKET_FRAME_COUNTERS(COUNT)
#undef COUNT
#define COUNT(name, text) market_journal_count(journal, #name, handler->feed.name);
    MARKET_FEED_COUNTERS(COUNT)
#undef COUNT
    market_outlet_report(&handler->events, "events");
    market_journal_count(journal, "discontinuities", sequence->discontinuities);
    market_journal_count(journal, "gaps", sequence->gaps);
    market_journal_count(journal, "missed", sequence->missed);
    market_journal_count(journal, "restarts", sequence->restarts);
    market_journal_count(journal, "sequence_first", sequence->first);
    market_journal_count(journal, "sequence_next", sequence->next);
    market_journal_count(journal, "dropped_full", handler->dropped_full);
    market_journal_count(journal, "dropped_large", handler->dropped_large);
    market_journal_count(journal, "frames_lost", handler->frames_lost);
    journal_types(handler);
}

static void
pump(struct feed_handler *handler, struct myc_self *self)
{
    bool was_finished = handler->is_finished;

    if (handler->events.has_been_open)
        market_inlet_set_ready(&handler->frames);
    decode_kept(handler);
    settle_mark(handler);
    if (handler->is_finished && !was_finished) {
        journal_counters(handler);
        market_journal_finished(&handler->journal);
    }
    market_outlet_flush(&handler->events, self);
    market_inlet_flush(&handler->frames, self);
    market_journal_flush(&handler->journal, self);
}

static void
on_frame(struct myc_self *self, void *state, const struct myc_frame *frame)
{
    struct feed_handler *handler = state;
    struct kept_payload *kept = &handler->kept[handler->tail % KEPT_MAX];
    struct market_bytes payload;

    if (!market_frame_decode((struct market_bytes){ frame->bytes, frame->size }, &handler->filter,
                             &handler->counters, &payload, NULL))
        return;
    handler->frames_life++;
    if (payload.size > PAYLOAD_MAX || handler->tail - handler->head == KEPT_MAX) {
        if (payload.size > PAYLOAD_MAX)
            handler->dropped_large++;
        else
            handler->dropped_full++;
        market_inlet_account(&handler->frames, 1);
        return;
    }
    kept->origin = frame->origin;
    kept->size = (uint32_t)payload.size;
    kept->life = handler->life;
    memcpy(kept->bytes, payload.data, payload.size);
    handler->tail++;
    pump(handler, self);
}

/* A new exchange, or a new life of its hop, begins its feed anew. */
static void
on_exchange(struct feed_handler *handler)
{
    bool is_other = !myc_ref_is_equal(handler->frames.from, handler->exchange);

    if (!is_other && handler->frames.life == handler->exchange_life)
        return;
    if (is_other && !myc_ref_is_null(handler->exchange))
        market_feed_restart(&handler->feed);
    handler->exchange = handler->frames.from;
    handler->exchange_life = handler->frames.life;
    handler->life++;
    handler->frames_life = 0;
    handler->mark_frames = 0;
    handler->is_end_told = false;
}

static void
on_mark(struct feed_handler *handler, const struct myc_message *message)
{
    struct market_feed_mark mark;

    if (!market_feed_mark_decode(message, &mark) || mark.life != handler->frames.life ||
        !myc_ref_is_equal(message->from, handler->frames.from))
        return;
    handler->mark_frames = mark.frames;
    handler->is_end_told = mark.is_end != 0;
    handler->patience_ticks = PATIENCE_TICKS;
}

static void
on_tick(struct feed_handler *handler, struct myc_self *self)
{
    if (handler->patience_ticks > 0)
        handler->patience_ticks--;
    market_outlet_on_tick(&handler->events, self);
    if (market_journal_progress(&handler->journal,
                                (struct market_progress){
                                    .received = handler->counters.payloads,
                                    .sent = handler->events.sent,
                                    .gaps = handler->feed.sequence.discontinuities,
                                    .dropped = handler->dropped_full + handler->dropped_large +
                                               handler->frames_lost +
                                               handler->events.dropped_no_peer,
                                    .depth = (uint32_t)(handler->tail - handler->head) +
                                             market_outlet_depth(&handler->events),
                                }))
        journal_counters(handler);
}

static enum myc_status
feed_handler_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct feed_handler *handler = state;

    if (myc_message_is(message, &myc_timer_fired_type))
        on_tick(handler, self);
    else if (myc_message_is(message, &market_feed_mark_type))
        on_mark(handler, message);
    else if (market_inlet_on_message(&handler->frames, self, message))
        on_exchange(handler);
    else if (!market_outlet_on_message(&handler->events, self, message))
        (void)market_journal_on_message(&handler->journal, message);
    pump(handler, self);
    return MYC_OK;
}

static void
feed_handler_stop(struct myc_self *self, void *state, enum myc_status reason)
{
    struct feed_handler *handler = state;

    (void)self;
    (void)reason;
    market_inlet_fini(&handler->frames);
    market_outlet_fini(&handler->events);
    market_journal_fini(&handler->journal);
    free(handler->kept);
}

static bool
take_memory(struct feed_handler *handler)
{
    market_feed_init(&handler->feed);
    handler->kept = market_memory_take(KEPT_MAX, sizeof(*handler->kept));
    return handler->kept != NULL &&
           market_journal_init(&handler->journal, MARKET_ROLE_FEED_HANDLER) &&
           market_inlet_init(&handler->frames, MARKET_LANE_FRAMES, MARKET_NAME_EXCHANGE,
                             &handler->journal, false) &&
           market_outlet_init(&handler->events, MARKET_LANE_EVENTS, MARKET_NAME_BOOK,
                              &handler->journal, true);
}

static enum myc_status
start_handler(struct feed_handler *handler, struct myc_self *self)
{
    enum myc_status status =
        myc_port_listen(self, handler->port, handler->filter.group_port, on_frame);

    if (status == MYC_OK)
        status = market_station_start(self, MARKET_NAME_FEED_HANDLER, &handler->events);
    return status;
}

static enum myc_status
feed_handler_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    struct feed_handler *handler = state;
    uint64_t udp_port = MARKET_FEED_UDP_PORT;
    const struct market_argument arguments[] = {
        { "port", MARKET_ARGUMENT_TEXT, handler->port, 0, 0 },
        { "udp_port", MARKET_ARGUMENT_U64, &udp_port, 1, UINT16_MAX },
    };
    char error[MARKET_ARGUMENT_TEXT_SIZE * 2];
    enum myc_status status = MYC_NO_MEMORY;

    (void)snprintf(handler->port, sizeof(handler->port), MARKET_FEED_PORT);
    if (!market_arguments_read(args, args_size, arguments, 2, error, sizeof(error))) {
        (void)fprintf(stderr, "market_feed_handler: %s\n", error);
        return MYC_INVALID;
    }
    handler->filter.group_port = (uint16_t)udp_port;
    handler->filter.is_checksum_wanted = true;
    if (take_memory(handler))
        status = start_handler(handler, self);
    if (status != MYC_OK)
        feed_handler_stop(self, state, status);
    return status;
}

const struct myc_class market_feed_handler_class = {
    .size = sizeof(struct myc_class),
    .name = "market_feed_handler",
    .state_size = sizeof(struct feed_handler),
    .accepts = accepts,
    .accepts_count = sizeof(accepts) / sizeof(accepts[0]),
    .init = feed_handler_init,
    .receive = feed_handler_receive,
    .stop = feed_handler_stop,
};
