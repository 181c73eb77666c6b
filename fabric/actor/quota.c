/* SPDX-License-Identifier: BSD-3-Clause */
#include "actor/quota.h"

#include "actor/buffer.h"
#include "actor/lend.h"
#include "actor/state.h"

static struct fab_quota *
quota_of(const struct fab_core *core)
{
    return &core->buffers->quota;
}

/* Of a process a half by default, of all three quarters: something is always left for the node. */
static void
set_limits(struct fab_core *core, unsigned part, const struct fab_heap *heap)
{
    struct fab_quota *quota = quota_of(core);
    uint64_t given = core->config.limits.lent_bytes_max / FAB_HEAP_UNIT;
    uint32_t all = heap->unit_count - heap->unit_count / 4;

    quota->units_max[part] = heap->unit_count / 2;
    if (given > 0)
        quota->units_max[part] = given < all ? (uint32_t)given : all;
    quota->all_max.units[part] = all;
}

bool
fab_quota_create(struct fab_core *core)
{
    struct fab_buffers *buffers = core->buffers;
    struct fab_quota *quota = &buffers->quota;
    uint32_t loans = core->config.limits.buffers_max;

    set_limits(core, false, &buffers->heap);
    set_limits(core, true, &buffers->incoming);
    quota->loans_max = loans / 2;
    quota->all_max.loans = loans - loans / 4;
    quota->count = core->config.links_max;
    quota->accounts = fab_core_alloc(core, quota->count * sizeof(*quota->accounts));
    return quota->accounts != NULL;
}

void
fab_quota_destroy(struct fab_core *core)
{
    fab_core_free(core, quota_of(core)->accounts);
}

/* There is one for each link. */
static uint32_t
account_of(struct fab_quota *quota, uint64_t home)
{
    uint32_t free = FAB_ACCOUNT_NONE;

    for (uint32_t i = 0; i < quota->count; i++) {
        if (quota->accounts[i].home == home)
            return i;
        if (quota->accounts[i].home == 0 && free == FAB_ACCOUNT_NONE)
            free = i;
    }
    FAB_ASSERT(free != FAB_ACCOUNT_NONE);
    quota->accounts[free].home = home;
    return free;
}

void
fab_quota_on_link_up(struct fab_core *core, struct fab_link *link)
{
    struct fab_link_state *state = fab_link_state(core, link);

    if (link->level != FAB_LEVEL_SEGMENT || state->account != FAB_ACCOUNT_NONE)
        return;
    state->account = account_of(quota_of(core), link->peer_home);
    quota_of(core)->accounts[state->account].links++;
}

void
fab_quota_on_link_down(struct fab_core *core, struct fab_link *link)
{
    struct fab_link_state *state = fab_link_state(core, link);
    struct fab_account *account;

    if (state->account == FAB_ACCOUNT_NONE)
        return;
    account = &quota_of(core)->accounts[state->account];
    state->account = FAB_ACCOUNT_NONE;
    if (--account->links > 0)
        return;
    FAB_ASSERT(account->loans == 0 && account->units[false] == 0 && account->units[true] == 0);
    account->home = 0;
}

static uint32_t
units_of(const struct fab_core *core, const struct fab_body *body)
{
    const struct fab_buffers *buffers = core->buffers;
    const struct fab_heap *heap = body->is_incoming ? &buffers->incoming : &buffers->heap;

    return fab_heap_block_size(heap, body->unit) / FAB_HEAP_UNIT;
}

/* One body at a time there is always room for. */
static bool
is_within(uint32_t held, uint32_t more, uint32_t most)
{
    return held == 0 || (uint64_t)held + more <= most;
}

bool
fab_quota_allows(const struct fab_core *core, const struct fab_link *link,
                 const struct fab_body *body, bool is_there)
{
    const struct fab_quota *quota = quota_of(core);
    uint32_t index = core->routes.states[link->index].account;
    uint32_t units = is_there ? 0 : units_of(core, body);
    const struct fab_account *account;

    if (index == FAB_ACCOUNT_NONE)
        return true;
    account = &quota->accounts[index];
    return is_within(account->loans, 1, quota->loans_max) &&
           is_within(quota->all.loans, 1, quota->all_max.loans) &&
           is_within(account->units[body->is_incoming], units,
                     quota->units_max[body->is_incoming]) &&
           is_within(quota->all.units[body->is_incoming], units,
                     quota->all_max.units[body->is_incoming]);
}

void
fab_quota_on_lend(struct fab_core *core, struct fab_lend *lend, bool is_there)
{
    struct fab_quota *quota = quota_of(core);
    const struct fab_body *body = &core->buffers->body[lend->body];
    uint32_t index = core->routes.states[lend->link].account;

    lend->units = 0;
    if (index == FAB_ACCOUNT_NONE)
        return;
    if (!is_there)
        lend->units = units_of(core, body);
    quota->accounts[index].loans++;
    quota->accounts[index].units[body->is_incoming] += lend->units;
    quota->all.loans++;
    quota->all.units[body->is_incoming] += lend->units;
}

/* Another loan of the run takes the charge over. */
static bool
pass_on(struct fab_buffers *buffers, const struct fab_lend *lend, uint32_t neighbour)
{
    if (neighbour == FAB_LEND_NONE || buffers->lend[neighbour].body != lend->body)
        return false;
    buffers->lend[neighbour].units = lend->units;
    return true;
}

void
fab_quota_on_lend_end(struct fab_core *core, const struct fab_lend *lend)
{
    struct fab_quota *quota = quota_of(core);
    uint32_t index = core->routes.states[lend->link].account;
    bool is_incoming = core->buffers->body[lend->body].is_incoming;

    if (index == FAB_ACCOUNT_NONE)
        return;
    quota->accounts[index].loans--;
    quota->all.loans--;
    if (lend->units == 0 || pass_on(core->buffers, lend, lend->next) ||
        pass_on(core->buffers, lend, lend->previous))
        return;
    quota->accounts[index].units[is_incoming] -= lend->units;
    quota->all.units[is_incoming] -= lend->units;
}
