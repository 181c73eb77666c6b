/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An ethdev port of ours: found or made, configured, started, polled, stopped.
 *
 * Any PMD will do: memif, af_packet, af_xdp, pcap, null, ring, virtio, a NIC. What a PMD answers
 * with "not supported" (setting an MTU on memif, all-multicast on most virtual ones) is taken as
 * "cannot" and noted, not as a failure; what it refuses for another cause fails the start with a
 * sentence that says what to do.
 *
 * Frames to send are collected and leave in bursts. When the device takes nothing for
 * FAB_PORT_STUCK_NS (the other end of a memif is not there, a cable is out) what was collected is
 * dropped and counted, so that a dead wire holds no buffers; whoever sends reliably sends again.
 *
 * A *borrowed* port is the program's: it has configured and started it, and goes on using it. We
 * get a queue pair and a pool, poll and send, and look at the rest only (port_borrow.c). Frames
 * that come by the program's own queues it may offer (port_offer.c); rules that steer ours to our
 * queue are added and removed one by one (port_rule.c).
 *
 * Receiving and sending of one queue belong to one lcore. Faults of the wire (env/fault.h) may be
 * put on either way of a queue, on any PMD.
 */
#ifndef FAB_ENV_PORT_H
#define FAB_ENV_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mycelium/node.h>

#include "env/dma.h"
#include "env/fault.h"
#include "wire/address.h"

#define FAB_PORT_BURST         32U  /* frames taken from or given to the device at once */
#define FAB_PORT_TX_MAX        256U /* frames collected before the device takes them */
#define FAB_PORT_STUCK_NS      5000000ULL
#define FAB_PORT_QUEUES_MAX    16U
#define FAB_PORT_POOLS_MAX     512U /* two for each lcore of the node, and one */
#define FAB_PORT_MEMORIES_MAX  256U
#define FAB_PORT_DEVICE_SIZE   64U
#define FAB_PORT_BODIES_SIZE   224U
#define FAB_PORT_SHELL_SIZE    16U /* bytes of its own that a shell has */
#define FAB_PORT_MBUFS_DEFAULT 8192U
#define FAB_PORT_MTU_MIN       1280U /* RFC 8200; a flow's smallest frame fits */
#define FAB_PORT_MTU_MAX       9000U

struct rte_mbuf;
struct rte_mempool;
struct fab_port;

struct fab_port_options {
    size_t size; /* sizeof(struct fab_port_options) */
    /* Name of an ethdev ("net_memif0", "0000:01:00.0"). One with arguments behind a comma
     * ("net_af_packet0,iface=wire0") is made when it is not there, and removed by close. */
    const char *device;
    /* RX and TX queues, 1 to FAB_PORT_QUEUES_MAX; 0: 1. The port has fewer where the device has
     * fewer, and one where it cannot steer frames to them. */
    uint16_t queue_count;
    enum myc_steering steering; /* how frames find theirs; BEST: as the device can */
    uint16_t mtu;               /* bytes of IP packet; 0: what the port has */
    uint16_t rx_descriptors;    /* 0: 1024, or what the device allows */
    uint16_t tx_descriptors;
    bool offload_checksums; /* if the device can: those of UDP, both ways */
    uint32_t mbuf_count;    /* of the pool of each queue; 0: FAB_PORT_MBUFS_DEFAULT */
    const struct myc_wire_fault *rx_fault; /* copied; NULL: none */
    const struct myc_wire_fault *tx_fault;
    const struct myc_borrowed_port *borrowed; /* not ours, but lent like this; NULL: ours */
    /* Where bodies lie that frames may be attached to: mapped for the device, where it is a card.
     * Not owned, outlives the port; NULL: a card sends none from where they are. */
    struct fab_dma *dma;
    char *error; /* says what failed and what to do; the caller's */
    size_t error_size;
};

