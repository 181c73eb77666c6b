/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A market that nobody trades: a deterministic TotalView-ITCH 5.0 feed in MoldUDP64 packets, so
 * that the demo and the tests need no capture. The same options give the same bytes, on every
 * machine.
 *
 * The feed opens (system events, stock directory), then orders come, are executed, cancelled,
 * replaced and deleted at random, with heartbeats now and then, and at the end the closing events
 * and MoldUDP64's end of session. Each symbol has a price of its own that buyers stay below and
 * sellers above, most of them near it, so books are never crossed and a reader's mistake shows.
 */
#ifndef MARKET_GENERATOR_H
#define MARKET_GENERATOR_H

#include <stddef.h>
#include <stdint.h>

#define MARKET_GENERATOR_SYMBOLS_MOST 676U
#define MARKET_GENERATOR_PAYLOAD_MIN  128U
#define MARKET_GENERATOR_SESSION      "MYCELIUM01"

struct market_generator_options {
    uint64_t seed;
    uint64_t order_messages; /* beside some 10 and one for each symbol that open and close */
    uint32_t symbols;        /* 1 to MARKET_GENERATOR_SYMBOLS_MOST */
    uint32_t orders_max;     /* in the books at a time, 1 up */
    uint32_t payload_max;    /* bytes of a packet, MARKET_GENERATOR_PAYLOAD_MIN to 65507 */
    uint32_t packet_gap_ns;  /* mean time between packets, 1 up */
};

struct market_generator;

/* Takes all memory; NULL when an option is out of range or there is none. */
struct market_generator *market_generator_create(const struct market_generator_options *options);

/* Gives it back; NULL is allowed. */
void market_generator_destroy(struct market_generator *generator);

/*
 * Writes the next UDP payload, at most payload_max bytes, and when it is to be sent (ns since
 * midnight, never falling). Returns its size in bytes; 0 when the feed is over.
 */
size_t market_generator_next(struct market_generator *generator, uint8_t *payload,
                             uint64_t *time_ns);

/* Messages written so far. */
uint64_t market_generator_messages(const struct market_generator *generator);

#endif
