/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The flow carrier: level 3, links to lcores of other nodes over an ethdev port.
 *
 * One lcore polls the port's queue. It answers ARP, neighbour discovery and echoes, hands our own
 * UDP ports (base + lcore index) to the lcore that they name, and everything else to whoever
 * listens. Each lcore of the node has an *end*: its links over this port, one for each lcore of
 * each peer, with their flows (proto/flow.h), timers and buffers. The ends of lcores that do not
 * poll the port exchange frames with it over rings:
 *
 *      lcore 0 (polls)                              lcore 1
 *      [ port side ] --- frames for lcore 1 ------> [ end 1: links, flows ]
 *        |   ^  ^------- frames of lcore 1 -------- [                     ]
 *        v   |
 *      [ end 0 ]  <--> ethdev
 *
 * Where the port has more queues, other lcores may have one of their own (flow_queue.h); what comes
 * by it and is not theirs they hand to the port side, too.
 *
 * A sender writes the payload only; the port side, which alone knows the neighbours, puts Ethernet,
 * IP and UDP headers before it. Buffers go back to the pool of the lcore that took them. When there
 * is no buffer or no room, the flow is simply not asked for its frame until there is: back-pressure
 * reaches the actors as FULL.
 *
 * All links are made at start, to as many lcores of each peer as were reserved. Those to a peer's
 * lcore 0 say hello by themselves; the others do as soon as its handshake has told how many lcores
 * it has. A node pair is alive as long as any of its flows hears of the peer (link/flow_life.h).
 *
 * A node does: create; give every link to the core of its lcore (fab_flow_port_link_each); poll
 * each lcore's pollable in each turn; destroy after the lcores have stopped.
 */
#ifndef FAB_LINK_FLOW_PORT_H
#define FAB_LINK_FLOW_PORT_H

#include "env/port.h"
#include "link/link.h"
#include "proto/key_exchange.h"
#include "proto/seal.h"

#define FAB_FLOW_UDP_PORT_BASE_DEFAULT 21000U
#define FAB_FLOW_PEERS_MAX             4096U
#define FAB_FLOW_LISTENERS_MAX         64U

struct fab_flow_port;
struct rte_mbuf;

struct fab_flow_peer_options {
    uint16_t node_id;       /* not our own */
    const char *address;    /* without prefix */
    uint16_t udp_port_base; /* 0: FAB_FLOW_UDP_PORT_BASE_DEFAULT */
    enum fab_security security;
    uint8_t pre_shared_key[FAB_SECRET_SIZE]; /* unless security is OFF */
};

/* A peer that is reached by this port, too (A/B, flow_twin.h): what leaves by the first port leaves
 * by this one as well. */
struct fab_flow_second_options {
    struct fab_flow_peer_options peer; /* its address at this port's network */
    struct fab_flow_port *first;       /* has the peer, as many lcores; destroyed before this one */
};

/* Strings and arrays are copied. */
struct fab_flow_port_options {
    size_t size;            /* sizeof(struct fab_flow_port_options) */
    const char *name;       /* for logs and errors, such as "wire0" */
    struct fab_port *port;  /* open; not owned; outlives this */
    uint16_t queue;         /* of the port, which is ours alone */
    const char *address;    /* "10.0.0.1/24", "fd00::1/64"; NULL: raw frames only, no peers */
    const char *gateway;    /* next hop towards other subnets; NULL: none */
    uint16_t vlan_id;       /* 1 to 4094: of the frames that we send and take; 0: untagged */
    uint16_t udp_port_base; /* 0: FAB_FLOW_UDP_PORT_BASE_DEFAULT */
    uint64_t home;          /* node id 16 | incarnation 48 */
    uint8_t lcore;          /* index of the lcore that polls the port */
    uint8_t lcore_count;    /* lcores of the node, 1 to 254 */
    const int *sockets;     /* NUMA node of each lcore; NULL: any */
    const struct fab_flow_peer_options *peers;
    uint32_t peer_count; /* 0 to FAB_FLOW_PEERS_MAX */
    const struct fab_flow_second_options *seconds;
    uint32_t second_count;  /* with peer_count at most FAB_FLOW_PEERS_MAX */
    uint8_t peer_lcores;    /* lcores of a peer that links are reserved for; 0: lcore_count */
    uint32_t mbuf_count;    /* frames in the pool of each lcore; 0: 4096 */
    uint32_t window_bytes;  /* of each flow, sent and not acknowledged; 0: 512 KiB */
    uint32_t window_frames; /* likewise, a power of two; 0: 512 */
    bool is_point_to_point; /* nobody else uses the wire: no congestion control; memif always is */
    uint32_t large_max;     /* bytes of the largest body that the lcores' heaps take, a power of two
                             * up to FAB_MSG_SIZE_MAX; 0: none, and none is sent */
    uint32_t keepalive_us;  /* silence after which a peer is asked for a sign; 0: 1000 */
    uint32_t down_after_us; /* silence after which it is down; 0: from the announced poll gaps */
    uint32_t poll_gap_us;   /* longest time that our lcores go without polling; 0: 10000 */
    uint64_t clock_id;      /* of the clock that we read; 0: fab_clock_id() */
    uint64_t seed;          /* of random numbers; should differ in each start */
    uint64_t now_ns;
    char *error; /* says what failed and what to do; the caller's */
    size_t error_size;
};

