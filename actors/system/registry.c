/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The registry: an ordinary actor, one on each lcore, that keeps the tables of names the same.
 *
 * What a peer must know is state, not a queue: a peer is STALE, is being told everything (SYNCING),
 * or LIVE, when changes are sent as they come. Whatever goes wrong on the way (FULL, an undelivered
 * notice, no link yet) makes it STALE again, and it is told everything anew when it is writable or
 * a moment later. So nothing needs a place to wait in, and a lost change mends itself.
 *
 *      STALE --begin--> SYNCING --end--> LIVE
 *        ^                 |               |
 *        +-----refused, undelivered, node lost and back
 *
 * A list begins with NameSyncBegin and ends with NameSyncEnd; the receiver marks what comes between
 * with a new number and at the end forgets those of that peer which still bear an old one.
 */
#include "registry_peer.h"

#include <string.h>

#include <mycelium/messages.h>

#define RETRY_NS 2000000U /* until a peer that refused is tried again, unless it says Writable */

struct registry {
    struct registry_peers peers;
    uint32_t last_mark;
    bool is_retrying; /* the timer runs */
};

/* --- telling ---------------------------------------------------------------------------------- */

static void
retry_later(struct myc_self *self, struct registry *registry)
{
    if (!registry->is_retrying)
        registry->is_retrying = myc_timer_start(self, RETRY_NS, 0, 0, NULL) == MYC_OK;
}

static bool
send_claim(struct myc_self *self, const struct registry_peer *peer,
           const struct myc_name_claim *claim)
{
    struct myc_name_claimed claimed = { .claimed_ns = claim->claimed_ns, .ref = claim->ref };

    memcpy(claimed.name, claim->name, sizeof(claim->name));
    return myc_name_claimed_send(self, peer->ref, &claimed) == MYC_OK;
}

static bool
send_release(struct myc_self *self, const struct registry_peer *peer,
             const struct myc_name_claim *claim)
{
    struct myc_name_released released = { .ref = claim->ref, .claimed_ns = claim->claimed_ns };

    memcpy(released.name, claim->name, sizeof(claim->name));
    return myc_name_released_send(self, peer->ref, &released) == MYC_OK;
}

/* Tells a peer everything, as far as it goes now. False: it refused. */
static bool
tell_list(struct myc_self *self, const struct registry *registry, struct registry_peer *peer)
{
    struct myc_name_claim claim;
    uint32_t cursor;
    uint32_t mark;

    if (peer->stage == REGISTRY_PEER_STALE) {
        if (myc_name_sync_begin_send(self, peer->ref, &(struct myc_name_sync_begin){ 0 }) != MYC_OK)
            return false;
        peer->stage = REGISTRY_PEER_SYNCING;
        peer->cursor = 0;
    }
    cursor = peer->cursor;
    while (myc_registry_next(self, &cursor, &claim, &mark) == MYC_OK) {
        if (registry_speaks_for(&registry->peers, peer, claim.ref) &&
            !send_claim(self, peer, &claim))
            return false;
        peer->cursor = cursor;
    }
    if (myc_name_sync_end_send(self, peer->ref, &(struct myc_name_sync_end){ 0 }) != MYC_OK)
        return false;
    peer->stage = REGISTRY_PEER_LIVE;
    return true;
}

/* Goes on with a peer that does not know everything. */
static void
go_on(struct myc_self *self, struct registry *registry, struct registry_peer *peer)
{
    if (peer->stage != REGISTRY_PEER_STALE && peer->stage != REGISTRY_PEER_SYNCING)
        return;
    if (!tell_list(self, registry, peer))
        retry_later(self, registry);
}

static void
go_on_with_all(struct myc_self *self, struct registry *registry)
{
    for (uint32_t i = 0; i < registry->peers.count; i++)
        go_on(self, registry, &registry->peers.peers[i]);
}

static void
make_stale(struct myc_self *self, struct registry *registry, struct registry_peer *peer)
{
    peer->stage = REGISTRY_PEER_STALE;
    retry_later(self, registry);
}

