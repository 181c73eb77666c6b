/* SPDX-License-Identifier: BSD-3-Clause */
/* From a config's file, checked, to the options of the public API. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/config/config.h"

#define STALL_REPORT_US_DEFAULT 100000U
#define STALL_LIMIT_MS_DEFAULT  30000U

static enum myc_status
fill_lcores(struct fab_config *config)
{
    const struct fab_file_eal *eal = &config->file->eal;

    config->lcores = calloc(eal->lcores_count, sizeof(config->lcores[0]));
    if (!config->lcores)
        return MYC_NO_MEMORY;
    for (uint32_t i = 0; i < eal->lcores_count; i++) {
        config->lcores[i].eal_lcore = fab_config_lcore(config, i);
        config->lcores[i].idle = eal->lcores[i].idle;
    }
    config->options.lcores = config->lcores;
    config->options.lcore_count = eal->lcores_count;
    return MYC_OK;
}

/* What the profile says, unless the file does. */
static void
follow_profile(const struct fab_config *config, uint32_t index, struct myc_port_options *port)
{
    const struct fab_port_profile *profile = config->profiles[index];

    port->device = config->devices[index].name;
    port->offload_checksums = profile->can_offload_checksums;
    if (profile->steering == FAB_STEERING_NONE && port->steering == MYC_STEERING_BEST)
        port->steering = MYC_STEERING_SOFTWARE;
    if (port->mtu == 0)
        port->mtu = profile->mtu_bytes;
    if (port->rx_descriptors == 0)
        port->rx_descriptors = profile->rx_descriptors;
    if (port->tx_descriptors == 0)
        port->tx_descriptors = profile->tx_descriptors;
    if (port->mbuf_count == 0)
        port->mbuf_count = profile->mbuf_count;
}

static void
borrow(struct fab_config *config, uint32_t index, struct myc_port_options *port)
{
    const struct fab_file_borrowed *borrowed = config->file->ports[index].borrowed;

    config->borrowed[index] = (struct myc_borrowed_port){
        .rx_queue = borrowed->rx_queue,
        .tx_queue = borrowed->tx_queue,
        .mempool = borrowed->mempool,
        .is_steered = borrowed->is_steered,
    };
    port->device = borrowed->device;
    port->offload_checksums = true; /* if the primary has configured that */
    port->borrowed = &config->borrowed[index];
}

static enum myc_status
fill_ports(struct fab_config *config)
{
    uint32_t count = config->file->ports_count;

    config->ports = calloc(count + 1, sizeof(config->ports[0]));
    config->borrowed = calloc(count + 1, sizeof(config->borrowed[0]));
    if (!config->ports || !config->borrowed)
        return MYC_NO_MEMORY;
    for (uint32_t i = 0; i < count; i++) {
        const struct fab_file_port *port = &config->file->ports[i];

        config->ports[i] = (struct myc_port_options){
            .name = port->name,
            .address = port->address,
            .gateway = port->gateway,
            .vlan_id = port->vlan_id,
            .udp_port_base = port->udp_port_base,
            .mtu = port->mtu_bytes,
            .lcore = port->lcore,
            .steering = port->steering,
            .rx_descriptors = port->rx_descriptors,
            .tx_descriptors = port->tx_descriptors,
            .mbuf_count = port->mbuf_count,
            .rx_fault = &port->rx_fault,
            .tx_fault = &port->tx_fault,
        };
        if (port->borrowed)
            borrow(config, i, &config->ports[i]);
        else
            follow_profile(config, i, &config->ports[i]);
    }
    config->options.ports = config->ports;
    config->options.port_count = count;
    return MYC_OK;
}

/* A path of the config, which starts from the config's folder; NULL when memory is used up. */
static char *
path_from(const char *folder, const char *path)
{
    char *joined = NULL;

    if (*path == '/')
        return strdup(path);
    return asprintf(&joined, "%s/%s", folder, path) < 0 ? NULL : joined;
}

