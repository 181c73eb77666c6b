/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two cores over a wire that loses, duplicates and reorders: everything arrives, once and in
 * order, for every seed.
 */
#include "support/cmocka.h"

#include "sim/sim.h"

#define RECORDS 2000U

/* Both ways at once; returns the virtual time that it took. */
static uint64_t
exchange(const char *name, uint64_t seed, const struct sim_wire *wire, uint32_t body_max)
{
    struct sim sim;
    uint32_t first;
    uint64_t took_ns;

    sim_init(&sim, name, seed, wire);
    first = sim_add_pair(&sim);
    for (uint32_t i = first; i < first + 2; i++) {
        sim.ends[i].to_send = RECORDS;
        sim.ends[i].body_max = body_max;
        sim_start(&sim, i);
    }
    SIM_CHECK(&sim, sim_run_pair(&sim, first, sim.now_ns + 60 * SIM_S));
    for (uint32_t i = first; i < first + 2; i++) {
        SIM_CHECK(&sim, sim.ends[i].got_total == RECORDS);
        SIM_CHECK(&sim, sim.ends[i].down_total == 0 && sim.ends[i].in_doubt_total == 0);
    }
    took_ns = sim.now_ns - SIM_S;
    sim_fini(&sim);
    return took_ns;
}

static void
over_seeds(const char *name, const struct sim_wire *wire, uint64_t count)
{
    uint64_t first = sim_seed_first();

    for (uint64_t seed = first; seed < first + sim_seed_count(count); seed++)
        exchange(name, seed, wire, seed % 3 == 0 ? 1200 : 48);
}

static void
test_clean_wire_delivers_everything(void **state)
{
    (void)state;
    over_seeds("clean", &(struct sim_wire){ .delay_ns = 5 * SIM_US }, 20);
}

static void
test_one_percent_loss_duplication_and_reordering(void **state)
{
    (void)state;
    over_seeds(
        "one_percent",
        &(struct sim_wire){
            .lose = 10000, .duplicate = 10000, .delay_ns = 5 * SIM_US, .jitter_ns = 5 * SIM_US },
        100);
}

static void
test_thirty_percent_loss_terminates(void **state)
{
    (void)state;
    over_seeds(
        "thirty_percent",
        &(struct sim_wire){
            .lose = 300000, .duplicate = 100000, .delay_ns = 5 * SIM_US, .jitter_ns = 20 * SIM_US },
        100);
}

static void
test_same_seed_takes_the_same_time(void **state)
{
    struct sim_wire wire = { .lose = 50000, .delay_ns = 5 * SIM_US, .jitter_ns = 9 * SIM_US };

    (void)state;
    for (uint64_t seed = 1; seed < 20; seed++)
        assert_true(exchange("replay", seed, &wire, 200) == exchange("replay", seed, &wire, 200));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clean_wire_delivers_everything),
        cmocka_unit_test(test_one_percent_loss_duplication_and_reordering),
        cmocka_unit_test(test_thirty_percent_loss_terminates),
        cmocka_unit_test(test_same_seed_takes_the_same_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
