/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An actor that sends to its like in every process that is linked, and checks what comes.
 *
 * Small messages go to each in turn, large ones are written once and sent to all by reference. A
 * body says who wrote it and carries a checksum; the tag counts the messages from one to another,
 * but for some that go the quick way and have none. Some large bodies are kept for a while, so that
 * a process that dies holds others' memory.
 */
#ifndef TESTS_INTEGRATION_SEGMENT_TRAFFIC_H
#define TESTS_INTEGRATION_SEGMENT_TRAFFIC_H

#include <stdbool.h>

#include "ledger.h"
#include "support/bare_node.h"

#define TRAFFIC_PEERS_MAX 64U
#define TRAFFIC_KEPT_MAX  4U

struct traffic_peer {
    uint64_t home; /* 0: free */
    uint64_t sent;
    uint64_t received;
    bool is_up;
};

struct traffic {
    struct bare_node node;
    struct myc_ref actor;
    struct ledger_place *place; /* not owned */
    struct traffic_peer peers[TRAFFIC_PEERS_MAX];
    struct myc_buffer *kept[TRAFFIC_KEPT_MAX];
    unsigned next_kept;
    uint32_t link_count; /* links that are up */
    uint64_t random;
    bool is_silent;      /* sends nothing */
    uint64_t silent_to;  /* the node id that is sent nothing; 0: none */
    uint64_t distrusted; /* the node id whose messages are not looked at; 0: none */
    uint64_t sent_max;   /* to each; 0: no end */
    bool writes_into_it; /* writes into the large bodies of others, and so dies */
};

/* Starts the node and its actor, which is always the second. `place` starts from zero. */
void traffic_init(struct traffic *traffic, const struct bare_node_options *options,
                  struct ledger_place *place);

/* One turn: sends, receives, tells the ledger. */
void traffic_turn(struct traffic *traffic);

/* Resting: when everything is back, tells the ledger so, and what is open. */
void traffic_take_stock(struct traffic *traffic);

/* What is known of the peer with that home; NULL: never heard of. */
struct traffic_peer *traffic_peer_of(struct traffic *traffic, uint64_t home);

void traffic_fini(struct traffic *traffic);

#endif
