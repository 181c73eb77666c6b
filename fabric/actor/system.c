/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The system lane: records between cores (wire/system.h), and replies.
 *
 * A record that finds no room even in the link's reserve waits in a cell, in order, and goes first
 * when there is room. Nothing may overtake it. So user messages of that ring or segment wait behind
 * it as long as they are no more than half of what waits, and are then refused with FULL. If they
 * were refused at once, an actor whom a peer asks without end could say nothing else to it: answers
 * would always wait. (Over a flow they are: there a core takes no messages while many records wait,
 * and so gets its turn.) Records are written straight into the link; only when a handler's claim on
 * the same link is open do they wait too, since a second claim would make the carrier forget the
 * first.
 */
#include "actor/system.h"

#include "actor/exported.h"
#include "actor/lend.h"
#include "actor/life.h"
#include "actor/name.h"
#include "actor/notice.h"
#include "actor/parts.h"
#include "wire/system.h"

/* Writes the record into the link: header, and what follows it. */
static enum myc_status
write_now(struct fab_core *core, struct fab_link *link, uint64_t order, const struct fab_msg *msg,
          const void *rest)
{
    struct fab_msg *record;
    enum myc_status status;

    status = link->ops->claim(link, FAB_LANE_SYSTEM, fab_msg_stride(msg), order, &record);
    if (status != MYC_OK)
        return status;
    *record = *msg;
    memcpy(record + 1, rest, fab_msg_total(msg) - FAB_MSG_HEADER_SIZE);
    link->ops->commit(link);
    fab_link_touch(core, link);
    return MYC_OK;
}

/* Puts the record behind those that wait. */
static void
wait_for_room(struct fab_core *core, struct fab_link *link, uint64_t order, struct fab_cell *cell)
{
    struct fab_link_state *state = fab_link_state(core, link);

    cell->from_home = order;
    cell->next = NULL;
    if (state->pending_head) {
        state->pending_tail->next = cell;
    } else {
        state->pending_head = cell;
        core->held_up++;
    }
    state->pending_tail = cell;
    state->pending_count++;
    core->waiting++;
    core->counters.system_waited++;
    fab_link_touch(core, link); /* the flush tries again */
}

#define QUEUED_LEAST 32U /* messages of a link that may wait behind however few records */

bool
fab_link_may_queue(const struct fab_core *core, const struct fab_link *link)
{
    const struct fab_link_state *state = &core->routes.states[link->index];

    return link->level != FAB_LEVEL_FLOW &&
           (state->queued < QUEUED_LEAST || state->queued < state->pending_count / 2);
}

struct fab_msg *
fab_link_queue(struct fab_core *core, struct fab_link *link, uint64_t to, uint32_t total)
{
    struct fab_link_state *state = fab_link_state(core, link);
    struct fab_cell *cell;

    FAB_ASSERT(state->pending_head != NULL);
    if (!fab_link_may_queue(core, link))
        return NULL;
    cell = fab_cells_pop(&core->cells, fab_cell_class_of(total));
    if (!cell)
        return NULL;
    state->queued++;
    wait_for_room(core, link, to, cell);
    return &cell->msg;
}

/* OK: written. FULL: it has to wait. UNREACHABLE. */
static enum myc_status
try_write(struct fab_core *core, struct fab_link *link, uint64_t order, const struct fab_msg *msg,
          const void *body)
{
    struct fab_link_state *state = fab_link_state(core, link);
    bool is_claimed = core->claim.msg && core->claim.link == link;

    if (!state->is_up)
        return MYC_UNREACHABLE;
    if (is_claimed || (state->pending_head && !fab_link_drain(core, link)))
        return MYC_FULL;
    return write_now(core, link, order, msg, body);
}

static void
copy(struct fab_cell *cell, const struct fab_msg *msg, const void *body)
{
    cell->msg = *msg;
    memcpy(fab_msg_body(&cell->msg), body, msg->size);
}

static enum myc_status
post(struct fab_core *core, struct fab_link *link, uint64_t order, const struct fab_msg *msg,
     const void *body)
{
    enum myc_status status = try_write(core, link, order, msg, body);
    struct fab_cell *cell;

    if (status != MYC_FULL)
        return status;
    cell = fab_cells_pop(&core->cells, fab_cell_class_of(fab_msg_total(msg)));
    if (!cell)
        return MYC_NO_MEMORY;
    copy(cell, msg, body);
    wait_for_room(core, link, order, cell);
    return MYC_OK;
}

/* As post, for what fits into a small cell, which has been reserved: OK; UNREACHABLE. */
static enum myc_status
post_reserved(struct fab_core *core, struct fab_link *link, uint64_t order,
              const struct fab_msg *msg, const void *body)
{
    enum myc_status status = try_write(core, link, order, msg, body);
    struct fab_cell *cell;

    if (status != MYC_FULL) {
        fab_cells_unreserve(&core->cells, FAB_CELL_SMALL);
        return status;
    }
    cell = fab_cells_pop_reserved(&core->cells, FAB_CELL_SMALL);
    copy(cell, msg, body);
    wait_for_room(core, link, order, cell);
    return MYC_OK;
}

enum myc_status
fab_link_post(struct fab_core *core, struct fab_link *link, const struct fab_msg *msg,
              const void *body, bool *has_reserved)
{
    if (!*has_reserved || fab_cell_class_of(fab_msg_total(msg)) != FAB_CELL_SMALL)
        return post(core, link, msg->to, msg, body);
    *has_reserved = false;
    return post_reserved(core, link, msg->to, msg, body);
}

