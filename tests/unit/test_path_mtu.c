/* SPDX-License-Identifier: BSD-3-Clause */
/* The search for the largest frame that a path takes, without a flow around it. */
#include "support/cmocka.h"

#include <string.h>

#include "proto/path_mtu.h"
#include "wire/frame.h"

#define JUMBO      8952U
#define PROBES_MAX 64U

static struct fab_path_mtu mtu;
static uint64_t number;

static void
begin(uint16_t max, bool can_probe)
{
    memset(&mtu, 0, sizeof(mtu));
    fab_path_mtu_init(&mtu, max, can_probe);
}

/* Over a path that takes frames of so many bytes. Returns how many probes it took. */
static unsigned
search(uint16_t path)
{
    unsigned probes = 0;

    while (fab_path_mtu_wants_probe(&mtu)) {
        uint16_t size = mtu.probe;

        assert_true(++probes <= PROBES_MAX);
        fab_path_mtu_on_probe(&mtu, ++number);
        assert_false(fab_path_mtu_wants_probe(&mtu));
        if (size <= path)
            (void)fab_path_mtu_on_acked(&mtu, number, size);
        else
            (void)fab_path_mtu_on_lost(&mtu, number, size, 0);
    }
    return probes;
}

static void
test_every_path_is_found_to_within_a_step(void **state)
{
    (void)state;
    for (uint16_t path = FAB_PATH_MTU_COMMON; path <= JUMBO; path++) {
        begin(JUMBO, true);
        search(path);
        assert_true(mtu.size <= path);
        assert_true(mtu.size == JUMBO || mtu.size + FAB_PATH_MTU_STEP + 8U > path);
        assert_true(mtu.size % 8 == 4 || mtu.size % 8 == 0); /* 1452, or a multiple of 8 */
    }
}

static void
test_a_path_that_takes_all_is_found_by_one_probe(void **state)
{
    (void)state;
    begin(JUMBO, true);
    assert_int_equal(mtu.size, FAB_PATH_MTU_COMMON);
    assert_int_equal(search(JUMBO), 1);
    assert_int_equal(mtu.size, JUMBO);
}

static void
test_nothing_is_tried_on_ordinary_ethernet_or_without_the_peer(void **state)
{
    (void)state;
    begin(FAB_PATH_MTU_COMMON + FAB_PATH_MTU_STEP, true);
    assert_false(fab_path_mtu_wants_probe(&mtu));
    assert_int_equal(mtu.size, FAB_PATH_MTU_COMMON + FAB_PATH_MTU_STEP);
    begin(JUMBO, false);
    assert_false(fab_path_mtu_wants_probe(&mtu));
    assert_int_equal(mtu.size, JUMBO);
}

static void
test_a_size_is_given_up_after_three_losses_in_a_row(void **state)
{
    (void)state;
    begin(JUMBO, true);
    for (unsigned i = 0; i < FAB_PATH_MTU_TRIES; i++) {
        assert_int_equal(mtu.probe, JUMBO);
        fab_path_mtu_on_probe(&mtu, ++number);
        assert_int_equal(fab_path_mtu_on_lost(&mtu, number, JUMBO, 0), FAB_PATH_MTU_PROBED);
    }
    assert_true(mtu.probe < JUMBO);
}

/* Large frames vanish while small ones arrive, and for long enough: none of the three alone. */
static void
test_a_black_hole_needs_losses_arrivals_and_time(void **state)
{
    (void)state;
    for (unsigned without = 0; without < 4; without++) {
        unsigned large = without == 1 ? FAB_PATH_MTU_HOLE_LOST - 1 : FAB_PATH_MTU_HOLE_LOST;
        unsigned small = without == 2 ? FAB_PATH_MTU_HOLE_SMALL - 1 : FAB_PATH_MTU_HOLE_SMALL;
        uint64_t after_ns = without == 3 ? FAB_PATH_MTU_HOLE_NS - 1 : FAB_PATH_MTU_HOLE_NS;

        begin(FAB_PATH_MTU_COMMON, true);
        for (unsigned i = 0; i < large; i++)
            (void)fab_path_mtu_on_lost(&mtu, ++number, FAB_PATH_MTU_COMMON, 1000);
        for (unsigned i = 0; i < small; i++)
            (void)fab_path_mtu_on_acked(&mtu, ++number, 100);
        assert_true(fab_path_mtu_is_hole(&mtu, 1000 + after_ns) == (without == 0));
    }
}

static void
test_a_large_frame_that_arrives_is_no_black_hole(void **state)
{
    (void)state;
    begin(FAB_PATH_MTU_COMMON, true);
    for (unsigned i = 0; i < 2 * FAB_PATH_MTU_HOLE_LOST; i++) {
        (void)fab_path_mtu_on_lost(&mtu, ++number, FAB_PATH_MTU_COMMON, 0);
        (void)fab_path_mtu_on_acked(&mtu, ++number, i % 8 == 7 ? FAB_PATH_MTU_COMMON : 100);
        assert_false(fab_path_mtu_is_hole(&mtu, 2 * FAB_PATH_MTU_HOLE_NS));
    }
}

static void
test_after_a_black_hole_the_search_begins_with_the_smallest(void **state)
{
    (void)state;
    begin(JUMBO, true);
    fab_path_mtu_distrust(&mtu);
    fab_path_mtu_init(&mtu, FAB_PATH_MTU_COMMON, true);
    assert_true(mtu.size <= FAB_FRAME_SIZE_MIN);
    search(1400);
    assert_true(mtu.size <= 1400 && mtu.size + FAB_PATH_MTU_STEP + 8U > 1400);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_path_is_found_to_within_a_step),
        cmocka_unit_test(test_a_path_that_takes_all_is_found_by_one_probe),
        cmocka_unit_test(test_nothing_is_tried_on_ordinary_ethernet_or_without_the_peer),
        cmocka_unit_test(test_a_size_is_given_up_after_three_losses_in_a_row),
        cmocka_unit_test(test_a_black_hole_needs_losses_arrivals_and_time),
        cmocka_unit_test(test_a_large_frame_that_arrives_is_no_black_hole),
        cmocka_unit_test(test_after_a_black_hole_the_search_begins_with_the_smallest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