/* Sends one change to all whom it concerns; the one who told us of it is among them never. */
static void
spread(struct myc_self *self, struct registry *registry, const struct myc_name_claim *claim,
       bool is_removed)
{
    for (uint32_t i = 0; i < registry->peers.count; i++) {
        struct registry_peer *peer = &registry->peers.peers[i];

        /* A stale one will hear of it with everything else. */
        if (peer->stage < REGISTRY_PEER_SYNCING ||
            !registry_speaks_for(&registry->peers, peer, claim->ref))
            continue;
        if (!(is_removed ? send_release : send_claim)(self, peer, claim))
            make_stale(self, registry, peer);
    }
}

/* --- hearing ---------------------------------------------------------------------------------- */

static void
forget(struct myc_self *self, struct registry *registry, const struct myc_name_claim *claim)
{
    if (myc_registry_remove(self, claim) == MYC_OK)
        spread(self, registry, claim, true);
}

static void
on_claimed(struct myc_self *self, struct registry *registry, const struct registry_peer *peer,
           const struct myc_message *message)
{
    struct myc_name_claimed claimed;
    struct myc_name_claim claim = { .name = "" };

    if (!myc_name_claimed_decode(message, &claimed) ||
        !registry_hears_of(&registry->peers, peer, claimed.ref))
        return;
    memcpy(claim.name, claimed.name, MYC_NAME_SIZE_MAX);
    claim.ref = claimed.ref;
    claim.claimed_ns = claimed.claimed_ns;
    if (myc_registry_apply(self, &claim, peer->mark) == MYC_OK)
        spread(self, registry, &claim, false);
}

static void
on_released(struct myc_self *self, struct registry *registry, const struct registry_peer *peer,
            const struct myc_message *message)
{
    struct myc_name_released released;
    struct myc_name_claim claim = { .name = "" };

    if (!myc_name_released_decode(message, &released) ||
        !registry_hears_of(&registry->peers, peer, released.ref))
        return;
    memcpy(claim.name, released.name, MYC_NAME_SIZE_MAX);
    claim.ref = released.ref;
    claim.claimed_ns = released.claimed_ns;
    forget(self, registry, &claim);
}

/* Forgets what the peer has not said in its last list. */
static void
on_sync_end(struct myc_self *self, struct registry *registry, const struct registry_peer *peer)
{
    struct myc_name_claim claim;
    uint32_t cursor = 0;
    uint32_t mark;

    while (myc_registry_next(self, &cursor, &claim, &mark) == MYC_OK)
        if (mark != 0 && mark != peer->mark && registry_hears_of(&registry->peers, peer, claim.ref))
            forget(self, registry, &claim);
}

static void
forget_node(struct myc_self *self, struct registry *registry, uint64_t home)
{
    struct myc_name_claim claim;
    uint32_t cursor = 0;
    uint32_t mark;

    while (myc_registry_next(self, &cursor, &claim, &mark) == MYC_OK)
        if (claim.ref.home == home && home != registry->peers.self.home)
            myc_registry_remove(self, &claim);
}

static void
on_node_up(struct myc_self *self, struct registry *registry, uint64_t home)
{
    struct registry_peer *peer = registry_peer_add(&registry->peers, myc_registry_ref(home, 0));

    if (peer != NULL)
        go_on(self, registry, peer);
}

/* Lcore 0 tells the others of its node, whose own links may say nothing of that node. */
static void
on_node_down(struct myc_self *self, struct registry *registry, uint64_t home)
{
    struct registry_peer *gone = registry_peer_lookup(&registry->peers, myc_registry_ref(home, 0));

    if (gone == NULL)
        return;
    registry_peer_remove(gone);
    forget_node(self, registry, home);
    for (uint32_t i = 0; i < registry->peers.count; i++) {
        struct registry_peer *peer = &registry->peers.peers[i];

        if (peer->stage >= REGISTRY_PEER_SYNCING &&
            !registry_peer_is_remote(&registry->peers, peer) &&
            myc_names_gone_send(self, peer->ref, &(struct myc_names_gone){ .home = home }) !=
                MYC_OK)
            make_stale(self, registry, peer);
    }
}

static void
on_names_gone(struct myc_self *self, struct registry *registry, const struct registry_peer *peer,
              const struct myc_message *message)
{
    struct myc_names_gone gone;

    if (myc_names_gone_decode(message, &gone) && !registry_peer_is_remote(&registry->peers, peer) &&
        myc_ref_lcore(peer->ref) == 0)
        forget_node(self, registry, gone.home);
}

