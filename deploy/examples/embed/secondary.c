/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A program that is a DPDK secondary process of a feed handler, with a node in it: a queue pair of
 * the primary's port and a pool are lent to the node, until the primary ends.
 *
 *     ./secondary net_ring_card lent --lcores 40,41 --proc-type=secondary --file-prefix=feed
 *
 * The first two words are the port and the pool by their names in the primary. Lcore ids are other
 * ones than the primary's. DPDK does not tell a secondary that its primary has gone; the node does.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include <mycelium/dpdk.h>

#include <rte_eal.h>
#include <rte_lcore.h>

#include "squares.h"

static atomic_bool has_lost_primary;

/* On a thread of the node's: the main thread does what is to be done. */
static void
on_primary_lost(void *context)
{
    (void)context;
    atomic_store(&has_lost_primary, true);
}

static struct myc_node *
start_guest(const char *device, const char *pool)
{
    const struct myc_lcore_options lcore = { .eal_lcore = rte_get_next_lcore(-1, 1, 0) };
    const struct myc_borrowed_port borrowed = { .rx_queue = 1, .tx_queue = 1, .mempool = pool };
    const struct myc_port_options port = {
        .name = "feed",
        .device = device,
        .address = "10.9.0.1/24",
        .borrowed = &borrowed,
    };
    char error[512] = "";
    const struct myc_node_options options = {
        .size = sizeof(options),
        .node_id = 1,
        .eal_argc = -1,
        .lcores = &lcore,
        .lcore_count = 1,
        .ports = &port,
        .port_count = 1,
        .limits = { .actors_max = 256, /* from the primary's memory, which has little */
                    .messages_max = 4096,
                    .state_bytes_max = 4 << 20,
                    .heap_bytes_max = 2 << 20 },
        .on_primary_lost = on_primary_lost,
        .error = error,
        .error_size = sizeof(error),
    };
    struct myc_node *node = NULL;

    if (myc_node_start(&options, &node) != MYC_OK)
        fprintf(stderr, "secondary: %s\n", error);
    return node;
}

int
main(int argc, char **argv)
{
    const struct timespec pause = { .tv_nsec = 50000000 };
    struct myc_node *guest;

    if (argc < 3 || rte_eal_init(argc - 2, argv + 2) < 0 || rte_lcore_count() < 2) {
        fprintf(stderr, "usage: secondary PORT POOL EAL-ARGUMENTS, with two lcores\n");
        return 1;
    }
    guest = start_guest(argv[1], argv[2]);
    if (!guest)
        return 1;
    if (squares_spawn(guest, 0, 0) != MYC_OK || squares_wait() != 0)
        fprintf(stderr, "secondary: the actors have not answered\n");
    fflush(stdout);
    while (!atomic_load(&has_lost_primary))
        nanosleep(&pause, NULL);
    printf("without a primary: the node stops\n");
    myc_node_stop(&guest);
    return 0; /* no rte_eal_cleanup: it would ask the primary */
}
