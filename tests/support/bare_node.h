/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A node without EAL, polled by its test: one actor core, a door and a control thread. What is
 * linked to it cannot tell it from a full node of one lcore.
 */
#ifndef TESTS_SUPPORT_BARE_NODE_H
#define TESTS_SUPPORT_BARE_NODE_H

#include <stdatomic.h>

#include "actor/core.h"
#include "link/segment_memory.h"
#include "node/control/control.h"
#include "node/control/door.h"

struct bare_node {
    struct fab_door door;
    struct fab_core *core;
    struct fab_segment_memory heap;
    struct fab_control *control;
    struct fab_control_ops told; /* the options' */
    void *context;
    _Atomic unsigned attached; /* peers that are up now */
};

struct bare_node_options {
    uint64_t home;
    const char *path; /* NULL: nobody attaches to it */
    const char *const *attach;
    uint32_t attach_count;
    uint32_t slots;
    uint64_t heap_bytes; /* 0: no large messages */
    const struct myc_attach_rule *allow;
    uint32_t allow_count;
    /* Told on the control thread, beside what the node itself does; may be NULL. */
    struct fab_control_ops ops;
    void *context;
};

/* Starts it, without its control thread; its registry is its first actor. Asserts that it can. */
void bare_node_init(struct bare_node *node, const struct bare_node_options *options);

/* From here on others attach. Asserts that it can. */
void bare_node_open(struct bare_node *node, const struct bare_node_options *options);

/* One turn. Returns work done. */
unsigned bare_node_turn(struct bare_node *node);

/* The same, and a short rest when there was nothing to do. */
void bare_node_turn_or_rest(struct bare_node *node);

/* Says goodbye to all and frees everything. */
void bare_node_fini(struct bare_node *node);

#endif
