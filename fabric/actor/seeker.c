/* SPDX-License-Identifier: BSD-3-Clause */
#include "actor/seeker.h"

#include <string.h>

#include "actor/event.h"
#include "actor/handle.h"
#include "actor/name_table.h"
#include "actor/parts.h"
#include "actor/timer_wheel.h"

#include <mycelium/messages.h>

struct seeker {
    char name[MYC_NAME_SIZE_MAX + 1];
    struct myc_ref told; /* null: that nobody has it, or nothing yet */
    uint64_t tag;
    uint32_t slot;
    uint32_t chain; /* next with the same hash */
    uint32_t next;  /* of the same actor */
    uint32_t prev;
    bool is_watch;
    bool is_over;   /* a discover whose time has come */
    bool is_behind; /* an event found no memory */
};

struct fab_seekers {
    struct seeker *seekers;
    struct fab_wheel_node *nodes;
    struct fab_handle *entries;
    uint32_t *chains;
    uint32_t *first; /* of each slot */
    struct fab_handles handles;
    struct fab_wheel wheel;
    uint32_t chain_mask;
    uint32_t behind;
};

enum myc_status
fab_seekers_create(struct fab_core *core, uint32_t count, struct fab_seekers **out)
{
    uint32_t chain_count = fab_power_of_two_from(count);
    struct fab_seekers *seekers = fab_core_alloc(core, sizeof(*seekers));

    *out = seekers;
    if (seekers == NULL)
        return MYC_NO_MEMORY;
    seekers->seekers = fab_core_alloc(core, count * sizeof(seekers->seekers[0]));
    seekers->nodes = fab_core_alloc(core, count * sizeof(seekers->nodes[0]));
    seekers->entries = fab_core_alloc(core, count * sizeof(seekers->entries[0]));
    seekers->chains = fab_core_alloc(core, chain_count * sizeof(seekers->chains[0]));
    seekers->first = fab_core_alloc(core, core->slot_count * sizeof(seekers->first[0]));
    if (seekers->seekers == NULL || seekers->nodes == NULL || seekers->entries == NULL ||
        seekers->chains == NULL || seekers->first == NULL)
        return MYC_NO_MEMORY;
    memset(seekers->chains, 0xff, chain_count * sizeof(seekers->chains[0]));
    memset(seekers->first, 0xff, core->slot_count * sizeof(seekers->first[0]));
    seekers->chain_mask = chain_count - 1;
    fab_handles_init(&seekers->handles, seekers->entries, count);
    fab_wheel_init(&seekers->wheel, seekers->nodes, core->now_ns);
    return MYC_OK;
}

void
fab_seekers_destroy(struct fab_core *core, struct fab_seekers *seekers)
{
    if (seekers == NULL)
        return;
    fab_core_free(core, seekers->seekers);
    fab_core_free(core, seekers->nodes);
    fab_core_free(core, seekers->entries);
    fab_core_free(core, seekers->chains);
    fab_core_free(core, seekers->first);
    fab_core_free(core, seekers);
}

static uint32_t *
chain_of(struct fab_seekers *seekers, const char *name)
{
    return &seekers->chains[fab_name_hash(name) & seekers->chain_mask];
}

static void
catch_up(struct fab_seekers *seekers, struct seeker *seeker)
{
    seekers->behind -= seeker->is_behind ? 1 : 0;
    seeker->is_behind = false;
}

/* There is something to be told to it, in the next turn or when there is memory for it. */
static void
fall_behind(struct fab_core *core, struct fab_seekers *seekers, struct seeker *seeker)
{
    seekers->behind += seeker->is_behind ? 0 : 1;
    seeker->is_behind = true;
    fab_parts_due(core, 0);
}

static void
drop(struct fab_seekers *seekers, uint32_t index)
{
    struct seeker *seeker = &seekers->seekers[index];
    uint32_t *at = chain_of(seekers, seeker->name);

    while (*at != index)
        at = &seekers->seekers[*at].chain;
    *at = seeker->chain;
    if (seeker->prev != FAB_SLOT_NONE)
        seekers->seekers[seeker->prev].next = seeker->next;
    else
        seekers->first[seeker->slot] = seeker->next;
    if (seeker->next != FAB_SLOT_NONE)
        seekers->seekers[seeker->next].prev = seeker->prev;
    catch_up(seekers, seeker);
    fab_wheel_cancel(&seekers->wheel, index);
    fab_handles_push(&seekers->handles, index);
}

static bool
post_found(struct fab_core *core, const struct seeker *seeker, struct myc_ref ref,
           enum myc_status status)
{
    struct myc_name_found found = { .ref = ref, .status = status };
    uint8_t body[MYC_NAME_FOUND_SIZE];
    const struct fab_event event = {
        .type = &myc_name_found_type,
        .tag = seeker->tag,
        .body = body,
        .size = sizeof(body),
    };

    memcpy(found.name, seeker->name, sizeof(seeker->name));
    myc_name_found_encode(&found, body);
    return fab_event_post(core, &core->slots[seeker->slot], &event);
}

static bool
post_lost(struct fab_core *core, const struct seeker *seeker)
{
    struct myc_name_lost lost = { .ref = seeker->told };
    uint8_t body[MYC_NAME_LOST_SIZE];
    const struct fab_event event = {
        .type = &myc_name_lost_type,
        .tag = seeker->tag,
        .body = body,
        .size = sizeof(body),
    };

    memcpy(lost.name, seeker->name, sizeof(seeker->name));
    myc_name_lost_encode(&lost, body);
    return fab_event_post(core, &core->slots[seeker->slot], &event);
}

