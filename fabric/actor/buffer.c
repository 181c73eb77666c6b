/* SPDX-License-Identifier: BSD-3-Clause */
#include "actor/buffer.h"

#include "actor/lend.h"
#include "actor/state.h"
#include "actor/system.h"
#include "wire/system.h"

/* --- create, destroy -------------------------------------------------------------------------- */

static bool
create_table(struct fab_core *core, struct fab_handles *handles, void **entries, size_t size)
{
    uint32_t count = core->config.limits.buffers_max;
    struct fab_handle *handle = fab_core_alloc(core, count * sizeof(*handle));

    if (!handle)
        return false;
    fab_handles_init(handles, handle, count);
    *entries = fab_core_alloc(core, count * size);
    return *entries != NULL;
}

/* Both parts of the heap over its memory, each with its part of the table. */
static void
lay_out(struct fab_buffers *buffers, const struct fab_core_config *config, void *table)
{
    uint64_t size = config->heap ? config->heap_size : 0;
    uint64_t incoming = config->heap ? config->heap_incoming : 0;
    uint64_t own = size - incoming;

    FAB_ASSERT(incoming <= size);
    fab_heap_init(&buffers->heap, config->heap, own, table);
    fab_heap_init(&buffers->incoming, size ? (uint8_t *)config->heap + own : NULL, incoming,
                  (uint8_t *)table + fab_heap_table_size(own));
}

enum myc_status
fab_buffers_create(struct fab_core *core)
{
    struct fab_buffers *buffers = fab_core_alloc(core, sizeof(*buffers));
    uint64_t size = core->config.heap ? core->config.heap_size : 0;
    void *table;

    core->buffers = buffers;
    if (!buffers)
        return MYC_NO_MEMORY;
    buffers->owed_first = FAB_BODY_NONE;
    table = fab_core_alloc(core, fab_heap_table_size(size));
    if (!table)
        return MYC_NO_MEMORY;
    lay_out(buffers, &core->config, table);
    if (!create_table(core, &buffers->bodies, (void **)&buffers->body, sizeof(struct fab_body)) ||
        !create_table(core, &buffers->lends, (void **)&buffers->lend, sizeof(struct fab_lend)) ||
        !create_table(core, &buffers->holds, (void **)&buffers->hold, sizeof(struct myc_buffer)) ||
        !fab_quota_create(core))
        return MYC_NO_MEMORY;
    return MYC_OK;
}

void
fab_buffers_destroy(struct fab_core *core)
{
    struct fab_buffers *buffers = core->buffers;

    if (!buffers)
        return;
    fab_quota_destroy(core);
    fab_core_free(core, buffers->heap.blocks);
    fab_core_free(core, buffers->bodies.entries);
    fab_core_free(core, buffers->lends.entries);
    fab_core_free(core, buffers->holds.entries);
    fab_core_free(core, buffers->body);
    fab_core_free(core, buffers->lend);
    fab_core_free(core, buffers->hold);
    fab_core_free(core, buffers);
    core->buffers = NULL;
}

bool
fab_buffers_are_quiet(const struct fab_core *core)
{
    const struct fab_buffers *buffers = core->buffers;

    return buffers->bodies.taken == 0 && buffers->lends.taken == 0 && buffers->holds.taken == 0 &&
           buffers->owed_first == FAB_BODY_NONE && buffers->quota.all.loans == 0 &&
           buffers->quota.all.units[0] == 0 && buffers->quota.all.units[1] == 0 &&
           fab_heap_is_whole(&buffers->heap) && fab_heap_is_whole(&buffers->incoming);
}

/* --- bodies ----------------------------------------------------------------------------------- */

uint64_t
fab_body_word(const struct fab_core *core, const struct fab_body *body)
{
    return fab_body_index(core->buffers, body);
}

struct fab_body *
fab_body_named(const struct fab_core *core, uint64_t word)
{
    FAB_ASSERT(word < core->buffers->bodies.count);
    return &core->buffers->body[word];
}

struct fab_body *
fab_body_of(const struct fab_core *core, const struct fab_msg *msg)
{
    return fab_body_named(core, fab_msg_buffer_word(msg));
}

static struct fab_body *
claim_from(struct fab_core *core, struct fab_heap *heap, uint32_t size)
{
    struct fab_buffers *buffers = core->buffers;
    uint32_t unit = fab_heap_claim(heap, size);
    uint32_t index;

    if (unit == FAB_HEAP_NONE)
        return NULL;
    if (!fab_handles_pop(&buffers->bodies, &index)) {
        fab_heap_release(heap, unit);
        return NULL;
    }
    buffers->body[index] = (struct fab_body){
        .bytes = fab_heap_bytes(heap, unit),
        .size = size,
        .references = 1,
        .unit = unit,
        .is_incoming = heap == &buffers->incoming,
    };
    return &buffers->body[index];
}

struct fab_body *
fab_body_claim(struct fab_core *core, uint32_t size)
{
    struct fab_body *body = claim_from(core, &core->buffers->heap, size);

    core->counters.heap_empty += body == NULL;
    return body;
}

