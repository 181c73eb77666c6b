/* SPDX-License-Identifier: BSD-3-Clause */
/* Two actors that pass messages to each other, on one core or on two. */
#include "cost/passers.h"

#include "base/assert.h"

struct body {
    uint64_t words[4];
};

static const struct myc_type body_type = {
    .name = "CostBody",
    .block_length = sizeof(struct body),
    .template_id = 1,
    .schema_id = 902,
};

static const struct myc_type *const accepts[] = { &body_type };

/* ---- a message passed on by each of two actors, 32 of them at a time ---------------------------
 */

struct passer {
    uint64_t left;
};

static enum myc_status
passer_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct passer *passer = state;

    if (passer->left == 0)
        return MYC_OK;
    passer->left--;
    return myc_send(self, message->from, &body_type, message->body, message->size);
}

struct starter {
    uint64_t count;
    struct myc_ref other;
};

static enum myc_status
starter_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    struct passer *passer = state;
    const struct body body = { { 1, 2, 3, 4 } };
    struct starter start;

    FAB_ASSERT(args_size == sizeof(start));
    memcpy(&start, args, sizeof(start));
    passer->left = start.count;
    for (unsigned i = 0; i < COST_IN_FLIGHT; i++)
        FAB_ASSERT(myc_send(self, start.other, &body_type, &body, sizeof(body)) == MYC_OK);
    return MYC_OK;
}

static enum myc_status
other_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    struct passer *passer = state;

    (void)self;
    (void)args;
    (void)args_size;
    passer->left = UINT64_MAX;
    return MYC_OK;
}

#define PASSER_CLASS(init_function)                                                  \
    {                                                                                \
        .size = sizeof(struct myc_class), .name = "cost_passer",                     \
        .state_size = sizeof(struct passer), .accepts = accepts, .accepts_count = 1, \
        .init = init_function, .receive = passer_receive,                            \
    }

static const struct myc_class starter_class = PASSER_CLASS(starter_init);
static const struct myc_class other_class = PASSER_CLASS(other_init);

void
cost_passers_start(struct fab_core *a, struct fab_core *b, uint64_t count)
{
    struct starter start = { .count = count / 2 };
    const struct myc_spawn_options options = {
        .size = sizeof(options),
        .args = &start,
        .args_size = sizeof(start),
    };

    FAB_ASSERT(fab_core_spawn(b, &other_class, NULL, &start.other) == MYC_OK);
    FAB_ASSERT(fab_core_spawn(a, &starter_class, &options, NULL) == MYC_OK);
}
