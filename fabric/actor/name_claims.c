/* SPDX-License-Identifier: BSD-3-Clause */
/* mycelium/registry.h: the table of names as its registry sees it. */
#include "actor/name.h"

#include "actor/parts.h"

static bool
is_registry(const struct myc_self *self)
{
    struct fab_core *core FAB_WITHIN = fab_self_enter(self, __func__);

    return core->names->registry == fab_slot_index(core, self->slot);
}

enum myc_status
myc_registry_attach(struct myc_self *self)
{
    struct fab_core *core FAB_WITHIN = fab_self_enter(self, __func__);
    struct fab_names *names = core->names;

    if (names->registry != FAB_SLOT_NONE && !is_registry(self))
        return MYC_EXISTS;
    names->registry = fab_slot_index(core, self->slot);
    names->is_announced = false;
    fab_name_keep_changes(&names->table, true);
    fab_parts_due(core, 0);
    return MYC_OK;
}

enum myc_status
myc_registry_take_change(struct myc_self *self, struct myc_name_claim *claim, bool *is_removed)
{
    struct fab_core *core FAB_WITHIN = fab_self_enter(self, __func__);

    if (!is_registry(self))
        return MYC_BAD_STATE;
    if (fab_name_take_change(&core->names->table, claim, is_removed))
        return MYC_OK;
    core->names->is_announced = false;
    fab_parts_due(core, 0);
    return MYC_NOT_FOUND;
}

enum myc_status
myc_registry_next(struct myc_self *self, uint32_t *cursor, struct myc_name_claim *claim,
                  uint32_t *mark)
{
    struct fab_core *core FAB_WITHIN = fab_self_enter(self, __func__);
    const struct fab_name_table *table = &core->names->table;

    if (!is_registry(self))
        return MYC_BAD_STATE;
    for (; *cursor < table->handles.fresh; (*cursor)++) {
        const struct fab_name *entry = &table->names[*cursor];

        if (!fab_handles_is_taken(&table->handles, *cursor) || !entry->is_claimed)
            continue;
        *claim = entry->claim;
        *mark = entry->mark;
        (*cursor)++;
        return MYC_OK;
    }
    return MYC_NOT_FOUND;
}

static bool
is_local(const struct fab_core *core, struct myc_ref ref)
{
    return ref.home == core->home && myc_ref_lcore(ref) == core->lcore;
}

/* Enters a claim from elsewhere. If it is better than that of a holder here, that one loses. */
static enum myc_status
add_claim(struct fab_core *core, const struct myc_name_claim *claim, uint32_t mark)
{
    struct fab_name_table *table = &core->names->table;
    uint32_t before = fab_name_lookup(table, claim->name);
    uint32_t added = fab_name_push(table, claim, FAB_NAME_NONE, NULL);

    if (added == FAB_NAME_NONE)
        return MYC_NO_MEMORY;
    table->names[added].mark = mark;
    if (!fab_name_is_group(claim->name) && before != FAB_NAME_NONE &&
        table->names[before].slot != FAB_NAME_NONE && fab_name_lookup(table, claim->name) == added)
        fab_names_withdraw(core, before, true);
    fab_seekers_on_change(core, core->names->seekers, claim->name,
                          fab_names_holder(core, claim->name));
    return MYC_OK;
}

enum myc_status
myc_registry_apply(struct myc_self *self, const struct myc_name_claim *claim, uint32_t mark)
{
    struct fab_core *core FAB_WITHIN = fab_self_enter(self, __func__);
    struct fab_name_table *table = &core->names->table;
    struct myc_name_claim clean = *claim;
    uint32_t known;

    if (!is_registry(self))
        return MYC_BAD_STATE;
    if (myc_ref_is_null(claim->ref) || is_local(core, claim->ref) ||
        !fab_name_copy(clean.name, claim->name))
        return MYC_INVALID;
    known = fab_name_lookup_of(table, &clean);
    if (known != FAB_NAME_NONE && table->names[known].claim.claimed_ns == claim->claimed_ns) {
        table->names[known].mark = mark;
        return MYC_EXISTS;
    }
    /* Taken back and made anew, of which we have heard only the end. */
    if (known != FAB_NAME_NONE)
        fab_names_withdraw(core, known, false);
    return add_claim(core, &clean, mark);
}

enum myc_status
myc_registry_remove(struct myc_self *self, const struct myc_name_claim *claim)
{
    struct fab_core *core FAB_WITHIN = fab_self_enter(self, __func__);
    const struct fab_name_table *table = &core->names->table;
    uint32_t index = fab_name_lookup_of(table, claim);

    if (!is_registry(self))
        return MYC_BAD_STATE;
    if (index == FAB_NAME_NONE || table->names[index].slot != FAB_NAME_NONE)
        return MYC_NOT_FOUND;
    fab_names_remove(core, index);
    return MYC_OK;
}