struct fab_body *
fab_body_claim_incoming(struct fab_core *core, uint32_t size)
{
    return claim_from(core, &core->buffers->incoming, size);
}

uint32_t
fab_body_place(const struct fab_core *core, const struct fab_body *body)
{
    return (uint32_t)((size_t)(body->bytes - core->buffers->heap.base) / FAB_HEAP_UNIT);
}

/* Whether the other end's heap has so many bytes there. */
static bool
is_within(const struct fab_link *link, uint32_t unit, uint32_t size)
{
    uint64_t offset = (uint64_t)unit * FAB_HEAP_UNIT;

    return offset <= link->peer_heap_size && size <= link->peer_heap_size - offset;
}

struct fab_body *
fab_body_borrow(struct fab_core *core, struct fab_link *link, const struct fab_msg *msg)
{
    struct fab_buffers *buffers = core->buffers;
    uint64_t word = fab_msg_buffer_word(msg);
    uint32_t index;

    if (link->level == FAB_LEVEL_FLOW)
        return fab_body_of(core, msg);
    if (!is_within(link, (uint32_t)word, msg->size)) {
        core->counters.system_bad++;
        return NULL;
    }
    if (!fab_handles_pop(&buffers->bodies, &index)) {
        core->counters.heap_empty++;
        return NULL;
    }
    buffers->body[index] = (struct fab_body){
        .bytes = link->peer_heap + (size_t)(uint32_t)word * FAB_HEAP_UNIT,
        .link = link,
        .size = msg->size,
        .references = 1,
        .loan = (uint32_t)(word >> 32),
    };
    fab_link_state(core, link)->borrowed++;
    FAB_FAULT_POINT(BORROW);
    return &buffers->body[index];
}

static enum myc_status
send_release(struct fab_core *core, struct fab_link *link, uint32_t loan)
{
    const struct fab_system_release body = { .loan = loan };

    return fab_system_send(
        core, link, &(struct fab_system_record){ FAB_SYSTEM_RELEASE, 0, &body, sizeof(body) });
}

void
fab_body_refuse(struct fab_core *core, struct fab_link *link, const struct fab_msg *msg)
{
    uint32_t loan = (uint32_t)(fab_msg_buffer_word(msg) >> 32);

    /* Without a cell the owner gets it back when the link ends. */
    if (send_release(core, link, loan) == MYC_NO_MEMORY)
        core->counters.releases_lost++;
}

static void
free_body(struct fab_core *core, struct fab_body *body)
{
    fab_handles_push(&core->buffers->bodies, fab_body_index(core->buffers, body));
}

/* Tells the owner; false: neither room nor a cell. When the link is down, it knows. */
static bool
give_back(struct fab_core *core, struct fab_body *body)
{
    struct fab_link_state *state = fab_link_state(core, body->link);

    FAB_FAULT_POINT(GIVE_BACK);
    if (state->is_up && send_release(core, body->link, body->loan) == MYC_NO_MEMORY)
        return false;
    FAB_FAULT_POINT(GIVEN_BACK);
    FAB_ASSERT(state->borrowed > 0);
    state->borrowed--;
    free_body(core, body);
    return true;
}

void
fab_body_release(struct fab_core *core, struct fab_body *body)
{
    struct fab_buffers *buffers = core->buffers;

    FAB_ASSERT(body->references > 0);
    if (--body->references > 0)
        return;
    if (!body->link) {
        fab_heap_release(body->is_incoming ? &buffers->incoming : &buffers->heap, body->unit);
        free_body(core, body);
    } else if (!give_back(core, body)) {
        body->next_owed = buffers->owed_first;
        buffers->owed_first = fab_body_index(buffers, body);
    }
}

void
fab_buffers_run(struct fab_core *core)
{
    struct fab_buffers *buffers = core->buffers;

    while (buffers->owed_first != FAB_BODY_NONE) {
        struct fab_body *body = &buffers->body[buffers->owed_first];
        uint32_t next = body->next_owed;

        if (!give_back(core, body))
            return;
        buffers->owed_first = next;
    }
}

/* --- what happens ----------------------------------------------------------------------------- */

void
fab_buffers_on_end(struct fab_core *core, const struct fab_slot *slot)
{
    struct fab_buffers *buffers = core->buffers;
    uint64_t actor = fab_slot_actor(core, slot);

    for (uint32_t i = 0; buffers->holds.taken > 0 && i < buffers->holds.fresh; i++) {
        struct fab_body *body = buffers->hold[i].body;

        if (!fab_handles_is_taken(&buffers->holds, i) || buffers->hold[i].actor != actor)
            continue;
        fab_handles_push(&buffers->holds, i);
        fab_body_release(core, body);
    }
}

bool
fab_core_link_is_borrowed(const struct fab_core *core, const struct fab_link *link)
{
    return core->routes.states[link->index].borrowed > 0;
}
