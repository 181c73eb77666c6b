/* SPDX-License-Identifier: BSD-3-Clause */
#include "link/flow_steer.h"

#include <stdio.h>

#include "base/log.h"
#include "link/flow_port_state.h"
#include "link/flow_queue.h"

#define ERROR_SIZE 384U

/* What no rule steers comes by the first queue of a port of ours, and not to us of a borrowed one.
 */
static bool
needs_rule(const struct fab_flow_port *port, uint8_t lcore)
{
    return fab_port_info(port->port)->is_borrowed ||
           port->ends[lcore]->queue != FAB_FLOW_QUEUE_NONE;
}

/* Our lcores have queues of their own, or one was lent to us for all. */
static uint16_t
rule_queue(const struct fab_flow_port *port, uint8_t lcore)
{
    return port->ends[lcore]->queue == FAB_FLOW_QUEUE_NONE ? port->queue : port->ends[lcore]->queue;
}

static enum myc_status
add_rule(struct fab_flow_port *port, const struct fab_flow_port_options *options, uint8_t lcore)
{
    const struct fab_port_rule rule = {
        .queue = rule_queue(port, lcore),
        .target = port->local.address,
        .vlan_id = options->vlan_id,
        .udp_port = (uint16_t)(port->udp_port_base + lcore),
    };
    char error[ERROR_SIZE] = "";
    enum myc_status status = fab_port_add_rule(port->port, &rule, error, sizeof(error));

    if (status == MYC_OK)
        return MYC_OK;
    if (!fab_port_info(port->port)->may_steer_less) {
        if (options->error)
            snprintf(options->error, options->error_size, "%s", error);
        return status;
    }
    fab_log(FAB_LOG_WARNING, "%s. Until then lcore %u hands the frames of lcore %u on", error,
            port->lcore, lcore);
    return MYC_OK;
}

enum myc_status
fab_flow_steer_add_rules(struct fab_flow_port *port, const struct fab_flow_port_options *options)
{
    enum myc_status status = MYC_OK;

    if (!fab_port_info(port->port)->is_steered)
        return MYC_OK;
    if (!port->has_address) {
        if (options->error)
            snprintf(options->error, options->error_size,
                     "port '%s': steering by rules needs an address to steer by", port->name);
        return MYC_INVALID;
    }
    for (uint8_t i = 0; i < port->lcore_count && status == MYC_OK; i++)
        if (needs_rule(port, i))
            status = add_rule(port, options, i);
    return status;
}

uint16_t
fab_flow_steer_wish(const struct fab_flow_end *end, uint32_t path)
{
    const struct fab_flow_port *port = end->port;
    const struct fab_port_tuple tuple = {
        .from = port->peers[path >> 16].address,
        .to = port->local.address,
        .target_port = (uint16_t)(port->udp_port_base + end->lcore),
    };

    if (end->queue == FAB_FLOW_QUEUE_NONE)
        return 0;
    return fab_port_choose_source(port->port, &tuple, end->queue);
}
