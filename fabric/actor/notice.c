/* SPDX-License-Identifier: BSD-3-Clause */
#include "actor/notice.h"

#include "actor/buffer.h"
#include "actor/parts.h"
#include "actor/run.h"
#include "actor/system.h"
#include "wire/system.h"

#include <mycelium/messages.h>

void
fab_notice_refill(struct fab_core *core)
{
    while (core->notice_reserve < FAB_NOTICE_RESERVE &&
           fab_cells_reserve(&core->cells, FAB_CELL_SMALL))
        core->notice_reserve++;
}

struct fab_cell *
fab_notice_pop_cell(struct fab_core *core)
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

bool
fab_notice_post(struct fab_core *core, struct fab_slot *slot, const struct fab_msg *msg,
                struct myc_ref ref, enum myc_status status, enum fab_undelivered_source source)
{
    struct fab_cell *cell = fab_notice_pop_cell(core);

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
    } else if (fab_notice_post(core, slot, msg, ref, MYC_IN_DOUBT, FAB_UNDELIVERED_DOUBT)) {
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
    cell = fab_notice_pop_cell(core);
    if (!cell) {
        core->counters.notices_lost++;
        return;
    }
    memcpy(&cell->msg, msg, sizeof(*msg));
    memcpy(fab_msg_body(&cell->msg), fab_msg_body_const(msg), sizeof(struct fab_system_notice));
    fab_notice_keep(core, link, cell);
}