/* A discover is told once, that there is a holder or that its time is over, and goes. */
static void
tell_discover(struct fab_core *core, struct fab_seekers *seekers, uint32_t index,
              struct myc_ref holder)
{
    struct seeker *seeker = &seekers->seekers[index];
    enum myc_status status = myc_ref_is_null(holder) ? MYC_TIMEOUT : MYC_OK;

    if (status != MYC_OK && !seeker->is_over)
        return;
    if (post_found(core, seeker, holder, status))
        drop(seekers, index);
    else
        fall_behind(core, seekers, seeker);
}

static bool
post_changed(struct fab_core *core, const struct seeker *seeker)
{
    struct myc_group_changed changed = { .name = "" };
    uint8_t body[MYC_GROUP_CHANGED_SIZE];
    const struct fab_event event = {
        .type = &myc_group_changed_type,
        .tag = seeker->tag,
        .body = body,
        .size = sizeof(body),
    };

    memcpy(changed.name, seeker->name + 1, MYC_NAME_SIZE_MAX);
    myc_group_changed_encode(&changed, body);
    return fab_event_post(core, &core->slots[seeker->slot], &event);
}

static void
tell(struct fab_core *core, struct fab_seekers *seekers, uint32_t index, struct myc_ref holder)
{
    struct seeker *seeker = &seekers->seekers[index];
    bool is_told;

    if (fab_name_is_group(seeker->name)) {
        if (post_changed(core, seeker))
            catch_up(seekers, seeker);
        else
            fall_behind(core, seekers, seeker);
        return;
    }
    if (!seeker->is_watch) {
        tell_discover(core, seekers, index, holder);
        return;
    }
    is_told = myc_ref_is_equal(holder, seeker->told) ||
              (myc_ref_is_null(holder) ? post_lost(core, seeker)
                                       : post_found(core, seeker, holder, MYC_OK));
    if (is_told)
        seeker->told = holder;
    if (is_told)
        catch_up(seekers, seeker);
    else
        fall_behind(core, seekers, seeker);
}

enum myc_status
fab_seekers_add(struct fab_core *core, struct fab_seekers *seekers, const struct fab_seek *seek,
                struct myc_ref holder)
{
    uint32_t slot = fab_slot_index(core, core->self->slot);
    uint32_t *chain = chain_of(seekers, seek->name);
    struct seeker *seeker;
    uint32_t index;

    if (!fab_handles_pop(&seekers->handles, &index))
        return MYC_NO_MEMORY;
    seeker = &seekers->seekers[index];
    *seeker = (struct seeker){
        .tag = seek->tag,
        .slot = slot,
        .chain = *chain,
        .next = seekers->first[slot],
        .prev = FAB_SLOT_NONE,
        .is_watch = seek->is_watch,
    };
    memcpy(seeker->name, seek->name, sizeof(seeker->name));
    *chain = index;
    if (seeker->next != FAB_SLOT_NONE)
        seekers->seekers[seeker->next].prev = index;
    seekers->first[slot] = index;
    if (seek->timeout_ns < UINT64_MAX - core->now_ns)
        fab_parts_due(core, fab_wheel_start(&seekers->wheel, index, core->now_ns,
                                            core->now_ns + seek->timeout_ns));
    tell(core, seekers, index, holder);
    return MYC_OK;
}

void
fab_seekers_on_change(struct fab_core *core, struct fab_seekers *seekers, const char *name,
                      struct myc_ref holder)
{
    uint32_t index = *chain_of(seekers, name);

    while (index != FAB_SLOT_NONE) {
        uint32_t next = seekers->seekers[index].chain;

        if (strcmp(seekers->seekers[index].name, name) == 0) {
            /* A group's watchers hear once a turn, however many come and go in it. */
            if (fab_name_is_group(name))
                fall_behind(core, seekers, &seekers->seekers[index]);
            else
                tell(core, seekers, index, holder);
        }
        index = next;
    }
}

void
fab_seekers_on_end(struct fab_core *core, struct fab_seekers *seekers, const struct fab_slot *slot)
{
    uint32_t *first = &seekers->first[fab_slot_index(core, slot)];

    while (*first != FAB_SLOT_NONE)
        drop(seekers, *first);
}

unsigned
fab_seekers_run(struct fab_core *core, struct fab_seekers *seekers, unsigned budget,
                struct myc_ref (*holder_of)(const struct fab_core *core, const char *name))
{
    unsigned done = 0;
    uint32_t index;

    if (fab_unlikely(seekers->behind > 0))
        for (uint32_t i = 0; i < seekers->handles.fresh; i++)
            if (fab_handles_is_taken(&seekers->handles, i) && seekers->seekers[i].is_behind)
                tell(core, seekers, i, holder_of(core, seekers->seekers[i].name));
    while (fab_wheel_pop(&seekers->wheel, core->now_ns, &budget, &index)) {
        seekers->seekers[index].is_over = true;
        tell(core, seekers, index, holder_of(core, seekers->seekers[index].name));
        done++;
    }
    return done;
}

uint64_t
fab_seekers_next_ns(const struct fab_core *core, const struct fab_seekers *seekers)
{
    return seekers->behind > 0 ? core->now_ns : fab_wheel_next_ns(&seekers->wheel);
}

uint32_t
fab_seekers_count(const struct fab_seekers *seekers)
{
    return seekers->handles.taken;
}
