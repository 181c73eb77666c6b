/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Open asks: what actors here wait for. What they owe to others is in request.c.
 *
 * An ask is one entry of a bounded table with a deadline in a wheel. What it will end with, reply
 * or failure, has its cells reserved when it is made, so neither can be refused later: that is why
 * a reply takes no credit and is never FULL. Its id says all that a replier must know:
 *
 *      63            32 31        11 10       0
 *     +----------------+------------+---------+
 *     | generation 32  |  index 21  | cap 11  |   cap: bytes of body that the reply may have
 *     +----------------+------------+---------+
 *
 * It ends exactly once: by a reply, its deadline, a notice that it was not delivered, a failure
 * from whoever owed the answer, the loss of the link, a cancel, or with its asker. Whoever comes
 * second finds the generation gone. When it ends at this side, by deadline, cancel or the asker's
 * end, whoever was asked is told, so that nothing is kept there for an answer that nobody wants.
 *
 * Rejected: a monitor for each ask (as gen_server:call has it) costs two records and two crossings
 * of the link; the table of what is owed (owed.h) costs the callee's side one entry.
 */
#include "actor/event.h"
#include "actor/parts.h"

#include <string.h>

#include "actor/handle.h"
#include "actor/owed.h"
#include "actor/request.h"
#include "actor/timer_wheel.h"

#include <mycelium/messages.h>

#define CAP_DEFAULT 256U

struct ask {
    struct myc_ref to;
    struct myc_ref owner; /* whoever owes the answer now, as far as it is known */
    uint64_t tag;
    uint32_t slot; /* the asker */
    uint32_t next; /* of the same asker */
    uint32_t prev;
    uint16_t cap;     /* bytes of body that the reply may have */
    bool has_large;   /* a large cell is reserved beside the small one */
    bool was_replied; /* while free: the last one here ended by a reply */
};

struct fab_asks {
    struct ask *asks;
    struct fab_wheel_node *nodes;
    struct fab_handle *entries;
    struct fab_handles handles;
    struct fab_wheel wheel;
};

static_assert(FAB_MSG_SMALL_MAX < 1U << FAB_ASK_CAP_BITS,
              "every reply that a cell holds can be allowed");

enum myc_status
fab_asks_create(struct fab_core *core)
{
    uint32_t count = core->config.limits.asks_max;
    struct fab_asks *asks;

    if (count >= 1U << FAB_ASK_INDEX_BITS)
        return MYC_INVALID;
    asks = fab_core_alloc(core, sizeof(*asks));
    core->asks = asks;
    if (asks == NULL)
        return MYC_NO_MEMORY;
    asks->asks = fab_core_alloc(core, count * sizeof(asks->asks[0]));
    asks->nodes = fab_core_alloc(core, count * sizeof(asks->nodes[0]));
    asks->entries = fab_core_alloc(core, count * sizeof(asks->entries[0]));
    if (asks->asks == NULL || asks->nodes == NULL || asks->entries == NULL)
        return MYC_NO_MEMORY;
    fab_handles_init(&asks->handles, asks->entries, count);
    fab_wheel_init(&asks->wheel, asks->nodes, core->now_ns);
    return fab_requests_create(core, count);
}

void
fab_asks_destroy(struct fab_core *core)
{
    struct fab_asks *asks = core->asks;

    fab_requests_destroy(core);
    if (asks == NULL)
        return;
    fab_core_free(core, asks->asks);
    fab_core_free(core, asks->nodes);
    fab_core_free(core, asks->entries);
    fab_core_free(core, asks);
    core->asks = NULL;
}

/* --- the table -------------------------------------------------------------------------------- */

static uint64_t
id_of(const struct fab_asks *asks, uint32_t index)
{
    uint64_t generation = asks->entries[index].generation;

    return generation << 32 | (uint64_t)index << FAB_ASK_CAP_BITS | asks->asks[index].cap;
}

static uint64_t
handle_of(uint64_t id)
{
    return (id & 0xffffffff00000000ULL) | (uint32_t)id >> FAB_ASK_CAP_BITS;
}

/* An open ask of this very actor. */
static bool
lookup(const struct fab_core *core, const struct fab_slot *slot, uint64_t id, uint32_t *index)
{
    return fab_handles_lookup(&core->asks->handles, handle_of(id), index) &&
           core->asks->asks[*index].slot == fab_slot_index(core, slot);
}

static bool
reserve(struct fab_core *core, struct ask *ask)
{
    ask->has_large = fab_cell_class_of(FAB_MSG_HEADER_SIZE + ask->cap) == FAB_CELL_LARGE;
    if (!fab_cells_reserve(&core->cells, FAB_CELL_SMALL))
        return false;
    if (!ask->has_large || fab_cells_reserve(&core->cells, FAB_CELL_LARGE))
        return true;
    fab_cells_unreserve(&core->cells, FAB_CELL_SMALL);
    return false;
}

