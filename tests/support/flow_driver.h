/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A node for tests of the flow carrier: a port, its flows, and in place of actors a sink that
 * checks. Every lcore of the node is driven by the caller's one thread, in turn.
 *
 * Each link numbers its messages for each of DRIVER_RECEIVERS receivers; the sink asserts nothing
 * but counts what is not the next number, so that a test can say what it saw.
 */
#ifndef TESTS_SUPPORT_FLOW_DRIVER_H
#define TESTS_SUPPORT_FLOW_DRIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "env/port.h"
#include "link/flow_port.h"
#include "support/flow_bodies.h"

#define DRIVER_RECEIVERS  64U
#define DRIVER_LINKS_MAX  16U
#define DRIVER_LCORES_MAX 4U
#define DRIVER_BODY_MAX   1024U

struct driver;

struct driver_link {
    struct driver *driver;
    struct fab_link *link;
    uint8_t lcore;
    uint64_t to_send;                   /* messages that are still to be committed */
    uint64_t sent;                      /* committed in this epoch */
    uint64_t next_in[DRIVER_RECEIVERS]; /* what is expected next */
    uint64_t received;                  /* in order, over all epochs */
    uint64_t misplaced;                 /* lost, doubled, out of order */
    uint64_t torn;                      /* bodies that are not as written */
    uint64_t sent_hash; /* sum over messages, so that order between streams is free */
    uint64_t received_hash;
    uint64_t origins;         /* messages that came with the time of their cause */
    uint64_t origin_off_ns;   /* by how much one of these was off at most */
    uint64_t origin_error_ns; /* and by how much it said that it may be */
    uint64_t origins_beyond;  /* those that were off by more than they said */
    uint64_t doubts;
    uint64_t ups;
    uint64_t downs;
    uint64_t rooms;
};

struct driver_options {
    const char *device; /* as fab_port_options */
    uint16_t node_id;
    uint64_t incarnation;
    const char *address;
    const char *gateway;
    uint16_t vlan_id;   /* 0: untagged */
    uint16_t peer_node; /* 0: none */
    const char *peer_address;
    uint8_t lcore_count;  /* 0: 1 */
    uint8_t peer_lcores;  /* as fab_flow_port_options */
    uint16_t queue_count; /* of each port; 0: 1 */
    enum myc_steering steering;
    uint16_t mtu;
    uint32_t message_size; /* bytes of body; 0: 32 */
    bool is_mixed;         /* bodies of 16 bytes to message_size, by number */
    bool is_echo;          /* a message is sent for each that comes, in the same turn */
    uint32_t mbuf_count;   /* of the port and each lcore; 0: the defaults */
    uint32_t down_after_us;
    uint32_t poll_gap_us;
    const struct myc_wire_fault *rx_fault; /* of the first port */
    enum fab_security security;            /* of the peer */
    uint8_t key; /* the first byte of the pre-shared key; the others are 0 */
    /* the second port to the same peer (A/B) */
    const char *device_b; /* NULL: none */
    const char *address_b;
    const char *peer_address_b;
    uint64_t clock_id;      /* as fab_flow_port_options */
    bool has_origins;       /* messages say when they were sent as the time of their cause */
    uint32_t large_size;    /* bytes of a large body, which every fourth message has; 0: none */
    bool is_all_large;      /* every message has */
    bool has_dma;           /* a card may read large bodies where they are */
    uint32_t send_every_us; /* between bursts of messages; 0: as fast as they go */
};

struct driver {
    struct fab_port *port;
    struct fab_flow_port *flow;
    struct fab_port *port_b; /* NULL: there is one port */
    struct fab_flow_port *flow_b;
    uint8_t lcore_count;
    uint32_t message_size;
    bool is_mixed;
    bool is_echo;
    struct fab_pollable pollables[DRIVER_LCORES_MAX];
    struct fab_pollable pollables_b[DRIVER_LCORES_MAX];
    uint64_t send_every_ns;
    uint64_t send_ns; /* when the next burst may leave */
    struct driver_link links[DRIVER_LINKS_MAX];
    unsigned link_count;
    struct flow_bodies bodies; /* with large_size */
    struct fab_dma dma;        /* likewise, with has_dma */
    bool is_all_large;
    bool has_origins;
    bool is_silent;                   /* does not poll, as if stopped */
    bool is_still[DRIVER_LCORES_MAX]; /* likewise, of lcores */
    char error[512];
};

/* Starts the clock and an EAL without hugepages under a name of our own. Exits on failure. */
void driver_start_eal(const char *program, unsigned megabytes);

enum myc_status driver_open(struct driver *driver, const struct driver_options *options);
void driver_close(struct driver *driver);

/* One turn of each lcore: poll, send what is to be sent, flush. Returns work done. */
unsigned driver_turn(struct driver *driver);

/* Turns of both (either may be NULL) until `is_done` or the time is over, with yields when idle.
 * Returns whether it is done. */
bool driver_run(struct driver *a, struct driver *b, bool (*is_done)(void *context), void *context,
                unsigned milliseconds);

/* Sums over links. */
uint64_t driver_received(const struct driver *driver);
uint64_t driver_misplaced(const struct driver *driver);
unsigned driver_up_count(const struct driver *driver);
bool driver_is_drained(const struct driver *driver);

/* Value of a counter of the (first) flow port, or of the second; UINT64_MAX when there is none
 * such.
 */
uint64_t driver_counter(const struct driver *driver, const char *name);
uint64_t driver_counter_b(const struct driver *driver, const char *name);

/* Prints those that are not 0, for whoever reads a failure. */
void driver_print_counters(const struct driver *driver);

uint64_t driver_now_ns(void);

/* From now on it is that time, for all drivers, until it is set again; 0: the clock's. */
void driver_set_now(uint64_t now_ns);

#endif
