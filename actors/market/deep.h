/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DEEP 1.0, IEX's feed of price levels: the messages within IEX-TP packets, little-endian.
 *
 * Every type is known by its shortest length (a later version may append fields, so a longer
 * message is read, not refused). Only the price level updates change a book; they are decoded in
 * full:
 *
 *    0      1       2         10         18       22         30
 *    +------+-------+---------+----------+--------+----------+
 *    | type | flags | time ns |  symbol  |  size  |  price   |
 *    | 8, 5 |       |         | char[8]  |  u32   | 1/10000  |
 *    +------+-------+---------+----------+--------+----------+
 *
 * Source: IEX DEEP Specification, version 1.0x.
 */
#ifndef MARKET_DEEP_H
#define MARKET_DEEP_H

#include "bytes.h"
#include "event.h"

#define MARKET_DEEP_TIME_OFFSET 2U

/* Shortest length of a message of this type, in bytes; 0 for a type that DEEP 1.0 has not. */
size_t market_deep_size(uint8_t type);

/*
 * Decodes a message of at least market_deep_size bytes. Returns whether it is one for the book;
 * *event is then set, except for its sequence, and is untouched else.
 */
bool market_deep_decode(struct market_bytes message, struct market_event *event);

#endif
