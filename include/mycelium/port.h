/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file port.h
 * Raw frames of a port for an actor: a market data feed, an echo, a load generator.
 *
 * A port is polled by one lcore. Frames that are the fabric's own (its flows, ARP, ICMP) do not
 * come here; of the others, an actor on the polling lcore may take those of a UDP port, or all.
 */
#ifndef MYCELIUM_PORT_H
#define MYCELIUM_PORT_H

#include <mycelium/actor.h>

MYC_BEGIN_DECLS

/** A received frame, borrowed until the callback returns. */
struct myc_frame {
    const void *bytes; /**< from the Ethernet header on; not owned */
    uint32_t size;     /**< bytes */
    uint64_t rx_ns;    /**< arrival: the NIC's time stamp where it has one, else the poll's clock */
    uint64_t origin;   /**< the same, with by how much a stamp may be wrong (origin.h): what the
                        * callback sends has it */
};

/** Takes one frame; runs like a handler of the actor. */
typedef void (*myc_frame_fn)(struct myc_self *self, void *state, const struct myc_frame *frame);

/** Any UDP port, and frames that are not UDP. */
#define MYC_PORT_ANY 0U

/**
 * From now on the frames of a port that are for this UDP destination port come to the running
 * actor. One actor for each UDP port; MYC_PORT_ANY takes what nobody else takes. Ends with the
 * actor.
 * @param port      name of the port in the node's options.
 * @param udp_port  host order; MYC_PORT_ANY: all.
 * @return OK; NOT_FOUND (no such port); BAD_STATE (another lcore polls it); EXISTS; NO_MEMORY.
 * Context: inside a handler.
 */
MYC_API MYC_MUST_CHECK enum myc_status myc_port_listen(struct myc_self *self, const char *port,
                                                       uint16_t udp_port, myc_frame_fn on_frame);

/**
 * Sends one raw frame; copied before the call returns, on the wire at the end of the turn at the
 * latest.
 * @param frame  from the Ethernet header on, without FCS.
 * @param size   bytes, 14 up to the port's MTU + 18.
 * @return OK; FULL (no room in the port's queue: try again next turn); NOT_FOUND; BAD_STATE
 * (another lcore polls it); TOO_BIG; INVALID (too short). Context: inside a handler.
 */
MYC_API MYC_MUST_CHECK enum myc_status myc_port_transmit(struct myc_self *self, const char *port,
                                                         const void *frame, uint32_t size);

MYC_END_DECLS

#endif
