/* SPDX-License-Identifier: BSD-3-Clause */
#include "soft_card.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_thash.h>
#include <rte_udp.h>

#include "../embed/port_watch.h"

#define RING_FRAMES 4096U
#define BURST       32U
#define RETA_SIZE   128U
#define KEY_SIZE    40U
#define V4_WORDS    3U
#define CARDS       4U

struct card {
    struct rte_ring *in[CARD_QUEUES_MAX], *out[CARD_QUEUES_MAX];
    uint64_t frames[CARD_QUEUES_MAX];
    uint16_t id;
    bool is_there;
};

static struct card cards[CARDS];
static unsigned queue_count;
static bool has_rss, hashes_truly;

/* The key of Microsoft's examples of RSS. */
static const _Alignas(uint32_t) uint8_t rss_key[KEY_SIZE] = {
    0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
    0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
    0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
};

static bool
is_card(uint16_t port)
{
    for (unsigned i = 0; i < CARDS; i++)
        if (cards[i].is_there && cards[i].id == port)
            return true;
    return false;
}

static uint16_t
table_entry(uint32_t index)
{
    return (uint16_t)(index / 3 % queue_count);
}

/* --- what ethdev tells of the cards ----------------------------------------------------------- */

int
rte_eth_dev_info_get(uint16_t port, struct rte_eth_dev_info *info)
{
    int (*real)(uint16_t, struct rte_eth_dev_info *) =
        (int (*)(uint16_t, struct rte_eth_dev_info *))dlsym(RTLD_NEXT, __func__);
    int result = real(port, info);

    if (result == 0 && has_rss && is_card(port)) {
        info->flow_type_rss_offloads = RTE_ETH_RSS_NONFRAG_IPV4_UDP;
        info->reta_size = RETA_SIZE;
        info->hash_key_size = KEY_SIZE;
    }
    return result;
}

int
rte_eth_dev_rss_hash_conf_get(uint16_t port, struct rte_eth_rss_conf *conf)
{
    if (!has_rss || !is_card(port))
        return -ENOTSUP;
    memcpy(conf->rss_key, rss_key, KEY_SIZE);
    conf->rss_key_len = KEY_SIZE;
    conf->rss_hf = RTE_ETH_RSS_NONFRAG_IPV4_UDP;
    return 0;
}

int
rte_eth_dev_rss_reta_query(uint16_t port, struct rte_eth_rss_reta_entry64 *groups, uint16_t size)
{
    if (!has_rss || !is_card(port) || size != RETA_SIZE)
        return -ENOTSUP;
    for (uint32_t i = 0; i < size; i++)
        groups[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE] = table_entry(i);
    return 0;
}

/* --- the cards -------------------------------------------------------------------------------- */

static struct rte_ring *
make_ring(char side, const char *way, unsigned index)
{
    char name[32];
    struct rte_ring *ring;

    snprintf(name, sizeof(name), "card-%c-%s%u", side, way, index);
    ring = rte_ring_create(name, RING_FRAMES, SOCKET_ID_ANY, 0);
    if (!ring)
        abort();
    return ring;
}

void
card_make(unsigned queues)
{
    queue_count = queues;
    for (unsigned i = 0; i < CARDS; i++) {
        struct card *card = &cards[i];
        char side = (char)('a' + i);
        char name[] = { 'c', 'a', 'r', 'd', side, '\0' };
        int id;

        for (unsigned j = 0; j < queues; j++) {
            card->in[j] = make_ring(side, "in", j);
            card->out[j] = make_ring(side, "out", j);
        }
        id = rte_eth_from_rings(name, card->in, queues, card->out, queues, 0);
        if (id < 0)
            abort();
        card->id = (uint16_t)id;
        card->is_there = true;
    }
}

/* The driver below knows nothing of RSS. */
static void
take_rss(struct rte_eth_conf *conf)
{
    if (conf->rxmode.mq_mode == RTE_ETH_MQ_RX_RSS &&
        conf->rx_adv_conf.rss_conf.rss_hf != RTE_ETH_RSS_NONFRAG_IPV4_UDP)
        abort();
    conf->rxmode.mq_mode = RTE_ETH_MQ_RX_NONE;
    conf->rx_adv_conf.rss_conf.rss_hf = 0;
}

void
card_set_rss(bool has, bool is_true)
{
    watch_on_configure(has ? take_rss : NULL);
    has_rss = has;
    hashes_truly = is_true;
}

static uint16_t
hashed_queue(const struct rte_ipv4_hdr *ip, const struct rte_udp_hdr *udp)
{
    union rte_thash_tuple words = {
        .v4 = { .src_addr = rte_be_to_cpu_32(ip->src_addr),
                .dst_addr = rte_be_to_cpu_32(ip->dst_addr),
                .sport = rte_be_to_cpu_16(udp->src_port),
                .dport = rte_be_to_cpu_16(udp->dst_port) },
    };
    uint32_t hash = rte_softrss((uint32_t *)&words, V4_WORDS, rss_key);

    return table_entry((hashes_truly ? hash : ~hash >> 8) % RETA_SIZE);
}

static uint16_t
queue_for(const struct rte_mbuf *mbuf)
{
    const struct rte_ether_hdr *ether = rte_pktmbuf_mtod(mbuf, const struct rte_ether_hdr *);
    const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)(const void *)(ether + 1);
    const struct rte_udp_hdr *udp = (const struct rte_udp_hdr *)(const void *)(ip + 1);
    uint16_t queue;

    if (ether->ether_type != RTE_BE16(RTE_ETHER_TYPE_IPV4) || ip->next_proto_id != IPPROTO_UDP)
        return 0;
    if (watch_steers(ip->dst_addr, udp->dst_port, &queue))
        return queue;
    return has_rss ? hashed_queue(ip, udp) : 0;
}

static void
carry(struct card *from, struct card *to)
{
    for (unsigned i = 0; i < queue_count; i++) {
        struct rte_mbuf *mbufs[BURST];
        unsigned count = rte_ring_dequeue_burst(from->out[i], (void **)mbufs, BURST, NULL);

        for (unsigned j = 0; j < count; j++) {
            uint16_t queue = queue_for(mbufs[j]);

            to->frames[queue]++;
            if (rte_ring_enqueue(to->in[queue], mbufs[j]) != 0)
                rte_pktmbuf_free(mbufs[j]);
        }
    }
}

void
card_carry(void)
{
    for (unsigned i = 0; i < CARDS; i++)
        carry(&cards[i], &cards[i ^ 1]);
}

void
card_clear(void)
{
    for (unsigned i = 0; i < CARDS; i++)
        for (unsigned j = 0; j < queue_count; j++) {
            rte_ring_reset(cards[i].in[j]);
            rte_ring_reset(cards[i].out[j]);
            cards[i].frames[j] = 0;
        }
}

uint64_t
card_frames(char side, unsigned queue)
{
    return cards[side - 'a'].frames[queue];
}
