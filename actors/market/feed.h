/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A market data feed as the handler reads it: UDP payloads in, events for a book out.
 *
 * The feed knows either protocol (it looks at each payload), checks the sequence, and counts every
 * message by type. It is pulled, not pushing: open a payload, then take its events one by one, so
 * that a reader who may send no more stops in the middle and goes on later. The payload must stay
 * until the last event was taken.
 *
 * Invariant, once a payload is used up: messages == events for a book (RESETs apart) +
 * messages_other + messages_duplicate + messages_short + messages_unknown.
 */
#ifndef MARKET_FEED_H
#define MARKET_FEED_H

#include "event.h"
#include "sequence.h"

/* Counters of a feed: member, and what it says. */
#define MARKET_FEED_COUNTERS(X)                                                 \
    X(packets, "payloads offered")                                              \
    X(packets_short, "payloads refused: shorter than the transport header")     \
    X(packets_version, "payloads refused: another version or message protocol") \
    X(packets_length, "payloads refused: the messages do not fit the bytes")    \
    X(packets_sequence, "payloads refused: an impossible sequence number")      \
    X(heartbeats, "packets without messages")                                   \
    X(ends_of_session, "packets that said that the session ends")               \
    X(messages, "messages in accepted packets")                                 \
    X(messages_book, "messages that became events for a book")                  \
    X(messages_other, "messages that do not concern a book")                    \
    X(messages_duplicate, "messages that were there before")                    \
    X(messages_short, "messages shorter than their type")                       \
    X(messages_unknown, "messages of a type that the protocol has not")

struct market_feed {
#define MARKET_FEED_MEMBER(name, text) uint64_t name;
    MARKET_FEED_COUNTERS(MARKET_FEED_MEMBER)
#undef MARKET_FEED_MEMBER
    struct market_sequence sequence;
    uint64_t types[2][256];      /* messages by protocol and type; duplicates are not among them */
    struct market_packet packet; /* the one being read */
    uint64_t sequence_now;       /* of its next message */
    bool is_reset_due;
};

/* Starts with nothing known. */
void market_feed_init(struct market_feed *feed);

/* The sender of the feed is another one now: when the sequence goes back, a new session has begun.
 * Until then packets of the old one may still come. */
void market_feed_restart(struct market_feed *feed);

/* Begins to read a UDP payload; the one before must be used up. A refused one has no events. */
enum market_refusal market_feed_open(struct market_feed *feed, struct market_bytes payload);

/* The next event of the opened payload; false when it is used up. */
bool market_feed_next(struct market_feed *feed, struct market_event *event);

#endif
