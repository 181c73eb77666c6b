/* SPDX-License-Identifier: BSD-3-Clause */
#include "itch.h"

static const uint8_t sizes[256] = {
    ['S'] = 12, /* system event */
    ['R'] = 39, /* stock directory */
    ['H'] = 25, /* stock trading action */
    ['Y'] = 20, /* Reg SHO restriction */
    ['L'] = 26, /* market participant position */
    ['V'] = 35, /* market-wide circuit breaker levels */
    ['W'] = 12, /* market-wide circuit breaker status */
    ['K'] = 28, /* IPO quoting period */
    ['J'] = 35, /* LULD auction collar */
    ['h'] = 21, /* operational halt */
    ['A'] = 36, /* add order */
    ['F'] = 40, /* add order with attribution */
    ['E'] = 31, /* order executed */
    ['C'] = 36, /* order executed with price */
    ['X'] = 23, /* order cancel */
    ['D'] = 19, /* order delete */
    ['U'] = 35, /* order replace */
    ['P'] = 44, /* trade of a hidden order */
    ['Q'] = 40, /* cross trade */
    ['B'] = 19, /* broken trade */
    ['I'] = 50, /* net order imbalance */
    ['N'] = 20, /* retail price improvement */
    ['O'] = 48, /* direct listing price discovery */
};

size_t
market_itch_size(uint8_t type)
{
    return sizes[type];
}

static void
decode_add(const uint8_t *data, struct market_event *event)
{
    event->kind = MARKET_EVENT_ADD;
    event->side = data[19] == 'B' ? MARKET_BUY : MARKET_SELL;
    event->size = market_be32(data + 20);
    event->symbol = market_le64(data + 24);
    event->price = market_be32(data + 32);
}

static void
decode_replace(const uint8_t *data, struct market_event *event)
{
    event->kind = MARKET_EVENT_REPLACE;
    event->order_new = market_be64(data + 19);
    event->size = market_be32(data + 27);
    event->price = market_be32(data + 31);
}

bool
market_itch_decode(struct market_bytes message, struct market_event *event)
{
    const uint8_t *data = message.data;
    struct market_event decoded = { .is_complete = true };

    switch (data[0]) {
    case 'A':
    case 'F':
        decode_add(data, &decoded);
        break;
    case 'E':
    case 'C':
    case 'X':
        decoded.kind = MARKET_EVENT_REDUCE;
        decoded.size = market_be32(data + 19);
        break;
    case 'D':
        decoded.kind = MARKET_EVENT_DELETE;
        break;
    case 'U':
        decode_replace(data, &decoded);
        break;
    default:
        return false;
    }
    decoded.exchange_ns = market_be48(data + MARKET_ITCH_TIME_OFFSET);
    decoded.order = market_be64(data + MARKET_ITCH_FIELDS_OFFSET);
    *event = decoded;
    return true;
}
