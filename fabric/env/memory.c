/* SPDX-License-Identifier: BSD-3-Clause */
#include "env/memory.h"

#include <rte_malloc.h>

/* rte_zmalloc_socket does not write pages that the kernel has just zeroed, but its heap is backed
 * by pages that the EAL has populated and, for hugepages, pinned: no fault is left for later. */
void *
fab_memory_alloc(size_t size, size_t align, int socket)
{
    void *memory = rte_zmalloc_socket("mycelium", size, (unsigned)align, socket);

    return memory ? memory : rte_zmalloc_socket("mycelium", size, (unsigned)align, SOCKET_ID_ANY);
}

void
fab_memory_free(void *pointer)
{
    rte_free(pointer);
}
