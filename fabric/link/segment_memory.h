/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The memory of a segment: sealed memfds.
 *
 * Each process makes one memfd for each peer, maps it writable once, and seals it: it cannot
 * shrink (a shrunk file turns a reader's load into SIGBUS), grow, or be mapped writable again. The
 * other side checks kind, seals and size before it maps anything, and maps read only.
 *
 * Rejected: one memfd for all peers (a peer would see what others are sent); POSIX shared memory by
 * name (somebody else can open it, it survives a kill); DPDK's own sharing (needs EAL on both
 * sides, and a primary whose death takes the others along).
 */
#ifndef FAB_LINK_SEGMENT_MEMORY_H
#define FAB_LINK_SEGMENT_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "env/numa.h"
#include "link/segment_ring.h"

#include <mycelium/status.h>

#define FAB_SEGMENT_HUGE_SIZE  (2ULL * 1024ULL * 1024ULL) /* bytes of a hugepage */
#define FAB_SEGMENT_PAGE_SIZE  4096U
#define FAB_SEGMENT_MEMORY_MAX (64ULL * 1024ULL * 1024ULL * 1024ULL) /* bytes of one memfd */

/* Where the areas of a process's memfd lie: one for each pair of its lcores and the peer's. */
struct fab_segment_layout {
    uint32_t slots;           /* of each ring that this process sends on */
    uint8_t lcore_count;      /* lcores of the process that owns the memfd, 1 to 255 */
    uint8_t peer_lcore_count; /* 1 to 255 */
};

struct fab_segment_memory {
    void *base; /* NULL: not mapped */
    size_t size;
    int fd; /* owned; -1: closed */
    bool is_huge;
};

/* Bytes that the layout needs. */
size_t fab_segment_layout_size(const struct fab_segment_layout *layout);

/* Offset of the area of owner's lcore and peer's lcore, both within their counts. */
size_t fab_segment_layout_offset(const struct fab_segment_layout *layout, uint8_t lcore,
                                 uint8_t peer_lcore);

/* The next multiple of a hugepage: parts of a memory that begin there share none. */
static inline uint64_t
fab_segment_memory_round(uint64_t size)
{
    return (size + FAB_SEGMENT_HUGE_SIZE - 1U) / FAB_SEGMENT_HUGE_SIZE * FAB_SEGMENT_HUGE_SIZE;
}

/* Makes, maps, touches, locks (as far as the limit allows) and seals memory of at least `size`
 * bytes; on hugepages when wanted and there are any. OK; TOO_BIG; NO_MEMORY; IO_ERROR.
 * Context: a thread that may block. */
enum myc_status fab_segment_memory_create(size_t size, bool wants_huge,
                                          struct fab_segment_memory *memory);

/* The same with its first `size` bytes in equal parts on NUMA nodes, and, where there is room, at
 * addresses of 39 bits, so that any IOMMU takes them; `what` it is, for a witness. */
enum myc_status fab_segment_memory_create_on(size_t size, bool wants_huge, const char *what,
                                             const struct fab_numa_parts *parts,
                                             struct fab_segment_memory *memory);

/* Maps a peer's memfd read only, after checking it: `size` is what the peer says that it has,
 * `needed` what its layout needs. Takes `fd` over, also on failure. OK; REFUSED (not a memfd, or
 * not sealed); INVALID (size); TOO_BIG; NO_MEMORY. Context: a thread that may block. */
enum myc_status fab_segment_memory_attach(int fd, size_t size, size_t needed,
                                          struct fab_segment_memory *memory);

/* Bytes of its pages; its size is a multiple of them. */
static inline size_t
fab_segment_memory_page(const struct fab_segment_memory *memory)
{
    return memory->is_huge ? FAB_SEGMENT_HUGE_SIZE : FAB_SEGMENT_PAGE_SIZE;
}

/* Unmaps and closes. */
void fab_segment_memory_fini(struct fab_segment_memory *memory);

/* An area of memory made by create or attach with that layout. */
static inline struct fab_segment_area *
fab_segment_memory_area(const struct fab_segment_memory *memory,
                        const struct fab_segment_layout *layout, uint8_t lcore, uint8_t peer_lcore)
{
    size_t offset = fab_segment_layout_offset(layout, lcore, peer_lcore);

    return (struct fab_segment_area *)(void *)((uint8_t *)memory->base + offset);
}

#endif