static bool
open_ask(struct fab_core *core, struct myc_ref to, uint32_t cap, uint32_t *index)
{
    struct fab_asks *asks = core->asks;
    uint32_t *first = &fab_slot_cold(core, core->self->slot)->first_ask;
    struct ask *ask;

    if (!fab_handles_pop(&asks->handles, index))
        return false;
    ask = &asks->asks[*index];
    ask->cap = (uint16_t)cap;
    if (!reserve(core, ask)) {
        fab_handles_push(&asks->handles, *index);
        return false;
    }
    ask->to = ask->owner = to;
    ask->slot = fab_slot_index(core, core->self->slot);
    ask->next = *first;
    ask->prev = FAB_SLOT_NONE;
    ask->was_replied = false;
    if (*first != FAB_SLOT_NONE)
        asks->asks[*first].prev = *index;
    *first = *index;
    return true;
}

/* Takes an ask out of the table. Its cells are still reserved: the caller uses or returns them. */
static void
close_ask(struct fab_core *core, uint32_t index)
{
    struct fab_asks *asks = core->asks;
    struct ask *ask = &asks->asks[index];

    fab_wheel_cancel(&asks->wheel, index);
    if (ask->prev != FAB_SLOT_NONE)
        asks->asks[ask->prev].next = ask->next;
    else
        core->cold[ask->slot].first_ask = ask->next;
    if (ask->next != FAB_SLOT_NONE)
        asks->asks[ask->next].prev = ask->prev;
    fab_handles_push(&asks->handles, index);
}

/* One that was not sent. */
static void
forget_ask(struct fab_core *core, uint32_t index)
{
    bool has_large = core->asks->asks[index].has_large;

    close_ask(core, index);
    fab_cells_unreserve(&core->cells, FAB_CELL_SMALL);
    if (has_large)
        fab_cells_unreserve(&core->cells, FAB_CELL_LARGE);
}

/* Ends an ask that was sent, with no word to the asker: its small cell tells whoever owes it. */
static void
abandon_ask(struct fab_core *core, uint32_t index)
{
    const struct ask ask = core->asks->asks[index];
    const struct myc_request request = {
        .asker = fab_slot_ref(core, &core->slots[ask.slot]),
        .ask = id_of(core->asks, index),
    };

    close_ask(core, index);
    if (ask.has_large)
        fab_cells_unreserve(&core->cells, FAB_CELL_LARGE);
    fab_requests_on_asker(core, request, ask.owner, true);
}

static void
fail_ask(struct fab_core *core, uint32_t index, enum myc_status status)
{
    struct ask ask = core->asks->asks[index];
    uint64_t id = id_of(core->asks, index);
    uint8_t body[MYC_ASK_FAILED_SIZE];
    const struct fab_event event = {
        .type = &myc_ask_failed_type,
        .tag = ask.tag,
        .body = body,
        .size = sizeof(body),
    };

    close_ask(core, index);
    if (ask.has_large)
        fab_cells_unreserve(&core->cells, FAB_CELL_LARGE);
    if (status == MYC_TIMEOUT)
        core->counters.asks_timed_out++;
    else
        core->counters.asks_failed++;
    myc_ask_failed_encode(&(struct myc_ask_failed){ .ask = id, .ref = ask.to, .status = status },
                          body);
    fab_event_post_reserved(core, &core->slots[ask.slot], &event);
}

uint32_t
fab_asks_read(const struct fab_core *core, uint32_t index, struct myc_ref *to, uint64_t *id)
{
    const struct ask *ask = &core->asks->asks[index];

    *to = ask->owner;
    *id = id_of(core->asks, index);
    return ask->next;
}

/* --- the asker's side ------------------------------------------------------------------------- */

unsigned
fab_asks_run(struct fab_core *core, unsigned budget)
{
    struct fab_asks *asks = core->asks;
    unsigned failed = 0;
    uint32_t index;

    while (fab_wheel_pop(&asks->wheel, core->now_ns, &budget, &index)) {
        const struct ask ask = asks->asks[index];
        const struct myc_request request = {
            .asker = fab_slot_ref(core, &core->slots[ask.slot]),
            .ask = id_of(asks, index),
        };

        fail_ask(core, index, MYC_TIMEOUT);
        fab_requests_on_asker(core, request, ask.owner, false);
        failed++;
    }
    return failed;
}

uint64_t
fab_asks_next_ns(const struct fab_core *core)
{
    return fab_wheel_next_ns(&core->asks->wheel);
}

