/* SPDX-License-Identifier: BSD-3-Clause */
#include "actor/notice.h"

#include "actor/buffer.h"
#include "actor/drain.h"
#include "actor/parts.h"
#include "actor/run.h"
#include "wire/system.h"

#include <mycelium/messages.h>

void
fab_notice_refill(struct fab_core *core)
{
    while (core->notice_reserve < FAB_NOTICE_RESERVE &&
           fab_cells_reserve(&core->cells, FAB_CELL_SMALL))
        core->notice_reserve++;
}

/* A small cell for a notice: a free one, else one of the reserve; NULL when that is used up. */
static struct fab_cell *
pop_cell(struct fab_core *core)
{
    struct fab_cell *cell = fab_cells_pop(&core->cells, FAB_CELL_SMALL);

    if (cell || core->notice_reserve == 0)
        return cell;
    core->notice_reserve--;
    return fab_cells_pop_reserved(&core->cells, FAB_CELL_SMALL);
}

bool
fab_notice_reserve(struct fab_core *core)
{
    if (fab_cells_reserve(&core->cells, FAB_CELL_SMALL))
        return true;
    if (core->notice_reserve == 0)
        return false;
    core->notice_reserve--;
    return true;
}

static void
count_bounce(struct fab_core *core, enum myc_status status, bool is_held)
{
    if (is_held)
        core->counters.bounced_gap++;
    else if (status == MYC_FULL)
        core->counters.bounced_full++;
    else if (status == MYC_GONE)
        core->counters.bounced_gone++;
    else if (status == MYC_REFUSED)
        core->counters.bounced_refused++;
    else if (status == MYC_BAD_TYPE)
        core->counters.bounced_bad_type++;
    else if (status == MYC_INVALID)
        core->counters.bounced_margin++;
    else
        core->counters.bounced_no_memory++;
}

static void
send_notice(struct fab_core *core, struct fab_link *link, struct fab_system_notice *notice)
{
    struct fab_system_record record = { FAB_SYSTEM_NOTICE, 0, notice, sizeof(*notice) };

    if (!fab_notice_reserve(core)) {
        core->counters.notices_lost++;
        return;
    }
    notice->sequence = ++fab_link_state(core, link)->notice_sent;
    fab_system_send_reserved(core, link, &record);
}

/* What the notice about a message says. */
static struct fab_system_notice
notice_about(const struct fab_msg *msg, enum myc_status status)
{
    return (struct fab_system_notice){
        .sender = msg->from,
        .receiver = msg->to,
        .tag = msg->tag,
        .block_length = msg->block_length,
        .template_id = msg->template_id,
        .schema_id = msg->schema_id,
        .version = msg->version,
        .size = msg->size,
        .kind = msg->kind,
        .status = (uint8_t)status,
    };
}

void
fab_notice_bounce(struct fab_core *core, struct fab_link *link, const struct fab_msg *msg,
                  struct fab_slot *slot, enum myc_status status, bool is_held)
{
    struct fab_system_notice notice = notice_about(msg, status);

    count_bounce(core, status, is_held);
    fab_letter_came(core, link, msg, status);
    if (msg->from == 0)
        return;
    if (slot && status == MYC_FULL && !is_held && fab_announce_full(core, slot, link))
        notice.announced = msg->margin ? FAB_ANNOUNCED_FOR_MARGIN : FAB_ANNOUNCED_FULL;
    if (slot && !is_held) {
        fab_bounce_block(core, link, msg, status);
        notice.is_taken = 1;
    }
    send_notice(core, link, &notice);
}

/* What an Undelivered event says. */
static uint32_t
encode(uint8_t *body, struct myc_ref ref, enum myc_status status, uint16_t schema_id,
       uint16_t template_id)
{
    struct myc_undelivered value = {
        .ref = ref,
        .status = status,
        .template_id = template_id,
        .schema_id = schema_id,
    };

    myc_undelivered_encode(&value, body);
    return MYC_UNDELIVERED_SIZE;
}

/* Turns the cell into the event and gives it to its actor. */
static void
post(struct fab_core *core, struct fab_slot *slot, struct fab_cell *cell, uint64_t source)
{
    const struct myc_type *type = &myc_undelivered_type;

    cell->from_home = core->home;
    cell->msg.to = fab_slot_actor(core, slot);
    cell->msg.from = source;
    cell->msg.block_length = type->block_length;
    cell->msg.template_id = type->template_id;
    cell->msg.schema_id = type->schema_id;
    cell->msg.version = type->version;
    cell->msg.kind = FAB_MSG_EVENT;
    cell->msg.flags = 0;
    cell->msg.extensions = 0;
    cell->msg.margin = 0;
    core->counters.undelivered++;
    fab_mailbox_append(core, slot, cell);
}

