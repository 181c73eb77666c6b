/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/cmocka.h"

#include <stdlib.h>
#include <string.h>

#include "env/fault.h"
#include "env/fault_text.h"

#define FRAMES 100000U

/* Frames are numbers on the heap, so that a lost or doubled pointer shows as a leak. */
struct frames {
    unsigned live;
    unsigned corrupted;
};

static void *
make(struct frames *frames, uint32_t number)
{
    uint32_t *frame = malloc(sizeof(*frame));

    *frame = number;
    frames->live++;
    return frame;
}

static void *
copy_frame(void *context, void *frame)
{
    return make(context, *(uint32_t *)frame);
}

static void
drop_frame(void *context, void *frame)
{
    ((struct frames *)context)->live--;
    free(frame);
}

static void
corrupt_frame(void *context, void *frame, uint64_t random)
{
    (void)frame;
    (void)random;
    ((struct frames *)context)->corrupted++;
}

static const struct fab_fault_ops ops = { copy_frame, drop_frame, corrupt_frame };

/* What came out of a run of FRAMES frames, one each microsecond. */
struct outcome {
    struct fab_fault_counters counters;
    unsigned out;
    unsigned overtaken; /* came after a later one */
    uint64_t hash;
};

static void
take(struct frames *frames, struct fab_fault_line *line, uint64_t now_ns, struct outcome *outcome)
{
    static uint32_t last;
    uint32_t *frame;

    if (outcome->out == 0)
        last = 0;
    while ((frame = fab_fault_line_pop(line, now_ns)) != NULL) {
        outcome->out++;
        outcome->overtaken += *frame < last;
        last = *frame > last ? *frame : last;
        outcome->hash = outcome->hash * 31 + *frame;
        drop_frame(frames, frame);
    }
}

static struct outcome
run(const struct myc_wire_fault *fault)
{
    struct frames frames = { 0 };
    struct outcome outcome = { 0 };
    struct fab_fault_line *line = fab_fault_line_create(fault, &ops, &frames);
    uint64_t now_ns = 0;

    for (uint32_t i = 0; i < FRAMES; i++, now_ns += 1000) {
        fab_fault_line_push(line, make(&frames, i), now_ns);
        take(&frames, line, now_ns, &outcome);
    }
    take(&frames, line, now_ns + 1000000000U, &outcome);
    assert_true(fab_fault_line_is_empty(line));
    outcome.counters = *fab_fault_line_counters(line);
    assert_int_equal(frames.live, 0);
    assert_int_equal(frames.corrupted, outcome.counters.corrupted);
    assert_int_equal(outcome.out, FRAMES - outcome.counters.lost + outcome.counters.duplicated);
    fab_fault_line_destroy(&line);
    assert_null(line);
    return outcome;
}

static void
test_line_without_faults_changes_nothing(void **state)
{
    struct myc_wire_fault fault = { .seed = 1 };
    struct outcome outcome = run(&fault);

    (void)state;
    assert_false(fab_wire_fault_is_active(&fault));
    assert_int_equal(outcome.out, FRAMES);
    assert_int_equal(outcome.overtaken, 0);
}

static void
test_rates_are_kept_and_a_seed_repeats_them(void **state)
{
    struct myc_wire_fault fault = { .seed = 7,
                                    .loss_per_million = 10000,
                                    .duplicate_per_million = 10000,
                                    .corrupt_per_million = 1000,
                                    .reorder_per_million = 20000 };
    struct outcome first = run(&fault);
    struct outcome second = run(&fault);

    (void)state;
    assert_true(first.counters.lost > FRAMES / 120 && first.counters.lost < FRAMES / 80);
    assert_true(first.counters.duplicated > FRAMES / 120);
    assert_true(first.counters.corrupted > FRAMES / 1500);
    assert_true(first.overtaken > FRAMES / 100);
    assert_true(first.hash == second.hash);
    fault.seed++;
    assert_true(run(&fault).hash != first.hash);
}

static void
test_mask_loses_exactly_its_frames(void **state)
{
    struct myc_wire_fault fault = { .loss_mask = 0x8000000000000005ULL };

    (void)state;
    assert_int_equal(run(&fault).counters.lost, 3);
}

