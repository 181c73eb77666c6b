/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The headers that lead to a peer, from the lcore that knows the neighbours to those that send by
 * queues of their own.
 *
 * One writer, any number of readers, which copy them when they have changed. The version is odd
 * while they are written. Pairing: each word is stored with release behind the odd version, and
 * loaded with acquire before the version is read again, so that who has seen a new word sees that
 * the version has moved; the even version is stored with release behind all words, and loaded with
 * acquire before them.
 */
#ifndef FAB_LINK_FLOW_HOP_H
#define FAB_LINK_FLOW_HOP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "wire/packet.h"

/* What is published. */
struct fab_flow_hop {
    struct fab_udp_path headers;
    bool is_usable; /* they lead there */
};

#define FAB_FLOW_HOP_WORDS ((sizeof(struct fab_flow_hop) + 7U) / sizeof(uint64_t))

struct fab_flow_hop_board {
    _Atomic uint32_t version; /* 0: nothing was published yet */
    _Atomic uint64_t words[FAB_FLOW_HOP_WORDS];
};

/* A reader's copy. */
struct fab_flow_hop_copy {
    uint32_t version; /* that it has; 0: none */
    struct fab_flow_hop hop;
};

/* Context: the one writer. */
static inline void
fab_flow_hop_publish(struct fab_flow_hop_board *board, const struct fab_flow_hop *hop)
{
    uint32_t version = atomic_load_explicit(&board->version, memory_order_relaxed);
    uint64_t words[FAB_FLOW_HOP_WORDS] = { 0 };

    memcpy(words, hop, sizeof(*hop));
    atomic_store_explicit(&board->version, version + 1, memory_order_relaxed);
    for (size_t i = 0; i < FAB_FLOW_HOP_WORDS; i++)
        atomic_store_explicit(&board->words[i], words[i], memory_order_release);
    atomic_store_explicit(&board->version, version + 2, memory_order_release);
}

/* Renews the copy. False: it was just being written, and the copy is as it was. */
static inline bool
fab_flow_hop_read(struct fab_flow_hop_board *board, struct fab_flow_hop_copy *copy)
{
    uint32_t version = atomic_load_explicit(&board->version, memory_order_acquire);
    uint64_t words[FAB_FLOW_HOP_WORDS];

    if (version == copy->version)
        return true;
    if (version % 2)
        return false;
    for (size_t i = 0; i < FAB_FLOW_HOP_WORDS; i++)
        words[i] = atomic_load_explicit(&board->words[i], memory_order_acquire);
    if (atomic_load_explicit(&board->version, memory_order_relaxed) != version)
        return false;
    memcpy(&copy->hop, words, sizeof(copy->hop));
    copy->version = version;
    return true;
}

#endif
