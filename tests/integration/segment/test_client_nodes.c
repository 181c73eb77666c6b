/* SPDX-License-Identifier: BSD-3-Clause */
/* A client of two nodes, each in a process of its own; and two clients of one node, apart and
 * linked with each other. */
#include "support/host_process.h"

#include <stdio.h>
#include <time.h>

#include <mycelium/client.h>
#include <mycelium/messages.h>

#include "base/log.h"
#include "support/any_bytes.h"
#include "support/cmocka.h"
#include "support/control_node.h"

#define FIRST_HOME  0x0007000000000abcULL
#define SECOND_HOME 0x0008000000000defULL
#define SECOND_NS   1000000000ULL
#define WAIT_NS     (10 * SECOND_NS)

static char folder[64];
static char paths[2][96];
static char error[256];
static struct host_process hosts[2];

static const struct myc_type number_type = {
    .name = "Number",
    .schema_id = 900,
    .template_id = 1,
    .version = 0,
    .block_length = 8,
    .verify = any_bytes,
};

static int
setup(void **state)
{
    (void)state;
    control_folder_make(folder, sizeof(folder));
    for (unsigned i = 0; i < 2; i++) {
        snprintf(paths[i], sizeof(paths[i]), "%s/host%u.sock", folder, i);
        host_process_start(&hosts[i], paths[i], i == 0 ? FIRST_HOME : SECOND_HOME);
    }
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++)
        host_process_stop(&hosts[i]);
    control_folder_remove(folder);
    return 0;
}

/* A client of the first node, and of the second when `is_of_both`. */
static struct myc_node *
open_client(bool is_of_both)
{
    static const char *const also[] = { paths[1] };
    const struct myc_client_options options = {
        .size = sizeof(options),
        .name = "test client",
        .also = also,
        .also_count = is_of_both ? 1 : 0,
        .error = error,
        .error_size = sizeof(error),
    };
    struct myc_node *node = NULL;

    if (myc_client_open(paths[0], &options, &node) != MYC_OK)
        fail_msg("%s", error);
    return node;
}

static enum myc_status
send_number(struct myc_node *node, uint64_t home, uint64_t number)
{
    return myc_client_send(node, host_process_echo(home), &number_type, &number, sizeof(number),
                           number);
}

/* The echo of the node with this home answers, once its link is up. */
static void
assert_echo(struct myc_node *node, uint64_t home, uint64_t number)
{
    uint64_t until_ms = control_now_ms() + CONTROL_NODE_WAIT_MS;
    struct myc_message message;
    uint64_t back;

    while (send_number(node, home, number) != MYC_OK) {
        struct timespec step = { .tv_nsec = 100000 };

        assert_true(control_now_ms() < until_ms);
        myc_node_poll(node, 32);
        nanosleep(&step, NULL);
    }
    do {
        assert_int_equal(myc_client_receive(node, WAIT_NS, &message), MYC_OK);
    } while (!myc_message_is(&message, &number_type));
    assert_int_equal(message.size, sizeof(back));
    memcpy(&back, message.body, sizeof(back));
    assert_int_equal(back, number);
    assert_true(message.from.home == home);
}

/* The node with this home is gone for the client. */
static void
await_gone(struct myc_node *node, uint64_t home)
{
    uint64_t until_ms = control_now_ms() + CONTROL_NODE_WAIT_MS;

    while (send_number(node, home, 0) != MYC_UNREACHABLE) {
        assert_true(control_now_ms() < until_ms);
        myc_node_poll(node, 32);
    }
}

static void
test_a_client_talks_to_two_nodes_under_one_home(void **state)
{
    struct myc_node *node = open_client(true);
    struct host_report reports[2];

    (void)state;
    for (uint64_t i = 1; i <= 200; i++) {
        assert_echo(node, FIRST_HOME, 2 * i);
        assert_echo(node, SECOND_HOME, 2 * i + 1);
    }
    assert_true(myc_client_host(node) == FIRST_HOME);
    for (unsigned i = 0; i < 2; i++) {
        assert_true(host_process_report(&hosts[i], &reports[i]));
        assert_int_equal(reports[i].event, HOST_ATTACHED);
        assert_true(reports[i].home == myc_node_home(node));
    }
    myc_node_stop(&node);
}

