/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Savina's workers that talk to one other, or to a few in turn: ping-pong, counting, fork-join,
 * thread ring, and the creation of actors.
 */
#include <mycelium/messages.h>

#include "savina.h"

#define BURST 64U /* what a master tries to send in one poll turn */

struct simple {
    struct savina_worker base;
    struct myc_ref peers[1];
};

/* ---- ping-pong ------------------------------------------------------------------------------ */

static enum myc_status
send_ping(struct myc_self *self, const struct simple *ping)
{
    return savina_ping_send(self, ping->peers[0],
                            &(struct savina_ping){ .number = ping->base.done });
}

static enum myc_status
ping_start(struct myc_self *self, void *state)
{
    return send_ping(self, state);
}

static enum myc_status
ping_handle(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct simple *ping = state;
    struct savina_pong pong;

    if (!savina_pong_decode(message, &pong))
        return MYC_OK;
    if (pong.number != ping->base.done)
        return MYC_FAILED;
    if (++ping->base.done < ping->base.each)
        return send_ping(self, ping);
    return savina_done(self, &ping->base, (int64_t)ping->base.done);
}

static enum myc_status
pong_handle(struct myc_self *self, void *state, const struct myc_message *message)
{
    (void)state;
    if (!myc_message_is(message, &savina_ping_type))
        return MYC_OK;
    return myc_send(self, message->from, &savina_pong_type, message->body, message->size);
}

static const struct myc_type *const ping_accepts[] = SAVINA_ACCEPTS(&savina_pong_type);
static const struct myc_type *const pong_accepts[] = SAVINA_ACCEPTS(&savina_ping_type);

/* ---- counting and fork-join ----------------------------------------------------------------- */

struct master {
    struct savina_worker base; /* done: rounds */
    uint64_t next;             /* whose turn it is */
    uint64_t poller;
    struct myc_ref peers[SAVINA_FORK_JOIN_WORKERS];
};

static unsigned
master_poll(struct myc_self *self, void *state)
{
    struct master *master = state;
    unsigned sent = 0;

    while (sent < BURST && master->base.done < master->base.each) {
        const struct savina_item item = { .number = master->base.done };

        if (savina_item_send(self, master->peers[master->next], &item) != MYC_OK)
            break;
        sent++;
        if (++master->next < master->base.peer_count)
            continue;
        master->next = 0;
        master->base.done++;
    }
    if (master->base.done == master->base.each)
        (void)myc_poller_stop(self, master->poller);
    return sent;
}

static enum myc_status
master_start(struct myc_self *self, void *state)
{
    struct master *master = state;

    return myc_poller_start(self, master_poll, 0, &master->poller);
}

static enum myc_status
nothing_handle(struct myc_self *self, void *state, const struct myc_message *message)
{
    (void)self;
    (void)state;
    (void)message;
    return MYC_OK;
}

static enum myc_status
counter_handle(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct simple *counter = state;
    struct savina_item item;

    if (!savina_item_decode(message, &item))
        return MYC_OK;
    if (item.number != counter->base.done)
        return MYC_FAILED;
    if (++counter->base.done < counter->base.each)
        return MYC_OK;
    return savina_done(self, &counter->base, (int64_t)counter->base.done);
}

static const struct myc_type *const master_accepts[] = SAVINA_ACCEPTS(&savina_over_type);
static const struct myc_type *const counter_accepts[] = SAVINA_ACCEPTS(&savina_item_type);

/* ---- creation ------------------------------------------------------------------------------- */

/* Answers one message, and ends. */
static enum myc_status
brief_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    enum myc_status status =
        myc_send(self, message->from, &savina_pong_type, message->body, message->size);

    (void)state;
    return status != MYC_OK ? status : myc_stop(self, myc_self_ref(self), MYC_NORMAL);
}

static const struct myc_type *const brief_accepts[] = { &savina_ping_type };

static const struct myc_class brief_class = {
    .size = sizeof(struct myc_class),
    .name = "savina_brief",
    .state_size = 64,
    .accepts = brief_accepts,
    .accepts_count = 1,
    .receive = brief_receive,
};

