/* SPDX-License-Identifier: BSD-3-Clause */
/* A client in this process, its node in another. */
#include "support/host_process.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <mycelium/client.h>
#include <mycelium/messages.h>

#include "base/compiler.h"
#include "base/log.h"
#include "support/any_bytes.h"
#include "support/cmocka.h"
#include "support/control_node.h"

#define HOST_HOME  0x0007000000000abcULL
#define SECOND_NS  1000000000ULL
#define WAIT_NS    (10 * SECOND_NS)
#define CLIENT_MAX 8

static char folder[64];
static char path[96];
static char error[256];
static struct host_process host;

static const struct myc_type ping = {
    .name = "Ping",
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
    snprintf(path, sizeof(path), "%s/host.sock", folder);
    host_process_start(&host, path, HOST_HOME);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    host_process_stop(&host);
    control_folder_remove(folder);
    return 0;
}

static struct myc_node *
open_client(void)
{
    const struct myc_client_options options = {
        .size = sizeof(options),
        .name = "test client",
        .error = error,
        .error_size = sizeof(error),
    };
    struct myc_node *node = NULL;
    enum myc_status status = myc_client_open(path, &options, &node);

    if (status != MYC_OK)
        print_message("%s\n", error);
    assert_int_equal(status, MYC_OK);
    return node;
}

/* Sends a number to the echo and takes it back. */
static void
assert_echo(struct myc_node *node, uint64_t number)
{
    struct myc_ref echo = host_process_echo(myc_client_host(node));
    struct myc_message message;
    uint64_t back;

    assert_int_equal(myc_client_send(node, echo, &ping, &number, sizeof(number), number), MYC_OK);
    assert_int_equal(myc_client_receive(node, WAIT_NS, &message), MYC_OK);
    assert_true(myc_message_is(&message, &ping));
    assert_int_equal(message.size, sizeof(back));
    memcpy(&back, message.body, sizeof(back));
    assert_int_equal(back, number);
    assert_int_equal(message.tag, number);
    assert_true(myc_ref_is_equal(message.from, echo));
}

static bool
await_attached(struct myc_node *node, bool wanted)
{
    uint64_t until_ms = control_now_ms() + CONTROL_NODE_WAIT_MS;

    while (myc_client_is_attached(node) != wanted) {
        struct timespec step = { .tv_nsec = 100000 };

        if (control_now_ms() > until_ms)
            return false;
        myc_node_poll(node, 32);
        nanosleep(&step, NULL);
    }
    /* The door and the link need a turn each. */
    for (unsigned i = 0; i < 4; i++)
        myc_node_poll(node, 32);
    return true;
}

static void
test_a_client_talks_to_an_actor_of_its_node(void **state)
{
    struct myc_node *node = open_client();
    struct host_report report;

    (void)state;
    assert_true(host_process_report(&host, &report));
    assert_int_equal(report.event, HOST_ATTACHED);
    assert_true(report.home == myc_node_home(node));
    assert_true(myc_client_host(node) == HOST_HOME);
    for (uint64_t i = 0; i < 1000; i++)
        assert_echo(node, i);
    myc_node_stop(&node);
    assert_null(node);
    assert_true(host_process_report(&host, &report));
    assert_int_equal(report.event, HOST_DETACHED);
    assert_int_equal(report.reason, MYC_SHUTDOWN);
}

static void
test_messages_of_a_burst_come_back_in_order(void **state)
{
    struct myc_node *node = open_client();
    struct myc_ref echo = host_process_echo(HOST_HOME);
    uint8_t body[1024] = { 0 };
    uint64_t sent = 0;
    uint64_t received = 0;

    (void)state;
    while (received < 20000) {
        struct myc_message message;

        /* As many as the host's ring takes back: the echo drops what it is refused. */
        while (sent < 20000 && sent - received < 20 &&
               myc_client_send(node, echo, &ping, body, 8 + (uint32_t)(sent % 1000), sent) ==
                   MYC_OK)
            sent++;
        assert_int_equal(myc_client_receive(node, WAIT_NS, &message), MYC_OK);
        assert_int_equal(message.tag, received);
        assert_int_equal(message.size, 8 + received % 1000);
        received++;
    }
    myc_node_stop(&node);
}

