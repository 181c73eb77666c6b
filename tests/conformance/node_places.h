/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Places of the conformance suite in real nodes, and how they are joined.
 *
 * A is a node of the test's own process. B is another lcore of it (ring) or a process: the test's
 * own executable started with the role "place-b", or the client's executable, which knows no EAL.
 * It is told what to do by packets at a socket that it inherits, so that what is tested is not what
 * the test is steered by.
 */
#ifndef TESTS_CONFORMANCE_NODE_PLACES_H
#define TESTS_CONFORMANCE_NODE_PLACES_H

#include <stdbool.h>
#include <sys/types.h>

#include <mycelium/node.h>

#include "conformance/conformance.h"

enum wire_kind {
    WIRE_NONE = 0, /* not a flow */
    WIRE_MEMIF,
    WIRE_VETH,
};

/* How A and B are joined: one for each run of the suite. */
struct way {
    const char *name;
    const char *locality; /* in messages */
    enum wire_kind wire;
    bool is_one_node;
    bool is_client;  /* B is a client of A */
    bool is_twin;    /* over two wires (A/B), the second without faults */
    bool has_faults; /* the port's own, or of an interposer between two veth pairs */
    uint64_t many;
    enum myc_security security;
    const char *exported; /* the only name of B's that is reached from elsewhere; NULL: everybody */
};

/* NULL: there is no such way. */
const struct way *way_lookup(const char *name);

/* Starts the node of a place. What it needs of the file system is in `folder`. With
 * is_first the EAL is started, too. Says on stderr why it could not. */
enum myc_status place_start(const struct way *way, enum conf_place place, const char *folder,
                            bool is_first, struct myc_node **node);

/* --- B's process, seen from A ----------------------------------------------------------------- */

struct place_b {
    pid_t pid; /* 0: not running */
    int socket;
};

/* Runs argv[0] as B; network: descriptor of the network namespace that it is to live in, or -1. */
void place_b_start(struct place_b *place, char *const argv[], int network);

/* As myc_node_spawn. The first one waits until B's node is there. */
enum myc_status place_b_spawn(struct place_b *place, const char *class_name,
                              const struct myc_spawn_options *options, struct myc_ref *ref);

/* kill -9. */
void place_b_kill(struct place_b *place);

/* Lets it stop its node; asserts that it ends with 0. */
void place_b_stop(struct place_b *place);

#endif
