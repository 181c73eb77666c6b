/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Actors that do not give their lcore back: stalled_handler_event, and Seastar's stall_detector
 * (reported once, with the culprit; none when idle). A stalled actor here goes on only when it has
 * been told of, so nothing depends on how fast the machine is.
 */
#include "support/cmocka.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <mycelium/messages.h>
#include <mycelium/monitor.h>
#include <mycelium/supervisor.h>
#include <mycelium/timer.h>

#include "small_node.h"

#define REPORT_US      20000U
#define IDLE_REPORT_US 200000U

static struct myc_node *node;

/* What the lcores and the watchdog say. */
static _Atomic unsigned told;      /* Stalled events of the watcher on the other lcore */
static _Atomic unsigned told_here; /* of the parent */
static _Atomic uint64_t told_actor;
static _Atomic uint64_t stalled_actor; /* who does not return */
static _Atomic unsigned lines;         /* of the log that name the class */
static _Atomic unsigned lives;         /* begun by the actor that stalls */
static _Atomic unsigned over;          /* times that the limit was passed */
static _Atomic bool is_released;

static void
nap(void)
{
    nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

static void
on_log(void *context, int level, const char *line)
{
    (void)context, (void)level;
    if (strstr(line, "sleepyhead"))
        lines++;
}

/* --- actors ----------------------------------------------------------------------------------- */

/* Stands still in its first life until it is released. */
static enum myc_status
sleepyhead_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    (void)state, (void)message;
    if (lives > 1)
        return MYC_OK;
    stalled_actor = myc_self_ref(self).actor;
    while (!is_released)
        nap();
    return MYC_OK;
}

static enum myc_status
sleepyhead_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    (void)state, (void)args, (void)args_size;
    lives++;
    return myc_timer_start(self, 0, 0, 0, NULL);
}

static const struct myc_class sleepyhead_class = {
    .size = sizeof(sleepyhead_class),
    .name = "sleepyhead",
    .init = sleepyhead_init,
    .receive = sleepyhead_receive,
};

static enum myc_status
watcher_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    (void)state, (void)args, (void)args_size;
    return myc_watch_stalls(self);
}

static enum myc_status
watcher_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct myc_stalled stalled;

    (void)self, (void)state;
    if (!myc_stalled_decode(message, &stalled))
        return MYC_OK;
    told_actor = stalled.ref.actor;
    told++;
    return stalled.stalled_ns >= REPORT_US * 1000ULL ? MYC_OK : MYC_FAILED;
}

static const struct myc_class watcher_class = {
    .size = sizeof(watcher_class),
    .name = "watcher",
    .init = watcher_init,
    .receive = watcher_receive,
};

static enum myc_status
parent_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    const struct myc_spawn_options options = { .size = sizeof(options), .is_supervised = true };
    struct myc_ref child;

    (void)state, (void)args, (void)args_size;
    return myc_spawn(self, &sleepyhead_class, &options, &child);
}

static enum myc_status
parent_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct myc_stalled stalled;

    (void)self, (void)state;
    if (myc_stalled_decode(message, &stalled) && stalled.ref.actor == stalled_actor)
        told_here++;
    return MYC_OK;
}

static const struct myc_class parent_class = {
    .size = sizeof(parent_class),
    .name = "parent",
    .init = parent_init,
    .receive = parent_receive,
};

/* --- cases ------------------------------------------------------------------------------------ */

static void
on_limit(void *context, struct myc_ref actor, const char *class_name, uint64_t stalled_ns)
{
    assert_ptr_equal(context, &over);
    assert_string_equal(class_name, "sleepyhead");
    assert_true(actor.actor == stalled_actor && stalled_ns >= 2U * REPORT_US * 1000U);
    over++;
}

static uint64_t
counter(const char *name)
{
    uint64_t value = 0;

    assert_int_equal(myc_node_counter(node, name, &value), MYC_OK);
    return value;
}