static void
test_nobody_at_the_socket_is_said(void **state)
{
    const struct myc_client_options options = {
        .size = sizeof(options),
        .timeout_ms = 50,
        .error = error,
        .error_size = sizeof(error),
    };
    struct myc_node *node = NULL;

    (void)state;
    assert_int_equal(myc_client_open("/tmp/no-such-socket", &options, &node), MYC_TIMEOUT);
    assert_null(node);
    assert_non_null(strstr(error, "/tmp/no-such-socket"));
    assert_non_null(strstr(error, "nobody listens"));
}

static void
test_a_killed_node_is_noticed_and_taken_back(void **state)
{
    struct myc_node *node;
    uint64_t home;
    uint64_t killed_ms;

    (void)state;
    if (!HOST_CAN_RESTART)
        skip();
    node = open_client();
    home = myc_node_home(node);
    assert_echo(node, 1);
    host_process_kill(&host);
    killed_ms = control_now_ms();
    assert_true(await_attached(node, false));
    assert_true(control_now_ms() - killed_ms < 1000);
    assert_int_equal(myc_client_send(node, host_process_echo(HOST_HOME), &ping, "12345678", 8, 0),
                     MYC_UNREACHABLE);
    host_process_start(&host, path, HOST_HOME + 1);
    assert_true(await_attached(node, true));
    assert_true(myc_client_host(node) == HOST_HOME + 1);
    assert_true(myc_node_home(node) == home);
    assert_echo(node, 2);
    /* The first life's actor is not the second's. */
    assert_int_not_equal(
        myc_client_send(node, host_process_echo(HOST_HOME), &ping, "12345678", 8, 0), MYC_OK);
    myc_node_stop(&node);
}

