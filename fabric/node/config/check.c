/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a schema cannot say: ranges, names that are given twice, addresses, and references from one
 * part of the file to another. Whether this machine has what is asked for comes later (eal.c).
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "env/fault.h"
#include "node/config/config.h"
#include "node/options.h"

#define MTU_MIN        1280
#define MTU_MAX        9000
#define VLAN_ID_MAX    4094
#define DESCRIPTOR_MIN 64
#define DESCRIPTOR_MAX 32768
#define MEMORY_MB_MIN  64
#define TIME_US_MAX    60000000U

/* A number that may be left out (0), but not out of its range when it is given. */
struct range {
    const char *key;
    uint64_t value;
    uint64_t min;
    uint64_t max;
};

static enum myc_status
check_ranges(struct fab_yaml *yaml, const char *prefix, const struct range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct range *range = &ranges[i];
        char path[FAB_YAML_PATH_SIZE];

        if (range->value >= range->min && range->value <= range->max)
            continue;
        snprintf(path, sizeof(path), "%s%s", prefix, range->key);
        if (fab_yaml_lookup(yaml, path))
            return fab_yaml_refuse(yaml, path, "is %llu; choose %llu to %llu",
                                   (unsigned long long)range->value, (unsigned long long)range->min,
                                   (unsigned long long)range->max);
    }
    return MYC_OK;
}

static enum myc_status
check_node(struct fab_yaml *yaml, const struct fab_config_file *file)
{
    const struct range ranges[] = {
        { "node.id", file->node.id, 1, FAB_NODE_ID_MAX },
        { "eal.memory_mb", file->eal.memory_mb, MEMORY_MB_MIN, 1U << 20 },
    };

    return check_ranges(yaml, "", ranges, FAB_COUNT_OF(ranges));
}

static enum myc_status
check_limits(struct fab_yaml *yaml, const struct fab_config_file *file)
{
    const struct fab_file_limits *limits = &file->limits;
    const struct range ranges[] = {
        { "limits.actors_max", limits->actors_max, 1, 16777215 },
        { "limits.messages_max", limits->messages_max, 64, 1U << 30 },
        { "limits.state_mb_max", limits->state_mb_max, 1, 1U << 20 },
        { "limits.timers_max", limits->timers_max, 1, 1U << 24 },
        { "limits.asks_max", limits->asks_max, 1, 1U << 24 },
        { "limits.monitors_max", limits->monitors_max, 1, 1U << 24 },
        { "limits.names_max", limits->names_max, 1, 1U << 24 },
        { "limits.buffers_max", limits->buffers_max, 1, 1U << 20 },
        { "limits.heap_mb_max", limits->heap_mb_max, 2, 1U << 12 },
        { "limits.lent_mb_max", limits->lent_mb_max, 1, 1U << 12 },
        { "limits.ring_slots", limits->ring_slots, 64, 65536 },
        { "limits.flow_window_bytes", limits->flow_window_bytes, 16384, 1U << 30 },
        { "limits.peer_lcores_max", limits->peer_lcores_max, 1, FAB_LCORES_MAX },
        { "times.keepalive_us", file->times.keepalive_us, 100, TIME_US_MAX },
        { "times.down_after_us", file->times.down_after_us, 1000, TIME_US_MAX },
        { "times.stall_report_us", file->times.stall_report_us, 200, UINT32_MAX },
        { "times.stall_limit_ms", file->times.stall_limit_ms, 1, UINT32_MAX },
    };

    if (limits->ring_slots & (limits->ring_slots - 1))
        return fab_yaml_refuse(yaml, "limits.ring_slots", "is %u; choose a power of two",
                               limits->ring_slots);
    return check_ranges(yaml, "", ranges, FAB_COUNT_OF(ranges));
}

/* Whether text is an address, of IPv4 or IPv6. */
static bool
is_address(const char *text)
{
    struct in6_addr binary;

    return inet_pton(AF_INET, text, &binary) == 1 || inet_pton(AF_INET6, text, &binary) == 1;
}

