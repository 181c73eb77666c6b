/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The strategy: answers each change of a top of book with an order to the gateway.
 *
 * The rule is the simplest that depends on the data: when the bid changed, follow it with a buy at
 * the new bid, else with a sell at the ask. What is measured is the way, not the profit: the time
 * from the frame's arrival until the order's acknowledgement is the demo's end-to-end latency.
 */
#include <stdio.h>

#include "arguments.h"
#include "classes.h"
#include "event.h"
#include "inlet.h"
#include "memory.h"
#include "station.h"
#include "symbol_table.h"

#define SYMBOLS_MAX    1024U
#define ORDER_SIZE_MAX 100U

struct best {
    int64_t bid_price;
    uint64_t bid_size;
};

struct strategy {
    struct market_inlet tops;
    struct market_outlet reactions;
    struct market_inlet acks;
    struct market_journal journal;
    struct market_symbol_table symbols;
    struct best *bests;    /* owned; by symbol */
    uint64_t symbols_full; /* tops of symbols beyond the limit; taken as changes of the bid */
    uint64_t tops_empty;   /* tops with neither side: nothing to order */
    struct myc_histogram end_to_end; /* ns, frame's arrival to acknowledgement */
    struct myc_histogram round_trip; /* ns, order given to the fabric to acknowledgement */
    bool is_ended;                   /* the tops are over */
    bool is_answered;                /* so are the acknowledgements */
    bool is_finished;
};

static const struct myc_type *const accepts[] = {
    &market_open_type, &market_credit_type, &market_top_of_book_type,
    &market_ack_type,  &market_end_type,
};

/* Whether the bid is another one than before; remembers it. */
static bool
is_bid_changed(struct strategy *strategy, const struct market_top_of_book *top)
{
    struct best *best;
    uint64_t name;
    uint32_t symbol;
    bool is_changed;

    memcpy(&name, top->symbol, sizeof(name));
    symbol = market_symbol_table_claim(&strategy->symbols, name);
    if (symbol == MARKET_NO_SYMBOL) {
        strategy->symbols_full++;
        return true;
    }
    best = &strategy->bests[symbol];
    is_changed = best->bid_price != top->bid_price || best->bid_size != top->bid_size;
    *best = (struct best){ top->bid_price, top->bid_size };
    return is_changed;
}

static void
react(struct strategy *strategy, const struct market_inlet_item *item)
{
    struct market_top_of_book_view view = MARKET_INLET_VIEW(struct market_top_of_book_view, item);
    struct market_top_of_book top;
    bool is_buy;

    market_top_of_book_read(&view, &top);
    is_buy = is_bid_changed(strategy, &top);
    if (top.bid_size == 0 && top.ask_size == 0) {
        strategy->tops_empty++;
        return;
    }
    if (is_buy ? top.bid_size == 0 : top.ask_size == 0)
        is_buy = !is_buy;

    uint64_t size = is_buy ? top.bid_size : top.ask_size;
    struct market_reaction reaction = {
        .price = is_buy ? top.bid_price : top.ask_price,
        .size = size < ORDER_SIZE_MAX ? size : ORDER_SIZE_MAX,
        .sequence = top.sequence,
        .exchange_ns = top.exchange_ns,
        .side = is_buy ? MARKET_ORDER_SIDE_BUY : MARKET_ORDER_SIDE_SELL,
    };
    uint8_t body[MARKET_REACTION_SIZE];

    memcpy(reaction.symbol, top.symbol, sizeof(reaction.symbol));
    market_reaction_encode(&reaction, body);
    market_outlet_push(&strategy->reactions, &market_reaction_type, body, item->origin);
}

static void
react_to_waiting(struct strategy *strategy)
{
    const struct market_inlet_item *item;

    while (market_outlet_has_room(&strategy->reactions) &&
           (item = market_inlet_peek(&strategy->tops)) != NULL) {
        if (item->key == MARKET_END_KEY) {
            market_outlet_push_end(&strategy->reactions);
            strategy->is_ended = true;
        } else {
            react(strategy, item);
        }
        market_inlet_pop(&strategy->tops);
    }
}

static void
take_acks(struct strategy *strategy, struct myc_self *self)
{
    const struct market_inlet_item *item;
    uint64_t now_ns = myc_clock_ns(self);

    while ((item = market_inlet_peek(&strategy->acks)) != NULL) {
        if (item->key == MARKET_END_KEY) {
            strategy->is_answered = true;
        } else {
            struct market_ack_view view = MARKET_INLET_VIEW(struct market_ack_view, item);

            myc_histogram_record(&strategy->round_trip,
                                 now_ns - market_ack_get_reaction_sent_ns(&view));
            if (item->origin != 0)
                myc_histogram_record(&strategy->end_to_end,
                                     myc_origin_age_ns(item->origin, now_ns));
        }
        market_inlet_pop(&strategy->acks);
    }
}

