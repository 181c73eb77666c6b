/* SPDX-License-Identifier: BSD-3-Clause */
#include "raw_port.h"

#include <string.h>

#include <mycelium/dpdk.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include "wire/checksum.h"
#include "wire/crc32c.h"
#include "wire/frame.h"

#define BURST      32U
#define POOL_SIZE  8191U
#define POOL_CACHE 128U
#define UDP_PORT   9U /* discard: never one of the fabric's */
/* The other end may have lost its CPU; but nobody polls the flow meanwhile, which bears a silence
 * of ten seconds (local_node.c): a rate phase is shorter. */
#define READY_WAIT_NS   1000000000ULL
#define BLAST_NS        1500000000ULL
#define FIRST_NS        3000000000ULL /* until the first raw frame */
#define SILENCE_NS      500000000ULL  /* between two */
#define ECHO_SILENCE_NS 2000000000ULL
#define GIVE_UP_NS      4000000000ULL /* the other end is gone */
#define READY           UINT64_MAX    /* sequence of the frame that says: I drain now */
#define RESEND_NS       20000000ULL

/* What a raw frame carries behind all its headers. */
struct raw_body {
    uint64_t sequence;
    uint64_t is_last;
};

#define HEADERS_SIZE \
    (sizeof(struct rte_ether_hdr) + sizeof(struct rte_ipv4_hdr) + sizeof(struct rte_udp_hdr))
#define BODY_AT (HEADERS_SIZE + FAB_FRAME_HEADER_SIZE)

enum myc_status
raw_port_init(struct raw_port *port, struct myc_node *node, const char *name, uint16_t frame_size)
{
    enum myc_status status = myc_node_port_id(node, name, &port->port_id);

    if (status != MYC_OK)
        return status;
    port->frame_size = frame_size;
    port->pool = rte_pktmbuf_pool_create("bench_raw", POOL_SIZE, POOL_CACHE, 0,
                                         RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
    return port->pool ? MYC_OK : MYC_NO_MEMORY;
}

/* Header and CRC32C, as the fabric's frames have them. */
static void
write_frame_header(const struct raw_port *port, uint8_t *frame)
{
    const struct fab_frame_header header = {
        .version = FAB_FRAME_VERSION_MAX,
        .type = FAB_FRAME_DATA,
        .size = (uint16_t)(port->frame_size - HEADERS_SIZE),
    };

    fab_frame_seal(frame + HEADERS_SIZE, &header);
}

static uint16_t
udp_checksum(const struct rte_ipv4_hdr *ip, const struct rte_udp_hdr *udp)
{
    return fab_checksum_finish(
        fab_checksum_add(rte_ipv4_phdr_cksum(ip, 0), udp, rte_be_to_cpu_16(udp->dgram_len)));
}

static void
write_headers(const struct raw_port *port, uint8_t *frame)
{
    struct rte_ether_hdr *ether = (void *)frame;
    struct rte_ipv4_hdr *ip = (void *)(ether + 1);
    struct rte_udp_hdr *udp = (void *)(ip + 1);
    uint16_t ip_size = (uint16_t)(port->frame_size - sizeof(*ether));

    memset(frame, 0, HEADERS_SIZE);
    memset(&ether->dst_addr, 0xff, sizeof(ether->dst_addr));
    ether->ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4);
    ip->version_ihl = RTE_IPV4_VHL_DEF;
    ip->total_length = rte_cpu_to_be_16(ip_size);
    ip->time_to_live = 64;
    ip->next_proto_id = IPPROTO_UDP;
    ip->hdr_checksum = rte_ipv4_cksum(ip);
    udp->src_port = rte_cpu_to_be_16(UDP_PORT);
    udp->dst_port = rte_cpu_to_be_16(UDP_PORT);
    udp->dgram_len = rte_cpu_to_be_16((uint16_t)(ip_size - sizeof(*ip)));
    udp->dgram_cksum = udp_checksum(ip, udp);
}

static struct rte_mbuf *
make_frame(const struct raw_port *port, struct raw_body body)
{
    struct rte_mbuf *mbuf = rte_pktmbuf_alloc(port->pool);
    uint8_t *frame;

    if (!mbuf)
        return NULL;
    frame = (uint8_t *)rte_pktmbuf_append(mbuf, port->frame_size);
    memset(frame + HEADERS_SIZE, 0, port->frame_size - HEADERS_SIZE);
    memcpy(frame + BODY_AT, &body, sizeof(body));
    write_frame_header(port, frame);
    write_headers(port, frame);
    return mbuf;
}

