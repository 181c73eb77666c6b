/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is known about a kind of port: one commented YAML file per poll-mode driver in pmd-config/.
 *
 * A node's config names a profile and gives its parameters (a socket, an interface, a PCI address);
 * from both come the device's name and its EAL argument. The rest are facts that the node cannot
 * ask the driver before the port is started, or that the driver would answer wrongly.
 */
#ifndef FAB_NODE_CONFIG_PROFILE_H
#define FAB_NODE_CONFIG_PROFILE_H

#include <stdint.h>

#include "node/config/document.h"

enum fab_profile_bus {
    FAB_BUS_VDEV = 0, /* made by EAL from --vdev, named after the driver and the port */
    FAB_BUS_PCI,      /* a card or a virtual function, named by its address */
};

/* What a parameter's value has to look like. */
enum fab_parameter_kind {
    FAB_PARAMETER_TEXT = 0,
    FAB_PARAMETER_NUMBER,      /* `min` to `max` */
    FAB_PARAMETER_CHOICE,      /* one of `choices` */
    FAB_PARAMETER_PATH,        /* of a file or socket, without comma */
    FAB_PARAMETER_INTERFACE,   /* of the kernel, 1 to 15 characters */
    FAB_PARAMETER_PCI_ADDRESS, /* 0000:01:00.0 */
};

/* How frames of a flow find the queue of their lcore. */
enum fab_steering {
    FAB_STEERING_NONE = 0, /* one queue; software demux over rings, unless the config says else */
    FAB_STEERING_RSS,      /* by the choice of the source port */
    FAB_STEERING_RTE_FLOW, /* by a rule for each UDP port */
};

struct fab_profile_parameter {
    char *name;     /* key in a config's `device:` */
    char *argument; /* key of the driver's argument; NULL: the value is the PCI address */
    enum fab_parameter_kind kind;
    bool is_required;
    char *value;    /* when the config gives none; NULL: the driver's own default */
    char **choices; /* of a CHOICE */
    uint32_t choices_count;
    uint64_t min; /* of a NUMBER */
    uint64_t max;
    char *summary; /* one sentence */
};

/* Everything is owned by the profile. Field names are those of the files; comments stand there. */
struct fab_port_profile {
    char *profile;
    char *summary;
    char *driver;
    enum fab_profile_bus bus;
    char *arguments; /* constant ones, "key=value,key=value"; NULL: none */
    struct fab_profile_parameter *parameters;
    uint32_t parameters_count;

    uint16_t mtu_bytes; /* when the config gives none */
    uint16_t mtu_bytes_min;
    uint16_t mtu_bytes_max;
    uint16_t rx_descriptors;
    uint16_t tx_descriptors;
    uint32_t mbuf_count;
    uint16_t queue_pairs_max;
    uint16_t burst_frames; /* frames asked for in one poll */

    enum fab_steering steering;
    bool can_set_mtu;
    bool can_transmit; /* false: frames are taken in only */
    bool can_offload_checksums;
    bool can_timestamp;
    bool needs_server_first; /* a client's start waits until its server listens */
    bool needs_hugepages;
    bool needs_root;
    char **needs_packages; /* of Debian, beyond libdpdk-dev's own dependencies */
    uint32_t needs_packages_count;
    char *host_setup; /* commands for the host, for `doctor`; NULL: none */
};

/* One `key: value` of a config's `device:`; not owned. */
struct fab_device_value {
    const char *name;
    const char *value;
};

#define FAB_DEVICE_NAME_SIZE 64  /* RTE_ETH_NAME_MAX_LEN */
#define FAB_DEVICE_TEXT_SIZE 512 /* bytes of an EAL argument with its NUL */

/* A device as EAL and ethdev know it. */
struct fab_device {
    char name[FAB_DEVICE_NAME_SIZE]; /* of the ethdev: net_memif_wire0, 0000:01:00.0 */
    char text[FAB_DEVICE_TEXT_SIZE]; /* for --vdev or -a: the name and its arguments */
    enum fab_profile_bus bus;
};

/* Reads a profile. On OK it is the caller's, to be freed. OK; NOT_FOUND; INVALID; IO_ERROR;
 * NO_MEMORY, with a sentence in `error` (FAB_YAML_ERROR_SIZE). Context: main thread, at start. */
enum myc_status fab_port_profile_load(const char *file, struct fab_port_profile **profile,
                                      char *error);
void fab_port_profile_free(struct fab_port_profile **profile);

/* The file of a profile. `name` with a slash is a path, relative to `folder`; else it is looked for
 * in $MYCELIUM_PMD_CONFIG, or beside the sources and where they are installed. NOT_FOUND: the best
 * guess stands in `file`. */
enum myc_status fab_port_profile_find(const char *name, const char *folder, char *file,
                                      size_t file_size);

/*
 * The device of a port named `port`, from a profile and the values of a config.
 * OK; INVALID with a sentence in `error` and, in *culprit, the index of the value that is wrong
 * (count: none of them, one is missing).
 */
enum myc_status fab_device_make(const struct fab_port_profile *profile, const char *port,
                                const struct fab_device_value *values, uint32_t count,
                                struct fab_device *device, uint32_t *culprit, char *error);

#endif
