/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A feed handler with a guest: its port, its thread and its feed go on while a node comes, talks
 * with a node behind the wire by the same port, and leaves. JSON lines say what happened; it ends
 * when its input is closed.
 *
 *     shared_port offered|hooked|steered|primary INTERFACE
 *
 * As a primary it has no guest of its own, but steers for one that is a secondary process, and
 * gives its EAL's file prefix.
 */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <mycelium/messages.h>
#include <mycelium/name.h>

#include <rte_eal.h>
#include <rte_flow.h>
#include <rte_pdump.h>

#include "feed_host.h"
#include "port_watch.h"
#include "tools_messages.h"

#define QUESTIONS   1000U
#define FRAMES_EACH 2000U /* of the feed: before, beside and behind the guest */
#define WAIT_S      100U
#define WORKER      1U

static _Atomic unsigned answers, failures;

/* --- the guest's actor ------------------------------------------------------------------------ */

struct asker {
    struct myc_ref echo;
    uint64_t number;
};

static enum myc_status
ask(struct myc_self *self, struct asker *asker)
{
    const struct myc_ask_options options = { .size = sizeof(options), .timeout_ns = 30000000000 };
    const struct tools_echo question = { .number = ++asker->number };

    return tools_echo_ask(self, asker->echo, &question, &options, NULL);
}

static enum myc_status
asker_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    (void)state, (void)args, (void)args_size;
    return myc_discover(self, "echo2", MYC_FOREVER, 0);
}

static enum myc_status
asker_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct asker *asker = state;
    struct myc_name_found found;
    struct tools_echo echo;

    if (myc_name_found_decode(message, &found)) {
        asker->echo = found.ref;
        return ask(self, asker);
    }
    if (message->kind == MYC_KIND_REPLY && tools_echo_decode(message, &echo) &&
        echo.number == asker->number)
        atomic_fetch_add(&answers, 1);
    else
        atomic_fetch_add(&failures, 1);
    return asker->number < QUESTIONS ? ask(self, asker) : MYC_OK;
}

static const struct myc_class asker_class = {
    .size = sizeof(asker_class),
    .name = "asker",
    .state_size = sizeof(struct asker),
    .flags = MYC_CLASS_ACCEPTS_ANY,
    .init = asker_init,
    .receive = asker_receive,
};

/* --- the guest -------------------------------------------------------------------------------- */

static struct myc_node *
start_guest(enum host_way way, uint16_t port_id)
{
    char error[512] = "", device[8];
    const struct myc_lcore_options lcore = {
        .eal_lcore = WORKER,
        .is_hooked = way == HOST_HOOKED,
    };
    const struct myc_borrowed_port borrowed = {
        .rx_queue = way == HOST_STEERED ? HOST_GUEST : MYC_QUEUE_NONE,
        .tx_queue = HOST_GUEST,
        .mempool = HOST_POOL,
        .is_steered = way == HOST_STEERED,
    };
    const struct myc_port_options port = {
        .name = "shared",
        .device = device,
        .address = "10.9.0.1/24",
        .borrowed = &borrowed,
    };
    const struct myc_peer_options peer = { .node_id = 2, .address = "10.9.0.2" };
    const struct myc_node_options options = {
        .size = sizeof(options),
        .node_id = 1,
        .eal_argc = -1,
        .lcores = &lcore,
        .lcore_count = 1,
        .ports = &port,
        .port_count = 1,
        .peers = &peer,
        .peer_count = 1,
        .limits = { .actors_max = 256,
                    .messages_max = 4096,
                    .state_bytes_max = 4 << 20,
                    .heap_bytes_max = 2 << 20,
                    .flow_window_bytes = 65536 },
        .down_after_us = 30000000,
        .error = error,
        .error_size = sizeof(error),
    };
    struct myc_node *node;

    snprintf(device, sizeof(device), "%u", port_id);
    if (myc_node_start(&options, &node) == MYC_OK)
        return node;
    fprintf(stderr, "the guest does not start: %s\n", error);
    exit(1);
}

static uint64_t
counter(const struct myc_node *node, const char *name)
{
    uint64_t value = 0;

    return myc_node_counter(node, name, &value) == MYC_OK ? value : UINT64_MAX;
}

static void
print_guest(const struct myc_node *node)
{
    static const char *const names[] = { "offers",    "offers_taken", "offers_full",
                                         "rx_frames", "tx_frames",    "questions_answered",
                                         "no_mbufs",  "unclaimed" };

    printf("{\"event\": \"guest\", \"answers\": %u, \"failures\": %u", atomic_load(&answers),
           atomic_load(&failures));
    for (unsigned i = 0; i < RTE_DIM(names); i++)
        printf(", \"%s\": %" PRIu64, names[i], counter(node, names[i]));
    printf(", \"rules\": %u}\n", watch_added());
    fflush(stdout);
}

/* --- the course of things --------------------------------------------------------------------- */

static bool
has_asked(uint64_t unused)
{
    (void)unused;
    return atomic_load(&answers) + atomic_load(&failures) >= QUESTIONS;
}

static bool
has_received(uint64_t count)
{
    return atomic_load(&host_feed.received) >= count;
}

static void
await(bool (*is_so)(uint64_t), uint64_t count, const char *what)
{
    const struct timespec step = { .tv_nsec = 1000000 };

    for (unsigned i = 0; i < WAIT_S * 1000; i++) {
        if (is_so(count))
            return;
        nanosleep(&step, NULL);
    }
    fprintf(stderr, "waited in vain for %s: %u answers, %u failures, %" PRIu64 " frames\n", what,
            atomic_load(&answers), atomic_load(&failures), atomic_load(&host_feed.received));
    exit(1);
}

