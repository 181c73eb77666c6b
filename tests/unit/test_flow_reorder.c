/* SPDX-License-Identifier: BSD-3-Clause */
/* Where records wait that came before their turn: the receiving ends of flows, and their shelf. */
#include "support/cmocka.h"

#include <stdlib.h>

#include "base/prng.h"
#include "proto/flow.h"
#include "proto/reorder.h"

#define CELLS 96U

static const uint32_t limits[FAB_LANE_COUNT] = { 64, 16, 16 };

/* The receiving end of a flow that has all cells to itself. */
struct desk {
    struct fab_shelf shelf;
    struct fab_reorder reorder;
    void *memory;
};

static struct fab_reorder *
desk_open(struct desk *desk)
{
    desk->memory = aligned_alloc(64, fab_shelf_memory_size(CELLS));
    fab_shelf_init(&desk->shelf, desk->memory, CELLS);
    fab_reorder_init(&desk->reorder, &desk->shelf);
    fab_reorder_reset(&desk->reorder, 0);
    return &desk->reorder;
}

static void
desk_close(struct desk *desk)
{
    fab_reorder_reset(&desk->reorder, 0);
    assert_int_equal(desk->shelf.free, CELLS);
    free(desk->memory);
}

static enum fab_reorder_verdict
keep(struct fab_reorder *reorder, const struct fab_chunk *chunk)
{
    return fab_reorder_keep(reorder, chunk, limits[fab_chunk_lane(chunk)]);
}

/* Takes out the record that the stream waits for. */
static bool
take(struct fab_reorder *reorder, uint8_t stream, void *scratch)
{
    const struct fab_chunk *chunk = fab_reorder_peek(reorder, stream, scratch);

    if (chunk == NULL)
        return false;
    fab_reorder_drop(reorder, chunk);
    return true;
}

struct early {
    struct fab_chunk chunk;
    uint8_t record[1400];
};

static struct early
early(uint8_t stream, uint32_t number, uint16_t size)
{
    struct early early = { .chunk = { .stream = stream, .size = size, .number = number } };

    memset(early.record, (int)number, size);
    return early;
}

static void
test_reorder_keeps_and_gives_back_whole_records(void **state)
{
    _Alignas(8) uint8_t scratch[FAB_FRAME_SIZE_MAX];
    struct desk desk;
    struct fab_reorder *reorder = desk_open(&desk);

    (void)state;
    for (uint16_t size = 48; size < 1400; size += 61) {
        struct early kept = early(5, 1, size);
        const struct fab_chunk *chunk = (const void *)scratch;

        fab_reorder_reset(reorder, 0);
        assert_int_equal(keep(reorder, &kept.chunk), FAB_REORDER_KEPT);
        assert_int_equal(keep(reorder, &kept.chunk), FAB_REORDER_DUPLICATE);
        assert_false(take(reorder, 5, scratch)); /* 0 is missing */
        reorder->next[5] = 1;
        assert_true(take(reorder, 5, scratch));
        assert_int_equal(chunk->size, size);
        assert_memory_equal(chunk + 1, kept.record, size);
        assert_int_equal(reorder->used[0], 0);
        assert_true(fab_reorder_is_empty(reorder));
    }
    desk_close(&desk);
}

static void
test_reorder_refuses_what_exceeds_the_lanes_units(void **state)
{
    struct desk desk;
    struct fab_reorder *reorder = desk_open(&desk);
    struct early kept;
    uint32_t number = 1;

    (void)state;
    for (; number <= 32; number++) {
        kept = early((uint8_t)(number % 64), number, 80);
        assert_int_equal(keep(reorder, &kept.chunk), FAB_REORDER_KEPT);
    }
    kept = early(1, 100, 80);
    assert_int_equal(keep(reorder, &kept.chunk), FAB_REORDER_NO_ROOM);
    kept.chunk.lane = FAB_LANE_SYSTEM; /* its own reserve is untouched */
    assert_int_equal(keep(reorder, &kept.chunk), FAB_REORDER_KEPT);
    desk_close(&desk);
}

static void
test_reorder_all_cells_come_back(void **state)
{
    _Alignas(8) uint8_t scratch[FAB_FRAME_SIZE_MAX];
    struct desk desk;
    struct fab_reorder *reorder = desk_open(&desk);
    struct fab_prng prng;

    (void)state;
    fab_prng_init(&prng, 5);
    for (uint32_t round = 0; round < 2000; round++) {
        uint32_t first = round * 8;
        uint32_t kept = 0;

        for (uint32_t i = 0; i < 8; i++) {
            uint32_t number = first + (uint32_t)fab_prng_below(&prng, 8);
            struct early one = early(9, number, (uint16_t)(48 + fab_prng_below(&prng, 400)));

            kept += keep(reorder, &one.chunk) == FAB_REORDER_KEPT;
        }
        for (uint32_t number = first; number < first + 8; number++) {
            reorder->next[9] = number;
            kept -= take(reorder, 9, scratch);
        }
        assert_int_equal(kept, 0);
        assert_int_equal(reorder->used[0], 0);
    }
    desk_close(&desk);
}

/* Flows use the same streams and numbers; one that ends takes nothing of another along. */
static void
test_reorder_flows_share_a_shelf_and_never_see_each_others_records(void **state)
{
    _Alignas(8) uint8_t scratch[FAB_FRAME_SIZE_MAX];
    struct desk desk;
    struct fab_reorder *first = desk_open(&desk);
    struct fab_reorder second;

    (void)state;
    fab_reorder_init(&second, &desk.shelf);
    fab_reorder_reset(&second, 0);
    for (uint32_t number = 1; number <= 8; number++) {
        struct early one = early(3, number, 80);

        assert_int_equal(keep(first, &one.chunk), FAB_REORDER_KEPT);
        assert_false(fab_reorder_has(&second, 3, number));
        assert_int_equal(keep(&second, &one.chunk), FAB_REORDER_KEPT);
    }
    fab_reorder_reset(first, 0);
    assert_int_equal(desk.shelf.free, CELLS - 16);
    second.next[3] = 5;
    assert_true(take(&second, 3, scratch));
    fab_reorder_reset(&second, 0);
    desk_close(&desk);
}

/* A place's actors come one after the other, in generations; those that live at the same time
 * should seldom wait for each other's large messages. */
static void
test_streams_spread_the_generations_of_a_place(void **state)
{
    (void)state;
    for (uint64_t index = 0; index < 8; index++) {
        uint64_t streams = 0;

        for (uint64_t generation = 1; generation <= 32; generation++)
            streams |= 1ULL << fab_flow_stream_of(generation << 32 | index);
        /* 32 throws into 64: 25 on average. */
        assert_in_range(__builtin_popcountll(streams), 18, 32);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reorder_keeps_and_gives_back_whole_records),
        cmocka_unit_test(test_reorder_refuses_what_exceeds_the_lanes_units),
        cmocka_unit_test(test_reorder_all_cells_come_back),
        cmocka_unit_test(test_streams_spread_the_generations_of_a_place),
        cmocka_unit_test(test_reorder_flows_share_a_shelf_and_never_see_each_others_records),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