struct forker {
    struct savina_worker base; /* done: how many have ended */
    uint64_t created;
    struct myc_ref peers[1];
};

static enum myc_status
create_one(struct myc_self *self, const struct forker *forker)
{
    uint8_t last = (uint8_t)(myc_self_lcore_count(self) - 1);
    enum myc_status status;
    struct myc_ref ref;

    if (forker->base.place_count > 1) {
        status = myc_spawn_on(self, last, &brief_class, NULL, 0);
        return status == MYC_PENDING ? MYC_OK : status;
    }
    status = myc_spawn(self, &brief_class, NULL, &ref);
    return status != MYC_OK ? status : savina_ping_send(self, ref, &(struct savina_ping){ 0 });
}

static enum myc_status
forker_create(struct myc_self *self, void *state)
{
    struct forker *forker = state;
    enum myc_status status = MYC_OK;

    for (unsigned i = 0; i < SAVINA_AT_ONCE && forker->created < forker->base.each; i++) {
        status = create_one(self, forker);
        if (status != MYC_OK)
            break;
        forker->created++;
    }
    return status;
}

static enum myc_status
forker_handle(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct forker *forker = state;
    struct myc_spawned spawned;

    if (myc_spawned_decode(message, &spawned))
        return spawned.status != MYC_OK
                   ? (enum myc_status)spawned.status
                   : savina_ping_send(self, spawned.ref, &(struct savina_ping){ 0 });
    if (!myc_message_is(message, &savina_pong_type) || ++forker->base.done < forker->created)
        return MYC_OK;
    if (forker->created < forker->base.each)
        return forker_create(self, forker);
    return savina_done(self, &forker->base, (int64_t)forker->base.done);
}

/* ---- thread ring ---------------------------------------------------------------------------- */

static enum myc_status
pass_token(struct myc_self *self, const struct simple *member, uint64_t left)
{
    if (left == 0)
        return savina_done(self, &member->base, member->base.index);
    return savina_token_send(self, member->peers[0], &(struct savina_token){ .left = left - 1 });
}

static enum myc_status
member_start(struct myc_self *self, void *state)
{
    const struct simple *member = state;

    return pass_token(self, member, member->base.each);
}

static enum myc_status
member_handle(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct savina_token token;

    return savina_token_decode(message, &token) ? pass_token(self, state, token.left) : MYC_OK;
}

static const struct myc_type *const member_accepts[] = SAVINA_ACCEPTS(&savina_token_type);

#define SIMPLE_PEERS .peers_offset = offsetof(struct simple, peers), .peers_max = 1

const struct savina_role savina_roles_line[] = {
    [ROLE_PING] = { SAVINA_CLASS("savina_ping", struct simple, ping_accepts), SIMPLE_PEERS,
                    .start = ping_start, .handle = ping_handle },
    [ROLE_PONG] = { SAVINA_CLASS("savina_pong", struct simple, pong_accepts), SIMPLE_PEERS,
                    .handle = pong_handle },
    [ROLE_MASTER] = { SAVINA_CLASS("savina_master", struct master, master_accepts),
                      .peers_offset = offsetof(struct master, peers),
                      .peers_max = SAVINA_FORK_JOIN_WORKERS, .start = master_start,
                      .handle = nothing_handle },
    [ROLE_COUNTER] = { SAVINA_CLASS("savina_counter", struct simple, counter_accepts), SIMPLE_PEERS,
                       .handle = counter_handle },
    [ROLE_FORKER] = { SAVINA_CLASS("savina_forker", struct forker, ping_accepts),
                      .peers_offset = offsetof(struct forker, peers), .peers_max = 1,
                      .start = forker_create, .handle = forker_handle },
    [ROLE_RING_MEMBER] = { SAVINA_CLASS("savina_member", struct simple, member_accepts),
                           SIMPLE_PEERS, .start = member_start, .handle = member_handle },
};
