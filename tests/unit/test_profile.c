/* SPDX-License-Identifier: BSD-3-Clause */
/* The profiles of pmd-config/, and the devices that come from them. */
#include "support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/compiler.h"
#include "node/config/profile.h"

static char error[FAB_YAML_ERROR_SIZE];

static struct fab_port_profile *
load(const char *name)
{
    struct fab_port_profile *profile = NULL;
    char file[4096];

    assert_int_equal(fab_port_profile_find(name, ".", file, sizeof(file)), MYC_OK);
    if (fab_port_profile_load(file, &profile, error) != MYC_OK)
        fail_msg("%s", error);
    return profile;
}

static void
test_every_profile_reads_and_is_named_as_its_file(void **state)
{
    static const char *const names[] = { "memif",  "af_packet", "af_xdp", "pcap",
                                         "virtio", "e1000",     "mlx5" };

    (void)state;
    for (size_t i = 0; i < FAB_COUNT_OF(names); i++) {
        struct fab_port_profile *profile = load(names[i]);

        assert_string_equal(profile->profile, names[i]);
        assert_in_range(profile->mtu_bytes, profile->mtu_bytes_min, profile->mtu_bytes_max);
        fab_port_profile_free(&profile);
        assert_null(profile);
    }
}

static void
test_a_profile_that_is_not_there_is_not_found_and_says_where_it_was_looked_for(void **state)
{
    char file[4096];

    (void)state;
    assert_int_equal(fab_port_profile_find("teleport", ".", file, sizeof(file)), MYC_NOT_FOUND);
    assert_non_null(strstr(file, "mycelium/pmd-config/teleport.yaml"));
    assert_int_equal(fab_port_profile_find("./mine.yaml", "/nowhere", file, sizeof(file)),
                     MYC_NOT_FOUND);
    assert_string_equal(file, "/nowhere/./mine.yaml");
}

static void
test_devices_are_written_as_eal_wants_them(void **state)
{
    static const struct {
        const char *profile;
        struct fab_device_value values[4];
        uint32_t count;
        const char *name;
        const char *text;
    } cases[] = {
        { "memif",
          { { "socket", "/tmp/w.sock" }, { "role", "client" } },
          2,
          "net_memif_wire0",
          "net_memif_wire0,socket-abstract=no,role=client,socket=/tmp/w.sock,id=0,rsize=10,"
          "bsize=2048,zero-copy=no" },
        { "af_packet",
          { { "interface", "ma0" }, { "frame_count", "512" } },
          2,
          "net_af_packet_wire0",
          "net_af_packet_wire0,iface=ma0,qpairs=1,blocksz=4096,framesz=2048,framecnt=512,"
          "qdisc_bypass=1" },
        { "pcap",
          { { "rx_file", "in.pcap" } },
          1,
          "net_pcap_wire0",
          "net_pcap_wire0,rx_pcap=in.pcap,infinite_rx=0" },
        { "virtio",
          { { "pci_address", "0000:00:04.0" } },
          1,
          "0000:00:04.0",
          "0000:00:04.0,vectorized=0" },
        { "e1000", { { "pci_address", "0000:00:04.0" } }, 1, "0000:00:04.0", "0000:00:04.0" },
        { "mlx5",
          { { "pci_address", "0000:3b:00.1" } },
          1,
          "0000:3b:00.1",
          "0000:3b:00.1,rxq_cqe_comp_en=0,txq_inline_max=204,mprq_en=0,dv_flow_en=1" },
    };

    (void)state;
    for (size_t i = 0; i < FAB_COUNT_OF(cases); i++) {
        struct fab_port_profile *profile = load(cases[i].profile);
        struct fab_device device;
        uint32_t culprit;

        assert_int_equal(fab_device_make(profile, "wire0", cases[i].values, cases[i].count, &device,
                                         &culprit, error),
                         MYC_OK);
        assert_string_equal(device.name, cases[i].name);
        assert_string_equal(device.text, cases[i].text);
        fab_port_profile_free(&profile);
    }
}

