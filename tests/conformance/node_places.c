/* SPDX-License-Identifier: BSD-3-Clause */
#include "conformance/node_places.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "env/eal.h"

#define CPUS_MAX      64U
#define DOWN_AFTER_US 2000000U /* other work may keep our lcores from their CPUs for long */
#define MILLION       1000000U
#define RING_SLOTS    256U
#define OFF           MYC_SECURITY_OFF
#define AUTH          MYC_SECURITY_AUTH
#define ENCRYPT       MYC_SECURITY_ENCRYPT

static const struct way ways[] = {
    { "ring", "two lcores of a node", WIRE_NONE, true, false, false, false, 200000, OFF, NULL },
    { "segment", "two nodes of a host", WIRE_NONE, false, false, false, false, 200000, OFF, NULL },
    { "client", "a node and its client", WIRE_NONE, false, true, false, false, 200000, OFF, NULL },
    { "memif", "two nodes and a memif", WIRE_MEMIF, false, false, false, false, 200000, OFF, NULL },
    { "memif-auth", "two nodes, authenticated", WIRE_MEMIF, false, false, false, false, 100000,
      AUTH, NULL },
    { "memif-encrypt", "two nodes, encrypted", WIRE_MEMIF, false, false, false, true, 100000,
      ENCRYPT, NULL },
    { "memif-bad", "two nodes and a bad memif", WIRE_MEMIF, false, false, false, true, MILLION, OFF,
      NULL },
    { "memif-twin", "two nodes, a bad and a good memif", WIRE_MEMIF, false, false, true, true,
      200000, OFF, NULL },
    { "veth", "two nodes and a veth pair", WIRE_VETH, false, false, false, false, 100000, OFF,
      NULL },
    { "veth-bad", "two nodes and a bad wire", WIRE_VETH, false, false, false, true, 100000, OFF,
      NULL },
};

/* A hundredth of the frames is lost, another one doubled, another one overtaken, each way. */
static const struct myc_wire_fault fault = {
    .seed = 1,
    .loss_per_million = MILLION / 100,
    .duplicate_per_million = MILLION / 100,
    .reorder_per_million = MILLION / 100,
};

const struct way *
way_lookup(const char *name)
{
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
        if (strcmp(ways[i].name, name) == 0)
            return &ways[i];
    return NULL;
}

/* --- EAL -------------------------------------------------------------------------------------- */

/* The CPUs that this process may use. */
struct cpus {
    unsigned ids[CPUS_MAX];
    unsigned count;
};

static struct cpus
usable_cpus(void)
{
    struct cpus cpus = { .count = 0 };
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof(set), &set) == 0)
        for (unsigned i = 0; i < CPU_SETSIZE && cpus.count < CPUS_MAX; i++)
            if (CPU_ISSET(i, &set))
                cpus.ids[cpus.count++] = i;
    if (cpus.count == 0)
        cpus.count = 1; /* and CPU 0 */
    return cpus;
}

/* The main thread may run anywhere: it waits for the other place's end, and the kernel (6.18) goes
 * round in that call until the ended threads are taken apart; bound to the CPU that one of them
 * needs for it, it never let that one run, and neither got further. */
static void
map_lcores(unsigned first, char *map, size_t size)
{
    struct cpus cpus = usable_cpus();
    size_t used = (size_t)snprintf(map, size, "0@(%u", cpus.ids[0]);

    for (unsigned i = 1; i < cpus.count && used < size; i++)
        used += (size_t)snprintf(map + used, size - used, ",%u", cpus.ids[i]);
    if (used < size)
        snprintf(map + used, size - used, "),1@%u,2@%u", cpus.ids[first % cpus.count],
                 cpus.ids[(first + 1) % cpus.count]);
}

static enum myc_status
start_eal(enum conf_place place)
{
    unsigned first = place == CONF_A ? 0 : 1;
    char lcores[512], prefix[64];
    char *const argv[] = { "--lcores",       lcores, "--no-huge",      "-m", "256", "--no-pci",
                           "--no-telemetry", prefix, "--log-level=err" };
    char error[384] = "";
    enum myc_status status;

    map_lcores(first, lcores, sizeof(lcores));
    snprintf(prefix, sizeof(prefix), "--file-prefix=conf-%d", (int)getpid());
    status = fab_eal_start(sizeof(argv) / sizeof(argv[0]), argv, error, sizeof(error));
    if (status != MYC_OK)
        fprintf(stderr, "EAL: %s\n", error);
    return status;
}

/* --- options ---------------------------------------------------------------------------------- */

#define TEXT_SIZE 256U

/* What the options of a node point to. */
struct filled {
    struct myc_lcore_options lcores[2];
    struct myc_port_options ports[2];
    struct myc_peer_options peer;
    char devices[2][TEXT_SIZE];
    char control[TEXT_SIZE];
    char key_file[TEXT_SIZE];
    const char *attach[1];
    char error[512];
};

