/* SPDX-License-Identifier: BSD-3-Clause */
/* The inside of a port, for the files port*.c. */
#ifndef FAB_ENV_PORT_STATE_H
#define FAB_ENV_PORT_STATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/compiler.h"
#include "base/refuse.h"
#include "env/memif_probe.h"
#include "env/port.h"
#include "env/stamp.h"

#define FAB_PORT_QUEUE_NONE  MYC_QUEUE_NONE
#define FAB_PORT_OFFERS_MAX  1024U /* frames offered and not yet received */
#define FAB_PORT_RULES_MAX   254U  /* one for each lcore of the node */
#define FAB_PORT_LIST_SIZE   256U
#define FAB_PORT_KEY_SIZE    64U   /* of RSS at most: 40 is usual, some have 52 */
#define FAB_PORT_TABLE_MAX   2048U /* entries of a RETA */
#define FAB_PORT_FRAME_EXTRA 26U   /* Ethernet header, two tags and FCS around an IP packet */

struct rte_eth_dev_info;
struct rte_eth_txconf;
struct rte_flow;
struct rte_ring;

/* Between the lcore of a queue and the interrupt thread; see port_memif_gate.c. */
struct fab_memif_gate {
    _Atomic bool is_open;   /* written by the interrupt thread alone */
    _Atomic bool is_inside; /* written by the lcore alone: it is within a burst, or about to look */
    bool is_fenced;         /* the kernel has no membarrier for us; constant */
};

/* What a memif has beyond other ports; see port_memif.c. */
struct fab_port_memif {
    bool is_client;
    _Atomic bool is_mending;      /* set by who begins it, taken back by the interrupt thread */
    uint64_t look_ns;             /* when the lcore of queue 0 looks at the link next */
    uint32_t wait_us;             /* after the next restart; the interrupt thread's */
    struct fab_memif_probe probe; /* the interrupt thread's, once it is started */
};

/* Stamps of the device on what it receives; see port_stamp.c. */
struct fab_port_stamp {
    bool is_on;
    int field;        /* of the mbuf: where it stands */
    uint64_t flag;    /* of the mbuf's ol_flags: it has one */
    uint64_t look_ns; /* when to read both clocks again */
    struct fab_stamp clock;
    int (*read)(uint16_t id, uint64_t *ticks); /* the device's clock, in the unit of stamps */
};

/* One RX and one TX queue, owned by one lcore. */
struct fab_port_queue {
    struct fab_port *port;
    struct fab_port_counters counters;
    struct fab_fault_line *rx_line; /* NULL: no faults */
    struct fab_fault_line *tx_line;
    struct rte_mempool *pool; /* not owned: of what it receives */
    uint16_t rx_queue;        /* the device's; FAB_PORT_QUEUE_NONE */
    uint16_t tx_queue;
    uint64_t stuck_ns;      /* since when the device has taken nothing; 0: it takes */
    uint64_t reclaim_ns;    /* when it is asked next to let go of what it has sent */
    uint32_t reclaims_left; /* how often yet, after bodies were sent by DMA */
    uint32_t tx_count;
    struct rte_mbuf *tx[FAB_PORT_TX_MAX];
    struct fab_memif_gate gate; /* of a memif: closed until it is opened */
} FAB_ALIGNED_TO_LINE;

/* How the card spreads datagrams over the queues; see port_steer.c. */
struct fab_port_hash {
    _Alignas(uint32_t) uint8_t key[FAB_PORT_KEY_SIZE];
    uint16_t table_size; /* 0: not known, or there is no hash */
    uint16_t table[FAB_PORT_TABLE_MAX];
};

/* Frames that the program offers, from the thread that does to the lcore that polls. */
struct fab_port_offers {
    struct rte_ring *ring; /* owned; NULL: the port is not borrowed */
    /* That thread, and what it counts. */
    struct fab_port_offer_counters counters FAB_ALIGNED_TO_LINE;
    pthread_t thread;
    bool has_thread;
} FAB_ALIGNED_TO_LINE;

