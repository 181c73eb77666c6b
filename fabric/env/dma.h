/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory that is not the EAL's and that cards read all the same: the heap of large bodies.
 *
 *      memfd, mapped by us  --register-->  the EAL knows its pages and what cards call them (IOVA)
 *                           --map------->  the IOMMU before a card lets the card read it
 *
 * Registered with the first card that needs it, mapped for each, unmapped when that card has
 * stopped, unregistered after the last and before the memory goes. Cards that vfio-pci has share
 * one mapping, the EAL's container: it is made for the first of them and lasts to the last.
 *
 * By virtual addresses (an IOMMU translates) all of the memory is one piece. By physical ones each
 * page stands where it stands: what lies astride two pages is in one piece only if these are
 * neighbours there, too. Physical addresses are good for hugepages alone, because the kernel may
 * move others even when they are locked; a mapping for vfio pins whatever it maps.
 *
 * What is sent from another process's heap is copied into ours first (actor/buffer.h), so that
 * nothing but our own heap is ever read by a card.
 */
#ifndef FAB_ENV_DMA_H
#define FAB_ENV_DMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

#define FAB_DMA_NONE        UINT64_MAX
#define FAB_DMA_CARDS_MAX   32U
#define FAB_DMA_REASON_SIZE 128U

struct rte_device;

struct fab_dma_card {
    struct rte_device *device; /* not owned */
    bool is_in_container;      /* shares its mapping with others that are */
    bool is_mapped;            /* false: it reads physical memory as it stands (uio) */
};

struct fab_dma {
    uint8_t *base; /* not owned; NULL: there is no memory */
    size_t size;
    size_t page_size;
    uint64_t *iova; /* owned: of each page; NULL: what the processor calls it */
    bool is_registered;
    uint32_t card_count;
    struct fab_dma_card cards[FAB_DMA_CARDS_MAX];
};

/* `size` bytes at `base`, both multiples of `page_size`, that stay until fini. Context: main thread
 * as for all of these. */
void fab_dma_init(struct fab_dma *dma, void *base, size_t size, size_t page_size);

/* After the last card was unmapped. Good for memory that is all zero, too. */
void fab_dma_fini(struct fab_dma *dma);

/* Has the card of a device read the memory. False: it cannot, and `reason` says why; nothing has
 * changed. */
bool fab_dma_map(struct fab_dma *dma, struct rte_device *device, char reason[FAB_DMA_REASON_SIZE]);

/* Undoes it, once the device has stopped and while it is still there. */
void fab_dma_unmap(struct fab_dma *dma, struct rte_device *device);

/* What cards call `size` bytes, 1 up, at `bytes`. FAB_DMA_NONE: they are not (all) of the memory,
 * or not in one piece for a card. Context: any thread, while a card is mapped. */
static inline uint64_t
fab_dma_iova(const struct fab_dma *dma, const void *bytes, size_t size)
{
    size_t at = (size_t)((uintptr_t)bytes - (uintptr_t)dma->base);
    size_t page, last;

    if (fab_unlikely(at >= dma->size || size > dma->size - at))
        return FAB_DMA_NONE;
    if (fab_likely(!dma->iova))
        return (uintptr_t)bytes;
    page = at / dma->page_size;
    last = (at + size - 1) / dma->page_size;
    for (size_t i = page; i < last; i++)
        if (dma->iova[i + 1] != dma->iova[i] + dma->page_size)
            return FAB_DMA_NONE;
    return dma->iova[page] + at % dma->page_size;
}

#endif
