/* SPDX-License-Identifier: BSD-3-Clause */
/* The config of a node: what is read, and what is refused in which words. */
#include "support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/compiler.h"
#include "node/config/config.h"

static char error[FAB_YAML_ERROR_SIZE];
static char folder[] = "/tmp/mycelium-config-XXXXXX";
static char path[64];

static int
set_up(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof(path), "%s/node.yaml", folder);
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static enum myc_status
load_text(const char *text, struct fab_config **config)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    return fab_config_load(path, config, error);
}

#define NODE "node: {id: 1}\n"
#define EAL  "eal:\n  lcores:\n    - cpu: 0\n"
#define WIRE "ports:\n  - name: wire0\n    profile: memif\n    device: {role: server, socket: /s}\n"

#define SECONDARY "eal:\n  {lcores: [{cpu: 0}, {cpu: 0}], is_secondary: yes, file_prefix: feed}\n"
#define LENT                   \
    "ports:\n  - name: feed\n" \
    "    borrowed: {device: \"0000:01:00.0\", rx_queue: 1, tx_queue: 2, mempool: lent}\n"

static void
test_the_example_reads_and_gives_what_it_says(void **state)
{
    struct fab_config *config = NULL;
    const struct myc_node_options *options;

    (void)state;
    if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
        print_message("skipped: the example has two lcores, each on a CPU of its own\n");
        skip();
    }
    if (fab_config_load(EXAMPLES "/node.yaml", &config, error) != MYC_OK)
        fail_msg("%s", error);
    options = &config->options;
    assert_int_equal(options->size, sizeof(*options));
    assert_int_equal(options->node_id, 1);
    assert_string_equal(options->name, "alpha");
    assert_int_equal(options->lcore_count, 2);
    assert_int_equal(options->lcores[1].eal_lcore, 2);
    assert_int_equal(options->port_count, 1);
    assert_string_equal(options->ports[0].device, "net_memif_wire0");
    assert_string_equal(options->ports[0].address, "10.0.0.1/24");
    assert_int_equal(options->ports[0].mtu, 1500);
    assert_int_equal(options->peer_count, 1);
    assert_int_equal(options->peers[0].node_id, 2);
    assert_int_equal(options->control_socket_mode, 0600);
    assert_int_equal(config->actor_count, 1);
    assert_string_equal(config->actors[0].class_name, "echo");
    assert_int_equal(config->actors[0].spawn.args_size, 1);
    assert_int_equal(options->limits.state_bytes_max, 64ULL << 20);
    fab_config_free(&config);
    assert_null(config);
}

/* A profile that says `steering: none` stands back when the config says something. */
static void
test_how_a_port_steers_is_read(void **state)
{
    static const struct {
        const char *text;
        enum myc_steering steering;
    } cases[] = {
        { "", MYC_STEERING_SOFTWARE },
        { "    steering: best\n", MYC_STEERING_SOFTWARE },
        { "    steering: software\n", MYC_STEERING_SOFTWARE },
        { "    steering: rss\n", MYC_STEERING_RSS },
        { "    steering: rte_flow\n", MYC_STEERING_RTE_FLOW },
    };

    (void)state;
    for (size_t i = 0; i < FAB_COUNT_OF(cases); i++) {
        struct fab_config *config = NULL;
        char text[512];

        snprintf(text, sizeof(text), NODE EAL WIRE "%s", cases[i].text);
        if (load_text(text, &config) != MYC_OK)
            fail_msg("%s", error);
        assert_int_equal(config->options.ports[0].steering, cases[i].steering);
        fab_config_free(&config);
    }
}

static void
test_a_peer_over_two_ports_is_read(void **state)
{
    struct fab_config *config = NULL;
    const struct myc_peer_options *peer;

    (void)state;
    if (load_text(NODE EAL WIRE
                  "    address: 10.0.0.1/24\n"
                  "  - {name: wire1, profile: memif, device: {role: server, socket: /t},"
                  " address: 10.0.1.1/24}\n"
                  "peers:\n  - {node_id: 2, address: 10.0.0.2, address_b: 10.0.1.2,"
                  " port_b: wire1, udp_port_base_b: 22000}\n",
                  &config) != MYC_OK)
        fail_msg("%s", error);
    peer = &config->options.peers[0];
    assert_string_equal(peer->address_b, "10.0.1.2");
    assert_string_equal(peer->port_b, "wire1");
    assert_int_equal(peer->udp_port_base_b, 22000);
    fab_config_free(&config);
}

