/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lcores that are kept from their CPUs: both ends stand still for milliseconds at a time and run
 * for a few in between, as where two CPUs are shared with a dozen other threads, with large bodies
 * under way and a wire that loses, doubles and reorders.
 *
 * Pauses shorter than the time after which a peer is down end no epoch, however many there are.
 * Where they are longer epochs do end; when all is calm again the pair is whole within bounded
 * time, everything that is sent then arrives, and of what was sent before each end of each epoch
 * accounts for all (sim_records.c).
 */
#include "support/cmocka.h"

#include "sim/sim.h"
#include "sim/sim_parts.h"

#define SEEDS 60U
#define MIB   (1024U * 1024U)
#define HEAP  (8ULL * MIB)

/* How long an end stands still and runs, evenly between. */
struct beat {
    uint64_t still_ns_min, still_ns_max;
    uint64_t run_ns_min, run_ns_max;
};

static const struct beat crowded = { SIM_MS, 200 * SIM_MS, 100 * SIM_US, 4 * SIM_MS };
static const struct sim_wire bad = { .lose = 10000,
                                     .duplicate = 10000,
                                     .delay_ns = 5 * SIM_US,
                                     .jitter_ns = 20 * SIM_US,
                                     .byte_ps = 800 };
static const struct sim_wire calm = { .delay_ns = 5 * SIM_US };

static uint64_t
between(struct fab_prng *dice, uint64_t least, uint64_t most)
{
    return least + fab_prng_below(dice, most - least + 1);
}

/* The timers of a node whose silence bound is `down_ns` (flow_port_create.c). */
static void
set_bound(struct sim *sim, uint64_t down_ns)
{
    for (uint32_t i = 0; i < 2; i++) {
        struct fab_flow_timers *timers = &sim->ends[i].config.timers;

        timers->keepalive_ns = SIM_MS;
        timers->suspect_ns = 4 * SIM_MS;
        timers->down_ns = down_ns;
        sim->ends[i].config.poll_gap_us = 0;
    }
}

/* A pair, not yet started, that sends large bodies and small records both ways. */
static void
begin(struct sim *sim, const char *name, uint64_t seed, const struct sim_wire *wire)
{
    sim_init(sim, name, seed, wire);
    sim_add_pair(sim);
    for (uint32_t i = 0; i < 2; i++) {
        struct sim_end *end = &sim->ends[i];

        end->config.large_max = FAB_MSG_SIZE_MAX;
        end->large = seed % 4 == 0 ? 2000 : 20000;
        end->large_size = seed % 4 == 0 ? 4 * MIB : 200000;
        end->heap_left = HEAP;
    }
}

static void
start(struct sim *sim)
{
    sim_start(sim, 0);
    sim_start(sim, 1);
    sim_run_until(sim, sim->now_ns + 300 * SIM_MS);
    SIM_CHECK(sim, sim_pair_is_up(sim, 0));
}

static void
run_in_beats(struct sim *sim, struct fab_prng *dice, const struct beat *beat, uint64_t ns)
{
    uint64_t end_ns = sim->now_ns + ns;
    uint64_t next_ns[2] = { sim->now_ns, sim->now_ns + fab_prng_below(dice, 50 * SIM_MS) };

    while (sim->now_ns < end_ns) {
        uint32_t which = next_ns[1] < next_ns[0];
        uint64_t until_ns = next_ns[which] < end_ns ? next_ns[which] : end_ns;
        uint64_t still_ns;

        sim_run_until(sim, until_ns);
        if (until_ns == end_ns)
            break;
        still_ns = between(dice, beat->still_ns_min, beat->still_ns_max);
        sim_stand_still(sim, which, still_ns);
        next_ns[which] += still_ns + between(dice, beat->run_ns_min, beat->run_ns_max);
    }
}

/* All that is left goes through, and then a body of a mebibyte each way, in the time that it takes
 * over a calm wire and no more than a handshake with its longest intervals. */
static void
check_whole(struct sim *sim)
{
    sim->wire = calm;
    sim_run_until(sim, sim->now_ns + 2 * SIM_S);
    SIM_CHECK(sim, sim_pair_is_up(sim, 0));
    SIM_CHECK(sim, sim_run_pair(sim, 0, sim->now_ns + SIM_S));
    for (uint32_t i = 0; i < 2; i++) {
        struct sim_end *end = &sim->ends[i];

        SIM_CHECK(sim, !sim_has_bodies(end) && end->heap_left == HEAP);
        SIM_CHECK(sim, end->flow->granter->outstanding == 0);
        end->large_all = MIB;
        end->large_got = 0;
        end->to_send = 1;
        sim_poke(sim, i);
    }
    SIM_CHECK(sim, sim_run_pair(sim, 0, sim->now_ns + SIM_S));
    SIM_CHECK(sim, sim->ends[0].large_got == 1 && sim->ends[1].large_got == 1);
}

