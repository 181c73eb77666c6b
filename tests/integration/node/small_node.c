/* SPDX-License-Identifier: BSD-3-Clause */
#include "small_node.h"

#include "support/cmocka.h"

#include <stdio.h>
#include <unistd.h>

#include "env/eal.h"

static struct myc_node *running; /* NULL: none */

struct myc_node *
small_node_start(struct myc_node_options more)
{
    static const struct myc_lcore_options lcores[] = { { .eal_lcore = 1, .idle = MYC_IDLE_YIELD },
                                                       { .eal_lcore = 2, .idle = MYC_IDLE_YIELD } };
    char error[256] = "";

    more.size = sizeof(more);
    more.node_id = 7;
    more.eal_argc = -1;
    more.lcores = lcores;
    more.lcore_count = 2;
    more.limits = (struct myc_limits){ .actors_max = 256,
                                       .messages_max = 1024,
                                       .state_bytes_max = 4U << 20,
                                       .timers_max = 256,
                                       .asks_max = 256,
                                       .monitors_max = 256,
                                       .names_max = 256 };
    more.error = error;
    more.error_size = sizeof(error);
    if (myc_node_start(&more, &running) != MYC_OK)
        fail_msg("%s", error);
    return running;
}

void
small_node_stop(struct myc_node **node)
{
    myc_node_stop(node);
    running = NULL;
}

int
small_node_end(void **state)
{
    (void)state;
    small_node_stop(&running);
    return 0;
}

int
small_node_run(const char *name, int (*run)(void))
{
    long last_cpu = sysconf(_SC_NPROCESSORS_CONF) - 1;
    char prefix[64], lcores[64];
    char *const argv[] = { "--lcores", lcores,           "--no-huge",      "-m", "128", "--no-pci",
                           prefix,     "--no-telemetry", "--log-level=err" };
    char error[256] = "";
    int failed;

    snprintf(prefix, sizeof(prefix), "--file-prefix=%s-%d", name, (int)getpid());
    snprintf(lcores, sizeof(lcores), "0@(0-%ld),1@0,2@%ld", last_cpu, last_cpu);
    if (fab_eal_start(sizeof(argv) / sizeof(argv[0]), argv, error, sizeof(error)) != MYC_OK) {
        printf("skipped: no EAL here: %s\n", error);
        return 77;
    }
    failed = run();
    fab_eal_stop();
    return failed;
}