static void
test_either_node_may_end_and_come_again(void **state)
{
    struct myc_node *node;

    (void)state;
    if (!HOST_CAN_RESTART)
        skip();
    node = open_client(true);
    assert_echo(node, FIRST_HOME, 1);
    assert_echo(node, SECOND_HOME, 2);
    for (unsigned i = 0; i < 2; i++) {
        uint64_t home = i == 0 ? FIRST_HOME : SECOND_HOME;
        uint64_t other = i == 0 ? SECOND_HOME : FIRST_HOME + 1;

        host_process_kill(&hosts[i]);
        await_gone(node, home);
        assert_int_equal(myc_client_is_attached(node), i == 1);
        assert_echo(node, other, 3);
        host_process_start(&hosts[i], paths[i], home + 1);
        assert_echo(node, home + 1, 4);
        assert_echo(node, other, 5);
    }
    myc_node_stop(&node);
}

/* The second node is not there: the client opens all the same, and finds it later. */
static void
test_a_node_that_comes_later_is_attached_to(void **state)
{
    struct myc_node *node;

    (void)state;
    if (!HOST_CAN_RESTART)
        skip();
    host_process_stop(&hosts[1]);
    node = open_client(true);
    assert_echo(node, FIRST_HOME, 1);
    assert_int_equal(send_number(node, SECOND_HOME, 2), MYC_UNREACHABLE);
    host_process_start(&hosts[1], paths[1], SECOND_HOME);
    assert_echo(node, SECOND_HOME, 3);
    myc_node_stop(&node);
}

/* A client of the first node, at which others may attach, and which attaches to another one. */
static struct myc_node *
open_at(const char *path, const char *other)
{
    const struct myc_client_options options = {
        .size = sizeof(options),
        .name = "test client",
        .also = &other,
        .also_count = other ? 1 : 0,
        .control_socket = path,
        .error = error,
        .error_size = sizeof(error),
    };
    struct myc_node *node = NULL;

    if (myc_client_open(paths[0], &options, &node) != MYC_OK)
        fail_msg("%s", error);
    return node;
}

/* Both turn until the first one knows the name. */
static struct myc_ref
find_at(struct myc_node *seeker, struct myc_node *holder, const char *name)
{
    uint64_t until_ms = control_now_ms() + CONTROL_NODE_WAIT_MS;
    struct myc_ref ref;

    while (myc_client_find(seeker, name, 0, &ref) != MYC_OK) {
        assert_true(control_now_ms() < until_ms);
        myc_node_poll(holder, 32);
    }
    return ref;
}

/* A message with this number comes to the client, from the ref. */
static void
assert_comes(struct myc_node *node, struct myc_ref from, uint64_t number)
{
    struct myc_message message;

    do {
        assert_int_equal(myc_client_receive(node, WAIT_NS, &message), MYC_OK);
    } while (!myc_message_is(&message, &number_type));
    assert_true(myc_ref_is_equal(message.from, from));
    assert_memory_equal(message.body, &number, sizeof(number));
}

static void
test_two_clients_link_directly(void **state)
{
    struct myc_ref a_ref, b_ref;
    struct myc_node *a, *b;
    char path[96];

    (void)state;
    snprintf(path, sizeof(path), "%s/a.sock", folder);
    a = open_at(path, NULL);
    b = open_at(NULL, path);
    assert_int_equal(myc_client_register(a, "at a"), MYC_OK);
    assert_int_equal(myc_client_register(b, "at b"), MYC_OK);
    a_ref = find_at(b, a, "at a");
    b_ref = find_at(a, b, "at b");
    assert_true(myc_ref_is_equal(a_ref, myc_client_ref(a)));
    assert_true(myc_ref_is_equal(b_ref, myc_client_ref(b)));
    for (uint64_t i = 0; i < 5000; i++) {
        assert_int_equal(myc_client_send(b, a_ref, &number_type, &i, sizeof(i), 0), MYC_OK);
        assert_comes(a, b_ref, i);
        assert_int_equal(myc_client_send(a, b_ref, &number_type, &i, sizeof(i), 0), MYC_OK);
        assert_comes(b, a_ref, i);
    }
    assert_echo(a, FIRST_HOME, 1);
    assert_echo(b, FIRST_HOME, 2);
    myc_node_stop(&b);
    myc_node_stop(&a);
}

