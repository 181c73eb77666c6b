/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A flow over two paths (A/B): either may lose, lag, be cut and heal, and neither end notices; both
 * cut is a break like any other. What must hold of records is checked by the simulator: once, in
 * order, none of an epoch that has ended.
 */
#include "support/cmocka.h"

#include <stdio.h>

#include "sim/sim.h"

#define RECORDS 1000U
#define ROUNDS  5U
#define PINGS   300U

static const struct sim_wire good = { .delay_ns = 5 * SIM_US };
static enum fab_security security; /* of the flows that are started */

static void
start(struct sim *sim, const char *name, uint64_t seed, const struct sim_wire *a,
      const struct sim_wire *b)
{
    sim_init(sim, name, seed, a);
    sim->has_two_paths = true;
    sim->wire_b = *b;
    sim_add_pair(sim);
    for (uint32_t i = 0; i < 2; i++)
        sim_secure(sim, i, security, 7);
}

static void
start_traffic(struct sim *sim)
{
    for (uint32_t i = 0; i < 2; i++) {
        sim->ends[i].to_send = RECORDS;
        sim->ends[i].body_max = 200;
        sim->ends[i].burst = 4;
        sim->ends[i].config.large_max = 1U << 18;
        sim->ends[i].large = 10000;
        sim->ends[i].large_size = 50000;
        sim->ends[i].heap_left = 1U << 20;
        sim_start(sim, i);
    }
}

static void
check_unnoticed(const struct sim *sim, uint64_t records)
{
    for (uint32_t i = 0; i < 2; i++) {
        SIM_CHECK(sim, sim->ends[i].got_total == records);
        SIM_CHECK(sim, sim->ends[i].up_total == 1 && sim->ends[i].down_total == 0);
        SIM_CHECK(sim, sim->ends[i].in_doubt_total == 0);
    }
}

static void
cut(struct sim *sim, bool is_second, bool is_cut)
{
    for (uint32_t i = 0; i < 2; i++)
        *(is_second ? &sim->ends[i].is_cut_b : &sim->ends[i].is_cut) = is_cut;
}

static void
test_second_copies_are_dropped_and_nothing_else(void **state)
{
    uint64_t first = sim_seed_first();

    (void)state;
    for (uint64_t seed = first; seed < first + sim_seed_count(10); seed++) {
        struct sim sim;

        start(&sim, "copies", seed, &good, &good);
        start_traffic(&sim);
        SIM_CHECK(&sim, sim_run_pair(&sim, 0, sim.now_ns + 60 * SIM_S));
        check_unnoticed(&sim, RECORDS);
        for (uint32_t i = 0; i < 2; i++) {
            const struct fab_flow_counters *counters = fab_flow_counters(sim.ends[i].flow);

            SIM_CHECK(&sim, sim.ends[i].seconds > 0 && counters->refused_duplicate == 0);
            SIM_CHECK(&sim, counters->frames_retransmitted == 0);
        }
        sim_fini(&sim);
    }
}

/* One path after the other, for longer than a peer may be silent, at random times, again and
 * again; never both. */
static void
cut_either_path(const char *name, uint64_t seeds)
{
    const struct sim_wire bad = { .lose = 10000,
                                  .duplicate = 10000,
                                  .corrupt = 1000,
                                  .delay_ns = 9 * SIM_US,
                                  .jitter_ns = 9000 };
    uint64_t first = sim_seed_first();

    for (uint64_t seed = first; seed < first + sim_seed_count(seeds); seed++) {
        struct sim sim;

        start(&sim, name, seed, seed % 2 ? &good : &bad, &bad);
        start_traffic(&sim);
        sim_run_until(&sim, sim.now_ns + SIM_MS);
        for (unsigned round = 0; round < ROUNDS; round++) {
            bool is_second = fab_prng_chance(&sim.prng, 500000);

            cut(&sim, is_second, true);
            for (uint32_t i = 0; i < 2; i++) {
                sim.ends[i].to_send += RECORDS;
                sim_poke(&sim, i);
            }
            sim_run_until(&sim, sim.now_ns + fab_prng_below(&sim.prng, 2 * SIM_S));
            cut(&sim, is_second, false);
            sim_run_until(&sim, sim.now_ns + fab_prng_below(&sim.prng, SIM_MS));
        }
        SIM_CHECK(&sim, sim_run_pair(&sim, 0, sim.now_ns + 60 * SIM_S));
        check_unnoticed(&sim, (1 + ROUNDS) * RECORDS);
        sim_fini(&sim);
    }
}

static void
test_either_path_cut_and_healed_goes_unnoticed(void **state)
{
    (void)state;
    cut_either_path("either", 40);
}

/* Each direction of each path for itself. */
static void
cut_one_way_each(const char *name, uint64_t seeds)
{
    uint64_t first = sim_seed_first();

    for (uint64_t seed = first; seed < first + sim_seed_count(seeds); seed++) {
        struct sim sim;

        start(&sim, name, seed, &good, &good);
        sim.ends[0].is_cut = true;
        sim.ends[1].is_cut_b = true;
        start_traffic(&sim);
        SIM_CHECK(&sim, sim_run_pair(&sim, 0, sim.now_ns + 60 * SIM_S));
        check_unnoticed(&sim, RECORDS);
        sim_fini(&sim);
    }
}

static void
test_paths_cut_one_way_each_go_unnoticed(void **state)
{
    (void)state;
    cut_one_way_each("one_way", 20);
}

/* A frame is sealed once, whatever ways it goes: a copy that came damaged does not keep the other
 * away, and nothing has to be sent again. */
