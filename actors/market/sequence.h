/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a feed's sequence numbers say: whether messages are missing, came twice, or belong to a new
 * life of the session.
 *
 * UDP may drop, duplicate and reorder. A packet from before is a duplicate or came late; it is
 * skipped, as its messages were either handled or already counted as missed. A session that starts
 * again must not be taken for such a packet: the caller knows it by a changed session name, or, as
 * IEX keeps the name, by a first packet that was sent after everything that was seen before.
 *
 * Invariant: every message of a session is handled, skipped as a duplicate, or counted as missed.
 */
#ifndef MARKET_SEQUENCE_H
#define MARKET_SEQUENCE_H

#include "packet.h"

enum market_continuity {
    MARKET_CONTINUES = 0, /* it is the packet that was expected, or the first of all */
    MARKET_GAP,           /* messages before it are missing */
    MARKET_OLD,           /* some or all of its messages were there before */
    MARKET_RESTARTED,     /* the session began anew with it */
};

struct market_sequence {
    uint64_t first;   /* number of the first message of all */
    uint64_t next;    /* number of the next message */
    uint64_t send_ns; /* latest send time seen; 0 when the protocol has none */
    uint8_t session[MARKET_SESSION_SIZE];
    bool has_started;
    bool is_restart_due;      /* set by the owner: going back is a new session */
    uint64_t discontinuities; /* gaps and restarts together */
    uint64_t gaps;
    uint64_t missed;     /* messages */
    uint64_t duplicates; /* messages */
    uint64_t restarts;
};

/*
 * Takes an accepted packet into account.
 * *skip is set to the number of its first messages that are to be passed over.
 */
enum market_continuity market_sequence_on_packet(struct market_sequence *sequence,
                                                 const struct market_packet *packet,
                                                 uint16_t *skip);

#endif