static void
test_named_frames_are_lost_and_no_others(void **state)
{
    struct myc_wire_fault fault = { .lost_frames = { 0, 64, 65, 99999, FRAMES },
                                    .lost_frames_count = 5 };
    struct outcome outcome = run(&fault);

    (void)state;
    assert_true(fab_wire_fault_is_active(&fault));
    assert_int_equal(outcome.counters.lost, 4);
    assert_int_equal(outcome.overtaken, 0);
}

static void
test_a_fault_is_read_from_its_text(void **state)
{
    struct myc_wire_fault fault;
    char error[512];

    (void)state;
    assert_int_equal(fab_wire_fault_parse("seed=7,loss_per_million=10000,delay_ns=5,loss_mask=0x11,"
                                          "lost_frames=0+7+900,reorder_frames=3",
                                          &fault, error, sizeof(error)),
                     MYC_OK);
    assert_int_equal(fault.seed, 7);
    assert_int_equal(fault.loss_per_million, 10000);
    assert_int_equal(fault.delay_ns, 5);
    assert_int_equal(fault.loss_mask, 0x11);
    assert_int_equal(fault.reorder_frames, 3);
    assert_int_equal(fault.lost_frames_count, 3);
    assert_int_equal(fault.lost_frames[2], 900);
    assert_int_equal(fault.duplicate_per_million, 0);
}

static void
test_a_text_that_is_no_fault_is_refused_with_what_to_do(void **state)
{
    static const char *const cases[][2] = {
        { "", "write KEY=NUMBER" },
        { "loss", "at `loss`" },
        { "seed=1,los=2", "at `los=2`" },
        { "seed=-1", "write KEY=NUMBER" },
        { "seed=1x", "write KEY=NUMBER" },
        { "loss_per_million=99999999999", "loss_per_million" },
        { "lost_frames=1+", "joined by +" },
        { "loss_per_million=1000001", "rates are frames per million" },
        { "reorder_frames=65", "choose 1 to 64" },
        { "lost_frames=7+7", "sort it, each number once" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct myc_wire_fault fault;
        char error[512] = "";

        assert_int_equal(fab_wire_fault_parse(cases[i][0], &fault, error, sizeof(error)),
                         MYC_INVALID);
        if (!strstr(error, cases[i][1]))
            fail_msg("`%s` is refused with: %s", cases[i][0], error);
    }
}

static void
test_held_frame_goes_alone_after_its_time(void **state)
{
    struct myc_wire_fault fault = { .reorder_per_million = 1000000, .reorder_ns = 500 };
    struct frames frames = { 0 };
    struct fab_fault_line *line = fab_fault_line_create(&fault, &ops, &frames);
    void *frame;

    (void)state;
    fab_fault_line_push(line, make(&frames, 1), 1000);
    assert_null(fab_fault_line_pop(line, 1499));
    frame = fab_fault_line_pop(line, 1500);
    assert_non_null(frame);
    drop_frame(&frames, frame);
    fab_fault_line_push(line, make(&frames, 2), 2000);
    fab_fault_line_destroy(&line);
    assert_int_equal(frames.live, 0);
}

static void
test_delay_keeps_frames_and_full_line_counts_what_it_loses(void **state)
{
    struct myc_wire_fault fault = { .delay_ns = 1000 };
    struct frames frames = { 0 };
    struct fab_fault_line *line = fab_fault_line_create(&fault, &ops, &frames);

    (void)state;
    for (uint32_t i = 0; i < FAB_FAULT_DELAYED_MAX + 5; i++)
        fab_fault_line_push(line, make(&frames, i), 0);
    assert_null(fab_fault_line_pop(line, 999));
    assert_int_equal(fab_fault_line_counters(line)->overflowed, 5);
    assert_int_equal(frames.live, FAB_FAULT_DELAYED_MAX);
    fab_fault_line_destroy(&line);
    assert_int_equal(frames.live, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_line_without_faults_changes_nothing),
        cmocka_unit_test(test_rates_are_kept_and_a_seed_repeats_them),
        cmocka_unit_test(test_mask_loses_exactly_its_frames),
        cmocka_unit_test(test_named_frames_are_lost_and_no_others),
        cmocka_unit_test(test_a_fault_is_read_from_its_text),
        cmocka_unit_test(test_a_text_that_is_no_fault_is_refused_with_what_to_do),
        cmocka_unit_test(test_held_frame_goes_alone_after_its_time),
        cmocka_unit_test(test_delay_keeps_frames_and_full_line_counts_what_it_loses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
