/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Links: two actors that end together, unless the end was NORMAL.
 *
 * Each side has a half of the link, an entry in its lcore's table of watches (watch.h) that names
 * the other actor. A half whose peer is on another lcore goes by records in that peer's order:
 *
 *      A's core                                   B's core
 *      half {B, id a}   --LINK {a}------------>   half {A, id b, peer id a}
 *                       <--EXIT {b, a, reason}--  when B ends: the half goes
 *                       --UNLINK {a, 0}-------->  when A takes the link back, ended by either
 *
 *      FREE --link--> LINKED --EXIT, no process, link lost--> POSTED --handled--> FREE
 *                        \--NORMAL EXIT, UNLINK, own end--> FREE
 *
 * A half that is POSTED has the exit in its actor's mailbox, behind what the peer had sent; when
 * its turn comes the actor is asked to stop with the reason. Unlinking takes the half away, and the
 * exit is dropped when its turn comes.
 *
 * Both may link at once, and unlink and link again while records are under way, so each half has an
 * id and records carry those of both ends as far as their sender knows them. A record is about a
 * half when it names its id, or comes from the half that this one knows as its peer's. What of A's
 * does not name our half comes from before A has seen the LINK that we sent: that LINK will make A
 * a new half, so
 *
 *   - an UNLINK leaves our half as it is (A has linked, unlinked, and is about to be linked by us)
 *   - an EXIT ends us, and if A's ref lives on (it runs again under it) our own end takes that new
 *     half back with an UNLINK.
 */
#include "actor/linked.h"

#include <string.h>

#include "actor/event.h"
#include "actor/exported.h"
#include "actor/name.h"
#include "actor/system.h"
#include "actor/watch.h"

#include <mycelium/monitor.h>

static const struct myc_type exit_type = {
    .name = "exit",
    .block_length = sizeof(struct fab_system_linked),
    .template_id = FAB_SYSTEM_EXIT,
};

/* --- halves ----------------------------------------------------------------------------------- */

/* The half that is not posted; FAB_SLOT_NONE: the two are not linked. */
static uint32_t
lookup_live(const struct fab_core *core, const struct fab_slot *slot, struct myc_ref peer)
{
    uint32_t slot_index = fab_slot_index(core, slot);
    uint32_t index = fab_watch_lookup_linked(core, slot_index, peer, FAB_SLOT_NONE);

    while (index != FAB_SLOT_NONE && fab_watch_at(core, index)->is_posted)
        index = fab_watch_lookup_linked(core, slot_index, peer, index);
    return index;
}

static void
drop_half(struct fab_core *core, uint32_t index)
{
    fab_cells_unreserve(&core->cells, FAB_CELL_SMALL);
    fab_watch_remove(core, index);
}

static void
post_exit(struct fab_core *core, uint32_t index, enum myc_status reason)
{
    struct fab_watch *half = fab_watch_at(core, index);
    const struct fab_system_linked body = { .reason = (uint8_t)reason };
    const struct fab_event event = {
        .type = &exit_type,
        .source = fab_watch_id(core, index),
        .body = &body,
        .size = sizeof(body),
    };

    half->is_posted = half->is_answered = true;
    fab_event_post_reserved(core, &core->slots[half->slot], &event);
}

/* The peer of a half has ended. */
static void
end_peer(struct fab_core *core, uint32_t index, enum myc_status reason)
{
    if (reason == MYC_NORMAL)
        drop_half(core, index);
    else
        post_exit(core, index, reason);
}

static struct fab_system_linked
body_of(const struct fab_core *core, uint32_t index, enum myc_status reason)
{
    const struct fab_watch *half = fab_watch_at(core, index);

    return (struct fab_system_linked){
        .actor = half->target.actor,
        .peer = fab_slot_actor(core, &core->slots[half->slot]),
        .sender_id = fab_watch_id(core, index),
        .receiver_id = half->peer_id,
        .reason = (uint8_t)reason,
    };
}

static struct fab_system_record
record_of(uint16_t op, const struct fab_system_linked *body)
{
    return (struct fab_system_record){
        .op = op,
        .order = body->actor,
        .body = body,
        .size = sizeof(*body),
    };
}

