/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Clocks of two hosts: what a flow says of them holds, whatever the wire does.
 */
#include "support/cmocka.h"

#include <stdlib.h>

#include <mycelium/origin.h>

#include "sim/sim.h"

#define AHEAD_NS (-5 * (int64_t)SIM_S)

/* A pair of which end 1 has a clock of its own. */
static void
start_pair(struct sim *sim, const char *name, uint64_t seed, const struct sim_wire *wire)
{
    sim_init(sim, name, seed, wire);
    sim_add_pair(sim);
    sim->ends[1].clock_ns = AHEAD_NS;
    sim->ends[1].clock_ppb = -61000;
    sim->now_ns = 100 * SIM_S;
}

static void
bring_up(struct sim *sim)
{
    sim_start(sim, 0);
    sim_start(sim, 1);
    sim_run_until(sim, sim->now_ns + 100 * SIM_MS);
    SIM_CHECK(sim, sim_pair_is_up(sim, 0));
}

/* The truth is within what the end says of its peer's clock. Returns by how much it may be wrong.
 */
static uint64_t
check_bound(const struct sim *sim, uint32_t end)
{
    const struct fab_peer_clock *clock = fab_flow_peer_clock(sim->ends[end].flow);
    uint64_t own_ns = sim_clock_ns(sim, end);
    int64_t truth_ns = (int64_t)(sim_clock_ns(sim, 1 - end) - own_ns);
    uint64_t error_ns;

    SIM_CHECK(sim, clock != NULL);
    error_ns = fab_peer_clock_error(clock, own_ns);
    SIM_CHECK(sim, (uint64_t)llabs(truth_ns - fab_peer_clock_offset(clock, own_ns)) <= error_ns);
    return error_ns;
}

static void
test_offset_is_known_within_the_bound_that_is_said(void **state)
{
    static const struct sim_wire wire = { .delay_ns = 20 * SIM_US, .jitter_ns = 30 * SIM_US };
    struct sim sim;

    (void)state;
    start_pair(&sim, "clock_bound", 1, &wire);
    bring_up(&sim);
    for (unsigned i = 0; i < 200; i++) {
        assert_in_range(check_bound(&sim, 0), 20 * SIM_US, 200 * SIM_US);
        check_bound(&sim, 1);
        sim_run_until(&sim, sim.now_ns + 333 * SIM_MS);
    }
    /* A drift of 61 ppm is known by now: else a second alone would be worth 100 us. */
    assert_in_range(check_bound(&sim, 0), 20 * SIM_US, 60 * SIM_US);
    sim_fini(&sim);
}

/* Frames lost, doubled, damaged, late and from long ago, under load. */
static void
test_bound_holds_on_a_bad_wire(void **state)
{
    static const struct sim_wire wire = { .lose = 200000,
                                          .duplicate = 50000,
                                          .corrupt = 20000,
                                          .replay = 50000,
                                          .delay_ns = 10 * SIM_US,
                                          .jitter_ns = 300 * SIM_US };

    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct sim sim;

        start_pair(&sim, "clock_bad_wire", seed, &wire);
        bring_up(&sim);
        for (unsigned i = 0; i < 30; i++) {
            sim.ends[0].to_send = 50;
            sim.ends[1].to_send = 50;
            sim_poke(&sim, 0);
            sim_poke(&sim, 1);
            sim_run_until(&sim, sim.now_ns + 100 * SIM_MS);
            for (uint32_t end = 0; end < 2; end++) {
                if (fab_flow_peer_clock(sim.ends[end].flow))
                    check_bound(&sim, end);
            }
        }
        SIM_CHECK(&sim, fab_flow_counters(sim.ends[0].flow)->clock_answers > 0);
        sim_fini(&sim);
    }
}

#define CHAIN_HOSTS 4U

/* Hosts in a row, each with a clock of its own: ends 2 i and 2 i + 1 are those of the wire from
 * host i to host i + 1. */
static void
start_chain(struct sim *sim, uint64_t seed, const struct sim_wire *wire)
{
    static const int64_t ahead_s[CHAIN_HOSTS] = { 0, -5, 7000, -30 };
    static const int64_t ppb[CHAIN_HOSTS] = { 0, -49000, 50000, 4000 };

    sim_init(sim, "clock_chain", seed, wire);
    sim->now_ns = 100 * SIM_S;
    for (uint32_t i = 0; i < 2 * (CHAIN_HOSTS - 1); i++) {
        uint32_t host = (i + 1) / 2;

        if (i % 2 == 0)
            sim_add_pair(sim);
        sim->ends[i].clock_ns = ahead_s[host] * (int64_t)SIM_S;
        sim->ends[i].clock_ppb = ppb[host];
    }
    for (uint32_t i = 0; i < 2 * (CHAIN_HOSTS - 1); i++)
        sim_start(sim, i);
    sim_run_until(sim, sim->now_ns + 500 * SIM_MS);
}

/* An event at the first host, and what it causes goes down the row, a while at each host. Returns
 * whether every clock was known; then the last host's time of it is within the error it has. */
static bool
pass_origin(struct sim *sim, uint64_t stay_ns, uint64_t *error_ns)
{
    uint32_t last = 2 * (CHAIN_HOSTS - 1) - 1;
    uint64_t truth_ns = sim_clock_ns(sim, last), now_ns;
    uint64_t origin = myc_origin_make(sim_clock_ns(sim, 0), 0);
    int64_t off_ns;

    for (uint32_t end = 1; end <= last; end += 2) {
        const struct fab_peer_clock *clock;

        sim_run_until(sim, sim->now_ns + stay_ns);
        clock = fab_flow_peer_clock(sim->ends[end].flow);
        if (!clock)
            return false;
        origin = fab_peer_clock_relate(clock, origin, sim_clock_ns(sim, end));
    }
    now_ns = sim_clock_ns(sim, last);
    off_ns = (int64_t)(now_ns - myc_origin_age_ns(origin, now_ns) - truth_ns);
    *error_ns = myc_origin_error_ns(origin);
    SIM_CHECK(sim, (uint64_t)llabs(off_ns) <= *error_ns);
    return true;
}