static enum myc_status
fill_peers(struct fab_config *config)
{
    uint32_t count = config->file->peers_count;

    config->peers = calloc(count + 1, sizeof(config->peers[0]));
    config->key_files = calloc(count + 1, sizeof(config->key_files[0]));
    if (!config->peers || !config->key_files)
        return MYC_NO_MEMORY;
    for (uint32_t i = 0; i < count; i++) {
        const struct fab_file_peer *peer = &config->file->peers[i];

        if (peer->security_key_file) {
            config->key_files[i] = path_from(config->folder, peer->security_key_file);
            if (!config->key_files[i])
                return MYC_NO_MEMORY;
        }
        config->peers[i] = (struct myc_peer_options){
            .node_id = peer->node_id,
            .address = peer->address,
            .udp_port_base = peer->udp_port_base,
            .port = peer->port,
            .address_b = peer->address_b,
            .udp_port_base_b = peer->udp_port_base_b,
            .port_b = peer->port_b,
            .security = peer->security,
            .security_key_file = config->key_files[i],
        };
    }
    config->options.peers = config->peers;
    config->options.peer_count = count;
    return MYC_OK;
}

static enum myc_status
fill_actors(struct fab_config *config)
{
    uint32_t count = config->file->actors_count;

    config->actors = calloc(count + 1, sizeof(config->actors[0]));
    if (!config->actors)
        return MYC_NO_MEMORY;
    config->actor_count = count;
    for (uint32_t i = 0; i < count; i++) {
        const struct fab_file_actor *actor = &config->file->actors[i];

        config->actors[i] = (struct fab_config_actor){
            .class_name = actor->class_name,
            .lcore = actor->lcore,
            .spawn = {
                .size = sizeof(struct myc_spawn_options),
                .args = actor->args,
                .args_size = actor->args ? strlen(actor->args) : 0,
                .name = actor->name,
                .mailbox_max = actor->mailbox_messages_max,
                .overflow = actor->overflow,
            },
        };
        if (!actor->library)
            continue;
        config->actors[i].library = path_from(config->folder, actor->library);
        if (!config->actors[i].library)
            return MYC_NO_MEMORY;
    }
    return MYC_OK;
}

static struct myc_limits
limits_of(const struct fab_file_limits *limits)
{
    return (struct myc_limits){
        .actors_max = limits->actors_max,
        .messages_max = limits->messages_max,
        .state_bytes_max = (uint64_t)limits->state_mb_max << 20,
        .timers_max = limits->timers_max,
        .asks_max = limits->asks_max,
        .monitors_max = limits->monitors_max,
        .names_max = limits->names_max,
        .buffers_max = limits->buffers_max,
        .heap_bytes_max = (uint64_t)limits->heap_mb_max << 20,
        .lent_bytes_max = (uint64_t)limits->lent_mb_max << 20,
        .ring_slots = limits->ring_slots,
        .flow_window_bytes = limits->flow_window_bytes,
        .peer_lcores_max = limits->peer_lcores_max,
    };
}

static uint32_t
or_default(uint32_t given, uint32_t otherwise)
{
    return given ? given : otherwise;
}

enum myc_status
fab_config_options(struct fab_config *config)
{
    const struct fab_config_file *file = config->file;
    struct myc_node_options *options = &config->options;
    enum myc_status status;

    options->size = sizeof(*options);
    options->node_id = file->node.id;
    options->name = file->node.name;
    options->control_socket = file->segments.control_socket;
    if (file->segments.control_socket_mode)
        options->control_socket_mode =
            (uint32_t)strtoul(file->segments.control_socket_mode, NULL, 8);
    options->attach = (const char *const *)file->segments.attach;
    options->attach_count = file->segments.attach_count;
    options->exported = (const char *const *)file->exported;
    options->exported_count = file->exported_count;
    options->limits = limits_of(&file->limits);
    options->keepalive_us = file->times.keepalive_us;
    options->down_after_us = file->times.down_after_us;
    options->guards_faults = file->faults.is_guarded;
    options->stall_report_us = or_default(file->times.stall_report_us, STALL_REPORT_US_DEFAULT);
    options->stall_limit_ms = or_default(file->times.stall_limit_ms, STALL_LIMIT_MS_DEFAULT);
    if ((status = fill_lcores(config)) != MYC_OK || (status = fill_ports(config)) != MYC_OK ||
        (status = fill_peers(config)) != MYC_OK || (status = fab_config_allow(config)) != MYC_OK)
        return status;
    return fill_actors(config);
}
