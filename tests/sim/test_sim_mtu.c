/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Paths that carry less than what both ends take, and say so to nobody: the size is found, traffic
 * goes on at it, and nobody is told that anything was lost.
 */
#include "support/cmocka.h"

#include "sim/sim.h"

#define JUMBO 8972U /* of an MTU of 9000 over IPv4 */

/* What is between the ends drops larger frames. */
struct middle {
    size_t size_max;
    uint64_t dropped;
};

static bool
drop_large(void *context, const struct sim_end *from, const uint8_t *frame, size_t size)
{
    struct middle *middle = context;

    (void)from;
    (void)frame;
    middle->dropped += size > middle->size_max;
    return size <= middle->size_max;
}

struct plan {
    uint16_t ends_max; /* what both ends take */
    size_t path_max;   /* what the path takes */
    uint32_t lose;     /* per million */
    uint32_t features_left;
    enum fab_security security;
};

static const struct sim_wire wire = { .delay_ns = 10 * SIM_US,
                                      .jitter_ns = 5 * SIM_US,
                                      .byte_ps = 800 };

/* Records and large bodies, both ways, until all have arrived. */
static void
exchange(struct sim *sim, uint64_t seed, const struct plan *plan, struct middle *middle)
{
    struct sim_wire lossy = wire;

    lossy.lose = plan->lose;
    sim_init(sim, "mtu", seed, &lossy);
    sim_add_pair(sim);
    sim->filter = drop_large;
    sim->filter_context = middle;
    *middle = (struct middle){ .size_max = plan->path_max };
    for (uint32_t i = 0; i < 2; i++) {
        struct sim_end *end = &sim->ends[i];

        end->config.frame_max = plan->ends_max;
        end->config.features_left = plan->features_left;
        end->config.large_max = FAB_MSG_SIZE_MAX;
        end->heap_left = 4U << 20;
        end->large = 20000;
        end->large_size = 200000;
        end->body_max = 900;
        end->to_send = 2000;
        if (plan->security)
            sim_secure(sim, i, plan->security, 0);
        sim_start(sim, i);
    }
    SIM_CHECK(sim, sim_run_pair(sim, 0, sim->now_ns + 60 * SIM_S));
    sim_run_until(sim, sim->now_ns + 2 * SIM_S); /* the search may take longer */
}

static const struct fab_path_mtu *
mtu_of(const struct sim *sim, uint32_t end)
{
    return &sim->ends[end].flow->path.mtu;
}

/* All arrived in the first epoch, and frames are as large as the path takes, but for a step. */
static void
check_found(const struct sim *sim, const struct plan *plan)
{
    uint32_t tag = plan->security ? FAB_FRAME_TAG_SIZE : 0;

    for (uint32_t i = 0; i < 2; i++) {
        const struct fab_path_mtu *mtu = mtu_of(sim, i);

        SIM_CHECK(sim, sim->ends[i].down_total == 0);
        SIM_CHECK(sim, mtu->probe == 0);
        SIM_CHECK(sim, mtu->size + tag <= plan->path_max);
        SIM_CHECK(sim, mtu->size + tag + FAB_PATH_MTU_STEP >= plan->path_max);
    }
}

static void
test_frames_grow_to_what_a_jumbo_path_takes_with_one_probe(void **state)
{
    const struct plan plan = { .ends_max = JUMBO, .path_max = JUMBO };
    struct middle middle;
    struct sim sim;

    (void)state;
    exchange(&sim, sim_seed_first(), &plan, &middle);
    check_found(&sim, &plan);
    SIM_CHECK(&sim, mtu_of(&sim, 0)->size == JUMBO);
    SIM_CHECK(&sim, fab_flow_counters(sim.ends[0].flow)->mtu_probes_sent == 1);
    sim_fini(&sim);
}

static void
test_smaller_path_between_jumbo_ends_is_found_and_costs_no_record(void **state)
{
    static const struct plan plans[] = {
        { .ends_max = JUMBO, .path_max = 1472 },
        { .ends_max = JUMBO, .path_max = 4000 },
        { .ends_max = JUMBO, .path_max = 8900 },
        { .ends_max = 2000, .path_max = 1500 },
        { .ends_max = JUMBO, .path_max = 1472, .lose = 50000 },
        { .ends_max = JUMBO, .path_max = 5000, .security = FAB_SECURITY_ENCRYPT },
    };
    struct middle middle;
    struct sim sim;

    (void)state;
    for (size_t i = 0; i < sizeof(plans) / sizeof(plans[0]); i++) {
        exchange(&sim, sim_seed_first(), &plans[i], &middle);
        if (plans[i].lose == 0) {
            const struct fab_flow_counters *counters = fab_flow_counters(sim.ends[0].flow);

            check_found(&sim, &plans[i]);
            SIM_CHECK(&sim, counters->mtu_probes_sent >= FAB_PATH_MTU_TRIES);
            SIM_CHECK(&sim, counters->frames_lost == counters->frames_lost_spurious);
        } else { /* a size may be given up for losses of another cause */
            SIM_CHECK(&sim, mtu_of(&sim, 0)->size <= plans[i].path_max);
            SIM_CHECK(&sim, sim.ends[0].down_total == 0);
        }
        sim_fini(&sim);
    }
}

static void
test_frames_that_any_ethernet_takes_are_not_probed(void **state)
{
    const struct plan plan = { .ends_max = 1472, .path_max = 1472 };
    struct middle middle;
    struct sim sim;

    (void)state;
    exchange(&sim, sim_seed_first(), &plan, &middle);
    SIM_CHECK(&sim, mtu_of(&sim, 0)->size == 1472 && middle.dropped == 0);
    SIM_CHECK(&sim, fab_flow_counters(sim.ends[0].flow)->mtu_probes_sent == 0);
    sim_fini(&sim);
}

/* A tunnel on the way takes less than any Ethernet: only the loss of large frames tells. */
static void
test_black_hole_ends_the_epoch_and_the_next_stays_below_it(void **state)
{
    const struct plan plan = { .ends_max = 1472, .path_max = 1400 };
    struct middle middle;
    struct sim sim;

    (void)state;
    exchange(&sim, sim_seed_first(), &plan, &middle);
    for (uint32_t i = 0; i < 2; i++) {
        SIM_CHECK(&sim, sim.ends[i].down_total >= 1 && sim.ends[i].down_total <= 3);
        SIM_CHECK(&sim, mtu_of(&sim, i)->size <= plan.path_max);
        SIM_CHECK(&sim, sim_pair_is_up(&sim, 0));
    }
    sim_fini(&sim);
}

/* One that does not know padded frames is sent none. */
static void
test_peer_without_padding_gets_what_both_take(void **state)
{
    const struct plan plan = { .ends_max = JUMBO,
                               .path_max = JUMBO,
                               .features_left = FAB_FEATURE_PAD };
    struct middle middle;
    struct sim sim;

    (void)state;
    exchange(&sim, sim_seed_first(), &plan, &middle);
    SIM_CHECK(&sim, mtu_of(&sim, 0)->size == JUMBO);
    SIM_CHECK(&sim, fab_flow_counters(sim.ends[0].flow)->mtu_probes_sent == 0);
    sim_fini(&sim);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frames_grow_to_what_a_jumbo_path_takes_with_one_probe),
        cmocka_unit_test(test_smaller_path_between_jumbo_ends_is_found_and_costs_no_record),
        cmocka_unit_test(test_frames_that_any_ethernet_takes_are_not_probed),
        cmocka_unit_test(test_black_hole_ends_the_epoch_and_the_next_stays_below_it),
        cmocka_unit_test(test_peer_without_padding_gets_what_both_take),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
