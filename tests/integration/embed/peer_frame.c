/* SPDX-License-Identifier: BSD-3-Clause */
#include "peer_frame.h"

#include "support/cmocka.h"

#include <string.h>

static const struct fab_mac peer_mac = { { 2, 0, 0, 0, 0, 9 } };

struct rte_mempool *peer_pool;
uint16_t peer_port;

static struct fab_packet_ends
ends_to(const char *target)
{
    struct fab_packet_ends ends = { .mac_source = peer_mac, .vlan = FAB_PACKET_VLAN_NONE };

    assert_true(fab_ip_parse("10.9.0.2", &ends.source));
    assert_true(fab_ip_parse(target, &ends.target));
    return ends;
}

struct rte_mbuf *
peer_frame(size_t size)
{
    struct rte_mbuf *mbuf = rte_pktmbuf_alloc(peer_pool);

    assert_non_null(mbuf);
    mbuf->port = peer_port;
    assert_non_null(rte_pktmbuf_append(mbuf, (uint16_t)size));
    return mbuf;
}

struct rte_mbuf *
peer_arp(const char *target)
{
    struct fab_packet_ends ends = ends_to(target);
    uint8_t bytes[128];
    size_t size = fab_packet_encode_question(&ends, bytes);
    struct rte_mbuf *mbuf = peer_frame(size);

    memcpy(rte_pktmbuf_mtod(mbuf, void *), bytes, size);
    return mbuf;
}

struct rte_mbuf *
peer_udp(const char *target, const struct fab_mac *mac, uint16_t udp_port)
{
    struct fab_packet_ends ends = ends_to(target);
    const struct fab_udp_datagram datagram = {
        .source_port = 4000,
        .target_port = udp_port,
        .payload = "a datagram that is no frame of a flow",
        .payload_size = 32,
    };
    struct fab_udp_path path;
    struct rte_mbuf *mbuf;
    uint8_t *bytes;

    ends.mac_target = *mac;
    fab_udp_path_init(&path, &ends);
    mbuf = peer_frame((size_t)path.size + datagram.payload_size);
    bytes = rte_pktmbuf_mtod(mbuf, uint8_t *);
    fab_udp_path_write(&path, &datagram, bytes);
    memcpy(bytes + path.size, datagram.payload, datagram.payload_size);
    return mbuf;
}

struct rte_mbuf *
peer_cut(struct rte_mbuf *mbuf)
{
    struct rte_mbuf *rest = peer_frame(20);

    memcpy(rte_pktmbuf_mtod(rest, void *),
           rte_pktmbuf_mtod_offset(mbuf, void *, mbuf->pkt_len - 20), 20);
    assert_int_equal(rte_pktmbuf_trim(mbuf, 20), 0);
    assert_int_equal(rte_pktmbuf_chain(mbuf, rest), 0);
    return mbuf;
}
