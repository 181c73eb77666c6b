/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The packets of a control socket (SOCK_SEQPACKET), all of them on this page.
 *
 *      attacher                               acceptor (it listens)
 *         HELLO: who I am, my sizes   ----->
 *                                     <-----  WELCOME: who I am, my sizes, my memory [fd]
 *         READY: my memory [fd]       ----->
 *                                     <-----  UP: the links exist
 *      Before its own memory each side may send HEAP: where the bodies of its large messages are
 *      [fd], in equal parts for each of its lcores.
 *                either side: END, the last packet, with a status and a sentence
 *
 *      tool
 *         REQUEST: a word             ----->
 *                                     <-----  RESPONSE: its size, the text [fd], then close
 *
 * The attacher names itself first because the size of a side's memory depends on the number of
 * lcores of both. An fd travels beside the packet (SCM_RIGHTS). Numbers are little-endian, every
 * byte is written on purpose, what is reserved is zero. A packet that is not exactly as long as its
 * type says, or of another version, ends the connection.
 */
#ifndef FAB_NODE_CONTROL_PACKET_H
#define FAB_NODE_CONTROL_PACKET_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include <mycelium/status.h>

#define FAB_CONTROL_MAGIC     0x4343594dU /* "MYCC" */
#define FAB_CONTROL_VERSION   1U
#define FAB_CONTROL_NAME_SIZE 32U
#define FAB_CONTROL_TEXT_SIZE 160U

enum fab_control_type {
    FAB_CONTROL_HELLO = 1,
    FAB_CONTROL_WELCOME,
    FAB_CONTROL_READY,
    FAB_CONTROL_UP,
    FAB_CONTROL_END,
    FAB_CONTROL_REQUEST,
    FAB_CONTROL_RESPONSE,
    FAB_CONTROL_HEAP,
    FAB_CONTROL_TYPE_END
};

enum fab_control_flag {
    FAB_CONTROL_IS_CLIENT = 1 << 0, /* a node of one lcore whose id the acceptor gives */
};

struct fab_control_head {
    uint32_t magic;
    uint16_t version;
    uint16_t type; /* enum fab_control_type */
    uint32_t size; /* bytes of the whole packet */
    uint32_t reserved;
};

/* HELLO and WELCOME. */
struct fab_control_offer {
    struct fab_control_head head;
    uint64_t home; /* of the sender; a client's first HELLO has node id 0 */
    /* WELCOME: home word that the attacher has from now on: its own, or a client's with the id. */
    uint64_t given_home;
    uint64_t memory_size; /* WELCOME: bytes of the memfd beside it */
    uint32_t slots;       /* of each ring that the sender sends on */
    uint32_t slot_size;   /* bytes; both sides must agree */
    uint8_t lcore_count;  /* 1 to 255 */
    uint8_t flags;        /* enum fab_control_flag */
    uint8_t reserved[6];
    char name[FAB_CONTROL_NAME_SIZE]; /* NUL-padded, at least one NUL */
};

/* READY, RESPONSE and HEAP: what the fd beside it holds. UP: 0 and no fd. */
struct fab_control_memory {
    struct fab_control_head head;
    uint64_t size; /* bytes */
};

/* END and REQUEST. */
struct fab_control_text {
    struct fab_control_head head;
    uint32_t status; /* END: enum myc_status, not OK; REQUEST: 0 */
    uint32_t reserved;
    char text[FAB_CONTROL_TEXT_SIZE]; /* NUL-padded, at least one NUL */
};

static_assert(sizeof(struct fab_control_head) == 16, "layout");
static_assert(sizeof(struct fab_control_offer) == 88, "layout");
static_assert(sizeof(struct fab_control_memory) == 24, "layout");
static_assert(sizeof(struct fab_control_text) == 184, "layout");

/* Large enough and aligned for any packet. */
union fab_control_packet {
    struct fab_control_head head;
    struct fab_control_offer offer;
    struct fab_control_memory memory;
    struct fab_control_text text;
};

/* Bytes of a packet of that type; 0: there is none. */
size_t fab_control_packet_size(uint16_t type);

/* Whether `size` received bytes are a packet whose every field is in its range.
 * OK; VERSION (of another version: nothing but the head was looked at); INVALID. */
enum myc_status fab_control_packet_check(const union fab_control_packet *packet, size_t size);

/* A packet of that type with everything else zero. */
void fab_control_packet_init(union fab_control_packet *packet, enum fab_control_type type);

#endif
