/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/cmocka.h"

#include "node/options.h"

/* A node that is in order, to be spoilt in one place by each case. */
struct example {
    struct myc_lcore_options lcores[2];
    struct myc_port_options ports[2];
    struct myc_peer_options peers[2];
    char error[256];
    struct myc_node_options options;
};

static void
make_example(struct example *example)
{
    memset(example, 0, sizeof(*example));
    example->lcores[0].eal_lcore = 1;
    example->lcores[1].eal_lcore = 2;
    example->ports[0] = (struct myc_port_options){ .name = "wire0",
                                                   .device = "net_memif0",
                                                   .address = "10.0.0.1/24" };
    example->ports[1] = (struct myc_port_options){ .name = "feed", .device = "net_memif1" };
    example->peers[0] = (struct myc_peer_options){ .node_id = 2, .address = "10.0.0.2" };
    example->peers[1] = (struct myc_peer_options){ .node_id = 3, .address = "10.0.0.3" };
    example->options = (struct myc_node_options){
        .size = sizeof(example->options),
        .node_id = 1,
        .lcores = example->lcores,
        .lcore_count = 2,
        .ports = example->ports,
        .port_count = 2,
        .peers = example->peers,
        .peer_count = 2,
        .error = example->error,
        .error_size = sizeof(example->error),
    };
}

static void
spoil_size(struct example *example)
{
    example->options.size--;
}

static void
spoil_node_id(struct example *example)
{
    example->options.node_id = 0;
}

static void
spoil_lcore_count(struct example *example)
{
    example->options.lcore_count = 0;
}

static void
spoil_lcore_twice(struct example *example)
{
    example->lcores[1].eal_lcore = 1;
}

static void
spoil_idle(struct example *example)
{
    example->lcores[1].idle = (enum myc_idle)77;
}

static void
spoil_port_lcore(struct example *example)
{
    example->ports[1].lcore = 2;
}

static void
spoil_port_name(struct example *example)
{
    example->ports[1].name = "wire0";
}

static void
spoil_port_device(struct example *example)
{
    example->ports[1].device = NULL;
}

static void
spoil_port_mtu(struct example *example)
{
    example->ports[0].mtu = 9001;
}

static void
spoil_port_fault(struct example *example)
{
    static const struct myc_wire_fault fault = { .loss_per_million = 1000001 };

    example->ports[0].rx_fault = &fault;
}

static void
spoil_port_reorder(struct example *example)
{
    static const struct myc_wire_fault fault = { .reorder_per_million = 1, .reorder_frames = 65 };

    example->ports[1].tx_fault = &fault;
}

static void
spoil_borrowed_pool(struct example *example)
{
    static const struct myc_borrowed_port borrowed = { .rx_queue = 1, .tx_queue = 1 };

    example->ports[1].borrowed = &borrowed;
}

static void
spoil_borrowed_steering(struct example *example)
{
    static const struct myc_borrowed_port borrowed = { .rx_queue = MYC_QUEUE_NONE,
                                                       .mempool = "lent",
                                                       .is_steered = true };

    example->ports[0].borrowed = &borrowed;
}

static void
spoil_steering(struct example *example)
{
    example->ports[0].steering = (enum myc_steering)77;
}

static void
spoil_borrowed_queues(struct example *example)
{
    static const struct myc_borrowed_port borrowed = { .mempool = "lent" };

    example->ports[0].borrowed = &borrowed;
    example->ports[0].steering = MYC_STEERING_RSS;
}

static void
spoil_borrowed_descriptors(struct example *example)
{
    static const struct myc_borrowed_port borrowed = { .mempool = "lent" };

    example->ports[1].borrowed = &borrowed;
    example->ports[1].rx_descriptors = 512;
}

static void
spoil_peer_self(struct example *example)
{
    example->peers[0].node_id = 1;
}

static void
spoil_peer_twice(struct example *example)
{
    example->peers[1].node_id = 2;
}

static void
spoil_peer_port(struct example *example)
{
    example->peers[0].port = "wire7";
}

static void
spoil_second_port(struct example *example)
{
    example->peers[0].address_b = "10.0.1.2";
}

static void
spoil_second_is_first(struct example *example)
{
    example->peers[0].address_b = "10.0.1.2";
    example->peers[0].port_b = "wire0";
}

