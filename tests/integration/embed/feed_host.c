/* SPDX-License-Identifier: BSD-3-Clause */
#include "feed_host.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eth_ring.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mempool.h>
#include <rte_udp.h>

#include "port_watch.h"

#define BURST       32U
#define BUDGET      32U
#define POOL_FRAMES 8191U
#define RING_FRAMES 4096U
#define DESCRIPTORS 512U
#define ACK_EVERY   32U
#define ACK_TYPE    0x88b5 /* Ethernet's, for experiments */
#define FEED_PORT   30001
#define MTU         1400 /* not what a port has by itself, so that a change would show */
#define IDLE_TURNS  64U

struct host_feed host_feed;

static enum host_way host_way;
static bool has_card;
static uint16_t host_port, card_wire;
static struct rte_ring *card_in[HOST_QUEUES], *card_out[HOST_QUEUES];
static struct rte_mempool *own_pool;
static pthread_t host_thread;
static struct myc_node *_Atomic host_guest;
static _Atomic uint64_t host_turns;
static _Atomic bool is_over;

static void
must(bool is_good, const char *what)
{
    if (is_good)
        return;
    fprintf(stderr, "the host cannot %s\n", what);
    exit(1);
}

/* --- the card: steers as the rules of port_watch.h say ---------------------------------------- */

static uint16_t
card_queue(const struct rte_mbuf *mbuf)
{
    const struct rte_ether_hdr *ether = rte_pktmbuf_mtod(mbuf, const struct rte_ether_hdr *);
    const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)(ether + 1);
    const struct rte_udp_hdr *udp = (const struct rte_udp_hdr *)(ip + 1);
    uint16_t queue = 0;

    if (host_way == HOST_PRIMARY && ether->ether_type == RTE_BE16(RTE_ETHER_TYPE_ARP))
        return HOST_GUEST;
    if (mbuf->data_len < sizeof(*ether) + sizeof(*ip) + sizeof(*udp) ||
        ether->ether_type != RTE_BE16(RTE_ETHER_TYPE_IPV4) || ip->next_proto_id != 17)
        return 0;
    return watch_steers(ip->dst_addr, udp->dst_port, &queue) ? queue : 0;
}

static unsigned
card_turn(void)
{
    struct rte_mbuf *mbufs[BURST];
    uint16_t count = rte_eth_rx_burst(card_wire, 0, mbufs, BURST);
    unsigned work = count;

    for (uint16_t i = 0; i < count; i++) {
        uint16_t queue = card_queue(mbufs[i]);

        mbufs[i]->port = host_port;
        if (rte_ring_enqueue(card_in[queue], mbufs[i]) == 0)
            continue;
        must(queue == HOST_GUEST, "receive more");
        rte_pktmbuf_free(mbufs[i]); /* nobody is there who would take it */
    }
    for (unsigned i = 0; i < HOST_QUEUES; i++) {
        count = (uint16_t)rte_ring_dequeue_burst(card_out[i], (void **)mbufs, BURST, NULL);
        work += count;
        for (uint16_t sent = 0; sent < count;)
            sent = (uint16_t)(sent + rte_eth_tx_burst(card_wire, 0, mbufs + sent,
                                                      (uint16_t)(count - sent)));
    }
    return work;
}

/* --- the feed --------------------------------------------------------------------------------- */

static void
acknowledge(uint64_t number)
{
    struct rte_mbuf *mbuf = rte_pktmbuf_alloc(own_pool);
    struct rte_ether_hdr *ether;

    must(mbuf != NULL, "allocate");
    mbuf->data_len = RTE_ETHER_MIN_LEN;
    mbuf->pkt_len = RTE_ETHER_MIN_LEN;
    ether = rte_pktmbuf_mtod(mbuf, struct rte_ether_hdr *);
    memset(ether, 0, RTE_ETHER_MIN_LEN);
    memset(&ether->dst_addr, 0xff, sizeof(ether->dst_addr));
    rte_eth_macaddr_get(host_port, &ether->src_addr);
    ether->ether_type = rte_cpu_to_be_16(ACK_TYPE);
    memcpy(ether + 1, &number, sizeof(number));
    while (rte_eth_tx_burst(host_port, 0, &mbuf, 1) != 1)
        ;
}

/* The number of a frame of the feed, from 1; 0: it is another one. */
static uint64_t
feed_number(const struct rte_mbuf *mbuf)
{
    const struct rte_ether_hdr *ether = rte_pktmbuf_mtod(mbuf, const struct rte_ether_hdr *);
    const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)(ether + 1);
    const struct rte_udp_hdr *udp = (const struct rte_udp_hdr *)(ip + 1);
    uint64_t number;

    if (host_way == HOST_PRIMARY && ether->ether_type == RTE_BE16(RTE_ETHER_TYPE_ARP))
        return HOST_GUEST;
    if (mbuf->data_len < sizeof(*ether) + sizeof(*ip) + sizeof(*udp) + sizeof(number) ||
        ether->ether_type != RTE_BE16(RTE_ETHER_TYPE_IPV4) || udp->dst_port != RTE_BE16(FEED_PORT))
        return 0;
    memcpy(&number, udp + 1, sizeof(number));
    return number;
}

