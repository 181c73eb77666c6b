/* SPDX-License-Identifier: BSD-3-Clause */
#include "generator.h"

#include <stdbool.h>

#include "event.h"
#include "itch.h"
#include "memory.h"
#include "moldudp64.h"

#define OPENING_NS              (34200ULL * 1000000000ULL) /* half past nine */
#define TICK                    100U                       /* one cent */
#define PRICE_MIN               100000U
#define PRICE_STEPS             4900U /* so prices are from 10 to 500 dollars */
#define DISTANCE_TICKS_MAX      40U
#define LOT                     100U
#define LOTS_MAX                20U
#define PACKET_MESSAGES_MAX     24U
#define HEARTBEATS_PER_THOUSAND 10U
#define PAYLOAD_MOST            65507U

enum phase {
    PHASE_OPEN = 0, /* system events and the directory */
    PHASE_TRADE,    /* orders */
    PHASE_CLOSE,    /* system events */
    PHASE_END,      /* the end of the session is due */
    PHASE_OVER,     /* nothing more */
};

struct live_order {
    uint64_t number;
    uint32_t price;
    uint32_t size;
    uint16_t symbol;
    bool is_sell;
};

struct market_generator {
    struct market_generator_options options;
    uint64_t random;
    uint64_t time_ns;
    uint64_t sequence; /* of the next message */
    uint64_t trades_left;
    uint64_t next_order;
    uint64_t next_match;
    uint32_t step; /* within the phase */
    enum phase phase;
    uint32_t live_count;
    struct live_order *live; /* owned; orders_max of them */
};

static const char opening_events[] = { 'O', 'S', 'Q' };
static const char closing_events[] = { 'M', 'E', 'C' };

static uint64_t
draw(struct market_generator *generator)
{
    return market_hash(generator->random += 0x9e3779b97f4a7c15ULL);
}

/* Even over 0 to bound - 1. */
static uint32_t
draw_below(struct market_generator *generator, uint32_t bound)
{
    return (uint32_t)(((draw(generator) >> 32) * bound) >> 32);
}

struct market_generator *
market_generator_create(const struct market_generator_options *options)
{
    struct market_generator *generator;

    if (options->symbols == 0 || options->symbols > MARKET_GENERATOR_SYMBOLS_MOST ||
        options->orders_max == 0 || options->packet_gap_ns == 0 ||
        options->payload_max < MARKET_GENERATOR_PAYLOAD_MIN || options->payload_max > PAYLOAD_MOST)
        return NULL;
    generator = market_memory_take(1, sizeof(*generator));
    if (generator == NULL)
        return NULL;
    generator->live = market_memory_take(options->orders_max, sizeof(*generator->live));
    if (generator->live == NULL) {
        free(generator);
        return NULL;
    }
    generator->options = *options;
    generator->random = options->seed;
    generator->time_ns = OPENING_NS;
    generator->sequence = 1;
    generator->trades_left = options->order_messages;
    generator->next_order = 1;
    generator->next_match = 1;
    return generator;
}

void
market_generator_destroy(struct market_generator *generator)
{
    if (generator == NULL)
        return;
    free(generator->live);
    free(generator);
}

/* The price that a symbol's buyers stay below and its sellers above; depends on the seed alone. */
static uint32_t
anchor_of(const struct market_generator *generator, uint16_t symbol)
{
    uint64_t hash = market_hash(generator->options.seed ^ (0x51ed27ULL * (symbol + 1ULL)));

    return PRICE_MIN + (uint32_t)(hash % PRICE_STEPS) * 1000U;
}

static void
write_symbol(uint8_t *data, uint16_t symbol)
{
    memcpy(data, "MYC     ", MARKET_SYMBOL_SIZE);
    data[3] = (uint8_t)('A' + symbol / 26);
    data[4] = (uint8_t)('A' + symbol % 26);
}

/* What all messages start with; the rest is zeroed. */
static void
write_head(const struct market_generator *generator, uint8_t *data, char type, uint16_t locate)
{
    memset(data, 0, market_itch_size((uint8_t)type));
    data[0] = (uint8_t)type;
    market_put_be16(data + 1, locate);
    market_put_be48(data + MARKET_ITCH_TIME_OFFSET, generator->time_ns);
}

