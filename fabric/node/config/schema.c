/* SPDX-License-Identifier: BSD-3-Clause */
#include "node/config/schema.h"

#include "node/options.h"

#include <mycelium/name.h>

#define TEXT_MAX      512
#define ARGUMENTS_MAX 64

static const cyaml_strval_t idles[] = {
    { "auto", MYC_IDLE_AUTO },   { "busy", MYC_IDLE_BUSY },   { "pause", MYC_IDLE_PAUSE },
    { "yield", MYC_IDLE_YIELD }, { "sleep", MYC_IDLE_SLEEP },
};

static const cyaml_strval_t hugepages[] = {
    { "auto", FAB_HUGEPAGES_AUTO },
    { "yes", FAB_HUGEPAGES_YES },
    { "no", FAB_HUGEPAGES_NO },
};

static const cyaml_strval_t securities[] = {
    { "off", MYC_SECURITY_OFF },
    { "auth", MYC_SECURITY_AUTH },
    { "encrypt", MYC_SECURITY_ENCRYPT },
};

static const cyaml_strval_t steerings[] = {
    { "best", MYC_STEERING_BEST },
    { "rte_flow", MYC_STEERING_RTE_FLOW },
    { "rss", MYC_STEERING_RSS },
    { "software", MYC_STEERING_SOFTWARE },
};

static const cyaml_strval_t overflows[] = {
    { "reject", MYC_OVERFLOW_REJECT },
    { "drop_newest", MYC_OVERFLOW_DROP_NEWEST },
    { "drop_oldest", MYC_OVERFLOW_DROP_OLDEST },
    { "conflate", MYC_OVERFLOW_CONFLATE },
};

static const cyaml_schema_value_t text_value = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, TEXT_MAX),
};

static const cyaml_schema_value_t name_value = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, MYC_NAME_SIZE_MAX),
};

/* clang-format off */
#define TEXT(structure, key, member, flags, max) \
    CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER | (flags), structure, member, 1, max)
#define NUMBER(structure, member, flags) CYAML_FIELD_UINT(#member, flags, structure, member)
#define WORD(structure, member, words) \
    CYAML_FIELD_ENUM(#member, CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, structure, member, words, \
                     FAB_COUNT_OF(words))