static void
give_work(struct sim *sim, uint64_t records)
{
    for (uint32_t i = 0; i < 2; i++) {
        sim->ends[i].to_send = records;
        sim_poke(sim, i);
    }
}

static uint64_t
breaks_of(const struct sim *sim)
{
    return sim->ends[0].down_total + sim->ends[1].down_total;
}

/* --- below the bound -------------------------------------------------------------------------- */

static void
stand_below(const char *name, uint64_t seed, uint64_t down_ns, const struct beat *beat)
{
    struct fab_prng dice;
    struct sim sim;

    fab_prng_init(&dice, seed * 83);
    begin(&sim, name, seed, &bad);
    set_bound(&sim, down_ns);
    start(&sim);
    for (unsigned i = 0; i < 4; i++) {
        give_work(&sim, fab_prng_below(&dice, 2) ? fab_prng_below(&dice, 3000) : 0);
        run_in_beats(&sim, &dice, beat, 1500 * SIM_MS);
        SIM_CHECK(&sim, breaks_of(&sim) == 0);
    }
    check_whole(&sim);
    SIM_CHECK(&sim, breaks_of(&sim) == 0);
    sim_fini(&sim);
}

static void
test_pauses_below_the_bound_end_no_epoch(void **state)
{
    uint64_t first = sim_seed_first();

    (void)state;
    for (uint64_t seed = first; seed < first + sim_seed_count(SEEDS); seed++) {
        stand_below("still_200_of_750", seed, 750 * SIM_MS, &crowded);
        stand_below("still_45_of_200", seed, 200 * SIM_MS,
                    &(struct beat){ SIM_MS, 45 * SIM_MS, 50 * SIM_US, 2 * SIM_MS });
    }
}

/* A host stands still as a whole, for longer than the bound, whatever its nodes are about; they go
 * on one after the other. */
static void
test_both_ends_that_stood_still_at_once_find_nobody_dead(void **state)
{
    uint64_t first = sim_seed_first();

    (void)state;
    for (uint64_t seed = first; seed < first + sim_seed_count(SEEDS); seed++) {
        struct fab_prng dice;
        struct sim sim;

        fab_prng_init(&dice, seed * 89);
        begin(&sim, "still_host", seed, &bad);
        set_bound(&sim, 200 * SIM_MS);
        start(&sim);
        for (unsigned i = 0; i < 5; i++) {
            give_work(&sim, fab_prng_below(&dice, 300));
            sim_run_until(&sim, sim.now_ns + fab_prng_below(&dice, 20 * SIM_MS));
            sim_stand_still(&sim, 0, 500 * SIM_MS + fab_prng_below(&dice, 30 * SIM_MS));
            sim_run_until(&sim, sim.now_ns + fab_prng_below(&dice, 10 * SIM_MS));
            sim_stand_still(&sim, 1, 500 * SIM_MS + fab_prng_below(&dice, 30 * SIM_MS));
            sim_run_until(&sim, sim.now_ns + 600 * SIM_MS);
            SIM_CHECK(&sim, breaks_of(&sim) == 0);
        }
        check_whole(&sim);
        sim_fini(&sim);
    }
}

/* --- beyond the bound ------------------------------------------------------------------------- */

static void
test_pairs_are_whole_again_after_pauses_beyond_the_bound(void **state)
{
    uint64_t first = sim_seed_first();
    uint64_t breaks = 0;

    (void)state;
    for (uint64_t seed = first; seed < first + sim_seed_count(SEEDS); seed++) {
        struct fab_prng dice;
        struct sim sim;

        fab_prng_init(&dice, seed * 97);
        begin(&sim, "still_beyond", seed, &bad);
        sim.wire.replay = seed % 3 ? 0 : 20000;
        set_bound(&sim, 10 * SIM_MS);
        start(&sim);
        for (unsigned i = 0; i < 4; i++) {
            give_work(&sim, fab_prng_below(&dice, 2000));
            run_in_beats(&sim, &dice, &crowded, SIM_S);
        }
        breaks += breaks_of(&sim);
        check_whole(&sim);
        sim_fini(&sim);
    }
    assert_true(breaks > 0);
    assert_true(breaks < 6 * sim_seed_count(SEEDS)); /* by far most pauses were beyond the bound */
    print_message("%llu epochs ended in %u seeds\n", (unsigned long long)breaks,
                  (unsigned)sim_seed_count(SEEDS));
}

/* Who runs finds a dead peer dead in its time, and who hardly runs in three times that and a pause
 * with its grace for each of the graces. */
