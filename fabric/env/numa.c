/* SPDX-License-Identifier: BSD-3-Clause */
#include "env/numa.h"

#include <linux/mempolicy.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/compiler.h"

#define NODES_MAX  1024U
#define WORD_BITS  (8U * sizeof(unsigned long))
#define PAGE_BYTES 4096U

static const struct fab_numa_seam *seam; /* NULL: the machine itself */

void
fab_numa_set_seam(const struct fab_numa_seam *given)
{
    seam = given;
}

void
fab_numa_ask(const char *what, size_t size, int socket)
{
    if (fab_unlikely(seam != NULL))
        seam->on_ask(what, size, socket);
}

int
fab_numa_of_lcore(uint32_t eal_lcore, int real)
{
    return fab_unlikely(seam != NULL) ? seam->of_lcore(eal_lcore) : real;
}

int
fab_numa_of_port(uint16_t port, int real)
{
    return fab_unlikely(seam != NULL) ? seam->of_port(port) : real;
}

/* How many nodes the process may have memory of. */
static unsigned
node_count(void)
{
    unsigned long nodes[NODES_MAX / WORD_BITS] = { 0 };
    unsigned count = 0;

    if (syscall(SYS_get_mempolicy, NULL, nodes, NODES_MAX, NULL, MPOL_F_MEMS_ALLOWED) != 0)
        return 1;
    for (size_t i = 0; i < NODES_MAX / WORD_BITS; i++)
        count += (unsigned)__builtin_popcountl(nodes[i]);
    return count;
}

/* What the kernel answers is of no matter: memory on another node is memory. Pages that are there
 * already are moved when `flags` say so, which waits for every CPU. */
static void
prefer(void *base, size_t size, int socket, unsigned flags)
{
    unsigned long nodes[NODES_MAX / WORD_BITS] = { 0 };

    if (size == 0 || socket < 0 || (unsigned)socket >= NODES_MAX || node_count() < 2)
        return;
    nodes[(unsigned)socket / WORD_BITS] = 1UL << (unsigned)socket % WORD_BITS;
    (void)syscall(SYS_mbind, base, size, MPOL_PREFERRED, nodes, NODES_MAX, flags);
}

void
fab_numa_place(const char *what, void *base, size_t size, size_t page, int socket)
{
    fab_numa_ask(what, size, socket);
    prefer(base, (size + page - 1) & ~(page - 1), socket, MPOL_MF_MOVE);
}

void
fab_numa_place_parts(const char *what, void *base, size_t size, size_t page,
                     const struct fab_numa_parts *parts)
{
    size_t part = parts->count ? size / parts->count : 0;
    size_t from = 0;

    for (uint32_t i = 0; parts->sockets && i < parts->count; i++) {
        size_t end = i + 1 == parts->count ? size : (i + 1) * part;
        size_t to = (end + page - 1) & ~(page - 1);

        fab_numa_ask(what, end - i * part, parts->sockets[i]);
        prefer((uint8_t *)base + from, to - from, parts->sockets[i], 0);
        from = to;
    }
}

void *
fab_numa_pages(const char *what, size_t size, const struct fab_numa_parts *parts)
{
    void *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (base == MAP_FAILED)
        return NULL;
    fab_numa_place_parts(what, base, size, PAGE_BYTES, parts);
    for (size_t at = 0; at < size; at += PAGE_BYTES)
        *((volatile uint8_t *)base + at) = 0;
    return base;
}

void
fab_numa_pages_free(void *base, size_t size)
{
    if (base)
        munmap(base, size);
}