/* A half ends before its peer: by EXIT when its actor has ended, or by UNLINK. */
static void
end_half(struct fab_core *core, uint32_t index, uint16_t op, enum myc_status reason)
{
    const struct fab_watch *half = fab_watch_at(core, index);
    const struct fab_system_linked body = body_of(core, index, reason);
    const struct fab_system_record record =
        record_of(half->is_posted ? (uint16_t)FAB_SYSTEM_UNLINK : op, &body);
    bool is_answered = half->is_answered;
    uint32_t twin;

    if (half->is_posted) {
        struct fab_link *link =
            half->link == FAB_WATCHED_HERE ? NULL : core->routes.states[half->link].link;

        fab_watch_remove(core, index);
        if (!is_answered && link != NULL && fab_system_send(core, link, &record) == MYC_NO_MEMORY)
            core->counters.downs_unsaid++;
        return;
    }
    if (half->link != FAB_WATCHED_HERE) {
        fab_system_send_reserved(core, core->routes.states[half->link].link, &record);
        fab_watch_remove(core, index);
        return;
    }
    if (fab_handles_lookup(&core->monitors->handles, half->peer_id, &twin))
        end_peer(core, twin, op == FAB_SYSTEM_UNLINK ? MYC_NORMAL : reason);
    drop_half(core, index);
}

/* --- linking ---------------------------------------------------------------------------------- */

/* The other half on this lcore. */
static bool
link_here(struct fab_core *core, struct fab_slot *slot, uint32_t index)
{
    struct fab_slot *peer = fab_slot_lookup(core, fab_watch_at(core, index)->target.actor);
    uint32_t twin;

    if (peer == NULL) {
        post_exit(core, index, MYC_NO_PROCESS);
        return true;
    }
    if (!fab_watch_add_linked(core, peer, fab_slot_ref(core, slot), &twin))
        return false;
    fab_watch_at(core, index)->peer_id = fab_watch_id(core, twin);
    fab_watch_at(core, twin)->peer_id = fab_watch_id(core, index);
    return true;
}

/* The other half elsewhere. */
static bool
link_over(struct fab_core *core, uint32_t index, struct fab_link *link)
{
    const struct fab_system_linked body = body_of(core, index, MYC_OK);
    const struct fab_system_record record = record_of(FAB_SYSTEM_LINK, &body);
    struct fab_watch *half = fab_watch_at(core, index);
    enum myc_status status = fab_system_send(core, link, &record);

    half->is_asked = true;
    if (status == MYC_UNREACHABLE)
        post_exit(core, index, MYC_NO_CONNECTION);
    else if (status == MYC_OK)
        half->link = link->index;
    return status != MYC_NO_MEMORY;
}

bool
fab_linked_add(struct fab_core *core, struct fab_slot *slot, struct myc_ref peer)
{
    struct fab_link *link;
    enum myc_status way;
    uint32_t index;
    bool is_done = true;

    if (myc_ref_is_equal(peer, fab_slot_ref(core, slot)) ||
        lookup_live(core, slot, peer) != FAB_SLOT_NONE)
        return true;
    if (!fab_watch_add_linked(core, slot, peer, &index))
        return false;
    way = fab_route(core, peer, &link);
    if (way != MYC_OK)
        post_exit(core, index, way == MYC_GONE ? MYC_NO_PROCESS : MYC_NO_CONNECTION);
    else if (link == NULL)
        is_done = link_here(core, slot, index);
    else
        is_done = link_over(core, index, link);
    if (!is_done)
        drop_half(core, index);
    return is_done;
}

enum myc_status
myc_link(struct myc_self *self, struct myc_ref ref)
{
    struct fab_core *core FAB_WITHIN = fab_self_enter(self, __func__);

    return fab_linked_add(core, self->slot, ref) ? MYC_OK : MYC_NO_MEMORY;
}

enum myc_status
myc_unlink(struct myc_self *self, struct myc_ref ref)
{
    struct fab_core *core FAB_WITHIN = fab_self_enter(self, __func__);
    uint32_t slot = fab_slot_index(core, self->slot);
    enum myc_status status = MYC_NOT_FOUND;
    uint32_t index;

    while ((index = fab_watch_lookup_linked(core, slot, ref, FAB_SLOT_NONE)) != FAB_SLOT_NONE) {
        end_half(core, index, FAB_SYSTEM_UNLINK, MYC_NORMAL);
        status = MYC_OK;
    }
    return status;
}

/* --- what happens ----------------------------------------------------------------------------- */

void
fab_linked_on_end(struct fab_core *core, struct fab_slot *slot, enum myc_status reason)
{
    uint32_t index = fab_slot_cold(core, slot)->first_monitor;

    while (index != FAB_SLOT_NONE) {
        uint32_t next = fab_watch_at(core, index)->next;

        /* What it sets in motion adds no watch and takes none of this actor's but its own. */
        if (fab_watch_at(core, index)->is_linked)
            end_half(core, index, FAB_SYSTEM_EXIT, reason);
        index = next;
    }
}

void
fab_linked_on_link_down(struct fab_core *core, uint32_t index)
{
    struct fab_watch *half = fab_watch_at(core, index);

    if (half->is_posted)
        half->is_answered = true; /* nobody is there to be told */
    else
        post_exit(core, index, MYC_NO_CONNECTION);
}

