/* SPDX-License-Identifier: BSD-3-Clause */
/* Notices over a break of the link: kept on the way down, repeated on the way up. */
#include "actor/notice.h"
#include "actor/system.h"
#include "wire/system.h"

void
fab_notice_keep(struct fab_core *core, struct fab_link *link, struct fab_cell *cell)
{
    struct fab_link_state *state = fab_link_state(core, link);

    if (state->unsent_count == FAB_NOTICES_KEPT_MAX) {
        fab_cells_push(&core->cells, cell);
        core->counters.notices_lost++;
        return;
    }
    state->unsent_count++;
    cell->from_home = 0; /* what it keeps its order with */
    cell->next = NULL;
    if (state->unsent_head)
        state->unsent_tail->next = cell;
    else
        state->unsent_head = cell;
    state->unsent_tail = cell;
}

/* Holds the pair back again, if the notice is to open it. */
static void
block_again(struct fab_core *core, struct fab_link *link, const struct fab_cell *cell)
{
    struct fab_system_notice notice;
    struct fab_msg msg;

    memcpy(&notice, fab_msg_body_const(&cell->msg), sizeof(notice));
    msg = (struct fab_msg){ .from = notice.sender, .to = notice.receiver };
    if (notice.is_taken)
        fab_bounce_block(core, link, &msg, (enum myc_status)notice.status);
}

void
fab_notice_on_link_down(struct fab_core *core, struct fab_link *link)
{
    struct fab_link_state *state = fab_link_state(core, link);
    struct fab_cell *cell = state->pending_head;

    core->held_up -= cell != NULL;
    core->waiting -= state->pending_count;
    state->pending_head = NULL;
    state->pending_count = 0;
    state->queued = 0;
    while (cell) {
        struct fab_cell *next = cell->next;

        if (cell->msg.kind == FAB_MSG_SYSTEM && cell->msg.template_id == FAB_SYSTEM_NOTICE) {
            fab_notice_keep(core, link, cell);
        } else {
            if (cell->msg.kind <= FAB_MSG_ASK)
                fab_notice_doubt(core, link, &cell->msg);
            else
                core->counters.system_lost++;
            fab_cells_push(&core->cells, cell);
        }
        cell = next;
    }
    fab_bounce_on_link_down(core, link);
    for (cell = state->unsent_head; cell; cell = cell->next)
        block_again(core, link, cell);
}

/* What the notice announces may be over: then the word of that has gone into the broken link, and
 * would not come again. */
static void
announce_again(const struct fab_core *core, const struct fab_link *link, struct fab_cell *cell)
{
    struct fab_system_notice notice;

    memcpy(&notice, fab_msg_body_const(&cell->msg), sizeof(notice));
    if (notice.announced && !fab_is_announced_full(core, notice.receiver, link)) {
        notice.announced = 0;
        memcpy(fab_msg_body(&cell->msg), &notice, sizeof(notice));
    }
}

void
fab_notice_forget(struct fab_core *core, struct fab_link *link)
{
    struct fab_link_state *state = fab_link_state(core, link);

    fab_bounce_on_link_down(core, link);
    while (state->unsent_head) {
        struct fab_cell *cell = state->unsent_head;

        state->unsent_head = cell->next;
        fab_cells_push(&core->cells, cell);
        core->counters.system_lost++;
    }
    state->unsent_count = 0;
}

void
fab_notice_on_link_up(struct fab_core *core, struct fab_link *link)
{
    struct fab_link_state *state = fab_link_state(core, link);

    if (state->home != link->peer_home) {
        fab_notice_forget(core, link);
        state->home = link->peer_home;
        state->notice_sent = 0;
        state->notice_seen = 0;
    }
    if (!state->unsent_head)
        return;
    for (struct fab_cell *cell = state->unsent_head; cell; cell = cell->next)
        announce_again(core, link, cell);
    state->pending_head = state->unsent_head;
    state->pending_tail = state->unsent_tail;
    state->pending_count = state->unsent_count;
    core->waiting += state->unsent_count;
    state->unsent_head = NULL;
    state->unsent_count = 0;
    core->held_up++;
    fab_link_touch(core, link);
    (void)fab_link_drain(core, link);
}
