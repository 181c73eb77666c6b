/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How a port of ours with several queues puts frames into the queue of their lcore.
 *
 *      rules   rte_flow, one for each UDP port (port_rule.c); what none matches comes by queue 0
 *      hash    RSS over addresses and ports: we know key and table, and ask each peer to send from
 *              a UDP port with which its frames fall to the right queue
 *      software   one queue: whoever polls it hands frames on
 *
 * Rules are tried first, because with them it is of no matter where frames come from. The card may
 * only be asked once it is configured, and is configured anew for the next way if it cannot. Where
 * it then puts frames is never relied on: what comes by another queue is handed on, and counted.
 */
#include <stdlib.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_flow.h>
#include <rte_ip.h>
#include <rte_thash.h>

#include "base/log.h"
#include "env/port_state.h"

#define HASHED (RTE_ETH_RSS_NONFRAG_IPV4_UDP | RTE_ETH_RSS_NONFRAG_IPV6_UDP)
/* Words of 32 bits that are hashed: addresses, and both ports. */
#define V4_WORDS   3U
#define V6_WORDS   9U
#define RETA_GROUP 64U /* RTE_ETH_RETA_GROUP_SIZE, as of DPDK 22.11 */
/* Ports that a source port is chosen from. */
#define SOURCES (UINT16_MAX - FAB_PORT_SOURCE_MIN + 1U)

static const char *
name_of(enum myc_steering steering)
{
    static const char *const names[] = { "best", "rte_flow", "rss", "software" };

    return names[steering];
}

const char *
fab_port_steering_name(const struct fab_port *port)
{
    return name_of(port->info.steering);
}

/* Not what it answers, which is that nothing matches nothing, but whether it knows rules at all. */
static bool
knows_rules(uint16_t id)
{
    const struct rte_flow_attr ingress = { .ingress = 1 };
    const struct rte_flow_item nothing = { .type = RTE_FLOW_ITEM_TYPE_END };
    const struct rte_flow_action none = { .type = RTE_FLOW_ACTION_TYPE_END };
    struct rte_flow_error why;

    return rte_flow_validate(id, &ingress, &nothing, &none, &why) != -ENOSYS;
}

uint64_t
fab_port_hashed(const struct fab_port_opening *opening)
{
    bool is_hashed = opening->port->info.steering == MYC_STEERING_RSS;

    return is_hashed ? opening->device->flow_type_rss_offloads & HASHED : 0;
}

/* Configures the port with several queues and this way of finding them. */
static enum myc_status
try_way(struct fab_port_opening *opening, enum myc_steering way)
{
    const struct fab_port_options *options = opening->options;
    const struct rte_eth_dev_info *device = opening->device;
    struct fab_port_info *info = &opening->port->info;
    uint16_t most = device->max_rx_queues < device->max_tx_queues ? device->max_rx_queues
                                                                  : device->max_tx_queues;
    enum myc_status status;

    info->steering = way;
    info->queue_count = options->queue_count < most ? options->queue_count : most;
    if (info->queue_count < 2)
        return FAB_REFUSE(options, MYC_UNSUPPORTED,
                          "port '%s' (%s) has one queue, and steering '%s' needs one for each "
                          "lcore: give the device more, or use steering: software",
                          info->device, info->driver, name_of(way));
    if (way == MYC_STEERING_RSS && fab_port_hashed(opening) == 0)
        return FAB_REFUSE(options, MYC_UNSUPPORTED,
                          "port '%s' (%s) has no RSS over UDP ports: use steering: software",
                          info->device, info->driver);
    status = fab_port_configure(opening);
    if (status == MYC_OK && way == MYC_STEERING_RTE_FLOW && !knows_rules(info->id))
        return FAB_REFUSE(options, MYC_UNSUPPORTED,
                          "port '%s' (%s) knows no rules (rte_flow): use steering: rss, or "
                          "software",
                          info->device, info->driver);
    return status;
}