struct fab_port {
    struct fab_port_info info;
    struct rte_mempool *pool; /* the first of `pools`, for what the port receives; or lent */
    struct rte_mempool *pools[FAB_PORT_POOLS_MAX]; /* owned */
    uint32_t pool_count;
    uint32_t memory_count;
    void *memories[FAB_PORT_MEMORIES_MAX]; /* owned */
    bool is_borrowed;                      /* never configured, started, stopped or set by us */
    bool is_started; /* of a memif: the interrupt thread's, read by lcores within a gate */
    bool is_memif;   /* see port_memif.c; not if it is borrowed */
    struct fab_port_memif memif;
    struct fab_port_stamp stamp;                /* after the start that of the lcore of queue 0 */
    bool is_made;                               /* the device is ours to remove */
    struct fab_dma *dma;                        /* not owned; NULL: not mapped for the device */
    struct rte_device *card;                    /* not owned: for which it is mapped */
    struct rte_flow *rules[FAB_PORT_RULES_MAX]; /* owned: ours in the card */
    uint32_t rule_count;
    struct fab_port_hash hash; /* constant while the port is open */
    struct fab_port_offers offers;
    struct fab_port_queue queues[FAB_PORT_QUEUES_MAX];
};

/* Options being worked on, and where to say what is wrong with them. */
struct fab_port_opening {
    const struct fab_port_options *options;
    struct fab_port *port;
    struct rte_eth_dev_info *device; /* not owned */
};

/* --- port_open.c ------------------------------------------------------------------------------ */

/* Fills in what the port is. */
enum myc_status fab_port_read_device(struct fab_port_opening *opening);

/* Configures the device for info.queue_count queues and info.steering. */
enum myc_status fab_port_configure(struct fab_port_opening *opening);

/* Lines that treat frames badly, where the options ask for it. */
enum myc_status fab_port_make_fault_lines(struct fab_port_opening *opening);

/* Stops the device, and removes it if it was made for this port. */
void fab_port_stop_device(struct fab_port *port);

/* --- port_pool.c ------------------------------------------------------------------------------ */

/* Frees all buffers and what they may refer to, when the device has stopped. */
void fab_port_free_pools(struct fab_port *port);

/* --- port_bodies.c ---------------------------------------------------------------------------- */

/* Settles how large bodies leave, and has the device read them where they are if it can. Never
 * fails: they can be copied. */
enum myc_status fab_port_settle_bodies(struct fab_port_opening *opening);

/* Sets up a TX queue of a card that sends them, so that it soon lets go of them if the driver takes
 * to it. `conf`: as the queue would be set up else. 0, or what the device answered. */
int fab_port_set_up_hasty(const struct fab_port *port, uint16_t queue, uint16_t descriptors,
                          const struct rte_eth_txconf *conf);

/* Has the device let go of what it has sent, as far as it can be asked to. Context: the lcore that
 * owns the queue. */
void fab_port_reclaim(struct fab_port_queue *queue, uint64_t now_ns);

/* Waits a little until all that is attached has been sent. Context: main thread, before the device
 * is stopped. */
void fab_port_await_bodies(struct fab_port *port);

/* The device has stopped: it reads bodies no more. */
void fab_port_unmap_bodies(struct fab_port *port);

/* --- port_error.c ----------------------------------------------------------------------------- */

/* The device has answered `result` when it was to do something. Returns the status for that. */
enum myc_status fab_port_refused(const struct fab_port_opening *opening, const char *what,
                                 int result);

/* The errno of one of DPDK's results, and our status for it. */
int fab_port_cause(int result);
enum myc_status fab_port_status(int result);

/* The ports that are there, for somebody who has mistyped one. Returns `text`. */
const char *fab_port_list(char text[FAB_PORT_LIST_SIZE]);

/* --- port_borrow.c, port_offer.c, port_rule.c ------------------------------------------------- */

enum myc_status fab_port_borrow(struct fab_port_opening *opening);

/* Undoes it, and fab_port_add_rule. */
void fab_port_give_back(struct fab_port *port);

/* OK; NO_MEMORY. */
enum myc_status fab_port_open_offers(struct fab_port *port);
void fab_port_close_offers(struct fab_port *port);

