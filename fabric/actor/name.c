/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Names of one lcore: its table (name_table.h), those who seek (seeker.h), and the registry that is
 * told of changes here and tells of those elsewhere.
 *
 * Nothing is reserved for the events of this part; instead, what could not be said for want of
 * memory is said in a later turn: state is kept until it is told, not a queue of things to tell.
 */
#include "actor/event.h"
#include "actor/parts.h"

#include <string.h>

#include "actor/exported.h"
#include "actor/name.h"

#include <mycelium/messages.h>

static enum myc_status
create_table(struct fab_core *core, struct fab_name_table *table, uint32_t count)
{
    uint32_t chain_count = fab_power_of_two_from(count);

    table->names = fab_core_alloc(core, count * sizeof(table->names[0]));
    table->entries = fab_core_alloc(core, count * sizeof(table->entries[0]));
    table->name_chains = fab_core_alloc(core, chain_count * sizeof(table->name_chains[0]));
    table->claim_chains = fab_core_alloc(core, chain_count * sizeof(table->claim_chains[0]));
    if (table->names == NULL || table->entries == NULL || table->name_chains == NULL ||
        table->claim_chains == NULL)
        return MYC_NO_MEMORY;
    fab_name_table_init(table, count, chain_count);
    return MYC_OK;
}

enum myc_status
fab_names_create(struct fab_core *core)
{
    struct fab_names *names = fab_core_alloc(core, sizeof(*names));
    uint32_t count = core->config.limits.names_max;
    enum myc_status status;

    core->names = names;
    if (names == NULL)
        return MYC_NO_MEMORY;
    names->registry = FAB_SLOT_NONE;
    status = create_table(core, &names->table, count);
    if (status != MYC_OK)
        return status;
    return fab_seekers_create(core, count, &names->seekers);
}

void
fab_names_destroy(struct fab_core *core)
{
    struct fab_names *names = core->names;

    if (names == NULL)
        return;
    fab_seekers_destroy(core, names->seekers);
    fab_core_free(core, names->table.names);
    fab_core_free(core, names->table.entries);
    fab_core_free(core, names->table.name_chains);
    fab_core_free(core, names->table.claim_chains);
    fab_core_free(core, names);
    core->names = NULL;
}

/* --- telling ---------------------------------------------------------------------------------- */

struct myc_ref
fab_names_holder(const struct fab_core *core, const char *name)
{
    uint32_t index = fab_name_lookup(&core->names->table, name);

    return index == FAB_NAME_NONE ? (struct myc_ref){ 0, 0 }
                                  : core->names->table.names[index].claim.ref;
}

static bool
has_news(const struct fab_names *names)
{
    return names->registry != FAB_SLOT_NONE && !names->is_announced &&
           names->table.change_head != FAB_NAME_NONE;
}

void
fab_names_announce(struct fab_core *core)
{
    struct fab_names *names = core->names;
    const struct fab_event event = { .type = &myc_names_changed_type, .body = "" };

    if (!has_news(names))
        return;
    names->is_announced = fab_event_post(core, &core->slots[names->registry], &event);
    if (!names->is_announced)
        fab_parts_due(core, 0);
}

static uint32_t *
first_name(struct fab_core *core, uint32_t slot)
{
    return slot == FAB_NAME_NONE ? NULL : &core->cold[slot].first_name;
}

/* Tells a holder that its name is another's now. False: there is no memory for the event. */
static bool
tell_loser(struct fab_core *core, uint32_t index)
{
    struct fab_name_table *table = &core->names->table;
    const struct fab_name *entry = &table->names[index];
    struct myc_name_lost lost = { .ref = entry->claim.ref };
    uint8_t body[MYC_NAME_LOST_SIZE];
    const struct fab_event event = {
        .type = &myc_name_lost_type,
        .body = body,
        .size = sizeof(body),
    };

    memcpy(lost.name, entry->claim.name, sizeof(entry->claim.name));
    myc_name_lost_encode(&lost, body);
    if (!fab_event_post(core, &core->slots[entry->slot], &event))
        return false;
    fab_name_on_told(table, index, first_name(core, entry->slot));
    return true;
}