/* Whether text is ADDRESS/PREFIX. */
static bool
is_network(const char *text)
{
    char address[INET6_ADDRSTRLEN];
    const char *slash = strchr(text, '/');
    struct in6_addr binary;
    int bits_max;
    long bits;
    char *end;

    if (!slash || (size_t)(slash - text) >= sizeof(address))
        return false;
    memcpy(address, text, (size_t)(slash - text));
    address[slash - text] = '\0';
    bits_max = inet_pton(AF_INET, address, &binary) == 1    ? 32
               : inet_pton(AF_INET6, address, &binary) == 1 ? 128
                                                            : -1;
    bits = strtol(slash + 1, &end, 10);
    return slash[1] >= '0' && slash[1] <= '9' && *end == '\0' && bits <= bits_max;
}

static enum myc_status
check_lcore(struct fab_yaml *yaml, const struct fab_config_file *file, const char *prefix,
            uint8_t lcore)
{
    char path[FAB_YAML_PATH_SIZE];

    if (lcore < file->eal.lcores_count)
        return MYC_OK;
    snprintf(path, sizeof(path), "%slcore", prefix);
    return fab_yaml_refuse(yaml, path,
                           "is %u, but eal.lcores has %u entries; choose 0 to %u, or add an lcore",
                           lcore, file->eal.lcores_count, file->eal.lcores_count - 1);
}

static enum myc_status
check_port_texts(struct fab_yaml *yaml, const struct fab_file_port *port, const char *prefix)
{
    char path[FAB_YAML_PATH_SIZE];

    if (port->name[strspn(port->name, "abcdefghijklmnopqrstuvwxyz0123456789_")] != '\0') {
        snprintf(path, sizeof(path), "%sname", prefix);
        return fab_yaml_refuse(yaml, path, "is %s; use the characters a-z, 0-9 and _", port->name);
    }
    if (port->address && !is_network(port->address)) {
        snprintf(path, sizeof(path), "%saddress", prefix);
        return fab_yaml_refuse(yaml, path, "is %s; write ADDRESS/PREFIX, such as 10.0.0.1/24",
                               port->address);
    }
    if (port->gateway && (!is_address(port->gateway) || !port->address)) {
        snprintf(path, sizeof(path), "%sgateway", prefix);
        return fab_yaml_refuse(yaml, path, "%s",
                               port->address ? "is no address; write one, such as 10.0.0.254"
                                             : "needs an address beside it; add `address`");
    }
    return MYC_OK;
}

/* A port is the node's, as a profile says, or borrowed of the primary process. */
static enum myc_status
check_owner(struct fab_yaml *yaml, const struct fab_config_file *file, uint32_t index)
{
    const struct fab_file_port *port = &file->ports[index];
    bool has_numbers = port->rx_descriptors || port->tx_descriptors || port->mbuf_count;
    char path[FAB_YAML_PATH_SIZE];

    snprintf(path, sizeof(path), "ports[%u]", index);
    if (!port->profile == !port->borrowed)
        return fab_yaml_refuse(yaml, path, "%s",
                               port->profile ? "has a profile and is borrowed; drop one of the two"
                                             : "has no profile; add it, or borrow the port");
    snprintf(path, sizeof(path), "ports[%u].device", index);
    if (port->borrowed && fab_yaml_lookup(yaml, path))
        return fab_yaml_refuse(yaml, path, "goes with a profile; name the device in `borrowed`");
    snprintf(path, sizeof(path), "ports[%u].%s", index, port->profile ? "profile" : "borrowed");
    if (file->eal.is_secondary != (port->borrowed != NULL))
        return fab_yaml_refuse(
            yaml, path, "%s",
            port->borrowed ? "is for a secondary process; say is_secondary in eal, or give "
                             "the port a profile"
                           : "makes a port, which a secondary process cannot; borrow one of "
                             "the primary's");
    if (port->borrowed && has_numbers)
        return fab_yaml_refuse(
            yaml, path,
            "leaves descriptors and buffers to the primary; drop rx_descriptors, "
            "tx_descriptors and mbuf_count");
    if (port->borrowed && port->steering != MYC_STEERING_BEST)
        return fab_yaml_refuse(yaml, path,
                               "has the one queue that is lent; drop steering, or say is_steered "
                               "in borrowed");
    if (port->borrowed && port->borrowed->is_steered && !port->address)
        return fab_yaml_refuse(yaml, path,
                               "is_steered needs an address to steer by; add `address`");
    return MYC_OK;
}

