/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What stands behind a struct myc_node: two kinds, one API.
 *
 * A *full* node (full.c: EAL, lcores, ports) and a *client* (client.c: one lcore polled by its
 * user, no EAL) start with this head; the public functions of mycelium/node.h go through `ops`
 * (node.c). So a program handles both alike, and libmycelium-client needs nothing of the full node.
 */
#ifndef FAB_NODE_NODE_H
#define FAB_NODE_NODE_H

#include <mycelium/node.h>

struct fab_node_ops {
    /* Ends it and frees the struct. */
    void (*stop)(struct myc_node *node);
    enum myc_status (*spawn)(struct myc_node *node, uint8_t lcore, const struct myc_class *class_of,
                             const struct myc_spawn_options *options, struct myc_ref *ref);
    /* NULL where the lcores poll by themselves. */
    unsigned (*poll)(struct myc_node *node, unsigned budget);
    /* A connection to attach over, see fab_control_join; NULL where nobody can. */
    int (*join)(struct myc_node *node);
    void (*counter_each)(const struct myc_node *node,
                         void (*each)(void *context, const char *name, const char *text,
                                      uint64_t value),
                         void *context);
};

struct myc_node {
    const struct fab_node_ops *ops;
    uint64_t home; /* node id and incarnation */
};

#endif