#define LIST(structure, member, entry, flags, min, max) \
    CYAML_FIELD_SEQUENCE(#member, CYAML_FLAG_POINTER | (flags), structure, member, entry, min, max)
#define SECTION(member, fields, flags) \
    CYAML_FIELD_MAPPING(#member, flags, struct fab_config_file, member, fields)
#define NEEDED CYAML_FLAG_DEFAULT
#define MAYBE  CYAML_FLAG_OPTIONAL

static const cyaml_schema_field_t node_fields[] = {
    NUMBER(struct fab_file_node, id, NEEDED),
    TEXT(struct fab_file_node, "name", name, MAYBE, FAB_CONFIG_NAME_MAX),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t lcore_fields[] = {
    NUMBER(struct fab_file_lcore, cpu, NEEDED),
    WORD(struct fab_file_lcore, idle, idles),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t lcore_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct fab_file_lcore, lcore_fields),
};

static const cyaml_schema_field_t eal_fields[] = {
    LIST(struct fab_file_eal, lcores, &lcore_value, NEEDED, 1, FAB_LCORES_MAX),
    NUMBER(struct fab_file_eal, main_cpu, MAYBE),
    WORD(struct fab_file_eal, hugepages, hugepages),
    CYAML_FIELD_BOOL("is_secondary", MAYBE, struct fab_file_eal, is_secondary),
    NUMBER(struct fab_file_eal, memory_mb, MAYBE),
    TEXT(struct fab_file_eal, "file_prefix", file_prefix, MAYBE, FAB_CONFIG_NAME_MAX),
    LIST(struct fab_file_eal, arguments, &text_value, MAYBE, 0, ARGUMENTS_MAX),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t number_value = {
    CYAML_VALUE_UINT(CYAML_FLAG_DEFAULT, uint64_t),
};

/* The keys of fab_wire_fault_parse, too. */
static const cyaml_schema_field_t fault_fields[] = {
    NUMBER(struct myc_wire_fault, seed, MAYBE),
    NUMBER(struct myc_wire_fault, loss_per_million, MAYBE),
    NUMBER(struct myc_wire_fault, duplicate_per_million, MAYBE),
    NUMBER(struct myc_wire_fault, corrupt_per_million, MAYBE),
    NUMBER(struct myc_wire_fault, reorder_per_million, MAYBE),
    NUMBER(struct myc_wire_fault, reorder_frames, MAYBE),
    NUMBER(struct myc_wire_fault, reorder_ns, MAYBE),
    NUMBER(struct myc_wire_fault, delay_ns, MAYBE),
    NUMBER(struct myc_wire_fault, jitter_ns, MAYBE),
    NUMBER(struct myc_wire_fault, loss_mask, MAYBE),
    CYAML_FIELD_SEQUENCE("lost_frames", MAYBE, struct myc_wire_fault, lost_frames, &number_value,
                         0, MYC_WIRE_FAULT_LOST_MAX),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t borrowed_fields[] = {
    TEXT(struct fab_file_borrowed, "device", device, NEEDED, TEXT_MAX),
    NUMBER(struct fab_file_borrowed, rx_queue, NEEDED),
    NUMBER(struct fab_file_borrowed, tx_queue, NEEDED),
    TEXT(struct fab_file_borrowed, "mempool", mempool, NEEDED, TEXT_MAX),
    CYAML_FIELD_BOOL("is_steered", MAYBE, struct fab_file_borrowed, is_steered),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t port_fields[] = {
    TEXT(struct fab_file_port, "name", name, NEEDED, FAB_CONFIG_NAME_MAX),
    TEXT(struct fab_file_port, "profile", profile, MAYBE, TEXT_MAX),
    CYAML_FIELD_IGNORE("device", MAYBE),
    CYAML_FIELD_MAPPING_PTR("borrowed", MAYBE, struct fab_file_port, borrowed, borrowed_fields),
    TEXT(struct fab_file_port, "address", address, MAYBE, TEXT_MAX),
    TEXT(struct fab_file_port, "gateway", gateway, MAYBE, TEXT_MAX),
    NUMBER(struct fab_file_port, udp_port_base, MAYBE),
    NUMBER(struct fab_file_port, mtu_bytes, MAYBE),
    NUMBER(struct fab_file_port, vlan_id, MAYBE),
    NUMBER(struct fab_file_port, lcore, MAYBE),
    WORD(struct fab_file_port, steering, steerings),
    NUMBER(struct fab_file_port, rx_descriptors, MAYBE),
    NUMBER(struct fab_file_port, tx_descriptors, MAYBE),
    NUMBER(struct fab_file_port, mbuf_count, MAYBE),
    CYAML_FIELD_MAPPING("rx_fault", MAYBE, struct fab_file_port, rx_fault, fault_fields),
    CYAML_FIELD_MAPPING("tx_fault", MAYBE, struct fab_file_port, tx_fault, fault_fields),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t port_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct fab_file_port, port_fields),
};

static const cyaml_schema_field_t peer_fields[] = {
    NUMBER(struct fab_file_peer, node_id, NEEDED),
    TEXT(struct fab_file_peer, "address", address, NEEDED, TEXT_MAX),
    NUMBER(struct fab_file_peer, udp_port_base, MAYBE),
    TEXT(struct fab_file_peer, "port", port, MAYBE, FAB_CONFIG_NAME_MAX),
    WORD(struct fab_file_peer, security, securities),
    TEXT(struct fab_file_peer, "security_key_file", security_key_file, MAYBE, TEXT_MAX),
    TEXT(struct fab_file_peer, "address_b", address_b, MAYBE, TEXT_MAX),
    NUMBER(struct fab_file_peer, udp_port_base_b, MAYBE),
    TEXT(struct fab_file_peer, "port_b", port_b, MAYBE, FAB_CONFIG_NAME_MAX),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t peer_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct fab_file_peer, peer_fields),
};

static const cyaml_schema_field_t allow_fields[] = {
    TEXT(struct fab_file_allow, "user", user, MAYBE, FAB_CONFIG_NAME_MAX),
    TEXT(struct fab_file_allow, "group", group, MAYBE, FAB_CONFIG_NAME_MAX),
    LIST(struct fab_file_allow, names, &text_value, MAYBE, 0, FAB_ALLOW_MAX),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t allow_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct fab_file_allow, allow_fields),
};

static const cyaml_schema_field_t segments_fields[] = {
    TEXT(struct fab_file_segments, "control_socket", control_socket, MAYBE, 107),
    TEXT(struct fab_file_segments, "control_socket_mode", control_socket_mode, MAYBE, 4),
    LIST(struct fab_file_segments, attach, &text_value, MAYBE, 0, FAB_ATTACH_MAX),
    LIST(struct fab_file_segments, attach_allow, &allow_value, MAYBE, 0, FAB_ALLOW_MAX),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t actor_fields[] = {
    TEXT(struct fab_file_actor, "name", name, MAYBE, FAB_CONFIG_NAME_MAX),
    TEXT(struct fab_file_actor, "class", class_name, NEEDED, TEXT_MAX),
    TEXT(struct fab_file_actor, "library", library, MAYBE, TEXT_MAX),
    NUMBER(struct fab_file_actor, lcore, MAYBE),
    TEXT(struct fab_file_actor, "args", args, MAYBE, MYC_ARGS_SIZE_MAX - 1),
    NUMBER(struct fab_file_actor, mailbox_messages_max, MAYBE),
    WORD(struct fab_file_actor, overflow, overflows),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t actor_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct fab_file_actor, actor_fields),
};

static const cyaml_schema_field_t limits_fields[] = {
    NUMBER(struct fab_file_limits, actors_max, MAYBE),
    NUMBER(struct fab_file_limits, messages_max, MAYBE),
    NUMBER(struct fab_file_limits, state_mb_max, MAYBE),
    NUMBER(struct fab_file_limits, timers_max, MAYBE),
    NUMBER(struct fab_file_limits, asks_max, MAYBE),
    NUMBER(struct fab_file_limits, monitors_max, MAYBE),
    NUMBER(struct fab_file_limits, names_max, MAYBE),
    NUMBER(struct fab_file_limits, buffers_max, MAYBE),
    NUMBER(struct fab_file_limits, heap_mb_max, MAYBE),
    NUMBER(struct fab_file_limits, lent_mb_max, MAYBE),
    NUMBER(struct fab_file_limits, ring_slots, MAYBE),
    NUMBER(struct fab_file_limits, flow_window_bytes, MAYBE),
    NUMBER(struct fab_file_limits, peer_lcores_max, MAYBE),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t times_fields[] = {
    NUMBER(struct fab_file_times, keepalive_us, MAYBE),
    NUMBER(struct fab_file_times, down_after_us, MAYBE),
    NUMBER(struct fab_file_times, stall_report_us, MAYBE),
    NUMBER(struct fab_file_times, stall_limit_ms, MAYBE),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t faults_fields[] = {
    CYAML_FIELD_BOOL("is_guarded", MAYBE, struct fab_file_faults, is_guarded),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t file_fields[] = {
    SECTION(node, node_fields, NEEDED),
    SECTION(eal, eal_fields, NEEDED),
    LIST(struct fab_config_file, ports, &port_value, MAYBE, 0, FAB_PORTS_MAX),
    LIST(struct fab_config_file, peers, &peer_value, MAYBE, 0, FAB_PEERS_MAX),
    SECTION(segments, segments_fields, MAYBE),
    LIST(struct fab_config_file, exported, &name_value, MAYBE, 1, FAB_EXPORTED_MAX),
    LIST(struct fab_config_file, actors, &actor_value, MAYBE, 0, FAB_CONFIG_ACTORS_MAX),
    SECTION(limits, limits_fields, MAYBE),
    SECTION(times, times_fields, MAYBE),
    SECTION(faults, faults_fields, MAYBE),
    CYAML_FIELD_END,
};
/* clang-format on */

const cyaml_schema_value_t fab_config_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct fab_config_file, file_fields),
};