/* --- changing --------------------------------------------------------------------------------- */

static enum myc_status
claim_name(struct fab_core *core, struct fab_slot *slot, const char *text)
{
    struct fab_name_table *table = &core->names->table;
    uint32_t index = fab_slot_index(core, slot);
    struct myc_name_claim claim = {
        .ref = fab_slot_ref(core, slot),
        .claimed_ns = core->now_ns,
    };
    uint32_t held;

    if (!fab_name_copy(claim.name, text) || fab_name_is_group(text))
        return MYC_INVALID;
    if (core->names->is_closed)
        return MYC_BAD_STATE;
    held = fab_name_lookup(table, claim.name);
    if (held != FAB_NAME_NONE)
        return table->names[held].slot == index ? MYC_OK : MYC_EXISTS;
    held = fab_name_push(table, &claim, index, first_name(core, index));
    if (held == FAB_NAME_NONE)
        return MYC_NO_MEMORY;
    table->names[held].is_exported = fab_exported_has(core, claim.name);
    fab_seekers_on_change(core, core->names->seekers, claim.name, claim.ref);
    fab_names_announce(core);
    return MYC_OK;
}

void
fab_names_withdraw(struct fab_core *core, uint32_t index, bool is_lost)
{
    struct fab_name_table *table = &core->names->table;
    uint32_t slot = table->names[index].slot;

    fab_name_withdraw(table, index, first_name(core, slot), is_lost);
    if (is_lost && slot != FAB_NAME_NONE && !tell_loser(core, index)) {
        core->names->untold++;
        fab_parts_due(core, 0);
    }
    fab_names_announce(core);
}

void
fab_names_remove(struct fab_core *core, uint32_t index)
{
    char name[MYC_NAME_SIZE_MAX + 1];

    memcpy(name, core->names->table.names[index].claim.name, sizeof(name));
    fab_names_withdraw(core, index, false);
    fab_seekers_on_change(core, core->names->seekers, name, fab_names_holder(core, name));
}

enum myc_status
fab_names_register(struct fab_core *core, struct fab_slot *slot, const char *name)
{
    return claim_name(core, slot, name);
}

void
fab_names_on_restart(struct fab_core *core, struct fab_slot *slot)
{
    fab_seekers_on_end(core, core->names->seekers, slot);
}

void
fab_names_on_end(struct fab_core *core, struct fab_slot *slot)
{
    struct fab_names *names = core->names;
    uint32_t *first = &fab_slot_cold(core, slot)->first_name;

    fab_names_on_restart(core, slot);
    if (names->registry == fab_slot_index(core, slot)) {
        names->registry = FAB_SLOT_NONE;
        names->is_announced = false;
        fab_name_keep_changes(&names->table, false);
    }
    while (*first != FAB_NAME_NONE) {
        if (names->table.names[*first].is_claimed) {
            fab_names_remove(core, *first);
            continue;
        }
        names->untold--;
        fab_name_on_told(&names->table, *first, first);
    }
}

/* Tells the losers that could not be told before. */
static void
tell_losers(struct fab_core *core)
{
    struct fab_names *names = core->names;

    for (uint32_t i = 0; i < names->table.handles.fresh && names->untold > 0; i++) {
        if (!fab_handles_is_taken(&names->table.handles, i) || !names->table.names[i].is_lost)
            continue;
        if (!tell_loser(core, i))
            return;
        names->untold--;
    }
}

unsigned
fab_names_run(struct fab_core *core, unsigned budget)
{
    if (fab_unlikely(core->names->untold > 0))
        tell_losers(core);
    fab_names_announce(core);
    return fab_seekers_run(core, core->names->seekers, budget, fab_names_holder);
}

uint64_t
fab_names_next_ns(const struct fab_core *core)
{
    const struct fab_names *names = core->names;

    if (names->untold > 0 || has_news(names))
        return core->now_ns;
    return fab_seekers_next_ns(core, names->seekers);
}

