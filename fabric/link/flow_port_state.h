/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The inside of the port side, for the files flow_port*.c: what it knows of peers, neighbours and
 * listeners. After start it belongs to the lcore that polls the port; `peers` up to `hop` and
 * `peer_of_node` are constant, and read by all ends.
 */
#ifndef FAB_LINK_FLOW_PORT_STATE_H
#define FAB_LINK_FLOW_PORT_STATE_H

#include "env/eal.h"
#include "env/port.h"
#include "link/flow_end.h"
#include "link/flow_hop.h"
#include "link/flow_life.h"
#include "link/flow_port.h"
#include "proto/neighbour.h"
#include "wire/packet.h"

#define FAB_FLOW_NAME_SIZE   32U
#define FAB_FLOW_RING_FRAMES 1024U /* between the port's lcore and another one, each way */
#define FAB_FLOW_NODE_NONE   0xffffU
#define FAB_FLOW_LCORES_MAX  254U

/* clang-format off */
#define FAB_FLOW_PORT_COUNTERS(X)                                                                  \
    X(flow_frames, "frames for one of our flows' UDP ports")                                       \
    X(forward_full, "flow frames dropped because their lcore took too few")                        \
    X(questions_answered, "ARP requests and neighbour solicitations answered")                     \
    X(echoes_answered, "echo requests answered")                                                   \
    X(replies_lost, "answers of ours that found no room or buffer")                                \
    X(foreign_vlan, "sound frames of another VLAN than the port's, that nobody listens for")       \
    X(announced, "times that we said to everybody where we are")                                   \
    X(address_conflicts, "times that another card said to have the port's address")                \
    X(no_neighbour, "frames dropped because the next hop's link address is not known")             \
    X(raw_received, "frames handed to a listener")                                                 \
    X(unclaimed, "sound frames that nobody listens for")                                           \
    X(raw_sent, "raw frames sent for actors")                                                      \
    X(raw_full, "raw frames refused because there was no room or buffer")                          \
    X(raw_too_big, "raw frames refused because they are larger than the port's frames")
/* clang-format on */

struct fab_flow_port_counters {
#define FAB_FLOW_PORT_COUNTER(name, text) uint64_t name;
    FAB_FLOW_PORT_COUNTERS(FAB_FLOW_PORT_COUNTER)
#undef FAB_FLOW_PORT_COUNTER
    uint64_t refused[FAB_PACKET_REFUSAL_COUNT];
};

/* The way to a peer's node. */
struct fab_flow_peer_path {
    struct fab_ip address;
    uint16_t node_id;
    uint16_t udp_port_base;
    uint32_t hop;     /* its next hop's place in the neighbour table */
    uint32_t version; /* of the neighbour that `headers` was made for */
    bool is_usable;   /* `headers` leads there */
    struct fab_udp_path headers;
    struct fab_flow_hop_board board; /* `headers`, for lcores with queues of their own */
    struct fab_flow_life life;
    enum fab_security security;
    uint8_t pre_shared_key[FAB_SECRET_SIZE];
};

struct fab_flow_listener {
    fab_frame_listener on_frame; /* NULL: free */
    void *context;               /* not owned */
    uint16_t udp_port;
};