/* Both places write the same. */
static void
write_key(const char *path)
{
    static const char key[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0 || write(fd, key, sizeof(key) - 1) != (ssize_t)sizeof(key) - 1)
        fprintf(stderr, "cannot write %s\n", path);
    close(fd);
}

static void
fill_security(const struct way *way, const char *folder, struct filled *filled)
{
    snprintf(filled->key_file, TEXT_SIZE, "%s/key", folder);
    write_key(filled->key_file);
    filled->peer.security = way->security;
    filled->peer.security_key_file = filled->key_file;
}

static void
fill_port(const struct way *way, enum conf_place place, const char *folder, unsigned index,
          struct filled *filled)
{
    static const char *const names[] = { "wire", "wire-b" };
    static const char *const addresses[][2] = { { "10.9.3.1/24", "10.9.3.2/24" },
                                                { "10.9.4.1/24", "10.9.4.2/24" } };

    if (way->wire == WIRE_MEMIF)
        snprintf(filled->devices[index], TEXT_SIZE,
                 "net_memif%u,role=%s,socket=%s/%s.memif,socket-abstract=no", index,
                 place == CONF_A ? "server" : "client", folder, names[index]);
    else
        snprintf(filled->devices[index], TEXT_SIZE, "net_af_packet0,iface=conf%c",
                 place == CONF_A ? 'a' : 'b');
    filled->ports[index] = (struct myc_port_options){
        .name = names[index],
        .device = filled->devices[index],
        .address = addresses[index][place],
        .mbuf_count = 4096,
        .rx_fault = way->has_faults && way->wire == WIRE_MEMIF && index == 0 ? &fault : NULL,
    };
}

static void
fill_wires(const struct way *way, enum conf_place place, const char *folder, struct filled *filled)
{
    static const char *const addresses[][2] = { { "10.9.3.1", "10.9.3.2" },
                                                { "10.9.4.1", "10.9.4.2" } };
    enum conf_place other = place == CONF_A ? CONF_B : CONF_A;

    fill_port(way, place, folder, 0, filled);
    filled->peer = (struct myc_peer_options){
        .node_id = (uint16_t)(1 + other),
        .address = addresses[0][other],
    };
    if (way->security != MYC_SECURITY_OFF)
        fill_security(way, folder, filled);
    if (!way->is_twin)
        return;
    fill_port(way, place, folder, 1, filled);
    filled->peer.address_b = addresses[1][other];
    filled->peer.port_b = filled->ports[1].name;
}

/* A listens, B attaches. */
static void
fill_segment(enum conf_place place, const char *folder, struct filled *filled,
             struct myc_node_options *options)
{
    snprintf(filled->control, TEXT_SIZE, "%s/a.sock", folder);
    filled->attach[0] = filled->control;
    if (place == CONF_A)
        options->control_socket = filled->control;
    options->attach = filled->attach;
    options->attach_count = place == CONF_B;
}

enum myc_status
place_start(const struct way *way, enum conf_place place, const char *folder, bool is_first,
            struct myc_node **node)
{
    struct filled filled = { .lcores = { { .eal_lcore = 1 }, { .eal_lcore = 2 } } };
    struct myc_node_options options = {
        .size = sizeof(options),
        .node_id = (uint16_t)(1 + place),
        .name = place == CONF_A ? "conf-a" : "conf-b",
        .eal_argc = -1,
        .lcores = filled.lcores,
        .lcore_count = way->is_one_node ? 2 : 1,
        .ports = filled.ports,
        .port_count = way->wire == WIRE_NONE ? 0
                      : way->is_twin         ? 2
                                             : 1,
        .peers = &filled.peer,
        .peer_count = way->wire != WIRE_NONE,
        .exported = &way->exported,
        .exported_count = place == CONF_B && way->exported,
        .limits = { .actors_max = 1024,
                    .messages_max = 16384,
                    .state_bytes_max = 4U << 20,
                    .timers_max = 4096,
                    .asks_max = 1024,
                    .monitors_max = 1024,
                    .names_max = 256,
                    .ring_slots = RING_SLOTS,
                    .flow_window_bytes = 256U << 10 },
        .down_after_us = DOWN_AFTER_US,
        .error = filled.error,
        .error_size = sizeof(filled.error),
    };
    enum myc_status status = is_first ? start_eal(place) : MYC_OK;

    if (status != MYC_OK)
        return status;
    if (way->wire != WIRE_NONE)
        fill_wires(way, place, folder, &filled);
    else if (!way->is_one_node)
        fill_segment(place, folder, &filled, &options);
    status = myc_node_start(&options, node);
    if (status != MYC_OK)
        fprintf(stderr, "node of place %c: %s: %s\n", 'A' + (int)place, myc_status_name(status),
                filled.error);
    return status;
}