/* As write_head, for a message of an order. */
static void
write_order_head(const struct market_generator *generator, uint8_t *data, char type,
                 const struct live_order *order)
{
    write_head(generator, data, type, (uint16_t)(order->symbol + 1));
    market_put_be64(data + MARKET_ITCH_FIELDS_OFFSET, order->number);
}

static void
write_system_event(const struct market_generator *generator, uint8_t *data, char code)
{
    write_head(generator, data, 'S', 0);
    data[11] = (uint8_t)code;
}

static void
write_directory(const struct market_generator *generator, uint8_t *data, uint16_t symbol)
{
    write_head(generator, data, 'R', (uint16_t)(symbol + 1));
    memset(data + 11, ' ', 28);
    write_symbol(data + 11, symbol);
    data[19] = 'Q'; /* Global Select */
    data[20] = 'N'; /* normal */
    market_put_be32(data + 21, LOT);
    data[25] = 'N'; /* odd lots too */
    data[26] = 'C'; /* common stock */
    data[29] = 'P'; /* production */
    data[30] = 'N'; /* no short sale restriction */
    data[31] = 'N'; /* no IPO */
    data[32] = '1'; /* LULD tier */
    data[33] = 'N'; /* no ETP */
    market_put_be32(data + 34, 0);
    data[38] = 'N'; /* not inverse */
}

/* A price on the order's side; near the anchor rather than far. */
static uint32_t
draw_price(struct market_generator *generator, const struct live_order *order)
{
    uint32_t a = draw_below(generator, DISTANCE_TICKS_MAX);
    uint32_t b = draw_below(generator, DISTANCE_TICKS_MAX);
    uint32_t distance = (1 + (a < b ? a : b)) * TICK;
    uint32_t anchor = anchor_of(generator, order->symbol);

    return order->is_sell ? anchor + distance : anchor - distance;
}

static void
write_add(struct market_generator *generator, uint8_t *data)
{
    struct live_order *order = &generator->live[generator->live_count++];
    bool has_owner = draw_below(generator, 20) == 0;

    order->number = generator->next_order++;
    order->symbol = (uint16_t)draw_below(generator, generator->options.symbols);
    order->is_sell = draw_below(generator, 2) != 0;
    order->size = (1 + draw_below(generator, LOTS_MAX)) * LOT;
    order->price = draw_price(generator, order);
    write_order_head(generator, data, has_owner ? 'F' : 'A', order);
    data[19] = order->is_sell ? 'S' : 'B';
    market_put_be32(data + 20, order->size);
    write_symbol(data + 24, order->symbol);
    market_put_be32(data + 32, order->price);
    if (has_owner)
        memcpy(data + 36, "MYCO", 4);
}

static void
forget(struct market_generator *generator, struct live_order *order)
{
    *order = generator->live[--generator->live_count];
}

/* Takes a part or all of the order away; returns how much. */
static uint32_t
draw_reduction(struct market_generator *generator, struct live_order *order, bool can_be_all)
{
    uint32_t size = 1 + draw_below(generator, order->size);

    if (!can_be_all && size == order->size)
        size--;
    order->size -= size;
    return size;
}

static void
write_execution(struct market_generator *generator, uint8_t *data, struct live_order *order)
{
    bool has_price = draw_below(generator, 8) == 0;

    write_order_head(generator, data, has_price ? 'C' : 'E', order);
    market_put_be32(data + 19, draw_reduction(generator, order, true));
    market_put_be64(data + 23, generator->next_match++);
    if (has_price) {
        data[31] = 'Y';
        market_put_be32(data + 32, order->price);
    }
    if (order->size == 0)
        forget(generator, order);
}

static void
write_cancel(struct market_generator *generator, uint8_t *data, struct live_order *order)
{
    write_order_head(generator, data, 'X', order);
    market_put_be32(data + 19, draw_reduction(generator, order, false));
}

static void
write_delete(struct market_generator *generator, uint8_t *data, struct live_order *order)
{
    write_order_head(generator, data, 'D', order);
    forget(generator, order);
}

static void
write_replace(struct market_generator *generator, uint8_t *data, struct live_order *order)
{
    write_order_head(generator, data, 'U', order);
    order->number = generator->next_order++;
    order->size = (1 + draw_below(generator, LOTS_MAX)) * LOT;
    order->price = draw_price(generator, order);
    market_put_be64(data + 19, order->number);
    market_put_be32(data + 27, order->size);
    market_put_be32(data + 31, order->price);
}

