/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The config of `mycelium run CONFIG`: one YAML file that says everything about a node.
 *
 * deploy/examples/node.yaml shows every key with its unit, range and default. Reading is strict:
 * what is not known, does not fit or contradicts itself is refused with file, line, column, the key
 * and what to do. Ports name a profile of pmd-config/, from which the device comes; those of a
 * secondary process are borrowed of the primary.
 *
 * What is read is ready for myc_node_start: config->options, with EAL's arguments and everything
 * that it points to owned by the config.
 */
#ifndef FAB_NODE_CONFIG_CONFIG_H
#define FAB_NODE_CONFIG_CONFIG_H

#include <mycelium/node.h>

#include "node/config/profile.h"
#include "node/config/schema.h"

/* One actor to be spawned after the start, in this order. */
struct fab_config_actor {
    const char *class_name;
    char *library; /* path of a shared object (mycelium/plugin.h); NULL: built in; owned */
    uint8_t lcore;
    struct myc_spawn_options spawn; /* args are the config's text, without its NUL */
};

struct fab_config {
    struct myc_node_options options; /* for myc_node_start; `error` is the caller's to set */
    struct fab_config_actor *actors;
    uint32_t actor_count;
    bool has_hugepages; /* false: --no-huge is among EAL's arguments; whoever starts says so */
    struct fab_port_profile **profiles; /* of options.ports, by index */

    /* The rest is behind the options, not for others. */
    struct fab_config_file *file;
    struct fab_device *devices;
    struct myc_lcore_options *lcores;
    struct myc_port_options *ports;
    struct myc_borrowed_port *borrowed; /* of the ports, by index */
    struct myc_peer_options *peers;
    struct myc_attach_rule *allow;
    char **key_files; /* of the peers, by index; each owned */
    char **arguments; /* for EAL; each owned */
    int argument_count;
    char *folder; /* of the file: what relative paths start from */
};

/*
 * Reads and checks a config. On OK it is the caller's, to be freed after the node has stopped.
 * OK; NOT_FOUND; INVALID; IO_ERROR; NO_MEMORY, with one line in `error`, FAB_YAML_ERROR_SIZE bytes.
 * Context: main thread, before the node starts.
 */
enum myc_status fab_config_load(const char *path, struct fab_config **config, char *error);

/* NULL inside is fine. */
void fab_config_free(struct fab_config **config);

/* --- between the files of this folder --------------------------------------------------------- */

/* Ranges, names that are given twice, and what refers to something that is not there. */
enum myc_status fab_config_check(struct fab_yaml *yaml, const struct fab_config_file *file);

/* Profiles and devices of the ports. */
enum myc_status fab_config_devices(struct fab_yaml *yaml, struct fab_config *config);

/* Fills config->options and config->actors from the file and the devices. */
enum myc_status fab_config_options(struct fab_config *config);

/* Users and groups that there are not; and the rules of who may attach, in the options. */
enum myc_status fab_config_check_allow(struct fab_yaml *yaml, const struct fab_config_file *file);
enum myc_status fab_config_allow(struct fab_config *config);

/* EAL's id of an lcore of the node. */
uint32_t fab_config_lcore(const struct fab_config *config, uint32_t index);

/* EAL's arguments. */
enum myc_status fab_config_eal(struct fab_yaml *yaml, struct fab_config *config);

#endif
