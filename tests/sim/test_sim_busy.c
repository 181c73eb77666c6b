/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ends on busy machines: they lose their CPU for a while, and have it again. What that costs is the
 * time that it takes, and nothing more: no flow goes down before its bound.
 */
#include "support/cmocka.h"

#include "sim/sim.h"

#define FOR_EVER (1000 * SIM_S)

static const struct sim_wire calm = { .delay_ns = 10 * SIM_US };

/* A pair that is up and bears a silence of so long; 0: for ever. */
static void
bring_up(struct sim *sim, const char *name, uint64_t down_ns)
{
    sim_init(sim, name, 1, &calm);
    sim_add_pair(sim);
    for (uint32_t i = 0; i < 2; i++) {
        struct fab_flow_timers *timers = &sim->ends[i].config.timers;

        timers->down_ns = down_ns;
        if (down_ns == 0)
            timers->keepalive_ns = 0;
        sim_start(sim, i);
    }
    sim_run_until(sim, sim->now_ns + SIM_MS);
    SIM_CHECK(sim, sim_pair_is_up(sim, 0));
}

static void
fall_asleep(struct sim *sim, uint32_t end, uint64_t asleep_ns)
{
    sim->ends[end].nap_ns = sim->now_ns;
    sim->ends[end].asleep_ns = asleep_ns;
    sim->ends[end].awake_ns = FOR_EVER;
}

/* Also with records in flight, and for longer than those are borne that never get through. */
static void
test_peer_that_sleeps_within_its_bound_is_not_given_up(void **state)
{
    struct sim sim;

    (void)state;
    bring_up(&sim, "sleep_within_bound", 10 * SIM_S);
    SIM_CHECK(&sim, sim.ends[0].config.timers.give_up_ns < 5 * SIM_S);
    fall_asleep(&sim, 1, 5 * SIM_S);
    sim.ends[0].to_send = 20;
    sim_poke(&sim, 0);
    SIM_CHECK(&sim, sim_run_pair(&sim, 0, sim.now_ns + 6 * SIM_S));
    SIM_CHECK(&sim, sim.ends[1].got_total == 20 && sim.ends[0].in_doubt_total == 0);
    SIM_CHECK(&sim, sim.ends[0].down_total + sim.ends[1].down_total == 0);
    sim_fini(&sim);
}

/* It has probed in vain before it fell asleep: when it wakes the peer has its time to answer. */
static void
test_our_own_sleep_is_no_time_without_progress(void **state)
{
    struct sim sim;

    (void)state;
    bring_up(&sim, "own_sleep", 0);
    sim.ends[1].is_cut = true;
    sim.ends[0].to_send = 1;
    sim_poke(&sim, 0);
    sim_run_until(&sim, sim.now_ns + 100 * SIM_MS);
    SIM_CHECK(&sim, fab_flow_counters(sim.ends[0].flow)->probes_sent >= FAB_FLOW_PROBES_MIN);
    sim.ends[1].is_cut = false;
    fall_asleep(&sim, 0, 5 * SIM_S);
    SIM_CHECK(&sim, sim_run_pair(&sim, 0, sim.now_ns + 6 * SIM_S));
    SIM_CHECK(&sim, sim.ends[0].down_total == 0 && sim.ends[0].in_doubt_total == 0);
    sim_fini(&sim);
}

/* What a peer that need not say that it lives never acknowledges is given up within the bound. */
static void
test_record_that_never_gets_through_is_given_up(void **state)
{
    const struct sim_end *end;
    uint64_t sent_ns, bound_ns;
    struct sim sim;

    (void)state;
    bring_up(&sim, "given_up", 0);
    end = &sim.ends[0];
    bound_ns = end->config.timers.give_up_ns;
    sim.ends[1].is_cut = true;
    sent_ns = sim.now_ns;
    sim.ends[0].to_send = 1;
    sim_poke(&sim, 0);
    sim_run_until(&sim, sent_ns + bound_ns - 1);
    SIM_CHECK(&sim, end->down_total == 0);
    sim_run_until(&sim, sent_ns + bound_ns + 2 * end->config.timers.pto_ns_max);
    SIM_CHECK(&sim, end->down_total == 1 && end->down_reason == FAB_FLOW_REASON_LOST);
    SIM_CHECK(&sim, end->in_doubt_total == 1);
    sim_fini(&sim);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_peer_that_sleeps_within_its_bound_is_not_given_up),
        cmocka_unit_test(test_our_own_sleep_is_no_time_without_progress),
        cmocka_unit_test(test_record_that_never_gets_through_is_given_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
