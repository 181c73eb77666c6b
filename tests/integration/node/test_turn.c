/* SPDX-License-Identifier: BSD-3-Clause */
/* One turn of an lcore, without a node around it. */
#include "support/cmocka.h"

#include "env/clock.h"
#include "node/lcore.h"
#include "small_node.h"

#define LONG_NS 2000000U /* what the turn's work takes */

/* A port that notes the times it is given. */
struct noter {
    uint64_t work_ns; /* that a poll takes; 0: it finds nothing */
    uint64_t polled_ns;
    uint64_t flushed_ns;
};

static unsigned
note_poll(void *context, struct fab_room room, uint64_t now_ns)
{
    struct noter *noter = context;

    (void)room;
    noter->polled_ns = now_ns;
    while (fab_clock_ns() < now_ns + noter->work_ns)
        continue;
    return noter->work_ns != 0;
}

static void
note_flush(void *context, uint64_t now_ns)
{
    ((struct noter *)context)->flushed_ns = now_ns;
}

static const struct fab_turn_limits limits = { FAB_POLL_BURST, FAB_RUN_BUDGET, 1, 1 };

static void
begin(struct fab_lcore *lcore, struct noter *noter)
{
    const struct fab_core_config config = {
        .size = sizeof(config),
        .home = 1,
        .lcore_count = 1,
        .limits = { .actors_max = 16, .messages_max = 64, .state_bytes_max = 4096 },
    };

    fab_clock_init();
    assert_int_equal(fab_lcore_init(lcore, &config, MYC_IDLE_BUSY), MYC_OK);
    assert_int_equal(fab_lcore_add_pollable(lcore, (struct fab_pollable){ .poll = note_poll,
                                                                          .flush = note_flush,
                                                                          .context = noter }),
                     MYC_OK);
}

/* A flow takes the time between a frame's stamp and its acknowledgement for that of the path.
 * Frames that were stamped before the handlers of a long turn had made it believe in a queue there,
 * and send two frames a round trip. */
static void
test_frames_that_leave_after_a_long_turn_are_not_stamped_with_its_beginning(void **state)
{
    struct fab_lcore lcore = { .index = 0 };
    struct noter noter = { .work_ns = LONG_NS };

    (void)state;
    begin(&lcore, &noter);
    assert_int_equal(fab_lcore_turn(&lcore, &limits), 1);
    assert_true(noter.flushed_ns >= noter.polled_ns + LONG_NS);
    noter.work_ns = 0;
    assert_int_equal(fab_lcore_turn(&lcore, &limits), 0);
    assert_true(noter.flushed_ns == noter.polled_ns);
    fab_lcore_fini(&lcore);
}

static uint64_t
load(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

/* loopPerformanceCounter: of a hundred turns every tenth has work. All time is idle or busy. */
static void
test_turns_and_their_time_are_counted_as_idle_or_busy(void **state)
{
    struct fab_lcore lcore = { .index = 0 };
    const struct fab_lcore_usage *usage = &lcore.usage;
    struct noter noter = { 0 };
    uint64_t began_ns, took_ns;

    (void)state;
    begin(&lcore, &noter);
    (void)fab_lcore_turn(&lcore, &limits);
    began_ns = noter.polled_ns;
    for (unsigned i = 1; i <= 100; i++) {
        noter.work_ns = i % 10 == 0 ? LONG_NS / 10 : 0;
        assert_int_equal(fab_lcore_turn(&lcore, &limits), i % 10 == 0);
    }
    noter.work_ns = 0;
    (void)fab_lcore_turn(&lcore, &limits);
    took_ns = noter.polled_ns - began_ns;
    assert_int_equal(load(&usage->turns), 102);
    assert_int_equal(load(&usage->busy_turns), 10);
    assert_true(load(&usage->busy_ns) >= 10 * (LONG_NS / 10));
    assert_int_equal(load(&usage->busy_ns) + load(&usage->idle_ns), took_ns);
    assert_true(load(&usage->gap_ns_max) >= LONG_NS / 10);
    assert_true(load(&usage->gap_ns_max) <= took_ns);
    fab_lcore_fini(&lcore);
}

static int
run_here(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_turns_and_their_time_are_counted_as_idle_or_busy),
        cmocka_unit_test(
            test_frames_that_leave_after_a_long_turn_are_not_stamped_with_its_beginning),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

int
main(void)
{
    return small_node_run("turn", run_here);
}
