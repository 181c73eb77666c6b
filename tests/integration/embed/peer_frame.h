/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames of 10.9.0.2, as a port gives them to the program. */
#ifndef TESTS_INTEGRATION_EMBED_PEER_FRAME_H
#define TESTS_INTEGRATION_EMBED_PEER_FRAME_H

#include <rte_mbuf.h>

#include "wire/packet.h"

extern struct rte_mempool *peer_pool; /* that they are of */
extern uint16_t peer_port;            /* that they came by */

/* So many bytes of nothing. */
struct rte_mbuf *peer_frame(size_t size);

/* Asks who has an address. */
struct rte_mbuf *peer_arp(const char *target);

struct rte_mbuf *peer_udp(const char *target, const struct fab_mac *mac, uint16_t udp_port);

/* The same frame in two buffers. */
struct rte_mbuf *peer_cut(struct rte_mbuf *mbuf);

#endif
