/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A full node: EAL, lcores that poll by themselves, rings between them, ports, segments.
 *
 *      main thread        start, spawn from outside, stop
 *      control thread     control socket, attaching to others (control/)
 *      lcores             everything else; the others reach them by commands only
 *
 * start goes through phases, each undone in reverse when a later one fails: EAL, heap, lcores with
 * their cores, rings, ports with their flows, the registry on each lcore, launch, control socket.
 * stop is the same list backwards, after phases in which the actors end: see full_stop.c.
 */
#ifndef FAB_NODE_FULL_H
#define FAB_NODE_FULL_H

#include "env/dma.h"
#include "link/segment_memory.h"
#include "node/hook.h"
#include "node/lcore.h"
#include "node/node.h"
#include "node/options.h"
#include "node/primary.h"

#define FAB_NODE_CALL_TIMEOUT_MS 30000U /* an lcore that has not answered by then is stuck */
#define FAB_NODE_STOP_TIMEOUT_MS 2000U  /* for each phase of a stop, unless the options say so */

struct fab_ports;
struct fab_segments;
struct fab_watchdog;

struct fab_full {
    struct myc_node head;            /* first: what the user holds */
    struct myc_node_options options; /* strings in it are not ours: used during start only */
    struct fab_lcore *lcores;        /* owned; lcore_count of them */
    uint32_t lcore_count;
    uint32_t launched_count; /* lcores that run, or turn in the program's loop */
    struct fab_hook hook;    /* which one does */
    struct fab_link *
        *rings; /* owned; lcore_count squared, [from * count + to]; NULL on the diagonal */
    struct fab_segment_memory heap; /* owned: large messages, an equal part for each lcore */
    struct fab_dma dma;             /* the same, as cards read it */
    struct fab_ports *ports;        /* owned; NULL: none */
    struct fab_segments *segments;  /* owned; NULL: none */
    struct fab_watchdog *watchdog;  /* owned; NULL: none */
    struct fab_primary primary;     /* of a secondary process */
    struct myc_ref *roots;          /* owned; what was spawned from outside, in that order */
    uint32_t root_count;
    uint32_t root_room;
    uint32_t stop_timeout_ms;
    bool is_eal_ours;
    bool has_guards; /* takes part in the fault signals' handler */
};

/* Bytes of heap of one lcore. */
static inline uint64_t
fab_full_heap_part(const struct fab_full *full)
{
    return fab_segment_memory_round(full->options.limits.heap_bytes_max);
}

static inline void *
fab_full_heap(const struct fab_full *full, uint8_t lcore)
{
    return (uint8_t *)full->heap.base + fab_full_heap_part(full) * lcore;
}

/* full_rings.c: joins each two lcores. OK; NO_MEMORY. Context: main thread before the launch. */
enum myc_status fab_full_rings_create(struct fab_full *full);
/* Also for some of them, or none. Context: main thread, when no lcore runs. */
void fab_full_rings_destroy(struct fab_full *full);

/* The node's operations: full_spawn.c, full_stop.c. */
enum myc_status fab_full_spawn(struct myc_node *node, uint8_t lcore,
                               const struct myc_class *class_of,
                               const struct myc_spawn_options *options, struct myc_ref *ref);
/* Undoes every phase of the start that was done. Good for a node in any state. */
void fab_full_stop(struct myc_node *node);

/* Runs a command on a lcore of the node and waits; on one that has not been launched, or is hooked
 * into a loop of the calling thread, it runs here. As fab_command_call. Context: main or control
 * thread. */
enum myc_status fab_full_call(struct fab_full *full, uint8_t lcore, fab_command_fn run,
                              void *argument);

#endif
