/* SPDX-License-Identifier: BSD-3-Clause */
#include "actor/overflow.h"

#include "actor/buffer.h"
#include "actor/keyed.h"

static size_t
policy_size(uint32_t keys)
{
    return sizeof(struct fab_policy) + keys * sizeof(struct fab_keyed);
}

static bool
is_in_range(const struct fab_core *core, const struct myc_spawn_options *options)
{
    switch (options->overflow) {
    case MYC_OVERFLOW_CONFLATE:
        return options->mailbox_max <= MYC_CONFLATE_KEYS_MAX;
    case MYC_OVERFLOW_REDIRECT:
        return fab_is_here(core, options->redirect_to) &&
               fab_slot_lookup(core, options->redirect_to.actor) != NULL;
    default:
        return false;
    }
}

enum myc_status
fab_overflow_begin(struct fab_core *core, struct fab_slot *slot,
                   const struct myc_spawn_options *options)
{
    bool conflates = options->overflow == MYC_OVERFLOW_CONFLATE;
    uint32_t keys =
        conflates ? fab_power_of_two_from(slot->message_max + slot->message_max / 2) : 0;
    struct fab_policy *policy;

    if (!is_in_range(core, options))
        return MYC_INVALID;
    policy = fab_slabs_pop(&core->slabs, policy_size(keys));
    if (!policy)
        return MYC_NO_MEMORY;
    memset(policy, 0, policy_size(keys));
    policy->redirect_to = options->redirect_to.actor;
    policy->message_max = slot->message_max;
    policy->mask = keys - 1;
    fab_slot_cold(core, slot)->policy = policy;
    if (conflates)
        slot->message_max = 0;
    return MYC_OK;
}

void
fab_overflow_end(struct fab_core *core, struct fab_slot *slot)
{
    struct fab_slot_cold *cold = fab_slot_cold(core, slot);

    fab_slabs_push(&core->slabs, cold->policy, policy_size(cold->policy->mask + 1));
    cold->policy = NULL;
}

/* One mailbox's word. UNSUPPORTED: not mine, ask the next. */
static enum myc_status
decide(struct fab_core *core, struct fab_slot *slot, const struct fab_overflow_wish *wish)
{
    if (slot->overflow & FAB_OVERFLOW_CLOSED)
        return MYC_GONE;
    if ((uint64_t)slot->message_count + wish->margin < fab_mailbox_max(core, slot))
        return MYC_OK;
    if (wish->margin >= fab_mailbox_max(core, slot))
        return MYC_INVALID; /* not FULL, for no Writable would ever come */
    if (wish->margin > 0)
        return MYC_FULL;
    switch ((enum myc_overflow)slot->overflow) {
    case MYC_OVERFLOW_DROP_NEWEST:
        core->counters.dropped_newest++;
        return MYC_PENDING;
    case MYC_OVERFLOW_DROP_OLDEST:
        fab_mailbox_drop_oldest(core, slot);
        return MYC_OK;
    case MYC_OVERFLOW_CONFLATE:
        return wish->has_no_key ? MYC_FULL : MYC_OK; /* its key may wait already */
    case MYC_OVERFLOW_REDIRECT:
        return MYC_UNSUPPORTED;
    default:
        return MYC_FULL;
    }
}

enum myc_status
fab_overflow(struct fab_core *core, struct fab_slot **slot, const struct fab_overflow_wish *wish)
{
    struct fab_slot *asked = *slot;

    for (unsigned depth = 0; depth <= MYC_REDIRECT_DEPTH_MAX; depth++) {
        enum myc_status status = decide(core, asked, wish);

        if (status != MYC_UNSUPPORTED) {
            core->counters.redirected += depth > 0 && status == MYC_OK;
            *slot = asked;
            return status;
        }
        asked = fab_slot_lookup(core, fab_slot_cold(core, asked)->policy->redirect_to);
        if (!asked || !fab_slot_accepts(asked, wish->type_key))
            return MYC_FULL;
    }
    core->counters.redirect_too_deep++;
    return MYC_FULL;
}

enum myc_status
fab_overflow_put(struct fab_core *core, struct fab_slot *slot, struct fab_cell *cell)
{
    if (!fab_conflates(slot) || cell->msg.kind != FAB_MSG_SEND) {
        fab_mailbox_add(core, slot, cell);
        return MYC_OK;
    }
    if (fab_keyed_put(core, slot, cell))
        return MYC_OK;
    fab_msg_release(core, &cell->msg);
    fab_cells_push(&core->cells, cell);
    return MYC_FULL;
}
