/* SPDX-License-Identifier: BSD-3-Clause */
#include "deep.h"

#define FLAG_EVENT_IS_COMPLETE 1U

static const uint8_t sizes[256] = {
    ['S'] = 10, /* system event */
    ['D'] = 31, /* security directory */
    ['H'] = 22, /* trading status */
    ['O'] = 18, /* operational halt status */
    ['P'] = 19, /* short sale price test status */
    ['E'] = 18, /* security event */
    ['8'] = 30, /* price level update, buy side */
    ['5'] = 30, /* price level update, sell side */
    ['T'] = 38, /* trade report */
    ['X'] = 26, /* official price */
    ['B'] = 38, /* trade break */
    ['A'] = 80, /* auction information */
};

size_t
market_deep_size(uint8_t type)
{
    return sizes[type];
}

bool
market_deep_decode(struct market_bytes message, struct market_event *event)
{
    const uint8_t *data = message.data;

    if (data[0] != '8' && data[0] != '5')
        return false;
    *event = (struct market_event){
        .kind = MARKET_EVENT_LEVEL,
        .side = data[0] == '8' ? MARKET_BUY : MARKET_SELL,
        .symbol = market_le64(data + 10),
        .size = market_le32(data + 18),
        .price = (int64_t)market_le64(data + 22),
        .exchange_ns = market_le64(data + MARKET_DEEP_TIME_OFFSET),
        .is_complete = (data[1] & FLAG_EVENT_IS_COMPLETE) != 0,
    };
    return true;
}