static void
handle(const struct rte_mbuf *mbuf)
{
    static uint64_t last;
    uint64_t number = feed_number(mbuf);

    if (number == 0) {
        atomic_fetch_add(&host_feed.others, 1);
        return;
    }
    if (number <= last) {
        atomic_fetch_add(&host_feed.late, 1);
        return;
    }
    atomic_fetch_add(&host_feed.missing, number - last - 1);
    atomic_fetch_add(&host_feed.received, 1);
    last = number;
    if (number % ACK_EVERY == 0)
        acknowledge(number);
}

/* --- the loop --------------------------------------------------------------------------------- */

static unsigned
poll_queue(struct myc_node *guest, uint16_t queue)
{
    struct rte_mbuf *mbufs[BURST];
    uint16_t count = rte_eth_rx_burst(host_port, queue, mbufs, BURST);

    for (uint16_t i = 0; i < count; i++) {
        if (guest && myc_rx_offer(guest, mbufs[i]))
            continue;
        handle(mbufs[i]);
        rte_pktmbuf_free(mbufs[i]);
    }
    return count;
}

static void *
loop(void *unused)
{
    unsigned idle = 0;

    while (!atomic_load(&is_over)) {
        struct myc_node *guest = atomic_load(&host_guest);
        unsigned work = has_card ? card_turn() : 0;

        work += poll_queue(guest, 0);
        if (!has_card)
            work += poll_queue(guest, HOST_GUEST);
        if (host_way == HOST_HOOKED && guest)
            work += myc_node_poll(guest, BUDGET);
        atomic_fetch_add(&host_turns, 1);
        idle = work ? 0 : idle + 1;
        if (idle > IDLE_TURNS)
            sched_yield();
    }
    return unused;
}

void
host_begin(void)
{
    must(pthread_create(&host_thread, NULL, loop, NULL) == 0, "make a thread");
}

void
host_end(void)
{
    atomic_store(&is_over, true);
    pthread_join(host_thread, NULL);
}

void
host_let_in(struct myc_node *guest)
{
    uint64_t turns;

    atomic_store(&host_guest, guest);
    turns = atomic_load(&host_turns);
    while (!guest && atomic_load(&host_turns) < turns + 2)
        sched_yield();
}

/* --- the port --------------------------------------------------------------------------------- */

static struct rte_ring *
make_ring(const char *way, unsigned index)
{
    char name[32];
    struct rte_ring *ring;

    snprintf(name, sizeof(name), "card-%s-%u", way, index);
    ring = rte_ring_create(name, RING_FRAMES, SOCKET_ID_ANY, 0);
    must(ring != NULL, "make a ring");
    return ring;
}

static void
start_port(uint16_t port, uint16_t queues)
{
    const struct rte_eth_conf conf = { 0 };

    must(rte_eth_dev_configure(port, queues, queues, &conf) == 0, "configure the port");
    for (uint16_t i = 0; i < queues; i++) {
        must(rte_eth_rx_queue_setup(port, i, DESCRIPTORS, 0, NULL, own_pool) == 0, "set up RX");
        must(rte_eth_tx_queue_setup(port, i, DESCRIPTORS, 0, NULL) == 0, "set up TX");
    }
    must(rte_eth_dev_start(port) == 0, "start the port");
}

static uint16_t
make_card(uint16_t wire)
{
    int port;

    card_wire = wire;
    start_port(wire, 1);
    (void)rte_eth_promiscuous_enable(wire);
    for (unsigned i = 0; i < HOST_QUEUES; i++) {
        card_in[i] = make_ring("in", i);
        card_out[i] = make_ring("out", i);
    }
    port = rte_eth_from_rings("card", card_in, HOST_QUEUES, card_out, HOST_QUEUES, 0);
    must(port >= 0, "make a port of rings");
    return (uint16_t)port;
}

uint16_t
host_open(enum host_way way, uint16_t wire)
{
    struct rte_mempool *lent =
        rte_pktmbuf_pool_create(HOST_POOL, POOL_FRAMES, 64, 0, RTE_MBUF_DEFAULT_BUF_SIZE, 0);

    own_pool = rte_pktmbuf_pool_create("own", POOL_FRAMES, 64, 0, RTE_MBUF_DEFAULT_BUF_SIZE, 0);
    must(own_pool && lent, "make its pools");
    host_way = way;
    has_card = way == HOST_STEERED || way == HOST_PRIMARY;
    host_port = has_card ? make_card(wire) : wire;
    start_port(host_port, HOST_QUEUES);
    if (!has_card)
        must(rte_eth_dev_set_mtu(host_port, MTU) == 0, "set the MTU");
    (void)rte_eth_promiscuous_enable(host_port);
    return host_port;
}
