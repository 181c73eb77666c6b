/* SPDX-License-Identifier: BSD-3-Clause */
#include "env/memory.h"

#include <rte_malloc.h>
#include <rte_ring.h>

#include "env/numa.h"

/* rte_zmalloc_socket does not write pages that the kernel has just zeroed, but its heap is backed
 * by pages that the EAL has populated and, for hugepages, pinned: no fault is left for later. */
void *
fab_memory_alloc(const char *what, size_t size, size_t align, int socket)
{
    void *memory = rte_zmalloc_socket(what, size, (unsigned)align, socket);

    fab_numa_ask(what, size, socket);
    return memory ? memory : rte_zmalloc_socket(what, size, (unsigned)align, SOCKET_ID_ANY);
}

struct rte_ring *
fab_memory_ring(const char *name, unsigned slots, unsigned flags, int socket)
{
    struct rte_ring *ring = rte_ring_create(name, slots, socket, flags);

    fab_numa_ask(name, slots * sizeof(void *), socket);
    return ring ? ring : rte_ring_create(name, slots, SOCKET_ID_ANY, flags);
}

void
fab_memory_free(void *pointer)
{
    rte_free(pointer);
}
