/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where the workers of a Savina case live: see savina.h.
 */
#ifndef BENCHMARKS_SAVINA_PLACE_H
#define BENCHMARKS_SAVINA_PLACE_H

#include <semaphore.h>

#include "savina.h"

enum savina_place {
    SAVINA_SAME_LCORE = 0,
    SAVINA_LCORES,
    SAVINA_PROCESSES, /* a segment between them */
    SAVINA_NODES,     /* a memif between them, as between hosts */
    SAVINA_PLACES
};

const char *savina_place_name(enum savina_place place);

/* Whether all is in one process. */
bool savina_place_is_local(enum savina_place place);

/* Spawns the actor that spawns workers there. As myc_node_spawn. */
enum myc_status savina_nursery_spawn(struct myc_node *node, uint8_t lcore, const char *name);

/* Starts a node, and for some places a partner; runs the driver to its end. One EAL, so once in a
 * process. As local_node_run, and what the run came to. */
enum myc_status savina_place_run(enum savina_place place, struct savina_run *run, sem_t *done);

#endif
