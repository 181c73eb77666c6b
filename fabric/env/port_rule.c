/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rules (rte_flow) that steer our datagrams to a queue of ours.
 *
 * One for each UDP port. Of a borrowed port, so that nothing else of the program's traffic can
 * match: ARP, neighbour discovery and echoes stay with the program, which offers them. A rule is
 * validated and created by itself, kept by its handle, and destroyed by it: rte_flow_flush would
 * take the program's, too.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_errno.h>
#include <rte_flow.h>

#include "base/assert.h"
#include "base/log.h"
#include "env/eal.h"
#include "env/port_state.h"

#define ITEMS_MAX    5U
#define VLAN_ID_MASK 0x0fffU

/* A rule as rte_flow wants it; the items point into it. */
struct pattern {
    struct rte_flow_item_vlan vlan, vlan_mask;
    struct rte_flow_item_ipv4 v4, v4_mask;
    struct rte_flow_item_ipv6 v6, v6_mask;
    struct rte_flow_item_udp udp, udp_mask;
    struct rte_flow_item items[ITEMS_MAX];
    unsigned count;
};

static void
add_item(struct pattern *pattern, enum rte_flow_item_type type, const void *spec, const void *mask)
{
    pattern->items[pattern->count++] =
        (struct rte_flow_item){ .type = type, .spec = spec, .mask = mask };
}

static void
add_target(struct pattern *pattern, const struct fab_ip *target)
{
    if (target->family == FAB_IP_V4) {
        memcpy(&pattern->v4.hdr.dst_addr, target->bytes, sizeof(pattern->v4.hdr.dst_addr));
        memset(&pattern->v4_mask.hdr.dst_addr, 0xff, sizeof(pattern->v4_mask.hdr.dst_addr));
        add_item(pattern, RTE_FLOW_ITEM_TYPE_IPV4, &pattern->v4, &pattern->v4_mask);
        return;
    }
    memcpy(pattern->v6.hdr.dst_addr, target->bytes, sizeof(pattern->v6.hdr.dst_addr));
    memset(pattern->v6_mask.hdr.dst_addr, 0xff, sizeof(pattern->v6_mask.hdr.dst_addr));
    add_item(pattern, RTE_FLOW_ITEM_TYPE_IPV6, &pattern->v6, &pattern->v6_mask);
}

static void
make_pattern(struct pattern *pattern, const struct fab_port_rule *rule)
{
    memset(pattern, 0, sizeof(*pattern));
    add_item(pattern, RTE_FLOW_ITEM_TYPE_ETH, NULL, NULL);
    if (rule->vlan_id) {
        pattern->vlan.tci = rte_cpu_to_be_16(rule->vlan_id);
        pattern->vlan_mask.tci = rte_cpu_to_be_16(VLAN_ID_MASK);
        add_item(pattern, RTE_FLOW_ITEM_TYPE_VLAN, &pattern->vlan, &pattern->vlan_mask);
    }
    add_target(pattern, &rule->target);
    pattern->udp.hdr.dst_port = rte_cpu_to_be_16(rule->udp_port);
    pattern->udp_mask.hdr.dst_port = UINT16_MAX;
    add_item(pattern, RTE_FLOW_ITEM_TYPE_UDP, &pattern->udp, &pattern->udp_mask);
    add_item(pattern, RTE_FLOW_ITEM_TYPE_END, NULL, NULL);
}

static const char *
advice(const struct fab_port *port)
{
    if (!port->is_borrowed)
        return "free a rule of the card, or use steering: best, which hands on what no rule steers";
    return fab_eal_is_secondary()
               ? "few drivers take rules from a secondary process: have the primary steer this "
                 "UDP port to the queue, and leave is_steered out"
               : "free a rule of the card, or give no rx_queue and offer frames (myc_rx_offer)";
}

static enum myc_status
refuse(const struct fab_port *port, const struct fab_port_rule *rule, int result,
       const struct rte_flow_error *why, char *error, size_t error_size)
{
    snprintf(error, error_size, "port '%s' (%s) takes no rule for UDP port %u to queue %u: %s; %s",
             port->info.device, port->info.driver, rule->udp_port,
             port->queues[rule->queue].rx_queue,
             why->message ? why->message : rte_strerror(fab_port_cause(result)), advice(port));
    return fab_port_status(result);
}

enum myc_status
fab_port_add_rule(struct fab_port *port, const struct fab_port_rule *rule, char *error,
                  size_t error_size)
{
    const struct rte_flow_attr ingress = { .ingress = 1 };
    const struct rte_flow_action_queue queue = { .index = port->queues[rule->queue].rx_queue };
    const struct rte_flow_action actions[] = {
        { .type = RTE_FLOW_ACTION_TYPE_QUEUE, .conf = &queue },
        { .type = RTE_FLOW_ACTION_TYPE_END },
    };
    struct rte_flow_error why = { 0 };
    struct pattern pattern;
    struct rte_flow *made;
    int result;

    FAB_ASSERT(port->info.is_steered && port->rule_count < FAB_PORT_RULES_MAX);
    FAB_ASSERT(rule->queue < port->info.queue_count);
    make_pattern(&pattern, rule);
    result = rte_flow_validate(port->info.id, &ingress, pattern.items, actions, &why);
    if (result != 0)
        return refuse(port, rule, result, &why, error, error_size);
    made = rte_flow_create(port->info.id, &ingress, pattern.items, actions, &why);
    if (!made)
        return refuse(port, rule, rte_errno ? -rte_errno : -EIO, &why, error, error_size);
    port->rules[port->rule_count++] = made;
    return MYC_OK;
}

void
fab_port_remove_rules(struct fab_port *port)
{
    while (port->rule_count > 0) {
        struct rte_flow_error why = { 0 };

        if (rte_flow_destroy(port->info.id, port->rules[--port->rule_count], &why) != 0)
            fab_log(FAB_LOG_ERROR, "port '%s': a rule of ours stays in the card: %s",
                    port->info.device, why.message ? why.message : rte_strerror(rte_errno));
    }
}