/* `key`: "rx_fault" or "tx_fault". */
static enum myc_status
check_fault(struct fab_yaml *yaml, const char *prefix, const char *key,
            const struct myc_wire_fault *fault)
{
    const char *problem = fab_wire_fault_check(fault);
    char path[FAB_YAML_PATH_SIZE];

    if (!problem)
        return MYC_OK;
    snprintf(path, sizeof(path), "%s%s", prefix, key);
    return fab_yaml_refuse(yaml, path, "%s", problem);
}

static enum myc_status
check_port(struct fab_yaml *yaml, const struct fab_config_file *file, uint32_t index)
{
    const struct fab_file_port *port = &file->ports[index];
    const struct range ranges[] = {
        { "udp_port_base", port->udp_port_base, 1024, 65535 - file->eal.lcores_count + 1 },
        { "mtu_bytes", port->mtu_bytes, MTU_MIN, MTU_MAX },
        { "vlan_id", port->vlan_id, 1, VLAN_ID_MAX },
        { "rx_descriptors", port->rx_descriptors, DESCRIPTOR_MIN, DESCRIPTOR_MAX },
        { "tx_descriptors", port->tx_descriptors, DESCRIPTOR_MIN, DESCRIPTOR_MAX },
        { "mbuf_count", port->mbuf_count, 512, 1U << 24 },
    };
    enum myc_status status;
    char prefix[32];

    snprintf(prefix, sizeof(prefix), "ports[%u].", index);
    status = check_owner(yaml, file, index);
    if (status == MYC_OK)
        status = check_port_texts(yaml, port, prefix);
    if (status == MYC_OK)
        status = check_ranges(yaml, prefix, ranges, FAB_COUNT_OF(ranges));
    if (status == MYC_OK)
        status = check_lcore(yaml, file, prefix, port->lcore);
    if (status == MYC_OK)
        status = check_fault(yaml, prefix, "rx_fault", &port->rx_fault);
    if (status == MYC_OK)
        status = check_fault(yaml, prefix, "tx_fault", &port->tx_fault);
    for (uint32_t i = 0; status == MYC_OK && i < index; i++) {
        char path[FAB_YAML_PATH_SIZE];

        snprintf(path, sizeof(path), "%sname", prefix);
        if (strcmp(file->ports[i].name, port->name) == 0)
            status = fab_yaml_refuse(yaml, path, "%s is the name of ports[%u]; choose another",
                                     port->name, i);
    }
    return status;
}

static const struct fab_file_port *
find_port(const struct fab_config_file *file, const char *name)
{
    for (uint32_t i = 0; i < file->ports_count; i++)
        if (name ? strcmp(file->ports[i].name, name) == 0 : file->ports[i].address != NULL)
            return &file->ports[i];
    return NULL;
}

/* The way over a second port (A/B). */
static enum myc_status
check_second_path(struct fab_yaml *yaml, const struct fab_config_file *file, uint32_t index)
{
    const struct fab_file_peer *peer = &file->peers[index];
    const struct fab_file_port *port = peer->port_b ? find_port(file, peer->port_b) : NULL;
    char path[FAB_YAML_PATH_SIZE];

    snprintf(path, sizeof(path), "peers[%u].address_b", index);
    if (!peer->address_b)
        return fab_yaml_refuse(yaml, path, "is missing; port_b needs the peer's address there");
    if (!is_address(peer->address_b))
        return fab_yaml_refuse(yaml, path, "is %s; write an address without prefix",
                               peer->address_b);
    snprintf(path, sizeof(path), "peers[%u].port_b", index);
    if (!port || !port->address)
        return fab_yaml_refuse(yaml, path, "give a port of ports that has an address");
    if (port <= find_port(file, peer->port))
        return fab_yaml_refuse(
            yaml, path, "is %s; give another port, behind the first way's in ports", port->name);
    return MYC_OK;
}

