/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What stands behind a client's struct myc_node: one actor core that its user polls, a door, and
 * the control thread that attaches and attaches again. No EAL and no DPDK library.
 */
#ifndef FAB_NODE_CLIENT_CLIENT_H
#define FAB_NODE_CLIENT_CLIENT_H

#include <pthread.h>

#include "actor/core.h"
#include "link/segment_memory.h"
#include "node/client/inbox.h"
#include "node/control/control.h"
#include "node/control/door.h"
#include "node/node.h"

#define FAB_CLIENT_POLL_BURST     32U    /* records taken from each link in a turn */
#define FAB_CLIENT_STOP_TURNS_MAX 10000U /* for the actors to stop */

struct fab_client {
    struct myc_node head; /* first: what the user holds */
    struct fab_core *core;
    struct fab_segment_memory heap; /* owned: large messages */
    struct fab_control *control;
    struct fab_inbox inbox;
    struct myc_ref inbox_ref;
    struct fab_door door;
    pthread_mutex_t lock; /* of what follows, until the first attachment */
    pthread_cond_t has_news;
    enum myc_status outcome; /* PENDING; OK: attached once; else why it cannot be */
    uint64_t home;           /* ours, as the host gave it */
    char reason[FAB_CONTROL_TEXT_SIZE];
    const char *path;           /* of the first node's socket; not owned; valid while PENDING */
    _Atomic uint64_t host_home; /* of the first node, when last attached; the control thread's */
    _Atomic uint32_t attached;  /* whether the first node is now: 0 or 1 */
};

extern const struct fab_node_ops fab_client_ops;

/* The client behind a node that myc_client_open made; asserts that it is one. */
struct fab_client *fab_client_of(struct myc_node *node);

/* Runs one turn. @return work done. */
unsigned fab_client_turn(struct fab_client *client, unsigned budget);

/* One turn of a call that waits until `until_ns`, with a rest after many that found nothing.
 * `idle_turns` counts them, from 0. False: the time is over. */
bool fab_client_wait(struct fab_client *client, uint64_t until_ns, unsigned *idle_turns);

/* When a time that begins now is over. */
uint64_t fab_client_end_of(uint64_t timeout_ns);

#endif
