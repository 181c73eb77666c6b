/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Starts the profiles of pmd-config/ that this machine can, and sends frames through them.
 *
 * The devices come from the profiles with nothing but the parameters that a config would give; what
 * is proved is that EAL and the driver take what a profile writes. Kernel interfaces are a veth
 * pair in a network namespace of this process's own, which goes when it ends.
 */
#include "support/cmocka.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_mbuf.h>

#include "base/compiler.h"
#include "env/eal.h"
#include "env/port.h"
#include "node/config/profile.h"
#include "support/clock.h"

#define FRAMES      20
#define FRAME_SIZE  64
#define DEADLINE_NS 5000000000ULL
#define ETHER_TYPE  0x88b5 /* of IEEE, for local experiments: nobody else sends it */

static char folder[] = "/tmp/mycelium-profiles-XXXXXX";
static char error[FAB_YAML_ERROR_SIZE];
static bool has_namespace;

/* Opens a port as a config with these values would. NULL, and a sentence in `error`: refused. */
static struct fab_port *
open_port(const char *profile_name, const char *port_name, const struct fab_device_value *values,
          uint32_t count)
{
    struct fab_port_profile *profile = NULL;
    struct fab_port *port = NULL;
    struct fab_device device;
    char file[4096];
    uint32_t culprit;

    assert_int_equal(fab_port_profile_find(profile_name, ".", file, sizeof(file)), MYC_OK);
    assert_int_equal(fab_port_profile_load(file, &profile, error), MYC_OK);
    if (fab_device_make(profile, port_name, values, count, &device, &culprit, error) != MYC_OK)
        fail_msg("%s", error);
    if (fab_port_open(
            &(struct fab_port_options){
                .size = sizeof(struct fab_port_options),
                .device = device.text,
                .mtu = profile->mtu_bytes,
                .rx_descriptors = profile->rx_descriptors,
                .tx_descriptors = profile->tx_descriptors,
                .mbuf_count = profile->mbuf_count,
                .error = error,
                .error_size = sizeof(error),
            },
            &port) != MYC_OK)
        port = NULL;
    else
        assert_string_equal(fab_port_info(port)->device, device.name);
    fab_port_profile_free(&profile);
    return port;
}

static void
wait_for_link(const struct fab_port *port)
{
    uint64_t deadline_ns = clock_now_ns() + DEADLINE_NS;

    while (!fab_port_is_link_up(port) && clock_now_ns() < deadline_ns)
        sched_yield();
    assert_true(fab_port_is_link_up(port));
}

static void
send_one(struct fab_port *port, uint8_t number)
{
    struct rte_mbuf *mbuf = fab_port_alloc(port, 0);
    uint8_t bytes[FRAME_SIZE];
    char *room;

    memset(bytes, 0xff, 6);
    memset(bytes + 6, 0x02, 6);
    bytes[12] = ETHER_TYPE >> 8;
    bytes[13] = ETHER_TYPE & 0xff;
    memset(bytes + 14, number, FRAME_SIZE - 14);
    assert_non_null(mbuf);
    room = rte_pktmbuf_append(mbuf, FRAME_SIZE);
    if (room)
        memcpy(room, bytes, FRAME_SIZE);
    fab_port_send(port, 0, mbuf, clock_now_ns());
    fab_port_flush(port, 0, clock_now_ns());
}

/* Frames of ours that have come; others (the kernel's own on a veth) are let go. */
static unsigned
take(struct fab_port *port, uint8_t *next)
{
    struct rte_mbuf *mbufs[FAB_PORT_BURST];
    unsigned count = fab_port_receive(port, 0, mbufs, FAB_PORT_BURST, clock_now_ns());
    unsigned ours = 0;

    for (unsigned i = 0; i < count; i++) {
        const uint8_t *bytes = rte_pktmbuf_mtod(mbufs[i], const uint8_t *);

        if (bytes[12] == ETHER_TYPE >> 8 && bytes[13] == (ETHER_TYPE & 0xff)) {
            assert_in_range(rte_pktmbuf_data_len(mbufs[i]), FRAME_SIZE, FRAME_SIZE);
            assert_int_equal(bytes[14], *next);
            ++*next;
            ours++;
        }
        rte_pktmbuf_free(mbufs[i]);
    }
    return ours;
}

/* Sends frames one by one and expects each at the other end, in order. */
static void
exchange(struct fab_port *from, struct fab_port *to)
{
    uint64_t deadline_ns = clock_now_ns() + DEADLINE_NS;
    uint8_t next = 0;

    for (uint8_t i = 0; i < FRAMES; i++) {
        send_one(from, i);
        while (next <= i && clock_now_ns() < deadline_ns)
            if (take(to, &next) == 0)
                fab_port_flush(from, 0, clock_now_ns());
    }
    assert_int_equal(next, FRAMES);
}

static void
exchange_both_ways(struct fab_port *a, struct fab_port *b)
{
    wait_for_link(a);
    wait_for_link(b);
    exchange(a, b);
    exchange(b, a);
    fab_port_close(&b);
    fab_port_close(&a);
}

