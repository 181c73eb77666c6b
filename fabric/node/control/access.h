/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who may attach, and whom a process that did may reach: the rules of the node's options, copied.
 *
 * The kernel says who is at the other end (SO_PEERCRED); the first rule that fits decides. Without
 * rules the mode of the socket does. Whom a process may reach is in its links, for the cores to
 * look at (link/link.h).
 */
#ifndef FAB_NODE_CONTROL_ACCESS_H
#define FAB_NODE_CONTROL_ACCESS_H

#include <stdbool.h>

#include "link/link.h"
#include "node/control/socket.h"

#include <mycelium/node.h>

#define FAB_ACCESS_RULES_MAX 32U
#define FAB_ACCESS_NAMES_MAX 32U

struct fab_access_rule {
    uint32_t uid;
    uint32_t gid;
    bool is_limited;
    struct fab_reach reach; /* names and their array are owned; of a limited one */
};

struct fab_access {
    struct fab_access_rule rules[FAB_ACCESS_RULES_MAX];
    uint32_t count;
};

/* Copies the rules. OK; INVALID (too many rules or names); NO_MEMORY. Undone by fini also then. */
enum myc_status fab_access_init(struct fab_access *access, const struct myc_attach_rule *rules,
                                uint32_t count);
void fab_access_fini(struct fab_access *access);

/* Whether a process with these credentials may attach at a socket of that mode. *reach: whom it may
 * reach, valid as long as the rules; NULL: everybody. */
bool fab_access_allows(const struct fab_access *access,
                       const struct fab_control_credentials *credentials, unsigned mode,
                       const struct fab_reach **reach);

#endif
