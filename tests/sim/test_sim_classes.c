/* SPDX-License-Identifier: BSD-3-Clause */
/* Classes of delivery: messages with a deadline, and latest values. */
#include "support/cmocka.h"

#include "sim/sim.h"

static const struct sim_wire calm = { .delay_ns = 10 * SIM_US };

static void
bring_up(struct sim *sim, const char *name, uint64_t seed, const struct sim_wire *wire)
{
    sim_bring_up(sim, name, seed, wire);
    sim->ends[1].may_miss = true;
}

static const struct fab_flow_counters *
counters_of(const struct sim *sim, uint32_t end)
{
    return fab_flow_counters(sim->ends[end].flow);
}

/* Runs until all that was sent is settled, and checks that both sides account for all of it. */
static void
settle(struct sim *sim)
{
    const struct fab_flow_counters *from = counters_of(sim, 0), *to = counters_of(sim, 1);
    uint64_t left_out;

    sim_poke(sim, 0);
    SIM_CHECK(sim, sim_run_pair(sim, 0, sim->now_ns + SIM_S));
    sim_run_until(sim, sim->now_ns + SIM_MS);
    left_out = from->messages_expired + from->messages_superseded;
    /* What was left out of a repetition only may have come before. */
    SIM_CHECK(sim, to->messages_missed <= left_out);
    SIM_CHECK(sim, sim->ends[1].got_total + to->messages_missed == sim->ends[0].sent_total);
    for (int lane = 0; lane < FAB_LANE_COUNT; lane++) {
        const struct fab_flow *flow = sim->ends[1].flow;

        SIM_CHECK(sim, flow->reorder.used[lane] == 0);
        SIM_CHECK(sim, flow->lanes[lane].credit_in.returned ==
                           sim->ends[0].flow->lanes[lane].credit_out.sent);
    }
}

static void
test_what_expires_before_it_leaves_is_left_out_and_the_rest_goes_on(void **state)
{
    struct sim sim;

    (void)state;
    bring_up(&sim, "expiry", 1, &calm);
    sim.ends[0].has_no_buffer = true;
    for (uint8_t i = 0; i < 40; i++) {
        struct sim_class of = {
            .flags = i % 4 ? FAB_MSG_HAS_DEADLINE : 0,
            .stream = i % 3,
            .tag = i,
            .deadline_ns = sim.now_ns + (i % 4 == 1 ? 10 : 1) * SIM_MS,
        };

        SIM_CHECK(&sim, sim_send_class(&sim, 0, &of));
    }
    sim_run_until(&sim, sim.now_ns + 2 * SIM_MS);
    sim.ends[0].has_no_buffer = false;
    settle(&sim);
    assert_int_equal(counters_of(&sim, 0)->messages_expired, 20);
    assert_int_equal(counters_of(&sim, 1)->messages_missed, 20);
    assert_int_equal(sim.ends[1].got_total, 20);

    sim.ends[0].to_send = 2000;
    settle(&sim);
    assert_int_equal(sim.ends[1].got_total, 2020);
    sim_fini(&sim);
}

static void
test_the_latest_value_takes_the_place_of_those_that_wait(void **state)
{
    struct sim sim;

    (void)state;
    bring_up(&sim, "latest", 1, &calm);
    sim.ends[0].has_no_buffer = true;
    for (uint64_t i = 0; i < 100; i++)
        SIM_CHECK(&sim,
                  sim_send_class(&sim, 0,
                                 &(struct sim_class){
                                     .flags = FAB_MSG_IS_LATEST, .stream = 7, .tag = i % 5 }));
    sim.ends[0].has_no_buffer = false;
    settle(&sim);
    assert_int_equal(counters_of(&sim, 0)->messages_superseded, 95);
    assert_int_equal(sim.ends[1].got_total, 5);
    assert_int_equal(sim.ends[1].got[7], 100);
    assert_int_equal(sim.ends[1].last_tag, 4);
    /* What does not wait is not replaced. */
    for (uint64_t i = 0; i < 10; i++) {
        SIM_CHECK(&sim, sim_send_class(&sim, 0,
                                       &(struct sim_class){
                                           .flags = FAB_MSG_IS_LATEST, .stream = 7, .tag = 1 }));
        settle(&sim);
    }
    assert_int_equal(sim.ends[1].got_total, 15);
    sim_fini(&sim);
}

/* Of a peer that does not know chunks of what was left out, nothing is left out. */
static void
test_nothing_is_left_out_for_a_peer_that_does_not_know_it(void **state)
{
    struct sim sim;

    (void)state;
    bring_up(&sim, "no_skip", 1, &calm);
    sim.ends[0].flow->may_skip = false;
    sim.ends[0].has_no_buffer = true;
    for (uint64_t i = 0; i < 10; i++)
        SIM_CHECK(&sim, sim_send_class(
                            &sim, 0,
                            &(struct sim_class){ .flags = FAB_MSG_IS_LATEST | FAB_MSG_HAS_DEADLINE,
                                                 .deadline_ns = sim.now_ns + SIM_MS }));
    sim_run_until(&sim, sim.now_ns + 2 * SIM_MS);
    sim.ends[0].has_no_buffer = false;
    settle(&sim);
    assert_int_equal(sim.ends[1].got_total, 10); /* with no time left: its core drops them */
    sim_fini(&sim);
}

/* All classes at once on a bad wire. */
static void
test_classes_on_a_bad_wire_keep_order_and_accounts(void **state)
{
    struct sim_wire bad = {
        .lose = 150000, .duplicate = 50000, .delay_ns = 10 * SIM_US, .jitter_ns = 50 * SIM_US
    };
    uint64_t first_seed = sim_seed_first();

    (void)state;
    for (uint64_t seed = first_seed; seed < first_seed + sim_seed_count(100); seed++) {
        struct fab_prng dice;
        struct sim sim;

        fab_prng_init(&dice, seed);
        bring_up(&sim, "classes", seed, &calm);
        sim.wire = bad;
        sim.ends[1].refuse = seed % 3 == 0 ? 100000 : 0;
        for (int round = 0; round < 60; round++) {
            for (uint64_t i = fab_prng_below(&dice, 20); i > 0; i--) {
                struct sim_class of = {
                    .flags = (uint8_t)(fab_prng_below(&dice, 2) * FAB_MSG_HAS_DEADLINE |
                                       fab_prng_below(&dice, 2) * FAB_MSG_IS_LATEST),
                    .stream = (uint8_t)fab_prng_below(&dice, 4),
                    .tag = fab_prng_below(&dice, 6),
                    .deadline_ns = sim.now_ns + fab_prng_below(&dice, SIM_MS),
                };

                sim_send_class(&sim, 0, &of);
            }
            sim_poke(&sim, 0);
            sim_run_until(&sim, sim.now_ns + fab_prng_below(&dice, 200 * SIM_US));
        }
        settle(&sim);
        SIM_CHECK(&sim, sim.ends[0].down_total == 0);
        sim_fini(&sim);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_expires_before_it_leaves_is_left_out_and_the_rest_goes_on),
        cmocka_unit_test(test_the_latest_value_takes_the_place_of_those_that_wait),
        cmocka_unit_test(test_nothing_is_left_out_for_a_peer_that_does_not_know_it),
        cmocka_unit_test(test_classes_on_a_bad_wire_keep_order_and_accounts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
