/* SPDX-License-Identifier: BSD-3-Clause */
#include "cost/cost.h"

#include "base/assert.h"
#include "support/core_lab.h"

#define IN_FLIGHT 32U

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

static const struct myc_class passer_class = {
    .size = sizeof(struct myc_class),
    .name = "cost_passer",
    .state_size = sizeof(struct passer),
    .accepts = accepts,
    .accepts_count = 1,
    .receive = passer_receive,
};

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
    for (unsigned i = 0; i < IN_FLIGHT; i++)
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

void
cost_dispatch(uint64_t count)
{
    struct fab_core_config config = lab_config(LAB_HOME_1, 0, 1);
    struct myc_class starter_class = passer_class;
    struct myc_class other_class = passer_class;
    struct starter start = { .count = count / 2 };
    const struct myc_spawn_options options = {
        .size = sizeof(options),
        .args = &start,
        .args_size = sizeof(start),
    };
    struct lab lab;

    starter_class.init = starter_init;
    other_class.init = other_init;
    lab_init(&lab);
    lab_add_core(&lab, &config);
    FAB_ASSERT(fab_core_spawn(lab.cores[0], &other_class, NULL, &start.other) == MYC_OK);
    FAB_ASSERT(fab_core_spawn(lab.cores[0], &starter_class, &options, NULL) == MYC_OK);
    while (lab_turn(&lab) > 0)
        ;
    lab_fini(&lab);
}
