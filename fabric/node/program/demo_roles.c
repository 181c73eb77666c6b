/* SPDX-License-Identifier: BSD-3-Clause */
#include "node/program/demo_roles.h"

#include <stdio.h>
#include <string.h>

#include "node/program/classes.h"
#include "node/program/eal_arguments.h"

#define MEMORY_MB       96U /* for each lcore */
#define CPUS_MAX        64U
#define TEXT_SIZE       256U
#define SEGMENTS_MB     128U /* of all processes together, on hugepages, too */
#define MAILBOX_MAX     4096U
#define CONSOLE_NODE_ID 5U
#define DOWN_AFTER_US   400000U /* five lcores on few CPUs: one may wait long for its turn */

const struct fab_demo_role fab_demo_roles[FAB_DEMO_ROLE_COUNT] = {
    {
        .name = "alpha",
        .node_id = 1,
        .lcore_count = 2,
        .first_cpu = 0,
        .ends = { { "feed", true, "10.77.1.1/24", 4, "10.77.1.4", 0 } },
        .actors = { { "market_feed_handler", 0 }, { "market_book", 1 } },
    },
    {
        .name = "beta",
        .node_id = 2,
        .lcore_count = 1,
        .first_cpu = 4,
        .ends = { { "wire", true, "10.77.2.2/24", 3, "10.77.2.3", 0 } },
        .actors = { { "market_gateway", 0 } },
    },
    {
        .name = "strategy",
        .node_id = 3,
        .lcore_count = 1,
        .first_cpu = 3,
        .ends = { { "wire", false, "10.77.2.3/24", 2, "10.77.2.2", 0 } },
        .attach = "alpha",
        .actors = { { "market_strategy", 0 } },
    },
    {
        .name = "exchange",
        .node_id = 4,
        .lcore_count = 1,
        .first_cpu = 2,
        .ends = { { "feed", false, "10.77.1.4/24", 1, "10.77.1.1", 0 } },
        .actors = { { "market_exchange", 0 } },
    },
};

const struct fab_demo_role *
fab_demo_role_lookup(const char *name)
{
    for (size_t i = 0; i < FAB_DEMO_ROLE_COUNT; i++)
        if (strcmp(fab_demo_roles[i].name, name) == 0)
            return &fab_demo_roles[i];
    return NULL;
}

uint32_t
fab_demo_lcore_total(void)
{
    uint32_t total = 0;

    for (size_t i = 0; i < FAB_DEMO_ROLE_COUNT; i++)
        total += fab_demo_roles[i].lcore_count;
    return total;
}

char *
fab_demo_control_path(const char *folder, const char *role, char *path)
{
    snprintf(path, FAB_DEMO_PATH_SIZE, "%s/%s.sock", folder, role);
    return path;
}

/* What a node's options point to while it starts. */
struct role_options {
    struct myc_lcore_options lcores[FAB_DEMO_LCORES_MAX];
    struct myc_port_options ports[FAB_DEMO_ENDS_MAX];
    struct myc_peer_options peers[FAB_DEMO_ENDS_MAX];
    char devices[FAB_DEMO_ENDS_MAX][TEXT_SIZE];
    char vdevs[FAB_DEMO_ENDS_MAX][TEXT_SIZE];
    const char *vdev_list[FAB_DEMO_ENDS_MAX];
    uint8_t cpus[FAB_DEMO_LCORES_MAX];
    char control[FAB_DEMO_PATH_SIZE];
    char attach[FAB_DEMO_ROLE_COUNT][FAB_DEMO_PATH_SIZE];
    const char *attach_list[FAB_DEMO_ROLE_COUNT];
    struct fab_eal_arguments eal;
    char error[512];
};

static uint32_t
fill_ends(const struct fab_demo_role *role, const char *folder, struct role_options *filled)
{
    uint32_t count = 0;

    for (; count < FAB_DEMO_ENDS_MAX && role->ends[count].port; count++) {
        const struct fab_demo_end *end = &role->ends[count];

        snprintf(filled->devices[count], TEXT_SIZE, "net_memif%u", count);
        snprintf(filled->vdevs[count], TEXT_SIZE,
                 "net_memif%u,role=%s,socket=%s/%s.memif,socket-abstract=no,bsize=2048,rsize=11",
                 count, end->is_server ? "server" : "client", folder, end->port);
        filled->vdev_list[count] = filled->vdevs[count];
        filled->ports[count] = (struct myc_port_options){
            .name = end->port,
            .device = filled->devices[count],
            .address = end->address,
            .lcore = end->lcore,
        };
        filled->peers[count] = (struct myc_peer_options){
            .node_id = end->peer_id,
            .address = end->peer_address,
            .port = end->port,
        };
    }
    return count;
}

static void
fill_lcores(uint32_t first_cpu, uint32_t count, struct role_options *filled)
{
    uint8_t cpus[CPUS_MAX];
    uint32_t cpu_count = fab_eal_cpus(cpus, CPUS_MAX);

    for (uint32_t i = 0; i < count; i++) {
        filled->cpus[i] = cpu_count ? cpus[(first_cpu + i) % cpu_count] : 0;
        filled->lcores[i] = (struct myc_lcore_options){ .eal_lcore = i + 1 };
    }
}

