/* SPDX-License-Identifier: BSD-3-Clause */
/* Timers of actors, in virtual time. The wheel below them has tests of its own. */
#include "support/cmocka.h"
#include "support/core_lab.h"
#include "support/probe_parts.h"

#include <mycelium/messages.h>

#define MS 1000000ULL

static struct lab lab;
static struct probe a, b;

static int
begin(void **state)
{
    (void)state;
    memset(&a, 0, sizeof(a)), memset(&b, 0, sizeof(b));
    lab_init_pair(&lab, FAB_LEVEL_RING, 0);
    assert_int_equal(probe_spawn(&a, lab.cores[0], NULL), MYC_OK);
    assert_int_equal(probe_spawn(&b, lab.cores[0], NULL), MYC_OK);
    return 0;
}

static int
end(void **state)
{
    (void)state;
    lab_fini(&lab);
    return 0;
}

static unsigned
fired(const struct probe *probe)
{
    return probe_count(probe, MYC_TIMER_FIRED_KEY);
}

static void
test_a_timer_fires_once_with_its_tag_and_never_early(void **state)
{
    uint64_t timer;

    (void)state;
    assert_int_equal(probe_timer_start(&a, 5 * MS, 0, 42, &timer), MYC_OK);
    lab_advance(&lab, 5 * MS - 2 * LAB_TURN_NS);
    assert_int_equal(fired(&a), 0);
    lab_advance(&lab, 4 * LAB_TURN_NS);
    assert_int_equal(fired(&a), 1);
    assert_true(probe_last(&a, MYC_TIMER_FIRED_KEY)->tag == 42);
    lab_advance(&lab, 50 * MS);
    assert_int_equal(fired(&a), 1);
    assert_int_equal(probe_timer_cancel(&a, timer), MYC_NOT_FOUND);
}

static void
test_a_delay_of_zero_fires_in_the_next_turn(void **state)
{
    (void)state;
    assert_int_equal(probe_timer_start(&a, 0, 0, 1, NULL), MYC_OK);
    assert_int_equal(fired(&a), 0);
    lab_turn(&lab);
    lab_turn(&lab);
    assert_int_equal(fired(&a), 1);
}

static void
test_a_periodic_timer_does_not_drift(void **state)
{
    uint64_t timer;

    (void)state;
    assert_int_equal(probe_timer_start(&a, MS, MS, 7, &timer), MYC_OK);
    lab_advance(&lab, 1000 * MS + MS / 2);
    assert_int_equal(fired(&a), 1000);
    assert_int_equal(probe_timer_cancel(&a, timer), MYC_OK);
    lab_advance(&lab, 10 * MS);
    assert_int_equal(fired(&a), 1000);
}

static void
test_a_cancelled_timer_is_silent_and_its_neighbour_fires(void **state)
{
    uint64_t early, late;

    (void)state;
    assert_int_equal(probe_timer_start(&a, MS, 0, 1, &early), MYC_OK);
    assert_int_equal(probe_timer_start(&a, MS, 0, 2, &late), MYC_OK);
    assert_int_equal(probe_timer_cancel(&a, early), MYC_OK);
    assert_int_equal(probe_timer_cancel(&a, early), MYC_NOT_FOUND);
    lab_advance(&lab, 2 * MS);
    assert_int_equal(fired(&a), 1);
    assert_true(probe_last(&a, MYC_TIMER_FIRED_KEY)->tag == 2);
    assert_int_equal(probe_timer_cancel(&a, late), MYC_NOT_FOUND);
}

/* At a message starts two timers, which run out in one turn. True: the event of the first has come,
 * and that of the second waits already. */
static bool
is_first_of_two(struct myc_self *self, const struct myc_message *message, uint64_t *second)
{
    if (message->kind != MYC_KIND_SEND)
        return message->tag == 0;
    assert_int_equal(myc_timer_start(self, MS, 0, 0, NULL), MYC_OK);
    assert_int_equal(myc_timer_start(self, MS, 0, 1, second), MYC_OK);
    return false;
}

static void
cancel_the_other(struct myc_self *self, struct probe *probe, const struct myc_message *message)
{
    static uint64_t second;

    (void)probe;
    if (is_first_of_two(self, message, &second))
        assert_int_equal(myc_timer_cancel(self, second), MYC_OK);
}

static void
test_cancel_takes_back_an_event_that_is_queued(void **state)
{
    (void)state;
    a.on_message = cancel_the_other;
    assert_int_equal(probe_send(&b, a.ref, 1), MYC_OK);
    lab_advance(&lab, 3 * MS);
    assert_int_equal(fired(&a), 1);
}

static void
test_another_actors_timer_cannot_be_cancelled(void **state)
{
    uint64_t timer;

    (void)state;
    assert_int_equal(probe_timer_start(&a, MS, 0, 1, &timer), MYC_OK);
    assert_int_equal(probe_timer_cancel(&b, timer), MYC_NOT_FOUND);
    lab_advance(&lab, 2 * MS);
    assert_int_equal(fired(&a), 1);
}

