/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A port that is not the node's, but lent: what it needs and says, whose frames it takes, and that
 * it leaves the port as it was. The port is a net_ring with two queues, and the test is the wire,
 * the card and the program that owns it; the node turns in its loop.
 */
#include "support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <mycelium/dpdk.h>

#include <rte_errno.h>
#include <rte_eth_ring.h>
#include <rte_flow.h>
#include <rte_mempool.h>

#include "peer_frame.h"
#include "port_watch.h"
#include "support/own_eal.h"

#define QUEUES      2U
#define OURS        1 /* of the queues */
#define RING_FRAMES 2048U
#define POOL_FRAMES 4095U
#define TURNS       200U
#define BASE        21000U
#define OFFERS_MAX  1023U /* fabric/env/port_state.h; a ring of DPDK holds one less */

static struct rte_ring *in[QUEUES], *out[QUEUES]; /* of the port: what it receives, what it sends */
static struct rte_mempool *pool;
static uint16_t port_id;
static struct fab_mac port_mac;
static struct myc_node *node;
static struct rte_flow *own_rule;
static struct watch_state before;
static char error[512];

/* --- the program ------------------------------------------------------------------------------ */

static struct rte_ring *
make_ring(const char *way, unsigned index)
{
    char name[32];
    struct rte_ring *ring;

    snprintf(name, sizeof(name), "%s%u", way, index);
    ring = rte_ring_create(name, RING_FRAMES, SOCKET_ID_ANY, 0);
    assert_non_null(ring);
    return ring;
}

/* A rule of the program's own: its feed stays on queue 0. */
static struct rte_flow *
steer_feed(void)
{
    const struct rte_flow_item_udp udp = { .hdr.dst_port = RTE_BE16(30001) };
    const struct rte_flow_item_udp udp_mask = { .hdr.dst_port = UINT16_MAX };
    const struct rte_flow_item pattern[] = {
        { .type = RTE_FLOW_ITEM_TYPE_ETH },
        { .type = RTE_FLOW_ITEM_TYPE_UDP, .spec = &udp, .mask = &udp_mask },
        { .type = RTE_FLOW_ITEM_TYPE_END },
    };
    const struct rte_flow_action_queue queue = { .index = 0 };
    const struct rte_flow_action actions[] = {
        { .type = RTE_FLOW_ACTION_TYPE_QUEUE, .conf = &queue },
        { .type = RTE_FLOW_ACTION_TYPE_END },
    };
    const struct rte_flow_attr attr = { .ingress = 1 };
    struct rte_flow_error why;

    return rte_flow_create(port_id, &attr, pattern, actions, &why);
}

static int
open_port(void **state)
{
    struct rte_eth_conf conf = { 0 };
    struct rte_ether_addr mac;
    int id;

    (void)state;
    for (unsigned i = 0; i < QUEUES; i++) {
        in[i] = make_ring("in", i);
        out[i] = make_ring("out", i);
    }
    pool = rte_pktmbuf_pool_create("lent", POOL_FRAMES, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE,
                                   SOCKET_ID_ANY);
    assert_non_null(pool);
    assert_non_null(rte_pktmbuf_pool_create("small", 15, 0, 0, 1000, SOCKET_ID_ANY));
    id = rte_eth_from_rings("hostport", in, QUEUES, out, QUEUES, 0);
    assert_true(id >= 0);
    port_id = peer_port = (uint16_t)id;
    peer_pool = pool;
    assert_int_equal(rte_eth_dev_configure(port_id, QUEUES, QUEUES, &conf), 0);
    for (uint16_t i = 0; i < QUEUES; i++) {
        assert_int_equal(rte_eth_rx_queue_setup(port_id, i, 64, 0, NULL, pool), 0);
        assert_int_equal(rte_eth_tx_queue_setup(port_id, i, 64, 0, NULL), 0);
    }
    assert_int_equal(rte_eth_dev_start(port_id), 0);
    assert_int_equal(rte_eth_macaddr_get(port_id, &mac), 0);
    memcpy(port_mac.bytes, mac.addr_bytes, sizeof(port_mac.bytes));
    own_rule = steer_feed();
    assert_non_null(own_rule);
    watch_read(port_id, &before);
    return 0;
}

