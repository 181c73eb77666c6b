/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The conformance suite over real nodes, one locality a run.
 *
 *      over_nodes WAY [CLIENT [INTERPOSER]]   the test; CLIENT: the executable of place B as a
 *                                             client; INTERPOSER: that of a bad wire
 *      over_nodes place-b WAY FOLDER [EXPORTED]   place B, started by the test
 *
 * The nodes stay from case to case, as they do in use; what a case has spawned is swept away after
 * it. That the earlier cases have left nothing behind is so part of the test.
 */
#include "conformance/node_places.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <mycelium/client.h>

#include "conformance/place_b.h"
#include "env/eal.h"
#include "support/clock.h"

#define SPAWNED_MAX 256U
#define PATH_SIZE   256U
#define SKIPPED     77

#define CROSSFIRE_LONG_NS 10000000000ULL
#define CROSSFIRE_NS      2000000000ULL

struct nodes_fixture {
    struct conf_fixture fixture; /* first */
    const struct way *way;
    struct myc_node *node; /* A's */
    struct place_b b;      /* of a ring: not used */
    int network_b;         /* its network namespace; -1: ours */
    FILE *interposer;      /* NULL: none */
    const char *client;    /* executable */
    char folder[64];
    char control[PATH_SIZE];
    struct myc_ref spawned[2][SPAWNED_MAX]; /* by the case that runs, at either place */
    uint32_t spawned_count[2];
};

static struct nodes_fixture nodes;

/* --- the fixture ------------------------------------------------------------------------------ */

static enum myc_status
spawn_at(enum conf_place place, const char *class_name, const struct myc_spawn_options *options,
         struct myc_ref *ref)
{
    if (place == CONF_B && !nodes.way->is_one_node)
        return place_b_spawn(&nodes.b, class_name, options, ref);
    return myc_node_spawn(nodes.node, (uint8_t)place, conf_class_lookup(class_name), options, ref);
}

static enum myc_status
nodes_spawn(struct conf_fixture *fixture, enum conf_place place, const char *class_name,
            const struct myc_spawn_options *options, struct myc_ref *ref)
{
    enum myc_status status = spawn_at(place, class_name, options, ref);

    (void)fixture;
    assert_true(nodes.spawned_count[place] < SPAWNED_MAX);
    if (status == MYC_OK)
        nodes.spawned[place][nodes.spawned_count[place]++] = *ref;
    return status;
}

static bool
nodes_run_until(struct conf_fixture *fixture, bool (*is_done)(void *context), void *context,
                uint64_t timeout_ns)
{
    static const struct timespec step = { .tv_nsec = 200000 };
    uint64_t end_ns = clock_now_ns() + timeout_ns;

    (void)fixture;
    while (!is_done(context)) {
        if (clock_now_ns() >= end_ns)
            return is_done(context);
        nanosleep(&step, NULL);
    }
    return true;
}

static void
nodes_crash_b(struct conf_fixture *fixture)
{
    (void)fixture;
    nodes.spawned_count[CONF_B] = 0;
    if (!nodes.way->is_one_node) {
        place_b_kill(&nodes.b);
        return;
    }
    nodes.spawned_count[CONF_A] = 0;
    myc_node_stop(&nodes.node);
}

static void
nodes_stop_b(struct conf_fixture *fixture)
{
    (void)fixture;
    nodes.spawned_count[CONF_B] = 0;
    place_b_stop(&nodes.b);
}

static void
nodes_start_b(struct conf_fixture *fixture)
{
    char self[] = "/proc/self/exe", role[] = "place-b";
    char client[PATH_SIZE], way[32], exported[MYC_NAME_SIZE_MAX + 1];
    char *const as_node[] = { self, role, way, nodes.folder, fixture->exported ? exported : NULL,
                              NULL };
    char *const as_client[] = { client, nodes.control, NULL };

    if (nodes.way->is_one_node) {
        assert_int_equal(place_start(nodes.way, CONF_A, nodes.folder, false, &nodes.node), MYC_OK);
        return;
    }
    snprintf(way, sizeof(way), "%s", nodes.way->name);
    snprintf(client, sizeof(client), "%s", nodes.client ? nodes.client : "");
    snprintf(exported, sizeof(exported), "%s", fixture->exported ? fixture->exported : "");
    place_b_start(&nodes.b, nodes.way->is_client ? as_client : as_node, nodes.network_b);
}

/* Ends everything that a case has spawned, the collector last. */
static void
sweep(enum conf_place place)
{
    for (uint32_t i = nodes.spawned_count[place]; i-- > 0;) {
        const struct conf_plan plan = { .peer = nodes.spawned[place][i] };
        const struct myc_spawn_options options = {
            .size = sizeof(options),
            .args = &plan,
            .args_size = sizeof(plan),
        };
        struct myc_ref sweeper;

        assert_int_equal(spawn_at(place, "sweeper", &options, &sweeper), MYC_OK);
    }
    nodes.spawned_count[place] = 0;
}

int
conf_setup(void **state)
{
    *state = &nodes.fixture;
    return 0;
}

int
conf_teardown(void **state)
{
    (void)state;
    /* A case that failed between its crash and its restart. */
    if (nodes.way->is_one_node ? !nodes.node : !nodes.b.pid)
        nodes_start_b(&nodes.fixture);
    sweep(CONF_B);
    sweep(CONF_A);
    return 0;
}

