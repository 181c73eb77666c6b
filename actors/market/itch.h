/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TotalView-ITCH 5.0, Nasdaq's feed of single orders: the messages within MoldUDP64 packets,
 * big-endian. All start alike:
 *
 *    0      1              3                 5               11
 *    +------+--------------+-----------------+---------------+- - - - -
 *    | type | stock locate | tracking number | ns of day u48 | fields of the type
 *    +------+--------------+-----------------+---------------+- - - - -
 *
 * Each type has one length; a shorter message is counted as short, a longer one is read as far as
 * known. A book needs A, F (add), E, C (executed), X (cancelled in part), D (deleted) and U
 * (replaced); the others are counted by type. Executions name no symbol: the order does. Source:
 * Nasdaq TotalView-ITCH 5.0 specification.
 */
#ifndef MARKET_ITCH_H
#define MARKET_ITCH_H

#include "bytes.h"
#include "event.h"

#define MARKET_ITCH_SIZE_MAX      50U
#define MARKET_ITCH_TIME_OFFSET   5U
#define MARKET_ITCH_FIELDS_OFFSET 11U

/* Length of a message of this type, in bytes; 0 for a type that ITCH 5.0 has not. */
size_t market_itch_size(uint8_t type);

/*
 * Decodes a message of at least market_itch_size bytes. Returns whether it is one for the book;
 * *event is then set, except for its sequence, and is untouched else.
 */
bool market_itch_decode(struct market_bytes message, struct market_event *event);

#endif