static enum myc_status
start(const struct myc_borrowed_port *borrowed, struct myc_port_options port)
{
    static const struct myc_lcore_options lcores[] = {
        { .eal_lcore = 0, .is_hooked = true },
        { .eal_lcore = 1, .idle = MYC_IDLE_YIELD },
    };
    const struct myc_node_options options = {
        .size = sizeof(options),
        .node_id = 7,
        .eal_argc = -1,
        .lcores = lcores,
        .lcore_count = 2,
        .ports = &port,
        .port_count = 1,
        .limits = { .actors_max = 64,
                    .messages_max = 1024,
                    .state_bytes_max = 1 << 20,
                    .heap_bytes_max = 2 << 20 },
        .error = error,
        .error_size = sizeof(error),
    };

    port.name = "shared";
    if (!port.device)
        port.device = "net_ring_hostport";
    if (!port.address)
        port.address = "10.9.0.1/24";
    port.borrowed = borrowed;
    watch_begin();
    return myc_node_start(&options, &node);
}

static void
start_well(const struct myc_borrowed_port *borrowed)
{
    if (start(borrowed, (struct myc_port_options){ 0 }) != MYC_OK)
        fail_msg("%s", error);
}

/* The node has turned often enough to have done all that it can. */
static void
turn(void)
{
    for (unsigned i = 0; i < TURNS; i++)
        (void)myc_node_poll(node, 32);
}

static uint64_t
counter(const char *name)
{
    uint64_t value = UINT64_MAX;

    assert_int_equal(myc_node_counter(node, name, &value), MYC_OK);
    return value;
}

static void
empty(struct rte_ring *ring)
{
    void *mbuf;

    while (rte_ring_dequeue(ring, &mbuf) == 0)
        rte_pktmbuf_free(mbuf);
}

/* The guest has left: the port is as it was, and all buffers are back. */
static void
leave(void)
{
    struct watch_state after;

    myc_node_stop(&node);
    watch_end();
    watch_read(port_id, &after);
    assert_int_equal(watch_forbidden(), 0);
    assert_int_equal(watch_added(), watch_removed());
    assert_true(watch_is_same(&before, &after));
    for (unsigned i = 0; i < QUEUES; i++)
        empty(out[i]);
    assert_int_equal(rte_ring_count(in[OURS]), 0);
    assert_int_equal(rte_mempool_avail_count(pool), POOL_FRAMES);
}

/* A case that has failed leaves its node to this. */
static int
stop(void **state)
{
    (void)state;
    myc_node_stop(&node);
    watch_on_remove(NULL);
    watch_strip_vlan(false);
    watch_give_room(WATCH_RULES_MAX - watch_rules());
    for (unsigned i = 0; i < QUEUES; i++) {
        empty(in[i]);
        empty(out[i]);
    }
    return 0;
}

/* Answers that left by our queue; what else did, such as announcements, is given back, too. */
static unsigned
answers_sent(void)
{
    struct fab_packet packet = { 0 };
    struct rte_mbuf *mbuf;
    unsigned answers = 0;

    while (rte_ring_dequeue(out[OURS], (void **)&mbuf) == 0) {
        assert_int_equal(fab_packet_decode(rte_pktmbuf_mtod(mbuf, void *), mbuf->data_len, &packet),
                         FAB_PACKET_OK);
        if (packet.kind == FAB_PACKET_ARP_REPLY) {
            assert_true(fab_mac_is_equal(&packet.link_source, &port_mac));
            answers++;
        }
        rte_pktmbuf_free(mbuf);
    }
    return answers;
}

/* --- cases ------------------------------------------------------------------------------------ */

