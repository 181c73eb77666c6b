/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every structure of a node is asked for on the NUMA node of the lcore or port that uses it.
 *
 * The machine has one node, so the topology is made up (env/numa.h): lcore 0 on node 0, lcore 1 and
 * the port, which lcore 1 polls, on node 1. Seen is what each part asked for; that the kernel and
 * the EAL give what they are asked for is theirs.
 */
#include "support/cmocka.h"

#include <stdio.h>
#include <unistd.h>

#include <mycelium/client.h>

#include "env/numa.h"
#include "small_node.h"

#define ASKS_MAX  1024U
#define NAME_SIZE 32U
#define FIRST     0 /* node of lcore 0 */
#define SECOND    1 /* of lcore 1 and the port */

struct ask {
    char what[NAME_SIZE];
    size_t size;
    int socket;
};

static struct ask asks[ASKS_MAX];
static unsigned ask_count;

static int
of_lcore(uint32_t eal_lcore)
{
    return eal_lcore == 1 ? FIRST : SECOND;
}

static int
of_port(uint16_t port)
{
    (void)port;
    return SECOND;
}

static void
on_ask(const char *what, size_t size, int socket)
{
    struct ask *ask = &asks[ask_count++];

    assert_true(ask_count < ASKS_MAX);
    snprintf(ask->what, sizeof(ask->what), "%s", what);
    ask->size = size;
    ask->socket = socket;
}

static const struct fab_numa_seam topology = { of_lcore, of_port, on_ask };

/* How often, and how many bytes of, what begins with `what` was asked for on a node. */
static unsigned
count(const char *what, int socket, size_t *bytes)
{
    unsigned found = 0;

    *bytes = 0;
    for (unsigned i = 0; i < ask_count; i++) {
        if (strncmp(asks[i].what, what, strlen(what)) != 0 || asks[i].socket != socket)
            continue;
        found++;
        *bytes += asks[i].size;
    }
    return found;
}

/* As many of them on each node. */
static void
assert_on(const char *what, unsigned first, unsigned second)
{
    size_t bytes;

    if (count(what, FIRST, &bytes) == first && count(what, SECOND, &bytes) == second)
        return;
    for (unsigned i = 0; i < ask_count; i++)
        print_message("%s: %zu on node %d\n", asks[i].what, asks[i].size, asks[i].socket);
    fail_msg("'%s' is not %u times on the first node and %u on the second", what, first, second);
}

/* As much of it on both nodes: each lcore has its own. */
static void
assert_alike(const char *what)
{
    size_t first, second;

    if (count(what, FIRST, &first) == 0 || count(what, SECOND, &second) == 0 || first != second)
        fail_msg("'%s': not the same on both nodes", what);
}

static void
start(struct myc_node **node, const char *control)
{
    static const struct myc_port_options port = {
        .name = "wire", .device = "net_ring5,", .lcore = 1, .address = "10.9.0.1/24"
    };
    static const struct myc_peer_options peer = { .node_id = 8, .address = "10.9.0.2" };

    ask_count = 0;
    fab_numa_set_seam(&topology);
    *node = small_node_start((struct myc_node_options){
        .ports = &port,
        .port_count = 1,
        .peers = &peer,
        .peer_count = 1,
        .control_socket = control,
        .guards_faults = true,
    });
}

static int
end(void **state)
{
    fab_numa_set_seam(NULL);
    return small_node_end(state);
}

static void
test_what_an_lcore_uses_lies_on_its_node(void **state)
{
    struct myc_node *node;

    (void)state;
    start(&node, NULL);
    assert_on("lcore", 1, 1);
    assert_on("heap", 1, 1);
    assert_on("ring link", 1, 1);
    assert_on("flow links", 1, 1);
    assert_on("flow timers", 1, 1);
    assert_on("flow store", 1, 1);
    assert_on("flows", 1, 1);
    assert_on("flow end", 1, 1);
    assert_on("door", 1, 1);
    assert_on("guard stack", 1, 1);
    assert_alike("core");
    assert_alike("heap");
    assert_alike("ring");
    assert_alike("flows");
    assert_alike("flow end");
    assert_alike("door");
    assert_alike("guard stack");
    small_node_stop(&node);
}

static void
test_what_a_port_uses_lies_on_its_node(void **state)
{
    struct myc_node *node;

    (void)state;
    start(&node, NULL);
    assert_on("port shells", 1, 1);
    assert_on("flow holds", 1, 1);
    assert_on("port pool", 1, 2); /* that of lcore 0; that of lcore 1, and what the port receives */
    assert_on("flow port", 0, 1);
    assert_on("flow peers", 0, 1);
    assert_on("flow neighbours", 0, 1);
    small_node_stop(&node);
}

/* A ring between the port and an lcore that does not poll it lies where it is read. */
static void
test_rings_lie_where_they_are_read(void **state)
{
    struct myc_node *node;

    (void)state;
    start(&node, NULL);
    assert_on("flin-", 1, 0);
    assert_on("flout-", 0, 1);
    small_node_stop(&node);
}

static void
test_nothing_is_asked_for_anywhere(void **state)
{
    struct myc_node *node;
    size_t bytes;

    (void)state;
    start(&node, NULL);
    assert_int_equal(count("", FAB_NUMA_ANY, &bytes), 0);
    small_node_stop(&node);
}

static void
test_a_segments_rings_lie_with_the_lcore_that_writes_them(void **state)
{
    struct myc_node *node, *client;
    char path[64];

    (void)state;
    snprintf(path, sizeof(path), "/tmp/numa-%d.sock", (int)getpid());
    start(&node, path);
    ask_count = 0;
    assert_int_equal(myc_client_open(path, NULL, &client), MYC_OK);
    assert_on("segment rings", 1, 1);
    assert_alike("segment rings");
    assert_on("segment links", 1, 1);
    myc_node_stop(&client);
    small_node_stop(&node);
}

#define NUMA_TEST(function) cmocka_unit_test_teardown(function, end)

static int
run(void)
{
    const struct CMUnitTest tests[] = {
        NUMA_TEST(test_what_an_lcore_uses_lies_on_its_node),
        NUMA_TEST(test_what_a_port_uses_lies_on_its_node),
        NUMA_TEST(test_rings_lie_where_they_are_read),
        NUMA_TEST(test_nothing_is_asked_for_anywhere),
        NUMA_TEST(test_a_segments_rings_lie_with_the_lcore_that_writes_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

int
main(void)
{
    return small_node_run("numa", run);
}
