/* SPDX-License-Identifier: BSD-3-Clause */
/* rte_dev_dma_map is experimental in 22.11, and stable in what it does since 19.05. */
#define ALLOW_EXPERIMENTAL_API
#include "env/dma.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_memory.h>

#include "base/assert.h"

#define PATH_SIZE 160U

static bool
explain(char reason[FAB_DMA_REASON_SIZE], const char *what)
{
    snprintf(reason, FAB_DMA_REASON_SIZE, "%s", what);
    return false;
}

static bool
explain_error(char reason[FAB_DMA_REASON_SIZE], const char *what, int error)
{
    snprintf(reason, FAB_DMA_REASON_SIZE, "%s: %s", what, rte_strerror(error));
    return false;
}

void
fab_dma_init(struct fab_dma *dma, void *base, size_t size, size_t page_size)
{
    FAB_ASSERT((uintptr_t)base % page_size == 0 && size % page_size == 0);
    *dma = (struct fab_dma){ .base = base, .size = size, .page_size = page_size };
}

/* --- the EAL ---------------------------------------------------------------------------------- */

/* What cards call each page. False: nobody can say. */
static bool
find_pages(const struct fab_dma *dma, uint64_t *iova)
{
    for (size_t i = 0; i < dma->size / dma->page_size; i++) {
        iova[i] = rte_mem_virt2iova(dma->base + i * dma->page_size);
        if (iova[i] == RTE_BAD_IOVA)
            return false;
    }
    return true;
}

/* Whether they are what the processor calls them. */
static bool
is_one_piece(const struct fab_dma *dma, const uint64_t *iova)
{
    for (size_t i = 0; i < dma->size / dma->page_size; i++)
        if (iova[i] != (uintptr_t)dma->base + i * dma->page_size)
            return false;
    return true;
}

static bool
register_pages(struct fab_dma *dma, uint64_t *iova, char reason[FAB_DMA_REASON_SIZE])
{
    size_t count = dma->size / dma->page_size;

    if (rte_eal_iova_mode() == RTE_IOVA_PA && dma->page_size <= (size_t)sysconf(_SC_PAGESIZE))
        return explain(reason, "the heap is of small pages, which may move: reserve hugepages, or "
                               "use an IOMMU with --iova-mode=va");
    if (!find_pages(dma, iova))
        return explain(reason, "the physical addresses of the heap are not to be known: run as "
                               "root, or behind an IOMMU with --iova-mode=va");
    if (rte_extmem_register(dma->base, dma->size, iova, (unsigned)count, dma->page_size) != 0)
        return explain_error(reason, "the EAL does not take the heap", rte_errno);
    dma->is_registered = true;
    return true;
}

static bool
make_known(struct fab_dma *dma, char reason[FAB_DMA_REASON_SIZE])
{
    uint64_t *iova;
    bool is_known;

    if (dma->is_registered)
        return true;
    iova = calloc(dma->size / dma->page_size, sizeof(*iova));
    if (!iova)
        return explain(reason, "no memory for the addresses of the heap's pages");
    is_known = register_pages(dma, iova, reason);
    if (is_known && !is_one_piece(dma, iova))
        dma->iova = iova;
    else
        free(iova);
    return is_known;
}

void
fab_dma_fini(struct fab_dma *dma)
{
    FAB_ASSERT(dma->card_count == 0);
    if (dma->is_registered)
        rte_extmem_unregister(dma->base, dma->size);
    free(dma->iova);
    *dma = (struct fab_dma){ .base = NULL };
}

/* --- cards ------------------------------------------------------------------------------------ */

/* Pages from one on that are neighbours for a card. Returns their bytes. */
static size_t
run_from(const struct fab_dma *dma, size_t at)
{
    size_t end = at;

    do
        end += dma->page_size;
    while (end < dma->size && fab_dma_iova(dma, dma->base + end - 1, 2) != FAB_DMA_NONE);
    return end - at;
}

/* Undoes what was mapped of the first `size` bytes. */
static void
unmap_runs(const struct fab_dma *dma, struct rte_device *device, size_t size)
{
    for (size_t at = 0, run; at < size; at += run) {
        run = run_from(dma, at);
        rte_dev_dma_unmap(device, dma->base + at, fab_dma_iova(dma, dma->base + at, 1), run);
    }
}

/* A PCI card that takes physical addresses, and has neither vfio nor a driver that would map, needs
 * no mapping: uio. */
static bool
needs_no_mapping(const struct rte_device *device, int error)
{
    return error == ENOTSUP && rte_eal_iova_mode() == RTE_IOVA_PA &&
           strcmp(rte_bus_name(rte_dev_bus(device)), "pci") == 0;
}

static bool
map_runs(const struct fab_dma *dma, struct fab_dma_card *card, char reason[FAB_DMA_REASON_SIZE])
{
    struct rte_device *device = card->device;

    for (size_t at = 0, run; at < dma->size; at += run) {
        int error;

        run = run_from(dma, at);
        if (rte_dev_dma_map(device, dma->base + at, fab_dma_iova(dma, dma->base + at, 1), run) == 0)
            continue;
        error = rte_errno;
        if (at == 0 && needs_no_mapping(device, error)) {
            card->is_mapped = false;
            return true;
        }
        unmap_runs(dma, device, at);
        return explain_error(reason, "the heap cannot be mapped for the card", error);
    }
    return true;
}

/* Whether vfio-pci has the card. The EAL knows and does not tell; the kernel does. */
static bool
is_in_container(const struct rte_device *device)
{
    char path[PATH_SIZE], target[PATH_SIZE];
    const char *name;
    ssize_t size;

    snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver", rte_dev_name(device));
    size = readlink(path, target, sizeof(target) - 1);
    if (size < 0)
        return false;
    target[size] = '\0';
    name = strrchr(target, '/');
    return strcmp(name ? name + 1 : target, "vfio-pci") == 0;
}

/* Whether a card has a mapping already that such a card shares. */
static bool
is_shared(const struct fab_dma *dma, const struct fab_dma_card *card)
{
    for (uint32_t i = 0; i < dma->card_count; i++)
        if (card->is_in_container && dma->cards[i].is_in_container)
            return true;
    return false;
}

bool
fab_dma_map(struct fab_dma *dma, struct rte_device *device, char reason[FAB_DMA_REASON_SIZE])
{
    struct fab_dma_card card = { device, is_in_container(device), true };

    if (dma->card_count == FAB_DMA_CARDS_MAX)
        return explain(reason, "the heap is mapped for as many cards as can be");
    if (!make_known(dma, reason) || (!is_shared(dma, &card) && !map_runs(dma, &card, reason)))
        return false;
    dma->cards[dma->card_count++] = card;
    return true;
}

void
fab_dma_unmap(struct fab_dma *dma, struct rte_device *device)
{
    struct fab_dma_card card;
    uint32_t at = 0;

    while (at < dma->card_count && dma->cards[at].device != device)
        at++;
    FAB_ASSERT(at < dma->card_count);
    card = dma->cards[at];
    dma->cards[at] = dma->cards[--dma->card_count];
    if (card.is_mapped && !is_shared(dma, &card))
        unmap_runs(dma, device, dma->size);
}
