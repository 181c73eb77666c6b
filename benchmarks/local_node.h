/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A node for measuring: busy lcores, one to a CPU, no device unless one is asked for.
 */
#ifndef BENCHMARKS_LOCAL_NODE_H
#define BENCHMARKS_LOCAL_NODE_H

#include <stdbool.h>

#include <semaphore.h>

#include <mycelium/node.h>

#include "wait.h"

#define LOCAL_NODE_ID    1U
#define PARTNER_NODE_ID  2U
#define LOCAL_LCORES_MAX 8U

struct local_node_wish {
    uint16_t node_id;
    uint32_t lcore_count;                 /* 1 to LOCAL_LCORES_MAX */
    bool has_partner;                     /* whose process has the last CPU to itself */
    bool has_driver;                      /* whose process has the first CPU to itself */
    uint8_t first_cpu;                    /* index among the CPUs that we may use, of lcore 0 */
    const char *control_socket;           /* NULL: none */
    const char *attach;                   /* NULL: none */
    const char *vdev;                     /* EAL device string; NULL: none */
    const char *device;                   /* ethdev name of it */
    const char *address;                  /* ours, with prefix */
    const char *peer_address;             /* of the other node */
    const struct myc_peer_options *peers; /* in its place; NULL: the one at peer_address */
    uint32_t peer_count;
    struct myc_limits limits; /* zeroes: the defaults */
    uint32_t memory_mb;       /* for EAL; 0: enough for the default limits */
    const char *fault;        /* of what it receives (env/fault_text.h); NULL: none */
};

/* Starts it; on failure the cause has been printed. As myc_node_start. */
enum myc_status local_node_start(const struct local_node_wish *wish, struct myc_node **node);

/* Starts it, spawns an actor on lcore 0 with the pointer `plan` as its arguments, waits until
 * somebody posts `done`, and stops it. As myc_node_start, myc_node_spawn and bench_wait. */
enum myc_status local_node_run(const struct local_node_wish *wish, const struct myc_class *class_of,
                               void *plan, sem_t *done);

/* In a node that runs: spawns such an actor on lcore 0 and waits for `done`, as `wait` says it, on
 * whose node it is. Likewise. */
enum myc_status local_node_drive(struct myc_node *node, const struct myc_class *class_of,
                                 void *plan, sem_t *done, struct bench_wait wait);

#endif
