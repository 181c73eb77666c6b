/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Threads of the node's own process that are no lcores: each attaches, has an actor of its own, and
 * sends, asks, receives and watches beside the others.
 */
#include "support/any_bytes.h"
#include "support/cmocka.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <mycelium/buffer.h>
#include <mycelium/client.h>
#include <mycelium/messages.h>

#include "small_node.h"

#define THREADS  4U
#define MESSAGES 500U
#define ROUNDS   3U
#define WAIT_NS  20000000000ULL
#define LARGE    100000U

enum {
    PING = 1,
    FAIL = 2
};

#define TYPE(text, id)                                                                            \
    {                                                                                             \
        .name = text, .schema_id = 902, .template_id = id, .block_length = 8, .verify = any_bytes \
    }

static const struct myc_type ping_type = TYPE("Ping", PING);
static const struct myc_type fail_type = TYPE("Fail", FAIL);

static struct myc_node *node;
static struct myc_ref echo;
static _Atomic unsigned wrong; /* what a thread found that should not be */

static enum myc_status
echo_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    const struct myc_send_options options = { .size = sizeof(options), .tag = message->tag };

    (void)state;
    if (myc_message_is(message, &fail_type))
        return MYC_FAILED;
    if (message->kind == MYC_KIND_ASK)
        return myc_reply(self, myc_message_request(message), &ping_type, message->body,
                         message->size);
    if (message->kind == MYC_KIND_SEND)
        (void)myc_send_with(self, message->from, &ping_type, message->body, message->size,
                            &options);
    return MYC_OK;
}

static const struct myc_class echo_class = {
    .size = sizeof(struct myc_class),
    .name = "echo",
    .flags = MYC_CLASS_ACCEPTS_ANY,
    .receive = echo_receive,
};

static int
setup(void **state)
{
    (void)state;
    node = small_node_start((struct myc_node_options){ 0 });
    assert_int_equal(myc_node_spawn(node, 1, &echo_class, NULL, &echo), MYC_OK);
    return 0;
}

static int
teardown(void **state)
{
    return small_node_end(state);
}

/* The next message has that tag and kind, and begins with the number. */
static void
expect(struct myc_node *thread, enum myc_kind kind, uint64_t tag, uint64_t number)
{
    struct myc_message message = { 0 };
    uint64_t got = 0;

    if (myc_client_receive(thread, WAIT_NS, &message) != MYC_OK) {
        wrong++;
        return;
    }
    memcpy(&got, message.body, sizeof(got));
    wrong += message.kind != kind || message.tag != tag || got != number;
}

static void
talk(struct myc_node *thread, uint64_t seed)
{
    static uint8_t large[LARGE];

    for (uint64_t i = 0; i < MESSAGES; i++) {
        uint64_t number = seed + i;
        bool is_ask = i % 3 == 0;

        if (is_ask)
            wrong += myc_client_ask(thread, echo, &ping_type, &number, sizeof(number), WAIT_NS,
                                    i) != MYC_OK;
        else
            wrong +=
                myc_client_send(thread, echo, &ping_type, &number, sizeof(number), i) != MYC_OK;
        expect(thread, is_ask ? MYC_KIND_REPLY : MYC_KIND_SEND, i, number);
    }
    wrong += myc_client_send(thread, echo, &ping_type, large, sizeof(large), 7) != MYC_OK;
    expect(thread, MYC_KIND_SEND, 7, 0);
}

static void *
attach_and_talk(void *argument)
{
    uint64_t seed = *(uint64_t *)argument;

    for (unsigned round = 0; round < ROUNDS; round++) {
        struct myc_node *thread = NULL;

        if (myc_thread_attach(node, NULL, &thread) != MYC_OK) {
            wrong++;
            return NULL;
        }
        wrong += myc_client_host(thread) != myc_node_home(node);
        talk(thread, seed);
        myc_node_stop(&thread);
    }
    return NULL;
}

static void
test_threads_attach_talk_and_leave_beside_each_other(void **state)
{
    pthread_t threads[THREADS];
    uint64_t seeds[THREADS];
    uint64_t attached;

    (void)state;
    for (unsigned i = 0; i < THREADS; i++) {
        seeds[i] = i * 1000000ULL;
        assert_int_equal(pthread_create(&threads[i], NULL, attach_and_talk, &seeds[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(wrong, 0);
    assert_int_equal(myc_node_counter(node, "processes_attached", &attached), MYC_OK);
    assert_int_equal(attached, THREADS * ROUNDS);
}

static void
test_an_actor_and_a_thread_watch_each_other_end(void **state)
{
    struct myc_node *thread = NULL;
    struct myc_message message;
    struct myc_down down;
    uint64_t monitor;

    (void)state;
    assert_int_equal(myc_thread_attach(node, NULL, &thread), MYC_OK);
    assert_int_equal(myc_client_monitor(thread, echo, &monitor), MYC_OK);
    assert_int_equal(myc_client_send(thread, echo, &fail_type, "12345678", 8, 0), MYC_OK);
    assert_int_equal(myc_client_receive(thread, WAIT_NS, &message), MYC_OK);
    assert_true(myc_down_decode(&message, &down));
    assert_int_equal(down.reason, MYC_FAILED);
    assert_int_equal(down.monitor, monitor);
    myc_node_stop(&thread);
}

static void
test_a_thread_that_outlives_the_node_sees_it_end(void **state)
{
    struct myc_node *thread = NULL;
    struct myc_message message;
    struct myc_down down;
    uint64_t monitor;

    (void)state;
    assert_int_equal(myc_thread_attach(node, NULL, &thread), MYC_OK);
    assert_int_equal(myc_client_monitor(thread, echo, &monitor), MYC_OK);
    assert_int_equal(myc_client_ask(thread, echo, &ping_type, "12345678", 8, WAIT_NS, 1), MYC_OK);
    assert_int_equal(myc_client_receive(thread, WAIT_NS, &message), MYC_OK);
    small_node_stop(&node);
    assert_int_equal(myc_client_receive(thread, WAIT_NS, &message), MYC_OK);
    assert_true(myc_down_decode(&message, &down));
    myc_node_stop(&thread);
}

static void
test_nobody_attaches_to_a_thread(void **state)
{
    struct myc_node *thread = NULL;
    struct myc_node *second = NULL;

    (void)state;
    assert_int_equal(myc_thread_attach(node, NULL, &thread), MYC_OK);
    assert_int_equal(myc_thread_attach(thread, NULL, &second), MYC_UNSUPPORTED);
    myc_node_stop(&thread);
}

#define THREAD_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static int
run(void)
{
    const struct CMUnitTest tests[] = {
        THREAD_TEST(test_threads_attach_talk_and_leave_beside_each_other),
        THREAD_TEST(test_an_actor_and_a_thread_watch_each_other_end),
        THREAD_TEST(test_a_thread_that_outlives_the_node_sees_it_end),
        THREAD_TEST(test_nobody_attaches_to_a_thread),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

int
main(void)
{
    return small_node_run("test_thread_attach", run);
}
