/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The processes of the demo: what each one's node looks like.
 *
 *      exchange --feed (memif)--> alpha.0 --ring--> alpha.1 --segment--> strategy --wire (memif)-->
 * beta exchange <--credit (flow)- alpha.0                                strategy <--acknowledge---
 * beta
 */
#ifndef FAB_PROGRAM_DEMO_ROLES_H
#define FAB_PROGRAM_DEMO_ROLES_H

#include <stdbool.h>
#include <stdint.h>

#include <mycelium/node.h>

#include "market/demo.h"

#define FAB_DEMO_ROLE_COUNT 4U
#define FAB_DEMO_LCORES_MAX 2U
#define FAB_DEMO_ACTORS_MAX 2U
#define FAB_DEMO_ENDS_MAX   2U
#define FAB_DEMO_PATH_SIZE  108U

/* One end of a memif between two roles. */
struct fab_demo_end {
    const char *port;    /* name of it in both nodes; NULL: no such end */
    bool is_server;      /* of the memif */
    const char *address; /* ours, with prefix */
    uint16_t peer_id;    /* node at the other end */
    const char *peer_address;
    uint8_t lcore; /* that polls it */
};

struct fab_demo_actor {
    const char *class_name; /* NULL: none */
    uint8_t lcore;
};

struct fab_demo_role {
    const char *name;
    uint16_t node_id;
    uint8_t lcore_count;
    uint8_t first_cpu; /* index among the CPUs that we may use, modulo their count */
    struct fab_demo_end ends[FAB_DEMO_ENDS_MAX];
    const char *attach; /* role to whose control socket it attaches; NULL: none */
    struct fab_demo_actor actors[FAB_DEMO_ACTORS_MAX];
};

/* In the order in which they are started: servers of a memif before its clients. */
extern const struct fab_demo_role fab_demo_roles[FAB_DEMO_ROLE_COUNT];

/* NULL: there is none. */
const struct fab_demo_role *fab_demo_role_lookup(const char *name);

/* Path of a role's control socket in the demo's folder. `path` has FAB_DEMO_PATH_SIZE bytes. */
char *fab_demo_control_path(const char *folder, const char *role, char *path);

/* What the processes of one demo have in common. */
struct fab_demo_place {
    const char *folder; /* for sockets */
    bool is_no_huge;    /* decided once for all, so that they do not take pages from one another */
};

/* Starts the node of a role and its actors. On failure the cause has been printed.
 * As myc_node_start. */
enum myc_status fab_demo_role_start(const struct fab_demo_role *role,
                                    const struct fab_demo_place *place,
                                    const struct market_demo_options *options,
                                    struct myc_node **node);

/* Starts the demo's own node, attached to all the others, with no port and an lcore that sleeps
 * when it has nothing to do. As fab_demo_role_start. */
enum myc_status fab_demo_console_start(const struct fab_demo_place *place, struct myc_node **node);

/* Whether enough hugepages are free for all processes of the demo. */
bool fab_demo_has_hugepages(void);

/* CPUs that all lcores of the demo together want. */
uint32_t fab_demo_lcore_total(void);

#endif
