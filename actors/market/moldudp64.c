/* SPDX-License-Identifier: BSD-3-Clause */
#include "moldudp64.h"

enum market_refusal
market_moldudp64_decode(struct market_bytes payload, struct market_packet *packet)
{
    const uint8_t *data = payload.data;
    size_t used;

    if (payload.size < MARKET_MOLDUDP64_HEADER_SIZE)
        return MARKET_REFUSED_SHORT;

    struct market_packet opened = {
        .protocol = MARKET_MOLDUDP64,
        .count = market_be16(data + MARKET_MOLDUDP64_OFFSET_COUNT),
        .sequence = market_be64(data + MARKET_MOLDUDP64_OFFSET_SEQUENCE),
        .messages = { data + MARKET_MOLDUDP64_HEADER_SIZE,
                      payload.size - MARKET_MOLDUDP64_HEADER_SIZE },
    };

    memcpy(opened.session, data, MARKET_SESSION_SIZE);
    if (opened.count == MARKET_MOLDUDP64_COUNT_END) {
        opened.is_end_of_session = true;
        opened.count = 0;
    }
    if (!market_packet_walk(&opened, &used))
        return MARKET_REFUSED_LENGTH;
    if (opened.sequence > INT64_MAX - UINT16_MAX)
        return MARKET_REFUSED_SEQUENCE;
    opened.messages.size = used;
    *packet = opened;
    return MARKET_ACCEPTED;
}

void
market_moldudp64_encode(uint8_t *header, const char *session, uint64_t sequence, uint16_t count)
{
    memset(header, ' ', MARKET_SESSION_SIZE);
    memcpy(header, session, strnlen(session, MARKET_SESSION_SIZE));
    market_put_be64(header + MARKET_MOLDUDP64_OFFSET_SEQUENCE, sequence);
    market_put_be16(header + MARKET_MOLDUDP64_OFFSET_COUNT, count);
}
