/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A whole node as a process, whose actor (walker.h) does what it is told at standard input:
 * test_split.py starts two or three of them and cuts what joins them. It ends when standard input
 * is closed.
 *
 *   split_node NODE DEVARGS ADDRESS/PREFIX PEER=ADDRESS...
 */
#include "walker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "env/eal.h"

#define DOWN_AFTER_US 1000000U /* other processes share our CPUs */
#define KEEPALIVE_US  20000U

static struct walker_home home;

static bool
start_eal(void)
{
    long last_cpu = sysconf(_SC_NPROCESSORS_CONF) - 1;
    char prefix[64], lcores[64];
    char *const arguments[] = { "--lcores", lcores,           "--no-huge",       "-m",  "128",
                                "--no-pci", "--no-telemetry", "--log-level=err", prefix };
    char error[256] = "";

    snprintf(lcores, sizeof(lcores), "0@(0-%ld),1@(0-%ld)", last_cpu, last_cpu);
    snprintf(prefix, sizeof(prefix), "--file-prefix=split-%d", (int)getpid());
    if (fab_eal_start(sizeof(arguments) / sizeof(arguments[0]), arguments, error, sizeof(error)) ==
        MYC_OK)
        return true;
    fprintf(stderr, "EAL: %s\n", error);
    return false;
}

/* PEER=ADDRESS of each argument. */
static void
read_peers(char **arguments, int count, struct myc_peer_options *peers)
{
    for (int i = 0; i < count; i++) {
        char *address = strchr(arguments[i], '=');

        peers[i] = (struct myc_peer_options){
            .node_id = (uint16_t)strtoul(arguments[i], NULL, 10),
            .address = address ? address + 1 : "",
        };
    }
}

static bool
start_node(uint16_t id, const char *device, const char *address,
           const struct myc_peer_options *peers, uint32_t peer_count)
{
    static const struct myc_lcore_options lcore = { .eal_lcore = 1, .idle = MYC_IDLE_SLEEP };
    const struct myc_port_options port = {
        .name = "wire", .device = device, .address = address, .mbuf_count = 2048
    };
    char error[512] = "", name[32];
    const struct myc_node_options options = {
        .size = sizeof(options),
        .node_id = id,
        .eal_argc = -1,
        .lcores = &lcore,
        .lcore_count = 1,
        .ports = &port,
        .port_count = 1,
        .peers = peers,
        .peer_count = peer_count,
        .limits = { .actors_max = 64,
                    .messages_max = 4096,
                    .state_bytes_max = 1U << 20,
                    .timers_max = 64,
                    .asks_max = 64,
                    .monitors_max = 64,
                    .names_max = 64,
                    .flow_window_bytes = 256U << 10 },
        .keepalive_us = KEEPALIVE_US,
        .down_after_us = DOWN_AFTER_US,
        .error = error,
        .error_size = sizeof(error),
    };
    const struct walker_home *at = &home;
    const struct myc_spawn_options walker = {
        .size = sizeof(walker), .name = name, .args = &at, .args_size = sizeof(at)
    };

    snprintf(name, sizeof(name), "walker-%u", id);
    if (myc_node_start(&options, &home.node) == MYC_OK)
        return myc_node_spawn(home.node, 0, &walker_class, &walker, NULL) == MYC_OK;
    fprintf(stderr, "%s\n", error);
    return false;
}

int
main(int argc, char **argv)
{
    static const struct timespec step = { .tv_nsec = 10000000 };
    struct myc_peer_options peers[WALKER_NODES];
    int peer_count = argc - 4;

    if (peer_count < 0 || peer_count > (int)WALKER_NODES || !start_eal())
        return 1;
    read_peers(argv + 4, peer_count, peers);
    if (!start_node((uint16_t)strtoul(argv[1], NULL, 10), argv[2], argv[3], peers,
                    (uint32_t)peer_count))
        return 1;
    printf("{\"event\": \"open\"}\n");
    fflush(stdout);
    while (!atomic_load(&home.is_over))
        nanosleep(&step, NULL);
    myc_node_stop(&home.node);
    fab_eal_stop();
    return 0;
}
