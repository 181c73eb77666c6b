/* SPDX-License-Identifier: BSD-3-Clause */
#include "feed.h"

#include "deep.h"
#include "iextp.h"
#include "itch.h"
#include "moldudp64.h"

void
market_feed_init(struct market_feed *feed)
{
    memset(feed, 0, sizeof(*feed));
}

void
market_feed_restart(struct market_feed *feed)
{
    feed->sequence.is_restart_due = feed->sequence.has_started;
}

static void
count_refusal(struct market_feed *feed, enum market_refusal refusal)
{
    switch (refusal) {
    case MARKET_REFUSED_SHORT:
        feed->packets_short++;
        break;
    case MARKET_REFUSED_VERSION:
        feed->packets_version++;
        break;
    case MARKET_REFUSED_LENGTH:
        feed->packets_length++;
        break;
    case MARKET_REFUSED_SEQUENCE:
        feed->packets_sequence++;
        break;
    case MARKET_ACCEPTED:
        break;
    }
}

static void
pass_over(struct market_feed *feed, uint16_t count)
{
    struct market_bytes message;

    for (uint16_t i = 0; i < count && market_packet_next(&feed->packet, &message); i++) {
        feed->messages_duplicate++;
        feed->sequence_now++;
    }
}

enum market_refusal
market_feed_open(struct market_feed *feed, struct market_bytes payload)
{
    struct market_packet *packet = &feed->packet;
    enum market_refusal refusal;
    uint16_t skip;

    feed->packets++;
    packet->messages.size = 0;
    refusal = market_iextp_is_likely(payload) ? market_iextp_decode(payload, packet)
                                              : market_moldudp64_decode(payload, packet);
    if (refusal != MARKET_ACCEPTED) {
        count_refusal(feed, refusal);
        return refusal;
    }
    if (packet->is_end_of_session)
        feed->ends_of_session++;
    else if (packet->count == 0)
        feed->heartbeats++;
    feed->messages += packet->count;
    feed->sequence_now = packet->sequence;
    if (market_sequence_on_packet(&feed->sequence, packet, &skip) == MARKET_RESTARTED)
        feed->is_reset_due = true;
    pass_over(feed, skip);
    return MARKET_ACCEPTED;
}

/* Counts a message; whether it is an event for a book. */
static bool
take_message(struct market_feed *feed, struct market_bytes message, struct market_event *event)
{
    bool is_deep = feed->packet.protocol == MARKET_IEXTP;
    uint8_t type = message.size > 0 ? message.data[0] : 0;
    size_t size = is_deep ? market_deep_size(type) : market_itch_size(type);

    if (size == 0) {
        feed->messages_unknown++;
        return false;
    }
    if (message.size < size) {
        feed->messages_short++;
        return false;
    }
    feed->types[feed->packet.protocol][type]++;
    if (!(is_deep ? market_deep_decode(message, event) : market_itch_decode(message, event))) {
        feed->messages_other++;
        return false;
    }
    feed->messages_book++;
    return true;
}

bool
market_feed_next(struct market_feed *feed, struct market_event *event)
{
    struct market_bytes message;

    if (feed->is_reset_due) {
        feed->is_reset_due = false;
        *event = (struct market_event){ .kind = MARKET_EVENT_RESET,
                                        .sequence = feed->sequence_now,
                                        .is_complete = true };
        return true;
    }
    while (market_packet_next(&feed->packet, &message)) {
        uint64_t sequence = feed->sequence_now++;

        if (take_message(feed, message, event)) {
            event->sequence = sequence;
            return true;
        }
    }
    return false;
}
