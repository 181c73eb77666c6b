/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A node in a program that has its EAL already: on two lcores that the program has left over.
 *
 *     ./external_eal -l 0-2 --no-pci
 *
 * The node starts nothing of DPDK and ends nothing of it: lcores are the program's again when
 * myc_node_stop returns, and rte_eal_cleanup is the program's to call.
 */
#include <stdio.h>

#include <mycelium/dpdk.h>

#include <rte_eal.h>
#include <rte_lcore.h>

#include "squares.h"

int
main(int argc, char **argv)
{
    struct myc_lcore_options lcores[2] = { { .eal_lcore = 0 }, { .eal_lcore = 0 } };
    struct myc_node *node = NULL;
    char error[512] = "";
    const struct myc_node_options options = {
        .size = sizeof(options),
        .node_id = 1,
        .eal_argc = -1, /* it is up */
        .lcores = lcores,
        .lcore_count = 2,
        .error = error,
        .error_size = sizeof(error),
    };
    int result = 1;

    if (rte_eal_init(argc, argv) < 0 || rte_lcore_count() < 3) {
        fprintf(stderr, "external_eal: give EAL a main lcore and two others\n");
        return 1;
    }
    lcores[0].eal_lcore = rte_get_next_lcore(-1, 1, 0);
    lcores[1].eal_lcore = rte_get_next_lcore(lcores[0].eal_lcore, 1, 0);
    if (myc_node_start(&options, &node) != MYC_OK)
        fprintf(stderr, "external_eal: %s\n", error);
    else if (squares_spawn(node, 0, 1) == MYC_OK)
        result = squares_wait();
    myc_node_stop(&node);
    rte_eal_cleanup();
    return result;
}