/* What a port is; constant while it is open. */
struct fab_port_info {
    char device[FAB_PORT_DEVICE_SIZE];
    char driver[FAB_PORT_DEVICE_SIZE];
    struct fab_mac mac;
    uint16_t id; /* DPDK's */
    uint16_t mtu;
    uint16_t queue_count;
    int socket;                /* NUMA node; FAB_EAL_ANY_SOCKET */
    bool is_point_to_point;    /* leads to one other end and nowhere else: memif, ring */
    bool is_mtu_fixed;         /* the device cannot set it */
    bool can_multicast;        /* receives all multicast */
    bool fills_checksums;      /* of UDP in frames that ask for it (RTE_MBUF_F_TX_UDP_CKSUM) */
    bool sends_segments;       /* a frame may be a chain of buffers, attached ones among them */
    const struct fab_dma *dma; /* what of memory that is not the EAL's it reads; NULL: all */
    char bodies[FAB_PORT_BODIES_SIZE]; /* how large bodies leave: "without a copy: ...", and why */
    bool has_rx_stamps;                /* the device says when frames came: fab_port_rx_time */
    bool is_borrowed;
    bool strips_vlan;    /* tags of frames received are gone, as the program has configured it */
    bool is_steered;     /* by rules of ours: fab_port_add_rule */
    bool may_steer_less; /* by what goes, as the options wish */
    enum myc_steering steering; /* never BEST */
};

/* clang-format off */
#define FAB_PORT_COUNTERS(X)                                                                       \
    X(rx_frames, "frames received")                                                                \
    X(rx_bytes, "bytes of frames received, without FCS")                                           \
    X(rx_segmented, "frames received in several pieces that did not fit into one buffer")          \
    X(rx_bad_checksum, "frames dropped because the device found a checksum wrong")                 \
    X(rx_stamps_odd, "frames stamped by the device with no time that they can have come at")       \
    X(tx_frames, "frames that the device took")                                                    \
    X(tx_bytes, "bytes of frames that the device took")                                            \
    X(tx_stuck, "frames dropped because the device took nothing for a while")                      \
    X(no_mbufs, "times that a pool had no buffer")
/* clang-format on */

struct fab_port_counters {
#define FAB_PORT_COUNTER(name, text) uint64_t name;
    FAB_PORT_COUNTERS(FAB_PORT_COUNTER)
#undef FAB_PORT_COUNTER
};

/* clang-format off */
#define FAB_PORT_OFFER_COUNTERS(X)                                                                 \
    X(offers, "frames that the program offered (myc_rx_offer)")                                    \
    X(offers_taken, "of them, those that were ours and were taken")                                \
    X(offers_full, "of them, ours and dropped because the port's lcore took too few")
/* clang-format on */

struct fab_port_offer_counters {
#define FAB_PORT_OFFER_COUNTER(name, text) uint64_t name;
    FAB_PORT_OFFER_COUNTERS(FAB_PORT_OFFER_COUNTER)
#undef FAB_PORT_OFFER_COUNTER
};

/* What a rule steers to a queue of ours: datagrams to one of our UDP ports. */
struct fab_port_rule {
    uint16_t queue; /* of ours, from 0 */
    struct fab_ip target;
    uint16_t udp_port;
    uint16_t vlan_id; /* 0: any frame */
};

/* What the device counts itself; slow to read on some. */
struct fab_port_device_counters {
    uint64_t rx_missed; /* frames that the device had no descriptor for */
    uint64_t rx_errors;
    uint64_t tx_errors;
    uint64_t rx_no_mbuf;
};

/*
 * Configures and starts a port, or borrows it. OK; NOT_FOUND (no such device or pool); INVALID (an
 * option is out of its or the device's range); BAD_STATE (a port to be borrowed is not configured);
 * UNSUPPORTED (its driver cannot in a secondary process);
 * NO_MEMORY (buffers); EXISTS (in use); IO_ERROR (the device refused). Context: main thread.
 */
enum myc_status fab_port_open(const struct fab_port_options *options, struct fab_port **port);

/* Stops the port, frees its buffers; of a borrowed one, removes our rules and leaves our queue
 * empty. *port is set to NULL. NULL inside is fine. Context: main thread, when nobody polls it,
 * offers frames, or has one of its frames. */
void fab_port_close(struct fab_port **port);

const struct fab_port_info *fab_port_info(const struct fab_port *port);

/* Asks the device whether its link is up. Context: any thread; not on the hot path. */
bool fab_port_is_link_up(const struct fab_port *port);

/* At most `count` received frames, each in one piece, now the caller's. Returns how many. */
unsigned fab_port_receive(struct fab_port *port, uint16_t queue, struct rte_mbuf **mbufs,
                          unsigned count, uint64_t now_ns);

/* When a frame came, and by how much that may be wrong: 0 when it was not stamped. */
struct fab_rx_time {
    uint64_t ns;
    uint64_t error_ns;
};

/* When a received frame came: as the device says, where it does, else `now_ns`, which no frame
 * comes after. Context: the lcore that polls. */
struct fab_rx_time fab_port_rx_time(struct fab_port *port, uint16_t queue,
                                    const struct rte_mbuf *mbuf, uint64_t now_ns);

