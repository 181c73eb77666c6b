/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where the wire is measured: a node in this process and its partner in another, joined by a port.
 * Default device: a memif between the two processes.
 */
#ifndef BENCHMARKS_WIRE_PLACE_H
#define BENCHMARKS_WIRE_PLACE_H

#include <sys/types.h>

#include "local_node.h"
#include "pair.h"
#include "raw_port.h"

#include "wire/frame.h"
#include "wire/message.h"

#define WIRE_PLACE_TEXT 160U
#define LINK_HEADERS    42U /* Ethernet, IPv4 and UDP */

/* A frame of the fabric that carries one message of so many bytes and an acknowledgement. */
#define WIRE_FRAME_SIZE(body)                                                          \
    ((uint16_t)(LINK_HEADERS + FAB_FRAME_HEADER_SIZE + FAB_ACK_SIZE + FAB_CHUNK_SIZE + \
                FAB_MSG_HEADER_SIZE + (body)))
#define WIRE_FRAME_SIZE_MAX ((uint16_t)1514) /* what an MTU of 1500 lets them be */

/* What joins two processes. */
struct wire_devices {
    char memif[WIRE_PLACE_TEXT]; /* socket of a memif of our own, if it is one */
    char text[WIRE_PLACE_TEXT];
    const char *ours, *theirs; /* in `text` */
};

/* From bench_options.device; NULL: a memif of our own. */
void wire_devices_choose(const char *device, struct wire_devices *devices);

/* Fills in the device and the ends of one side, from "memif:SOCKET" or "af_packet:INTERFACE";
 * `vdev` has WIRE_PLACE_TEXT bytes. OK; INVALID. */
enum myc_status wire_device_read(const char *spec, bool is_partner, struct local_node_wish *wish,
                                 char *vdev);

struct wire_place_wish {
    const char *device;     /* as bench_options.device; NULL: a memif of our own */
    const char *fault;      /* as bench_options.fault; NULL: none */
    uint16_t frame_size;    /* of the raw frames */
    uint32_t lcore_count;   /* of our node; 0: 1 */
    int partner_network_fd; /* network namespace of the partner; 0: ours */
};

struct wire_place {
    struct myc_node *node;
    struct raw_port port; /* our end of the baseline */
    struct bench_raw raw;
    pid_t partner;
    struct wire_devices devices;
};

/* Starts both. As myc_node_start; the cause has been printed. */
enum myc_status wire_place_open(const struct wire_place_wish *wish, struct wire_place *place);
void wire_place_close(struct wire_place *place);

#endif
