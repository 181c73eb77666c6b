/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The other registries that one registry talks with, and who may speak of which names.
 *
 *      lcore 1 ---\                                    /--- lcore 1
 *      lcore 2 ----- lcore 0 <===== nodes =====> lcore 0 --- lcore 2
 *          \_________/    registries of a node all know each other
 *
 * A registry speaks to those of its own node for the names that are held on its lcore; that of
 * lcore 0 also for all names of other nodes. To other nodes only that of lcore 0 speaks, for all
 * names of its node. So every claim comes by one way, in order, and a peer whose list is complete
 * can be believed about what is not in it.
 */
#ifndef SYSTEM_REGISTRY_PEER_H
#define SYSTEM_REGISTRY_PEER_H

#include <mycelium/registry.h>

#define REGISTRY_PEERS_MAX 1024U

/* How far a peer knows what we speak for. */
enum registry_stage {
    REGISTRY_PEER_FREE = 0, /* the entry is not used */
    REGISTRY_PEER_STALE,    /* it must be told everything, from the beginning */
    REGISTRY_PEER_SYNCING,  /* it is being told everything, up to the cursor */
    REGISTRY_PEER_LIVE,     /* it knows; changes are sent as they come */
};

struct registry_peer {
    struct myc_ref ref;
    uint8_t stage;   /* enum registry_stage */
    uint32_t cursor; /* of myc_registry_next while SYNCING */
    uint32_t mark;   /* of the claims that it makes: one number for each of its lists */
};

struct registry_peers {
    struct myc_ref self;
    uint32_t count; /* entries in use are below this */
    struct registry_peer peers[REGISTRY_PEERS_MAX];
};

/* Whether it is a registry of another node. */
bool registry_peer_is_remote(const struct registry_peers *peers, const struct registry_peer *peer);

/* NULL: not known. */
struct registry_peer *registry_peer_lookup(struct registry_peers *peers, struct myc_ref ref);

/* Adds a peer as STALE, or finds it. NULL: there are too many. */
struct registry_peer *registry_peer_add(struct registry_peers *peers, struct myc_ref ref);

void registry_peer_remove(struct registry_peer *peer);

/* Whether it is ours to tell this peer of a name with that holder. */
bool registry_speaks_for(const struct registry_peers *peers, const struct registry_peer *peer,
                         struct myc_ref holder);

/* Whether it is this peer's to tell us of it. */
bool registry_hears_of(const struct registry_peers *peers, const struct registry_peer *peer,
                       struct myc_ref holder);

#endif
