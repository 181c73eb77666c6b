/* SPDX-License-Identifier: BSD-3-Clause */
/* The allocator of the large-message heap. */
#include "support/cmocka.h"

#include <stdlib.h>
#include <string.h>

#include "base/heap.h"
#include "base/prng.h"

#define MIB (1024U * 1024U)

struct lab {
    struct fab_heap heap;
    uint8_t *memory;
    void *table;
};

static void
lab_init(struct lab *lab, size_t size)
{
    lab->memory = malloc(size);
    lab->table = malloc(fab_heap_table_size(size));
    fab_heap_init(&lab->heap, lab->memory, size, lab->table);
}

static void
lab_fini(struct lab *lab)
{
    assert_true(fab_heap_is_whole(&lab->heap));
    free(lab->table);
    free(lab->memory);
}

static void
test_a_heap_gives_its_whole_memory_in_the_largest_blocks(void **state)
{
    struct lab lab;
    uint32_t units[4];

    (void)state;
    lab_init(&lab, 64U * MIB);
    for (unsigned i = 0; i < 4; i++) {
        units[i] = fab_heap_claim(&lab.heap, FAB_HEAP_BLOCK_MAX);
        assert_int_not_equal(units[i], FAB_HEAP_NONE);
    }
    assert_int_equal(lab.heap.free_units, 0);
    assert_int_equal(fab_heap_claim(&lab.heap, 1), FAB_HEAP_NONE);
    for (unsigned i = 0; i < 4; i++)
        fab_heap_release(&lab.heap, units[i]);
    lab_fini(&lab);
}

static void
test_a_size_is_rounded_up_to_a_power_of_two_of_units(void **state)
{
    static const struct {
        uint32_t size;
        uint32_t block;
    } cases[] = {
        { 1, 2048 },
        { 2048, 2048 },
        { 2049, 4096 },
        { 65536, 65536 },
        { 65537, 131072 },
        { MIB, MIB },
        { 16 * MIB - 1, 16 * MIB },
        { 16 * MIB, 16 * MIB },
    };
    struct lab lab;

    (void)state;
    lab_init(&lab, 16U * MIB);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint32_t unit = fab_heap_claim(&lab.heap, cases[i].size);

        assert_int_not_equal(unit, FAB_HEAP_NONE);
        assert_int_equal(fab_heap_block_size(&lab.heap, unit), cases[i].block);
        fab_heap_release(&lab.heap, unit);
    }
    lab_fini(&lab);
}

static void
test_a_heap_of_an_odd_size_and_an_empty_one_give_what_they_have(void **state)
{
    struct lab lab;
    uint32_t units[7];

    (void)state;
    lab_init(&lab, 7 * FAB_HEAP_UNIT);
    assert_int_equal(fab_heap_claim(&lab.heap, 8 * FAB_HEAP_UNIT), FAB_HEAP_NONE);
    for (unsigned i = 0; i < 7; i++)
        assert_in_range(units[i] = fab_heap_claim(&lab.heap, 1), 0, 6);
    assert_int_equal(fab_heap_claim(&lab.heap, 1), FAB_HEAP_NONE);
    for (unsigned i = 0; i < 7; i++)
        fab_heap_release(&lab.heap, units[i]);
    lab_fini(&lab);
    fab_heap_init(&lab.heap, NULL, 0, NULL);
    assert_int_equal(fab_heap_claim(&lab.heap, 1), FAB_HEAP_NONE);
    assert_true(fab_heap_is_whole(&lab.heap));
}

/* Every block is filled with its own pattern, and found as it was left. */
static void
test_blocks_do_not_overlap_and_merge_again_after_any_order_of_release(void **state)
{
    enum {
        COUNT = 200
    };
    struct block {
        uint32_t unit;
        uint32_t size;
        uint8_t fill;
    } blocks[COUNT];
    struct fab_prng prng;
    struct lab lab;
    unsigned refused = 0;

    (void)state;
    memset(blocks, 0, sizeof(blocks));
    fab_prng_init(&prng, 11);
    lab_init(&lab, 4U * MIB);
    for (unsigned round = 0; round < 20000; round++) {
        struct block *block = &blocks[fab_prng_below(&prng, COUNT)];

        if (block->size > 0) {
            const uint8_t *bytes = fab_heap_bytes(&lab.heap, block->unit);

            assert_int_equal(bytes[0], block->fill);
            assert_int_equal(bytes[block->size / 2], block->fill);
            assert_int_equal(bytes[block->size - 1], block->fill);
            fab_heap_release(&lab.heap, block->unit);
            block->size = 0;
            continue;
        }
        block->size = 1U + (uint32_t)fab_prng_below(&prng, 1U << (8 + fab_prng_below(&prng, 12)));
        block->fill = (uint8_t)round;
        block->unit = fab_heap_claim(&lab.heap, block->size);
        if (block->unit == FAB_HEAP_NONE) {
            block->size = 0;
            refused++;
            continue;
        }
        memset(fab_heap_bytes(&lab.heap, block->unit), block->fill, block->size);
    }
    assert_true(refused > 0);
    for (unsigned i = 0; i < COUNT; i++)
        if (blocks[i].size > 0)
            fab_heap_release(&lab.heap, blocks[i].unit);
    assert_true(fab_heap_is_whole(&lab.heap));
    fab_heap_release(&lab.heap, fab_heap_claim(&lab.heap, 4U * MIB));
    lab_fini(&lab);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_heap_gives_its_whole_memory_in_the_largest_blocks),
        cmocka_unit_test(test_a_size_is_rounded_up_to_a_power_of_two_of_units),
        cmocka_unit_test(test_a_heap_of_an_odd_size_and_an_empty_one_give_what_they_have),
        cmocka_unit_test(test_blocks_do_not_overlap_and_merge_again_after_any_order_of_release),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