static void
spoil_peer_address(struct example *example)
{
    example->peers[0].address = NULL;
}

static void
spoil_peer_security(struct example *example)
{
    example->peers[0].security = MYC_SECURITY_AUTH;
}

static void
spoil_peer_key_file(struct example *example)
{
    example->peers[0].security_key_file = "/etc/mycelium/peer.key";
}

static void
spoil_exported(struct example *example)
{
    static const char *const names[] = { "orders", "" };

    example->options.exported = names;
    example->options.exported_count = 2;
}

static void
spoil_actors_max(struct example *example)
{
    example->options.limits.actors_max = 1U << 24;
}

static void
spoil_peer_lcores(struct example *example)
{
    example->options.limits.peer_lcores_max = 255;
}

static void
spoil_ring_slots(struct example *example)
{
    example->options.limits.ring_slots = 1000;
}

static const struct {
    void (*spoil)(struct example *example);
    const char *words; /* that the sentence must hold */
} cases[] = {
    { spoil_size, "options.size" },
    { spoil_node_id, "node id 0 is not in 1 to 61439" },
    { spoil_lcore_count, "0 lcores given" },
    { spoil_lcore_twice, "lcores 0 and 1 are both EAL lcore 1" },
    { spoil_idle, "idle policy 77" },
    { spoil_port_lcore, "port feed: lcore 2 polls it, but the node has lcores 0 to 1" },
    { spoil_port_name, "two ports are called wire0" },
    { spoil_port_device, "port 1 has no device" },
    { spoil_port_mtu, "mtu 9001 is not in 1280 to 9000" },
    { spoil_port_fault, "rx_fault: a rate is above 1000000" },
    { spoil_port_reorder, "tx_fault: reorder_frames is above 64" },
    { spoil_borrowed_pool, "port feed is borrowed without a mempool" },
    { spoil_borrowed_steering, "port wire0: is_steered needs an address to steer by and an rx" },
    { spoil_steering, "port wire0: there is no steering 77" },
    { spoil_borrowed_queues, "port wire0 is borrowed and has the one queue that is lent" },
    { spoil_borrowed_descriptors, "so leave rx_descriptors, tx_descriptors and mbuf_count at 0" },
    { spoil_peer_self, "not our own" },
    { spoil_peer_twice, "peer 2 is given twice" },
    { spoil_peer_port, "no port is called wire7" },
    { spoil_peer_address, "peer 2 has no address" },
    { spoil_peer_security, "peer 2: security is off and there is no security_key_file, or" },
    { spoil_peer_key_file, "peer 2: security is off and there is no security_key_file, or" },
    { spoil_second_port, "peer 2: a second way needs address_b and port_b" },
    { spoil_second_is_first, "peer 2: port_b is wire0: give the node another port" },
    { spoil_exported, "exported name 1 has 0 characters" },
    { spoil_actors_max, "limits.actors_max 16777216" },
    { spoil_peer_lcores, "limits.peer_lcores_max 255: at most 254" },
    { spoil_ring_slots, "1000 is not a power of two" },
};

static void
test_a_node_in_order_is_accepted(void **state)
{
    struct example example;

    (void)state;
    make_example(&example);
    assert_int_equal(fab_node_options_check(&example.options), MYC_OK);
    assert_string_equal(example.error, "");
}

static void
test_each_fault_is_refused_with_a_sentence_that_names_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct example example;

        make_example(&example);
        cases[i].spoil(&example);
        assert_int_equal(fab_node_options_check(&example.options), MYC_INVALID);
        if (!strstr(example.error, cases[i].words))
            fail_msg("case %zu: \"%s\" does not say \"%s\"", i, example.error, cases[i].words);
    }
}

static void
test_limits_that_are_not_given_have_their_defaults(void **state)
{
    const struct myc_limits given = { .actors_max = 7 };
    struct myc_limits limits = fab_node_limits(&given);

    (void)state;
    assert_int_equal(limits.actors_max, 7);
    assert_int_equal(limits.messages_max, 65536);
    assert_int_equal(limits.ring_slots, 1024);
    assert_true(limits.state_bytes_max == 64ULL << 20);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_node_in_order_is_accepted),
        cmocka_unit_test(test_each_fault_is_refused_with_a_sentence_that_names_it),
        cmocka_unit_test(test_limits_that_are_not_given_have_their_defaults),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