static const struct {
    const char *profile;
    struct fab_device_value values[2];
    uint32_t count;
    uint32_t culprit;
    const char *error;
} bad_values[] = {
    { "memif",
      { { "role", "server" } },
      1,
      1,
      "has no socket, which the profile memif needs: path of the Unix socket at which the two "
      "sides meet" },
    { "memif",
      { { "role", "master" }, { "socket", "/s" } },
      2,
      0,
      "is master; write one of: server, client" },
    { "memif",
      { { "role", "server" }, { "socket", "/a,b" } },
      2,
      1,
      "has a comma or a line break in it, which EAL cannot take" },
    { "memif",
      { { "role", "server" }, { "sockt", "/a" } },
      2,
      1,
      "no such key; the profile memif knows: role, socket, id, ring_slots_log2, slot_bytes, "
      "zero_copy, secret" },
    { "af_packet",
      { { "interface", "a-name-too-long-for-it" } },
      1,
      0,
      "is a-name-too-long-for-it; write the name of a kernel interface (see ip -br link)" },
    { "af_packet",
      { { "interface", "eth0" }, { "frame_count", "12" } },
      2,
      1,
      "is 12; write a whole number from 64 to 65536" },
    { "af_packet",
      { { "interface", "eth0" }, { "frame_count", "512k" } },
      2,
      1,
      "is 512k; write a whole number from 64 to 65536" },
    { "mlx5",
      { { "pci_address", "3b:00.1" } },
      1,
      0,
      "is 3b:00.1; write a PCI address such as 0000:01:00.0 (see dpdk-devbind.py -s)" },
    { "mlx5",
      { { "pci_address", "0000:3b:00.8" } },
      1,
      0,
      "is 0000:3b:00.8; write a PCI address such as 0000:01:00.0 (see dpdk-devbind.py -s)" },
    { "virtio",
      { { NULL, NULL } },
      0,
      0,
      "has no pci_address, which the profile virtio needs: where dpdk-devbind.py -s shows the "
      "NIC" },
};

static void
test_a_value_that_cannot_be_says_which_and_why(void **state)
{
    (void)state;
    for (size_t i = 0; i < FAB_COUNT_OF(bad_values); i++) {
        struct fab_port_profile *profile = load(bad_values[i].profile);
        struct fab_device device;
        uint32_t culprit;

        assert_int_equal(fab_device_make(profile, "wire0", bad_values[i].values,
                                         bad_values[i].count, &device, &culprit, error),
                         MYC_INVALID);
        assert_string_equal(error, bad_values[i].error);
        assert_int_equal(culprit, bad_values[i].culprit);
        fab_port_profile_free(&profile);
    }
}

/* Replaces one line of the memif profile. */
static void
write_variant(const char *file, const char *line, const char *instead)
{
    char path[4096];
    char buffer[512];
    bool has_found = false;
    FILE *from;
    FILE *to;

    assert_int_equal(fab_port_profile_find("memif", ".", path, sizeof(path)), MYC_OK);
    from = fopen(path, "r");
    to = fopen(file, "w");
    assert_true(from && to);
    while (fgets(buffer, sizeof(buffer), from)) {
        bool is_it = strncmp(buffer, line, strlen(line)) == 0;

        has_found = has_found || is_it;
        fputs(is_it ? instead : buffer, to);
    }
    fclose(from);
    fclose(to);
    assert_true(has_found);
}

static void
test_a_profile_that_contradicts_itself_is_refused_with_its_place(void **state)
{
    static const struct {
        const char *line;
        const char *instead;
        const char *error; /* after the file's name */
    } cases[] = {
        { "bus:", "bus: usb\n", ":8:6: bus: is usb; write one of: vdev, pci" },
        { "bus:", "bus: pci\n", ": parameters: has 0 PCI addresses; a pci profile has one" },
        { "mbuf_count:", "mbuf_count: 2000\n",
          ": mbuf_count: is 2000, but the descriptors alone hold 2048; choose more" },
        { "burst_frames:", "burst: 32\n",
          ": burst: no such key; did you mean burst_frames? Known here: profile, summary, driver, "
          "bus, arguments, parameters, mtu_bytes, mtu_bytes_min, mtu_bytes_max, rx_descriptors, "
          "tx_descriptors, mbuf_count, queue_pairs_max, burst_frames, steering, can_set_mtu, "
          "can_transmit, can_offload_checksums, can_timestamp, needs_server_first, "
          "needs_hugepages, "
          "needs_root, needs_packages, host_setup" },
        { "can_set_mtu:", "can_set_mtu: perhaps\n", ": can_set_mtu: is perhaps; write yes or no" },
        { "mtu_bytes:", "mtu_bytes: 100\n", ": mtu_bytes: is 100; choose 1280 to 9000" },
        { "    argument: role", "", ": parameters[0]: has no argument; add the driver's key" },
    };
    char file[] = "/tmp/mycelium-profile-XXXXXX";
    int descriptor = mkstemp(file);

    (void)state;
    assert_true(descriptor >= 0);
    close(descriptor);
    for (size_t i = 0; i < FAB_COUNT_OF(cases); i++) {
        struct fab_port_profile *profile = NULL;

        write_variant(file, cases[i].line, cases[i].instead);
        assert_int_equal(fab_port_profile_load(file, &profile, error), MYC_INVALID);
        assert_null(profile);
        if (!strstr(error, cases[i].error))
            fail_msg("%s\nhas not: %s", error, cases[i].error);
        assert_int_equal(strncmp(error, file, strlen(file)), 0);
    }
    unlink(file);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_profile_reads_and_is_named_as_its_file),
        cmocka_unit_test(
            test_a_profile_that_is_not_there_is_not_found_and_says_where_it_was_looked_for),
        cmocka_unit_test(test_devices_are_written_as_eal_wants_them),
        cmocka_unit_test(test_a_value_that_cannot_be_says_which_and_why),
        cmocka_unit_test(test_a_profile_that_contradicts_itself_is_refused_with_its_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