static void
test_what_cannot_be_is_refused_with_a_sentence(void **state)
{
    static const struct {
        struct myc_borrowed_port borrowed;
        struct myc_port_options port;
        enum myc_status status;
        const char *words;
    } rows[] = {
        { { 1, 1, "lent", false }, { .device = "nobody" }, MYC_NOT_FOUND, "no port 'nobody'" },
        { { 1, 1, "lent", false }, { .device = "31" }, MYC_NOT_FOUND, "no port '31'" },
        { { 2, 1, "lent", false }, { 0 }, MYC_INVALID, "has 2 RX queues, and rx_queue is 2" },
        { { 1, 2, "lent", false }, { 0 }, MYC_INVALID, "TX queues 0 to 1, and tx_queue is 2" },
        { { 1, 1, "none", false }, { 0 }, MYC_NOT_FOUND, "there is no mempool 'none'" },
        { { 1, 1, "small", false },
          { 0 },
          MYC_INVALID,
          "have 1000 bytes: make them at least 1434" },
        { { 1, 1, "lent", false },
          { .mtu = 9000 },
          MYC_INVALID,
          "an MTU of 1500, and 9000 is more" },
        { { 1, 1, NULL, false }, { 0 }, MYC_INVALID, "borrowed without a mempool" },
        { { 1, 1, "lent", false }, { .mbuf_count = 512 }, MYC_INVALID, "leave rx_descriptors" },
        { { MYC_QUEUE_NONE, 1, "lent", true }, { 0 }, MYC_INVALID, "is_steered needs an address" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(start(&rows[i].borrowed, rows[i].port), rows[i].status);
        if (!strstr(error, rows[i].words))
            fail_msg("'%s' says nothing of '%s'", error, rows[i].words);
        leave();
    }
}

/* A frame that the card steers to us with the last of our rules. */
static void
come_late(void)
{
    assert_int_equal(rte_ring_enqueue(in[OURS], peer_arp("10.9.0.1")), 0);
}

static void
test_rules_come_and_go_one_by_one_and_others_stay(void **state)
{
    const struct myc_borrowed_port borrowed = {
        .rx_queue = OURS, .tx_queue = OURS, .mempool = "lent", .is_steered = true
    };
    uint16_t queue = 0;

    (void)state;
    start_well(&borrowed);
    assert_int_equal(watch_rules(), 3);
    for (unsigned i = 0; i < 2; i++) {
        assert_true(
            watch_steers(RTE_BE32(0x0a090001), rte_cpu_to_be_16((uint16_t)(BASE + i)), &queue));
        assert_int_equal(queue, OURS);
    }
    watch_on_remove(come_late);
    leave();
    assert_int_equal(watch_removed(), 2);
    assert_true(watch_steers(0, RTE_BE16(30001), &queue));
}

static void
test_a_card_without_room_for_our_rules_fails_the_start(void **state)
{
    const struct myc_borrowed_port borrowed = {
        .rx_queue = OURS, .tx_queue = OURS, .mempool = "lent", .is_steered = true
    };

    (void)state;
    watch_give_room(1);
    assert_int_equal(start(&borrowed, (struct myc_port_options){ 0 }), MYC_FULL);
    assert_non_null(strstr(error, "no rule for UDP port 21001 to queue 1: the table is full"));
    assert_int_equal(watch_removed(), 1);
    leave();
}

static void
test_a_vlan_is_refused_where_tags_are_stripped(void **state)
{
    const struct myc_borrowed_port borrowed = { .tx_queue = OURS, .mempool = "lent" };

    (void)state;
    watch_strip_vlan(true);
    assert_int_equal(start(&borrowed, (struct myc_port_options){ .vlan_id = 7 }), MYC_INVALID);
    assert_non_null(strstr(error, "leave them on, or give no vlan_id"));
    watch_strip_vlan(false);
    assert_int_equal(start(&borrowed, (struct myc_port_options){ .vlan_id = 7 }), MYC_OK);
    leave();
}

static void
test_our_own_queue_is_polled_and_left_empty(void **state)
{
    const struct myc_borrowed_port borrowed = { .rx_queue = OURS,
                                                .tx_queue = OURS,
                                                .mempool = "lent" };

    (void)state;
    start_well(&borrowed);
    assert_int_equal(rte_ring_enqueue(in[OURS], peer_arp("10.9.0.1")), 0);
    turn();
    assert_int_equal(answers_sent(), 1);
    assert_int_equal(rte_ring_enqueue(in[OURS], peer_arp("10.9.0.1")), 0);
    assert_int_equal(rte_ring_count(out[0]), 0);
    leave();
}

static void
test_only_what_is_ours_of_what_is_offered_is_taken(void **state)
{
    const struct myc_borrowed_port borrowed = { .rx_queue = MYC_QUEUE_NONE,
                                                .tx_queue = OURS,
                                                .mempool = "lent" };
    const struct fab_mac group = { { 1, 0, 0x5e, 1, 1, 1 } };
    const struct {
        struct rte_mbuf *mbuf;
        bool is_ours;
    } rows[] = {
        { peer_udp("10.9.0.1", &port_mac, BASE), true },
        { peer_cut(peer_udp("10.9.0.1", &port_mac, BASE)), true },
        { peer_udp("10.9.0.1", &port_mac, BASE + 1), true },
        { peer_arp("10.9.0.1"), true },
        { peer_udp("10.9.0.1", &port_mac, BASE + 2), false }, /* there are two lcores */
        { peer_udp("10.9.0.1", &port_mac, BASE - 1), false },
        { peer_udp("10.9.0.3", &port_mac, BASE), false }, /* the program's own address */
        { peer_udp("239.1.1.1", &group, BASE), false },
        { peer_udp("239.1.1.1", &group, 30001), false },
        { peer_arp("10.9.0.3"), false },
        { peer_udp("10.9.0.1", &port_mac, BASE), false }, /* it had a tag */
        { peer_frame(10), false },
    };
    unsigned taken = 0;

    (void)state;
    rows[10].mbuf->ol_flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
    start_well(&borrowed);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rte_mbuf *mbuf = rows[i].mbuf;
        uint32_t size = mbuf->pkt_len;

        if (myc_rx_offer(node, mbuf) != rows[i].is_ours)
            fail_msg("row %zu is %s", i, rows[i].is_ours ? "not taken" : "taken");
        taken += rows[i].is_ours;
        if (rows[i].is_ours)
            continue;
        assert_int_equal(mbuf->pkt_len, size);
        assert_int_equal(rte_mbuf_refcnt_read(mbuf), 1);
        mbuf->port++; /* of another port nothing is ours */
        assert_false(myc_rx_offer(node, mbuf));
        rte_pktmbuf_free(mbuf);
    }
    turn();
    assert_int_equal(answers_sent(), 1);
    assert_int_equal(counter("offers"), sizeof(rows) / sizeof(rows[0]));
    assert_int_equal(counter("offers_taken"), taken);
    assert_int_equal(counter("offers_full"), 0);
    assert_int_equal(counter("flow_frames"), 3);
    assert_int_equal(counter("rx_segmented"), 0);
    assert_int_equal(counter("questions_answered"), 1);
    leave();
}