static void
transmit(const struct raw_port *port, struct raw_body body)
{
    struct rte_mbuf *mbuf;

    while (!(mbuf = make_frame(port, body)))
        rte_pause();
    while (rte_eth_tx_burst(port->port_id, 0, &mbuf, 1) == 0)
        rte_pause();
}

static bool
is_intact(const struct rte_ipv4_hdr *ip, const uint8_t *payload, size_t size)
{
    uint64_t first;
    uint32_t crc;

    memcpy(&first, payload, sizeof(first));
    crc = (uint32_t)(first >> 32);
    first &= UINT32_MAX;
    return rte_ipv4_cksum(ip) == 0 &&
           fab_crc32c_behind(first, payload + sizeof(first), size - sizeof(first)) == crc;
}

/* Whether the frame is of the baseline; others came from the fabric before and are lost to it. */
static bool
read_frame(const struct rte_mbuf *mbuf, struct raw_body *body)
{
    const uint8_t *frame = rte_pktmbuf_mtod(mbuf, const uint8_t *);
    const struct rte_ipv4_hdr *ip = (const void *)(frame + sizeof(struct rte_ether_hdr));
    const struct rte_udp_hdr *udp = (const void *)(ip + 1);
    size_t size = rte_pktmbuf_data_len(mbuf);

    if (size < BODY_AT + sizeof(*body) || udp->dst_port != rte_cpu_to_be_16(UDP_PORT) ||
        !is_intact(ip, frame + HEADERS_SIZE, size - HEADERS_SIZE))
        return false;
    memcpy(body, frame + BODY_AT, sizeof(*body));
    return true;
}

static bool
receive(const struct raw_port *port, struct raw_body *body)
{
    struct rte_mbuf *mbuf;
    bool is_ours;

    if (rte_eth_rx_burst(port->port_id, 0, &mbuf, 1) == 0)
        return false;
    is_ours = read_frame(mbuf, body);
    rte_pktmbuf_free(mbuf);
    return is_ours;
}

static uint32_t
raw_ping(void *context, struct myc_self *self, uint64_t *samples_ns, uint32_t count)
{
    const struct raw_port *port = context;

    for (uint32_t i = 0; i < count; i++) {
        const struct raw_body ping = { i, i == count - 1 };
        struct raw_body pong = { UINT64_MAX, 0 };
        uint64_t start_ns = myc_clock_ns(self), sent_ns = start_ns;

        transmit(port, ping);
        while (!receive(port, &pong) || pong.sequence != i) {
            if (myc_clock_ns(self) - start_ns >= GIVE_UP_NS)
                return i;
            /* The other end may not be in its loop yet, and a kernel-backed port may lose. */
            if (myc_clock_ns(self) - sent_ns < RESEND_NS)
                continue;
            sent_ns = myc_clock_ns(self);
            transmit(port, ping);
        }
        samples_ns[i] = myc_clock_ns(self) - start_ns;
    }
    return count;
}

/* Asks until the other end answers from its loop. */
static bool
wait_for_echo(const struct raw_port *port, struct myc_self *self)
{
    uint64_t start_ns = myc_clock_ns(self), sent_ns = 0;
    struct raw_body body = { 0, 0 };

    while (body.sequence != READY && myc_clock_ns(self) - start_ns < GIVE_UP_NS) {
        if (myc_clock_ns(self) - sent_ns > RESEND_NS) {
            sent_ns = myc_clock_ns(self);
            transmit(port, (struct raw_body){ READY, 0 });
        }
        (void)receive(port, &body);
    }
    return body.sequence == READY;
}

/* Once, so that who waits for room still receives. */
static bool
try_transmit(const struct raw_port *port, struct raw_body body)
{
    struct rte_mbuf *mbuf = make_frame(port, body);

    if (!mbuf)
        return false;
    if (rte_eth_tx_burst(port->port_id, 0, &mbuf, 1) == 1)
        return true;
    rte_pktmbuf_free(mbuf);
    return false;
}

