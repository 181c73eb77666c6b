/* SPDX-License-Identifier: BSD-3-Clause */
/* Which copy of a frame was first, and when a path is told to be down or back. */
#include "support/cmocka.h"

#include "base/prng.h"
#include "proto/twin.h"

#define EPOCH       77U
#define MS          1000000ULL
#define PATIENCE_NS (10 * MS)

static struct fab_frame_peek
data(uint32_t number)
{
    return (struct fab_frame_peek){ .type = FAB_FRAME_DATA, .epoch = EPOCH, .number = number };
}

/* A copy comes: whether it is the first. A flow that drops its own duplicates takes the rest. */
static bool
comes_first(struct fab_twin *twin, uint8_t path, uint32_t number)
{
    struct fab_frame_peek frame = data(number);

    if (fab_twin_is_second(twin, path, &frame))
        return false;
    fab_twin_on_taken(twin, path, &frame);
    return true;
}

static void
test_second_copy_is_known_whichever_path_was_first(void **state)
{
    struct fab_twin twin;

    (void)state;
    fab_twin_init(&twin);
    for (uint32_t number = UINT32_MAX - 500; number != 500; number++) {
        assert_true(comes_first(&twin, number % 2, number));
        assert_false(comes_first(&twin, !(number % 2), number));
    }
}

static void
test_a_copy_that_was_not_taken_does_not_keep_the_other_away(void **state)
{
    struct fab_frame_peek frame = data(5);
    struct fab_twin twin;

    (void)state;
    fab_twin_init(&twin);
    assert_true(comes_first(&twin, 0, 4));
    assert_false(fab_twin_is_second(&twin, 0, &frame)); /* broken: the flow refuses it */
    assert_true(comes_first(&twin, 1, 5));
    assert_false(comes_first(&twin, 0, 5));
}

static void
test_a_duplicate_on_one_path_is_left_to_the_flow(void **state)
{
    struct fab_frame_peek frame = data(9);
    struct fab_twin twin;

    (void)state;
    fab_twin_init(&twin);
    assert_true(comes_first(&twin, 0, 9));
    assert_false(fab_twin_is_second(&twin, 0, &frame));
}

static void
test_path_that_lags_within_the_window_only_brings_seconds(void **state)
{
    struct fab_twin twin;

    (void)state;
    fab_twin_init(&twin);
    for (uint32_t number = 0; number < 5 * FAB_TWIN_WINDOW; number++) {
        assert_true(comes_first(&twin, 0, number));
        if (number >= FAB_TWIN_WINDOW - 1)
            assert_false(comes_first(&twin, 1, number - (FAB_TWIN_WINDOW - 1)));
    }
}

static void
test_numbers_beyond_the_window_and_of_other_epochs_are_left_to_the_flow(void **state)
{
    struct fab_frame_peek old = data(100);
    struct fab_frame_peek other = data(5000);
    struct fab_twin twin;

    (void)state;
    fab_twin_init(&twin);
    assert_true(comes_first(&twin, 0, 100));
    assert_true(comes_first(&twin, 0, 5000));
    assert_false(fab_twin_is_second(&twin, 1, &old));
    other.epoch++;
    assert_false(fab_twin_is_second(&twin, 1, &other));
    fab_twin_on_taken(&twin, 1, &other); /* begins that epoch's window */
    assert_true(fab_twin_is_second(&twin, 0, &other));
    other.epoch--;
    assert_false(fab_twin_is_second(&twin, 1, &other));
}

static void
test_handshakes_have_no_second_copy(void **state)
{
    struct fab_frame_peek hello = { .type = FAB_FRAME_HELLO };
    struct fab_twin twin;

    (void)state;
    fab_twin_init(&twin);
    fab_twin_on_taken(&twin, 0, &hello);
    assert_false(fab_twin_is_second(&twin, 1, &hello));
}

/* Against a set that forgets nothing: no first copy is ever called a second, and none within the
 * window is missed. */
