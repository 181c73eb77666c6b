/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which NUMA node is near to what, and memory of the kernel's on a given node.
 *
 * A structure lies where it is used: what an lcore reads and writes in each turn on that lcore's
 * node, what a device writes on the device's. The EAL says which node that is, and places its own
 * memory (env/memory.h); memory that is not the EAL's (segments and heaps, which other processes
 * map) is placed here. Placing is a wish: where a node has no memory left, or does not exist, it
 * comes from another one.
 *
 * The one seam for tests: a topology of their own instead of the machine's, and a witness of what
 * was asked for. A machine with one node answers anything with it, so that only what was *asked*
 * can show there whether a structure would lie right.
 *
 * mbind is called as the system call that it is: the client library has it too, without libnuma.
 */
#ifndef FAB_ENV_NUMA_H
#define FAB_ENV_NUMA_H

#include <stddef.h>
#include <stdint.h>

#define FAB_NUMA_ANY (-1)

/* A row of equal parts, each of which has its own node. */
struct fab_numa_parts {
    const int *sockets; /* of each part; NULL: any */
    uint32_t count;
};

/* Wishes that the pages of memory lie on a node: those that are there already, too; of parts, those
 * that are not. `base` and `page`, a power of two, are those of the mapping; a page in which two
 * parts meet goes with the first. Context: any thread, at start. */
void fab_numa_place(const char *what, void *base, size_t size, size_t page, int socket);
void fab_numa_place_parts(const char *what, void *base, size_t size, size_t page,
                          const struct fab_numa_parts *parts);

/* Pages of the kernel's for such a row, zeroed, placed and touched; NULL: none. */
void *fab_numa_pages(const char *what, size_t size, const struct fab_numa_parts *parts);
void fab_numa_pages_free(void *base, size_t size);

/* Memory was asked for on a node: for the witness, wherever the EAL does the placing. */
void fab_numa_ask(const char *what, size_t size, int socket);

/* The node that is near to an lcore or a port, which the EAL says is `real`. */
int fab_numa_of_lcore(uint32_t eal_lcore, int real);
int fab_numa_of_port(uint16_t port, int real);

struct fab_numa_seam {
    int (*of_lcore)(uint32_t eal_lcore);
    int (*of_port)(uint16_t port);
    void (*on_ask)(const char *what, size_t size, int socket);
};

/* NULL: the machine itself. For tests. Context: main thread, before any node starts. */
void fab_numa_set_seam(const struct fab_numa_seam *seam);

#endif
