/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Peers that die, wires that are cut on one side or both, buffers that run out; and all of it at
 * once, by seed.
 */
#include "support/cmocka.h"

#include "sim/sim.h"

static const struct sim_wire calm = { .delay_ns = 10 * SIM_US, .jitter_ns = 2 * SIM_US };

/* The configured bound, and a keep-alive interval for the jitter of timers. */
static uint64_t
death_bound_ns(const struct sim *sim)
{
    const struct fab_flow_timers *timers = &sim->ends[0].config.timers;

    return timers->down_ns + timers->keepalive_ns;
}

static void
check_death(struct sim *sim, uint32_t survivor, uint64_t cut_ns)
{
    struct sim_end *end = &sim->ends[survivor];

    sim_run_until(sim, cut_ns + death_bound_ns(sim));
    SIM_CHECK(sim, end->down_total == 1 && end->down_reason == FAB_FLOW_REASON_SILENT);
    SIM_CHECK(sim, end->suspect_total == 1);
    SIM_CHECK(sim, fab_flow_is_drained(end->flow));
    SIM_CHECK(sim, end->in_doubt_total > 0);
}

static void
test_peer_death_bound_when_it_is_killed(void **state)
{
    struct sim sim;

    (void)state;
    sim_bring_up(&sim, "peer_death_kill", 1, &calm);
    sim_crash(&sim, 1);
    sim.ends[0].to_send = 20;
    sim_poke(&sim, 0);
    check_death(&sim, 0, sim.now_ns);
    sim_fini(&sim);
}

static void
test_peer_death_bound_when_idle(void **state)
{
    struct sim sim;

    (void)state;
    sim_bring_up(&sim, "peer_death_idle", 1, &calm);
    sim_crash(&sim, 1);
    sim_run_until(&sim, sim.now_ns + death_bound_ns(&sim));
    SIM_CHECK(&sim, sim.ends[0].down_total == 1);
    SIM_CHECK(&sim, sim.ends[0].down_reason == FAB_FLOW_REASON_SILENT);
    sim_fini(&sim);
}

/* One direction only: the side that hears nothing ends the epoch, and the other is told. */
static void
test_peer_death_bound_when_one_direction_is_cut(void **state)
{
    struct sim sim;
    uint64_t cut_ns;

    (void)state;
    sim_bring_up(&sim, "peer_death_one_way", 1, &calm);
    cut_ns = sim.now_ns;
    sim.ends[1].is_cut = true;
    sim.ends[0].to_send = 20;
    sim_poke(&sim, 0);
    check_death(&sim, 0, cut_ns);
    sim_run_until(&sim, cut_ns + 2 * death_bound_ns(&sim));
    SIM_CHECK(&sim, sim.ends[1].down_total >= 1);
    sim.ends[1].is_cut = false;
    sim_run_until(&sim, sim.now_ns + SIM_S);
    SIM_CHECK(&sim, sim_pair_is_up(&sim, 0));
    sim_fini(&sim);
}

static void
test_partition_heals_in_a_new_epoch(void **state)
{
    struct sim sim;
    uint32_t epoch;

    (void)state;
    sim_bring_up(&sim, "partition", 1, &calm);
    epoch = fab_flow_peer(sim.ends[0].flow)->epoch;
    sim.ends[0].is_cut = sim.ends[1].is_cut = true;
    sim_run_until(&sim, sim.now_ns + 2 * SIM_S);
    SIM_CHECK(&sim, sim.ends[0].down_total == 1 && sim.ends[1].down_total == 1);
    sim.ends[0].is_cut = sim.ends[1].is_cut = false;
    sim_run_until(&sim, sim.now_ns + SIM_S);
    SIM_CHECK(&sim, sim_pair_is_up(&sim, 0));
    SIM_CHECK(&sim, fab_flow_peer(sim.ends[0].flow)->epoch != epoch);
    SIM_CHECK(&sim, sim.ends[0].down_total == 1 && sim.ends[1].down_total == 1);
    sim_fini(&sim);
}

