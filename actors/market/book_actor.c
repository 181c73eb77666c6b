/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The book: applies the feed's events and tells the strategy whenever the best of a symbol changed.
 *
 * Within a compound event (DEEP's flag) the book may be crossed for a moment; a change is told when
 * the event is complete. After a RESET every symbol's top is told once, so the strategy forgets
 * what an earlier session said.
 */
#include <stdio.h>

#include "arguments.h"
#include "book.h"
#include "classes.h"
#include "inlet.h"
#include "memory.h"
#include "station.h"
#include "subscribers.h"

#define SYMBOLS_MAX 1024U
#define LEVELS_MAX  1024U
#define ORDERS_MAX  (1U << 20)

struct book_actor {
    struct market_inlet events;
    struct market_outlet tops;
    struct market_journal journal;
    struct market_subscribers subscribers;
    struct market_book *book; /* owned */
    bool *is_dirty;           /* owned; by symbol: the top changed and was not told yet */
    uint32_t reset_next;      /* next symbol whose top is told after a RESET */
    uint32_t reset_end;       /* up to here; equal when none is due */
    uint64_t reset_origin;    /* of the frame that brought the RESET */
    uint32_t final_next;      /* next symbol to report at the end */
    uint64_t sequence;        /* of the last event, for the tops after a RESET */
    uint64_t resets_ignored;
    bool is_kept_at_restart; /* an option: RESET is ignored */
    bool is_ended;
    bool is_counted; /* the counters were reported */
    bool is_finished;
};

static const struct myc_type *const accepts[] = {
    &market_open_type, &market_credit_type,    &market_book_update_type,
    &market_end_type,  &market_subscribe_type,
};

static void
push_top(struct book_actor *actor, uint32_t symbol, uint64_t exchange_ns, uint64_t origin)
{
    struct market_top top = market_book_top(actor->book, symbol);
    struct market_top_of_book message = {
        .bid_price = top.bid.price,
        .bid_size = top.bid.size,
        .ask_price = top.ask.price,
        .ask_size = top.ask.size,
        .sequence = actor->sequence,
        .exchange_ns = exchange_ns,
    };
    uint8_t body[MARKET_TOP_OF_BOOK_SIZE];

    memcpy(message.symbol, &top.symbol, sizeof(message.symbol));
    market_top_of_book_encode(&message, body);
    market_outlet_push(&actor->tops, &market_top_of_book_type, body, origin);
    actor->is_dirty[symbol] = false;
    market_subscribers_mark(&actor->subscribers, symbol);
}

static struct market_event
event_of(const struct market_inlet_item *item)
{
    struct market_book_update_view view = MARKET_INLET_VIEW(struct market_book_update_view, item);
    struct market_book_update message;
    uint64_t symbol;

    market_book_update_read(&view, &message);
    memcpy(&symbol, message.symbol, sizeof(symbol));
    return (struct market_event){
        .symbol = symbol,
        .order = message.order,
        .order_new = message.order_new,
        .price = message.price,
        .sequence = message.sequence,
        .exchange_ns = message.exchange_ns,
        .size = message.size,
        .kind = (uint8_t)message.kind,
        .side = (uint8_t)message.side,
        .is_complete = market_update_flags_has(message.flags, MARKET_UPDATE_FLAGS_COMPLETE),
    };
}

static void
apply(struct book_actor *actor, const struct market_event *event, uint64_t origin)
{
    struct market_change change;
    uint32_t symbol;

    actor->sequence = event->sequence;
    if (event->kind == MARKET_EVENT_RESET && actor->is_kept_at_restart) {
        actor->resets_ignored++;
        return;
    }
    market_book_apply(actor->book, event, &change);
    if (event->kind == MARKET_EVENT_RESET) {
        actor->reset_next = 0;
        actor->reset_end = market_book_symbols(actor->book);
        actor->reset_origin = origin;
        return;
    }
    if (change.is_top_changed)
        actor->is_dirty[change.symbol] = true;
    /* A refused event may complete an earlier one too; its symbol is then known by name only. */
    symbol = change.symbol != MARKET_NO_SYMBOL ? change.symbol
                                               : market_book_lookup(actor->book, event->symbol);
    if (symbol != MARKET_NO_SYMBOL && event->is_complete && actor->is_dirty[symbol])
        push_top(actor, symbol, event->exchange_ns, origin);
}

/* Applies what waits, as long as a change would find room. */
static void
apply_waiting(struct book_actor *actor)
{
    const struct market_inlet_item *item;

    while (market_outlet_has_room(&actor->tops)) {
        if (actor->reset_next < actor->reset_end) {
            push_top(actor, actor->reset_next++, 0, actor->reset_origin);
            continue;
        }
        item = market_inlet_peek(&actor->events);
        if (item == NULL)
            return;
        if (item->key == MARKET_END_KEY) {
            market_outlet_push_end(&actor->tops);
            actor->is_ended = true;
        } else {
            struct market_event event = event_of(item);

            apply(actor, &event, item->origin);
        }
        market_inlet_pop(&actor->events);
    }
}

static void
journal_counters(struct book_actor *actor)
{
    struct market_journal *journal = &actor->journal;
    const struct market_book_counters *book = market_book_counters(actor->book);

    market_inlet_report(&actor->events, "events");
    market_outlet_report(&actor->tops, "tops");
#define COUNT(name, text) market_journal_part(journal, "book", #name, book->name);
    MARKET_BOOK_COUNTERS(COUNT)
#undef COUNT
    market_journal_count(journal, "resets_ignored", actor->resets_ignored);
    market_journal_count(journal, "tops_to_subscribers", actor->subscribers.told);
    market_journal_count(journal, "is_sound", market_book_check(actor->book));
    market_journal_latency(journal, "ring", &actor->events.latency);
}

/* The report at the end, as far as the journal has room. */
static void
report(struct book_actor *actor)
{
    if (!actor->is_ended || actor->is_finished)
        return;
    if (!actor->is_counted) {
        actor->is_counted = true;
        journal_counters(actor);
    }
    while (actor->final_next < market_book_symbols(actor->book) &&
           market_journal_has_room(&actor->journal, 2)) {
        struct market_top top = market_book_top(actor->book, actor->final_next++);

        market_journal_top(&actor->journal, &top);
    }
    if (actor->final_next < market_book_symbols(actor->book))
        return;
    actor->is_finished = true;
    market_journal_finished(&actor->journal);
}

static void
pump(struct book_actor *actor, struct myc_self *self)
{
    if (actor->tops.has_been_open)
        market_inlet_set_ready(&actor->events);
    apply_waiting(actor);
    report(actor);
    market_outlet_flush(&actor->tops, self);
    market_subscribers_flush(&actor->subscribers, self, actor->book, actor->sequence);
    market_inlet_flush(&actor->events, self);
    market_journal_flush(&actor->journal, self);
}

static void
on_tick(struct book_actor *actor, struct myc_self *self)
{
    market_outlet_on_tick(&actor->tops, self);
    if (market_journal_progress(
            &actor->journal,
            (struct market_progress){
                .received = actor->events.received,
                .sent = actor->tops.sent,
                .gaps = actor->events.gaps,
                .dropped = actor->tops.dropped_no_peer + actor->events.overflow,
                .depth = market_inlet_depth(&actor->events) + market_outlet_depth(&actor->tops),
            }))
        journal_counters(actor);
}

static enum myc_status
book_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct book_actor *actor = state;

    if (myc_message_is(message, &myc_timer_fired_type))
        on_tick(actor, self);
    else if (!market_subscribers_on_message(&actor->subscribers, self, message, actor->book) &&
             !market_inlet_on_message(&actor->events, self, message) &&
             !market_outlet_on_message(&actor->tops, self, message))
        (void)market_journal_on_message(&actor->journal, message);
    pump(actor, self);
    return MYC_OK;
}