/*
 * OK; INVALID (an option is out of its range; an address does not parse, or is of another family
 * than ours; the frames of a peer's first port are too large for this one); UNREACHABLE (a peer in
 * another subnet, and no gateway); NO_MEMORY; as fab_port_add_rule when the port is steered. On
 * success *port is the caller's. Context: main thread.
 */
enum myc_status fab_flow_port_create(const struct fab_flow_port_options *options,
                                     struct fab_flow_port **port);

/* Sends what is left to send (leave notices), frees everything; the links are no more. *port is set
 * to NULL; NULL inside is fine. Context: main thread, when no lcore polls. */
void fab_flow_port_destroy(struct fab_flow_port **port);

/*
 * What a lcore must poll in each turn; the port's own lcore polls the device with it. `budget` is
 * the number of records after which it stops taking frames. Context: main thread.
 */
struct fab_pollable fab_flow_port_pollable(struct fab_flow_port *port, uint8_t lcore);

/* Calls `each` for every link of a lcore. Context: main thread. */
void fab_flow_port_link_each(struct fab_flow_port *port, uint8_t lcore,
                             void (*each)(void *context, struct fab_link *link), void *context);

/* Leaves every peer: no sink is called any more, leave notices go out with the next polls (and with
 * destroy). Context: the lcore; or main thread when no lcore polls. */
void fab_flow_port_close_links(struct fab_flow_port *port, uint8_t lcore);

/* Whether everything that the lcore's links committed has been acknowledged. Context: as before. */
bool fab_flow_port_is_drained(const struct fab_flow_port *port, uint8_t lcore);

/* --- raw frames: on the lcore that polls the port --------------------------------------------- */

/* Takes a frame that is not the fabric's own; `bytes` is borrowed for the call. */
typedef void (*fab_frame_listener)(void *context, const void *bytes, uint32_t size,
                                   struct fab_rx_time came);

/*
 * Frames for this UDP port (0: whatever nobody else takes) go to `on_frame` from now on.
 * OK; EXISTS (somebody listens, or it is one of the flows' own ports); NO_MEMORY.
 * Context: the lcore that polls; or main thread when no lcore polls.
 */
enum myc_status fab_flow_port_listen(struct fab_flow_port *port, uint16_t udp_port,
                                     fab_frame_listener on_frame, void *context);

/* Ends it. No effect when nobody listens. Context: as listen. May be called by `on_frame`. */
void fab_flow_port_unlisten(struct fab_flow_port *port, uint16_t udp_port);

/*
 * Copies a raw frame and sends it with the next flush. OK; FULL (no room or buffer now); TOO_BIG;
 * INVALID (shorter than an Ethernet header). Context: the lcore that polls.
 */
enum myc_status fab_flow_port_transmit(struct fab_flow_port *port, const void *bytes, uint32_t size,
                                       uint64_t now_ns);

/* Sends now what was collected. Context: the lcore that polls. */
void fab_flow_port_flush(struct fab_flow_port *port, uint64_t now_ns);

/* --- frames that the program offers, of a borrowed port -----------------------------------------
 */

/* Whether the frame came from this port, and the port is borrowed. Context: any thread. */
bool fab_flow_port_is_offered(const struct fab_flow_port *port, const struct rte_mbuf *mbuf);

/*
 * Takes such a frame if it is for a flow of ours, or for whoever answers for our address (true);
 * else leaves it as it is (false). Context: one thread for each port, any, while the port is there.
 */
bool fab_flow_port_offer(struct fab_flow_port *port, struct rte_mbuf *mbuf);

/* --- for display ------------------------------------------------------------------------------ */

/* Name, sentence and value of each counter of the port, its neighbours, its ends and their flows
 * (sums). Context: any thread. */
void fab_flow_port_counter_each(const struct fab_flow_port *port,
                                void (*each)(void *context, const char *name, const char *text,
                                             uint64_t value),
                                void *context);

/* One way of a link to its peer. */
struct fab_flow_way {
    const char *port; /* not owned: its name */
    bool is_up;       /* frames come by it, as far as any come */
};

#define FAB_FLOW_WAYS_MAX 2U

/* The ways of a link of ours: one, or two over two ports (A/B). Returns how many. Context: the
 * lcore that owns the link. */
unsigned fab_flow_port_ways(const struct fab_link *link,
                            struct fab_flow_way ways[FAB_FLOW_WAYS_MAX]);

/* Smoothed round trip of a link's flow in ns. `link` is one of ours. Context: any thread. */
uint64_t fab_flow_port_rtt_ns(const struct fab_link *link);

#endif