void
fab_linked_on_exit(struct fab_core *core, struct fab_slot *slot, const struct fab_msg *msg)
{
    struct fab_system_linked body;
    uint32_t index;

    if (!fab_handles_lookup(&core->monitors->handles, msg->from, &index) ||
        !fab_watch_at(core, index)->is_linked || !fab_watch_at(core, index)->is_posted)
        return;
    FAB_ASSERT(fab_watch_at(core, index)->slot == fab_slot_index(core, slot));
    memcpy(&body, fab_msg_body_const(msg), sizeof(body));
    core->counters.exits++;
    end_half(core, index, FAB_SYSTEM_EXIT, MYC_NORMAL);
    fab_request(core, slot, FAB_REQUEST_STOP, (enum myc_status)body.reason);
}

/* The other half of a LINK that has come cannot be made. */
static void
refuse(struct fab_core *core, struct fab_link *link, const struct fab_system_linked *asked,
       enum myc_status reason)
{
    const struct fab_system_linked body = {
        .actor = asked->peer,
        .peer = asked->actor,
        .receiver_id = asked->sender_id,
        .reason = (uint8_t)reason,
    };
    const struct fab_system_record record = record_of(FAB_SYSTEM_EXIT, &body);

    if (fab_system_send(core, link, &record) != MYC_OK)
        core->counters.downs_unsaid++;
}

static bool
is_allowed(struct fab_core *core, struct fab_link *link, const struct fab_slot *slot)
{
    if (!fab_link_may_reach(core, link, fab_slot_actor(core, slot)))
        core->counters.bounced_reach++;
    else if (!fab_exported_allows(core, link, slot))
        core->counters.unexported++;
    else
        return true;
    return false;
}

/* Of two that ask each other over different links, the one of the smaller home says which it is. */
static void
meet(struct fab_core *core, const struct fab_link *link, uint32_t index, uint64_t peer_id)
{
    struct fab_watch *half = fab_watch_at(core, index);

    half->peer_id = peer_id;
    if (link->peer_home < core->home)
        half->link = link->index;
}

static void
on_link(struct fab_core *core, struct fab_link *link, struct fab_slot *slot,
        const struct fab_system_linked *asked)
{
    const struct myc_ref peer = { link->peer_home, asked->peer };
    uint32_t index = slot == NULL ? FAB_SLOT_NONE : lookup_live(core, slot, peer);

    if (slot == NULL) {
        refuse(core, link, asked, MYC_NO_PROCESS);
    } else if (index != FAB_SLOT_NONE) {
        meet(core, link, index, asked->sender_id);
    } else if (!is_allowed(core, link, slot)) {
        refuse(core, link, asked, MYC_REFUSED);
    } else if (!fab_watch_add_linked(core, slot, peer, &index)) {
        refuse(core, link, asked, MYC_NO_MEMORY);
    } else {
        fab_watch_at(core, index)->link = link->index;
        fab_watch_at(core, index)->peer_id = asked->sender_id;
    }
}

/* UNLINK or EXIT is about this half, if any. */
static void
on_end(struct fab_core *core, uint32_t index, uint16_t op, const struct fab_system_linked *ended)
{
    struct fab_watch *half = fab_watch_at(core, index);
    bool is_known = ended->receiver_id == fab_watch_id(core, index);

    if (!is_known && (ended->sender_id == 0 || ended->sender_id != half->peer_id))
        return;
    if (op == FAB_SYSTEM_UNLINK && half->is_asked && !is_known) {
        half->peer_id = 0;
    } else if (op == FAB_SYSTEM_UNLINK || ended->reason == MYC_NORMAL) {
        drop_half(core, index);
    } else {
        post_exit(core, index, (enum myc_status)ended->reason);
        half->is_answered = is_known || !half->is_asked;
    }
}

bool
fab_linked_on_record(struct fab_core *core, struct fab_link *link, uint16_t op, const void *body)
{
    struct fab_system_linked linked;
    struct fab_slot *slot;
    uint32_t index;

    memcpy(&linked, body, sizeof(linked));
    if (linked.reason >= MYC_STATUS_COUNT || linked.peer >> 56 != link->peer_lcore ||
        (op == FAB_SYSTEM_LINK && linked.sender_id == 0))
        return false;
    slot = fab_slot_lookup(core, linked.actor);
    if (op == FAB_SYSTEM_LINK) {
        on_link(core, link, slot, &linked);
        return true;
    }
    index = slot == NULL
                ? FAB_SLOT_NONE
                : lookup_live(core, slot, (struct myc_ref){ link->peer_home, linked.peer });
    if (index != FAB_SLOT_NONE)
        on_end(core, index, op, &linked);
    return true;
}