/* --- network namespaces ----------------------------------------------------------------------- */

static int
new_network(void)
{
    return unshare(CLONE_NEWNET) == 0 ? open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC) : -1;
}

static bool
run_command(const char *command)
{
    return system(command) == 0; /* with arguments of our own making only */
}

/* A's interface and B's with a wire between them: a veth pair, or two and who treats badly what he
 * carries from one to the other. */
static bool
make_veths(int network_a, int network_middle)
{
    char command[2 * PATH_SIZE];
    int me = (int)getpid();

    if (network_middle < 0)
        snprintf(command, sizeof(command),
                 "ip link add name confb type veth peer name confa netns /proc/%d/fd/%d && "
                 "ip link set dev confb up",
                 me, network_a);
    else
        snprintf(command, sizeof(command),
                 "ip link add name ma type veth peer name confa netns /proc/%d/fd/%d && "
                 "ip link add name mb type veth peer name confb netns /proc/%d/fd/%d && "
                 "ip link set dev ma up && ip link set dev mb up",
                 me, network_a, me, nodes.network_b);
    return run_command(command);
}

/* In the middle; ends when we close it, or end. */
static bool
start_interposer(const char *program)
{
    char command[PATH_SIZE];

    snprintf(command, sizeof(command),
             "exec %s ma mb loss_per_million=10000,duplicate_per_million=10000,"
             "reorder_per_million=10000,seed=1",
             program);
    nodes.interposer = popen(command, "w");
    return nodes.interposer != NULL;
}

/* The namespaces have no names and go with the processes that use them. We are in A's afterwards.
 */
static bool
make_networks(const char *interposer)
{
    int network_a = new_network();
    int network_middle = -1;

    nodes.network_b = new_network();
    if (nodes.way->has_faults)
        network_middle = new_network();
    if (network_a < 0 || nodes.network_b < 0 || !make_veths(network_a, network_middle))
        return false;
    if (network_middle >= 0 && !start_interposer(interposer))
        return false;
    return setns(nodes.network_b, CLONE_NEWNET) == 0 && run_command("ip link set dev confb up") &&
           setns(network_a, CLONE_NEWNET) == 0 && run_command("ip link set dev confa up");
}

/* --- the program ------------------------------------------------------------------------------ */

static int
start_all(void **state)
{
    (void)state;
    if (!mkdtemp(nodes.folder))
        return -1;
    snprintf(nodes.control, sizeof(nodes.control), "%s/a.sock", nodes.folder);
    if (place_start(nodes.way, CONF_A, nodes.folder, true, &nodes.node) != MYC_OK)
        return -1;
    if (!nodes.way->is_one_node)
        nodes_start_b(&nodes.fixture);
    return 0;
}

static int
stop_all(void **state)
{
    char command[PATH_SIZE];

    (void)state;
    place_b_stop(&nodes.b);
    myc_node_stop(&nodes.node);
    fab_eal_stop();
    if (nodes.interposer && pclose(nodes.interposer) != 0)
        return -1;
    snprintf(command, sizeof(command), "rm -rf %s", nodes.folder);
    return run_command(command) ? 0 : -1;
}

static int
be_place_b(const char *way_name, const char *folder, const char *exported)
{
    const struct way *known = way_lookup(way_name);
    struct myc_node *node = NULL;
    struct way way;
    int code;

    if (!known)
        return 1;
    way = *known;
    way.exported = exported;
    if (place_start(&way, CONF_B, folder, true, &node) != MYC_OK)
        return 1;
    code = place_b_serve(&node, false);
    fab_eal_stop();
    return code;
}

int
main(int argc, char **argv)
{
    if (argc >= 4 && strcmp(argv[1], "place-b") == 0)
        return be_place_b(argv[2], argv[3], argv[4]); /* or NULL */
    nodes.way = argc > 1 ? way_lookup(argv[1]) : NULL;
    if (!nodes.way) {
        fprintf(stderr, "usage: over_nodes ring|segment|client|memif|memif-auth|memif-encrypt|"
                        "memif-bad|veth|veth-bad [CLIENT] [INTERPOSER]\n");
        return 2;
    }
    nodes.fixture = (struct conf_fixture){
        .locality = nodes.way->locality,
        .spawn = nodes_spawn,
        .run_until = nodes_run_until,
        .crash_b = nodes_crash_b,
        .stop_b = nodes.way->is_one_node ? NULL : nodes_stop_b,
        .start_b = nodes_start_b,
        .is_renumbered = nodes.way->is_client,
        .is_one_node = nodes.way->is_one_node,
        .can_export = !nodes.way->is_one_node && !nodes.way->is_client,
        .many = nodes.way->many,
        .crossfire_ns = getenv("MYCELIUM_LONG") ? CROSSFIRE_LONG_NS : CROSSFIRE_NS,
    };
    nodes.network_b = -1;
    nodes.client = argc > 2 ? argv[2] : NULL;
    snprintf(nodes.folder, sizeof(nodes.folder), "/tmp/conf-XXXXXX");
    if (nodes.way->wire == WIRE_VETH &&
        (geteuid() != 0 || !make_networks(argc > 3 ? argv[3] : "interposer"))) {
        printf("skipped: network namespaces with a veth pair cannot be made here (root needed)\n");
        return SKIPPED;
    }
    return _cmocka_run_group_tests("conformance", conf_cases, conf_case_count, start_all, stop_all);
}
