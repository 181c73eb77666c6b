/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ends on busy machines: they lose their CPU for a while, and have it again. What that costs is the
 * time that it takes, and nothing more: no flow goes down before its bound, and a small message
 * waits for the CPUs that it needs, not for bulk that was under way before it.
 */
#include "support/cmocka.h"

#include "sim/sim.h"

#define MIB       (1024U * 1024U)
#define FOR_EVER  (1000 * SIM_S)
#define PINGS     200U
#define BODY_SIZE (2U * MIB)

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

/* ---- a ping beside bulk --------------------------------------------------------------------- */

/* Both lose their CPUs, each in a time of its own, as lcores do that share them with others. */
static void
share_cpus(struct sim *sim)
{
    static const struct {
        uint64_t awake_ns, asleep_ns;
    } shares[2] = { { 4 * SIM_MS, 7 * SIM_MS }, { 3 * SIM_MS, 10 * SIM_MS } };

    for (uint32_t i = 0; i < 2; i++) {
        sim->ends[i].nap_ns = sim->now_ns + shares[i].awake_ns;
        sim->ends[i].awake_ns = shares[i].awake_ns;
        sim->ends[i].asleep_ns = shares[i].asleep_ns;
    }
}

/* Goes on until the sender has had its CPU for so long, after its next sleep. */
static void
step_to_turn(struct sim *sim, uint64_t within_ns)
{
    const struct sim_end *sender = &sim->ends[0];
    uint64_t asleep_ns = sim_awake_ns(sender, sim->now_ns) + sender->awake_ns;

    sim_run_until(sim, sim_awake_ns(sender, asleep_ns) + within_ns);
    SIM_CHECK(sim, sim_awake_ns(sender, sim->now_ns) == sim->now_ns);
}

/* Sends a ping, to nobody who gets bulk; returns how long it took once it and all that was on the
 * wire before it had come, and the receiver had its CPU. */
static uint64_t
ping(struct sim *sim)
{
    const struct sim_class of = { .stream = FAB_STREAM_SYSTEM };
    const struct sim_end *receiver = &sim->ends[1];
    uint64_t got = receiver->got[FAB_STREAM_SYSTEM];
    uint64_t seen_ns;

    SIM_CHECK(sim, sim_send_class(sim, 0, &of));
    sim_poke(sim, 0);
    seen_ns = sim_awake_ns(receiver, sim->ends[0].wire_free_ns + sim->wire.delay_ns);
    while (receiver->got[FAB_STREAM_SYSTEM] == got)
        SIM_CHECK(sim, sim_step(sim, UINT64_MAX));
    return sim->now_ns - seen_ns;
}

/* It waits for what is before it on the wire, and for the receiver's CPU; not until bulk has been
 * acknowledged, for which both must have their CPUs once more. */
static void
pings_beside_bulk(const char *name, bool has_no_congestion)
{
    const struct sim_wire wire = { .delay_ns = 2 * SIM_US, .byte_ps = 400 };
    struct sim sim;

    sim_init(&sim, name, 1, &wire);
    sim_add_pair(&sim);
    for (uint32_t i = 0; i < 2; i++) {
        struct sim_end *end = &sim.ends[i];

        end->config.large_max = FAB_MSG_SIZE_MAX;
        end->config.has_no_congestion = has_no_congestion;
        end->config.window_frames = 512;
        end->config.timers.down_ns = 10 * SIM_S;
        end->heap_left = 64ULL * MIB;
        sim_start(&sim, i);
    }
    sim_run_until(&sim, sim.now_ns + SIM_MS);
    sim.ends[0].large_all = BODY_SIZE;
    sim.ends[0].to_send = 1000;
    sim_poke(&sim, 0);
    share_cpus(&sim);
    for (uint64_t i = 0; i < PINGS; i++) {
        step_to_turn(&sim, i * 997 % 3900 * SIM_US);
        SIM_CHECK(&sim, ping(&sim) < 10 * SIM_US);
    }
    SIM_CHECK(&sim, sim.ends[1].large_got > 0 && sim.ends[0].to_send > 0);
    if (!has_no_congestion)
        SIM_CHECK(&sim, fab_flow_counters(sim.ends[0].flow)->congestion_cuts > 0);
    sim_fini(&sim);
}

static void
test_ping_beside_bulk_waits_for_no_acknowledgement(void **state)
{
    (void)state;
    pings_beside_bulk("ping_beside_bulk", true);
}

static void
test_ping_beside_bulk_does_not_wait_for_the_congestion_window(void **state)
{
    (void)state;
    pings_beside_bulk("ping_beside_held_bulk", false);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_peer_that_sleeps_within_its_bound_is_not_given_up),
        cmocka_unit_test(test_our_own_sleep_is_no_time_without_progress),
        cmocka_unit_test(test_record_that_never_gets_through_is_given_up),
        cmocka_unit_test(test_ping_beside_bulk_waits_for_no_acknowledgement),
        cmocka_unit_test(test_ping_beside_bulk_does_not_wait_for_the_congestion_window),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
