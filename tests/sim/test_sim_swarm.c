/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Swarms: pairs of flows under loss, bursts of loss, duplication, reordering, replay, corruption,
 * clogged wires, partitions of one way and of both, crashes and restarts, cores without room, and
 * buffers, pages and slots that run out, in any mixture and order that a seed gives.
 *
 * Invariants hold after every step (sim.h); when all is calm again, everything arrives. The history
 * of every sixteenth seed is made twice and hashed: each event's time, end and bytes are the same.
 */
#include "support/cmocka.h"

#include "sim/sim.h"

#define SEEDS        2000U /* a hundred thousand with MYCELIUM_LONG=1 */
#define SEALED_SEEDS 100U

static const struct sim_wire calm = { .delay_ns = 10 * SIM_US, .jitter_ns = 2 * SIM_US };

/* No claim finds a page, or only some do. */
static void
take_pages(struct sim_end *end, struct fab_prng *dice)
{
    struct fab_pool *pages = &end->flow->store->pages;

    pages->reserve = fab_prng_below(dice, 3) ? (uint32_t)fab_prng_below(dice, pages->count) : 0;
}

/* One fault, or none, by the dice. */
static void
disturb(struct sim *sim, struct fab_prng *dice)
{
    uint32_t which = (uint32_t)fab_prng_below(dice, 2);
    struct sim_end *end = &sim->ends[which];

    switch (fab_prng_below(dice, 14)) {
    case 0:
        sim_crash(sim, which);
        sim_run_until(sim, sim->now_ns + fab_prng_below(dice, 1000 * SIM_MS));
        sim_start(sim, which);
        break;
    case 1:
        end->is_cut = !end->is_cut;
        break;
    case 2:
        sim->ends[0].is_cut = sim->ends[1].is_cut = true;
        break;
    case 3:
        end->has_no_buffer = !end->has_no_buffer;
        break;
    case 4:
        sim->wire.lose = (uint32_t)fab_prng_below(dice, 400000);
        break;
    case 5:
        sim->wire.jitter_ns = fab_prng_below(dice, 300 * SIM_US);
        break;
    case 6:
        sim->wire.duplicate = (uint32_t)fab_prng_below(dice, 300000);
        break;
    case 7:
        end->has_no_room = !end->has_no_room;
        break;
    case 9:
        sim->wire.burst_begin = (uint32_t)fab_prng_below(dice, 20000);
        sim->wire.burst_end = 50000 + (uint32_t)fab_prng_below(dice, 200000);
        sim->wire.burst_lose = 500000 + (uint32_t)fab_prng_below(dice, 500000);
        break;
    case 10:
        sim->wire.replay = (uint32_t)fab_prng_below(dice, 100000);
        break;
    case 11:
        end->clog_until_ns = sim->now_ns + fab_prng_below(dice, 400 * SIM_MS);
        break;
    case 12:
        take_pages(end, dice);
        break;
    case 8:
        end->refuse = (uint32_t)fab_prng_below(dice, 500000);
        break;
    default:
        sim->ends[0].is_cut = sim->ends[1].is_cut = false;
        break;
    }
}

static void
calm_down(struct sim *sim)
{
    sim->wire = calm;
    for (int i = 0; i < 2; i++) {
        sim->ends[i].is_cut = sim->ends[i].has_no_buffer = sim->ends[i].has_no_room = false;
        sim->ends[i].is_in_burst = false;
        sim->ends[i].refuse = 0;
        sim->ends[i].clog_until_ns = 0;
        sim->ends[i].flow->store->pages.reserve = 0;
        sim_poke(sim, (uint32_t)i);
    }
}

/* Returns the hash of its history. */
static uint64_t
swarm(uint64_t seed, enum fab_security security)
{
    struct sim_wire wire = { .lose = 20000, .corrupt = 5000, .delay_ns = 8 * SIM_US };
    struct fab_prng dice;
    struct sim sim;
    uint64_t digest;

    fab_prng_init(&dice, seed * 77);
    sim_init(&sim, "sim_swarm_determinism", seed, &wire);
    sim_add_pair(&sim);
    for (uint32_t i = 0; i < 2; i++) {
        sim.ends[i].config.is_initiator = i == 0 || (seed & 1);
        sim.ends[i].config.window_frames = 64;
        for (int lane = 0; lane < FAB_LANE_COUNT; lane++)
            sim.ends[i].config.send_bytes[lane] = sim.ends[i].config.credit_bytes[lane] = 16384;
        sim.ends[i].body_max = seed % 5 == 0 ? 1000 : 100;
        sim_secure(&sim, i, security, 1);
        sim_start(&sim, i);
    }
    for (int round = 0; round < 12; round++) {
        sim.ends[0].to_send += fab_prng_below(&dice, 60);
        sim.ends[1].to_send += fab_prng_below(&dice, 60);
        sim_poke(&sim, 0);
        sim_poke(&sim, 1);
        sim_run_until(&sim, sim.now_ns + fab_prng_below(&dice, 200 * SIM_MS));
        disturb(&sim, &dice);
    }
    calm_down(&sim);
    sim_run_until(&sim, sim.now_ns + 3 * SIM_S);
    SIM_CHECK(&sim, sim_pair_is_up(&sim, 0));
    SIM_CHECK(&sim, sim_run_pair(&sim, 0, sim.now_ns + SIM_S));
    digest = sim.history;
    sim_fini(&sim);
    return digest;
}

static void
test_sim_swarm_determinism(void **state)
{
    uint64_t first_seed = sim_seed_first();

    (void)state;
    for (uint64_t seed = first_seed; seed < first_seed + sim_seed_count(SEEDS); seed++) {
        uint64_t digest = swarm(seed, FAB_SECURITY_OFF);

        if (seed % 16 == 0)
            assert_true(swarm(seed, FAB_SECURITY_OFF) == digest);
    }
    print_message("%u seeds\n", (unsigned)sim_seed_count(SEEDS));
}

static void
test_sim_swarm_determinism_of_sealed_flows(void **state)
{
    uint64_t first_seed = sim_seed_first();

    (void)state;
    for (uint64_t seed = first_seed; seed < first_seed + sim_seed_count(SEALED_SEEDS); seed++) {
        enum fab_security security = seed & 1 ? FAB_SECURITY_AUTH : FAB_SECURITY_ENCRYPT;
        uint64_t digest = swarm(seed, security);

        if (seed % 16 == 0)
            assert_true(swarm(seed, security) == digest);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sim_swarm_determinism),
        cmocka_unit_test(test_sim_swarm_determinism_of_sealed_flows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
