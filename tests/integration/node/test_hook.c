/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A node in a program that has an EAL and a loop of its own: one lcore turns in that loop, on a
 * thread that DPDK knows nothing of, another one has a worker of the EAL.
 */
#include "support/cmocka.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <mycelium/dpdk.h>

#include <rte_lcore.h>

#include "support/clock.h"
#include "support/own_eal.h"

#define WORKER      0 /* lcores of the node */
#define HOOKED      1
#define QUESTIONS   1000U
#define BUDGET      10U
#define POLL_US_MAX 100U
#define HANDLER_NS  50000U
#define SLICE       8U /* handlers between two looks at the clock: fabric/node/hook.c */
#define WAIT_NS     60000000000ULL
/* Longer than an idle turn that nothing interrupts: fabric/node/idle.h */
#define INTERRUPTION_NS 200000ULL

static const struct myc_type ping = { .name = "Ping", .schema_id = 903, .template_id = 1 };
static const struct myc_type *const pings[] = { &ping };

static struct myc_node *node;
static _Atomic unsigned answers;
static _Atomic unsigned handled;
static _Atomic bool is_over;
static _Atomic pthread_t handler_thread; /* of the last answer */

/* In place of libc's: each thread counts its own. */
static _Thread_local unsigned yields;

int
sched_yield(void)
{
    yields++;
    return (int)syscall(SYS_sched_yield);
}

/* --- actors ----------------------------------------------------------------------------------- */

static enum myc_status
answer_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    (void)state;
    atomic_store(&handler_thread, pthread_self());
    return myc_reply(self, myc_message_request(message), &ping, "", 0);
}

static const struct myc_class answerer_class = {
    .size = sizeof(answerer_class),
    .name = "answerer",
    .accepts = pings,
    .accepts_count = 1,
    .receive = answer_receive,
};

/* Asks one question after the other. */
struct asker {
    struct myc_ref whom;
};

static enum myc_status
ask(struct myc_self *self, const struct asker *asker)
{
    const struct myc_ask_options options = { .size = sizeof(options), .timeout_ns = WAIT_NS };

    return myc_ask(self, asker->whom, &ping, "", 0, &options, NULL);
}

static enum myc_status
asker_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    struct asker *asker = state;

    assert_int_equal(args_size, sizeof(asker->whom));
    memcpy(&asker->whom, args, sizeof(asker->whom));
    return ask(self, asker);
}

static enum myc_status
asker_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    if (message->kind != MYC_KIND_REPLY)
        return MYC_FAILED;
    if (atomic_fetch_add(&answers, 1) + 1 < QUESTIONS)
        return ask(self, state);
    return MYC_OK;
}

static const struct myc_class asker_class = {
    .size = sizeof(asker_class),
    .name = "asker",
    .state_size = sizeof(struct asker),
    .flags = MYC_CLASS_ACCEPTS_ANY,
    .init = asker_init,
    .receive = asker_receive,
};

/* Each message takes its time and is followed by another one. */
static enum myc_status
slow_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    uint64_t end_ns = myc_clock_ns(self) + *(const uint64_t *)state;

    (void)message;
    atomic_fetch_add(&handled, 1);
    while (myc_clock_ns(self) < end_ns)
        ;
    return myc_send(self, myc_self_ref(self), &ping, "", 0);
}

static enum myc_status
slow_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    assert_int_equal(args_size, sizeof(uint64_t));
    memcpy(state, args, args_size);
    for (unsigned i = 0; i < 4 * BUDGET; i++)
        if (myc_send(self, myc_self_ref(self), &ping, "", 0) != MYC_OK)
            return MYC_FAILED;
    return MYC_OK;
}

static const struct myc_class slow_class = {
    .size = sizeof(slow_class),
    .name = "slow",
    .state_size = sizeof(uint64_t),
    .accepts = pings,
    .accepts_count = 1,
    .init = slow_init,
    .receive = slow_receive,
};

/* A case that has failed leaves its node to this. */
static int
stop(void **state)
{
    (void)state;
    atomic_store(&is_over, true);
    myc_node_stop(&node);
    return 0;
}

/* --- the program ------------------------------------------------------------------------------ */

static void
start(uint32_t poll_us_max, const char *control_socket)
{
    const struct myc_lcore_options lcores[] = {
        [WORKER] = { .eal_lcore = 1 },
        [HOOKED] = { .eal_lcore = 0, .is_hooked = true },
    };
    char error[512] = "";
    const struct myc_node_options options = {
        .size = sizeof(options),
        .node_id = 7,
        .eal_argc = -1,
        .lcores = lcores,
        .lcore_count = 2,
        .limits = { .actors_max = 64,
                    .messages_max = 1024,
                    .state_bytes_max = 1 << 20,
                    .heap_bytes_max = 2 << 20 },
        .control_socket = control_socket,
        .stop_timeout_ms = 100, /* who is slow never ends by himself */
        .poll_us_max = poll_us_max,
        .error = error,
        .error_size = sizeof(error),
    };

    atomic_store(&answers, 0);
    atomic_store(&handled, 0);
    atomic_store(&is_over, false);
    if (myc_node_start(&options, &node) != MYC_OK)
        fail_msg("%s", error);
}

static struct myc_ref
spawn(uint8_t lcore, const struct myc_class *class_of, const void *args, size_t size)
{
    const struct myc_spawn_options options = { .size = sizeof(options),
                                               .args = args,
                                               .args_size = size };
    struct myc_ref ref;

    assert_int_equal(myc_node_spawn(node, lcore, class_of, &options, &ref), MYC_OK);
    return ref;
}