static bool
has_argument(const struct fab_config *config, const char *name, const char *value)
{
    for (int i = 0; i < config->options.eal_argc; i++)
        if (strcmp(config->options.eal_argv[i], name) == 0 &&
            (!value || (i + 1 < config->options.eal_argc &&
                        strcmp(config->options.eal_argv[i + 1], value) == 0)))
            return true;
    return false;
}

static void
test_a_small_config_gets_defaults_and_arguments_for_eal(void **state)
{
    struct fab_config *config = NULL;

    (void)state;
    assert_int_equal(load_text("node: {id: 7}\n"
                               "eal:\n  lcores: [{cpu: 0}, {cpu: 0, idle: yield}]\n"
                               "  hugepages: no\n  memory_mb: 64\n  arguments: [--log-level=3]\n"
                               "actors: [{class: a, library: sub/a.so, lcore: 1}]\n" WIRE,
                               &config),
                     MYC_OK);
    assert_false(config->has_hugepages);
    assert_true(has_argument(config, "--lcores", "0@0,1@0,2@0"));
    assert_true(has_argument(config, "--main-lcore", "0"));
    assert_true(has_argument(config, "-m", "64"));
    assert_true(has_argument(config, "--no-huge", NULL));
    assert_true(has_argument(config, "--no-pci", NULL));
    assert_true(has_argument(config, "--file-prefix", "mycelium-7"));
    assert_true(has_argument(config, "--log-level=3", NULL));
    assert_true(has_argument(config, "--vdev",
                             "net_memif_wire0,socket-abstract=no,role=server,socket=/s,id=0,"
                             "rsize=10,bsize=2048,zero-copy=no"));
    assert_int_equal(config->options.lcores[1].idle, MYC_IDLE_YIELD);
    assert_int_equal(config->options.ports[0].rx_descriptors, 1024);
    assert_int_equal(config->options.ports[0].steering, MYC_STEERING_SOFTWARE); /* a memif's */
    assert_int_equal(config->options.limits.actors_max, 0);
    assert_int_equal(strncmp(config->actors[0].library, folder, strlen(folder)), 0);
    assert_string_equal(config->actors[0].library + strlen(folder), "/sub/a.so");
    fab_config_free(&config);
}

static void
test_a_secondary_borrows_ports_and_keeps_off_the_primarys_lcores(void **state)
{
    struct fab_config *config = NULL;
    const struct myc_port_options *port;

    (void)state;
    if (load_text(NODE SECONDARY LENT "    address: 10.0.0.1/24\n", &config) != MYC_OK)
        fail_msg("%s", error);
    port = &config->options.ports[0];
    assert_string_equal(port->device, "0000:01:00.0");
    assert_int_equal(port->borrowed->rx_queue, 1);
    assert_int_equal(port->borrowed->tx_queue, 2);
    assert_string_equal(port->borrowed->mempool, "lent");
    assert_false(port->borrowed->is_steered);
    assert_int_equal(port->rx_descriptors, 0);
    assert_int_equal(config->options.lcores[1].eal_lcore, 42);
    assert_true(has_argument(config, "--proc-type", "secondary"));
    assert_true(has_argument(config, "--file-prefix", "feed"));
    assert_true(has_argument(config, "--lcores", "40@0,41@0,42@0"));
    assert_true(has_argument(config, "--main-lcore", "40"));
    assert_true(has_argument(config, "-a", "0000:01:00.0"));
    assert_false(has_argument(config, "-m", NULL));
    assert_false(has_argument(config, "--no-huge", NULL));
    assert_false(has_argument(config, "--no-pci", NULL));
    fab_config_free(&config);
}

static void
test_the_faults_of_a_port_are_read(void **state)
{
    struct fab_config *config = NULL;
    const struct myc_port_options *port;

    (void)state;
    if (load_text(NODE EAL WIRE "    rx_fault: {loss_per_million: 10000, lost_frames: [0, 7]}\n"
                                "    tx_fault: {seed: 4, delay_ns: 50000}\n",
                  &config) != MYC_OK)
        fail_msg("%s", error);
    port = &config->options.ports[0];
    assert_int_equal(port->rx_fault->loss_per_million, 10000);
    assert_int_equal(port->rx_fault->lost_frames_count, 2);
    assert_int_equal(port->rx_fault->lost_frames[1], 7);
    assert_int_equal(port->tx_fault->seed, 4);
    assert_int_equal(port->tx_fault->delay_ns, 50000);
    assert_int_equal(port->tx_fault->lost_frames_count, 0);
    fab_config_free(&config);
}

