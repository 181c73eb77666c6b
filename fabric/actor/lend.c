/* SPDX-License-Identifier: BSD-3-Clause */
#include "actor/lend.h"

#include "actor/buffer.h"
#include "actor/state.h"
#include "wire/system.h"

#define INDEX_BITS 20U
#define INDEX_MASK ((1U << INDEX_BITS) - 1U)

static uint32_t
number_of(const struct fab_buffers *buffers, uint32_t index)
{
    return buffers->lends.entries[index].generation << INDEX_BITS | index;
}

bool
fab_lend_add(struct fab_core *core, struct fab_body *body, struct fab_link *link, uint32_t *number)
{
    struct fab_buffers *buffers = core->buffers;
    uint32_t *first = &fab_link_state(core, link)->first_lend;
    uint32_t index;
    bool is_there;

    FAB_ASSERT(!body->link);
    is_there =
        *first != FAB_LEND_NONE && buffers->lend[*first].body == fab_body_index(buffers, body);
    if (!fab_quota_allows(core, link, body, is_there)) {
        core->counters.lent_over_quota++;
        return false;
    }
    if (!fab_handles_pop(&buffers->lends, &index)) {
        core->counters.heap_empty++;
        return false;
    }
    buffers->lend[index] = (struct fab_lend){
        .body = fab_body_index(buffers, body),
        .next = *first,
        .previous = FAB_LEND_NONE,
        .link = link->index,
    };
    if (*first != FAB_LEND_NONE)
        buffers->lend[*first].previous = index;
    *first = index;
    fab_quota_on_lend(core, &buffers->lend[index], is_there);
    body->references++;
    *number = number_of(buffers, index);
    return true;
}

static void
end_lend(struct fab_core *core, uint32_t index)
{
    struct fab_buffers *buffers = core->buffers;
    const struct fab_lend *lend = &buffers->lend[index];
    struct fab_body *body = &buffers->body[lend->body];

    fab_quota_on_lend_end(core, lend);
    if (lend->previous != FAB_LEND_NONE)
        buffers->lend[lend->previous].next = lend->next;
    else
        core->routes.states[lend->link].first_lend = lend->next;
    if (lend->next != FAB_LEND_NONE)
        buffers->lend[lend->next].previous = lend->previous;
    fab_handles_push(&buffers->lends, index);
    fab_body_release(core, body);
}

static bool
is_lent(const struct fab_buffers *buffers, const struct fab_link *link, uint32_t number)
{
    uint32_t index = number & INDEX_MASK;

    return index < buffers->lends.fresh && fab_handles_is_taken(&buffers->lends, index) &&
           buffers->lend[index].link == link->index && number_of(buffers, index) == number;
}

struct fab_body *
fab_lend_body(const struct fab_core *core, const struct fab_link *link, uint32_t number)
{
    const struct fab_buffers *buffers = core->buffers;

    if (!is_lent(buffers, link, number))
        return NULL;
    return &buffers->body[buffers->lend[number & INDEX_MASK].body];
}

bool
fab_lend_end(struct fab_core *core, const struct fab_link *link, uint32_t number)
{
    uint32_t index = number & INDEX_MASK;

    if (!is_lent(core->buffers, link, number))
        return false;
    FAB_FAULT_POINT(LEND_END);
    end_lend(core, index);
    return true;
}

bool
fab_lends_on_release(struct fab_core *core, const struct fab_link *link, const void *body)
{
    struct fab_system_release release;

    memcpy(&release, body, sizeof(release));
    return release.reserved == 0 && link->level != FAB_LEVEL_FLOW &&
           fab_lend_end(core, link, release.loan);
}

void
fab_lends_on_link_down(struct fab_core *core, struct fab_link *link)
{
    const struct fab_link_state *state = fab_link_state(core, link);

    while (state->first_lend != FAB_LEND_NONE) {
        core->counters.loans_broken++;
        end_lend(core, state->first_lend);
    }
}
