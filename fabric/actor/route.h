/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Routes: from a ref to the link that leads there; the only place that knows how far a ref is.
 *
 * Lcores of this node are an array; those of other nodes a hash table from (node id, lcore) to the
 * home that was last linked there and the best link to it. Node id and lcore are the key, not the
 * home, because that is what tells a restarted node (GONE) from one that nobody knows
 * (UNREACHABLE).
 */
#ifndef FAB_ACTOR_ROUTE_H
#define FAB_ACTOR_ROUTE_H

#include "actor/cell.h"
#include "link/link.h"

/* What a core keeps about a link, by its index. */
struct fab_link_state {
    struct fab_link *link;         /* not owned; NULL: the index is free */
    struct fab_cell *pending_head; /* records that wait for room: see system.h */
    struct fab_cell *pending_tail;
    uint32_t pending_count;
    uint32_t queued; /* messages among them */
    struct fab_cell
        *unsent_head; /* notices that a break may have lost: repeated in the next epoch */
    struct fab_cell *unsent_tail;
    uint32_t unsent_count;
    uint64_t home;            /* of the peer that the next two are about */
    uint64_t notice_sent;     /* number of the last notice to it */
    uint64_t notice_seen;     /* number of the last one from it */
    uint32_t first_waiter;    /* actors that were told FULL */
    uint32_t first_lend;      /* bodies of our heap that the other end has */
    uint32_t borrowed;        /* bodies of the other end's heap that are here */
    uint32_t account;         /* of the other end's process: see quota.h */
    uint32_t blocks_unlisted; /* pairs held back that found no entry: see bounce.h */
    uint32_t breaks;          /* routes.breaks when a link to the peer's lcore last broke */
    bool is_up;
};

struct fab_route_entry {
    uint32_t key; /* node id and lcore, plus 1; 0: free */
    uint64_t home;
    struct fab_link *link;
};

struct fab_routes {
    struct fab_link *own[256]; /* other lcores of this node */
    struct fab_route_entry *table;
    uint32_t mask;
    struct fab_link_state *states;
    uint32_t state_count;     /* indexes in use are below this */
    uint32_t breaks;          /* links that went down so far */
    struct fab_link **polled; /* those with a poll function */
    uint32_t polled_count;
};

static inline uint32_t
fab_route_key(uint64_t home, uint8_t lcore)
{
    return ((uint32_t)(home >> 48) << 8 | lcore) + 1;
}

/* The key's entry, or the free one where it would stand. */
static inline struct fab_route_entry *
fab_route_find(const struct fab_routes *routes, uint32_t key)
{
    uint32_t index = (key * 2654435761U >> 8) & routes->mask;

    while (routes->table[index].key != key && routes->table[index].key != 0)
        index = (index + 1) & routes->mask;
    return &routes->table[index];
}

#endif
