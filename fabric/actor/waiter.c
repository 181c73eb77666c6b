/* SPDX-License-Identifier: BSD-3-Clause */
#include "actor/event.h"
#include "actor/state.h"
#include "actor/system.h"
#include "wire/system.h"

#include <mycelium/messages.h>

/* Puts somebody into a list, unless it waits already. */
static bool
wait_in(struct fab_core *core, uint32_t *list, uint64_t a, uint64_t b, uint64_t c)
{
    struct fab_pairs *waits = &core->waiters.waits;
    struct fab_pair *pair;

    if (fab_pairs_lookup(waits, a, b, c))
        return true;
    if (!fab_cells_reserve(&core->cells, FAB_CELL_SMALL))
        return false;
    pair = fab_pairs_insert(waits, a, b, c);
    if (!pair) {
        fab_cells_unreserve(&core->cells, FAB_CELL_SMALL);
        return false;
    }
    pair->list_next = *list;
    *list = fab_pairs_index(waits, pair);
    return true;
}

bool
fab_wait_for_slot(struct fab_core *core, struct fab_slot *slot, uint64_t sender)
{
    uint32_t *list = &fab_slot_cold(core, slot)->first_waiter;

    if (!wait_in(core, list, sender, core->home, fab_slot_actor(core, slot)))
        return false;
    slot->flags |= FAB_SLOT_HAS_WAITERS;
    return true;
}

bool
fab_wait_for_link(struct fab_core *core, struct fab_link *link, uint64_t sender, struct myc_ref to)
{
    return wait_in(core, &core->routes.states[link->index].first_waiter, sender, to.home, to.actor);
}

/* In the value of a full one, beside its first waiter: others than who wants a margin may send. */
#define FOR_MARGIN (1ULL << 32)

enum myc_status
fab_wait_for_full(struct fab_core *core, uint64_t sender, struct myc_ref to, bool wants_margin)
{
    struct fab_pair *full = fab_pairs_lookup(&core->waiters.fulls, 0, to.home, to.actor);
    uint32_t list;
    bool is_waiting;

    if (!full || ((full->value & FOR_MARGIN) && !wants_margin))
        return MYC_OK;
    list = (uint32_t)full->value;
    is_waiting = wait_in(core, &list, sender, to.home, to.actor);
    full->value = (full->value & FOR_MARGIN) | list;
    return is_waiting ? MYC_FULL : MYC_NO_MEMORY;
}

bool
fab_announce_full(struct fab_core *core, struct fab_slot *slot, struct fab_link *link)
{
    uint32_t *list = &fab_slot_cold(core, slot)->first_waiter;

    if (!wait_in(core, list, link->index, 0, fab_slot_actor(core, slot)))
        return false;
    slot->flags |= FAB_SLOT_HAS_WAITERS;
    return true;
}

bool
fab_is_announced_full(const struct fab_core *core, uint64_t actor, const struct fab_link *link)
{
    return fab_pairs_lookup(&core->waiters.waits, link->index, 0, actor) != NULL;
}

bool
fab_full_add(struct fab_core *core, struct myc_ref ref, bool for_margin)
{
    struct fab_pair *full = fab_pairs_lookup(&core->waiters.fulls, 0, ref.home, ref.actor);

    if (full) {
        full->value &= for_margin ? UINT64_MAX : ~FOR_MARGIN;
        return true;
    }
    full = fab_pairs_insert(&core->waiters.fulls, 0, ref.home, ref.actor);
    if (!full)
        return false;
    full->value = (for_margin ? FOR_MARGIN : 0) | FAB_PAIR_NONE;
    core->held_up++;
    return true;
}

/* One waiter's turn: an actor of ours, or the core at the end of a link. */
static void
fire_one(struct fab_core *core, const uint64_t key[3])
{
    struct fab_slot *slot;

    if (key[1] == 0) {
        struct fab_system_writable body = { .receiver = key[2] };
        struct fab_link *link = core->routes.states[key[0]].link;

        if (link)
            fab_system_send_reserved(
                core, link,
                &(struct fab_system_record){ FAB_SYSTEM_WRITABLE, 0, &body, sizeof(body) });
        else
            fab_cells_unreserve(&core->cells, FAB_CELL_SMALL);
        return;
    }
    slot = fab_slot_lookup(core, key[0]);
    if (!slot) {
        fab_cells_unreserve(&core->cells, FAB_CELL_SMALL);
        return;
    }
    struct myc_writable value = { .ref = { key[1], key[2] } };
    uint8_t body[MYC_WRITABLE_SIZE];

    myc_writable_encode(&value, body);
    fab_event_post_reserved(
        core, slot,
        &(struct fab_event){ .type = &myc_writable_type, .body = body, .size = sizeof(body) });
    core->counters.writable++;
}

/* Everybody in a list, in the order in which they came. At most FAB_WAITERS_MAX. */
static void
fire_list(struct fab_core *core, uint32_t list)
{
    struct fab_pairs *waits = &core->waiters.waits;
    uint32_t first = FAB_PAIR_NONE;

    while (list != FAB_PAIR_NONE) {
        uint32_t next = waits->entries[list].list_next;

        waits->entries[list].list_next = first;
        first = list;
        list = next;
    }
    while (first != FAB_PAIR_NONE) {
        struct fab_pair *pair = &waits->entries[first];
        const uint64_t key[3] = { pair->key[0], pair->key[1], pair->key[2] };

        first = pair->list_next;
        fab_pairs_remove(waits, pair);
        fire_one(core, key);
    }
}

void
fab_full_remove(struct fab_core *core, struct myc_ref ref)
{
    struct fab_pair *full = fab_pairs_lookup(&core->waiters.fulls, 0, ref.home, ref.actor);
    uint32_t list;

    if (!full)
        return;
    list = (uint32_t)full->value;
    fab_pairs_remove(&core->waiters.fulls, full);
    core->held_up--;
    fire_list(core, list);
}

void
fab_waiters_fire_slot(struct fab_core *core, struct fab_slot *slot)
{
    struct fab_slot_cold *cold = fab_slot_cold(core, slot);
    uint32_t list = cold->first_waiter;

    cold->first_waiter = FAB_PAIR_NONE;
    slot->flags &= (uint8_t)~FAB_SLOT_HAS_WAITERS;
    fire_list(core, list);
}

void
fab_waiters_fire_link(struct fab_core *core, struct fab_link *link)
{
    struct fab_link_state *state = &core->routes.states[link->index];
    uint32_t list = state->first_waiter;

    state->first_waiter = FAB_PAIR_NONE;
    fire_list(core, list);
}

void
fab_waiters_on_link_down(struct fab_core *core, struct fab_link *link)
{
    struct fab_pairs *fulls = &core->waiters.fulls;

    fab_waiters_fire_link(core, link);
    for (uint32_t i = 0; i < fulls->capacity && fulls->count > 0; i++) {
        uint32_t index = fulls->buckets[i];

        while (index != FAB_PAIR_NONE) {
            const struct fab_pair *full = &fulls->entries[index];
            struct myc_ref ref = { full->key[1], full->key[2] };

            index = full->hash_next;
            if (ref.home == link->peer_home && myc_ref_lcore(ref) == link->peer_lcore)
                fab_full_remove(core, ref);
        }
    }
}