enum myc_status
fab_port_configure_queues(struct fab_port_opening *opening)
{
    static const enum myc_steering ways[] = { MYC_STEERING_RTE_FLOW, MYC_STEERING_RSS };
    const struct fab_port_options *options = opening->options;
    struct fab_port_info *info = &opening->port->info;
    bool is_best = options->steering == MYC_STEERING_BEST;

    info->may_steer_less = is_best;
    for (size_t i = 0; i < FAB_COUNT_OF(ways) && options->queue_count > 1; i++) {
        enum myc_status status;

        if (!is_best && options->steering != ways[i])
            continue;
        status = try_way(opening, ways[i]);
        if (status == MYC_OK || !is_best)
            return status;
    }
    info->steering = MYC_STEERING_SOFTWARE;
    info->queue_count = 1;
    return fab_port_configure(opening);
}

/* --- the hash --------------------------------------------------------------------------------- */

static bool
read_key(struct fab_port *port)
{
    struct rte_eth_rss_conf conf = { .rss_key = port->hash.key,
                                     .rss_key_len = sizeof(port->hash.key) };

    return rte_eth_dev_rss_hash_conf_get(port->info.id, &conf) == 0 && (conf.rss_hf & HASHED) != 0;
}

static bool
read_table(struct fab_port *port, uint16_t size)
{
    struct rte_eth_rss_reta_entry64 groups[FAB_PORT_TABLE_MAX / RETA_GROUP];

    if (size == 0 || size > FAB_PORT_TABLE_MAX)
        return false;
    for (uint32_t i = 0; i < FAB_COUNT_OF(groups); i++)
        groups[i].mask = UINT64_MAX;
    if (rte_eth_dev_rss_reta_query(port->info.id, groups, size) != 0)
        return false;
    for (uint32_t i = 0; i < size; i++)
        port->hash.table[i] = groups[i / RETA_GROUP].reta[i % RETA_GROUP];
    port->hash.table_size = size;
    return true;
}

enum myc_status
fab_port_start_steering(struct fab_port_opening *opening)
{
    struct fab_port *port = opening->port;
    const struct fab_port_info *info = &port->info;

    if (info->steering != MYC_STEERING_RSS ||
        (read_key(port) && read_table(port, opening->device->reta_size)))
        return MYC_OK;
    port->hash.table_size = 0;
    if (!info->may_steer_less)
        return FAB_REFUSE(opening->options, MYC_UNSUPPORTED,
                          "port '%s' (%s) does not tell its RSS key and table: use steering: "
                          "software",
                          info->device, info->driver);
    fab_log(FAB_LOG_WARNING,
            "port '%s' (%s) does not tell its RSS key and table: lcores hand frames on that come "
            "by the wrong queue; steering: software may be faster",
            info->device, info->driver);
    return MYC_OK;
}

uint32_t
fab_port_hash(const struct fab_port *port, const struct fab_port_tuple *tuple)
{
    union rte_thash_tuple words;
    struct rte_ipv6_hdr header;
    uint32_t from, to;

    if (tuple->from.family == FAB_IP_V4) {
        memcpy(&from, tuple->from.bytes, sizeof(from));
        memcpy(&to, tuple->to.bytes, sizeof(to));
        words.v4.src_addr = rte_be_to_cpu_32(from);
        words.v4.dst_addr = rte_be_to_cpu_32(to);
        words.v4.sport = tuple->source_port;
        words.v4.dport = tuple->target_port;
        return rte_softrss((uint32_t *)&words, V4_WORDS, port->hash.key);
    }
    memcpy(header.src_addr, tuple->from.bytes, sizeof(header.src_addr));
    memcpy(header.dst_addr, tuple->to.bytes, sizeof(header.dst_addr));
    rte_thash_load_v6_addrs(&header, &words);
    words.v6.sport = tuple->source_port;
    words.v6.dport = tuple->target_port;
    return rte_softrss((uint32_t *)&words, V6_WORDS, port->hash.key);
}

uint16_t
fab_port_choose_source(const struct fab_port *port, const struct fab_port_tuple *tuple,
                       uint16_t queue)
{
    uint16_t size = port->hash.table_size;

    for (uint32_t i = 0; size > 0 && i < SOURCES; i++) {
        struct fab_port_tuple tried = *tuple;

        /* Begins where the target says, so that flows do not all leave from one port. */
        tried.source_port =
            (uint16_t)(FAB_PORT_SOURCE_MIN + (tuple->target_port * 257U + i) % SOURCES);
        if (port->hash.table[fab_port_hash(port, &tried) % size] == queue)
            return tried.source_port;
    }
    return 0;
}