/* A short cut is bridged within the epoch. */
static void
test_short_cut_is_bridged(void **state)
{
    struct sim sim;

    (void)state;
    sim_bring_up(&sim, "short_cut", 1, &calm);
    sim.ends[0].is_cut = sim.ends[1].is_cut = true;
    sim.ends[0].to_send = sim.ends[1].to_send = 100;
    sim_poke(&sim, 0);
    sim_poke(&sim, 1);
    sim_run_until(&sim, sim.now_ns + 400 * SIM_MS);
    sim.ends[0].is_cut = sim.ends[1].is_cut = false;
    SIM_CHECK(&sim, sim_run_pair(&sim, 0, sim.now_ns + 300 * SIM_MS));
    SIM_CHECK(&sim, sim.ends[0].got_total == 100 && sim.ends[1].got_total == 100);
    SIM_CHECK(&sim, sim.ends[0].down_total + sim.ends[1].down_total == 0);
    sim_fini(&sim);
}

/* Our own process sleeps (SIGSTOP) for longer than the bound, with frames waiting: no false death
 * of the peer here when it wakes; the peer has noticed. */
static void
test_zombie_is_fenced_and_comes_back(void **state)
{
    struct sim sim;
    struct sim_end *sleeper;

    (void)state;
    sim_bring_up(&sim, "zombie", 1, &calm);
    sleeper = &sim.ends[1];
    sleeper->is_alive = false; /* gets no turn; its memory stays */
    sim_run_until(&sim, sim.now_ns + 3 * SIM_S);
    SIM_CHECK(&sim, sim.ends[0].down_total == 1);
    sleeper->is_alive = true;
    sleeper->to_send = 10;
    sim_poke(&sim, 1);
    sim_run_until(&sim, sim.now_ns + SIM_S);
    SIM_CHECK(&sim, sleeper->down_total == 1);
    SIM_CHECK(&sim, sleeper->in_doubt_total == 10); /* refused by the fence, and told so */
    SIM_CHECK(&sim, sim.ends[0].got_total == 0);
    SIM_CHECK(&sim, sim_pair_is_up(&sim, 0));
    sim_fini(&sim);
}

/* Drops the n-th frame, as when the device had no buffer for it. */
static bool
drop_nth(void *context, const struct sim_end *from, const uint8_t *frame, size_t size)
{
    uint64_t *countdown = context;

    (void)from;
    (void)frame;
    (void)size;
    return (*countdown)-- != 0;
}

static void
test_nth_alloc_fail_sweep(void **state)
{
    uint64_t frames = 1;

    (void)state;
    for (uint64_t n = 0; n < frames; n++) {
        uint64_t countdown = n;
        struct sim sim;

        sim_init(&sim, "nth_alloc_fail_sweep", n + 1, &calm);
        sim.filter = drop_nth;
        sim.filter_context = &countdown;
        sim_add_pair(&sim);
        sim.ends[0].to_send = sim.ends[1].to_send = 300;
        sim_start(&sim, 0);
        sim_start(&sim, 1);
        SIM_CHECK(&sim, sim_run_pair(&sim, 0, sim.now_ns + SIM_S));
        SIM_CHECK(&sim, sim.ends[0].got_total == 300 && sim.ends[1].got_total == 300);
        frames = sim.ends[0].frames + sim.ends[1].frames;
        sim_fini(&sim);
    }
}

/* No frame is written where there is no buffer for it: it leaves a little later. */
static void
test_the_nth_buffer_cannot_be_had_and_nothing_is_lost(void **state)
{
    uint64_t buffers = 1;

    (void)state;
    for (uint64_t n = 1; n <= buffers; n++) {
        struct sim sim;

        sim_init(&sim, "nth_buffer", n, &calm);
        sim_add_pair(&sim);
        sim.ends[0].to_send = sim.ends[1].to_send = 300;
        sim.ends[0].buffer_fails = sim.ends[1].buffer_fails = n;
        sim_start(&sim, 0);
        sim_start(&sim, 1);
        SIM_CHECK(&sim, sim_run_pair(&sim, 0, sim.now_ns + SIM_S));
        for (int i = 0; i < 2; i++) {
            SIM_CHECK(&sim, sim.ends[i].got_total == 300);
            SIM_CHECK(&sim, sim.ends[i].down_total == 0);
        }
        buffers =
            sim.ends[0].buffers > sim.ends[1].buffers ? sim.ends[0].buffers : sim.ends[1].buffers;
        sim_fini(&sim);
    }
    assert_true(buffers > 10);
}

