/* SPDX-License-Identifier: BSD-3-Clause */
/* Congestion window and pacer, alone; how flows share a wire is in sim/test_sim_congestion.c. */
#include "support/cmocka.h"

#include "proto/congestion.h"
#include "proto/pacer.h"
#include "wire/frame.h"

#define FRAME   1500U
#define FRAMES  512U
#define BASE_NS 20000U

/* A flow that always fills its window, a round at a time. */
struct rounds {
    struct fab_congestion congestion;
    uint64_t number;
    uint16_t marks;
};

static void
rounds_init(struct rounds *rounds)
{
    *rounds = (struct rounds){ .number = 1000 };
    fab_congestion_init(&rounds->congestion, FRAME, FRAMES, false);
    rounds->congestion.round_end = 1000;
}

/* One round: all that the window allows is sent and acknowledged. */
static void
run_round(struct rounds *rounds, uint64_t trip_ns, uint32_t marked)
{
    uint32_t frames = (uint32_t)(rounds->congestion.window / FRAME);

    fab_congestion_on_sent(&rounds->congestion, rounds->congestion.window);
    rounds->number += frames;
    rounds->marks = (uint16_t)(rounds->marks + marked);
    assert_true(fab_congestion_on_ack(&rounds->congestion, &(struct fab_congestion_ack){
                                                               .number = rounds->number,
                                                               .next_number = rounds->number + 1,
                                                               .trip_ns = trip_ns,
                                                               .trip_ns_min = BASE_NS,
                                                               .frames = frames,
                                                               .marks = rounds->marks,
                                                           }));
}

static void
test_window_opens_wide_in_a_few_rounds_of_an_idle_path(void **state)
{
    struct rounds rounds;

    (void)state;
    rounds_init(&rounds);
    assert_true(fab_congestion_is_limiting(&rounds.congestion));
    for (int i = 0; i < 7; i++)
        run_round(&rounds, BASE_NS + 1000, 0);
    assert_false(fab_congestion_is_limiting(&rounds.congestion));
    assert_true(rounds.congestion.window == (uint64_t)FRAME * FRAMES);
}

static void
test_window_that_does_not_limit_does_not_grow(void **state)
{
    struct rounds rounds;
    uint64_t before;

    (void)state;
    rounds_init(&rounds);
    before = rounds.congestion.window;
    fab_congestion_on_ack(&rounds.congestion, &(struct fab_congestion_ack){ .number = 1001,
                                                                            .next_number = 1002,
                                                                            .trip_ns = BASE_NS,
                                                                            .trip_ns_min = BASE_NS,
                                                                            .frames = 1 });
    assert_true(rounds.congestion.window == before);
}

static void
test_lasting_queue_cuts_the_window_by_its_excess(void **state)
{
    struct rounds rounds;
    uint64_t before;

    (void)state;
    rounds_init(&rounds);
    before = rounds.congestion.window;
    run_round(&rounds, 100000, 0); /* 80 us of queue, 30 us too many */
    assert_true(rounds.congestion.window == before * 70 / 100);
    before = rounds.congestion.window;
    run_round(&rounds, 10000000, 0);
    assert_true(rounds.congestion.window == before / 2);
    before = rounds.congestion.window;
    run_round(&rounds, BASE_NS + FAB_CONGESTION_TARGET_NS, 0); /* just at the target */
    assert_true(rounds.congestion.window > before);
}

static void
test_window_never_falls_below_two_frames(void **state)
{
    struct rounds rounds;

    (void)state;
    rounds_init(&rounds);
    for (int i = 0; i < 50; i++)
        run_round(&rounds, 10000000, 0);
    assert_true(rounds.congestion.window == (uint64_t)FRAME * FAB_CONGESTION_FRAMES_MIN);
    run_round(&rounds, BASE_NS, 0);
    assert_true(rounds.congestion.window > (uint64_t)FRAME * FAB_CONGESTION_FRAMES_MIN);
}

static void
test_marks_cut_by_their_share(void **state)
{
    struct rounds rounds;
    uint64_t before;

    (void)state;
    rounds_init(&rounds);
    before = rounds.congestion.window;
    run_round(&rounds, BASE_NS, (uint32_t)(before / FRAME)); /* every frame: half */
    assert_true(rounds.congestion.window == before / 2);
    for (int i = 0; i < 20; i++)
        run_round(&rounds, BASE_NS, 0);
    before = rounds.congestion.window;
    run_round(&rounds, BASE_NS, 1); /* one of many: hardly anything */
    assert_true(rounds.congestion.window < before);
    assert_true(rounds.congestion.window > before * 9 / 10);
}

static void
test_random_loss_is_no_congestion_but_much_loss_is(void **state)
{
    struct rounds rounds;
    uint64_t before;

    (void)state;
    rounds_init(&rounds);
    before = rounds.congestion.window;
    fab_congestion_on_lost(&rounds.congestion);
    run_round(&rounds, BASE_NS, 0);
    assert_true(rounds.congestion.window > before);
    before = rounds.congestion.window;
    for (uint32_t i = 0; i < before / FRAME / 2; i++)
        fab_congestion_on_lost(&rounds.congestion);
    run_round(&rounds, BASE_NS, 0);
    assert_true(rounds.congestion.window == before * 7 / 10);
}

