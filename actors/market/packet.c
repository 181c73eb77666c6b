/* SPDX-License-Identifier: BSD-3-Clause */
#include "packet.h"

#define LENGTH_SIZE 2U

static uint16_t
load_length(const struct market_packet *packet, const uint8_t *data)
{
    return packet->protocol == MARKET_IEXTP ? market_le16(data) : market_be16(data);
}

bool
market_packet_walk(const struct market_packet *packet, size_t *used)
{
    const uint8_t *data = packet->messages.data;
    size_t size = packet->messages.size;
    size_t offset = 0;

    for (uint32_t i = 0; i < packet->count; i++) {
        if (size - offset < LENGTH_SIZE)
            return false;
        size_t length = load_length(packet, data + offset);

        offset += LENGTH_SIZE;
        if (size - offset < length)
            return false;
        offset += length;
    }
    *used = offset;
    return true;
}

bool
market_packet_next(struct market_packet *packet, struct market_bytes *message)
{
    struct market_bytes *rest = &packet->messages;

    if (rest->size < LENGTH_SIZE)
        return false;
    size_t length = load_length(packet, rest->data);

    if (rest->size - LENGTH_SIZE < length)
        return false;
    message->data = rest->data + LENGTH_SIZE;
    message->size = length;
    rest->data += LENGTH_SIZE + length;
    rest->size -= LENGTH_SIZE + length;
    return true;
}
