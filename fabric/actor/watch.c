/* SPDX-License-Identifier: BSD-3-Clause */
#include "actor/watch.h"

#include <string.h>

static enum myc_status
fill_tables(struct fab_core *core, struct fab_monitors *monitors, uint32_t count)
{
    uint32_t chain_count = fab_power_of_two_from(count);

    monitors->watches = fab_core_alloc(core, count * sizeof(monitors->watches[0]));
    monitors->entries = fab_core_alloc(core, count * sizeof(monitors->entries[0]));
    monitors->chains = fab_core_alloc(core, chain_count * sizeof(monitors->chains[0]));
    if (monitors->watches == NULL || monitors->entries == NULL || monitors->chains == NULL)
        return MYC_NO_MEMORY;
    memset(monitors->chains, 0xff, chain_count * sizeof(monitors->chains[0]));
    monitors->chain_mask = chain_count - 1;
    fab_handles_init(&monitors->handles, monitors->entries, count);
    return MYC_OK;
}

enum myc_status
fab_watches_create(struct fab_core *core, uint32_t count)
{
    core->monitors = fab_core_alloc(core, sizeof(*core->monitors));
    return core->monitors == NULL ? MYC_NO_MEMORY : fill_tables(core, core->monitors, count);
}

void
fab_watches_destroy(struct fab_core *core)
{
    struct fab_monitors *monitors = core->monitors;

    if (monitors == NULL)
        return;
    fab_core_free(core, monitors->watches);
    fab_core_free(core, monitors->entries);
    fab_core_free(core, monitors->chains);
    fab_core_free(core, monitors);
    core->monitors = NULL;
}

bool
fab_watch_add(struct fab_core *core, struct fab_slot *slot, struct myc_ref target, uint32_t *index)
{
    struct fab_monitors *monitors = core->monitors;
    uint32_t *first = &fab_slot_cold(core, slot)->first_monitor;

    if (!fab_handles_pop(&monitors->handles, index))
        return false;
    if (!fab_cells_reserve(&core->cells, FAB_CELL_SMALL)) {
        fab_handles_push(&monitors->handles, *index);
        return false;
    }
    *fab_watch_at(core, *index) = (struct fab_watch){
        .target = target,
        .slot = fab_slot_index(core, slot),
        .next = *first,
        .prev = FAB_SLOT_NONE,
        .chain = FAB_SLOT_NONE,
        .link = FAB_WATCHED_HERE,
    };
    if (*first != FAB_SLOT_NONE)
        fab_watch_at(core, *first)->prev = *index;
    *first = *index;
    return true;
}

/* Where the chain of the links between the two begins. */
static uint32_t *
chain_of(const struct fab_core *core, uint32_t slot, struct myc_ref peer)
{
    const struct fab_monitors *monitors = core->monitors;
    uint64_t key = (peer.actor ^ peer.home ^ (uint64_t)slot << 40) * 0x9e3779b97f4a7c15ULL;

    return &monitors->chains[(uint32_t)(key >> 32) & monitors->chain_mask];
}

static void
unchain(struct fab_core *core, uint32_t index)
{
    const struct fab_watch *watch = fab_watch_at(core, index);
    uint32_t *at = chain_of(core, watch->slot, watch->target);

    while (*at != index)
        at = &fab_watch_at(core, *at)->chain;
    *at = watch->chain;
}

void
fab_watch_remove(struct fab_core *core, uint32_t index)
{
    const struct fab_watch *watch = fab_watch_at(core, index);

    if (watch->is_linked)
        unchain(core, index);
    if (watch->prev != FAB_SLOT_NONE)
        fab_watch_at(core, watch->prev)->next = watch->next;
    else
        core->cold[watch->slot].first_monitor = watch->next;
    if (watch->next != FAB_SLOT_NONE)
        fab_watch_at(core, watch->next)->prev = watch->prev;
    fab_handles_push(&core->monitors->handles, index);
}

bool
fab_watch_add_linked(struct fab_core *core, struct fab_slot *slot, struct myc_ref peer,
                     uint32_t *index)
{
    uint32_t *chain = chain_of(core, fab_slot_index(core, slot), peer);
    struct fab_watch *watch;

    if (!fab_watch_add(core, slot, peer, index))
        return false;
    watch = fab_watch_at(core, *index);
    watch->is_linked = true;
    watch->chain = *chain;
    *chain = *index;
    return true;
}

uint32_t
fab_watch_lookup_linked(const struct fab_core *core, uint32_t slot, struct myc_ref peer,
                        uint32_t before)
{
    uint32_t index =
        before == FAB_SLOT_NONE ? *chain_of(core, slot, peer) : fab_watch_at(core, before)->chain;

    while (index != FAB_SLOT_NONE && (fab_watch_at(core, index)->slot != slot ||
                                      !myc_ref_is_equal(fab_watch_at(core, index)->target, peer)))
        index = fab_watch_at(core, index)->chain;
    return index;
}
