/* SPDX-License-Identifier: BSD-3-Clause */
/* Groups (mycelium/group.h): claims of the table of names that all hold, see name_table.h. */
#include "actor/name.h"

#include <string.h>

#include <mycelium/group.h>

static_assert(MYC_GROUP_SIZE_MAX == MYC_NAME_SIZE_MAX - 1, "a name behind the mark");

/* The key of a group, zero-padded. False: it is no name for one. */
static bool
key_of(char *key, const char *group)
{
    size_t size = strnlen(group, MYC_GROUP_SIZE_MAX + 1);

    if (size == 0 || size > MYC_GROUP_SIZE_MAX)
        return false;
    memset(key, 0, MYC_NAME_SIZE_MAX + 1);
    key[0] = MYC_GROUP_MARK;
    memcpy(key + 1, group, size);
    return true;
}

enum myc_status
myc_join(struct myc_self *self, const char *group)
{
    struct fab_core *core FAB_WITHIN = fab_self_enter(self, __func__);
    struct fab_name_table *table = &core->names->table;
    uint32_t slot = fab_slot_index(core, self->slot);
    struct myc_name_claim claim = {
        .ref = fab_slot_ref(core, self->slot),
        .claimed_ns = core->now_ns,
    };

    if (!key_of(claim.name, group))
        return MYC_INVALID;
    if (core->names->is_closed)
        return MYC_BAD_STATE;
    while (fab_name_lookup_of(table, &claim) != FAB_NAME_NONE)
        claim.claimed_ns++;
    if (fab_name_push(table, &claim, slot, &fab_slot_cold(core, self->slot)->first_name) ==
        FAB_NAME_NONE)
        return MYC_NO_MEMORY;
    fab_seekers_on_change(core, core->names->seekers, claim.name, claim.ref);
    fab_names_announce(core);
    return MYC_OK;
}

enum myc_status
myc_leave(struct myc_self *self, const char *group)
{
    struct fab_core *core FAB_WITHIN = fab_self_enter(self, __func__);
    char key[MYC_NAME_SIZE_MAX + 1];
    uint32_t index;

    if (!key_of(key, group))
        return MYC_NOT_FOUND;
    index = fab_name_lookup_member(&core->names->table, key, fab_slot_ref(core, self->slot));
    if (index == FAB_NAME_NONE)
        return MYC_NOT_FOUND;
    fab_names_remove(core, index);
    return MYC_OK;
}

uint32_t
myc_members(struct myc_self *self, const char *group, struct myc_ref *refs, uint32_t capacity)
{
    struct fab_core *core FAB_WITHIN = fab_self_enter(self, __func__);
    const struct fab_name_table *table = &core->names->table;
    char key[MYC_NAME_SIZE_MAX + 1];
    uint32_t index = FAB_NAME_NONE;
    uint32_t count = 0;

    if (!key_of(key, group))
        return 0;
    while ((index = fab_name_next_claim(table, key, index)) != FAB_NAME_NONE) {
        if (count < capacity)
            refs[count] = table->names[index].claim.ref;
        count++;
    }
    return count;
}

enum myc_status
myc_watch_group(struct myc_self *self, const char *group, uint64_t tag)
{
    struct fab_core *core FAB_WITHIN = fab_self_enter(self, __func__);
    char key[MYC_NAME_SIZE_MAX + 1];
    const struct fab_seek seek = {
        .name = key,
        .tag = tag,
        .timeout_ns = MYC_FOREVER,
        .is_watch = true,
    };

    if (!key_of(key, group))
        return MYC_INVALID;
    return fab_seekers_add(core, core->names->seekers, &seek, (struct myc_ref){ 0, 0 });
}
