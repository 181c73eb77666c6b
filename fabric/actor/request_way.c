/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the cores of an asker and of who owes the answer tell each other of a request.
 *
 *      asker's core                         core of whoever owes
 *        ASK ------------------------------->  mailbox, then the table of what is owed
 *        ask_taken  <-------- ASK_TAKEN -----  it was passed on, and has been taken over here
 *        cancelled, timed
 *        out, or asker ended -- ASK_ENDED --> the entry goes; or the word follows the ASK through
 *                                              the mailbox where it still waits
 *
 * ASK_TAKEN and ASK_ENDED may cross: whoever takes over an ask that has ended is told so at once.
 * Neither is needed for an answer to arrive: they say what may be forgotten, and whose end or loss
 * is to be told to the asker.
 */
#include "actor/event.h"
#include "actor/request.h"

#include <string.h>

#include "actor/overflow.h"
#include "actor/owed.h"
#include "actor/parts.h"
#include "actor/system.h"

static const struct myc_type ended_type = {
    .name = "AskEnded",
    .template_id = FAB_SYSTEM_ASK_ENDED,
    .block_length = sizeof(struct myc_request),
};

/* To whom a full mailbox passes on; NULL: to nobody. */
static struct fab_slot *
heir_of(const struct fab_core *core, const struct fab_slot *slot)
{
    const struct fab_policy *policy = fab_slot_cold(core, slot)->policy;

    return policy && policy->redirect_to ? fab_slot_lookup(core, policy->redirect_to) : NULL;
}

/* Into each mailbox where it may wait. Without a cell nothing is done: the entry that it will make
 * stays until the answer. */
static void
follow_through_mailbox(struct fab_core *core, uint64_t target, struct myc_request request)
{
    const struct fab_event event = {
        .type = &ended_type,
        .body = &request,
        .size = sizeof(request),
    };
    struct fab_slot *slot = fab_slot_lookup(core, target);

    for (unsigned depth = 0; slot && depth <= MYC_REDIRECT_DEPTH_MAX; depth++) {
        if (slot->head && !fab_event_post(core, slot, &event))
            core->counters.ask_ends_lost++;
        slot = heir_of(core, slot);
    }
}

/* The ask has been handled, or it still waits: then its end goes behind it. */
static void
release(struct fab_core *core, struct myc_request request, uint64_t target)
{
    uint32_t index = fab_owed_lookup(core->requests, request);

    if (index != FAB_OWED_NONE)
        fab_requests_forget(core, index);
    else
        follow_through_mailbox(core, target, request);
}

void
fab_requests_on_ended(struct fab_core *core, const struct fab_msg *msg)
{
    struct myc_request request;
    uint32_t index;

    memcpy(&request, fab_msg_body_const(msg), sizeof(request));
    index = fab_owed_lookup(core->requests, request);
    if (index != FAB_OWED_NONE)
        fab_requests_forget(core, index);
}

void
fab_requests_on_asker(struct fab_core *core, struct myc_request request, struct myc_ref to,
                      bool has_reserved)
{
    const struct fab_system_ask_ended ended = {
        .asker = request.asker.actor,
        .ask = request.ask,
        .target = to.actor,
    };
    const struct fab_system_record record = {
        .op = FAB_SYSTEM_ASK_ENDED,
        .order = to.actor,
        .body = &ended,
        .size = sizeof(ended),
    };
    struct fab_link *link;
    enum myc_status way = fab_route(core, to, &link);

    if (way == MYC_OK && link != NULL && has_reserved) {
        fab_system_send_reserved(core, link, &record);
        return;
    }
    if (has_reserved)
        fab_cells_unreserve(&core->cells, FAB_CELL_SMALL);
    if (way != MYC_OK)
        return; /* the other end has seen the link go, too */
    if (link == NULL)
        release(core, request, to.actor);
    else if (fab_system_send(core, link, &record) != MYC_OK)
        core->counters.ask_ends_lost++;
}

static bool
on_ended(struct fab_core *core, const struct fab_link *link, const void *body, uint32_t size)
{
    struct fab_system_ask_ended ended;

    if (size != sizeof(ended))
        return false;
    memcpy(&ended, body, sizeof(ended));
    if (ended.asker >> 56 != link->peer_lcore)
        return false;
    release(core,
            (struct myc_request){ .asker = { link->peer_home, ended.asker }, .ask = ended.ask },
            ended.target);
    return true;
}

void
fab_requests_on_taken(struct fab_core *core, const struct fab_slot *slot,
                      struct myc_request request)
{
    const struct fab_system_ask_taken taken = {
        .asker = request.asker.actor,
        .ask = request.ask,
        .owner = fab_slot_actor(core, slot),
    };
    const struct fab_system_record record = {
        .op = FAB_SYSTEM_ASK_TAKEN,
        .order = request.asker.actor,
        .body = &taken,
        .size = sizeof(taken),
    };
    struct fab_link *link;

    if (fab_route(core, request.asker, &link) != MYC_OK)
        return;
    if (link == NULL)
        fab_asks_on_taken(core, request.asker.actor, request.ask, fab_slot_ref(core, slot));
    else if (fab_system_send(core, link, &record) != MYC_OK)
        core->counters.requests_untracked++;
}

static bool
on_taken(struct fab_core *core, const struct fab_link *link, const void *body, uint32_t size)
{
    struct fab_system_ask_taken taken;

    if (size != sizeof(taken))
        return false;
    memcpy(&taken, body, sizeof(taken));
    if (taken.owner >> 56 != link->peer_lcore)
        return false;
    fab_asks_on_taken(core, taken.asker, taken.ask,
                      (struct myc_ref){ link->peer_home, taken.owner });
    return true;
}

static bool
on_failed(struct fab_core *core, const void *body, uint32_t size)
{
    struct fab_system_ask_failed failed;
    struct fab_slot *slot;

    if (size != sizeof(failed))
        return false;
    memcpy(&failed, body, sizeof(failed));
    if (failed.status == MYC_OK || failed.status >= MYC_STATUS_COUNT)
        return false;
    slot = fab_slot_lookup(core, failed.asker);
    if (slot != NULL)
        fab_asks_on_undelivered(core, slot, failed.ask, (enum myc_status)failed.status);
    return true;
}

bool
fab_asks_on_system(struct fab_core *core, struct fab_link *link, uint16_t op, const void *body,
                   uint32_t size)
{
    switch (op) {
    case FAB_SYSTEM_ASK_FAILED:
        return on_failed(core, body, size);
    case FAB_SYSTEM_WAIT_PROBE:
        return fab_wait_cycle_receive(core, body, size);
    case FAB_SYSTEM_ASK_ENDED:
        return on_ended(core, link, body, size);
    case FAB_SYSTEM_ASK_TAKEN:
        return on_taken(core, link, body, size);
    default:
        return false;
    }
}