static enum myc_status
spawn_actor(const struct fab_demo_actor *actor, const struct market_demo_options *demo,
            struct myc_node *node)
{
    const struct myc_class *class_of = fab_classes_lookup_builtin(actor->class_name);
    char text[MARKET_DEMO_ARGUMENTS_SIZE];
    struct myc_spawn_options options = {
        .size = sizeof(options),
        .args = text,
        .mailbox_max = MAILBOX_MAX,
    };

    if (!class_of)
        return MYC_NOT_FOUND;
    if (!market_demo_arguments(demo, actor->class_name, text))
        return MYC_TOO_BIG;
    options.args_size = strlen(text);
    return myc_node_spawn(node, actor->lcore, class_of, &options, NULL);
}

static enum myc_status
spawn_actors(const struct fab_demo_role *role, const struct market_demo_options *demo,
             struct myc_node *node)
{
    for (size_t i = 0; i < FAB_DEMO_ACTORS_MAX && role->actors[i].class_name; i++) {
        const struct fab_demo_actor *actor = &role->actors[i];
        enum myc_status status = spawn_actor(actor, demo, node);

        if (status == MYC_OK)
            continue;
        fprintf(stderr, "mycelium demo: %s: actor %s did not start: %s\n", role->name,
                actor->class_name, myc_status_text(status));
        return status;
    }
    return MYC_OK;
}

static enum myc_status
start_node(const char *name, struct myc_node_options *options, struct role_options *filled,
           const struct fab_eal_wish *wish, struct myc_node **node)
{
    enum myc_status status;

    fab_eal_arguments_make(wish, &filled->eal);
    options->name = name;
    options->lcores = filled->lcores;
    options->eal_argc = filled->eal.argc;
    options->eal_argv = filled->eal.argv;
    options->attach = filled->attach_list;
    options->down_after_us = DOWN_AFTER_US;
    options->limits = (struct myc_limits){
        .actors_max = 256,
        .messages_max = MAILBOX_MAX * 2,
        .state_bytes_max = 4U << 20,
        .timers_max = 4096,
        .asks_max = 256,
        .monitors_max = 1024,
        .names_max = 256,
        .flow_window_bytes = 256U << 10,
    };
    options->error = filled->error;
    options->error_size = sizeof(filled->error);
    status = myc_node_start(options, node);
    if (status != MYC_OK)
        fprintf(stderr, "mycelium demo: %s did not start: %s: %s\n", name, myc_status_name(status),
                filled->error);
    return status;
}

static void
fill_attach(const char *folder, const char *role, struct role_options *filled, uint32_t index)
{
    filled->attach_list[index] = fab_demo_control_path(folder, role, filled->attach[index]);
}

enum myc_status
fab_demo_role_start(const struct fab_demo_role *role, const struct fab_demo_place *place,
                    const struct market_demo_options *demo, struct myc_node **node)
{
    struct role_options filled = { 0 };
    struct myc_node_options options = {
        .size = sizeof(options),
        .node_id = role->node_id,
        .lcore_count = role->lcore_count,
        .ports = filled.ports,
        .peers = filled.peers,
        .port_count = fill_ends(role, place->folder, &filled),
        .control_socket = fab_demo_control_path(place->folder, role->name, filled.control),
        .attach_count = role->attach != NULL,
    };
    struct fab_eal_wish wish = {
        .memory_mb = MEMORY_MB * role->lcore_count,
        .is_no_huge = place->is_no_huge,
        .lcore_count = role->lcore_count,
        .cpus = filled.cpus,
        .vdevs = filled.vdev_list,
        .vdev_count = options.port_count,
    };
    enum myc_status status;

    options.peer_count = options.port_count;
    fill_lcores(role->first_cpu, role->lcore_count, &filled);
    if (role->attach)
        fill_attach(place->folder, role->attach, &filled, 0);
    status = start_node(role->name, &options, &filled, &wish, node);
    return status != MYC_OK ? status : spawn_actors(role, demo, *node);
}

enum myc_status
fab_demo_console_start(const struct fab_demo_place *place, struct myc_node **node)
{
    struct role_options filled = { 0 };
    struct myc_node_options options = {
        .size = sizeof(options),
        .node_id = CONSOLE_NODE_ID,
        .lcore_count = 1,
        .attach_count = FAB_DEMO_ROLE_COUNT,
    };
    struct fab_eal_wish wish = {
        .memory_mb = MEMORY_MB,
        .is_no_huge = place->is_no_huge,
        .lcore_count = 1,
        .cpus = filled.cpus,
    };

    fill_lcores(0, 1, &filled);
    filled.lcores[0].idle = MYC_IDLE_SLEEP;
    for (uint32_t i = 0; i < FAB_DEMO_ROLE_COUNT; i++)
        fill_attach(place->folder, fab_demo_roles[i].name, &filled, i);
    return start_node("console", &options, &filled, &wish, node);
}

bool
fab_demo_has_hugepages(void)
{
    return fab_eal_has_hugepages((fab_demo_lcore_total() + 1) * MEMORY_MB + SEGMENTS_MB);
}
