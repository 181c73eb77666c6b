/* SPDX-License-Identifier: BSD-3-Clause */
/* The program: `cost OPERATION COUNT`. */
#include "cost/cost.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"

static const struct {
    const char *name;
    void (*run)(uint64_t count);
} operations[] = {
    { "dispatch", cost_dispatch },     { "guarded_dispatch", cost_guarded_dispatch },
    { "spawn", cost_spawn },           { "ring_hop", cost_ring_hop },
    { "idle_turn", cost_idle_turn },   { "flows_16", cost_flows_16 },
    { "flows_1000", cost_flows_1000 }, { "flows_10000", cost_flows_10000 },
    { "flows_idle", cost_flows_idle }, { "flow_hop", cost_flow_hop },
    { "flow_echo", cost_flow_echo },   { "flow_echo_auth", cost_flow_echo_auth },
    { "flow_bulk", cost_flow_bulk },   { "loss", cost_loss },
};

/* `scale:CURVE:SIZE`: the operation of a curve of `mycelium bench scaling`, at one size. */
static bool
run_scale(const char *operation, uint64_t count)
{
    char name[32];
    unsigned size;

    if (sscanf(operation, "scale:%31[a-z]:%u", name, &size) != 2)
        return false;
    cost_scale(name, size, count);
    return true;
}

int
main(int argc, char **argv)
{
    for (size_t i = 0; argc == 3 && i < FAB_COUNT_OF(operations); i++) {
        if (strcmp(argv[1], operations[i].name) != 0)
            continue;
        operations[i].run(strtoull(argv[2], NULL, 10));
        return 0;
    }
    if (argc == 3 && run_scale(argv[1], strtoull(argv[2], NULL, 10)))
        return 0;
    fprintf(stderr, "usage: cost OPERATION COUNT\n");
    return 2;
}