static void
test_memif_carries_frames_between_server_and_client(void **state)
{
    char path[64];
    struct fab_port *server;
    struct fab_port *client;

    (void)state;
    snprintf(path, sizeof(path), "%s/wire.sock", folder);
    server = open_port("memif", "a",
                       (struct fab_device_value[]){ { "role", "server" }, { "socket", path } }, 2);
    if (!server)
        fail_msg("%s", error);
    client = open_port("memif", "b",
                       (struct fab_device_value[]){ { "role", "client" }, { "socket", path } }, 2);
    if (!client)
        fail_msg("%s", error);
    exchange_both_ways(server, client);
    unlink(path);
}

/* Two ports on the ends of a veth pair. */
static void
exchange_over_veth(const char *profile, const char *end_a, const char *end_b)
{
    struct fab_port *a;
    struct fab_port *b;

    if (!has_namespace) {
        print_message("skipped: no network namespace can be made here (not root?)\n");
        skip();
    }
    a = open_port(profile, end_a, (struct fab_device_value[]){ { "interface", end_a } }, 1);
    if (!a)
        fail_msg("%s", error);
    b = open_port(profile, end_b, (struct fab_device_value[]){ { "interface", end_b } }, 1);
    if (!b)
        fail_msg("%s", error);
    exchange_both_ways(a, b);
}

static void
test_af_packet_carries_frames_over_veth(void **state)
{
    (void)state;
    exchange_over_veth("af_packet", "mypka", "mypkb");
}

static void
test_af_xdp_carries_frames_over_veth(void **state)
{
    int descriptor = socket(AF_XDP, SOCK_RAW, 0);

    (void)state;
    if (descriptor < 0) {
        print_message("skipped: the kernel has no AF_XDP sockets, or not for us\n");
        skip();
    }
    close(descriptor);
    exchange_over_veth("af_xdp", "myxda", "myxdb");
}

static void
test_pcap_reads_the_frames_that_pcap_wrote(void **state)
{
    char path[64];
    struct fab_port *port;
    uint64_t deadline_ns = clock_now_ns() + DEADLINE_NS;
    uint8_t next = 0;

    (void)state;
    snprintf(path, sizeof(path), "%s/frames.pcap", folder);
    port = open_port("pcap", "out", (struct fab_device_value[]){ { "tx_file", path } }, 1);
    if (!port)
        fail_msg("%s", error);
    for (uint8_t i = 0; i < FRAMES; i++)
        send_one(port, i);
    fab_port_close(&port);
    port = open_port("pcap", "in", (struct fab_device_value[]){ { "rx_file", path } }, 1);
    if (!port)
        fail_msg("%s", error);
    while (next < FRAMES && clock_now_ns() < deadline_ns)
        take(port, &next);
    assert_int_equal(next, FRAMES);
    fab_port_close(&port);
    unlink(path);
}

/* A device with this driver on the PCI bus; false: none. */
static bool
has_pci_vendor(const char *vendor)
{
    char command[128];

    snprintf(command, sizeof(command), "grep -qs %s /sys/bus/pci/devices/*/vendor", vendor);
    return system(command) == 0;
}

static void
test_virtio_starts_in_a_guest_that_has_one_to_give(void **state)
{
    (void)state;
    print_message("skipped: %s\n", has_pci_vendor("0x1af4")
                                       ? "the virtio NIC here belongs to the machine, not to tests"
                                       : "no virtio NIC on the PCI bus");
    skip();
}

static void
test_mlx5_starts_where_there_is_one(void **state)
{
    (void)state;
    print_message("skipped: %s\n", has_pci_vendor("0x15b3")
                                       ? "the mlx5 NIC here belongs to the machine, not to tests"
                                       : "no mlx5 NIC on the PCI bus");
    skip();
}

/* A namespace of our own with two veth pairs; they go with the process. */
static bool
make_namespace(void)
{
    return unshare(CLONE_NEWNET) == 0 &&
           system("for pair in 'mypka mypkb' 'myxda myxdb'; do set -- $pair;"
                  " ip link add dev $1 type veth peer name $2 &&"
                  " ip link set dev $1 up && ip link set dev $2 up || exit 1; done") == 0;
}

static int
set_up(void **state)
{
    char *arguments[] = { "--no-huge",     "-m", "512", "--no-pci", "--no-telemetry",
                          "--file-prefix", NULL };
    char prefix[32];

    (void)state;
    has_namespace = make_namespace();
    snprintf(prefix, sizeof(prefix), "deploy-profiles-%d", (int)getpid());
    arguments[6] = prefix;
    if (!mkdtemp(folder))
        return -1;
    if (fab_eal_start(FAB_COUNT_OF(arguments), arguments, error, sizeof(error)) == MYC_OK)
        return 0;
    print_message("%s\n", error);
    return -1;
}

/* The EAL leaves its own files behind, and a device may leave some in our folder. */
static int
tear_down(void **state)
{
    char command[512];

    (void)state;
    snprintf(command, sizeof(command), "rm -rf '%s' '%s'", rte_eal_get_runtime_dir(), folder);
    fab_eal_stop();
    return system(command) == 0 ? 0 : -1;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memif_carries_frames_between_server_and_client),
        cmocka_unit_test(test_af_packet_carries_frames_over_veth),
        cmocka_unit_test(test_af_xdp_carries_frames_over_veth),
        cmocka_unit_test(test_pcap_reads_the_frames_that_pcap_wrote),
        cmocka_unit_test(test_virtio_starts_in_a_guest_that_has_one_to_give),
        cmocka_unit_test(test_mlx5_starts_where_there_is_one),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