static void
test_memory_that_is_not_given_follows_lcores_and_ports(void **state)
{
    struct fab_config *config = NULL;

    (void)state;
    assert_int_equal(
        load_text(NODE "eal: {lcores: [{cpu: 0}, {cpu: 0}], hugepages: no}\n", &config), MYC_OK);
    assert_true(has_argument(config, "-m", "384"));
    fab_config_free(&config);
    assert_int_equal(load_text(NODE "eal: {lcores: [{cpu: 0}], hugepages: no}\n" WIRE, &config),
                     MYC_OK);
    assert_true(has_argument(config, "-m", "241"));
    fab_config_free(&config);
}

/* Each refusal, in full after the file's name: it is the text that a user acts upon. */
static const struct {
    const char *text;
    const char *error;
} refusals[] = {
    { NODE EAL WIRE "    rx_fault: {loss_per_million: 1000001}\n",
      ":9:15: ports[0].rx_fault: a rate is above 1000000; rates are frames per million" },
    { NODE EAL WIRE "    tx_fault: {lost_frames: [7, 7]}\n",
      ":9:15: ports[0].tx_fault: lost_frames is not in rising order; sort it, each number once" },
    { NODE EAL WIRE "    tx_fault: {loss: 1}\n",
      ":9:16: ports[0].tx_fault.loss: no such key; did you mean loss_mask? Known here: seed, "
      "loss_per_million, duplicate_per_million, corrupt_per_million, reorder_per_million, "
      "reorder_frames, reorder_ns, delay_ns, jitter_ns, loss_mask, lost_frames" },
    { "", ": says nothing; see deploy/examples" },
    { "node: [\n",
      ":2:1: not YAML: did not find expected node content, while parsing a flow node" },
    { NODE EAL "---\nnode: 2\n", ":5:1: a second document begins here; one file holds one" },
    { "- 1\n", ":1:1: is a list; write a mapping, beginning with \"node:\"" },
    { EAL, ":1:1: has no node; add it" },
    { NODE, ":1:1: has no eal; add it" },
    { "node: {}\n" EAL, ":1:7: node: has no id; add it" },
    { "node: 1\n" EAL, ":1:7: node: is a single value; write a mapping, beginning with \"id:\"" },
    { "node: {id: abc}\n" EAL,
      ":1:12: node.id: is abc; write a whole number from 0 to 65535, without a unit" },
    { "node: {id: 70000}\n" EAL,
      ":1:12: node.id: is 70000; write a whole number from 0 to 65535, without a unit" },
    { NODE "eal: {lcores: [{cpu: 0}], hugepages: no}\n"
           "ports: [{name: w, profile: virtio, device: {pci_address: \"0000:00:04.0\"}}]\n",
      ":3:28: ports[0].profile: virtio needs hugepages, and this node has none; reserve them (echo "
      "512 >/proc/sys/vm/nr_hugepages) and say hugepages: auto" },
    { "node: {id: 010}\n" EAL,
      ":1:12: node.id: is 010; write a whole number from 0 to 65535, without a unit" },
    { "node: {id: 1.5}\n" EAL,
      ":1:12: node.id: is 1.5; write a whole number from 0 to 65535, without a unit" },
    { "node: {id: 0}\n" EAL, ":1:12: node.id: is 0; choose 1 to 61439" },
    { "node: {id: 1, id: 2}\n" EAL, ":1:15: node: id is given twice; keep one" },
    { "node: {id: 1, name: \"\"}\n" EAL,
      ":1:21: node.name: is empty; give it a value or leave the key out" },
    { "node: {id: 1, colour: red}\n" EAL, ":1:15: node.colour: no such key; known here: id, name" },
    { NODE "eal: {lcores: []}\n", ":2:15: eal.lcores: has 0 entries; 1 to 254 are taken" },
    { NODE "eal: {lcores: 2}\n",
      ":2:15: eal.lcores: is a single value; write a list, each entry after a dash" },
    { NODE "eal: {lcores: [{cpu: 1000}]}\n",
      ":2:22: eal.lcores[0].cpu: CPU 1000 is not one that this process may use; choose of: " },
    { NODE "eal: {lcores: [{cpu: 0}], main_cpu: 999}\n",
      ":2:37: eal.main_cpu: CPU 999 is not one that this process may use; choose of: " },
    { NODE "eal: {lcores: [{cpu: 0, idle: fast}]}\n",
      ":2:31: eal.lcores[0].idle: is fast; write one of: auto, busy, pause, yield, sleep" },
    { NODE "eal: {lcores: [{cpu: 0}], memory: 64}\n",
      ":2:27: eal.memory: no such key; did you mean memory_mb? Known here: lcores, main_cpu, "
      "hugepages, is_secondary, memory_mb, file_prefix, arguments" },
    { NODE "eal: {lcores: [{cpu: 0}], memory_mb: 512MB}\n",
      ":2:38: eal.memory_mb: is 512MB; write a whole number from 0 to 4294967295, without a unit" },
    { NODE "eal: {lcores: [{cpu: 0}], memory_mb: 8}\n",
      ":2:38: eal.memory_mb: is 8; choose 64 to 1048576" },
    { NODE "eal: {lcores: [{cpu: 0}], hugepages: yes, memory_mb: 1048576}\n",
      ":2:38: eal.hugepages: 1048576 MB are wanted in hugepages of 2 MB and " },
    { NODE EAL "ports: [{name: wire0}]\n",
      ":5:9: ports[0]: has no profile; add it, or borrow the port" },
    { NODE EAL WIRE "    borrowed: {device: x, rx_queue: 1, tx_queue: 1, mempool: p}\n",
      ":6:5: ports[0]: has a profile and is borrowed; drop one of the two" },
    { NODE EAL "ports: [{name: w, borrowed: {device: x, rx_queue: 1, tx_queue: 1, mempool: p}}]\n",
      ":5:29: ports[0].borrowed: is for a secondary process; say is_secondary in eal, or give the "
      "port a profile" },
    { NODE SECONDARY WIRE,
      ":6:14: ports[0].profile: makes a port, which a secondary process cannot; borrow one of the "
      "primary's" },
    { NODE SECONDARY "ports: [{name: w, borrowed: {device: x, rx_queue: 1, mempool: p}}]\n",
      ":4:29: ports[0].borrowed: has no tx_queue; add it" },
    { NODE SECONDARY LENT "    device: {role: server}\n",
      ":7:13: ports[0].device: goes with a profile; name the device in `borrowed`" },
    { NODE SECONDARY LENT "    mbuf_count: 512\n",
      ":6:15: ports[0].borrowed: leaves descriptors and buffers to the primary; drop "
      "rx_descriptors, tx_descriptors and mbuf_count" },
    { NODE SECONDARY LENT "    steering: rss\n",
      ":6:15: ports[0].borrowed: has the one queue that is lent; drop steering, or say is_steered "
      "in borrowed" },
    { NODE EAL WIRE "    steering: fast\n",
      ":9:15: ports[0].steering: is fast; write one of: best, rte_flow, rss, software" },
    { NODE EAL "ports: [{name: wire 0, profile: memif}]\n",
      ":5:16: ports[0].name: is wire 0; use the characters a-z, 0-9 and _" },
    { NODE EAL "ports: [{name: wire0, profile: teleport}]\n",
      ":5:32: ports[0].profile: there is no profile teleport (no file " },
    { NODE EAL "ports: [{name: wire0, profile: memif}]\n",
      ":5:9: ports[0].device: has no role, which the profile memif needs: one side is server and "
      "listens, the other is client; the server has to start first" },
    { NODE EAL "ports: [{name: wire0, profile: memif, device: {role: boss}}]\n",
      ":5:54: ports[0].device.role: is boss; write one of: server, client" },
    { NODE EAL "ports: [{name: wire0, profile: memif, device: {rolle: server}}]\n",
      ":5:55: ports[0].device.rolle: no such key; the profile memif knows: role, socket, id, "
      "ring_slots_log2, slot_bytes, zero_copy, secret" },
    { NODE EAL "ports: [{name: wire0, profile: memif, device: [a]}]\n",
      ":5:47: ports[0].device: is a list; write a mapping" },
    { NODE EAL WIRE "    address: 10.0.0.1\n",
      ":9:14: ports[0].address: is 10.0.0.1; write ADDRESS/PREFIX, such as 10.0.0.1/24" },
    { NODE EAL WIRE "    address: 10.0.0.1/33\n",
      ":9:14: ports[0].address: is 10.0.0.1/33; write ADDRESS/PREFIX, such as 10.0.0.1/24" },
    { NODE EAL WIRE "    gateway: 10.0.0.254\n",
      ":9:14: ports[0].gateway: needs an address beside it; add `address`" },
    { NODE EAL WIRE "    mtu_bytes: 100\n",
      ":9:16: ports[0].mtu_bytes: is 100; choose 1280 to 9000" },
    { NODE EAL WIRE "    vlan_id: 4095\n", ":9:14: ports[0].vlan_id: is 4095; choose 1 to 4094" },
    { NODE EAL WIRE "    lcore: 1\n",
      ":9:12: ports[0].lcore: is 1, but eal.lcores has 1 entries; choose 0 to 0, or add an lcore" },
    { NODE EAL WIRE "    udp_port_base: 80\n",
      ":9:20: ports[0].udp_port_base: is 80; choose 1024 to 65535" },
    { NODE EAL WIRE "  - {name: wire0, profile: memif}\n",
      ":9:12: ports[1].name: wire0 is the name of ports[0]; choose another" },
    { NODE EAL "ports: [{name: w, profile: af_xdp, device: {interface: lo}, mtu_bytes: 9000}]\n",
      ":5:72: ports[0].mtu_bytes: is 9000; the profile af_xdp takes 1280 to 3498" },
    { NODE EAL "peers: [{node_id: 2, address: 10.0.0.2}]\n",
      ":5:9: peers[0].port: no port has an address; give a port of ports that has an address" },
    { NODE EAL WIRE
      "    address: 10.0.0.1/24\npeers: [{node_id: 2, address: 10.0.0.2, security: auth}]\n",
      ":10:9: peers[0].security_key_file: is missing; security needs a file with 64 hexadecimal "
      "digits, as openssl rand -hex 32 prints them" },
    { NODE EAL WIRE
      "    address: 10.0.0.1/24\npeers: [{node_id: 2, address: 10.0.0.2, security_key_file: k}]\n",
      ":10:60: peers[0].security_key_file: is not used; say security: auth or encrypt as well" },
    { NODE EAL WIRE "    address: 10.0.0.1/24\npeers: [{node_id: 1, address: 10.0.0.2}]\n",
      ":10:19: peers[0].node_id: is our own id, 1; give the other node's" },
    { NODE EAL WIRE "    address: 10.0.0.1/24\npeers: [{node_id: 2, address: 10.0.0.2/24}]\n",
      ":10:31: peers[0].address: is 10.0.0.2/24; write an address without prefix" },
    { NODE EAL WIRE "peers: [{node_id: 2, address: 10.0.0.2, port: wire0}]\n",
      ":9:47: peers[0].port: port wire0 has no address; give it one" },
    { NODE EAL WIRE "    address: 10.0.0.1/24\n"
                    "peers: [{node_id: 2, address: 10.0.0.2, port: wire9}]\n",
      ":10:47: peers[0].port: there is no port called wire9; give a port of ports that has an "
      "address" },
    { NODE EAL WIRE "    address: 10.0.0.1/24\n"
                    "peers: [{node_id: 2, address: 10.0.0.2, port_b: wire0}]\n",
      ":10:9: peers[0].address_b: is missing; port_b needs the peer's address there" },
    { NODE EAL WIRE "    address: 10.0.0.1/24\n"
                    "peers: [{node_id: 2, address: 10.0.0.2, address_b: 10.0.1.2}]\n",
      ":10:9: peers[0].port_b: give a port of ports that has an address" },
    { NODE EAL WIRE
      "    address: 10.0.0.1/24\n"
      "peers: [{node_id: 2, address: 10.0.0.2, address_b: 10.0.1.2, port_b: wire0}]\n",
      ":10:70: peers[0].port_b: is wire0; give another port, behind the first way's in ports" },
    { NODE EAL "segments: {control_socket_mode: \"0999\"}\n",
      ":5:33: segments.control_socket_mode: is 0999; write a file mode in quotes, such as "
      "\"0600\"" },
    { NODE EAL "actors: [{name: a}]\n", ":5:10: actors[0]: has no class; add it" },
    { NODE EAL "actors: [{class: a, lcore: 3}]\n",
      ":5:28: actors[0].lcore: is 3, but eal.lcores has 1 entries; choose 0 to 0, or add an "
      "lcore" },
    { NODE EAL "actors: [{class: a, name: x}, {class: b, name: x}]\n",
      ":5:48: actors[1].name: x is the name of actors[0]; choose another" },
    { NODE EAL "actors: [{class: a, overflow: explode}]\n",
      ":5:31: actors[0].overflow: is explode; write one of: reject, drop_newest, drop_oldest, "
      "conflate" },
    { NODE EAL "limits: {ring_slots: 1000}\n",
      ":5:22: limits.ring_slots: is 1000; choose a power of two" },
    { NODE EAL "limits: {actors_max: 0}\n",
      ":5:22: limits.actors_max: is 0; choose 1 to 16777215" },
    { NODE EAL "times: {keepalive: 5}\n",
      ":5:9: times.keepalive: no such key; did you mean keepalive_us? Known here: keepalive_us, "
      "down_after_us, stall_report_us, stall_limit_ms" },
    { NODE EAL "times: {keepalive_us: 5ms}\n",
      ":5:23: times.keepalive_us: is 5ms; write a whole number from 0 to 4294967295, without a "
      "unit" },
    { NODE EAL "[1]: 2\n", ":5:1: a list stands where a key should; write a word" },
};

