/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets: what stands around a UDP payload on an Ethernet port, and the few packets that a host
 * must answer itself because no kernel sees the port.
 *
 *    0          14      18 (tagged)        34 / 54           42 / 62
 *    +----------+- - - -+------------------+-----------------+------------------
 *    | Ethernet | VLAN  | IPv4 20 / IPv6 40| UDP 8           | payload
 *    +----------+- - - -+------------------+-----------------+------------------
 *                       | ARP 28           | ICMP 8 ...
 *
 * Decoding reads bytes from outside: it checks each length before the field behind it, and answers
 * with one refusal of the table below, for which the caller keeps a counter. What is sound but not
 * for us (TCP, IPv6 with extension headers) is OTHER, not refused: an actor may listen for it.
 *
 * The IPv4 header's checksum is checked, the UDP checksum is not: flows have a CRC32C of their own,
 * and a frame that a Linux peer sends over veth or virtio has only the half of its UDP checksum
 * that the kernel leaves to the card.
 *
 * Encoding writes into the caller's buffer. A sender to one neighbour prepares the headers once
 * (struct fab_udp_path) and then changes only ports, lengths and checksums.
 */
#ifndef FAB_WIRE_PACKET_H
#define FAB_WIRE_PACKET_H

#include <stddef.h>

#include "wire/address.h"

#define FAB_ETHERNET_SIZE        14U
#define FAB_VLAN_SIZE            4U
#define FAB_IPV4_SIZE            20U
#define FAB_IPV6_SIZE            40U
#define FAB_UDP_SIZE             8U
#define FAB_ICMP_SIZE            8U
#define FAB_PACKET_SIZE_MIN      60U /* of a frame on the wire, without FCS */
#define FAB_UDP_HEADERS_MAX      (FAB_ETHERNET_SIZE + FAB_VLAN_SIZE + FAB_IPV6_SIZE + FAB_UDP_SIZE)
#define FAB_PACKET_VLAN_NONE     0xffffU
#define FAB_PACKET_TTL           64U
#define FAB_PACKET_TTL_NEIGHBOUR 255U /* RFC 4861: proves that no router was between */

/* clang-format off */
#define FAB_PACKET_REFUSALS(X)                                                                     \
    X(cut_ethernet, "frames shorter than an Ethernet header with its tags")                        \
    X(vlan_tags, "frames with more than two VLAN tags")                                            \
    X(cut_arp, "ARP packets shorter than 28 bytes")                                                \
    X(bad_arp, "ARP packets for another medium, or of an unknown operation")                       \
    X(cut_ip, "IP packets shorter than their header, or than they say")                            \
    X(bad_ip_version, "IP packets whose version is not their Ethernet type's")                     \
    X(bad_ip_header, "IPv4 packets whose header length is out of range")                           \
    X(bad_ip_checksum, "IPv4 packets whose header checksum is wrong")                              \
    X(fragment, "fragments of IPv4 packets: flows avoid them, nothing here reassembles")           \
    X(cut_udp, "UDP datagrams shorter than their header, or than they say")                        \
    X(bad_udp_size, "UDP datagrams that say that they are shorter than their header")              \
    X(cut_icmp, "ICMP packets shorter than their header")                                          \
    X(bad_icmp_checksum, "ICMP packets whose checksum is wrong")                                   \
    X(bad_neighbour, "neighbour discovery packets that RFC 4861 says to drop")
/* clang-format on */

enum fab_packet_refusal {
    FAB_PACKET_OK = 0,
#define FAB_PACKET_REFUSAL(name, text) FAB_PACKET_REFUSED_##name,
    FAB_PACKET_REFUSALS(FAB_PACKET_REFUSAL)
#undef FAB_PACKET_REFUSAL
    FAB_PACKET_REFUSAL_COUNT
};

enum fab_packet_kind {
    FAB_PACKET_OTHER = 0,     /* sound, and none of these */
    FAB_PACKET_UDP,           /* source, target, ports, payload */
    FAB_PACKET_ARP_REQUEST,   /* who has `target`? asks `source`, at link_source */
    FAB_PACKET_ARP_REPLY,     /* `source` is at link_source */
    FAB_PACKET_ECHO_REQUEST,  /* ICMP or ICMPv6; the payload is the ICMP message */
    FAB_PACKET_ECHO_REPLY,    /* likewise */
    FAB_PACKET_SOLICITATION,  /* who has `asked`? asks `source`, at link_source when it says so */
    FAB_PACKET_ADVERTISEMENT, /* `asked` is at link_source */
};

