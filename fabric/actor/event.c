/* SPDX-License-Identifier: BSD-3-Clause */
#include "actor/event.h"

#include "actor/run.h"

static void
fill(struct fab_core *core, struct fab_slot *slot, struct fab_cell *cell,
     const struct fab_event *event)
{
    cell->from_home = core->home;
    cell->msg = (struct fab_msg){
        .to = fab_slot_actor(core, slot),
        .from = event->source,
        .block_length = event->type->block_length,
        .template_id = event->type->template_id,
        .schema_id = event->type->schema_id,
        .version = event->type->version,
        .size = event->size,
        .kind = FAB_MSG_EVENT,
        .tag = event->tag,
    };
    memcpy(fab_msg_body(&cell->msg), event->body, event->size);
    fab_mailbox_append(core, slot, cell);
}

static enum fab_cell_class
class_of(const struct fab_event *event)
{
    FAB_ASSERT(event->size <= FAB_MSG_SMALL_MAX);
    return fab_cell_class_of(FAB_MSG_HEADER_SIZE + event->size);
}

bool
fab_event_post(struct fab_core *core, struct fab_slot *slot, const struct fab_event *event)
{
    struct fab_cell *cell = fab_cells_pop(&core->cells, class_of(event));

    if (!cell)
        return false;
    fill(core, slot, cell, event);
    return true;
}

void
fab_event_post_reserved(struct fab_core *core, struct fab_slot *slot, const struct fab_event *event)
{
    fill(core, slot, fab_cells_pop_reserved(&core->cells, class_of(event)), event);
}