static struct fab_msg
system_header(const struct fab_system_record *record)
{
    FAB_ASSERT(record->size <= FAB_CELL_BODY_SMALL);
    return (struct fab_msg){
        .block_length = (uint16_t)record->size,
        .template_id = record->op,
        .size = record->size,
        .kind = FAB_MSG_SYSTEM,
    };
}

enum myc_status
fab_system_send(struct fab_core *core, struct fab_link *link,
                const struct fab_system_record *record)
{
    struct fab_msg msg = system_header(record);
    enum myc_status status = post(core, link, record->order, &msg, record->body);

    core->counters.system_sent += status == MYC_OK;
    return status;
}

void
fab_system_send_reserved(struct fab_core *core, struct fab_link *link,
                         const struct fab_system_record *record)
{
    struct fab_msg msg = system_header(record);

    if (post_reserved(core, link, record->order, &msg, record->body) == MYC_OK)
        core->counters.system_sent++;
    else
        core->counters.system_lost++;
}

bool
fab_link_drain(struct fab_core *core, struct fab_link *link)
{
    struct fab_link_state *state = fab_link_state(core, link);

    while (state->pending_head) {
        struct fab_cell *cell = state->pending_head;

        if (write_now(core, link, cell->from_home, &cell->msg, &cell->msg + 1) != MYC_OK)
            return false;
        state->queued -= cell->msg.kind <= FAB_MSG_ASK;
        state->pending_head = cell->next;
        state->pending_count--;
        core->waiting--;
        fab_cells_push(&core->cells, cell);
        if (!state->pending_head)
            core->held_up--;
    }
    return true;
}

static bool
on_taken(struct fab_core *core, struct fab_link *link, const void *body)
{
    struct fab_system_taken taken;

    memcpy(&taken, body, sizeof(taken));
    fab_bounce_open(core, link, taken.sender, taken.receiver);
    return true;
}

static bool
on_writable(struct fab_core *core, struct fab_link *link, const void *body)
{
    struct fab_system_writable writable;

    memcpy(&writable, body, sizeof(writable));
    if (writable.receiver >> 56 != link->peer_lcore)
        return false;
    fab_full_remove(core, (struct myc_ref){ link->peer_home, writable.receiver });
    return true;
}

static bool
on_stop(struct fab_core *core, const struct fab_link *link, const void *body)
{
    struct fab_system_stop stop;
    struct fab_slot *slot;

    memcpy(&stop, body, sizeof(stop));
    if (stop.reason >= MYC_STATUS_COUNT || stop.how > FAB_SYSTEM_STOP_DRAINED)
        return false;
    if (!fab_link_may_reach(core, link, stop.actor)) {
        core->counters.bounced_reach++;
        return true;
    }
    slot = fab_slot_lookup(core, stop.actor);
    if (!slot)
        return true;
    if (fab_exported_allows(core, link, slot))
        fab_end_as_asked(core, slot, &stop);
    else
        core->counters.unexported++;
    return true;
}

static const uint8_t body_sizes[FAB_SYSTEM_PARTS] = {
    [FAB_SYSTEM_NOTICE] = sizeof(struct fab_system_notice),
    [FAB_SYSTEM_NOTICE_TAKEN] = sizeof(struct fab_system_taken),
    [FAB_SYSTEM_WRITABLE] = sizeof(struct fab_system_writable),
    [FAB_SYSTEM_STOP] = sizeof(struct fab_system_stop),
    [FAB_SYSTEM_SPAWN] = sizeof(struct fab_system_spawn),
    [FAB_SYSTEM_SPAWNED] = sizeof(struct fab_system_spawned),
    [FAB_SYSTEM_RELEASE] = sizeof(struct fab_system_release),
};

/* A record of the core's own, as long as its op says. */
static bool
receive_own(struct fab_core *core, struct fab_link *link, uint16_t op, const void *body)
{
    switch (op) {
    case FAB_SYSTEM_NOTICE:
        return fab_notice_receive(core, link, body);
    case FAB_SYSTEM_NOTICE_TAKEN:
        return on_taken(core, link, body);
    case FAB_SYSTEM_WRITABLE:
        return on_writable(core, link, body);
    case FAB_SYSTEM_STOP:
        return on_stop(core, link, body);
    case FAB_SYSTEM_SPAWN:
        return fab_spawn_receive(core, link, body);
    case FAB_SYSTEM_SPAWNED:
        return fab_spawn_outcome(core, link, body);
    default:
        return fab_lends_on_release(core, link, body);
    }
}

static bool
receive(struct fab_core *core, struct fab_link *link, const struct fab_msg *msg)
{
    const void *body = fab_msg_body_const(msg);
    uint16_t op = msg->template_id;

    if (op < FAB_SYSTEM_PARTS)
        return op > 0 && body_sizes[op] > 0 && msg->size == body_sizes[op] &&
               receive_own(core, link, op, body);
    if (op < FAB_SYSTEM_MONITOR_FIRST)
        return fab_asks_on_system(core, link, op, body, msg->size);
    if (op < FAB_SYSTEM_NAME_FIRST)
        return fab_monitors_on_system(core, link, op, body, msg->size);
    return op < FAB_SYSTEM_END && fab_names_on_system(core, link, op, body, msg->size);
}

void
fab_system_receive(struct fab_core *core, struct fab_link *link, const struct fab_msg *msg)
{
    core->counters.system_received++;
    if (!receive(core, link, msg))
        core->counters.system_bad++;
}
