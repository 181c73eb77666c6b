/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file port_options.h
 * The ports that a node is given (mycelium/node.h): its own, or lent by the program.
 */
#ifndef MYCELIUM_PORT_OPTIONS_H
#define MYCELIUM_PORT_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include <mycelium/wire_fault.h>

MYC_BEGIN_DECLS

/** How frames of a flow find the lcore whose they are, on a port of the node's own. */
enum myc_steering {
    /** By rules where the card has them, else by RSS, else in software; a card that has no room for
     * a rule leaves the frames of that lcore to software. */
    MYC_STEERING_BEST = 0,
    MYC_STEERING_RTE_FLOW, /**< a queue for each lcore, by a rule for its UDP port, or no start */
    MYC_STEERING_RSS,      /**< likewise, by asking peers to send from UDP ports that fall there */
    MYC_STEERING_SOFTWARE, /**< one queue: the port's lcore hands frames on over rings */
};

/** In struct myc_borrowed_port: no queue. */
#define MYC_QUEUE_NONE UINT16_MAX

/**
 * What a node gets of a port that the program has configured and started, and goes on using. It
 * polls and sends by these queues, takes buffers from this pool, and adds and removes its own rules
 * one by one; it never configures, starts, stops or resets the port, and never sets its MTU, MAC,
 * promiscuous mode, RSS or offloads. When the node has stopped, the port is as it was.
 *
 * ARP, neighbour discovery and echoes for the node's address come by the program's queues, whatever
 * is steered: it hands them on with myc_rx_offer (mycelium/dpdk.h). A peer that uses IPv6 asks by
 * multicast: it is the program's to receive it.
 */
struct myc_borrowed_port {
    uint16_t rx_queue;   /**< set up for the node alone; MYC_QUEUE_NONE: all frames are offered */
    uint16_t tx_queue;   /**< set up for the node alone, without MBUF_FAST_FREE */
    const char *mempool; /**< name of a pool of mbufs, 1434 bytes of data room or more; several
                            threads take from it, and EAL's lcores alone have a cache of it */
    /** Datagrams to the node's address and UDP ports are steered to rx_queue by rules (rte_flow) of
     * the node's. Otherwise the program has seen to it: by rules of its own, or RSS. */
    bool is_steered;
};

/** An ethdev port given to the node. */
struct myc_port_options {
    const char *name;        /**< for actors and logs, such as "wire0" */
    const char *device;      /**< ethdev name: "net_memif0", "0000:01:00.0"; borrowed: or its id */
    const char *address;     /**< "10.0.0.1/24" or an IPv6 address with prefix; NULL: raw only */
    const char *gateway;     /**< next hop for other subnets; NULL: none */
    uint16_t udp_port_base;  /**< flows of lcore i use base + i; 0: 21000 */
    uint16_t mtu;            /**< bytes of IP packet, 1280 to 9000; 0: what the port has */
    uint8_t lcore;           /**< index of the lcore that polls it */
    uint16_t rx_descriptors; /**< 0: 1024 */
    uint16_t tx_descriptors; /**< 0: 1024 */
    uint32_t mbuf_count;     /**< frames in the pool of each queue; 0: 8192 */
    bool offload_checksums;  /**< those of UDP, both ways, if the device can */
    uint16_t vlan_id;        /**< 1 to 4094: of the frames of flows, ARP and echoes; 0: untagged */
    enum myc_steering steering; /**< of the frames of several lcores; of a borrowed port BEST */
    bool is_point_to_point;     /**< nobody else uses the wire: no congestion control on it */
    /** What befalls frames received, and frames sent, for tests; copied; NULL: nothing. */
    const struct myc_wire_fault *rx_fault;
    const struct myc_wire_fault *tx_fault;
    /** The port is the program's, and lent like this; copied; NULL: it is the node's. The mtu may
     * then be less than the port's, and what the program has settled (descriptors, mbuf_count) is
     * 0.
     */
    const struct myc_borrowed_port *borrowed;
};

MYC_END_DECLS

#endif