/* A trade of a hidden order: concerns no book. */
static void
write_trade(struct market_generator *generator, uint8_t *data)
{
    struct live_order hidden = { .symbol =
                                     (uint16_t)draw_below(generator, generator->options.symbols) };

    write_order_head(generator, data, 'P', &hidden);
    data[19] = 'B';
    market_put_be32(data + 20, LOT);
    write_symbol(data + 24, hidden.symbol);
    market_put_be32(data + 32, anchor_of(generator, hidden.symbol));
    market_put_be64(data + 36, generator->next_match++);
}

static void
write_order_message(struct market_generator *generator, uint8_t *data)
{
    uint32_t choice = draw_below(generator, 100);
    struct live_order *order;

    if (choice >= 98) {
        write_trade(generator, data);
        return;
    }
    if (generator->live_count == 0 ||
        (choice < 44 && generator->live_count < generator->options.orders_max)) {
        write_add(generator, data);
        return;
    }
    order = &generator->live[draw_below(generator, generator->live_count)];
    if (choice < 58)
        write_execution(generator, data, order);
    else if (choice < 66 && order->size > 1)
        write_cancel(generator, data, order);
    else if (choice < 78)
        write_replace(generator, data, order);
    else
        write_delete(generator, data, order);
}

static void
go_on(struct market_generator *generator, enum phase phase)
{
    generator->phase = phase;
    generator->step = 0;
}

/* Writes the next message; false when the phase has none left. */
static bool
write_message(struct market_generator *generator, uint8_t *data)
{
    uint32_t step = generator->step++;

    switch (generator->phase) {
    case PHASE_OPEN:
        if (step < sizeof(opening_events))
            write_system_event(generator, data, opening_events[step]);
        else
            write_directory(generator, data, (uint16_t)(step - sizeof(opening_events)));
        if (step + 1 == sizeof(opening_events) + generator->options.symbols)
            go_on(generator, PHASE_TRADE);
        return true;
    case PHASE_TRADE:
        if (generator->trades_left == 0) {
            go_on(generator, PHASE_CLOSE);
            return write_message(generator, data);
        }
        generator->trades_left--;
        write_order_message(generator, data);
        return true;
    case PHASE_CLOSE:
        write_system_event(generator, data, closing_events[step]);
        if (step + 1 == sizeof(closing_events))
            go_on(generator, PHASE_END);
        return true;
    case PHASE_END:
    case PHASE_OVER:
        break;
    }
    return false;
}

static uint16_t
draw_packet_count(struct market_generator *generator)
{
    if (draw_below(generator, 1000) < HEARTBEATS_PER_THOUSAND)
        return 0;
    return (uint16_t)(1 + draw_below(generator, PACKET_MESSAGES_MAX));
}

size_t
market_generator_next(struct market_generator *generator, uint8_t *payload, uint64_t *time_ns)
{
    uint64_t first = generator->sequence;
    size_t size = MARKET_MOLDUDP64_HEADER_SIZE;
    uint16_t wanted;
    uint16_t count = 0;

    if (generator->phase == PHASE_OVER)
        return 0;
    generator->time_ns += draw_below(generator, generator->options.packet_gap_ns) +
                          generator->options.packet_gap_ns / 2;
    *time_ns = generator->time_ns;
    if (generator->phase == PHASE_END) {
        go_on(generator, PHASE_OVER);
        market_moldudp64_encode(payload, MARKET_GENERATOR_SESSION, first,
                                MARKET_MOLDUDP64_COUNT_END);
        return size;
    }
    wanted = draw_packet_count(generator);
    while (count < wanted && size + MARKET_MOLDUDP64_LENGTH_SIZE + MARKET_ITCH_SIZE_MAX <=
                                 generator->options.payload_max) {
        uint8_t *message = payload + size + MARKET_MOLDUDP64_LENGTH_SIZE;

        if (!write_message(generator, message))
            break;
        size_t length = market_itch_size(message[0]);

        market_put_be16(payload + size, (uint16_t)length);
        size += MARKET_MOLDUDP64_LENGTH_SIZE + length;
        count++;
    }
    generator->sequence += count;
    market_moldudp64_encode(payload, MARKET_GENERATOR_SESSION, first, count);
    return size;
}

uint64_t
market_generator_messages(const struct market_generator *generator)
{
    return generator->sequence - 1;
}