static enum myc_status
check_peer(struct fab_yaml *yaml, const struct fab_config_file *file, uint32_t index)
{
    const struct fab_file_peer *peer = &file->peers[index];
    const struct fab_file_port *port = find_port(file, peer->port);
    const struct range ranges[] = {
        { "node_id", peer->node_id, 1, FAB_NODE_ID_MAX },
        { "udp_port_base", peer->udp_port_base, 1024, 65535 },
        { "udp_port_base_b", peer->udp_port_base_b, 1024, 65535 },
    };
    enum myc_status status;
    char prefix[32];
    char path[FAB_YAML_PATH_SIZE];

    snprintf(prefix, sizeof(prefix), "peers[%u].", index);
    status = check_ranges(yaml, prefix, ranges, FAB_COUNT_OF(ranges));
    if (status != MYC_OK)
        return status;
    snprintf(path, sizeof(path), "%snode_id", prefix);
    if (peer->node_id == file->node.id)
        return fab_yaml_refuse(yaml, path, "is our own id, %u; give the other node's",
                               peer->node_id);
    for (uint32_t i = 0; i < index; i++)
        if (file->peers[i].node_id == peer->node_id)
            return fab_yaml_refuse(yaml, path, "%u is peers[%u] already; keep one", peer->node_id,
                                   i);
    snprintf(path, sizeof(path), "%saddress", prefix);
    if (!is_address(peer->address))
        return fab_yaml_refuse(yaml, path, "is %s; write an address without prefix", peer->address);
    snprintf(path, sizeof(path), "%ssecurity_key_file", prefix);
    if (peer->security != MYC_SECURITY_OFF && !peer->security_key_file)
        return fab_yaml_refuse(yaml, path,
                               "is missing; security needs a file with 64 hexadecimal digits, as "
                               "openssl rand -hex 32 prints them");
    if (peer->security == MYC_SECURITY_OFF && peer->security_key_file)
        return fab_yaml_refuse(yaml, path, "is not used; say security: auth or encrypt as well");
    snprintf(path, sizeof(path), "%sport", prefix);
    if (!port)
        return fab_yaml_refuse(yaml, path, "%s%s; give a port of ports that has an address",
                               peer->port ? "there is no port called " : "no port has an address",
                               peer->port ? peer->port : "");
    if (!port->address)
        return fab_yaml_refuse(yaml, path, "port %s has no address; give it one", port->name);
    return peer->address_b || peer->port_b ? check_second_path(yaml, file, index) : MYC_OK;
}

static enum myc_status
check_actor(struct fab_yaml *yaml, const struct fab_config_file *file, uint32_t index)
{
    const struct fab_file_actor *actor = &file->actors[index];
    const struct range ranges[] = {
        { "mailbox_messages_max", actor->mailbox_messages_max, 1, 1U << 24 },
    };
    enum myc_status status;
    char prefix[32];
    char path[FAB_YAML_PATH_SIZE];

    snprintf(prefix, sizeof(prefix), "actors[%u].", index);
    snprintf(path, sizeof(path), "%sname", prefix);
    for (uint32_t i = 0; actor->name && i < index; i++)
        if (file->actors[i].name && strcmp(file->actors[i].name, actor->name) == 0)
            return fab_yaml_refuse(yaml, path, "%s is the name of actors[%u]; choose another",
                                   actor->name, i);
    status = check_ranges(yaml, prefix, ranges, FAB_COUNT_OF(ranges));
    return status == MYC_OK ? check_lcore(yaml, file, prefix, actor->lcore) : status;
}

static enum myc_status
check_segments(struct fab_yaml *yaml, const struct fab_config_file *file)
{
    const char *mode = file->segments.control_socket_mode;

    if (!mode)
        return fab_config_check_allow(yaml, file);
    if (mode[strspn(mode, "01234567")] != '\0' || strtoul(mode, NULL, 8) == 0 ||
        strtoul(mode, NULL, 8) > 0777)
        return fab_yaml_refuse(yaml, "segments.control_socket_mode",
                               "is %s; write a file mode in quotes, such as \"0600\"", mode);
    return fab_config_check_allow(yaml, file);
}

enum myc_status
fab_config_check(struct fab_yaml *yaml, const struct fab_config_file *file)
{
    enum myc_status status;

    if ((status = check_node(yaml, file)) != MYC_OK ||
        (status = check_limits(yaml, file)) != MYC_OK ||
        (status = check_segments(yaml, file)) != MYC_OK)
        return status;
    for (uint32_t i = 0; status == MYC_OK && i < file->ports_count; i++)
        status = check_port(yaml, file, i);
    for (uint32_t i = 0; status == MYC_OK && i < file->peers_count; i++)
        status = check_peer(yaml, file, i);
    for (uint32_t i = 0; status == MYC_OK && i < file->actors_count; i++)
        status = check_actor(yaml, file, i);
    return status;
}
