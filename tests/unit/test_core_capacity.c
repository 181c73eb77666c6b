/* SPDX-License-Identifier: BSD-3-Clause */
/* Very many actors and timers on one core: ten million of each with MYCELIUM_LONG=1. */
#include "support/cmocka.h"
#include "support/core_lab.h"

#include "actor/shutdown.h"

#include <stdio.h>
#include <stdlib.h>

#include <mycelium/messages.h>
#include <mycelium/timer.h>

#define MANY       200000U
#define MANY_LONG  10000000U
#define SPREAD_NS  10000000000ULL /* over which timers are due */
#define STATE_SIZE 16U

static struct lab lab;

static uint32_t
many(void)
{
    const char *is_long = getenv("MYCELIUM_LONG");

    return is_long && strcmp(is_long, "1") == 0 ? MANY_LONG : MANY;
}

/* --- actors ----------------------------------------------------------------------------------- */

static uint32_t stops;

static void
sleeper_stop(struct myc_self *self, void *state, enum myc_status reason)
{
    (void)self, (void)state, (void)reason;
    stops++;
}

static const struct myc_class sleeper_class = {
    .size = sizeof(sleeper_class),
    .name = "sleeper",
    .state_size = STATE_SIZE,
    .stop = sleeper_stop,
};

static void
test_many_actors_fit_and_all_of_them_stop(void **state)
{
    struct fab_core_config config = lab_config(LAB_HOME_1, 0, 1);
    uint32_t count = many();

    (void)state;
    config.limits.actors_max = count;
    config.limits.state_bytes_max = (uint64_t)count * STATE_SIZE;
    lab_init(&lab);
    lab_add_core(&lab, &config);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(fab_core_spawn(lab.cores[0], &sleeper_class, NULL, NULL), MYC_OK);
    assert_int_equal(fab_core_spawn(lab.cores[0], &sleeper_class, NULL, NULL), MYC_NO_MEMORY);
    assert_int_equal(fab_core_actor_count(lab.cores[0]), count);
    assert_false(fab_core_has_work(lab.cores[0])); /* asleep, they cost a turn nothing */
    stops = 0;
    fab_core_stop_all(lab.cores[0]);
    while (fab_core_actor_count(lab.cores[0]) > 0)
        assert_true(lab_turn(&lab) > 0);
    assert_int_equal(stops, count);
    lab_fini(&lab); /* checks that nothing is left */
}

static void
test_spawning_and_stopping_again_and_again_leaks_nothing(void **state)
{
    struct fab_core_config config = lab_config(LAB_HOME_1, 0, 1);
    struct myc_ref ref;

    (void)state;
    lab_init(&lab);
    lab_add_core(&lab, &config);
    for (uint32_t i = 0; i < MANY; i++) {
        assert_int_equal(fab_core_spawn(lab.cores[0], &sleeper_class, NULL, &ref), MYC_OK);
        fab_core_stop_one(lab.cores[0], ref);
        if (i % 128 == 127)
            lab_settle(&lab);
    }
    lab_settle(&lab);
    assert_true(fab_core_is_quiet(lab.cores[0]));
    assert_int_equal(lab_counters(&lab, 0)->spawned, MANY);
    assert_int_equal(lab_counters(&lab, 0)->stopped, MANY);
    lab_fini(&lab);
}

/* --- timers ----------------------------------------------------------------------------------- */

static uint32_t fired, early;
static uint64_t late_ns_max;

/* Each timer's tag is when it is due. */
static enum myc_status
keeper_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    uint32_t count = many();

    (void)state, (void)args, (void)args_size;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t delay_ns = myc_random(self) % SPREAD_NS;
        enum myc_status status =
            myc_timer_start(self, delay_ns, 0, myc_now_ns(self) + delay_ns, NULL);

        if (status != MYC_OK)
            return status;
    }
    return MYC_OK;
}

static enum myc_status
keeper_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    uint64_t now_ns = myc_now_ns(self);

    (void)state;
    fired++;
    if (now_ns < message->tag)
        early++;
    else if (now_ns - message->tag > late_ns_max)
        late_ns_max = now_ns - message->tag;
    return MYC_OK;
}

static const struct myc_class keeper_class = {
    .size = sizeof(keeper_class),
    .name = "keeper",
    .init = keeper_init,
    .receive = keeper_receive,
};

static void
test_many_timers_are_live_and_none_is_early_late_or_lost(void **state)
{
    struct fab_core_config config = lab_config(LAB_HOME_1, 0, 1);
    uint32_t count = many();
    unsigned turns = 0;

    (void)state;
    config.limits.timers_max = count;
    lab_init(&lab);
    lab_add_core(&lab, &config);
    fired = early = 0;
    late_ns_max = 0;
    assert_int_equal(fab_core_spawn(lab.cores[0], &keeper_class, NULL, NULL), MYC_OK);
    for (; fired < count; turns++) {
        lab_turn(&lab);
        if (!fab_core_has_work(lab.cores[0]))
            lab_skip(&lab, UINT64_MAX);
    }
    printf("# %u timers, %u turns, at most %llu us late\n", count, turns,
           (unsigned long long)late_ns_max / 1000);
    assert_int_equal(early, 0);
    assert_true(late_ns_max <= 2 * LAB_TURN_NS); /* virtual time: two turns */
    assert_int_equal(lab_counters(&lab, 0)->timers_fired, count);
    lab_fini(&lab);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_actors_fit_and_all_of_them_stop),
        cmocka_unit_test(test_spawning_and_stopping_again_and_again_leaks_nothing),
        cmocka_unit_test(test_many_timers_are_live_and_none_is_early_late_or_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
