/* SPDX-License-Identifier: BSD-3-Clause */
#include "link/segment_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"

#define AREA_ALIGN FAB_SEGMENT_PAGE_SIZE /* areas of different lcores never share a page */
#define LOW_BEGIN  (1ULL << 38)
#define LOW_END    (1ULL << 39)
#define LOW_STEP   (1ULL << 30)
#define SEALS      (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE)

#ifndef MFD_HUGE_2MB
#define MFD_HUGE_2MB (21U << 26)
#endif
#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ  22
#define MADV_POPULATE_WRITE 23
#endif

static size_t
round_up(size_t size, size_t unit)
{
    return (size + unit - 1U) / unit * unit;
}

static size_t
area_stride(const struct fab_segment_layout *layout)
{
    return round_up(fab_segment_area_size(layout->slots), AREA_ALIGN);
}

size_t
fab_segment_layout_size(const struct fab_segment_layout *layout)
{
    return area_stride(layout) * layout->lcore_count * layout->peer_lcore_count;
}

size_t
fab_segment_layout_offset(const struct fab_segment_layout *layout, uint8_t lcore,
                          uint8_t peer_lcore)
{
    FAB_ASSERT(lcore < layout->lcore_count && peer_lcore < layout->peer_lcore_count);
    return area_stride(layout) * ((size_t)lcore * layout->peer_lcore_count + peer_lcore);
}

/* Gives the pages now rather than at the first touch. False: there are none; an old kernel that
 * does not know the advice is fine. */
static bool
populate(void *base, size_t size, int advice)
{
    if (madvise(base, size, advice) != 0 && errno != EINVAL)
        return false;
    /* Locked as far as the limit allows: without swap, unlocked pages stay too. */
    if (mlock(base, size) != 0)
        return errno == ENOMEM || errno == EPERM || errno == EAGAIN;
    return true;
}

/* Where parts of a memory of ours are to lie; NULL in a peer's. */
struct placing {
    const char *what;
    size_t size;
    const struct fab_numa_parts *parts;
    bool is_low;
};

/* The IOMMU of many a machine takes addresses of 39 bits. The kernel maps above, the EAL well
 * below: what a card is to read goes between, or, where that is taken, to where the kernel says. */
static void *
map_low(size_t size, int protection, int fd)
{
    for (uint64_t at = LOW_BEGIN; at + size <= LOW_END; at += LOW_STEP) {
        void *base =
            mmap((void *)(uintptr_t)at, size, protection, MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0);

        if (base != MAP_FAILED || errno != EEXIST)
            return base;
    }
    return mmap(NULL, size, protection, MAP_SHARED, fd, 0);
}

static enum myc_status
map(struct fab_segment_memory *memory, int protection, const struct placing *placing)
{
    memory->base = placing && placing->is_low
                       ? map_low(memory->size, protection, memory->fd)
                       : mmap(NULL, memory->size, protection, MAP_SHARED, memory->fd, 0);
    if (memory->base == MAP_FAILED) {
        memory->base = NULL;
        return MYC_NO_MEMORY;
    }
    if (placing)
        fab_numa_place_parts(placing->what, memory->base, placing->size,
                             fab_segment_memory_page(memory), placing->parts);
    if (!populate(memory->base, memory->size,
                  protection & PROT_WRITE ? MADV_POPULATE_WRITE : MADV_POPULATE_READ))
        return MYC_NO_MEMORY;
    return MYC_OK;
}

static enum myc_status
create_with(size_t size, unsigned flags, const struct placing *placing,
            struct fab_segment_memory *memory)
{
    enum myc_status status = MYC_NO_MEMORY;

    *memory = (struct fab_segment_memory){ .size = size, .is_huge = flags & MFD_HUGETLB };
    memory->fd = memfd_create("mycelium-segment", MFD_CLOEXEC | MFD_ALLOW_SEALING | flags);
    if (memory->fd < 0)
        return MYC_IO_ERROR;
    if (ftruncate(memory->fd, (off_t)size) == 0)
        status = map(memory, PROT_READ | PROT_WRITE, placing);
    if (status == MYC_OK && fcntl(memory->fd, F_ADD_SEALS, SEALS | F_SEAL_SEAL) != 0)
        status = MYC_IO_ERROR;
    if (status != MYC_OK)
        fab_segment_memory_fini(memory);
    return status;
}

static enum myc_status
create(const struct placing *placing, bool wants_huge, struct fab_segment_memory *memory)
{
    size_t size = placing->size;

    if (size > FAB_SEGMENT_MEMORY_MAX)
        return MYC_TOO_BIG;
    if (wants_huge && create_with(fab_segment_memory_round(size), MFD_HUGETLB | MFD_HUGE_2MB,
                                  placing, memory) == MYC_OK)
        return MYC_OK;
    return create_with(round_up(size, AREA_ALIGN), 0, placing, memory);
}

enum myc_status
fab_segment_memory_create_on(size_t size, bool wants_huge, const char *what,
                             const struct fab_numa_parts *parts, struct fab_segment_memory *memory)
{
    return create(&(struct placing){ what, size, parts, .is_low = true }, wants_huge, memory);
}

enum myc_status
fab_segment_memory_create(size_t size, bool wants_huge, struct fab_segment_memory *memory)
{
    static const struct fab_numa_parts anywhere;

    return create(&(struct placing){ "segment", size, &anywhere, .is_low = false }, wants_huge,
                  memory);
}

/* What must hold before the first byte is mapped. */
static enum myc_status
check(int fd, size_t size, size_t needed)
{
    int seals = fcntl(fd, F_GET_SEALS);
    struct stat status;

    if (size > FAB_SEGMENT_MEMORY_MAX + FAB_SEGMENT_HUGE_SIZE)
        return MYC_TOO_BIG;
    if (seals < 0 || (seals & SEALS) != SEALS)
        return MYC_REFUSED;
    if (fstat(fd, &status) != 0 || status.st_size < 0 || (size_t)status.st_size != size ||
        size < needed)
        return MYC_INVALID;
    return MYC_OK;
}

enum myc_status
fab_segment_memory_attach(int fd, size_t size, size_t needed, struct fab_segment_memory *memory)
{
    enum myc_status status = check(fd, size, needed);

    *memory = (struct fab_segment_memory){ .size = size, .fd = fd };
    if (status == MYC_OK)
        status = map(memory, PROT_READ, NULL);
    if (status != MYC_OK)
        fab_segment_memory_fini(memory);
    return status;
}

void
fab_segment_memory_fini(struct fab_segment_memory *memory)
{
    if (memory->base)
        munmap(memory->base, memory->size);
    if (memory->fd >= 0)
        close(memory->fd);
    memory->base = NULL;
    memory->fd = -1;
}
