/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where the wire is measured: a node in this process and its partner in another, joined by a port.
 * Default device: a memif between the two processes.
 */
#ifndef BENCHMARKS_WIRE_PLACE_H
#define BENCHMARKS_WIRE_PLACE_H

#include <sys/types.h>

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
    char memif[WIRE_PLACE_TEXT]; /* its socket */
};

/* Starts both. As myc_node_start; the cause has been printed. */
enum myc_status wire_place_open(const struct wire_place_wish *wish, struct wire_place *place);
void wire_place_close(struct wire_place *place);

#endif
