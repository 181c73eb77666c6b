/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IEX-TP 1.0, the transport under DEEP: one header per UDP payload, 40 bytes, little-endian.
 *
 *    0     1     2        4         8         12      14      16       24       32       40
 *    +-----+-----+--------+---------+---------+-------+-------+--------+--------+--------+
 *    | ver | res |protocol| channel | session |payload| count | stream | first  | send   |
 *    |  1  |     | 0x8004 |         |         |length |       | offset |sequence| time ns|
 *    +-----+-----+--------+---------+---------+-------+-------+--------+--------+--------+
 *
 * Then, `count` times, a length u16 and a message; together they fill payload length exactly. What
 * a UDP payload has beyond it is ignored, as the header's length is the authority.
 * Source: IEX Transport Specification, version 1.0x.
 */
#ifndef MARKET_IEXTP_H
#define MARKET_IEXTP_H

#include "packet.h"

#define MARKET_IEXTP_HEADER_SIZE   40U
#define MARKET_IEXTP_VERSION       1U
#define MARKET_IEXTP_PROTOCOL_DEEP 0x8004U

/* Whether a payload looks like IEX-TP rather than MoldUDP64, whose session starts with text. */
bool market_iextp_is_likely(struct market_bytes payload);

/* Checks a UDP payload and opens it; *packet is untouched when it is refused. */
enum market_refusal market_iextp_decode(struct market_bytes payload, struct market_packet *packet);

#endif
