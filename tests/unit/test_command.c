/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/cmocka.h"

#include "node/command.h"

struct log {
    int values[FAB_COMMANDS_MAX];
    unsigned count;
};

static void
append(void *lcore, void *argument)
{
    struct log *log = lcore;

    log->values[log->count++] = *(int *)argument;
}

static void
test_commands_run_in_order_when_the_lcore_polls(void **state)
{
    struct fab_command_queue queue;
    struct log log = { .count = 0 };
    int values[3] = { 3, 1, 2 };

    (void)state;
    fab_command_queue_init(&queue);
    for (int i = 0; i < 3; i++)
        assert_int_equal(fab_command_post(&queue, append, &values[i]), MYC_OK);
    assert_int_equal(log.count, 0);
    assert_int_equal(fab_command_poll(&queue, &log), 3);
    assert_memory_equal(log.values, values, sizeof(values));
    assert_int_equal(fab_command_poll(&queue, &log), 0);
    fab_command_queue_fini(&queue);
}

static void
test_a_full_queue_refuses_and_loses_nothing(void **state)
{
    struct fab_command_queue queue;
    struct log log = { .count = 0 };
    int value = 9;

    (void)state;
    fab_command_queue_init(&queue);
    for (unsigned i = 0; i < FAB_COMMANDS_MAX; i++)
        assert_int_equal(fab_command_post(&queue, append, &value), MYC_OK);
    assert_int_equal(fab_command_post(&queue, append, &value), MYC_FULL);
    assert_int_equal(fab_command_poll(&queue, &log), FAB_COMMANDS_MAX);
    assert_int_equal(log.count, FAB_COMMANDS_MAX);
    fab_command_queue_fini(&queue);
}

static void *
poll_until_stopped(void *argument)
{
    struct fab_command_queue *queue = argument;
    struct log log = { .count = 0 };

    while (log.count < FAB_COMMANDS_MAX)
        fab_command_poll(queue, &log);
    return NULL;
}

static void
test_a_call_returns_after_the_lcore_has_run_it(void **state)
{
    struct fab_command_queue queue;
    pthread_t lcore;
    int value = 5;

    (void)state;
    fab_command_queue_init(&queue);
    assert_int_equal(pthread_create(&lcore, NULL, poll_until_stopped, &queue), 0);
    for (unsigned i = 0; i < FAB_COMMANDS_MAX; i++)
        assert_int_equal(fab_command_call(&queue, append, &value, 10000), MYC_OK);
    pthread_join(lcore, NULL);
    assert_int_equal(atomic_load(&queue.head), FAB_COMMANDS_MAX);
    fab_command_queue_fini(&queue);
}

static void
test_a_call_to_an_lcore_that_does_not_poll_times_out(void **state)
{
    struct fab_command_queue queue;
    int value = 5;

    (void)state;
    fab_command_queue_init(&queue);
    assert_int_equal(fab_command_call(&queue, append, &value, 10), MYC_TIMEOUT);
    fab_command_queue_fini(&queue);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commands_run_in_order_when_the_lcore_polls),
        cmocka_unit_test(test_a_full_queue_refuses_and_loses_nothing),
        cmocka_unit_test(test_a_call_returns_after_the_lcore_has_run_it),
        cmocka_unit_test(test_a_call_to_an_lcore_that_does_not_poll_times_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
