/* SPDX-License-Identifier: BSD-3-Clause */
#include "registry_peer.h"

#define ACTOR_MASK 0x00ffffffffffffffULL /* slot and generation */

bool
registry_peer_is_remote(const struct registry_peers *peers, const struct registry_peer *peer)
{
    return peer->ref.home != peers->self.home;
}

struct registry_peer *
registry_peer_lookup(struct registry_peers *peers, struct myc_ref ref)
{
    for (uint32_t i = 0; i < peers->count; i++)
        if (peers->peers[i].stage != REGISTRY_PEER_FREE &&
            myc_ref_is_equal(peers->peers[i].ref, ref))
            return &peers->peers[i];
    return NULL;
}

/* Whether a ref may be that of a registry that talks with us. */
static bool
is_eligible(const struct registry_peers *peers, struct myc_ref ref)
{
    uint8_t lcore = myc_ref_lcore(ref);

    if ((ref.actor & ACTOR_MASK) != (peers->self.actor & ACTOR_MASK) ||
        myc_ref_is_equal(ref, peers->self))
        return false;
    return ref.home == peers->self.home || (lcore == 0 && myc_ref_lcore(peers->self) == 0);
}

struct registry_peer *
registry_peer_add(struct registry_peers *peers, struct myc_ref ref)
{
    struct registry_peer *peer = registry_peer_lookup(peers, ref);
    uint32_t index = 0;

    if (peer != NULL || !is_eligible(peers, ref))
        return peer;
    while (index < peers->count && peers->peers[index].stage != REGISTRY_PEER_FREE)
        index++;
    if (index == REGISTRY_PEERS_MAX)
        return NULL;
    if (index == peers->count)
        peers->count++;
    peers->peers[index] =
        (struct registry_peer){ .ref = ref, .stage = REGISTRY_PEER_STALE, .mark = 1 };
    return &peers->peers[index];
}

void
registry_peer_remove(struct registry_peer *peer)
{
    peer->stage = REGISTRY_PEER_FREE;
}

/* Whether the registry of `speaker` tells one of its node of a name with that holder. */
static bool
speaks_at_home(struct myc_ref speaker, struct myc_ref holder)
{
    uint8_t lcore = myc_ref_lcore(speaker);

    return holder.home == speaker.home ? myc_ref_lcore(holder) == lcore : lcore == 0;
}

bool
registry_speaks_for(const struct registry_peers *peers, const struct registry_peer *peer,
                    struct myc_ref holder)
{
    if (registry_peer_is_remote(peers, peer))
        return holder.home == peers->self.home;
    return speaks_at_home(peers->self, holder);
}

bool
registry_hears_of(const struct registry_peers *peers, const struct registry_peer *peer,
                  struct myc_ref holder)
{
    if (registry_peer_is_remote(peers, peer))
        return holder.home == peer->ref.home;
    return speaks_at_home(peer->ref, holder);
}
