/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The one actor of each node of the split tests, walker-NODE. It reads by a poller, from standard
 * input, what it is to do, a line each, and writes what it sees as one JSON object a line:
 *
 *   join GROUP | leave GROUP | register NAME | unregister NAME | follow NAME     -> did
 *   members GROUP       -> members: the nodes of those who are in it, in order
 *   lookup NAME         -> holder: its node, or 0
 *   meet NODE           -> did: keeps the ref of that node's walker for what follows
 *   monitor NODE        -> did, and down once
 *   ask NODE            -> did, and answer or ask_failed
 *   answer              -> did: answers the question that came last, which was kept
 *   stream NODE FIRST   -> did: sends numbers from FIRST up, one a millisecond, until it is hushed
 *                          or refused for another reason than FULL; then stopped, with the next one
 *   hush                -> stopped
 *   got NODE            -> got: runs of numbers that came from there, as [first, count]
 *   returned            -> returned: messages that came back in doubt, and for other reasons
 *   counters            -> counters: those of the node that are not 0
 *
 * Beside these come found and lost, of followed names and of names that were lost to another.
 */
#ifndef TESTS_INTEGRATION_SPLIT_WALKER_H
#define TESTS_INTEGRATION_SPLIT_WALKER_H

#include <stdatomic.h>

#include <mycelium/node.h>

#define WALKER_NODES 4U /* ids of the nodes are below it */

/* Where a walker lives; a pointer to it is its argument. */
struct walker_home {
    struct myc_node *node; /* not owned */
    _Atomic bool is_over;  /* set by the walker when its standard input is closed */
};

extern const struct myc_class walker_class;

#endif