static void
test_what_is_wrong_is_refused_with_its_place_and_what_to_do(void **state)
{
    (void)state;
    for (size_t i = 0; i < FAB_COUNT_OF(refusals); i++) {
        struct fab_config *config = NULL;
        size_t size = strlen(refusals[i].error);

        assert_int_equal(load_text(refusals[i].text, &config), MYC_INVALID);
        assert_null(config);
        assert_int_equal(strncmp(error, path, strlen(path)), 0);
        if (strncmp(error + strlen(path), refusals[i].error, size) != 0)
            fail_msg("\n%s\nsaid:     %s\nexpected: %s", refusals[i].text, error + strlen(path),
                     refusals[i].error);
    }
}

static void
test_a_file_that_is_not_there_is_not_found(void **state)
{
    struct fab_config *config = NULL;

    (void)state;
    assert_int_equal(fab_config_load("/nonexistent/node.yaml", &config, error), MYC_NOT_FOUND);
    assert_string_equal(error, "/nonexistent/node.yaml: No such file or directory");
    assert_int_equal(fab_config_load("/tmp", &config, error), MYC_IO_ERROR);
    assert_string_equal(error, "/tmp: cannot be read; is it a file?");
    assert_null(config);
}

static void
test_every_cut_of_a_config_is_read_or_refused(void **state)
{
    static const char whole[] = NODE EAL WIRE "    address: 10.0.0.1/24\n"
                                              "actors: [{class: a, name: \"x\\ty\"}]\n";
    char cut[sizeof(whole)];

    (void)state;
    for (size_t size = 0; size < sizeof(whole); size++) {
        struct fab_config *config = NULL;

        memcpy(cut, whole, size);
        cut[size] = '\0';
        if (load_text(cut, &config) != MYC_OK)
            assert_true(strlen(error) > strlen(path));
        fab_config_free(&config);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_example_reads_and_gives_what_it_says),
        cmocka_unit_test(test_how_a_port_steers_is_read),
        cmocka_unit_test(test_a_peer_over_two_ports_is_read),
        cmocka_unit_test(test_a_small_config_gets_defaults_and_arguments_for_eal),
        cmocka_unit_test(test_a_secondary_borrows_ports_and_keeps_off_the_primarys_lcores),
        cmocka_unit_test(test_the_faults_of_a_port_are_read),
        cmocka_unit_test(test_memory_that_is_not_given_follows_lcores_and_ports),
        cmocka_unit_test(test_what_is_wrong_is_refused_with_its_place_and_what_to_do),
        cmocka_unit_test(test_a_file_that_is_not_there_is_not_found),
        cmocka_unit_test(test_every_cut_of_a_config_is_read_or_refused),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