static void
seal_both(enum fab_security of, const char *either, const char *one_way)
{
    const struct sim_wire damaging = { .corrupt = 300000, .delay_ns = 5 * SIM_US };
    struct sim sim;

    security = of;
    cut_either_path(either, 10);
    cut_one_way_each(one_way, 5);
    start(&sim, one_way, 99, &damaging, &good);
    start_traffic(&sim);
    SIM_CHECK(&sim, sim_run_pair(&sim, 0, sim.now_ns + 60 * SIM_S));
    check_unnoticed(&sim, RECORDS);
    for (uint32_t i = 0; i < 2; i++) {
        const struct fab_flow_counters *counters = fab_flow_counters(sim.ends[i].flow);

        SIM_CHECK(&sim, counters->refused_tag > 0);
        SIM_CHECK(&sim, counters->frames_retransmitted == 0);
    }
    sim_fini(&sim);
    security = FAB_SECURITY_OFF;
}

static void
test_sealed_flows_do_not_notice_the_loss_of_either_path(void **state)
{
    (void)state;
    seal_both(FAB_SECURITY_AUTH, "either_auth", "one_way_auth");
    seal_both(FAB_SECURITY_ENCRYPT, "either_encrypt", "one_way_encrypt");
}

/* Both ends learn of it within the bound, and come back when one path heals. */
static void
test_both_paths_cut_end_the_epoch_within_the_bound_and_one_brings_the_next(void **state)
{
    uint64_t first = sim_seed_first();

    (void)state;
    for (uint64_t seed = first; seed < first + sim_seed_count(20); seed++) {
        struct sim sim;
        uint64_t cut_ns;

        start(&sim, "both", seed, &good, &good);
        start_traffic(&sim);
        sim_run_until(&sim, sim.now_ns + fab_prng_below(&sim.prng, SIM_MS) + SIM_MS);
        cut(&sim, false, true);
        sim_run_until(&sim, sim.now_ns + fab_prng_below(&sim.prng, SIM_S));
        SIM_CHECK(&sim, sim.ends[0].down_total == 0 && sim.ends[1].down_total == 0);
        cut(&sim, true, true);
        cut_ns = sim.now_ns;
        sim_run_until(&sim, sim.now_ns + 2 * SIM_S);
        for (uint32_t i = 0; i < 2; i++) {
            SIM_CHECK(&sim, sim.ends[i].down_total == 1);
            SIM_CHECK(&sim, sim.ends[i].down_ns - cut_ns <=
                                sim.ends[i].config.timers.down_ns + 10 * SIM_MS);
        }
        cut(&sim, seed % 2, false);
        sim_run_until(&sim, sim.now_ns + SIM_S);
        SIM_CHECK(&sim, sim_pair_is_up(&sim, 0));
        SIM_CHECK(&sim, sim_run_pair(&sim, 0, sim.now_ns + 60 * SIM_S));
        sim_fini(&sim);
    }
}

/* --- latency ---------------------------------------------------------------------------------- */

/* The worst and the summed time from commit to receipt of single records, one at a time. */
struct latency {
    uint64_t worst_ns;
    uint64_t sum_ns;
};

static struct latency
ping(const char *name, uint64_t seed, const struct sim_wire *a, const struct sim_wire *b)
{
    struct latency latency = { 0 };
    struct sim sim;

    start(&sim, name, seed, a, b);
    sim_start(&sim, 0);
    sim_start(&sim, 1);
    sim_run_until(&sim, sim.now_ns + 20 * SIM_MS);
    SIM_CHECK(&sim, sim_pair_is_up(&sim, 0));
    for (uint32_t i = 0; i < PINGS; i++) {
        uint64_t sent_ns = sim.now_ns;
        uint64_t took_ns;

        sim.ends[0].to_send = 1;
        sim_poke(&sim, 0);
        sim_run_until(&sim, sim.now_ns + SIM_MS);
        SIM_CHECK(&sim, sim.ends[1].got_total == i + 1);
        took_ns = sim.ends[1].got_ns - sent_ns;
        latency.sum_ns += took_ns;
        if (took_ns > latency.worst_ns)
            latency.worst_ns = took_ns;
    }
    sim_fini(&sim);
    return latency;
}

static void
test_loss_on_one_path_does_not_slow_the_other(void **state)
{
    const struct sim_wire lossy = { .lose = 300000, .delay_ns = 5 * SIM_US };
    const struct sim_wire dead = { .lose = 1000000, .delay_ns = 5 * SIM_US };
    struct latency clean, a_lossy, b_lossy, a_dead;

    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        clean = ping("clean", seed, &good, &good);
        a_lossy = ping("a_lossy", seed, &lossy, &good);
        b_lossy = ping("b_lossy", seed, &good, &lossy);
        a_dead = ping("a_dead", seed, &dead, &good);
        assert_int_equal(clean.worst_ns, good.delay_ns);
        assert_int_equal(a_lossy.worst_ns, clean.worst_ns);
        assert_int_equal(b_lossy.worst_ns, clean.worst_ns);
        assert_int_equal(a_dead.worst_ns, clean.worst_ns);
        assert_int_equal(a_lossy.sum_ns, clean.sum_ns);
    }
    printf("# one way with 30 %% loss on one path: %llu ns, without: %llu ns\n",
           (unsigned long long)(a_lossy.sum_ns / PINGS),
           (unsigned long long)(clean.sum_ns / PINGS));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_second_copies_are_dropped_and_nothing_else),
        cmocka_unit_test(test_either_path_cut_and_healed_goes_unnoticed),
        cmocka_unit_test(test_paths_cut_one_way_each_go_unnoticed),
        cmocka_unit_test(test_sealed_flows_do_not_notice_the_loss_of_either_path),
        cmocka_unit_test(
            test_both_paths_cut_end_the_epoch_within_the_bound_and_one_brings_the_next),
        cmocka_unit_test(test_loss_on_one_path_does_not_slow_the_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