static void
await_feed(void)
{
    await(has_received, atomic_load(&host_feed.received) + FRAMES_EACH, "the feed");
}

static void
run(enum host_way way, uint16_t port)
{
    struct watch_state before, after;
    struct myc_node *guest;

    await_feed();
    watch_read(port, &before);
    watch_begin();
    guest = start_guest(way, port);
    host_let_in(guest);
    if (myc_node_spawn(guest, 0, &asker_class, NULL, NULL) != MYC_OK)
        exit(1);
    await(has_asked, 0, "the answers");
    await_feed();
    print_guest(guest);
    host_let_in(NULL);
    myc_node_stop(&guest);
    watch_end();
    watch_read(port, &after);
    await_feed();
    printf("{\"event\": \"end\", \"received\": %" PRIu64 ", \"missing\": %" PRIu64
           ", \"late\": %" PRIu64 ", \"is_same\": %d, \"forbidden\": %u, \"rules_left\": %u}\n",
           atomic_load(&host_feed.received), atomic_load(&host_feed.missing),
           atomic_load(&host_feed.late), watch_is_same(&before, &after), watch_forbidden(),
           watch_rules());
    fflush(stdout);
}

/* The program steers, because a guest in another process can be offered nothing. */
static void
steer_guest(uint16_t port)
{
    const struct rte_flow_item_ipv4 v4 = { .hdr.dst_addr = RTE_BE32(0x0a090001) };
    const struct rte_flow_item_ipv4 v4_mask = { .hdr.dst_addr = UINT32_MAX };
    const struct rte_flow_item_udp udp = { .hdr.dst_port = RTE_BE16(21000) };
    const struct rte_flow_item_udp udp_mask = { .hdr.dst_port = UINT16_MAX };
    const struct rte_flow_item pattern[] = {
        { .type = RTE_FLOW_ITEM_TYPE_ETH },
        { .type = RTE_FLOW_ITEM_TYPE_IPV4, .spec = &v4, .mask = &v4_mask },
        { .type = RTE_FLOW_ITEM_TYPE_UDP, .spec = &udp, .mask = &udp_mask },
        { .type = RTE_FLOW_ITEM_TYPE_END },
    };
    const struct rte_flow_action_queue queue = { .index = HOST_GUEST };
    const struct rte_flow_action actions[] = {
        { .type = RTE_FLOW_ACTION_TYPE_QUEUE, .conf = &queue },
        { .type = RTE_FLOW_ACTION_TYPE_END },
    };
    const struct rte_flow_attr attr = { .ingress = 1 };

    if (!rte_flow_create(port, &attr, pattern, actions, NULL))
        exit(1);
}

/* Until its input is closed: guests come and go meanwhile. */
static void
run_primary(uint16_t port)
{
    struct watch_state before, after;
    int byte;

    watch_read(port, &before);
    while ((byte = getchar()) != EOF) {
        if (byte != '\n')
            continue;
        await_feed();
        printf("{\"event\": \"beat\", \"missing\": %" PRIu64 ", \"late\": %" PRIu64 "}\n",
               atomic_load(&host_feed.missing), atomic_load(&host_feed.late));
        fflush(stdout);
    }
    watch_read(port, &after);
    printf("{\"event\": \"end\", \"received\": %" PRIu64 ", \"is_same\": %d}\n",
           atomic_load(&host_feed.received), watch_is_same(&before, &after));
}

static enum host_way
way_of(const char *name)
{
    return strcmp(name, "primary") == 0   ? HOST_PRIMARY
           : strcmp(name, "steered") == 0 ? HOST_STEERED
           : strcmp(name, "hooked") == 0  ? HOST_HOOKED
                                          : HOST_OFFERED;
}

int
main(int argc, char **argv)
{
    enum host_way way = way_of(argc == 3 ? argv[1] : "");
    char prefix[64], device[128], name[] = "shared_port";
    char no_huge[] = "--no-huge", base[] = "--base-virtaddr=0x200000000000";
    /* A primary has memory to share, at an address that is free in the other process, too: EAL's
     * own choice lies in what AddressSanitizer takes. */
    char *pages = way == HOST_PRIMARY ? base : no_huge;
    char *arguments[] = { name,       "--lcores", "0@0,1@1",        "-m",   "256",
                          "--no-pci", prefix,     "--no-telemetry", device, pages };
    uint16_t port;

    snprintf(prefix, sizeof(prefix), "--file-prefix=shared-%d", (int)getpid());
    snprintf(device, sizeof(device), "--vdev=net_af_packet0,iface=%s,qpairs=%u,framecnt=2048",
             argv[argc - 1], way == HOST_STEERED || way == HOST_PRIMARY ? 1 : HOST_QUEUES);
    if (argc != 3 || rte_eal_init((int)RTE_DIM(arguments), arguments) < 0 ||
        rte_eth_dev_get_port_by_name("net_af_packet0", &port) != 0)
        return 1;
    port = host_open(way, port);
    if (way == HOST_PRIMARY) {
        steer_guest(port);
        if (rte_pdump_init() != 0)
            return 1;
    }
    host_begin();
    printf("{\"event\": \"ready\"}\n");
    fflush(stdout);
    if (way == HOST_PRIMARY) {
        run_primary(port);
        host_end();
        return 0;
    }
    run(way, port);
    while (getchar() != EOF) /* the port stays as it is while somebody looks at it */
        ;
    host_end();
    return 0;
}
