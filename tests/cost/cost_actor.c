/* SPDX-License-Identifier: BSD-3-Clause */
#include "cost/cost.h"

#include "actor/guard.h"
#include "base/assert.h"
#include "cost/passers.h"
#include "support/core_lab.h"

static void
dispatch(uint64_t count, struct fab_guard *guard)
{
    struct fab_core_config config = lab_config(LAB_HOME_1, 0, 1);
    struct lab lab;

    lab_init(&lab);
    lab_add_core(&lab, &config);
    if (guard)
        fab_core_set_guard(lab.cores[0], guard);
    cost_passers_start(lab.cores[0], lab.cores[0], count);
    while (lab_turn(&lab) > 0)
        ;
    lab_fini(&lab);
}

void
cost_dispatch(uint64_t count)
{
    dispatch(count, NULL);
}

void
cost_guarded_dispatch(uint64_t count)
{
    struct fab_guard guard = { 0 };

    dispatch(count, &guard);
}

/* ---- actors that come and go -------------------------------------------------------------------
 */

static const struct myc_class brief_class = {
    .size = sizeof(struct myc_class),
    .name = "cost_brief",
    .state_size = 64,
};

struct spawner {
    uint64_t left;
};

#define SPAWNS_PER_TURN 16U

static unsigned
spawner_poll(struct myc_self *self, void *state)
{
    struct spawner *spawner = state;
    struct myc_ref ref;

    for (unsigned i = 0; i < SPAWNS_PER_TURN && spawner->left > 0; i++) {
        spawner->left--;
        FAB_ASSERT(myc_spawn(self, &brief_class, NULL, &ref) == MYC_OK);
        FAB_ASSERT(myc_stop(self, ref, MYC_NORMAL) == MYC_OK);
    }
    return spawner->left > 0;
}

static enum myc_status
spawner_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    struct spawner *spawner = state;
    uint64_t poller;

    FAB_ASSERT(args_size == sizeof(*spawner));
    memcpy(spawner, args, sizeof(*spawner));
    return myc_poller_start(self, spawner_poll, 0, &poller);
}

static const struct myc_class spawner_class = {
    .size = sizeof(struct myc_class),
    .name = "cost_spawner",
    .state_size = sizeof(struct spawner),
    .init = spawner_init,
};

void
cost_spawn(uint64_t count)
{
    struct fab_core_config config = lab_config(LAB_HOME_1, 0, 1);
    struct spawner spawner = { .left = count };
    const struct myc_spawn_options options = {
        .size = sizeof(options),
        .args = &spawner,
        .args_size = sizeof(spawner),
    };
    struct lab lab;

    lab_init(&lab);
    lab_add_core(&lab, &config);
    FAB_ASSERT(fab_core_spawn(lab.cores[0], &spawner_class, &options, NULL) == MYC_OK);
    while (lab_turn(&lab) > 0)
        ;
    FAB_ASSERT(fab_core_counters(lab.cores[0])->spawned == count + 1);
    lab_fini(&lab);
}
