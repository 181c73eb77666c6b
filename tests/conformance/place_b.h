/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Place B in a process of its own: it spawns what the test tells it to, by packets at a socket that
 * it inherits, so that what is tested is not what the test is steered by. No EAL is needed here.
 */
#ifndef TESTS_CONFORMANCE_PLACE_B_H
#define TESTS_CONFORMANCE_PLACE_B_H

#include <mycelium/node.h>

#include "conformance/conformance.h"

#define PLACE_B_SOCKET 3 /* descriptor in B's process */

/* From the test: an actor to spawn. */
struct place_request {
    char class_name[32];
    char name[MYC_NAME_SIZE_MAX + 1]; /* "": none */
    uint32_t mailbox_max;
    uint8_t args[sizeof(struct conf_plan)];
};

/* To the test: how it went. The first one says that the node is there. */
struct place_answer {
    struct myc_ref ref;
    enum myc_status status;
};

/* Serves until the test closes its end, then stops the node. A client's node is polled here.
 * Returns the process's exit code. */
int place_b_serve(struct myc_node **node, bool is_client);

#endif
