/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What two attached processes share, seen from one: a memory of ours, a memory of the peer's, and a
 * link for each pair of lcores laid over both.
 *
 *      init (our memory) -> map (the peer's) -> link -> ... -> end -> all released -> fini
 *
 * Owned by the control thread; the links in it are used by their owner lcores between link and
 * their release (link/segment.h).
 */
#ifndef FAB_NODE_CONTROL_ATTACHMENT_H
#define FAB_NODE_CONTROL_ATTACHMENT_H

#include "link/segment.h"
#include "link/segment_memory.h"

struct fab_attachment {
    struct fab_segment_layout own_layout;
    struct fab_segment_layout peer_layout;
    bool has_heap;      /* the peer maps ours */
    const int *sockets; /* NUMA node of each lcore of ours; NULL: any; not owned */
    struct fab_segment_memory own;
    struct fab_segment_memory peer;
    struct fab_segment_memory peer_heap; /* its large messages; no base: it has not offered one */
    struct fab_segment_link *links;      /* owned; [our lcore * peer's lcores + peer's lcore] */
    uint32_t link_count;                 /* 0 before link */
};

struct fab_attachment_sizes {
    uint32_t slots;      /* of each ring that we send on */
    uint32_t peer_slots; /* of each ring that the peer sends on */
    uint8_t lcore_count;
    uint8_t peer_lcore_count;
    bool wants_huge;
    bool has_heap;      /* the peer is given our heap, too */
    const int *sockets; /* NUMA node of each lcore of ours; NULL: any; outlives the links */
};

/* As fab_segment_memory_create. On failure there is nothing to undo. */
enum myc_status fab_attachment_init(struct fab_attachment *attachment,
                                    const struct fab_attachment_sizes *sizes);

/* Takes `fd` over. As fab_segment_memory_attach. */
enum myc_status fab_attachment_map(struct fab_attachment *attachment, int fd, size_t size);

/* Maps the peer's heap, before link; without it the peer lends us nothing. Takes `fd` over. As
 * fab_segment_memory_attach. */
enum myc_status fab_attachment_map_heap(struct fab_attachment *attachment, int fd, size_t size);

/* Makes the links; `reach` is whom the peer may reach here, NULL: everybody; it must outlive them.
 * OK; NO_MEMORY. */
enum myc_status fab_attachment_link(struct fab_attachment *attachment, uint64_t peer_home,
                                    const struct fab_reach *reach);

/* Tells every link that the peer is there no more. */
void fab_attachment_end(struct fab_attachment *attachment, enum myc_status reason);

/* Whether an lcore of ours found nonsense from the peer. */
bool fab_attachment_is_cut(const struct fab_attachment *attachment);

/* Whether every lcore of ours is done with its links; true before link. */
bool fab_attachment_is_released(const struct fab_attachment *attachment);

/* Frees everything; asserts that it is released unless `is_forced` (the lcores run no more). */
void fab_attachment_fini(struct fab_attachment *attachment, bool is_forced);

#endif
