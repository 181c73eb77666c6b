/* SPDX-License-Identifier: BSD-3-Clause */
#include "actor/bounce.h"

#include "actor/state.h"

bool
fab_bounce_is_blocked(struct fab_core *core, struct fab_link *link, const struct fab_msg *msg,
                      enum myc_status *status)
{
    const struct fab_pair *block =
        fab_pairs_lookup(&core->bounces.blocks, link->index, msg->from, msg->to);

    if (block) {
        *status = (enum myc_status)block->value;
        return true;
    }
    *status = MYC_NO_MEMORY; /* not FULL, which would promise a Writable */
    return core->routes.states[link->index].blocks_unlisted > 0;
}

void
fab_bounce_block(struct fab_core *core, struct fab_link *link, const struct fab_msg *msg,
                 enum myc_status status)
{
    struct fab_pair *block =
        fab_pairs_insert(&core->bounces.blocks, link->index, msg->from, msg->to);

    if (block)
        block->value = status;
    else
        core->routes.states[link->index].blocks_unlisted++;
    core->held_back++;
}

void
fab_bounce_open(struct fab_core *core, struct fab_link *link, uint64_t sender, uint64_t receiver)
{
    struct fab_link_state *state = &core->routes.states[link->index];
    struct fab_pair *block = fab_pairs_lookup(&core->bounces.blocks, link->index, sender, receiver);

    if (block) {
        fab_pairs_remove(&core->bounces.blocks, block);
        core->held_back--;
    } else if (state->blocks_unlisted > 0) {
        state->blocks_unlisted--;
        core->held_back--;
    }
}

void
fab_bounce_on_link_down(struct fab_core *core, struct fab_link *link)
{
    struct fab_link_state *state = &core->routes.states[link->index];
    struct fab_pair *block;

    core->held_back -= state->blocks_unlisted;
    state->blocks_unlisted = 0;
    while ((block = fab_pairs_first(&core->bounces.blocks, link->index)) != NULL) {
        fab_pairs_remove(&core->bounces.blocks, block);
        core->held_back--;
    }
}

/* In a doubt's value, beside the count: the pair is closed. */
#define CLOSED (1ULL << 32)

static void
close_pair(struct fab_core *core, struct fab_pair *doubt)
{
    if (doubt->value & CLOSED)
        return;
    core->held_up += (uint32_t)doubt->value;
    doubt->value |= CLOSED;
}

void
fab_doubt_add(struct fab_core *core, uint64_t sender, struct myc_ref to, bool is_closed)
{
    struct fab_pairs *doubts = &core->bounces.doubts;
    struct fab_pair *doubt = fab_pairs_lookup(doubts, sender, to.home, to.actor);

    if (!doubt)
        doubt = fab_pairs_insert(doubts, sender, to.home, to.actor);
    if (!doubt) {
        core->bounces.doubts_unlisted++;
        core->held_up++;
        return;
    }
    if (is_closed)
        close_pair(core, doubt);
    doubt->value++;
    core->held_up += (doubt->value & CLOSED) != 0;
}

void
fab_doubt_taken(struct fab_core *core, uint64_t sender, struct myc_ref to)
{
    struct fab_pairs *doubts = &core->bounces.doubts;
    struct fab_pair *doubt = fab_pairs_lookup(doubts, sender, to.home, to.actor);

    FAB_ASSERT(doubt != NULL || core->bounces.doubts_unlisted > 0);
    if (!doubt) {
        core->bounces.doubts_unlisted--;
        core->held_up--;
        return;
    }
    core->held_up -= (doubt->value & CLOSED) != 0;
    doubt->value--;
    if ((doubt->value & ~CLOSED) == 0)
        fab_pairs_remove(doubts, doubt);
}

bool
fab_doubt_is_known(const struct fab_core *core, uint64_t sender, struct myc_ref to)
{
    return core->bounces.doubts_unlisted > 0 ||
           fab_pairs_lookup(&core->bounces.doubts, sender, to.home, to.actor) != NULL;
}

bool
fab_doubt_is_closed(const struct fab_core *core, uint64_t sender, struct myc_ref to)
{
    const struct fab_pair *doubt =
        fab_pairs_lookup(&core->bounces.doubts, sender, to.home, to.actor);

    return core->bounces.doubts_unlisted > 0 || (doubt && (doubt->value & CLOSED));
}

void
fab_doubts_on_link_down(struct fab_core *core, struct fab_link *link)
{
    struct fab_pairs *doubts = &core->bounces.doubts;

    for (uint32_t i = 0; i < doubts->capacity && doubts->count > 0; i++) {
        uint32_t index = doubts->buckets[i];

        for (; index != FAB_PAIR_NONE; index = doubts->entries[index].hash_next) {
            struct fab_pair *doubt = &doubts->entries[index];
            struct myc_ref to = { doubt->key[1], doubt->key[2] };

            if (to.home == link->peer_home && myc_ref_lcore(to) == link->peer_lcore)
                close_pair(core, doubt);
        }
    }
}
