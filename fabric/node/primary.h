/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A node in a DPDK secondary process sees when its primary has gone, and tells.
 *
 * DPDK itself does not say so. A primary that runs holds a lock on a file, and whether it does is
 * asked a few times a second, by a thread, because lcores make no system calls. When it has gone,
 * ports and memory are nobody's, and requests to it are never answered: the node goes on polling,
 * its flows go down with the silence of their peers, and what is to be done is the program's to
 * say.
 */
#ifndef FAB_NODE_PRIMARY_H
#define FAB_NODE_PRIMARY_H

#include <stdatomic.h>
#include <stdbool.h>

#include <mycelium/node.h>

struct fab_ticker;

struct fab_primary {
    struct fab_ticker *ticker; /* owned; NULL: this is no secondary process */
    void (*on_lost)(void *context);
    void *context; /* not owned */
    atomic_bool is_lost;
};

/* Starts to look, in a secondary process. `primary` is zeroed. OK; NO_MEMORY. Context: main thread,
 * as the last step of a node's start. */
enum myc_status fab_primary_watch(struct fab_primary *primary,
                                  const struct myc_node_options *options);

/* Ends that. Context: main thread. */
void fab_primary_unwatch(struct fab_primary *primary);

#endif
