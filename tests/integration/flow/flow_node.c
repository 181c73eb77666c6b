/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A node of the flow tests as a process: test_flow_*.py starts two of them, or one beside a Linux
 * peer, and reads one JSON object a line from standard output. It ends when it has done its work,
 * when its standard input is closed, or when its time is over.
 *
 *   flow_node --device DEVARGS --node N --address A/P [--peer-node N --peer-address A] ...
 *
 * With --device-b, --address-b and --peer-address-b it reaches the peer over two ports (A/B).
 *
 * Events: {"event": "open"}, "up", "down" (with the time since the last one was heard of), "done",
 * "failed" (with the error), "end" (with every counter that is not 0; those of the second port
 * begin with "b_").
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "env/fault_text.h"
#include "support/flow_driver.h"

#define INPUT_TURNS 1024U /* between looks at standard input */

struct arguments {
    struct driver_options node;
    struct myc_wire_fault fault;
    uint64_t send;    /* messages for each link */
    uint64_t rate;    /* of them in a second, on each link; 0: as fast as they are taken */
    uint64_t expect;  /* messages in all */
    unsigned seconds; /* at most */
    bool is_lasting;  /* stays when it has done its work */
};

static const struct option options[] = {
    { "device", required_argument, NULL, 'd' },
    { "node", required_argument, NULL, 'n' },
    { "address", required_argument, NULL, 'a' },
    { "gateway", required_argument, NULL, 'g' },
    { "vlan", required_argument, NULL, 'v' },
    { "peer-node", required_argument, NULL, 'N' },
    { "peer-address", required_argument, NULL, 'A' },
    { "incarnation", required_argument, NULL, 'i' },
    { "lcores", required_argument, NULL, 'l' },
    { "mtu", required_argument, NULL, 'm' },
    { "size", required_argument, NULL, 's' },
    { "mixed", no_argument, NULL, 'M' },
    { "rate", required_argument, NULL, 'r' },
    { "send", required_argument, NULL, 'S' },
    { "expect", required_argument, NULL, 'E' },
    { "seconds", required_argument, NULL, 't' },
    { "poll-gap-us", required_argument, NULL, 'p' },
    { "fault", required_argument, NULL, 'F' },
    { "device-b", required_argument, NULL, '1' },
    { "address-b", required_argument, NULL, '2' },
    { "peer-address-b", required_argument, NULL, '3' },
    { "every-us", required_argument, NULL, '4' },
    { "lasting", no_argument, NULL, 'x' },
    { 0 },
};

static void
set_fault(struct myc_wire_fault *fault, const char *text)
{
    char error[512];

    if (fab_wire_fault_parse(text, fault, error, sizeof(error)) == MYC_OK)
        return;
    fprintf(stderr, "%s\n", error);
    exit(2);
}

static void
set_second_port(struct driver_options *node, int name, uint64_t number)
{
    switch (name) {
    case '1':
        node->device_b = optarg;
        break;
    case '2':
        node->address_b = optarg;
        break;
    case '3':
        node->peer_address_b = optarg;
        break;
    case '4':
        node->send_every_us = (uint32_t)number;
        break;
    default:
        exit(2);
    }
}

/* What the node does, and on what wire. */
static void
set_work(struct arguments *arguments, int name, uint64_t number)
{
    switch (name) {
    case 'r':
        arguments->rate = number;
        break;
    case 'S':
        arguments->send = number;
        break;
    case 'E':
        arguments->expect = number;
        break;
    case 't':
        arguments->seconds = (unsigned)number;
        break;
    case 'x':
        arguments->is_lasting = true;
        break;
    case 'F':
        set_fault(&arguments->fault, optarg);
        break;
    default:
        set_second_port(&arguments->node, name, number);
    }
}

/* What the node is. */
static void
set_option(struct arguments *arguments, int name)
{
    struct driver_options *node = &arguments->node;
    uint64_t number = strtoull(optarg ? optarg : "0", NULL, 0);

    switch (name) {
    case 'd':
        node->device = optarg;
        break;
    case 'n':
        node->node_id = (uint16_t)number;
        break;
    case 'a':
        node->address = optarg;
        break;
    case 'g':
        node->gateway = optarg;
        break;
    case 'v':
        node->vlan_id = (uint16_t)number;
        break;
    case 'N':
        node->peer_node = (uint16_t)number;
        break;
    case 'A':
        node->peer_address = optarg;
        break;
    case 'i':
        node->incarnation = number;
        break;
    case 'l':
        node->lcore_count = (uint8_t)number;
        break;
    case 'm':
        node->mtu = (uint16_t)number;
        break;
    case 's':
        node->message_size = (uint32_t)number;
        break;
    case 'M':
        node->is_mixed = true;
        break;
    case 'p':
        node->poll_gap_us = (uint32_t)number;
        break;
    default:
        set_work(arguments, name, number);
    }
}

static bool
is_input_closed(void)
{
    struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
    char byte;

    return poll(&input, 1, 0) == 1 && read(STDIN_FILENO, &byte, 1) == 0;
}

