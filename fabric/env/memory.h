/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory for cores and links: from the EAL's heap, on the lcore's own NUMA node, touched before
 * use.
 */
#ifndef FAB_ENV_MEMORY_H
#define FAB_ENV_MEMORY_H

#include <stddef.h>

struct rte_ring;

/* Zeroed memory on a NUMA node (FAB_EAL_ANY_SOCKET: any); from another node when that one has none
 * left. NULL when there is none. `align` is a power of two; `what` it is for stands in the EAL's
 * dumps and is not kept. Context: any thread, at start. */
void *fab_memory_alloc(const char *what, size_t size, size_t align, int socket);

/* A ring of rte_ring on a NUMA node, likewise; rte_ring_free gives it back. */
struct rte_ring *fab_memory_ring(const char *name, unsigned slots, unsigned flags, int socket);

/* NULL is fine. Context: any thread. */
void fab_memory_free(void *pointer);

#endif
