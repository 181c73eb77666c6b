/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A packet of a feed after its transport header was checked: a run of messages, each with a length
 * in front. IEX-TP and MoldUDP64 differ in the header and in the byte order of that length, and in
 * nothing that the rest of the feed has to know.
 *
 * The decoders (iextp.h, moldudp64.h) walk the whole run before they accept a packet, so a packet
 * is taken or refused as one, and iterating cannot run out of bounds.
 */
#ifndef MARKET_PACKET_H
#define MARKET_PACKET_H

#include <stdbool.h>

#include "bytes.h"

#define MARKET_SESSION_SIZE 10U

enum market_protocol {
    MARKET_IEXTP = 0,     /* IEX-TP 1.0 with DEEP 1.0, little-endian */
    MARKET_MOLDUDP64 = 1, /* MoldUDP64 with TotalView-ITCH 5.0, big-endian */
};

/* Why a packet was not accepted; each has a counter of the feed (feed.h). */
enum market_refusal {
    MARKET_ACCEPTED = 0,
    MARKET_REFUSED_SHORT,    /* fewer bytes than the transport header has */
    MARKET_REFUSED_VERSION,  /* a transport version or message protocol that we do not speak */
    MARKET_REFUSED_LENGTH,   /* the messages do not fit the bytes, or do not fill what was stated */
    MARKET_REFUSED_SEQUENCE, /* a sequence number beyond any that a session can reach */
};

struct market_packet {
    enum market_protocol protocol;
    bool is_end_of_session;
    uint16_t count;                       /* messages; 0 is a heartbeat */
    uint8_t session[MARKET_SESSION_SIZE]; /* compared, never interpreted */
    uint64_t sequence;                    /* of the first message, or of the next when count is 0 */
    uint64_t send_ns;                     /* since 1970, IEX-TP only; 0 else */
    struct market_bytes messages;         /* what is left to iterate; not owned */
};

/* The next message of an accepted packet; false at its end. */
bool market_packet_next(struct market_packet *packet, struct market_bytes *message);

/* Whether the run holds exactly `packet->count` messages; sets *used to the bytes they take.
 * For the decoders. */
bool market_packet_walk(const struct market_packet *packet, size_t *used);

#endif