static void
test_offers_beyond_the_ring_are_dropped_and_counted(void **state)
{
    const struct myc_borrowed_port borrowed = { .rx_queue = MYC_QUEUE_NONE,
                                                .tx_queue = OURS,
                                                .mempool = "lent" };

    (void)state;
    start_well(&borrowed);
    for (unsigned i = 0; i < OFFERS_MAX + 7; i++)
        assert_true(myc_rx_offer(node, peer_arp("10.9.0.1")));
    assert_int_equal(counter("offers_taken"), OFFERS_MAX);
    assert_int_equal(counter("offers_full"), 7);
    turn();
    assert_true(counter("questions_answered") > 0);
    for (unsigned i = 0; i < 9; i++) /* what waits at the end goes back, too */
        assert_true(myc_rx_offer(node, peer_arp("10.9.0.1")));
    leave();
}

static void
test_a_flood_of_offers_does_not_starve_our_queue(void **state)
{
    const struct myc_borrowed_port borrowed = { .rx_queue = OURS,
                                                .tx_queue = OURS,
                                                .mempool = "lent" };

    (void)state;
    start_well(&borrowed);
    assert_int_equal(rte_ring_enqueue(in[OURS], peer_udp("10.9.0.1", &port_mac, BASE)), 0);
    for (unsigned i = 0; i < 64; i++)
        assert_true(myc_rx_offer(node, peer_arp("10.9.0.1")));
    (void)myc_node_poll(node, 32);
    assert_int_equal(rte_ring_count(in[OURS]), 0);
    turn();
    assert_int_equal(counter("flow_frames"), 1);
    leave();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_what_cannot_be_is_refused_with_a_sentence, stop),
        cmocka_unit_test_teardown(test_rules_come_and_go_one_by_one_and_others_stay, stop),
        cmocka_unit_test_teardown(test_a_card_without_room_for_our_rules_fails_the_start, stop),
        cmocka_unit_test_teardown(test_a_vlan_is_refused_where_tags_are_stripped, stop),
        cmocka_unit_test_teardown(test_our_own_queue_is_polled_and_left_empty, stop),
        cmocka_unit_test_teardown(test_only_what_is_ours_of_what_is_offered_is_taken, stop),
        cmocka_unit_test_teardown(test_offers_beyond_the_ring_are_dropped_and_counted, stop),
        cmocka_unit_test_teardown(test_a_flood_of_offers_does_not_starve_our_queue, stop),
    };

    if (!own_eal_start("borrow", "0@0,1@0", 128))
        return OWN_EAL_SKIPS;
    return cmocka_run_group_tests(tests, open_port, NULL);
}
