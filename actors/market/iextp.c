/* SPDX-License-Identifier: BSD-3-Clause */
#include "iextp.h"

bool
market_iextp_is_likely(struct market_bytes payload)
{
    return payload.size >= 4 && payload.data[0] == MARKET_IEXTP_VERSION &&
           market_le16(payload.data + 2) == MARKET_IEXTP_PROTOCOL_DEEP;
}

enum market_refusal
market_iextp_decode(struct market_bytes payload, struct market_packet *packet)
{
    const uint8_t *data = payload.data;
    size_t used;

    if (payload.size < MARKET_IEXTP_HEADER_SIZE)
        return MARKET_REFUSED_SHORT;
    if (data[0] != MARKET_IEXTP_VERSION || market_le16(data + 2) != MARKET_IEXTP_PROTOCOL_DEEP)
        return MARKET_REFUSED_VERSION;

    struct market_packet opened = {
        .protocol = MARKET_IEXTP,
        .count = market_le16(data + 14),
        .sequence = market_le64(data + 24),
        .send_ns = market_le64(data + 32),
        .messages = { data + MARKET_IEXTP_HEADER_SIZE, market_le16(data + 12) },
    };

    memcpy(opened.session, data + 4, 8); /* channel and session */
    if (opened.messages.size > payload.size - MARKET_IEXTP_HEADER_SIZE)
        return MARKET_REFUSED_LENGTH;
    if (!market_packet_walk(&opened, &used) || used != opened.messages.size)
        return MARKET_REFUSED_LENGTH;
    if (opened.sequence > INT64_MAX - UINT16_MAX)
        return MARKET_REFUSED_SEQUENCE;
    *packet = opened;
    return MARKET_ACCEPTED;
}