static void
test_a_dead_peer_is_found_dead_by_who_hardly_runs(void **state)
{
    const uint64_t down_ns = 50 * SIM_MS;

    (void)state;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct fab_prng dice;
        struct sim sim;
        uint64_t died_ns;

        fab_prng_init(&dice, seed * 101);
        begin(&sim, "still_death", seed, &calm);
        set_bound(&sim, down_ns);
        start(&sim);
        sim_crash(&sim, 1);
        died_ns = sim.now_ns;
        run_in_beats(&sim, &dice, &(struct beat){ 10 * SIM_MS, 20 * SIM_MS, SIM_MS, 2 * SIM_MS },
                     SIM_S);
        SIM_CHECK(&sim, sim.ends[0].down_reason == FAB_FLOW_REASON_SILENT);
        SIM_CHECK(&sim, sim.ends[0].down_total == 1);
        SIM_CHECK(&sim, sim.ends[0].down_ns - died_ns > down_ns);
        SIM_CHECK(&sim, sim.ends[0].down_ns - died_ns <
                            (1 + FAB_LIVENESS_EXCUSES) * down_ns +
                                (1 + FAB_LIVENESS_GRACES) * (20 + 2) * SIM_MS);
        sim_fini(&sim);
    }
}

/* --- everything ------------------------------------------------------------------------------- */

static void
disturb(struct sim *sim, struct fab_prng *dice)
{
    uint32_t which = (uint32_t)fab_prng_below(dice, 2);
    struct sim_end *end = &sim->ends[which];
    struct fab_pool *pages = &end->flow->store->pages;

    switch (fab_prng_below(dice, 12)) {
    case 0:
        sim_crash(sim, which);
        sim_free_bodies(end);
        end->heap_left = HEAP;
        sim_run_until(sim, sim->now_ns + fab_prng_below(dice, 300 * SIM_MS));
        sim_start(sim, which);
        break;
    case 1:
        end->clog_until_ns = sim->now_ns + fab_prng_below(dice, 400 * SIM_MS);
        break;
    case 2:
        end->has_no_buffer = !end->has_no_buffer;
        break;
    case 3:
        end->has_no_room = !end->has_no_room;
        break;
    case 4:
        pages->reserve = fab_prng_below(dice, 3) ? (uint32_t)fab_prng_below(dice, pages->count) : 0;
        break;
    case 5:
        end->heap_fails = 1 + fab_prng_below(dice, 8);
        break;
    case 6:
        sim->wire.replay = (uint32_t)fab_prng_below(dice, 100000);
        break;
    case 7:
        sim->wire.lose = (uint32_t)fab_prng_below(dice, 300000);
        break;
    case 8:
        end->is_cut = !end->is_cut;
        break;
    default: /* time goes on with what there is */
        break;
    }
}

static void
let_go(struct sim *sim)
{
    for (uint32_t i = 0; i < 2; i++) {
        struct sim_end *end = &sim->ends[i];

        end->is_cut = end->has_no_buffer = end->has_no_room = false;
        end->clog_until_ns = 0;
        end->heap_fails = 0;
        end->flow->store->pages.reserve = 0;
        sim_poke(sim, i);
    }
}

/* Returns the hash of its history. */
static uint64_t
swarm(uint64_t seed)
{
    static const uint64_t bounds[] = { 10 * SIM_MS, 200 * SIM_MS, 750 * SIM_MS };
    struct fab_prng dice;
    uint64_t digest;
    struct sim sim;

    fab_prng_init(&dice, seed * 103);
    begin(&sim, "still_swarm", seed, &bad);
    set_bound(&sim, bounds[seed % 3]);
    sim_start(&sim, 0);
    sim_start(&sim, 1);
    for (unsigned round = 0; round < 12; round++) {
        give_work(&sim, fab_prng_below(&dice, 200));
        run_in_beats(&sim, &dice, &crowded, fab_prng_below(&dice, 400 * SIM_MS));
        disturb(&sim, &dice);
    }
    let_go(&sim);
    check_whole(&sim);
    digest = sim.history;
    sim_fini(&sim);
    return digest;
}

static void
test_swarms_that_stand_still_keep_their_promises(void **state)
{
    uint64_t first = sim_seed_first();

    (void)state;
    for (uint64_t seed = first; seed < first + sim_seed_count(SEEDS); seed++) {
        uint64_t digest = swarm(seed);

        if (seed % 16 == 0)
            assert_true(swarm(seed) == digest);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pauses_below_the_bound_end_no_epoch),
        cmocka_unit_test(test_both_ends_that_stood_still_at_once_find_nobody_dead),
        cmocka_unit_test(test_pairs_are_whole_again_after_pauses_beyond_the_bound),
        cmocka_unit_test(test_a_dead_peer_is_found_dead_by_who_hardly_runs),
        cmocka_unit_test(test_swarms_that_stand_still_keep_their_promises),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