/* Frames that may be given to fab_port_send now. */
unsigned fab_port_room(const struct fab_port *port, uint16_t queue);

/* Takes a frame to send; there must be room. It leaves at the next flush, or before. */
void fab_port_send(struct fab_port *port, uint16_t queue, struct rte_mbuf *mbuf, uint64_t now_ns);

/* Gives the device what it takes of the frames collected. */
void fab_port_flush(struct fab_port *port, uint16_t queue, uint64_t now_ns);

/* An empty buffer of the queue's pool; NULL: none, counted. For frames of the lcore that owns
 * the queue. */
struct rte_mbuf *fab_port_alloc(struct fab_port *port, uint16_t queue);

/*
 * Puts a frame that came by another queue of a borrowed port among those to be received; takes it.
 * When there is no room it is dropped and counted. Context: one thread for each port, any.
 */
void fab_port_offer(struct fab_port *port, struct rte_mbuf *mbuf);

/* A frame was offered, ours or not. Context: the thread that offers. */
void fab_port_count_offer(struct fab_port *port);

const struct fab_port_offer_counters *fab_port_offer_counters(const struct fab_port *port);

/* A datagram's addresses and ports. */
struct fab_port_tuple {
    struct fab_ip from;
    struct fab_ip to;
    uint16_t source_port; /* host order */
    uint16_t target_port;
};

#define FAB_PORT_SOURCE_MIN 49152U /* RFC 6335: ports that are nobody's begin here */

/* From which UDP port such a datagram (source_port is ignored) must be sent to come by this queue
 * of ours; 0: any port, as far as is known. Context: any thread. */
uint16_t fab_port_choose_source(const struct fab_port *port, const struct fab_port_tuple *tuple,
                                uint16_t queue);

/* "rte_flow", "rss" or "software". */
const char *fab_port_steering_name(const struct fab_port *port);

/*
 * Has the card put such datagrams into that queue, until the port is closed. OK; FULL (no room for
 * another rule); UNSUPPORTED, INVALID, EXISTS, IO_ERROR (the card cannot, or will not): `error`
 * says what to do. Context: main thread.
 */
enum myc_status fab_port_add_rule(struct fab_port *port, const struct fab_port_rule *rule,
                                  char *error, size_t error_size);

const struct fab_port_counters *fab_port_counters(const struct fab_port *port, uint16_t queue);

/* What the wire's faults did: all zero without any. */
struct fab_fault_counters fab_port_rx_faults(const struct fab_port *port, uint16_t queue);
struct fab_fault_counters fab_port_tx_faults(const struct fab_port *port, uint16_t queue);

void fab_port_device_counters(const struct fab_port *port,
                              struct fab_port_device_counters *counters);

/*
 * A pool of buffers for frames of up to `frame_size` bytes that will go over the port, for one
 * lcore to take from and any to give back to. The port owns it and frees it after the device has
 * stopped, because until then the device may hold its buffers. A borrowed port has one pool, the
 * program's, and answers with it. Its ring is of the kind that does
 * not collapse when threads share a CPU (design section 14). NULL when there is no memory, or there
 * are FAB_PORT_POOLS_MAX already. Context: main thread.
 */
struct rte_mempool *fab_port_add_pool(struct fab_port *port, uint32_t count, uint32_t frame_size,
                                      int socket);

/* What the device calls `size` bytes of somebody else's memory, 1 up, that are to be attached to a
 * frame. FAB_DMA_NONE: it cannot read them, or not in one piece. For a port that sends_segments.
 * Context: any thread. */
static inline uint64_t
fab_port_body_iova(const struct fab_port_info *info, const void *bytes, size_t size)
{
    return fab_unlikely(info->dma != NULL) ? fab_dma_iova(info->dma, bytes, size)
                                           : (uintptr_t)bytes;
}

/* A pool of buffers with FAB_PORT_SHELL_SIZE bytes of their own, to be attached to memory of
 * somebody else's behind others of a frame; for a port that sends_segments. Otherwise likewise. */
struct rte_mempool *fab_port_add_shells(struct fab_port *port, uint32_t count, int socket);

/* Zeroed memory, aligned to a cache line, that frames may refer to as long as the device has them:
 * the port owns it and frees it after the device has stopped. NULL when there is none, or there are
 * FAB_PORT_MEMORIES_MAX pieces already. Context: main thread. */
void *fab_port_add_memory(struct fab_port *port, const char *what, size_t size, int socket);

#endif