/* The sender lives here: it gets the event, or its ask fails. */
static void
return_here(struct fab_core *core, struct fab_cell *cell, enum myc_status status)
{
    struct fab_slot *sender = fab_slot_lookup(core, cell->msg.from);
    struct myc_ref to = { core->home, cell->msg.to };

    if (!sender) {
        core->counters.notices_unclaimed += cell->msg.from != 0;
    } else if (cell->msg.kind == FAB_MSG_ASK) {
        fab_asks_on_undelivered(core, sender, cell->msg.tag, status);
    } else {
        uint8_t body[MYC_UNDELIVERED_SIZE];

        cell->msg.size = encode(body, to, status, cell->msg.schema_id, cell->msg.template_id);
        cell->msg.flags = 0;
        cell->msg.extensions = 0;
        memcpy(fab_msg_body(&cell->msg), body, sizeof(body));
        post(core, sender, cell, FAB_UNDELIVERED_PLAIN);
        return;
    }
    fab_cells_push(&core->cells, cell);
}

/* The link is down: the notice itself waits in the cell for the next epoch. */
static void
return_later(struct fab_core *core, struct fab_link *link, struct fab_cell *cell,
             enum myc_status status)
{
    struct fab_system_notice notice = notice_about(&cell->msg, status);

    notice.sequence = ++fab_link_state(core, link)->notice_sent;
    cell->msg = (struct fab_msg){
        .block_length = sizeof(notice),
        .template_id = FAB_SYSTEM_NOTICE,
        .size = sizeof(notice),
        .kind = FAB_MSG_SYSTEM,
    };
    memcpy(fab_msg_body(&cell->msg), &notice, sizeof(notice));
    fab_notice_keep(core, link, cell);
}

void
fab_notice_return(struct fab_core *core, struct fab_cell *cell, enum myc_status status)
{
    struct myc_ref from = { cell->from_home, cell->msg.from };
    struct fab_system_notice notice = notice_about(&cell->msg, status);
    struct fab_link *link;

    fab_msg_release(core, &cell->msg);
    if (fab_is_here(core, from)) {
        return_here(core, cell, status);
    } else if (cell->msg.from != 0 && fab_route(core, from, &link) == MYC_OK) {
        fab_cells_push(&core->cells, cell);
        send_notice(core, link, &notice);
    } else if (cell->msg.from != 0 && (link = fab_route_broken(core, from)) != NULL) {
        return_later(core, link, cell, status);
    } else {
        fab_cells_push(&core->cells, cell);
        core->counters.notices_unclaimed++;
    }
}

/* Behind the failure of an ask: NOTICE_TAKEN goes when the actor has got that far. */
static bool
post_mark(struct fab_core *core, struct fab_slot *slot, struct myc_ref ref)
{
    struct fab_cell *cell = pop_cell(core);

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

/* An Undelivered event about a message that left this core. False: there was no cell. */
static bool
post_about(struct fab_core *core, struct fab_slot *slot, const struct fab_msg *msg,
           struct myc_ref ref, enum myc_status status, enum fab_undelivered_source source)
{
    struct fab_cell *cell = pop_cell(core);

    if (!cell) {
        core->counters.notices_lost++;
        return false;
    }
    cell->msg = (struct fab_msg){ .tag = msg->tag };
    cell->msg.size =
        encode(fab_msg_body(&cell->msg), ref, status, msg->schema_id, msg->template_id);
    post(core, slot, cell, source);
    return true;
}

static void
message_in_doubt(struct fab_core *core, struct fab_link *link, const struct fab_msg *msg)
{
    struct myc_ref ref = { link->peer_home, msg->to };
    struct fab_slot *slot = fab_slot_lookup(core, msg->from);

    core->counters.in_doubt++;
    if (fab_unlikely(core->letters.watcher != NULL))
        fab_letter_sample(core, msg, ref, (struct myc_ref){ core->home, msg->from }, MYC_IN_DOUBT);
    if (!slot) {
        core->counters.notices_unclaimed++;
    } else if (msg->kind == FAB_MSG_ASK) {
        fab_asks_on_undelivered(core, slot, msg->tag, MYC_IN_DOUBT);
    } else if (post_about(core, slot, msg, ref, MYC_IN_DOUBT, FAB_UNDELIVERED_DOUBT)) {
        fab_doubt_add(core, msg->from, ref, true);
    }
}

void
fab_notice_doubt(struct fab_core *core, struct fab_link *link, const struct fab_msg *msg)
{
    struct fab_cell *cell;

    if (msg->kind <= FAB_MSG_ASK) {
        message_in_doubt(core, link, msg);
        return;
    }
    if (msg->kind != FAB_MSG_SYSTEM || msg->template_id != FAB_SYSTEM_NOTICE)
        return;
    cell = pop_cell(core);
    if (!cell) {
        core->counters.notices_lost++;
        return;
    }
    memcpy(&cell->msg, msg, sizeof(*msg));
    memcpy(fab_msg_body(&cell->msg), fab_msg_body_const(msg), sizeof(struct fab_system_notice));
    fab_notice_keep(core, link, cell);
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
        is_posted = post_about(core, slot, &msg, ref, (enum myc_status)notice->status,
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
