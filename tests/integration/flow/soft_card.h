/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two pairs of cards with several queues each, and the wire between those of a pair, in software:
 * ports of net_ring whose frames the test carries. A card puts an IPv4 datagram into the queue that
 * a rule names (embed/port_watch.h keeps the rules), else into the one that its RSS says, else into
 * queue 0.
 *
 * The RSS is Toeplitz over addresses and ports, as rte_softrss computes it, with a table in which
 * queues come in no even order. It is what a card is documented to do, not a card.
 */
#ifndef TESTS_INTEGRATION_FLOW_SOFT_CARD_H
#define TESTS_INTEGRATION_FLOW_SOFT_CARD_H

#include <stdbool.h>
#include <stdint.h>

#define CARD_QUEUES_MAX 4U

/* Makes the devices net_ring_carda to net_ring_cardd; a and b are a pair, as c and d are. Context:
 * once, after EAL's start. */
void card_make(unsigned queues);

/* Whether the cards tell that they have RSS, and whether they hash with the key that they tell. */
void card_set_rss(bool has_rss, bool is_true);

/* Carries what was sent, both ways. */
void card_carry(void);

/* Drops what is on its way: its buffers go with their ports. */
void card_clear(void);

/* Frames that came to a queue of a card ('a' to 'd') since card_clear. */
uint64_t card_frames(char side, unsigned queue);

#endif