struct fab_flow_port {
    struct fab_port *port; /* not owned */
    uint16_t queue;
    uint16_t udp_port_base;
    uint16_t frame_max; /* bytes of UDP payload */
    uint8_t lcore;
    uint8_t lcore_count;
    uint8_t peer_lcores;
    bool has_address;
    bool has_queues;        /* lcores beside this one have their own */
    bool fills_checksums;   /* the device, of UDP */
    bool has_told_conflict; /* the log knows that another card has our address */
    uint16_t vlan;          /* FAB_PACKET_VLAN_NONE: untagged */
    struct fab_ip_prefix local;
    struct fab_mac mac;
    struct fab_neighbours *neighbours; /* owned */
    uint32_t changes_seen;             /* of neighbours, until when they were published */
    struct fab_sealer *sealer;         /* owned; NULL: no peer has security */
    struct fab_flow_peer_path *peers;  /* owned */
    uint32_t peer_count;
    uint32_t flow_peer_count; /* of them; the rest are reached by another port first */
    uint32_t backlog_at;      /* frames that the device gave and the budget has not reached */
    uint32_t backlog_count;
    struct rte_mbuf *backlog[FAB_PORT_BURST];
    struct fab_flow_port_counters counters;
    _Atomic uint64_t polled_ns; /* with several lcores: when the port was polled last */
    _Atomic uint64_t absent_ns; /* likewise: for how long it was not, in all */
    _Atomic uint64_t gap_ns;    /* likewise, at one time, lately */
    struct fab_flow_listener listeners[FAB_FLOW_LISTENERS_MAX];
    struct fab_flow_end *ends[FAB_FLOW_LCORES_MAX]; /* owned; each on the node of its lcore */
    char name[FAB_FLOW_NAME_SIZE];
    uint8_t listener_of[65536];   /* place + 1 by UDP port; [0]: whoever takes the rest */
    uint16_t peer_of_node[65536]; /* place in peers; FAB_FLOW_NODE_NONE */
};

/* Where an lcore's memory is to lie. */
static inline int
fab_flow_port_socket(const struct fab_flow_port_options *options, uint8_t lcore)
{
    return options->sockets ? options->sockets[lcore] : FAB_EAL_ANY_SOCKET;
}

/* Whether the frame is of the port's own VLAN. A tag with the id 0 carries a priority alone. */
static inline bool
fab_flow_port_is_in_vlan(const struct fab_flow_port *port, const struct fab_packet *packet)
{
    uint16_t vlan = packet->vlan ? packet->vlan : FAB_PACKET_VLAN_NONE;

    return vlan == port->vlan && packet->network_offset <= FAB_ETHERNET_SIZE + FAB_VLAN_SIZE;
}

/* --- flow_port_secure.c ----------------------------------------------------------------------- */

/* Says how the peers are secured, and makes what seals their frames, if any are. False: no memory,
 * or a machine without AES. */
bool fab_flow_port_secure(struct fab_flow_port *port);

/* --- flow_port_receive.c ---------------------------------------------------------------------- */

/* Takes frames from the device until there are none or the local end may receive no more. */
unsigned fab_flow_port_receive(struct fab_flow_port *port, uint64_t now_ns);

/* Does with a frame from the device what is to be done; takes the mbuf. */
void fab_flow_port_on_frame(struct fab_flow_port *port, struct rte_mbuf *mbuf, uint64_t now_ns);

/* --- flow_port_send.c ------------------------------------------------------------------------- */

/* Puts headers before a payload and hands the frame to the port, where there must be room. Takes
 * the mbuf; its path is in its user tag. */
void fab_flow_port_send(struct fab_flow_port *port, struct rte_mbuf *mbuf, uint64_t now_ns);

/* Puts these headers before a payload, whose path is in its user tag and whose source port in the
 * word behind. Context: the lcore of the end. */
void fab_flow_port_write_headers(struct fab_flow_end *end, const struct fab_udp_path *headers,
                                 struct rte_mbuf *mbuf);

/* What lcores with queues of their own need of this one: the strays, and the way to each peer when
 * it has changed. Returns work done. */
unsigned fab_flow_port_look_after_queues(struct fab_flow_port *port, uint64_t now_ns);

/* Takes what the other lcores' ends have for the port. Returns how many frames. */
unsigned fab_flow_port_collect(struct fab_flow_port *port, uint64_t now_ns);

/* Sends an answer or question of our own; it is lost when there is no room. Takes the mbuf. */
void fab_flow_port_reply(struct fab_flow_port *port, struct rte_mbuf *mbuf, uint64_t now_ns);

/* A buffer with `size` bytes for such an answer; NULL: none. */
struct rte_mbuf *fab_flow_port_reply_alloc(struct fab_flow_port *port);

/* The peer has fallen silent: where its next hop is may have changed. */
void fab_flow_port_doubt(struct fab_flow_port *port, uint32_t peer, uint64_t now_ns);

/* Asks for the neighbours that are due, and says where we are. */
void fab_flow_port_ask_neighbours(struct fab_flow_port *port, uint64_t now_ns);

#endif