/* Who listens ends and comes again, under another node id; its watcher is told. */
static void
test_a_client_that_listened_may_come_again(void **state)
{
    struct myc_message message;
    struct myc_node *a, *b;
    struct myc_ref ref;
    uint64_t monitor;
    char path[96];

    (void)state;
    snprintf(path, sizeof(path), "%s/a.sock", folder);
    b = open_at(NULL, path); /* before there is anybody */
    for (unsigned life = 0; life < 3; life++) {
        a = open_at(path, NULL);
        assert_int_equal(myc_client_register(a, "at a"), MYC_OK);
        ref = find_at(b, a, "at a");
        assert_true(ref.home == myc_node_home(a));
        assert_int_equal(myc_client_monitor(b, ref, &monitor), MYC_OK);
        myc_node_poll(b, 32);
        myc_node_stop(&a);
        do {
            assert_int_equal(myc_client_receive(b, WAIT_NS, &message), MYC_OK);
        } while (!myc_message_is(&message, &myc_down_type));
        assert_int_equal(myc_client_find(b, "at a", 0, &ref), MYC_TIMEOUT);
    }
    myc_node_stop(&b);
}

/* A client gives nobody a node id, and is no node to attach to. */
static void
test_a_client_is_not_the_first_node_of_another(void **state)
{
    char path[96];
    const struct myc_client_options options = { .size = sizeof(options),
                                                .error = error,
                                                .error_size = sizeof(error) };
    struct myc_node *a, *b = NULL;

    (void)state;
    snprintf(path, sizeof(path), "%s/a.sock", folder);
    a = open_at(path, NULL);
    assert_int_equal(myc_client_open(path, &options, &b), MYC_REFUSED);
    assert_null(b);
    assert_non_null(strstr(error, "this is a client"));
    myc_node_stop(&a);
}

/* A client's name is known at its node; another client that is not linked with it cannot reach the
 * holder, and does not see the name. */
static void
test_names_of_another_client_are_not_seen(void **state)
{
    struct myc_node *a = open_client(false), *b = open_client(false);
    struct myc_ref ref;
    uint64_t number = 1;

    (void)state;
    assert_int_equal(myc_client_find(b, "echo", WAIT_NS, &ref), MYC_OK);
    assert_true(ref.home == FIRST_HOME);
    assert_int_equal(myc_client_register(a, "mine"), MYC_OK);
    for (uint64_t i = 0; i < 100; i++) { /* the name has come to the node long before */
        assert_echo(a, FIRST_HOME, i + 1);
        assert_echo(b, FIRST_HOME, i + 1);
    }
    assert_int_equal(myc_client_find(b, "mine", 0, &ref), MYC_TIMEOUT);
    assert_int_equal(
        myc_client_send(b, myc_client_ref(a), &number_type, &number, sizeof(number), 0),
        MYC_UNREACHABLE);
    myc_node_stop(&a);
    myc_node_stop(&b);
}

#define CLIENT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CLIENT_TEST(test_a_client_talks_to_two_nodes_under_one_home),
        CLIENT_TEST(test_either_node_may_end_and_come_again),
        CLIENT_TEST(test_a_node_that_comes_later_is_attached_to),
        CLIENT_TEST(test_names_of_another_client_are_not_seen),
        CLIENT_TEST(test_two_clients_link_directly),
        CLIENT_TEST(test_a_client_that_listened_may_come_again),
        CLIENT_TEST(test_a_client_is_not_the_first_node_of_another),
    };

    fab_log_set_level(FAB_LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