static void
start(struct myc_node_options options)
{
    told = told_here = lines = lives = over = 0;
    stalled_actor = told_actor = 0;
    is_released = false;
    node = small_node_start(options);
    assert_int_equal(myc_node_spawn(node, 1, &watcher_class, NULL, NULL), MYC_OK);
}

static void
test_a_stall_is_told_once_to_parent_and_watcher_with_the_culprit(void **state)
{
    (void)state;
    start((struct myc_node_options){ .stall_report_us = REPORT_US });
    assert_int_equal(myc_node_spawn(node, 0, &parent_class, NULL, NULL), MYC_OK);
    while (told == 0)
        nap(); /* told elsewhere while it still stands */
    assert_true(told_actor == stalled_actor);
    assert_int_equal(told_here, 0);
    is_released = true;
    while (told_here == 0)
        nap();
    assert_int_equal(told, 1);
    assert_int_equal(told_here, 1);
    assert_int_equal(lines, 1);
    assert_int_equal(counter("stalls"), 1);
    assert_int_equal(counter("stalls_untold"), 0);
    small_node_stop(&node);
}

static void
test_a_stall_past_the_limit_is_told_to_the_program_once(void **state)
{
    (void)state;
    start((struct myc_node_options){ .stall_report_us = REPORT_US,
                                     .stall_limit_ms = 2U * REPORT_US / 1000U,
                                     .on_stall_limit = on_limit,
                                     .stall_context = &over });
    assert_int_equal(myc_node_spawn(node, 0, &sleepyhead_class, NULL, NULL), MYC_OK);
    while (over == 0)
        nap();
    is_released = true;
    while (counter("stalls") == 0)
        nap();
    small_node_stop(&node);
    assert_int_equal(over, 1);
    assert_int_equal(told, 1);
}

static void
test_a_child_that_may_not_stall_is_killed_and_run_again(void **state)
{
    static const struct myc_child_spec child = {
        .size = sizeof(child),
        .id = "sleepyhead",
        .class_of = &sleepyhead_class,
        .flags = MYC_CHILD_KILL_WHEN_STALLED,
    };
    const struct myc_supervisor_spec spec = {
        .size = sizeof(spec),
        .children = &child,
        .child_count = 1,
    };
    const struct myc_spawn_options options = {
        .size = sizeof(options),
        .args = &spec,
        .args_size = sizeof(spec),
    };

    (void)state;
    start((struct myc_node_options){ .stall_report_us = REPORT_US });
    assert_int_equal(myc_node_spawn(node, 0, &myc_supervisor_class, &options, NULL), MYC_OK);
    while (told == 0)
        nap();
    is_released = true;
    while (lives < 2)
        nap();
    assert_int_equal(counter("killed"), 1);
    assert_int_equal(counter("restarted"), 1);
    small_node_stop(&node);
}

static void
test_lcores_without_work_are_not_stalled(void **state)
{
    (void)state;
    start((struct myc_node_options){ .stall_report_us = IDLE_REPORT_US });
    for (unsigned i = 0; i < 3 * IDLE_REPORT_US / 1000; i++)
        nap();
    assert_int_equal(counter("stalls"), 0);
    small_node_stop(&node);
    assert_int_equal(told, 0);
}

/* A case that has failed may have left somebody asleep. */
static int
end(void **state)
{
    is_released = true;
    return small_node_end(state);
}

#define STALL_TEST(function) cmocka_unit_test_teardown(function, end)

static int
run(void)
{
    const struct CMUnitTest tests[] = {
        STALL_TEST(test_a_stall_is_told_once_to_parent_and_watcher_with_the_culprit),
        STALL_TEST(test_a_stall_past_the_limit_is_told_to_the_program_once),
        STALL_TEST(test_a_child_that_may_not_stall_is_killed_and_run_again),
        STALL_TEST(test_lcores_without_work_are_not_stalled),
    };

    myc_log_set_sink(on_log, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int
main(void)
{
    return small_node_run("stall", run);
}