static void
test_the_last_of_several_hosts_knows_the_time_and_its_error(void **state)
{
    static const struct sim_wire wire = { .lose = 50000,
                                          .delay_ns = 20 * SIM_US,
                                          .jitter_ns = 30 * SIM_US };
    unsigned passed = 0;
    uint64_t error_ns = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct sim sim;

        start_chain(&sim, seed, &wire);
        for (unsigned i = 0; i < 100; i++) {
            passed += pass_origin(&sim, i % 10 * SIM_MS, &error_ns);
            sim_run_until(&sim, sim.now_ns + 77 * SIM_MS);
        }
        /* Three hops, each worth half a round trip of 40 to 100 us and some drift. */
        assert_in_range(error_ns, 3 * 20 * SIM_US, 3 * 80 * SIM_US);
        sim_fini(&sim);
    }
    assert_in_range(passed, 450, 500);
}

static void
test_processes_of_a_host_have_one_clock_and_ask_no_more(void **state)
{
    static const struct sim_wire wire = { .delay_ns = 5 * SIM_US };
    const struct fab_peer_clock *clock;
    struct sim sim;

    (void)state;
    sim_init(&sim, "clock_same", 1, &wire);
    sim_add_pair(&sim);
    sim.ends[0].config.clock_id = sim.ends[1].config.clock_id = 4711;
    bring_up(&sim);
    sim_run_until(&sim, sim.now_ns + 10 * SIM_S);
    for (uint32_t end = 0; end < 2; end++) {
        clock = fab_flow_peer_clock(sim.ends[end].flow);
        assert_non_null(clock);
        assert_true(clock->is_same);
        assert_true(fab_flow_counters(sim.ends[end].flow)->clock_questions <= 1);
    }
    sim_fini(&sim);
}

/* Nobody needs it: one question for each epoch; somebody does: often. */
static void
test_a_clock_that_is_wanted_is_asked_for_often(void **state)
{
    static const struct sim_wire wire = { .delay_ns = 5 * SIM_US };
    const struct fab_flow_counters *counters;
    struct sim sim;

    (void)state;
    start_pair(&sim, "clock_wanted", 1, &wire);
    sim.ends[0].config.timers.clock_ns = sim.ends[1].config.timers.clock_ns = 0;
    bring_up(&sim);
    counters = fab_flow_counters(sim.ends[0].flow);
    sim_run_until(&sim, sim.now_ns + 5 * SIM_S);
    assert_int_equal(counters->clock_questions, 1);
    for (unsigned i = 0; i < 100; i++) {
        fab_flow_want_clock(sim.ends[0].flow, sim.now_ns);
        sim_poke(&sim, 0);
        sim_run_until(&sim, sim.now_ns + 10 * SIM_MS);
    }
    assert_in_range(counters->clock_questions, 9, 12);
    check_bound(&sim, 0);
    sim_fini(&sim);
}

/* Who has never heard of clocks is not asked, and gets no frame that it does not know. */
static void
test_a_peer_without_the_feature_is_not_asked(void **state)
{
    static const struct sim_wire wire = { .delay_ns = 5 * SIM_US };
    struct sim sim;

    (void)state;
    start_pair(&sim, "clock_feature", 1, &wire);
    sim.ends[1].config.features_left = FAB_FEATURE_CLOCK;
    bring_up(&sim);
    fab_flow_want_clock(sim.ends[0].flow, sim.now_ns);
    sim_run_until(&sim, sim.now_ns + 5 * SIM_S);
    assert_null(fab_flow_peer_clock(sim.ends[0].flow));
    assert_int_equal(fab_flow_counters(sim.ends[0].flow)->clock_questions, 0);
    assert_int_equal(fab_flow_counters(sim.ends[1].flow)->refused_type, 0);
    sim_fini(&sim);
}

/* The peer's host starts anew: its clock is another one, and what was known of it worth nothing. */
static void
test_another_clock_of_the_peer_is_measured_anew(void **state)
{
    static const struct sim_wire wire = { .delay_ns = 5 * SIM_US };
    struct sim sim;

    (void)state;
    start_pair(&sim, "clock_anew", 1, &wire);
    sim.ends[1].config.clock_id = 1;
    bring_up(&sim);
    check_bound(&sim, 0);
    sim_crash(&sim, 1);
    sim_run_until(&sim, sim.now_ns + 2 * SIM_S);
    assert_null(fab_flow_peer_clock(sim.ends[0].flow));
    sim.ends[1].config.clock_id = 2;
    sim.ends[1].clock_ns = 900 * (int64_t)SIM_S;
    sim_start(&sim, 1);
    sim_run_until(&sim, sim.now_ns + 2 * SIM_S);
    SIM_CHECK(&sim, sim_pair_is_up(&sim, 0));
    check_bound(&sim, 0);
    sim_fini(&sim);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_offset_is_known_within_the_bound_that_is_said),
        cmocka_unit_test(test_bound_holds_on_a_bad_wire),
        cmocka_unit_test(test_the_last_of_several_hosts_knows_the_time_and_its_error),
        cmocka_unit_test(test_processes_of_a_host_have_one_clock_and_ask_no_more),
        cmocka_unit_test(test_a_clock_that_is_wanted_is_asked_for_often),
        cmocka_unit_test(test_a_peer_without_the_feature_is_not_asked),
        cmocka_unit_test(test_another_clock_of_the_peer_is_measured_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