static void
test_a_rearmed_timer_fires_when_it_was_last_told_to(void **state)
{
    uint64_t once, periodic, old;

    (void)state;
    assert_int_equal(probe_timer_start(&a, 2 * MS, 0, 7, &once), MYC_OK);
    old = once;
    for (unsigned i = 0; i < 10; i++) {
        lab_advance(&lab, MS);
        assert_int_equal(probe_timer_rearm(&a, &once, 2 * MS), MYC_OK);
    }
    assert_int_equal(fired(&a), 0);
    assert_int_equal(probe_timer_cancel(&a, old), MYC_NOT_FOUND);
    assert_int_equal(probe_timer_rearm(&b, &once, MS), MYC_NOT_FOUND);
    lab_advance(&lab, 2 * MS - 2 * LAB_TURN_NS);
    assert_int_equal(fired(&a), 0);
    lab_advance(&lab, 4 * LAB_TURN_NS);
    assert_int_equal(fired(&a), 1);
    assert_true(probe_last(&a, MYC_TIMER_FIRED_KEY)->tag == 7);
    assert_int_equal(probe_timer_rearm(&a, &once, MS), MYC_NOT_FOUND);
    /* A periodic one goes on from there. */
    assert_int_equal(probe_timer_start(&a, MS, 10 * MS, 8, &periodic), MYC_OK);
    assert_int_equal(probe_timer_rearm(&a, &periodic, 5 * MS), MYC_OK);
    lab_advance(&lab, 36 * MS);
    assert_int_equal(fired(&a), 1 + 4); /* at 5, 15, 25 and 35 */
    assert_true(probe_last(&a, MYC_TIMER_FIRED_KEY)->tag == 8);
}

static void
rearm_the_other(struct myc_self *self, struct probe *probe, const struct myc_message *message)
{
    static uint64_t second;

    (void)probe;
    if (is_first_of_two(self, message, &second))
        assert_int_equal(myc_timer_rearm(self, &second, 5 * MS), MYC_OK);
}

static void
test_rearming_takes_back_an_event_that_is_queued(void **state)
{
    (void)state;
    a.on_message = rearm_the_other;
    assert_int_equal(probe_send(&b, a.ref, 1), MYC_OK);
    lab_advance(&lab, 4 * MS);
    assert_int_equal(fired(&a), 1);
    lab_advance(&lab, 4 * MS);
    assert_int_equal(fired(&a), 2);
}

static void
test_timers_end_with_their_actor(void **state)
{
    (void)state;
    assert_int_equal(probe_timer_start(&a, MS, MS, 1, NULL), MYC_OK);
    assert_int_equal(probe_timer_start(&a, 7 * MS, 0, 2, NULL), MYC_OK);
    assert_int_equal(probe_stop(&b, a.ref, MYC_SHUTDOWN), MYC_OK);
    lab_advance(&lab, 20 * MS);
    assert_int_equal(fired(&a), 0);
}

static void
test_timers_of_an_earlier_life_never_fire_into_the_next(void **state)
{
    static struct probe child;
    struct myc_spawn_options options = { .size = sizeof(options), .is_supervised = true };

    (void)state;
    memset(&child, 0, sizeof(child));
    assert_int_equal(probe_spawn_child(&child, &a, &options), MYC_OK);
    assert_int_equal(probe_timer_start(&child, MS, MS, 1, NULL), MYC_OK);
    child.answer = MYC_FAILED;
    assert_int_equal(probe_send(&b, child.ref, 1), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(probe_count(&a, MYC_CHILD_EXITED_KEY), 1);
    assert_int_equal(probe_restart(&a, child.ref), MYC_OK);
    lab_advance(&lab, 10 * MS);
    assert_int_equal(fired(&child), 0);
}

static void
test_the_table_of_timers_has_a_limit(void **state)
{
    enum myc_status status = MYC_OK;
    unsigned started = 0;
    uint64_t last;

    (void)state;
    while ((status = probe_timer_start(&a, 1000 * MS, 0, started, &last)) == MYC_OK)
        started++;
    assert_int_equal(status, MYC_NO_MEMORY);
    assert_int_equal(started, fab_core_config_of(lab.cores[0])->limits.timers_max);
    assert_int_equal(probe_timer_start(&b, MS, 0, 1, NULL), MYC_NO_MEMORY);
    assert_int_equal(probe_timer_rearm(&a, &last, 1000 * MS), MYC_OK);
    assert_int_equal(probe_stop(&b, a.ref, MYC_SHUTDOWN), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(probe_timer_start(&b, MS, 0, 1, NULL), MYC_OK);
    lab_advance(&lab, 2 * MS);
    assert_int_equal(fired(&b), 1);
}

#define TIMER_TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TIMER_TEST(test_a_timer_fires_once_with_its_tag_and_never_early),
        TIMER_TEST(test_a_delay_of_zero_fires_in_the_next_turn),
        TIMER_TEST(test_a_periodic_timer_does_not_drift),
        TIMER_TEST(test_a_cancelled_timer_is_silent_and_its_neighbour_fires),
        TIMER_TEST(test_cancel_takes_back_an_event_that_is_queued),
        TIMER_TEST(test_another_actors_timer_cannot_be_cancelled),
        TIMER_TEST(test_a_rearmed_timer_fires_when_it_was_last_told_to),
        TIMER_TEST(test_rearming_takes_back_an_event_that_is_queued),
        TIMER_TEST(test_timers_end_with_their_actor),
        TIMER_TEST(test_timers_of_an_earlier_life_never_fire_into_the_next),
        TIMER_TEST(test_the_table_of_timers_has_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
