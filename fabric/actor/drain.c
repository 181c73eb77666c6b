/* SPDX-License-Identifier: BSD-3-Clause */
#include "actor/drain.h"

#include "actor/notice.h"
#include "actor/run.h"

void
fab_drain_begin(struct fab_core *core, struct fab_slot *slot, enum myc_status reason)
{
    struct fab_cell *cell;

    if (slot->overflow & FAB_OVERFLOW_CLOSED)
        return;
    if (!fab_notice_reserve(core)) {
        fab_request(core, slot, FAB_REQUEST_STOP, reason);
        return;
    }
    cell = fab_cells_pop_reserved(&core->cells, FAB_CELL_SMALL);
    cell->from_home = core->home;
    cell->msg = (struct fab_msg){
        .to = fab_slot_actor(core, slot),
        .kind = FAB_MSG_SYSTEM,
        .template_id = FAB_SYSTEM_STOP,
        .tag = slot->message_max,
        .origin = reason,
    };
    slot->message_max = 0;
    slot->overflow |= FAB_OVERFLOW_CLOSED;
    fab_mailbox_append(core, slot, cell);
}

void
fab_drain_on_mark(struct fab_core *core, uint64_t actor, const struct fab_msg *mark)
{
    struct fab_slot *slot = fab_slot_lookup(core, actor);

    if (!slot)
        return;
    slot->message_max = (uint32_t)mark->tag;
    slot->overflow &= (uint8_t)~FAB_OVERFLOW_CLOSED;
    fab_request(core, slot, FAB_REQUEST_STOP, (enum myc_status)mark->origin);
}