uint32_t
raw_port_load(void *context, struct myc_self *self, uint64_t interval_ns, uint64_t time_max_ns,
              uint64_t *samples_ns, uint32_t count)
{
    const struct raw_port *port = context;
    uint32_t sent = 0, done = 0;
    uint64_t start_ns, now_ns;

    if (!wait_for_echo(port, self))
        return 0;
    start_ns = now_ns = myc_clock_ns(self);
    while (done < count && now_ns - start_ns < time_max_ns) {
        struct raw_body body;

        if (sent < count && start_ns + sent * interval_ns <= now_ns &&
            try_transmit(port, (struct raw_body){ sent, 0 }))
            sent++;
        now_ns = myc_clock_ns(self);
        if (!receive(port, &body) || body.sequence >= sent)
            continue;
        done += samples_ns[body.sequence] == 0;
        samples_ns[body.sequence] = now_ns - (start_ns + body.sequence * interval_ns);
    }
    transmit(port, (struct raw_body){ count, 1 });
    return done;
}

static void
raw_echo(void *context, struct myc_self *self, uint32_t count)
{
    const struct raw_port *port = context;
    uint64_t heard_ns = myc_clock_ns(self);
    struct raw_body body = { 0, 0 };

    (void)count;
    while (!body.is_last && myc_clock_ns(self) - heard_ns < ECHO_SILENCE_NS) {
        if (!receive(port, &body))
            continue;
        transmit(port, body);
        heard_ns = myc_clock_ns(self);
    }
}

static uint16_t
fill_burst(const struct raw_port *port, struct rte_mbuf **burst, uint32_t first, uint32_t count)
{
    uint16_t filled = 0;

    while (filled < BURST && first + filled < count) {
        struct raw_body body = { first + filled, 0 };

        burst[filled] = make_frame(port, body);
        if (!burst[filled])
            break;
        filled++;
    }
    return filled;
}

/* Frames that come before the other end is in its loop are the fabric's, and lost to the baseline.
 */
static void
wait_until_ready(const struct raw_port *port, struct myc_self *self)
{
    uint64_t start_ns = myc_clock_ns(self);
    struct raw_body body = { 0, 0 };

    while (body.sequence != READY && myc_clock_ns(self) - start_ns < READY_WAIT_NS)
        (void)receive(port, &body);
}

static uint64_t
raw_blast(void *context, struct myc_self *self, uint32_t count)
{
    const struct raw_port *port = context;
    struct rte_mbuf *burst[BURST];
    uint64_t start_ns;
    uint32_t sent = 0;

    wait_until_ready(port, self);
    start_ns = myc_clock_ns(self);
    while (sent < count && myc_clock_ns(self) - start_ns < BLAST_NS) {
        uint16_t filled = fill_burst(port, burst, sent, count);
        uint16_t taken = 0;

        while (taken < filled)
            taken = (uint16_t)(taken + rte_eth_tx_burst(port->port_id, 0, burst + taken,
                                                        (uint16_t)(filled - taken)));
        sent += filled;
    }
    return start_ns;
}

static uint32_t
raw_drain(void *context, struct myc_self *self, uint32_t count, uint64_t *end_ns)
{
    const struct raw_port *port = context;
    struct rte_mbuf *burst[BURST];
    struct raw_body body;
    uint32_t received = 0;

    transmit(port, (struct raw_body){ READY, 0 });
    *end_ns = myc_clock_ns(self);
    while (received < count &&
           myc_clock_ns(self) - *end_ns < (received > 0 ? SILENCE_NS : FIRST_NS)) {
        uint16_t taken = rte_eth_rx_burst(port->port_id, 0, burst, BURST);
        uint32_t before = received;

        for (uint16_t i = 0; i < taken; i++)
            received += read_frame(burst[i], &body);
        rte_pktmbuf_free_bulk(burst, taken);
        /* Not for the fabric's frames: its probes, while a raw frame is missing, are no news. */
        if (received > before)
            *end_ns = myc_clock_ns(self);
    }
    return received;
}

static uint64_t
raw_frames(void *context)
{
    const struct raw_port *port = context;
    struct rte_eth_stats stats;

    return rte_eth_stats_get(port->port_id, &stats) == 0 ? stats.opackets : 0;
}

void
raw_port_ops(struct raw_port *port, struct bench_raw *raw)
{
    *raw = (struct bench_raw){ port, raw_ping, raw_echo, raw_blast, raw_drain, raw_frames };
}