static void
test_random_losses_and_orders_agree_with_a_plain_set(void **state)
{
    enum {
        NUMBERS = 4000,
        LAG = 300
    };
    static bool came[FAB_TWIN_PATHS][NUMBERS];

    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct fab_prng prng;
        struct fab_twin twin;

        fab_prng_init(&prng, seed);
        fab_twin_init(&twin);
        memset(came, 0, sizeof(came));
        for (uint32_t i = 0; i < 4 * NUMBERS; i++) {
            uint32_t top = i / 4 + 1 < NUMBERS ? i / 4 + 1 : NUMBERS;
            uint32_t back = (uint32_t)fab_prng_below(&prng, top < LAG ? top : LAG);
            uint8_t path = (uint8_t)fab_prng_below(&prng, FAB_TWIN_PATHS);
            uint32_t number = top - 1 - back;
            struct fab_frame_peek frame = data(number);

            assert_int_equal(fab_twin_is_second(&twin, path, &frame), came[path ^ 1U][number]);
            fab_twin_on_taken(&twin, path, &frame);
            came[path][number] = true;
        }
    }
}

static void
test_path_is_down_when_only_the_other_brings_frames_and_back_with_the_next(void **state)
{
    struct fab_twin twin;
    uint64_t now_ns = MS;

    (void)state;
    fab_twin_init(&twin);
    assert_int_equal(fab_twin_heard(&twin, 0, PATIENCE_NS, now_ns), FAB_TWIN_NOTHING);
    assert_int_equal(fab_twin_heard(&twin, 1, PATIENCE_NS, now_ns), FAB_TWIN_NOTHING);
    assert_int_equal(fab_twin_heard(&twin, 0, PATIENCE_NS, now_ns), FAB_TWIN_NOTHING);
    for (int i = 0; i < 4; i++) {
        now_ns += PATIENCE_NS / 4;
        assert_int_equal(fab_twin_heard(&twin, 0, PATIENCE_NS, now_ns), FAB_TWIN_NOTHING);
    }
    now_ns++;
    assert_int_equal(fab_twin_heard(&twin, 0, PATIENCE_NS, now_ns), FAB_TWIN_OTHER_DOWN);
    assert_int_equal(fab_twin_heard(&twin, 0, PATIENCE_NS, now_ns + MS), FAB_TWIN_NOTHING);
    assert_true(twin.paths[1].is_down);
    assert_int_equal(fab_twin_heard(&twin, 1, PATIENCE_NS, now_ns + MS), FAB_TWIN_BACK);
    assert_false(twin.paths[1].is_down);
}

/* After our own sleep one path's backlog is read before the other's. */
static void
test_our_own_pause_and_silence_on_both_are_no_loss_of_a_path(void **state)
{
    struct fab_twin twin;
    uint64_t now_ns = MS;

    (void)state;
    fab_twin_init(&twin);
    for (int i = 0; i < 10; i++) {
        uint8_t first = (uint8_t)(i % 2);

        for (int frame = 0; frame < 5; frame++)
            assert_int_equal(fab_twin_heard(&twin, first, PATIENCE_NS, now_ns), FAB_TWIN_NOTHING);
        for (int frame = 0; frame < 5; frame++)
            assert_int_equal(fab_twin_heard(&twin, !first, PATIENCE_NS, now_ns), FAB_TWIN_NOTHING);
        now_ns += 100 * PATIENCE_NS;
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_second_copy_is_known_whichever_path_was_first),
        cmocka_unit_test(test_a_copy_that_was_not_taken_does_not_keep_the_other_away),
        cmocka_unit_test(test_a_duplicate_on_one_path_is_left_to_the_flow),
        cmocka_unit_test(test_path_that_lags_within_the_window_only_brings_seconds),
        cmocka_unit_test(test_numbers_beyond_the_window_and_of_other_epochs_are_left_to_the_flow),
        cmocka_unit_test(test_handshakes_have_no_second_copy),
        cmocka_unit_test(test_random_losses_and_orders_agree_with_a_plain_set),
        cmocka_unit_test(
            test_path_is_down_when_only_the_other_brings_frames_and_back_with_the_next),
        cmocka_unit_test(test_our_own_pause_and_silence_on_both_are_no_loss_of_a_path),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
