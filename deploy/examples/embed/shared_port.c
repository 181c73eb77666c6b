/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A feed handler lends a node a queue pair of its port. To be tried without a card it is given both
 * ends of a memif: port 0 is its own, and by port 1 it plays the exchange and somebody who asks for
 * the node's address.
 *
 *     M=socket=/tmp/shared.sock,socket-abstract=no
 *     ./shared_port -l 0-1 --no-pci --vdev=net_memif0,role=server,$M
 * --vdev=net_memif1,role=client,$M
 *
 * The program configures and starts the port, with a queue more than it needs and a pool for the
 * node. The node sets nothing of the port; what the program receives it offers.
 */
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include <mycelium/dpdk.h>

#include <rte_arp.h>
#include <rte_eal.h>
#include <rte_ether.h>
#include <rte_lcore.h>
#include <rte_mempool.h>

#define OURS      0 /* queues of the port */
#define LENT      1
#define QUEUES    2
#define BURST     32
#define FRAMES    1000U /* of the feed */
#define ADDRESS   0x0a090001
#define FEED_TYPE 0x88b5

static struct rte_mempool *own_pool;

static bool
start_port(uint16_t port)
{
    const struct rte_eth_conf conf = { 0 };

    if (rte_eth_dev_configure(port, QUEUES, QUEUES, &conf) != 0)
        return false;
    for (uint16_t i = 0; i < QUEUES; i++)
        if (rte_eth_rx_queue_setup(port, i, 512, 0, NULL, own_pool) != 0 ||
            rte_eth_tx_queue_setup(port, i, 512, 0, NULL) != 0)
            return false;
    return rte_eth_dev_start(port) == 0;
}

static struct myc_node *
start_guest(void)
{
    const struct myc_lcore_options lcore = { .eal_lcore = rte_get_next_lcore(-1, 1, 0) };
    const struct myc_borrowed_port borrowed = {
        .rx_queue = LENT, /* with a card that has rte_flow: is_steered, too */
        .tx_queue = LENT,
        .mempool = "lent",
    };
    const struct myc_port_options port = {
        .name = "feed",
        .device = "0",
        .address = "10.9.0.1/24",
        .borrowed = &borrowed,
    };
    char error[512] = "";
    const struct myc_node_options options = {
        .size = sizeof(options),
        .node_id = 1,
        .eal_argc = -1,
        .lcores = &lcore,
        .lcore_count = 1,
        .ports = &port,
        .port_count = 1,
        .error = error,
        .error_size = sizeof(error),
    };
    struct myc_node *node = NULL;

    if (myc_node_start(&options, &node) != MYC_OK)
        fprintf(stderr, "shared_port: %s\n", error);
    return node;
}

/* --- the other end of the wire ---------------------------------------------------------------- */

static void
send_frame(uint16_t type, const void *payload, size_t size)
{
    struct rte_mbuf *mbuf = rte_pktmbuf_alloc(own_pool);
    struct rte_ether_hdr *ether;

    if (!mbuf)
        return;
    mbuf->data_len = RTE_ETHER_MIN_LEN;
    mbuf->pkt_len = RTE_ETHER_MIN_LEN;
    ether = rte_pktmbuf_mtod(mbuf, struct rte_ether_hdr *);
    memset(ether, 0, RTE_ETHER_MIN_LEN);
    memset(&ether->dst_addr, 0xff, sizeof(ether->dst_addr));
    ether->src_addr.addr_bytes[0] = 2;
    ether->ether_type = rte_cpu_to_be_16(type);
    memcpy(ether + 1, payload, size);
    while (rte_eth_tx_burst(1, 0, &mbuf, 1) != 1)
        sched_yield();
}

static void
ask_for_the_node(void)
{
    struct rte_arp_hdr arp = {
        .arp_hardware = RTE_BE16(RTE_ARP_HRD_ETHER),
        .arp_protocol = RTE_BE16(RTE_ETHER_TYPE_IPV4),
        .arp_hlen = RTE_ETHER_ADDR_LEN,
        .arp_plen = sizeof(uint32_t),
        .arp_opcode = RTE_BE16(RTE_ARP_OP_REQUEST),
        .arp_data = { .arp_sha = { { 2 } },
                      .arp_sip = RTE_BE32(ADDRESS + 1),
                      .arp_tip = RTE_BE32(ADDRESS) },
    };

    send_frame(RTE_ETHER_TYPE_ARP, &arp, sizeof(arp));
}

/* Answers that came from the node's queue. */
static unsigned
count_answers(void)
{
    struct rte_mbuf *mbufs[BURST];
    uint16_t count = rte_eth_rx_burst(1, LENT, mbufs, BURST);
    unsigned answers = 0;

    for (uint16_t i = 0; i < count; i++) {
        const struct rte_arp_hdr *arp = rte_pktmbuf_mtod_offset(
            mbufs[i], const struct rte_arp_hdr *, sizeof(struct rte_ether_hdr));

        answers += arp->arp_opcode == RTE_BE16(RTE_ARP_OP_REPLY);
    }
    rte_pktmbuf_free_bulk(mbufs, count);
    return answers;
}

/* --- the feed handler's loop ------------------------------------------------------------------ */

static unsigned
receive(struct myc_node *guest)
{
    struct rte_mbuf *mbufs[BURST];
    uint16_t count = rte_eth_rx_burst(0, OURS, mbufs, BURST);
    unsigned frames = 0;

    for (uint16_t i = 0; i < count; i++) {
        if (myc_rx_offer(guest, mbufs[i]))
            continue; /* it was for the node */
        frames++;     /* it is ours: a frame of the feed */
        rte_pktmbuf_free(mbufs[i]);
    }
    return frames;
}

static void
run(struct myc_node *guest)
{
    unsigned frames = 0, sent = 0, answers = 0;

    ask_for_the_node();
    while (frames < FRAMES || answers < 1) {
        if (sent < FRAMES && sent < frames + BURST) {
            send_frame(FEED_TYPE, &sent, sizeof(sent));
            sent++;
        }
        frames += receive(guest);
        answers += count_answers();
        if (sent == FRAMES || sent == frames + BURST)
            sched_yield();
    }
    printf("%u frames of the feed, %u answers of the guest\n", frames, answers);
}

int
main(int argc, char **argv)
{
    struct myc_node *guest = NULL;
    struct rte_eth_link link = { 0 };

    if (rte_eal_init(argc, argv) < 0)
        return 1;
    own_pool = rte_pktmbuf_pool_create("own", 8191, 64, 0, RTE_MBUF_DEFAULT_BUF_SIZE, 0);
    if (!own_pool || !rte_pktmbuf_pool_create("lent", 4095, 64, 0, RTE_MBUF_DEFAULT_BUF_SIZE, 0) ||
        !start_port(0) || !start_port(1)) {
        fprintf(stderr, "shared_port: no ports 0 and 1 with two queues\n");
        return 1;
    }
    while (rte_eth_link_get_nowait(1, &link) == 0 && !link.link_status)
        sched_yield();
    guest = start_guest();
    if (guest)
        run(guest);
    myc_node_stop(&guest); /* when nothing is offered any more; the port goes on */
    return 0;
}
