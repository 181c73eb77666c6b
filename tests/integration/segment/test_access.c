/* SPDX-License-Identifier: BSD-3-Clause */
/* Who may attach to a node, and whom a client reaches that may reach some only. */
#include "support/any_bytes.h"
#include "support/cmocka.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <mycelium/client.h>
#include <mycelium/messages.h>

#include "base/assert.h"
#include "base/log.h"
#include "node/control/access.h"
#include "support/bare_node.h"

#define HOME    0x0001000000000abcULL
#define WAIT_NS 20000000000ULL

static char folder[64];
static char path[96];
static struct bare_node host;
static struct myc_ref open_ref;
static struct myc_ref hidden_ref;
static pthread_t thread;
static _Atomic bool is_over;

static const struct myc_type ping = {
    .name = "Ping", .schema_id = 903, .template_id = 1, .block_length = 8, .verify = any_bytes
};

static enum myc_status
echo(struct myc_self *self, void *state, const struct myc_message *message)
{
    (void)state;
    if (message->kind == MYC_KIND_SEND)
        (void)myc_send(self, message->from, &ping, message->body, message->size);
    return MYC_OK;
}

static const struct myc_class echo_class = {
    .size = sizeof(struct myc_class),
    .name = "echo",
    .flags = MYC_CLASS_ACCEPTS_ANY,
    .receive = echo,
};

static void *
turn_on(void *argument)
{
    (void)argument;
    while (!is_over)
        bare_node_turn_or_rest(&host);
    return NULL;
}

/* A node that lets our own user reach "open" only. */
static int
setup(void **state)
{
    static const char *const names[] = { "open", "nobody" };
    const struct myc_attach_rule rule = {
        .uid = geteuid(), .gid = MYC_ATTACH_ANY, .names = names, .name_count = 2
    };
    const struct bare_node_options options = {
        .home = HOME, .path = path, .slots = 256, .allow = &rule, .allow_count = 1
    };
    const struct myc_spawn_options open_name = { .size = sizeof(open_name), .name = "open" };
    const struct myc_spawn_options hidden_name = { .size = sizeof(hidden_name), .name = "hidden" };

    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/mycelium-access-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/host", folder);
    bare_node_init(&host, &options);
    FAB_ASSERT(fab_core_spawn(host.core, &echo_class, &open_name, &open_ref) == MYC_OK);
    FAB_ASSERT(fab_core_spawn(host.core, &echo_class, &hidden_name, &hidden_ref) == MYC_OK);
    bare_node_open(&host, &options);
    is_over = false;
    assert_int_equal(pthread_create(&thread, NULL, turn_on, NULL), 0);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    is_over = true;
    pthread_join(thread, NULL);
    bare_node_fini(&host);
    assert_int_equal(rmdir(folder), 0);
    return 0;
}

static void
run_stop(struct myc_self *self, void *context)
{
    assert_int_equal(myc_stop(self, *(struct myc_ref *)context, MYC_SHUTDOWN), MYC_OK);
}

static void
assert_echo(struct myc_node *client)
{
    struct myc_message message;

    assert_int_equal(myc_client_send(client, open_ref, &ping, "12345678", 8, 0), MYC_OK);
    assert_int_equal(myc_client_receive(client, WAIT_NS, &message), MYC_OK);
    assert_true(myc_message_is(&message, &ping));
}

static void
test_who_may_reach_some_is_refused_by_others_and_cannot_stop_them(void **state)
{
    struct myc_node *client = NULL;
    struct myc_undelivered undelivered;
    struct myc_message message;
    struct myc_ask_failed failed;

    (void)state;
    assert_int_equal(myc_client_open(path, NULL, &client), MYC_OK);
    assert_echo(client);
    assert_int_equal(myc_client_send(client, hidden_ref, &ping, "12345678", 8, 5), MYC_OK);
    assert_int_equal(myc_client_receive(client, WAIT_NS, &message), MYC_OK);
    assert_true(myc_undelivered_decode(&message, &undelivered));
    assert_int_equal(undelivered.status, MYC_REFUSED);
    assert_int_equal(message.tag, 5);
    assert_int_equal(myc_client_ask(client, hidden_ref, &ping, "12345678", 8, WAIT_NS, 6), MYC_OK);
    assert_int_equal(myc_client_receive(client, WAIT_NS, &message), MYC_OK);
    assert_true(myc_ask_failed_decode(&message, &failed));
    assert_int_equal(failed.status, MYC_REFUSED);
    assert_int_equal(myc_client_run(client, run_stop, &hidden_ref), MYC_OK);
    assert_echo(client); /* behind the stop, so that has been heard */
    assert_int_equal(fab_core_actor_count(host.core), 3);
    assert_int_equal(fab_core_counters(host.core)->bounced_reach, 3);
    myc_node_stop(&client);
}

static void
test_the_first_rule_that_fits_decides(void **state)
{
    static const char *const names[] = { "book" };
    const struct myc_attach_rule rules[] = {
        { .uid = 1000, .gid = MYC_ATTACH_ANY, .names = names, .name_count = 1 },
        { .uid = MYC_ATTACH_ANY, .gid = 50, .names = NULL },
    };
    const struct fab_control_credentials limited = { 1, 1000, 50 };
    const struct fab_control_credentials mate = { 1, 1001, 50 };
    const struct fab_control_credentials stranger = { 1, 1001, 51 };
    const struct fab_control_credentials root = { 1, 0, 0 };
    const struct fab_reach *reach;
    struct fab_access access;

    (void)state;
    assert_int_equal(fab_access_init(&access, rules, 2), MYC_OK);
    assert_true(fab_access_allows(&access, &limited, 0, &reach));
    assert_int_equal(reach->count, 1);
    assert_string_equal(reach->names[0], "book");
    assert_true(fab_access_allows(&access, &mate, 0, &reach));
    assert_null(reach);
    /* With rules, the mode of the file does not open it further. */
    assert_false(fab_access_allows(&access, &stranger, 0666, &reach));
    assert_true(fab_access_allows(&access, &root, 0, &reach));
    assert_null(reach);
    fab_access_fini(&access);
    assert_int_equal(fab_access_init(&access, NULL, 0), MYC_OK);
    assert_true(fab_access_allows(&access, &stranger, 0666, &reach));
    fab_access_fini(&access);
    assert_int_equal(fab_access_init(&access, rules, FAB_ACCESS_RULES_MAX + 1), MYC_INVALID);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_who_may_reach_some_is_refused_by_others_and_cannot_stop_them, setup, teardown),
        cmocka_unit_test(test_the_first_rule_that_fits_decides),
    };

    fab_log_set_level(FAB_LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