bool
fab_asks_on_reply(struct fab_core *core, struct fab_slot *slot, const struct fab_msg *msg,
                  uint64_t *tag, enum fab_cell_class *cell)
{
    struct fab_asks *asks = core->asks;
    struct ask *ask;
    uint32_t index;

    if (!lookup(core, slot, msg->tag, &index)) {
        uint64_t next_id = msg->tag + (1ULL << 32);
        bool is_duplicate = index < asks->handles.fresh && asks->asks[index].was_replied &&
                            asks->entries[index].generation == next_id >> 32;

        *(is_duplicate ? &core->counters.replies_duplicate : &core->counters.replies_late) += 1;
        return false;
    }
    ask = &asks->asks[index];
    if (msg->size > ask->cap) {
        fail_ask(core, index, MYC_TOO_BIG);
        return false;
    }
    ask->was_replied = true;
    *tag = ask->tag;
    *cell = fab_cell_class_of(fab_msg_total(msg));
    close_ask(core, index);
    /* One cell goes with the reply, the other one back. */
    if (*cell == FAB_CELL_LARGE && ask->has_large)
        fab_cells_unreserve(&core->cells, FAB_CELL_SMALL);
    else if (ask->has_large)
        fab_cells_unreserve(&core->cells, FAB_CELL_LARGE);
    return true;
}

void
fab_asks_on_undelivered(struct fab_core *core, struct fab_slot *slot, uint64_t ask,
                        enum myc_status reason)
{
    uint32_t index;

    if (!lookup(core, slot, ask, &index))
        return;
    /* Whether it was handled is as unknown as with any ask whose link broke. */
    fail_ask(core, index, reason == MYC_IN_DOUBT ? MYC_NO_CONNECTION : reason);
}

void
fab_asks_on_taken(struct fab_core *core, uint64_t asker, uint64_t ask, struct myc_ref owner)
{
    const struct fab_slot *slot = fab_slot_lookup(core, asker);
    const struct myc_request request = { .asker = { core->home, asker }, .ask = ask };
    uint32_t index;

    if (slot != NULL && lookup(core, slot, ask, &index))
        core->asks->asks[index].owner = owner;
    else
        fab_requests_on_asker(core, request, owner, false);
}

enum myc_status
myc_ask(struct myc_self *self, struct myc_ref to, const struct myc_type *type, const void *body,
        uint32_t size, const struct myc_ask_options *options, uint64_t *ask)
{
    struct fab_core *core FAB_WITHIN = fab_self_enter(self, __func__);
    uint32_t cap = options->reply_size_max == 0 ? CAP_DEFAULT : options->reply_size_max;
    uint64_t left_ns = UINT64_MAX - core->now_ns;
    struct fab_outgoing outgoing = {
        .to = to, .type = type, .body = body, .size = size, .kind = FAB_MSG_ASK
    };
    enum myc_status status;
    uint32_t index;

    FAB_ASSERT(options->size == sizeof(*options) && options->timeout_ns > 0);
    if (cap > FAB_MSG_SMALL_MAX)
        return MYC_TOO_BIG;
    if (!open_ask(core, to, cap, &index))
        return MYC_NO_MEMORY;
    core->asks->asks[index].tag = options->tag;
    outgoing.tag = id_of(core->asks, index);
    status = fab_send(self, &outgoing);
    if (status != MYC_OK) {
        forget_ask(core, index);
        return status;
    }
    if (options->timeout_ns < left_ns) {
        fab_parts_due(core, fab_wheel_start(&core->asks->wheel, index, core->now_ns,
                                            core->now_ns + options->timeout_ns));
    }
    core->counters.asks_opened++;
    if (ask != NULL)
        *ask = outgoing.tag;
    if (fab_unlikely(core->config.finds_wait_cycles))
        fab_wait_cycle_look(core, self->slot);
    return MYC_OK;
}

enum myc_status
myc_ask_cancel(struct myc_self *self, uint64_t ask)
{
    struct fab_core *core FAB_WITHIN = fab_self_enter(self, __func__);
    uint32_t index;

    if (!lookup(core, self->slot, ask, &index))
        return MYC_NOT_FOUND;
    abandon_ask(core, index);
    return MYC_OK;
}

/* --- what happens ----------------------------------------------------------------------------- */

void
fab_asks_on_end(struct fab_core *core, struct fab_slot *slot)
{
    struct fab_slot_cold *cold = fab_slot_cold(core, slot);

    while (cold->first_ask != FAB_SLOT_NONE)
        abandon_ask(core, cold->first_ask);
    fab_requests_on_end(core, slot);
}

void
fab_asks_on_link_down(struct fab_core *core, struct fab_link *link)
{
    struct fab_asks *asks = core->asks;

    for (uint32_t i = 0; i < asks->handles.fresh; i++)
        if (fab_handles_is_taken(&asks->handles, i) &&
            fab_request_is_over(link, asks->asks[i].owner))
            fail_ask(core, i, MYC_NO_CONNECTION);
    fab_requests_on_link_down(core, link);
}

uint32_t
fab_asks_count(const struct fab_core *core)
{
    return core->asks->handles.taken + core->requests->handles.taken;
}
