/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a node's config file may say, as libcyaml fills it in. deploy/examples/node.yaml shows and
 * explains every key. A key that is left out is 0 or NULL here; options.c fills in the defaults.
 */
#ifndef FAB_NODE_CONFIG_SCHEMA_H
#define FAB_NODE_CONFIG_SCHEMA_H

#include <stdbool.h>
#include <stdint.h>

#include <mycelium/node.h>

#include "node/config/document.h"

#define FAB_CONFIG_NAME_MAX   31   /* characters of a node's, port's or actor's name */
#define FAB_CONFIG_ACTORS_MAX 4096 /* actors that a config starts */

/* Ordinary memory or hugepages. */
enum fab_hugepages {
    FAB_HUGEPAGES_AUTO = 0, /* hugepages when enough are free, else ordinary pages, and a line */
    FAB_HUGEPAGES_YES,
    FAB_HUGEPAGES_NO,
};

struct fab_file_lcore {
    uint32_t cpu; /* of the operating system; several lcores may share one */
    enum myc_idle idle;
};

struct fab_file_eal {
    struct fab_file_lcore *lcores;
    uint32_t lcores_count;
    uint32_t main_cpu; /* of the thread that waits for signals; absent: the first allowed CPU */
    enum fab_hugepages hugepages;
    bool is_secondary; /* of another program's EAL, by its file_prefix */
    uint32_t memory_mb;
    char *file_prefix;
    char **arguments; /* more of them for rte_eal_init, as they are */
    uint32_t arguments_count;
};

struct fab_file_node {
    uint16_t id;
    char *name;
};

/* Of a port that the primary process owns. */
struct fab_file_borrowed {
    char *device;
    uint16_t rx_queue;
    uint16_t tx_queue;
    char *mempool;
    bool is_steered;
};

struct fab_file_port {
    char *name;
    char *profile; /* NULL: borrowed */
    struct fab_file_borrowed *borrowed;
    char *address;
    char *gateway;
    uint16_t udp_port_base;
    uint16_t mtu_bytes;
    uint16_t vlan_id;
    uint8_t lcore;
    enum myc_steering steering;
    uint16_t rx_descriptors;
    uint16_t tx_descriptors;
    uint32_t mbuf_count;
    struct myc_wire_fault rx_fault;
    struct myc_wire_fault tx_fault;
};

struct fab_file_peer {
    uint16_t node_id;
    char *address;
    uint16_t udp_port_base;
    char *port;
    enum myc_security security;
    char *security_key_file;
    char *address_b; /* the second way; NULL: none */
    uint16_t udp_port_base_b;
    char *port_b;
};

/* Who may attach; a user and a group by name or number. */
struct fab_file_allow {
    char *user;
    char *group;
    char **names;
    uint32_t names_count;
};

struct fab_file_segments {
    char *control_socket;
    char *control_socket_mode; /* octal, "0600" */
    char **attach;
    uint32_t attach_count;
    struct fab_file_allow *attach_allow;
    uint32_t attach_allow_count;
};

struct fab_file_actor {
    char *name;
    char *class_name;
    char *library;
    uint8_t lcore;
    char *args;
    uint32_t mailbox_messages_max;
    enum myc_overflow overflow;
};

struct fab_file_limits {
    uint32_t actors_max;
    uint32_t messages_max;
    uint32_t state_mb_max;
    uint32_t timers_max;
    uint32_t asks_max;
    uint32_t monitors_max;
    uint32_t names_max;
    uint32_t buffers_max;
    uint32_t heap_mb_max;
    uint32_t lent_mb_max;
    uint32_t ring_slots;
    uint32_t flow_window_bytes;
    uint32_t peer_lcores_max;
};

struct fab_file_times {
    uint32_t keepalive_us;
    uint32_t down_after_us;
    uint32_t stall_report_us;
    uint32_t stall_limit_ms;
};

struct fab_file_faults {
    bool is_guarded;
};

struct fab_config_file {
    struct fab_file_node node;
    struct fab_file_eal eal;
    struct fab_file_port *ports;
    uint32_t ports_count;
    struct fab_file_peer *peers;
    uint32_t peers_count;
    struct fab_file_segments segments;
    char **exported; /* names */
    uint32_t exported_count;
    struct fab_file_actor *actors;
    uint32_t actors_count;
    struct fab_file_limits limits;
    struct fab_file_times times;
    struct fab_file_faults faults;
};

extern const cyaml_schema_value_t fab_config_schema;

#endif
