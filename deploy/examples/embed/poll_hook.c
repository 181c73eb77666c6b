/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A node without a thread of its own: its lcore turns in a loop that the program has anyway, on a
 * thread that EAL does not know (rte_thread_register would keep secondary processes from starting).
 *
 *     ./poll_hook -l 0 --no-pci
 *
 * Each call is bounded: at most so many handlers, and none begins after so many microseconds.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include <mycelium/dpdk.h>

#include <rte_eal.h>
#include <rte_lcore.h>

#include "squares.h"

#define HANDLERS_MAX 32
#define MICROSECONDS 50

static atomic_bool is_over;

static void *
loop(void *argument)
{
    struct myc_node *node = argument;

    while (!atomic_load(&is_over)) {
        /* ... the program's own work: its queues, its timers ... */
        (void)myc_node_poll(node, HANDLERS_MAX);
    }
    return NULL;
}

int
main(int argc, char **argv)
{
    struct myc_lcore_options lcore = { .is_hooked = true };
    struct myc_node *node = NULL;
    char error[512] = "";
    const struct myc_node_options options = {
        .size = sizeof(options),
        .node_id = 1,
        .eal_argc = -1,
        .lcores = &lcore,
        .lcore_count = 1,
        .poll_us_max = MICROSECONDS,
        .error = error,
        .error_size = sizeof(error),
    };
    pthread_t thread;
    int result = 1;

    if (rte_eal_init(argc, argv) < 0)
        return 1;
    lcore.eal_lcore = rte_get_main_lcore(); /* whose memory is near */
    if (myc_node_start(&options, &node) != MYC_OK) {
        fprintf(stderr, "poll_hook: %s\n", error);
        return 1;
    }
    if (pthread_create(&thread, NULL, loop, node) != 0)
        return 1;
    if (squares_spawn(node, 0, 0) == MYC_OK)
        result = squares_wait();
    atomic_store(&is_over, true);
    pthread_join(thread, NULL);
    myc_node_stop(&node); /* when nobody polls it any more */
    rte_eal_cleanup();
    return result;
}
