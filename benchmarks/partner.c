/* SPDX-License-Identifier: BSD-3-Clause */
#include "partner.h"

#include <stdio.h>
#include <string.h>

#include "node/program/child.h"
#include "node/program/signals.h"
#include "savina_place.h"

#define STOP_TIMEOUT_MS 3000

static const struct {
    const char *prefix;
    enum myc_status (*start)(const char *arguments, const char *fault, struct myc_node **node);
    void (*stop)(void); /* before the node; NULL: nothing else runs */
} kinds[] = {
    { "segment:", bench_segment_partner, NULL },
    { "segment-bulk:", bench_segment_bulk_partner, NULL },
    { "client:", bench_client_partner, NULL },
    { "connect:", bench_connect_partner, NULL },
    { "wire:", bench_wire_partner, NULL },
    { "security:", bench_security_partner, NULL },
    { "savina:", bench_savina_partner, NULL },
    { "probe:", bench_probe_partner, bench_probe_partner_stop },
};

enum myc_status
bench_partner_spawn(struct myc_node *node, uint8_t lcore, const struct bench_raw *raw)
{
    const struct myc_spawn_options options = {
        .size = sizeof(options),
        .args = &raw,
        .args_size = sizeof(raw),
        .mailbox_max = 32768,
    };
    enum myc_status status;

    status = myc_node_spawn(node, lcore, &bench_partner_class, &options, NULL);
    if (status == MYC_OK)
        status = myc_node_spawn(node, lcore, &bench_sink_class, &options, NULL);
    return status != MYC_OK ? status : savina_nursery_spawn(node, lcore, "savina.1");
}

int
bench_partner_main(const char *spec, const char *fault)
{
    struct myc_node *node = NULL;
    enum myc_status status = MYC_INVALID;
    void (*stop)(void) = NULL;

    fab_signals_block();
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strncmp(spec, kinds[i].prefix, strlen(kinds[i].prefix)) == 0) {
            status = kinds[i].start(spec + strlen(kinds[i].prefix), fault, &node);
            stop = kinds[i].stop;
        }
    if (status == MYC_OK)
        fab_signals_wait(-1);
    else
        fprintf(stderr, "mycelium bench: partner %s: %s\n", spec, myc_status_text(status));
    if (stop)
        stop();
    myc_node_stop(&node);
    return status != MYC_OK;
}

enum myc_status
bench_partner_start(const char *spec, const char *fault, pid_t *pid)
{
    char name[] = "mycelium", command[] = "bench", option[] = "--partner", with[] = "--fault";
    char *argv[] = { name, command, option, (char *)(uintptr_t)spec, NULL, NULL, NULL };

    if (fault) {
        argv[4] = with;
        argv[5] = (char *)(uintptr_t)fault;
    }
    return fab_child_start(argv, -1, pid);
}

void
bench_partner_stop(pid_t pid)
{
    fab_child_stop(pid, STOP_TIMEOUT_MS);
}
