/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The side that owes an answer: replies, failures, and what becomes of a request when the one who
 * owes it ends. The table is owed.h; the asker's side is ask.c; what the two sides tell each other
 * of a request's way is in request_way.c.
 */
#include "actor/request.h"

#include <string.h>

#include "actor/notice.h"
#include "actor/owed.h"
#include "actor/parts.h"
#include "actor/system.h"

enum myc_status
fab_requests_create(struct fab_core *core, uint32_t count)
{
    uint32_t chain_count = fab_power_of_two_from(count);
    struct fab_owed_table *owed = fab_core_alloc(core, sizeof(*owed));

    core->requests = owed;
    if (owed == NULL)
        return MYC_NO_MEMORY;
    owed->owed = fab_core_alloc(core, count * sizeof(owed->owed[0]));
    owed->entries = fab_core_alloc(core, count * sizeof(owed->entries[0]));
    owed->chains = fab_core_alloc(core, chain_count * sizeof(owed->chains[0]));
    owed->first = fab_core_alloc(core, core->slot_count * sizeof(owed->first[0]));
    if (owed->owed == NULL || owed->entries == NULL || owed->chains == NULL || owed->first == NULL)
        return MYC_NO_MEMORY;
    fab_owed_init(owed, count, chain_count, core->slot_count);
    return MYC_OK;
}

void
fab_requests_destroy(struct fab_core *core)
{
    struct fab_owed_table *owed = core->requests;

    if (owed == NULL)
        return;
    fab_core_free(core, owed->owed);
    fab_core_free(core, owed->entries);
    fab_core_free(core, owed->chains);
    fab_core_free(core, owed->first);
    fab_core_free(core, owed);
    core->requests = NULL;
}

void
fab_requests_forget(struct fab_core *core, uint32_t index)
{
    if (core->requests->owed[index].has_reserved)
        fab_cells_unreserve(&core->cells, FAB_CELL_SMALL);
    fab_owed_remove(core->requests, index);
}

void
fab_asks_on_request(struct fab_core *core, struct fab_slot *slot, struct myc_ref from, uint64_t ask)
{
    struct fab_owed_table *table = core->requests;
    const struct myc_request request = { .asker = from, .ask = ask };
    bool is_local = from.home == core->home && myc_ref_lcore(from) == core->lcore;
    struct fab_link *link;
    bool has_room;
    uint32_t index;

    if (fab_owed_lookup(table, request) != FAB_OWED_NONE)
        return;
    /* It waited here while its link broke: its asker knows, and cannot be told anything. */
    if (!is_local && fab_route(core, from, &link) != MYC_OK)
        return;
    if (!is_local && !fab_notice_reserve(core)) {
        core->counters.requests_untracked++;
        return;
    }
    if (table->handles.taken == table->handles.count) {
        core->counters.requests_untracked++;
        fab_requests_forget(core, fab_owed_oldest(table));
    }
    has_room = fab_owed_push(table, fab_slot_index(core, slot), request, &index);
    FAB_ASSERT(has_room); /* it was made above */
    table->owed[index].has_reserved = !is_local;
}

bool
fab_request_is_cut_off(struct fab_core *core, const struct fab_msg *msg, uint64_t from_home)
{
    const struct myc_ref from = { from_home, msg->from };
    struct fab_link *link;

    return msg->margin != 0 && (fab_route(core, from, &link) != MYC_OK || link == NULL ||
                                fab_request_life(core, link) != msg->margin);
}

/* Tells an asker elsewhere. With a cell reserved it cannot fail but by a link that is down. */
static enum myc_status
send_failure(struct fab_core *core, struct myc_request request, enum myc_status status,
             bool *has_reserved)
{
    const struct fab_system_ask_failed failed = {
        .asker = request.asker.actor,
        .ask = request.ask,
        .status = (uint8_t)status,
    };
    const struct fab_system_record record = {
        .op = FAB_SYSTEM_ASK_FAILED,
        .order = request.asker.actor,
        .body = &failed,
        .size = sizeof(failed),
    };
    struct fab_slot *slot;
    struct fab_link *link;
    enum myc_status way = fab_route(core, request.asker, &link);

    if (way != MYC_OK)
        return way;
    if (link != NULL && *has_reserved) {
        *has_reserved = false;
        fab_system_send_reserved(core, link, &record);
        return MYC_OK;
    }
    if (link != NULL)
        return fab_system_send(core, link, &record);
    slot = fab_slot_lookup(core, request.asker.actor);
    if (slot == NULL)
        return MYC_GONE;
    fab_asks_on_undelivered(core, slot, request.ask, status);
    return MYC_OK;
}