static void
test_switched_off_it_never_limits(void **state)
{
    struct fab_congestion congestion;

    (void)state;
    fab_congestion_init(&congestion, FRAME, FRAMES, true);
    assert_false(fab_congestion_is_limiting(&congestion));
    assert_false(fab_congestion_on_ack(
        &congestion, &(struct fab_congestion_ack){ .number = 10, .frames = 9, .marks = 9 }));
    fab_congestion_on_silence(&congestion);
    assert_false(fab_congestion_is_limiting(&congestion));
}

static void
test_pacer_spreads_a_window_over_a_round_trip(void **state)
{
    struct fab_pacer pacer;
    uint64_t now_ns = 1000000;
    uint64_t start_ns = now_ns;

    (void)state;
    fab_pacer_init(&pacer);
    fab_pacer_set_rate(&pacer, 100 * FRAME, 1000000, 100); /* a frame each 10 us */
    for (int i = 0; i < 100; i++) {
        while (fab_pacer_is_holding(&pacer, now_ns))
            now_ns = pacer.next_ns;
        fab_pacer_on_sent(&pacer, FRAME, now_ns);
    }
    assert_in_range(now_ns - start_ns, 1000000 - 2 * FAB_PACER_BURST_NS, 1000000);
}

/* A loop that comes round once a millisecond, because its handlers take so long. */
static void
test_pacer_gives_a_loop_that_comes_late_what_was_due_meanwhile(void **state)
{
    struct fab_pacer pacer;
    uint64_t now_ns = 1000000;
    uint32_t sent = 0;

    (void)state;
    fab_pacer_init(&pacer);
    fab_pacer_set_rate(&pacer, 100 * FRAME, 1000000, 100); /* a frame each 10 us */
    for (int turn = 0; turn < 100; turn++, now_ns += 1000000) {
        if (turn > 0)
            fab_pacer_on_release(&pacer, pacer.next_ns, now_ns);
        for (; !fab_pacer_is_holding(&pacer, now_ns); sent++)
            fab_pacer_on_sent(&pacer, FRAME, now_ns);
    }
    assert_in_range(sent, 99 * 100, 100 * 100 + 10);
    /* And one that comes in time again has no more than the small burst. */
    fab_pacer_on_release(&pacer, pacer.next_ns, pacer.next_ns + 100);
    now_ns += 50000000;
    for (sent = 0; !fab_pacer_is_holding(&pacer, now_ns); sent++)
        fab_pacer_on_sent(&pacer, FRAME, now_ns);
    assert_in_range(sent, 1, FAB_PACER_BURST_NS / 10000 + 1);
}

static void
test_pacer_lets_short_round_trips_and_free_paths_alone(void **state)
{
    struct fab_pacer pacer;

    (void)state;
    fab_pacer_init(&pacer);
    for (int i = 0; i < 1000; i++) {
        assert_false(fab_pacer_is_holding(&pacer, 5000000));
        fab_pacer_on_sent(&pacer, FRAME, 5000000);
    }
    fab_pacer_set_rate(&pacer, 100 * FRAME, 10000, 100);
    for (int i = 0; i < 100; i++) {
        assert_false(fab_pacer_is_holding(&pacer, 5000000));
        fab_pacer_on_sent(&pacer, FRAME, 5000000);
    }
    fab_pacer_set_free(&pacer);
    assert_false(fab_pacer_is_holding(&pacer, 0));
}

static void
test_pause_code_keeps_a_quarter_of_the_value(void **state)
{
    (void)state;
    assert_int_equal(fab_pause_decode(fab_pause_encode(0)), 0);
    assert_int_equal(fab_pause_decode(fab_pause_encode(63)), 0);
    for (uint64_t ns = 64; ns < 1ULL << 40; ns += ns / 7 + 1) {
        uint64_t told = fab_pause_decode(fab_pause_encode(ns));

        assert_true(told <= ns && told + ns / 5 + 64 >= ns);
    }
    for (uint32_t code = 1; code < 200; code++)
        assert_int_equal(fab_pause_encode(fab_pause_decode((uint8_t)code)), code);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_window_opens_wide_in_a_few_rounds_of_an_idle_path),
        cmocka_unit_test(test_window_that_does_not_limit_does_not_grow),
        cmocka_unit_test(test_lasting_queue_cuts_the_window_by_its_excess),
        cmocka_unit_test(test_window_never_falls_below_two_frames),
        cmocka_unit_test(test_marks_cut_by_their_share),
        cmocka_unit_test(test_random_loss_is_no_congestion_but_much_loss_is),
        cmocka_unit_test(test_switched_off_it_never_limits),
        cmocka_unit_test(test_pacer_spreads_a_window_over_a_round_trip),
        cmocka_unit_test(test_pacer_gives_a_loop_that_comes_late_what_was_due_meanwhile),
        cmocka_unit_test(test_pacer_lets_short_round_trips_and_free_paths_alone),
        cmocka_unit_test(test_pause_code_keeps_a_quarter_of_the_value),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