/* A record that cannot wait leaves though the flow's timers are due; what they do waits for
 * prepare, because it calls back. */
static void
test_a_record_leaves_without_timers_that_are_due(void **state)
{
    uint8_t frame[FAB_FRAME_SIZE_MAX];
    const struct sim_class of = { .stream = 1 };
    struct sim_end *end;
    uint64_t asked;
    struct sim sim;

    (void)state;
    sim_bring_up(&sim, "untimed", 1, &calm);
    end = &sim.ends[0];
    SIM_CHECK(&sim, sim_send_class(&sim, 0, &of));
    asked = fab_flow_counters(end->flow)->keepalives_sent;
    sim.now_ns += 2 * death_bound_ns(&sim);
    SIM_CHECK(&sim, fab_flow_prepare_untimed(end->flow, frame, sizeof(frame), sim.now_ns) > 0);
    SIM_CHECK(&sim, fab_flow_prepare_untimed(end->flow, frame, sizeof(frame), sim.now_ns) == 0);
    SIM_CHECK(&sim, fab_flow_counters(end->flow)->keepalives_sent == asked);
    fab_flow_prepare(end->flow, frame, sizeof(frame), sim.now_ns);
    SIM_CHECK(&sim, fab_flow_counters(end->flow)->keepalives_sent == asked + 1);
    sim_fini(&sim);
}

/* An acknowledgement beside a record waits for the answer to leave; the end of an epoch does not
 * take what it says for doubtful. Ends hand each other frames here, without a wire. */
static void
test_acknowledgement_beside_a_record_is_not_forgotten(void **state)
{
    uint8_t frame[FAB_FRAME_SIZE_MAX];
    const struct sim_class of = { .stream = 1 };
    struct sim_end *a, *b;
    struct sim sim;
    size_t size;

    (void)state;
    for (int ends = 0; ends < 2; ends++) {
        sim_bring_up(&sim, "late_acknowledgement", 1, &calm);
        a = &sim.ends[0];
        b = &sim.ends[1];
        SIM_CHECK(&sim, sim_send_class(&sim, 0, &of));
        size = fab_flow_prepare(a->flow, frame, sizeof(frame), sim.now_ns);
        fab_flow_incoming(b->flow, frame, size, sim.now_ns);
        SIM_CHECK(&sim, sim_send_class(&sim, 1, &of));
        size = fab_flow_prepare(b->flow, frame, sizeof(frame), sim.now_ns);
        fab_flow_incoming(a->flow, frame, size, sim.now_ns);
        SIM_CHECK(&sim, a->got_total == 1 && !fab_flow_is_drained(a->flow));
        SIM_CHECK(&sim, fab_flow_next_deadline(a->flow) == 0);
        if (ends) {
            fab_flow_close(a->flow, sim.now_ns);
            SIM_CHECK(&sim, a->down_total == 1 && a->in_doubt_total == 0);
        } else {
            size = fab_flow_prepare_untimed(a->flow, frame, sizeof(frame), sim.now_ns);
            SIM_CHECK(&sim, size > 0 && !fab_flow_is_drained(a->flow));
            fab_flow_settle(a->flow);
            SIM_CHECK(&sim, fab_flow_is_drained(a->flow));
            SIM_CHECK(&sim, fab_flow_next_deadline(a->flow) > sim.now_ns);
        }
        sim_fini(&sim);
    }
}