static void
on_names_changed(struct myc_self *self, struct registry *registry)
{
    struct myc_name_claim claim;
    bool is_removed;

    while (myc_registry_take_change(self, &claim, &is_removed) == MYC_OK)
        spread(self, registry, &claim, is_removed);
}

/* --- the actor -------------------------------------------------------------------------------- */

static void
on_writable(struct myc_self *self, struct registry *registry, const struct myc_message *message)
{
    struct myc_writable writable;
    struct registry_peer *peer;

    if (!myc_writable_decode(message, &writable))
        return;
    peer = registry_peer_lookup(&registry->peers, writable.ref);
    if (peer != NULL)
        go_on(self, registry, peer);
}

static void
on_undelivered(struct myc_self *self, struct registry *registry, const struct myc_message *message)
{
    struct myc_undelivered undelivered;
    struct registry_peer *peer;

    if (!myc_undelivered_decode(message, &undelivered))
        return;
    peer = registry_peer_lookup(&registry->peers, undelivered.ref);
    if (peer != NULL)
        make_stale(self, registry, peer);
}

static enum myc_status
receive_event(struct myc_self *self, struct registry *registry, const struct myc_message *message)
{
    struct myc_node_up up;
    struct myc_node_down down;

    switch (myc_message_key(message)) {
    case MYC_NAMES_CHANGED_KEY:
        on_names_changed(self, registry);
        break;
    case MYC_NODE_UP_KEY:
        if (myc_node_up_decode(message, &up))
            on_node_up(self, registry, up.home);
        break;
    case MYC_NODE_DOWN_KEY:
        if (myc_node_down_decode(message, &down))
            on_node_down(self, registry, down.home);
        break;
    case MYC_WRITABLE_KEY:
        on_writable(self, registry, message);
        break;
    case MYC_UNDELIVERED_KEY:
        on_undelivered(self, registry, message);
        break;
    case MYC_TIMER_FIRED_KEY:
        registry->is_retrying = false;
        go_on_with_all(self, registry);
        break;
    default:
        break;
    }
    return MYC_OK;
}

static enum myc_status
receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct registry *registry = state;
    struct registry_peer *peer;

    if (message->kind == MYC_KIND_EVENT)
        return receive_event(self, registry, message);
    /* Only registries are heard; one that we have not been told of yet is taken up. */
    peer = registry_peer_add(&registry->peers, message->from);
    if (peer == NULL)
        return MYC_OK;
    switch (myc_message_key(message)) {
    case MYC_NAME_SYNC_BEGIN_KEY:
        peer->mark = ++registry->last_mark;
        break;
    case MYC_NAME_CLAIMED_KEY:
        on_claimed(self, registry, peer, message);
        break;
    case MYC_NAME_RELEASED_KEY:
        on_released(self, registry, peer, message);
        break;
    case MYC_NAME_SYNC_END_KEY:
        on_sync_end(self, registry, peer);
        break;
    default:
        on_names_gone(self, registry, peer, message);
        break;
    }
    go_on(self, registry, peer);
    return MYC_OK;
}

static enum myc_status
init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    struct registry *registry = state;
    enum myc_status status = myc_registry_attach(self);

    (void)args, (void)args_size;
    if (status != MYC_OK)
        return status;
    registry->last_mark = 1;
    registry->peers.self = myc_self_ref(self);
    for (unsigned lcore = 0; lcore < myc_self_lcore_count(self); lcore++)
        registry_peer_add(&registry->peers,
                          myc_registry_ref(registry->peers.self.home, (uint8_t)lcore));
    /* The other lcores of the node may not run yet. */
    retry_later(self, registry);
    return myc_self_lcore(self) == 0 ? myc_watch_nodes(self) : MYC_OK;
}

static const struct myc_type *const accepts[] = {
    &myc_name_claimed_type,  &myc_name_released_type, &myc_name_sync_begin_type,
    &myc_name_sync_end_type, &myc_names_gone_type,
};

const struct myc_class myc_registry_class = {
    .size = sizeof(struct myc_class),
    .name = "registry",
    .state_size = sizeof(struct registry),
    .accepts = accepts,
    .accepts_count = sizeof(accepts) / sizeof(accepts[0]),
    .init = init,
    .receive = receive,
};