/* Ends what is owed with a failure. */
static enum myc_status
fail_owed(struct fab_core *core, uint32_t index, enum myc_status status)
{
    struct fab_owed *owed = &core->requests->owed[index];
    enum myc_status outcome = send_failure(core, owed->request, status, &owed->has_reserved);

    fab_requests_forget(core, index);
    return outcome;
}

void
fab_asks_on_returned(struct fab_core *core, struct fab_slot *slot, struct myc_ref from,
                     uint64_t ask)
{
    uint32_t index;

    if (fab_unlikely(core->config.finds_wait_cycles))
        fab_wait_cycle_look(core, slot);
    if (!(slot->class_of->flags & MYC_CLASS_ANSWERS_AT_ONCE))
        return;
    index = fab_owed_lookup(core->requests, (struct myc_request){ .asker = from, .ask = ask });
    if (index != FAB_OWED_NONE && core->requests->owed[index].slot == fab_slot_index(core, slot))
        fail_owed(core, index, MYC_BROKEN);
}

void
fab_requests_on_end(struct fab_core *core, struct fab_slot *slot)
{
    const uint32_t *first = &core->requests->first[fab_slot_index(core, slot)];

    while (*first != FAB_OWED_NONE)
        fail_owed(core, *first, MYC_BROKEN);
}

bool
fab_request_is_over(const struct fab_link *link, struct myc_ref ref)
{
    return ref.home == link->peer_home && myc_ref_lcore(ref) == link->peer_lcore;
}

void
fab_requests_on_link_down(struct fab_core *core, const struct fab_link *link)
{
    struct fab_owed_table *owed = core->requests;

    for (uint32_t i = 0; i < owed->handles.fresh; i++)
        if (fab_handles_is_taken(&owed->handles, i) &&
            fab_request_is_over(link, owed->owed[i].request.asker))
            fab_requests_forget(core, i);
}

struct myc_request
myc_message_request(const struct myc_message *message)
{
    return (struct myc_request){ .asker = message->from, .ask = message->tag };
}

enum myc_status
myc_reply(struct myc_self *self, struct myc_request request, const struct myc_type *type,
          const void *body, uint32_t size)
{
    struct fab_core *core FAB_WITHIN = fab_self_enter(self, __func__);
    uint32_t index = fab_owed_lookup(core->requests, request);
    bool has_none = false;
    enum myc_status status;

    if (size > fab_ask_cap(request.ask))
        return MYC_TOO_BIG;
    status = fab_send_reply(self, request, type, body, size,
                            index != FAB_OWED_NONE ? &core->requests->owed[index].has_reserved
                                                   : &has_none);
    if (index == FAB_OWED_NONE)
        return status;
    if (status == MYC_NO_MEMORY)
        (void)fail_owed(core, index, status);
    else
        fab_requests_forget(core, index);
    return status;
}

enum myc_status
myc_reply_failure(struct myc_self *self, struct myc_request request, enum myc_status status)
{
    struct fab_core *core FAB_WITHIN = fab_self_enter(self, __func__);
    uint32_t index = fab_owed_lookup(core->requests, request);
    bool has_reserved = false;

    FAB_ASSERT(status > MYC_OK && status < MYC_STATUS_COUNT);
    if (index != FAB_OWED_NONE)
        return fail_owed(core, index, status);
    return send_failure(core, request, status, &has_reserved);
}

enum myc_status
myc_request_pass_on(struct myc_self *self, struct myc_request request)
{
    struct fab_core *core FAB_WITHIN = fab_self_enter(self, __func__);
    uint32_t index = fab_owed_lookup(core->requests, request);

    if (index == FAB_OWED_NONE ||
        core->requests->owed[index].slot != fab_slot_index(core, self->slot))
        return MYC_NOT_FOUND;
    fab_requests_forget(core, index);
    return MYC_OK;
}

void
myc_request_take_over(struct myc_self *self, struct myc_request request)
{
    struct fab_core *core FAB_WITHIN = fab_self_enter(self, __func__);

    fab_asks_on_request(core, self->slot, request.asker, request.ask);
    fab_requests_on_taken(core, self->slot, request);
}