/* No buffer for a long time is back-pressure: the senders are refused, and go on afterwards. */
static void
test_buffers_run_out(void **state)
{
    struct sim sim;

    (void)state;
    sim_bring_up(&sim, "buffers_run_out", 1, &calm);
    sim.ends[0].has_no_buffer = true;
    sim.ends[0].to_send = 5000;
    for (int i = 0; i < 200; i++)
        sim_poke(&sim, 0);
    sim_run_until(&sim, sim.now_ns + 50 * SIM_MS);
    SIM_CHECK(&sim, fab_flow_counters(sim.ends[0].flow)->claims_full > 0);
    sim.ends[0].has_no_buffer = false;
    sim_poke(&sim, 0);
    SIM_CHECK(&sim, sim_run_pair(&sim, 0, sim.now_ns + SIM_S));
    SIM_CHECK(&sim, sim.ends[1].got_total == 5000 && sim.ends[0].writable_total > 0);
    sim_fini(&sim);
}

/* A core that has no room refuses records for longer than the peer's patience lasts, while it waits
 * for acknowledgements of its own: both sides live, so the epoch goes on, and nothing is lost. */
static void
test_core_without_room_is_no_dead_peer(void **state)
{
    struct sim sim;

    (void)state;
    sim_bring_up(&sim, "core_without_room", 1, &calm);
    sim.wire.lose = 10000;
    sim.ends[1].has_no_room = true;
    sim.ends[0].to_send = sim.ends[1].to_send = 5000;
    sim_poke(&sim, 0);
    sim_poke(&sim, 1);
    sim_run_until(&sim, sim.now_ns + 5 * SIM_S);
    SIM_CHECK(&sim, sim.ends[0].down_total + sim.ends[1].down_total == 0);
    SIM_CHECK(&sim, sim.ends[0].suspect_total + sim.ends[1].suspect_total == 0);
    SIM_CHECK(&sim, sim.ends[0].got_total == 5000 && sim.ends[1].got_total == 0);
    SIM_CHECK(&sim, fab_flow_counters(sim.ends[0].flow)->claims_full > 0);
    sim.ends[1].has_no_room = false;
    sim_poke(&sim, 1);
    SIM_CHECK(&sim, sim_run_pair(&sim, 0, sim.now_ns + SIM_S));
    SIM_CHECK(&sim, sim.ends[1].got_total == 5000);
    SIM_CHECK(&sim, sim.ends[0].down_total + sim.ends[1].down_total == 0);
    sim_fini(&sim);
}

/* What was acknowledged and waited for room is handed on before the epoch ends. */
static void
test_what_waits_for_room_is_handed_on_when_the_epoch_ends(void **state)
{
    struct sim sim;

    (void)state;
    sim_bring_up(&sim, "room_at_the_end", 1, &calm);
    sim.ends[1].has_no_room = true;
    sim.ends[0].to_send = 100;
    sim_poke(&sim, 0);
    sim_run_until(&sim, sim.now_ns + 50 * SIM_MS);
    SIM_CHECK(&sim, fab_flow_is_drained(sim.ends[0].flow) && sim.ends[1].got_total == 0);
    fab_flow_close(sim.ends[0].flow, sim.now_ns);
    sim_poke(&sim, 0);
    sim_run_until(&sim, sim.now_ns + SIM_MS);
    SIM_CHECK(&sim, sim.ends[1].down_total == 1 && sim.ends[1].got_total == 100);
    SIM_CHECK(&sim, sim.ends[0].in_doubt_total == 0);
    sim_fini(&sim);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_peer_death_bound_when_it_is_killed),
        cmocka_unit_test(test_peer_death_bound_when_idle),
        cmocka_unit_test(test_peer_death_bound_when_one_direction_is_cut),
        cmocka_unit_test(test_partition_heals_in_a_new_epoch),
        cmocka_unit_test(test_short_cut_is_bridged),
        cmocka_unit_test(test_zombie_is_fenced_and_comes_back),
        cmocka_unit_test(test_nth_alloc_fail_sweep),
        cmocka_unit_test(test_the_nth_buffer_cannot_be_had_and_nothing_is_lost),
        cmocka_unit_test(test_a_record_leaves_without_timers_that_are_due),
        cmocka_unit_test(test_acknowledgement_beside_a_record_is_not_forgotten),
        cmocka_unit_test(test_buffers_run_out),
        cmocka_unit_test(test_core_without_room_is_no_dead_peer),
        cmocka_unit_test(test_what_waits_for_room_is_handed_on_when_the_epoch_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
