/* SPDX-License-Identifier: BSD-3-Clause */
#include "savina_place.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "local_node.h"
#include "partner.h"
#include "wire_place.h"

const char *
savina_place_name(enum savina_place place)
{
    static const char *const names[] = { "same lcore", "across lcores", "across processes",
                                         "across nodes (memif)" };

    return names[place];
}

bool
savina_place_is_local(enum savina_place place)
{
    return place == SAVINA_SAME_LCORE || place == SAVINA_LCORES;
}

enum myc_status
savina_nursery_spawn(struct myc_node *node, uint8_t lcore, const char *name)
{
    const struct myc_spawn_options options = {
        .size = sizeof(options),
        .args = name,
        .args_size = strlen(name) + 1,
    };

    return myc_node_spawn(node, lcore, &savina_nursery_class, &options, NULL);
}

/* `partner`: the process of the second place; 0: ours. */
static enum myc_status
drive(struct myc_node *node, struct savina_run *run, sem_t *done, pid_t partner)
{
    const struct bench_wait wait = {
        .what = "the driver of a case of Savina",
        .partner = partner,
        .tell = savina_run_tell,
        .context = run,
    };
    enum myc_status status = savina_nursery_spawn(node, 0, "savina.0");

    if (status == MYC_OK)
        status = local_node_drive(node, &savina_driver_class, run, done, wait);
    return status != MYC_OK ? status : run->status;
}

static enum myc_status
run_local(uint32_t lcore_count, struct savina_run *run, sem_t *done)
{
    const struct local_node_wish wish = { .node_id = LOCAL_NODE_ID, .lcore_count = lcore_count };
    struct myc_node *node;
    enum myc_status status = local_node_start(&wish, &node);

    if (status != MYC_OK)
        return status;
    run->place_count = lcore_count;
    if (lcore_count > 1)
        status = savina_nursery_spawn(node, 1, "savina.1");
    if (status == MYC_OK)
        status = drive(node, run, done, 0);
    myc_node_stop(&node);
    return status;
}

/* `arguments`: the control socket of the driver's node. */
enum myc_status
bench_savina_partner(const char *arguments, const char *fault, struct myc_node **node)
{
    const struct local_node_wish wish = {
        .node_id = PARTNER_NODE_ID,
        .lcore_count = 1,
        .first_cpu = 1,
        .attach = arguments,
    };
    enum myc_status status = local_node_start(&wish, node);

    (void)fault; /* a segment has no wire */
    return status != MYC_OK ? status : savina_nursery_spawn(*node, 0, "savina.1");
}

static enum myc_status
run_processes(struct savina_run *run, sem_t *done)
{
    struct local_node_wish wish = { .node_id = LOCAL_NODE_ID, .lcore_count = 1 };
    char path[64], spec[96];
    struct myc_node *node;
    enum myc_status status;
    pid_t partner;

    snprintf(path, sizeof(path), "/tmp/mycelium-savina-%d.sock", (int)getpid());
    snprintf(spec, sizeof(spec), "savina:%s", path);
    wish.control_socket = path;
    status = local_node_start(&wish, &node);
    if (status != MYC_OK)
        return status;
    run->place_count = 2;
    status = bench_partner_start(spec, NULL, &partner);
    if (status == MYC_OK) {
        status = drive(node, run, done, partner);
        bench_partner_stop(partner);
    }
    myc_node_stop(&node);
    return status;
}

static enum myc_status
run_nodes(struct savina_run *run, sem_t *done)
{
    const struct wire_place_wish wish = { .frame_size = WIRE_FRAME_SIZE(32) };
    struct wire_place place;
    enum myc_status status = wire_place_open(&wish, &place);

    if (status != MYC_OK)
        return status;
    run->place_count = 2;
    status = drive(place.node, run, done, place.partner);
    wire_place_close(&place);
    return status;
}

enum myc_status
savina_place_run(enum savina_place place, struct savina_run *run, sem_t *done)
{
    switch (place) {
    case SAVINA_SAME_LCORE:
        return run_local(1, run, done);
    case SAVINA_LCORES:
        return run_local(2, run, done);
    case SAVINA_PROCESSES:
        return run_processes(run, done);
    default:
        return run_nodes(run, done);
    }
}
