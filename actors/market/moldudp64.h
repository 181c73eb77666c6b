/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * MoldUDP64, the transport under TotalView-ITCH: one header per UDP payload, 20 bytes, big-endian.
 *
 *    0              10         18      20
 *    +--------------+----------+-------+- - - - - - - - - - - - - - - -
 *    | session text | sequence | count | count times: length u16, message
 *    +--------------+----------+-------+- - - - - - - - - - - - - - - -
 *
 * Count 0 is a heartbeat, 0xFFFF the end of the session; in both the sequence is that of the next
 * message. Bytes after the last message are ignored, as the header has no total length.
 * Source: Nasdaq MoldUDP64 Protocol Specification V 1.00.
 */
#ifndef MARKET_MOLDUDP64_H
#define MARKET_MOLDUDP64_H

#include "packet.h"

#define MARKET_MOLDUDP64_HEADER_SIZE     20U
#define MARKET_MOLDUDP64_COUNT_END       0xffffU
#define MARKET_MOLDUDP64_LENGTH_SIZE     2U
#define MARKET_MOLDUDP64_OFFSET_SEQUENCE 10U
#define MARKET_MOLDUDP64_OFFSET_COUNT    18U

/* Checks a UDP payload and opens it; *packet is untouched when it is refused. */
enum market_refusal market_moldudp64_decode(struct market_bytes payload,
                                            struct market_packet *packet);

/* Writes the header of a packet with `count` messages that follow it. */
void market_moldudp64_encode(uint8_t *header, const char *session, uint64_t sequence,
                             uint16_t count);

#endif
