/* SPDX-License-Identifier: BSD-3-Clause */
/* The inside of a node's ports, for the files ports*.c. */
#ifndef FAB_NODE_PORTS_STATE_H
#define FAB_NODE_PORTS_STATE_H

#include "env/port.h"
#include "link/flow_port.h"
#include "node/full.h"
#include "node/ports.h"

/* An actor that takes raw frames. */
struct listener {
    struct fab_core *core; /* NULL: the place is free */
    struct myc_ref actor;
    myc_frame_fn on_frame;
    uint16_t udp_port;
};

struct port_entry {
    char name[32];
    struct fab_port *device;     /* owned */
    struct fab_flow_port *flows; /* owned */
    uint8_t lcore;
    struct listener listeners[FAB_FLOW_LISTENERS_MAX]; /* touched by that lcore only */
};

struct fab_ports {
    struct port_entry entries[FAB_PORTS_MAX];
    uint32_t count;
};

/* By its name; NULL: there is none. */
struct port_entry *fab_ports_find(const struct fab_ports *ports, const char *name);

#endif