static void
journal_counters(struct strategy *strategy)
{
    struct market_journal *journal = &strategy->journal;

    market_inlet_report(&strategy->tops, "tops");
    market_outlet_report(&strategy->reactions, "reactions");
    market_inlet_report(&strategy->acks, "acks");
    market_journal_count(journal, "symbols_full", strategy->symbols_full);
    market_journal_count(journal, "tops_empty", strategy->tops_empty);
    market_journal_latency(journal, "segment", &strategy->tops.latency);
    market_journal_latency(journal, "flow_back", &strategy->acks.latency);
    market_journal_latency(journal, "order_to_ack", &strategy->round_trip);
    market_journal_latency(journal, "end_to_end", &strategy->end_to_end);
}

static void
report(struct strategy *strategy)
{
    bool is_gateway_gone = strategy->reactions.state != MARKET_OUTLET_OPEN;

    if (strategy->is_finished || !strategy->is_ended || !(strategy->is_answered || is_gateway_gone))
        return;
    strategy->is_finished = true;
    journal_counters(strategy);
    market_journal_finished(&strategy->journal);
}

static void
pump(struct strategy *strategy, struct myc_self *self)
{
    market_inlet_set_ready(&strategy->acks);
    if (strategy->reactions.has_been_open)
        market_inlet_set_ready(&strategy->tops);
    take_acks(strategy, self);
    react_to_waiting(strategy);
    report(strategy);
    market_outlet_flush(&strategy->reactions, self);
    market_inlet_flush(&strategy->tops, self);
    market_inlet_flush(&strategy->acks, self);
    market_journal_flush(&strategy->journal, self);
}

static void
on_tick(struct strategy *strategy, struct myc_self *self)
{
    market_outlet_on_tick(&strategy->reactions, self);
    if (market_journal_progress(
            &strategy->journal,
            (struct market_progress){
                .received = strategy->tops.received,
                .sent = strategy->reactions.sent,
                .gaps = strategy->tops.gaps + strategy->acks.gaps,
                .dropped = strategy->reactions.dropped_no_peer + strategy->tops.overflow,
                .depth =
                    market_inlet_depth(&strategy->tops) + market_outlet_depth(&strategy->reactions),
            }))
        journal_counters(strategy);
}

static enum myc_status
strategy_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct strategy *strategy = state;

    if (myc_message_is(message, &myc_timer_fired_type))
        on_tick(strategy, self);
    else if (!market_inlet_on_message(&strategy->tops, self, message) &&
             !market_inlet_on_message(&strategy->acks, self, message) &&
             !market_outlet_on_message(&strategy->reactions, self, message))
        (void)market_journal_on_message(&strategy->journal, message);
    pump(strategy, self);
    return MYC_OK;
}

static void
strategy_stop(struct myc_self *self, void *state, enum myc_status reason)
{
    struct strategy *strategy = state;

    (void)self;
    (void)reason;
    market_inlet_fini(&strategy->tops);
    market_inlet_fini(&strategy->acks);
    market_outlet_fini(&strategy->reactions);
    market_journal_fini(&strategy->journal);
    market_symbol_table_fini(&strategy->symbols);
    free(strategy->bests);
}

static bool
take_memory(struct strategy *strategy, uint32_t symbols_max)
{
    myc_histogram_init(&strategy->end_to_end);
    myc_histogram_init(&strategy->round_trip);
    strategy->bests = market_memory_take(symbols_max, sizeof(*strategy->bests));
    return strategy->bests != NULL && market_symbol_table_init(&strategy->symbols, symbols_max) &&
           market_journal_init(&strategy->journal, MARKET_ROLE_STRATEGY) &&
           market_inlet_init(&strategy->tops, MARKET_LANE_TOPS, MARKET_NAME_BOOK,
                             &strategy->journal, true) &&
           market_inlet_init(&strategy->acks, MARKET_LANE_ACKS, MARKET_NAME_GATEWAY,
                             &strategy->journal, true) &&
           market_outlet_init(&strategy->reactions, MARKET_LANE_REACTIONS, MARKET_NAME_GATEWAY,
                              &strategy->journal, true);
}

static enum myc_status
strategy_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    struct strategy *strategy = state;
    uint64_t symbols = SYMBOLS_MAX;
    const struct market_argument arguments[] = {
        { "symbols", MARKET_ARGUMENT_U64, &symbols, 1, MARKET_SYMBOLS_MOST },
    };
    char error[MARKET_ARGUMENT_TEXT_SIZE * 2];
    enum myc_status status = MYC_NO_MEMORY;

    if (!market_arguments_read(args, args_size, arguments, 1, error, sizeof(error))) {
        (void)fprintf(stderr, "market_strategy: %s\n", error);
        return MYC_INVALID;
    }
    if (take_memory(strategy, (uint32_t)symbols))
        status = market_station_start(self, MARKET_NAME_STRATEGY, &strategy->reactions);
    if (status != MYC_OK)
        strategy_stop(self, state, status);
    return status;
}

const struct myc_class market_strategy_class = {
    .size = sizeof(struct myc_class),
    .name = "market_strategy",
    .state_size = sizeof(struct strategy),
    .accepts = accepts,
    .accepts_count = sizeof(accepts) / sizeof(accepts[0]),
    .init = strategy_init,
    .receive = strategy_receive,
    .stop = strategy_stop,
};
