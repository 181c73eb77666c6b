/* SPDX-License-Identifier: BSD-3-Clause */
#include "actor/exported.h"

#include <string.h>

#include "actor/name.h"

enum myc_status
fab_exported_create(struct fab_core *core)
{
    const struct fab_core_config *config = &core->config;
    struct fab_exported *exported = &core->exported;

    if (config->exported_count == 0)
        return MYC_OK;
    exported->names = fab_core_alloc(core, config->exported_count * sizeof(exported->names[0]));
    if (!exported->names)
        return MYC_NO_MEMORY;
    for (uint32_t i = 0; i < config->exported_count; i++)
        if (!fab_name_copy(exported->names[i], config->exported[i]))
            return MYC_INVALID;
    exported->count = config->exported_count;
    core->held_back++; /* for ever: each message that comes is looked at more closely */
    return MYC_OK;
}

void
fab_exported_destroy(struct fab_core *core)
{
    fab_core_free(core, core->exported.names);
}

bool
fab_exported_has(const struct fab_core *core, const char *name)
{
    for (uint32_t i = 0; i < core->exported.count; i++)
        if (strcmp(core->exported.names[i], name) == 0)
            return true;
    return false;
}

static bool
holds_exported_name(const struct fab_core *core, uint32_t slot)
{
    const struct fab_name *names = core->names->table.names;
    uint32_t index = core->cold[slot].first_name;

    while (index != FAB_NAME_NONE && !(names[index].is_claimed && names[index].is_exported))
        index = names[index].next;
    return index != FAB_NAME_NONE;
}

bool
fab_exported_allows(const struct fab_core *core, const struct fab_link *link,
                    const struct fab_slot *slot)
{
    uint32_t index = fab_slot_index(core, slot);

    return core->exported.count == 0 || link->peer_home == core->home ||
           core->names->registry == index || holds_exported_name(core, index);
}