/* Says which links came and went since it was last asked. */
static void
tell_changes(const struct driver *driver)
{
    static uint64_t ups[DRIVER_LINKS_MAX], downs[DRIVER_LINKS_MAX];

    for (unsigned i = 0; i < driver->link_count; i++) {
        const struct driver_link *at = &driver->links[i];

        if (at->downs != downs[i])
            printf("{\"event\": \"down\", \"link\": %u, \"doubts\": %llu}\n", i,
                   (unsigned long long)at->doubts);
        if (at->ups != ups[i])
            printf("{\"event\": \"up\", \"link\": %u, \"home\": \"%016llx\"}\n", i,
                   (unsigned long long)at->link->peer_home);
        ups[i] = at->ups;
        downs[i] = at->downs;
    }
    fflush(stdout);
}

static void
print_counter(void *context, const char *name, const char *text, uint64_t value)
{
    (void)context;
    (void)text;
    if (value)
        printf(", \"%s\": %llu", name, (unsigned long long)value);
}

static void
print_second_counter(void *context, const char *name, const char *text, uint64_t value)
{
    (void)context;
    (void)text;
    if (value)
        printf(", \"b_%s\": %llu", name, (unsigned long long)value);
}

static void
tell_end(const struct driver *driver)
{
    struct fab_fault_counters faults = fab_port_rx_faults(driver->port, 0);

    uint64_t sent_hash = 0, received_hash = 0;

    for (unsigned i = 0; i < driver->link_count; i++) {
        sent_hash += driver->links[i].sent_hash;
        received_hash += driver->links[i].received_hash;
    }
    printf("{\"event\": \"end\", \"received\": %llu, \"misplaced\": %llu, \"faults_lost\": %llu, "
           "\"sent_hash\": \"%016llx\", \"received_hash\": \"%016llx\"",
           (unsigned long long)driver_received(driver),
           (unsigned long long)driver_misplaced(driver), (unsigned long long)faults.lost,
           (unsigned long long)sent_hash, (unsigned long long)received_hash);
    fab_flow_port_counter_each(driver->flow, print_counter, NULL);
    if (driver->flow_b)
        fab_flow_port_counter_each(driver->flow_b, print_second_counter, NULL);
    printf("}\n");
    fflush(stdout);
}

static uint64_t
unsent(const struct driver *driver)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < driver->link_count; i++)
        sum += driver->links[i].to_send;
    return sum;
}

/* Gives the links what is due by now of what they are to send. Returns how much that is in all. */
static uint64_t
hand_out(struct driver *driver, const struct arguments *arguments, uint64_t handed)
{
    static uint64_t start_ns;
    uint64_t due = arguments->send;

    if (arguments->rate && driver_up_count(driver) == 0)
        return handed;
    if (start_ns == 0)
        start_ns = driver_now_ns();
    if (arguments->rate)
        due = (driver_now_ns() - start_ns) / 1000 * arguments->rate / 1000000;
    if (due > arguments->send)
        due = arguments->send;
    for (unsigned i = 0; i < driver->link_count; i++)
        driver->links[i].to_send += due - handed;
    return due;
}

static void
run(struct driver *driver, const struct arguments *arguments)
{
    uint64_t start_ns = driver_now_ns();
    uint64_t end_ns = start_ns + arguments->seconds * 1000000000ULL;
    uint64_t handed = 0;
    bool is_done = arguments->send == 0 && arguments->expect == 0;

    for (uint64_t turn = 0; driver_now_ns() < end_ns; turn++) {
        if (driver_turn(driver) == 0)
            sched_yield();
        tell_changes(driver);
        handed = hand_out(driver, arguments, handed);
        if (!is_done && handed == arguments->send && driver_received(driver) >= arguments->expect &&
            unsent(driver) == 0 && driver_is_drained(driver)) {
            is_done = true;
            printf("{\"event\": \"done\", \"ms\": %llu}\n",
                   (unsigned long long)(driver_now_ns() - start_ns) / 1000000);
            fflush(stdout);
        }
        if ((is_done && !arguments->is_lasting && arguments->expect + arguments->send > 0) ||
            (turn % INPUT_TURNS == 0 && is_input_closed()))
            break;
    }
}

int
main(int argc, char **argv)
{
    struct arguments arguments = { .node = { .incarnation = (uint64_t)getpid() }, .seconds = 60 };
    static struct driver driver;
    int name;

    while ((name = getopt_long(argc, argv, "", options, NULL)) != -1)
        set_option(&arguments, name);
    arguments.node.rx_fault = &arguments.fault;
    driver_start_eal("node", 192);
    if (driver_open(&driver, &arguments.node) != MYC_OK) {
        printf("{\"event\": \"failed\", \"error\": \"%s\"}\n", driver.error);
        return 1;
    }
    printf("{\"event\": \"open\"}\n");
    fflush(stdout);
    run(&driver, &arguments);
    tell_end(&driver);
    driver_close(&driver);
    return 0;
}
