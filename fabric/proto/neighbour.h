/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Neighbours: at which link address the next hop of each peer is.
 *
 * Pure: it is told what packets say and what time it is, and says which question to ask next. Only
 * hops that a peer needs are in the table, put there at start, so strangers can neither fill it nor
 * push anybody out. A hop that is needed is asked for until it answers.
 *
 *      state     link address   asks                       leaves by
 *      ASKING    not known      everybody, 100 ms .. 1 s   an answer -> KNOWN
 *      KNOWN     usable         nobody                     30 s old  -> PROBING
 *      PROBING   usable         the hop alone, each 1 s    an answer -> KNOWN; 3 asked -> ASKING
 *
 * Any packet that says where a hop is counts as an answer: gratuitous ARP and unsolicited
 * advertisements are followed, and so is a MAC address that moves. Where a peer behind a hop falls
 * silent the hop is in doubt, and is asked at once rather than when what is known of it is old.
 *
 * After the start we say three times where we are ourselves, a second apart (RFC 4861 10, RFC 5227
 * 2.3), so that those who knew an earlier card at our address, and switches, follow.
 */
#ifndef FAB_PROTO_NEIGHBOUR_H
#define FAB_PROTO_NEIGHBOUR_H

#include <stddef.h>

#include "wire/address.h"

#include <mycelium/status.h>

#define FAB_NEIGHBOUR_ASK_NS_MIN     100000000ULL
#define FAB_NEIGHBOUR_ASK_NS_MAX     1000000000ULL
#define FAB_NEIGHBOUR_KNOWN_NS       30000000000ULL
#define FAB_NEIGHBOUR_PROBE_NS       1000000000ULL
#define FAB_NEIGHBOUR_PROBES_MAX     3U
#define FAB_NEIGHBOUR_ANNOUNCE_NS    1000000000ULL
#define FAB_NEIGHBOUR_ANNOUNCE_COUNT 3U
#define FAB_NEIGHBOUR_TICK_NS        10000000ULL /* the table is looked through at most so often */
#define FAB_NEIGHBOUR_CAPACITY_MAX   4096U

enum fab_neighbour_state {
    FAB_NEIGHBOUR_ASKING = 0,
    FAB_NEIGHBOUR_KNOWN,
    FAB_NEIGHBOUR_PROBING,
};

struct fab_neighbour {
    struct fab_ip ip;
    struct fab_mac mac;
    uint8_t state;    /* enum fab_neighbour_state */
    uint8_t asked;    /* questions since the last answer; stays at its maximum */
    uint32_t version; /* changes with the link address and with whether it is usable */
    uint64_t due_ns;  /* when there is something to do */
};

struct fab_neighbour_counters {
    uint64_t asked;
    uint64_t answered; /* a hop said where it is */
    uint64_t moved;    /* ... and that is another place */
    uint64_t lost;     /* a hop stopped answering */
    uint64_t foreign;  /* said where somebody is whom no peer needs */
    uint64_t doubted;  /* a hop was asked early because a peer behind it fell silent */
};

struct fab_neighbour_config {
    struct fab_ip_prefix local; /* our own address */
    struct fab_ip gateway;      /* family NONE: none */
    uint32_t capacity;          /* hops, 1 to FAB_NEIGHBOUR_CAPACITY_MAX */
};

struct fab_neighbours;

/* A question to send, or an announcement of our own address. */
struct fab_neighbour_question {
    struct fab_ip ip;
    struct fab_mac mac; /* zero: ask everybody */
    bool is_announcement;
};

/* Bytes that a table needs, a multiple of 8. */
size_t fab_neighbours_size(uint32_t capacity);

/* Makes a table in the caller's zeroed memory, aligned to 8; nothing needs to be undone. */
struct fab_neighbours *fab_neighbours_init(void *memory, const struct fab_neighbour_config *config);

/*
 * Takes the next hop towards `target` into the table: itself in our subnet, else the gateway.
 * *index is set on OK; two targets may share one. OK; UNREACHABLE: another subnet and no gateway,
 * or another family; NO_MEMORY: the table is full.
 */
enum myc_status fab_neighbours_add(struct fab_neighbours *neighbours, const struct fab_ip *target,
                                   uint32_t *index);

/* How often the version of any hop has changed; wraps. */
uint32_t fab_neighbours_changes(const struct fab_neighbours *neighbours);

/* A hop; `mac` may be used unless the state is ASKING. */
const struct fab_neighbour *fab_neighbours_at(const struct fab_neighbours *neighbours,
                                              uint32_t index);

/* A packet said that `ip` is at `mac`. */
void fab_neighbours_on_answer(struct fab_neighbours *neighbours, const struct fab_ip *ip,
                              const struct fab_mac *mac, uint64_t now_ns);

/* A peer behind the hop has fallen silent: what is known of the hop may be old. */
void fab_neighbours_doubt(struct fab_neighbours *neighbours, uint32_t index, uint64_t now_ns);

/* The next question that is due, if any; call until false, at or after the deadline. */
bool fab_neighbours_ask(struct fab_neighbours *neighbours, uint64_t now_ns,
                        struct fab_neighbour_question *question);

/* When to call fab_neighbours_ask next. */
uint64_t fab_neighbours_deadline(const struct fab_neighbours *neighbours);

const struct fab_neighbour_counters *fab_neighbours_counters(
    const struct fab_neighbours *neighbours);

#endif