static void
book_stop(struct myc_self *self, void *state, enum myc_status reason)
{
    struct book_actor *actor = state;

    (void)self;
    (void)reason;
    market_inlet_fini(&actor->events);
    market_outlet_fini(&actor->tops);
    market_journal_fini(&actor->journal);
    market_subscribers_fini(&actor->subscribers);
    market_book_destroy(actor->book);
    free(actor->is_dirty);
}

static bool
take_memory(struct book_actor *actor, const struct market_book_limits *limits)
{
    actor->book = market_book_create(limits);
    actor->is_dirty = market_memory_take(limits->symbols_max, sizeof(*actor->is_dirty));
    return actor->book != NULL && actor->is_dirty != NULL &&
           market_subscribers_init(&actor->subscribers, limits->symbols_max) &&
           market_journal_init(&actor->journal, MARKET_ROLE_BOOK) &&
           market_inlet_init(&actor->events, MARKET_LANE_EVENTS, MARKET_NAME_FEED_HANDLER,
                             &actor->journal, true) &&
           market_outlet_init(&actor->tops, MARKET_LANE_TOPS, MARKET_NAME_STRATEGY, &actor->journal,
                              true);
}

static enum myc_status
book_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    struct book_actor *actor = state;
    uint64_t symbols = SYMBOLS_MAX;
    uint64_t levels = LEVELS_MAX;
    uint64_t orders = ORDERS_MAX;
    const struct market_argument arguments[] = {
        { "symbols", MARKET_ARGUMENT_U64, &symbols, 1, MARKET_SYMBOLS_MOST },
        { "levels", MARKET_ARGUMENT_U64, &levels, 1, MARKET_LEVELS_MOST },
        { "orders", MARKET_ARGUMENT_U64, &orders, 0, UINT32_MAX },
        { "keep_at_restart", MARKET_ARGUMENT_FLAG, &actor->is_kept_at_restart, 0, 0 },
    };
    char error[MARKET_ARGUMENT_TEXT_SIZE * 2];
    enum myc_status status = MYC_NO_MEMORY;

    if (!market_arguments_read(args, args_size, arguments, sizeof(arguments) / sizeof(arguments[0]),
                               error, sizeof(error))) {
        (void)fprintf(stderr, "market_book: %s\n", error);
        return MYC_INVALID;
    }
    const struct market_book_limits limits = {
        .symbols_max = (uint32_t)symbols,
        .levels_max = (uint32_t)levels,
        .orders_max = (uint32_t)orders,
    };

    if (take_memory(actor, &limits))
        status = market_station_start(self, MARKET_NAME_BOOK, &actor->tops);
    if (status != MYC_OK)
        book_stop(self, state, status);
    return status;
}

const struct myc_class market_book_class = {
    .size = sizeof(struct myc_class),
    .name = "market_book",
    .state_size = sizeof(struct book_actor),
    .accepts = accepts,
    .accepts_count = sizeof(accepts) / sizeof(accepts[0]),
    .init = book_init,
    .receive = book_receive,
    .stop = book_stop,
};