/* The program's own loop. */
static void *
loop(void *unused)
{
    (void)unused;
    assert_true(rte_lcore_id() == LCORE_ID_ANY);
    while (!atomic_load(&is_over))
        if (myc_node_poll(node, BUDGET) == 0)
            sched_yield();
    return NULL;
}

static void
await_answers(void)
{
    uint64_t end_ns = clock_now_ns() + WAIT_NS;

    while (atomic_load(&answers) < QUESTIONS && clock_now_ns() < end_ns)
        usleep(200);
    assert_int_equal(atomic_load(&answers), QUESTIONS);
}

static void
test_an_lcore_turns_in_a_loop_on_a_thread_that_dpdk_does_not_know(void **state)
{
    const uint8_t ways[][2] = { { WORKER, HOOKED }, { HOOKED, WORKER }, { HOOKED, HOOKED } };
    pthread_t thread;

    (void)state;
    start(0, NULL);
    assert_int_equal(pthread_create(&thread, NULL, loop, NULL), 0);
    for (unsigned i = 0; i < 3; i++) {
        /* Spawns of the main thread come to the loop as commands. */
        struct myc_ref whom = spawn(ways[i][1], &answerer_class, NULL, 0);

        atomic_store(&answers, 0);
        spawn(ways[i][0], &asker_class, &whom, sizeof(whom));
        await_answers();
        assert_true(pthread_equal(atomic_load(&handler_thread), thread) == (ways[i][1] == HOOKED));
    }
    atomic_store(&is_over, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    myc_node_stop(&node);
}

static void
test_a_poll_handles_no_more_than_its_budget(void **state)
{
    const uint64_t none_ns = 0;

    (void)state;
    start(0, NULL);
    spawn(HOOKED, &slow_class, &none_ns, sizeof(none_ns)); /* at once: nobody else owns it */
    for (unsigned i = 0; i < 100; i++) {
        unsigned before = atomic_load(&handled);

        assert_int_not_equal(myc_node_poll(node, BUDGET), 0);
        assert_in_range(atomic_load(&handled) - before, 1, BUDGET);
    }
    myc_node_stop(&node);
}

static void
test_a_poll_begins_no_handlers_after_its_time(void **state)
{
    const uint64_t long_ns = HANDLER_NS;

    (void)state;
    start(POLL_US_MAX, NULL);
    spawn(HOOKED, &slow_class, &long_ns, sizeof(long_ns));
    for (unsigned i = 0; i < 5; i++) {
        unsigned before = atomic_load(&handled);

        (void)myc_node_poll(node, 4 * BUDGET);
        /* The first look at the clock is behind the first slice, and finds the time passed. */
        assert_in_range(atomic_load(&handled) - before, 1, SLICE);
    }
    myc_node_stop(&node);
}

/* Of this thread, which has a CPU to share and is interrupted: an lcore of its own would yield. */
static void
test_a_poll_that_finds_nothing_gives_no_cpu_away(void **state)
{
    unsigned before;

    (void)state;
    start(0, NULL);
    while (myc_node_poll(node, BUDGET) > 0)
        ;
    before = yields;
    for (unsigned i = 0; i < 3; i++) {
        uint64_t end_ns = clock_now_ns() + INTERRUPTION_NS;

        (void)myc_node_poll(node, BUDGET);
        while (clock_now_ns() < end_ns)
            ;
    }
    assert_int_equal(yields, before);
    myc_node_stop(&node);
}

static void
test_a_node_stops_though_its_loop_has_ended_and_others_are_attached(void **state)
{
    char folder[] = "/tmp/hook-XXXXXX";
    char path[64], other[64];
    pthread_t thread;
    struct myc_ref whom;

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/node.sock", folder);
    snprintf(other, sizeof(other), "%s", folder);
    start(0, path);
    assert_int_equal(pthread_create(&thread, NULL, loop, NULL), 0);
    whom = spawn(HOOKED, &answerer_class, NULL, 0);
    spawn(WORKER, &asker_class, &whom, sizeof(whom));
    await_answers();
    atomic_store(&is_over, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    myc_node_stop(&node);
    assert_null(node);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(rmdir(other), 0);
}

static void
test_two_hooked_lcores_are_refused(void **state)
{
    const struct myc_lcore_options lcores[] = {
        { .eal_lcore = 0, .is_hooked = true },
        { .eal_lcore = 1, .is_hooked = true },
    };
    char error[512] = "";
    const struct myc_node_options options = {
        .size = sizeof(options),
        .node_id = 7,
        .eal_argc = -1,
        .lcores = lcores,
        .lcore_count = 2,
        .error = error,
        .error_size = sizeof(error),
    };

    (void)state;
    assert_int_equal(myc_node_start(&options, &node), MYC_INVALID);
    assert_non_null(strstr(error, "lcore 1 is hooked"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_an_lcore_turns_in_a_loop_on_a_thread_that_dpdk_does_not_know,
                                  stop),
        cmocka_unit_test_teardown(test_a_poll_handles_no_more_than_its_budget, stop),
        cmocka_unit_test_teardown(test_a_poll_begins_no_handlers_after_its_time, stop),
        cmocka_unit_test_teardown(test_a_poll_that_finds_nothing_gives_no_cpu_away, stop),
        cmocka_unit_test_teardown(
            test_a_node_stops_though_its_loop_has_ended_and_others_are_attached, stop),
        cmocka_unit_test_teardown(test_two_hooked_lcores_are_refused, stop),
    };
    int failed;

    if (!own_eal_start("hook", "0@0,1@0", 128))
        return OWN_EAL_SKIPS;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    rte_eal_cleanup();
    return failed;
}