/* At most `count` frames that were offered. Context: the lcore that polls. */
unsigned fab_port_take_offers(struct fab_port *port, struct rte_mbuf **mbufs, unsigned count);

void fab_port_remove_rules(struct fab_port *port);

/* --- port_steer.c ----------------------------------------------------------------------------- */

/* Settles how frames find their queue, and configures the port for it. */
enum myc_status fab_port_configure_queues(struct fab_port_opening *opening);

/* What the card is to hash, as RTE_ETH_RSS_*; 0: nothing. */
uint64_t fab_port_hashed(const struct fab_port_opening *opening);

/* Learns from a started port how it hashes. */
enum myc_status fab_port_start_steering(struct fab_port_opening *opening);

/* What the card makes of the addresses and ports of a frame (Toeplitz). */
uint32_t fab_port_hash(const struct fab_port *port, const struct fab_port_tuple *tuple);

/* --- port_stamp.c ----------------------------------------------------------------------------- */

/* The offload to ask of a device with these capabilities, so that it stamps frames; 0: it cannot.
 */
uint64_t fab_port_stamp_offload(struct fab_port *port, uint64_t capabilities);

/* Uses the stamps that the program has asked its device for. */
void fab_port_stamp_borrow(struct fab_port *port);

/* Relates the device's clock to ours, where it stamps. Context: main thread, once started. */
void fab_port_stamp_start(struct fab_port *port);

/* --- port_kernel.c ---------------------------------------------------------------------------- */

/* MTU of a kernel's interface by its index; 0: there is none such. */
uint32_t fab_port_kernel_mtu(unsigned index);

/* --- port_memif.c ----------------------------------------------------------------------------- */

struct rte_device;

/* Finds out whether the device is a memif, and which end of one. OK; INVALID (its socket);
 * NO_MEMORY. Context: main thread, before it is started. */
enum myc_status fab_port_memif_init(struct fab_port *port, const struct rte_device *device);

/* Starts a server; has a client connect as soon as its server is there. 0, or what the device
 * answered. Context: main thread. */
int fab_port_memif_start(struct fab_port *port);

/* Stops (and removes) a memif. Context: main thread, when nobody polls it. */
void fab_port_memif_stop(struct fab_port *port);

/* A burst of a memif, either way. Context: the lcore that owns the queue. */
unsigned fab_port_memif_receive(struct fab_port *port, uint16_t queue, struct rte_mbuf **mbufs,
                                uint16_t count, uint64_t now_ns);
unsigned fab_port_memif_transmit(struct fab_port *port, uint16_t queue, struct rte_mbuf **mbufs,
                                 uint16_t count);

/* --- port_memif_gate.c ------------------------------------------------------------------------ */

/* Puts gates before a port's queues; they open soon. OK; NO_MEMORY. Context: main thread. */
enum myc_status fab_memif_gates_join(struct fab_port *port);

/* Context: main thread, when nobody polls the port. */
void fab_memif_gates_leave(struct fab_port *port);

/* Pairs with the load in wait_for_bursts: what was done inside is over. Context: as enter. */
static inline void
fab_memif_gate_leave(struct fab_memif_gate *gate)
{
    atomic_store_explicit(&gate->is_inside, false, memory_order_release);
}

/* Whether the device may be used until the gate is left. Of us, who say that we are inside and then
 * look whether it is open, and of the interrupt thread, which shuts it and then looks whether we
 * are inside, one must see the other. What orders our two is its membarrier, which makes every
 * thread pass a barrier; or, without one, that all four are sequentially consistent. The load pairs
 * with the release in open_gates, too. Context: the lcore that owns the queue. */
static inline bool
fab_memif_gate_enter(struct fab_memif_gate *gate)
{
    if (fab_unlikely(gate->is_fenced))
        atomic_store_explicit(&gate->is_inside, true, memory_order_seq_cst);
    else
        atomic_store_explicit(&gate->is_inside, true, memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst);
    if (fab_likely(atomic_load_explicit(&gate->is_open, memory_order_seq_cst)))
        return true;
    fab_memif_gate_leave(gate);
    return false;
}

/* What fault lines of ports do to mbufs; the context is the queue. */
extern const struct fab_fault_ops fab_port_fault_ops;

#endif
