/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Replies: they take no link credit and find no mailbox full.
 *
 * The asker's table of open asks has reserved a cell for each, and over links they ride the system
 * lane; so a reply is never FULL, and two actors that ask each other cannot wedge.
 */
#include "actor/parts.h"
#include "actor/run.h"
#include "actor/system.h"

static void
fill(struct fab_msg *msg, const struct myc_self *self, struct myc_request request,
     const struct myc_type *type, uint32_t size)
{
    *msg = (struct fab_msg){
        .to = request.asker.actor,
        .from = self->actor,
        .block_length = type->block_length,
        .template_id = type->template_id,
        .schema_id = type->schema_id,
        .version = type->version,
        .size = size,
        .kind = FAB_MSG_REPLY,
        .tag = request.ask,
        .origin = self->origin,
    };
}

bool
fab_reply_accept(struct fab_core *core, struct fab_slot *slot, const struct fab_msg *msg,
                 uint64_t from_home)
{
    enum fab_cell_class class_of;
    struct fab_cell *cell;
    uint64_t tag;

    if (!fab_asks_on_reply(core, slot, msg, &tag, &class_of))
        return false;
    cell = fab_cells_pop_reserved(&core->cells, class_of);
    cell->from_home = from_home;
    memcpy(&cell->msg, msg, fab_msg_total(msg));
    cell->msg.tag = tag;
    fab_mailbox_append(core, slot, cell);
    return true;
}

/* The asker is on this lcore. */
static enum myc_status
reply_here(struct myc_self *self, struct myc_request request, const struct myc_type *type,
           const void *body, uint32_t size)
{
    struct fab_core *core = self->core;
    struct fab_slot *slot = fab_slot_lookup(core, request.asker.actor);
    enum fab_cell_class class_of;
    struct fab_cell *cell;
    struct fab_msg msg;
    uint64_t tag;

    if (!slot) {
        core->counters.replies_late++;
        return MYC_GONE;
    }
    fill(&msg, self, request, type, size);
    if (!fab_asks_on_reply(core, slot, &msg, &tag, &class_of))
        return MYC_OK;
    cell = fab_cells_pop_reserved(&core->cells, class_of);
    cell->from_home = core->home;
    cell->msg = msg;
    cell->msg.tag = tag;
    memcpy(fab_msg_body(&cell->msg), body, size);
    fab_mailbox_append(core, slot, cell);
    core->counters.sent++;
    return MYC_OK;
}

enum myc_status
fab_send_reply(struct myc_self *self, struct myc_request request, const struct myc_type *type,
               const void *body, uint32_t size, bool *has_reserved)
{
    struct fab_core *core = self->core;
    struct fab_link *link;
    struct fab_msg msg;
    enum myc_status status;

    if (core->claim.msg)
        fab_claim_abort(core);
    if (size > FAB_MSG_SMALL_MAX)
        return MYC_TOO_BIG;
    if (fab_is_here(core, request.asker))
        return reply_here(self, request, type, body, size);
    status = fab_route(core, request.asker, &link);
    if (status != MYC_OK)
        return status;
    fill(&msg, self, request, type, size);
    status = fab_link_post(core, link, &msg, body, has_reserved);
    core->counters.sent += status == MYC_OK;
    return status;
}
