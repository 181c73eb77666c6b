/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/cmocka.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/compiler.h"
#include "link/segment_memory.h"

#define SIZE      8192U
#define SEALS_ALL (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE)

static int
foreign_memfd(size_t size, int seals)
{
    int fd = memfd_create("foreign", MFD_ALLOW_SEALING | MFD_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)size), 0);
    assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
    return fd;
}

static void
test_memory_is_shared_one_way(void **state)
{
    struct fab_segment_memory own;
    struct fab_segment_memory peer;

    (void)state;
    assert_int_equal(fab_segment_memory_create(SIZE, true, &own), MYC_OK);
    assert_true(own.size >= SIZE);
    assert_int_equal(fab_segment_memory_attach(dup(own.fd), own.size, SIZE, &peer), MYC_OK);
    ((volatile uint8_t *)own.base)[5000] = 42;
    assert_int_equal(((volatile const uint8_t *)peer.base)[5000], 42);
    assert_int_not_equal(mprotect(peer.base, peer.size, PROT_READ | PROT_WRITE), 0);
    fab_segment_memory_fini(&peer);
    fab_segment_memory_fini(&own);
}

static unsigned long
free_hugepages(void)
{
    FILE *file = fopen("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "re");
    unsigned long count = 0;

    if (file && fscanf(file, "%lu", &count) != 1)
        count = 0;
    if (file)
        fclose(file);
    return count;
}

/* Who asks for hugepages has them where there are any, and memory all the same where there are
 * none; the peer maps what it is given. */
static void
test_memory_lies_on_hugepages_where_there_are_any(void **state)
{
    bool has_any = free_hugepages() > 0;
    struct fab_segment_memory own, peer;
    struct statfs kind;

    (void)state;
    assert_int_equal(fab_segment_memory_create(SIZE, true, &own), MYC_OK);
    /* Another process may have taken the last one meanwhile. */
    assert_true(own.is_huge || !has_any || free_hugepages() == 0);
    assert_int_equal(fstatfs(own.fd, &kind), 0);
    assert_int_equal(kind.f_bsize == FAB_SEGMENT_HUGE_SIZE, own.is_huge);
    assert_int_equal(fab_segment_memory_attach(dup(own.fd), own.size, SIZE, &peer), MYC_OK);
    fab_segment_memory_fini(&peer);
    fab_segment_memory_fini(&own);
    if (!has_any)
        skip();
}

/* Cards are to read it, and not every IOMMU takes more. ASan has these addresses for itself. */
static void
test_memory_of_a_heap_is_at_addresses_of_39_bits(void **state)
{
    static const struct fab_numa_parts anywhere;
    struct fab_segment_memory heaps[2];

    (void)state;
#ifdef __SANITIZE_ADDRESS__
    skip();
#endif
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(fab_segment_memory_create_on(SIZE, false, "heap", &anywhere, &heaps[i]),
                         MYC_OK);
        assert_true((uintptr_t)heaps[i].base + heaps[i].size <= 1ULL << 39);
        memset(heaps[i].base, 1, heaps[i].size);
    }
    for (unsigned i = 0; i < 2; i++)
        fab_segment_memory_fini(&heaps[i]);
}

static void
test_own_memory_is_sealed(void **state)
{
    struct fab_segment_memory own;

    (void)state;
    assert_int_equal(fab_segment_memory_create(SIZE, false, &own), MYC_OK);
    assert_int_equal(fcntl(own.fd, F_GET_SEALS), SEALS_ALL | F_SEAL_SEAL);
    assert_int_not_equal(ftruncate(own.fd, 0), 0);
    assert_int_not_equal(ftruncate(own.fd, (off_t)own.size * 2), 0);
    assert_ptr_equal(mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, own.fd, 0), MAP_FAILED);
    fab_segment_memory_fini(&own);
    assert_int_equal(own.fd, -1);
    assert_null(own.base);
}

static void
test_memory_that_lacks_a_seal_is_refused(void **state)
{
    static const int seals[] = {
        0,
        F_SEAL_SHRINK,
        SEALS_ALL & ~F_SEAL_SHRINK,
        SEALS_ALL & ~F_SEAL_GROW,
        SEALS_ALL & ~F_SEAL_FUTURE_WRITE,
    };
    struct fab_segment_memory peer;

    (void)state;
    for (size_t i = 0; i < FAB_COUNT_OF(seals); i++) {
        int fd = foreign_memfd(SIZE, seals[i]);

        assert_int_equal(fab_segment_memory_attach(fd, SIZE, SIZE, &peer), MYC_REFUSED);
        assert_null(peer.base);
        assert_int_equal(fcntl(fd, F_GETFD), -1);
    }
}

static void
test_memory_of_another_size_is_refused(void **state)
{
    struct fab_segment_memory peer;

    (void)state;
    assert_int_equal(
        fab_segment_memory_attach(foreign_memfd(SIZE, SEALS_ALL), 2 * SIZE, SIZE, &peer),
        MYC_INVALID);
    assert_int_equal(
        fab_segment_memory_attach(foreign_memfd(SIZE, SEALS_ALL), SIZE, SIZE + 1, &peer),
        MYC_INVALID);
    assert_int_equal(fab_segment_memory_attach(foreign_memfd(0, SEALS_ALL), 0, SIZE, &peer),
                     MYC_INVALID);
    assert_int_equal(fab_segment_memory_attach(foreign_memfd(SIZE, SEALS_ALL),
                                               (size_t)FAB_SEGMENT_MEMORY_MAX * 2, SIZE, &peer),
                     MYC_TOO_BIG);
}

static void
test_what_is_no_memfd_is_refused(void **state)
{
    char path[] = "/tmp/segment-memory-XXXXXX";
    struct fab_segment_memory peer;
    int file = mkstemp(path);
    int pipes[2];

    (void)state;
    assert_true(file >= 0);
    unlink(path);
    assert_int_equal(ftruncate(file, SIZE), 0);
    assert_int_equal(fab_segment_memory_attach(file, SIZE, SIZE, &peer), MYC_REFUSED);
    assert_int_equal(pipe(pipes), 0);
    close(pipes[1]);
    assert_int_equal(fab_segment_memory_attach(pipes[0], SIZE, SIZE, &peer), MYC_REFUSED);
    assert_int_equal(fab_segment_memory_attach(-1, SIZE, SIZE, &peer), MYC_REFUSED);
}

static void
test_areas_of_lcore_pairs_do_not_overlap(void **state)
{
    const struct fab_segment_layout layout = { .slots = 64,
                                               .lcore_count = 3,
                                               .peer_lcore_count = 5 };
    size_t end = 0;

    (void)state;
    for (uint8_t own = 0; own < 3; own++) {
        for (uint8_t peer = 0; peer < 5; peer++) {
            size_t offset = fab_segment_layout_offset(&layout, own, peer);

            assert_true(offset >= end);
            assert_int_equal(offset % 128, 0);
            end = offset + fab_segment_area_size(layout.slots);
        }
    }
    assert_true(fab_segment_layout_size(&layout) >= end);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_is_shared_one_way),
        cmocka_unit_test(test_memory_lies_on_hugepages_where_there_are_any),
        cmocka_unit_test(test_memory_of_a_heap_is_at_addresses_of_39_bits),
        cmocka_unit_test(test_own_memory_is_sealed),
        cmocka_unit_test(test_memory_that_lacks_a_seal_is_refused),
        cmocka_unit_test(test_memory_of_another_size_is_refused),
        cmocka_unit_test(test_what_is_no_memfd_is_refused),
        cmocka_unit_test(test_areas_of_lcore_pairs_do_not_overlap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