/* A decoded packet. Pointers lead into the bytes that were decoded. An address whose family is
 * NONE, `asked` and `link_source` of a packet that has none are not set. */
struct fab_packet {
    enum fab_packet_kind kind;
    struct fab_mac mac_target;
    struct fab_mac mac_source;
    uint16_t vlan; /* id of the outer tag; FAB_PACKET_VLAN_NONE */
    uint16_t ethertype;
    bool is_marked; /* IP says that a queue on the way was long (ECN's CE) */
    struct fab_ip source;
    struct fab_ip target;
    uint16_t source_port; /* host order; UDP only */
    uint16_t target_port;
    const uint8_t *payload; /* behind UDP's header; of ICMP from its header on; else NULL */
    uint32_t payload_size;
    uint32_t network_offset;    /* from the start of the frame to ARP's or IP's first byte */
    struct fab_ip asked;        /* neighbour discovery: whose link address is meant */
    struct fab_mac link_source; /* ARP and neighbour discovery: of the sender */
    bool has_link_source;
    bool is_solicited; /* an advertisement that answers a question */
};

/*
 * Checks a frame from a port and finds its parts. `packet` is of use on FAB_PACKET_OK only.
 * `bytes`: from the Ethernet header on, any alignment; a pad behind the IP packet is left out.
 */
enum fab_packet_refusal fab_packet_decode(const void *bytes, size_t size,
                                          struct fab_packet *packet);

/* The name and the sentence of a refusal; "" of OK. */
const char *fab_packet_refusal_name(enum fab_packet_refusal refusal);
const char *fab_packet_refusal_text(enum fab_packet_refusal refusal);

/* Who sends to whom, as an Ethernet frame sees it. */
struct fab_packet_ends {
    struct fab_mac mac_source;
    struct fab_mac mac_target;
    struct fab_ip source;
    struct fab_ip target; /* of the family of `source` */
    uint16_t vlan;        /* FAB_PACKET_VLAN_NONE: untagged */
};

/*
 * Asks who has `ends->target`, by ARP or neighbour solicitation. A broadcast (or the solicited-node
 * multicast) address is used when mac_target is zero, else the question goes to mac_target alone.
 * `buffer`: at least 128 bytes. Returns bytes of the frame.
 */
size_t fab_packet_encode_question(const struct fab_packet_ends *ends, void *buffer);

/*
 * Says that `ends->source` is at `ends->mac_source`, in answer to target's question, or to
 * everybody (gratuitous ARP, unsolicited advertisement) when mac_target is the broadcast address.
 * `buffer`: at least 128 bytes. Returns bytes of the frame.
 */
size_t fab_packet_encode_answer(const struct fab_packet_ends *ends, void *buffer);

/* Turns an echo request, in place, into its reply. `packet` was decoded from `bytes`. */
void fab_packet_answer_echo(void *bytes, const struct fab_packet *packet);

/* Headers towards one neighbour: constant but for ports, lengths and checksums. */
struct fab_udp_path {
    uint8_t headers[FAB_UDP_HEADERS_MAX];
    uint8_t size;           /* bytes of them, up to the payload */
    uint8_t network_offset; /* of the IP header */
    uint8_t family;         /* enum fab_ip_family */
    uint64_t ip_sum;        /* of the IPv4 header without its length */
    uint64_t pseudo_sum;    /* of the pseudo header without its length */
};

void fab_udp_path_init(struct fab_udp_path *path, const struct fab_packet_ends *ends);

/* What differs from packet to packet. */
struct fab_udp_datagram {
    uint16_t source_port; /* host order */
    uint16_t target_port;
    const void *payload;
    uint32_t payload_size; /* 0 to 65507; an even number if there is a tail */
    const void *tail;      /* more of it, behind the payload; NULL: none */
    uint32_t tail_size;    /* likewise even if there is an end */
    const void *end;       /* more of it, behind the tail; NULL: none */
    uint32_t end_size;
    bool has_checksum; /* false: 0 is written, for IPv4 or where the card fills it in */
};

/* Writes path->size bytes of headers to `headers`, which usually is right before the payload. */
void fab_udp_path_write(const struct fab_udp_path *path, const struct fab_udp_datagram *datagram,
                        uint8_t *headers);

/* The checksum of the pseudo header alone, as cards want to find it that fill in the rest. */
uint16_t fab_udp_path_pseudo_checksum(const struct fab_udp_path *path, uint32_t payload_size);

#endif