static void
test_a_killed_client_is_noticed_at_once(void **state)
{
    struct host_report report;
    uint64_t killed_ms;
    pid_t child;

    (void)state;
    child = fork();
    if (child == 0) {
        struct myc_node *node = open_client();

        for (uint64_t i = 0;; i++)
            assert_echo(node, i);
    }
    assert_true(host_process_report(&host, &report));
    assert_int_equal(report.event, HOST_ATTACHED);
    assert_int_equal(kill(child, SIGKILL), 0);
    killed_ms = control_now_ms();
    assert_true(host_process_report(&host, &report));
    assert_int_equal(report.event, HOST_DETACHED);
    assert_int_equal(report.reason, MYC_NO_CONNECTION);
    assert_true(control_now_ms() - killed_ms < 1000);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

/* The next message is a Down of that actor. */
static enum myc_status
receive_down(struct myc_node *node, struct myc_ref ref)
{
    struct myc_message message;
    struct myc_down down = { 0 };

    assert_int_equal(myc_client_receive(node, WAIT_NS, &message), MYC_OK);
    assert_int_equal(message.kind, MYC_KIND_EVENT);
    assert_true(myc_down_decode(&message, &down));
    assert_true(myc_ref_is_equal(down.ref, ref));
    return down.reason;
}

static void
test_an_actor_of_the_node_is_found_and_monitored(void **state)
{
    struct myc_node *node = open_client();
    struct myc_type fatal = ping;
    struct myc_ref echo;
    uint64_t monitor;

    (void)state;
    fatal.template_id = HOST_ECHO_FAILS;
    assert_int_equal(myc_client_find(node, "echo", WAIT_NS, &echo), MYC_OK);
    assert_true(myc_ref_is_equal(echo, host_process_echo(HOST_HOME)));
    assert_int_equal(myc_client_find(node, "nobody", SECOND_NS / 50, &echo), MYC_TIMEOUT);
    assert_int_equal(myc_client_monitor(node, echo, &monitor), MYC_OK);
    assert_int_equal(myc_client_send(node, echo, &fatal, "12345678", 8, 0), MYC_OK);
    assert_int_equal(receive_down(node, echo), MYC_FAILED);
    myc_node_stop(&node);
}

static void
test_a_monitored_actor_of_a_killed_node_is_down_once(void **state)
{
    struct myc_node *node;
    struct myc_ref echo = host_process_echo(HOST_HOME);
    struct myc_message message;
    uint64_t monitor;

    (void)state;
    if (!HOST_CAN_RESTART)
        skip();
    node = open_client();
    assert_echo(node, 1);
    assert_int_equal(myc_client_monitor(node, echo, &monitor), MYC_OK);
    assert_echo(node, 2);
    host_process_kill(&host);
    assert_int_equal(receive_down(node, echo), MYC_NO_CONNECTION);
    assert_int_equal(myc_client_receive(node, SECOND_NS / 20, &message), MYC_TIMEOUT);
    host_process_start(&host, path, HOST_HOME + 1);
    myc_node_stop(&node);
}

static void
test_an_ask_is_answered_or_fails_with_its_tag(void **state)
{
    struct myc_node *node = open_client();
    struct myc_ref echo = host_process_echo(HOST_HOME);
    struct myc_message message;

    (void)state;
    assert_int_equal(myc_client_ask(node, echo, &ping, "12345678", 8, WAIT_NS, 41), MYC_OK);
    assert_int_equal(myc_client_receive(node, WAIT_NS, &message), MYC_OK);
    assert_int_equal(message.kind, MYC_KIND_REPLY);
    assert_int_equal(message.tag, 41);
    assert_memory_equal(message.body, "12345678", 8);
    /* An ask to ourselves that we do not answer. */
    assert_int_equal(
        myc_client_ask(node, myc_client_ref(node), &ping, "12345678", 8, SECOND_NS / 100, 42),
        MYC_OK);
    assert_int_equal(myc_client_receive(node, WAIT_NS, &message), MYC_OK);
    assert_int_equal(message.kind, MYC_KIND_ASK);
    assert_int_equal(myc_client_receive(node, WAIT_NS, &message), MYC_OK);
    assert_true(myc_message_is(&message, &myc_ask_failed_type));
    assert_int_equal(message.tag, 42);
    myc_node_stop(&node);
}

static void
test_a_client_has_names_of_its_own(void **state)
{
    struct myc_node *node = open_client();
    struct myc_ref own;

    (void)state;
    assert_int_equal(myc_client_register(node, "me"), MYC_OK);
    assert_int_equal(myc_client_find(node, "me", WAIT_NS, &own), MYC_OK);
    assert_true(myc_ref_is_equal(own, myc_client_ref(node)));
    myc_node_stop(&node);
}

static void
test_many_clients_share_a_node(void **state)
{
    struct myc_node *nodes[CLIENT_MAX];

    (void)state;
    for (unsigned i = 0; i < CLIENT_MAX; i++) {
        nodes[i] = open_client();
        for (unsigned j = 0; j < i; j++)
            assert_int_not_equal(myc_node_home(nodes[i]) >> 48, myc_node_home(nodes[j]) >> 48);
    }
    for (uint64_t round = 0; round < 50; round++) {
        for (unsigned i = 0; i < CLIENT_MAX; i++)
            assert_echo(nodes[i], round * CLIENT_MAX + i);
    }
    for (unsigned i = 0; i < CLIENT_MAX; i++)
        myc_node_stop(&nodes[i]);
}

#define CLIENT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CLIENT_TEST(test_a_client_talks_to_an_actor_of_its_node),
        CLIENT_TEST(test_messages_of_a_burst_come_back_in_order),
        CLIENT_TEST(test_nobody_at_the_socket_is_said),
        CLIENT_TEST(test_a_killed_node_is_noticed_and_taken_back),
        CLIENT_TEST(test_a_killed_client_is_noticed_at_once),
        CLIENT_TEST(test_an_actor_of_the_node_is_found_and_monitored),
        CLIENT_TEST(test_a_monitored_actor_of_a_killed_node_is_down_once),
        CLIENT_TEST(test_an_ask_is_answered_or_fails_with_its_tag),
        CLIENT_TEST(test_a_client_has_names_of_its_own),
        CLIENT_TEST(test_many_clients_share_a_node),
    };

    fab_log_set_level(FAB_LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
