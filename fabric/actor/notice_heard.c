/* SPDX-License-Identifier: BSD-3-Clause */
/* Notices at the sender's core: what its actor is told, and the word back that it has been. */
#include "actor/drain.h"
#include "actor/event.h"
#include "actor/notice.h"
#include "actor/parts.h"
#include "actor/run.h"
#include "actor/system.h"
#include "wire/system.h"

#include <mycelium/messages.h>

/* Behind the failure of an ask: NOTICE_TAKEN goes when the actor has got that far. */
static bool
post_mark(struct fab_core *core, struct fab_slot *slot, struct myc_ref ref)
{
    struct fab_cell *cell = fab_notice_pop_cell(core);

    if (!cell)
        return false;
    cell->msg = (struct fab_msg){
        .template_id = FAB_SYSTEM_NOTICE_TAKEN,
        .size = sizeof(ref),
        .kind = FAB_MSG_SYSTEM,
    };
    memcpy(fab_msg_body(&cell->msg), &ref, sizeof(ref));
    fab_mailbox_append(core, slot, cell);
    return true;
}

static void
send_taken(struct fab_core *core, uint64_t sender, struct myc_ref ref)
{
    struct fab_system_taken body = { .sender = sender, .receiver = ref.actor };
    struct fab_link *link;

    if (fab_route(core, ref, &link) != MYC_OK || !link) {
        fab_cells_unreserve(&core->cells, FAB_CELL_SMALL);
        return;
    }
    fab_system_send_reserved(
        core, link,
        &(struct fab_system_record){ FAB_SYSTEM_NOTICE_TAKEN, ref.actor, &body, sizeof(body) });
}

/* After FULL elsewhere: the sender waits for the WRITABLE, or hears at once that it may try. */
static void
expect_room(struct fab_core *core, struct fab_slot *slot, struct myc_ref ref)
{
    struct myc_writable value = { .ref = ref };
    uint8_t body[MYC_WRITABLE_SIZE];

    if (fab_wait_for_full(core, fab_slot_actor(core, slot), ref, true) == MYC_FULL)
        return;
    if (!fab_notice_reserve(core)) {
        core->counters.notices_lost++;
        return;
    }
    myc_writable_encode(&value, body);
    fab_event_post_reserved(
        core, slot,
        &(struct fab_event){ .type = &myc_writable_type, .body = body, .size = sizeof(body) });
    core->counters.writable++;
}

/* The sender of a bounced message lives here. */
static void
receive_for(struct fab_core *core, struct fab_slot *slot, const struct fab_system_notice *notice,
            struct myc_ref ref)
{
    struct fab_msg msg = {
        .template_id = notice->template_id,
        .schema_id = notice->schema_id,
        .tag = notice->tag,
    };
    bool is_taken = notice->is_taken && fab_notice_reserve(core);
    bool is_posted;

    if (notice->kind == FAB_MSG_ASK) {
        fab_asks_on_undelivered(core, slot, notice->tag, (enum myc_status)notice->status);
        is_posted = !is_taken || post_mark(core, slot, ref);
    } else {
        is_posted = fab_notice_post(core, slot, &msg, ref, (enum myc_status)notice->status,
                                    is_taken ? FAB_UNDELIVERED_TAKEN : FAB_UNDELIVERED_PLAIN);
    }
    if (is_posted && is_taken)
        fab_doubt_add(core, notice->sender, ref, false);
    else if (is_taken)
        send_taken(core, notice->sender, ref);
    if (notice->status == MYC_FULL)
        expect_room(core, slot, ref);
}

/* Whether the notice was here before the link broke. If its actor has taken it, the other core may
 * have lost that. */
static bool
is_repeated(struct fab_core *core, struct fab_link *link, const struct fab_system_notice *notice,
            struct myc_ref ref)
{
    struct fab_link_state *state = fab_link_state(core, link);

    if (notice->sequence > state->notice_seen) {
        state->notice_seen = notice->sequence;
        return false;
    }
    if (notice->is_taken && !fab_doubt_is_known(core, notice->sender, ref) &&
        fab_notice_reserve(core))
        send_taken(core, notice->sender, ref);
    return true;
}

bool
fab_notice_receive(struct fab_core *core, struct fab_link *link, const void *body)
{
    struct fab_system_notice notice;
    struct myc_ref ref;
    struct fab_slot *slot;

    memcpy(&notice, body, sizeof(notice));
    if (notice.kind > FAB_MSG_ASK || notice.status == MYC_OK || notice.status >= MYC_STATUS_COUNT ||
        notice.announced > FAB_ANNOUNCED_FOR_MARGIN || notice.is_taken > 1 ||
        notice.receiver >> 56 != link->peer_lcore)
        return false;
    ref = (struct myc_ref){ link->peer_home, notice.receiver };
    if (is_repeated(core, link, &notice, ref))
        return true;
    if (notice.announced)
        fab_full_add(core, ref, notice.announced == FAB_ANNOUNCED_FOR_MARGIN);
    slot = fab_slot_lookup(core, notice.sender);
    if (slot) {
        receive_for(core, slot, &notice, ref);
    } else {
        core->counters.notices_unclaimed++;
        if (notice.is_taken && fab_notice_reserve(core))
            send_taken(core, notice.sender, ref);
    }
    return true;
}

void
fab_notice_event_taken(struct fab_core *core, uint64_t actor, const struct fab_msg *event)
{
    struct myc_undelivered value;

    if (event->from == FAB_UNDELIVERED_PLAIN)
        return;
    FAB_ASSERT(myc_undelivered_decode_body(fab_msg_body_const(event), event->size,
                                           event->block_length, event->version, &value));
    fab_doubt_taken(core, actor, value.ref);
    if (event->from == FAB_UNDELIVERED_TAKEN)
        send_taken(core, actor, value.ref);
}

void
fab_notice_mark_taken(struct fab_core *core, uint64_t actor, const struct fab_msg *mark)
{
    struct myc_ref ref;

    if (fab_drain_is_mark(mark)) {
        fab_drain_on_mark(core, actor, mark);
        return;
    }
    memcpy(&ref, fab_msg_body_const(mark), sizeof(ref));
    fab_doubt_taken(core, actor, ref);
    send_taken(core, actor, ref);
}