uint32_t
fab_names_count(const struct fab_core *core)
{
    const struct fab_name_table *table = &core->names->table;
    uint32_t count = fab_seekers_count(core->names->seekers);

    for (uint32_t i = 0; i < table->handles.fresh; i++)
        if (fab_handles_is_taken(&table->handles, i))
            count += !table->names[i].is_claimed || table->names[i].slot != FAB_NAME_NONE;
    return count;
}

/* --- mycelium/name.h -------------------------------------------------------------------------- */

enum myc_status
myc_register(struct myc_self *self, const char *name)
{
    struct fab_core *core FAB_WITHIN = fab_self_enter(self, __func__);

    return claim_name(core, self->slot, name);
}

enum myc_status
myc_unregister(struct myc_self *self, const char *name)
{
    struct fab_core *core FAB_WITHIN = fab_self_enter(self, __func__);
    uint32_t index = fab_name_lookup(&core->names->table, name);

    if (index == FAB_NAME_NONE ||
        core->names->table.names[index].slot != fab_slot_index(core, self->slot))
        return MYC_NOT_FOUND;
    fab_names_remove(core, index);
    return MYC_OK;
}

enum myc_status
myc_lookup(struct myc_self *self, const char *name, struct myc_ref *ref)
{
    struct fab_core *core FAB_WITHIN = fab_self_enter(self, __func__);
    const struct myc_ref holder = fab_names_holder(core, name);

    if (myc_ref_is_null(holder))
        return MYC_NOT_FOUND;
    *ref = holder;
    return MYC_OK;
}

static enum myc_status
seek(struct myc_self *self, const char *text, const struct fab_seek *how)
{
    struct fab_core *core FAB_WITHIN = fab_self_enter(self, __func__);
    char name[MYC_NAME_SIZE_MAX + 1];
    struct fab_seek named = *how;

    if (!fab_name_copy(name, text) || fab_name_is_group(text))
        return MYC_INVALID;
    named.name = name;
    return fab_seekers_add(core, core->names->seekers, &named, fab_names_holder(core, name));
}

enum myc_status
myc_discover(struct myc_self *self, const char *name, uint64_t timeout_ns, uint64_t tag)
{
    return seek(self, name, &(struct fab_seek){ .tag = tag, .timeout_ns = timeout_ns });
}

enum myc_status
myc_watch_name(struct myc_self *self, const char *name, uint64_t tag)
{
    return seek(self, name,
                &(struct fab_seek){ .tag = tag, .timeout_ns = MYC_FOREVER, .is_watch = true });
}

void
fab_names_on_link_up(struct fab_core *core, struct fab_link *link)
{
    (void)core, (void)link;
}

void
fab_names_on_link_down(struct fab_core *core, struct fab_link *link)
{
    (void)core, (void)link;
}

bool
fab_names_on_system(struct fab_core *core, struct fab_link *link, uint16_t op, const void *body,
                    uint32_t size)
{
    /* Names travel between registries, as messages: there are no records of theirs. */
    (void)core, (void)link, (void)op, (void)body, (void)size;
    return false;
}

/* --- display ---------------------------------------------------------------------------------- */

void
fab_names_each(const struct fab_core *core,
               void (*each)(void *context, const char *name, struct myc_ref ref), void *context)
{
    const struct fab_name_table *table = &core->names->table;

    for (uint32_t i = 0; i < core->config.limits.names_max; i++)
        if (table->names[i].is_claimed && !fab_name_is_group(table->names[i].claim.name))
            each(context, table->names[i].claim.name, table->names[i].claim.ref);
}

bool
fab_link_may_reach(struct fab_core *core, const struct fab_link *link, uint64_t actor)
{
    const struct myc_ref ref = { .home = core->home, .actor = actor };
    const struct fab_slot *slot = link->reach ? fab_slot_lookup(core, actor) : NULL;

    if (!link->reach || (slot && fab_slot_index(core, slot) == core->names->registry))
        return true;
    for (uint32_t i = 0; i < link->reach->count; i++) {
        if (myc_ref_is_equal(fab_names_holder(core, link->reach->names[i]), ref))
            return true;
    }
    return false;
}
