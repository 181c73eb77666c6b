/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is lost is repaired soon, and what is only late is not sent again.
 */
#include "support/cmocka.h"

#include <stdlib.h>

#include "sim/sim.h"

static void
start_pair(struct sim *sim, const char *name, uint64_t seed, const struct sim_wire *wire)
{
    sim_init(sim, name, seed, wire);
    sim_add_pair(sim);
}

static void
bring_up(struct sim *sim)
{
    sim_start(sim, 0);
    sim_start(sim, 1);
    sim_run_until(sim, sim->now_ns + 10 * SIM_MS);
    SIM_CHECK(sim, sim_pair_is_up(sim, 0));
}

/* Drops the next frame with records from end 0. */
static bool
drop_one(void *context, const struct sim_end *from, const uint8_t *frame, size_t size)
{
    bool *is_armed = context;

    (void)frame;
    if (!*is_armed || from->index != 0 || size < 100)
        return true;
    *is_armed = false;
    return false;
}

static int
compare_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

/* An idle flow sends one record, and its frame is lost; how long until it is delivered. */
static void
test_tail_loss_recovery(void **state)
{
    struct sim_wire wire = { .delay_ns = 20 * SIM_US, .jitter_ns = 2 * SIM_US };
    uint64_t took[200];
    struct sim sim;
    bool is_armed = false;

    (void)state;
    start_pair(&sim, "tail_loss_recovery", 1, &wire);
    sim.filter = drop_one;
    sim.filter_context = &is_armed;
    bring_up(&sim);
    for (uint32_t i = 0; i < 200; i++) {
        uint64_t sent_ns;

        for (uint32_t warm = 0; warm < 5; warm++) {
            sim.ends[0].to_send = 1;
            sim_poke(&sim, 0);
            SIM_CHECK(&sim, sim_run_pair(&sim, 0, sim.now_ns + SIM_S));
        }
        sim_run_until(&sim, sim.now_ns + SIM_MS);
        is_armed = true;
        sent_ns = sim.now_ns;
        sim.ends[0].to_send = 1;
        sim_poke(&sim, 0);
        SIM_CHECK(&sim, sim_run_pair(&sim, 0, sim.now_ns + SIM_S));
        took[i] = (sim.ends[1].got_ns - sent_ns) * 100 / fab_flow_rtt_ns(sim.ends[0].flow);
    }
    qsort(took, 200, sizeof(took[0]), compare_u64);
    print_message("tail repaired after %.2f smoothed round trips (p50), %.2f (p99)\n",
                  (double)took[100] / 100, (double)took[198] / 100);
    assert_true(took[198] <= 400);
    sim_fini(&sim);
}

/* Reordering 32 deep and more: frames leave every 2 us, and each is up to 10 round trips late. */
static void
test_reorder_no_spurious(void **state)
{
    struct sim_wire wire = { .delay_ns = 10 * SIM_US, .jitter_ns = 200 * SIM_US, .byte_ps = 1400 };
    const struct fab_flow_counters *counters;
    struct sim sim;
    uint64_t sent;
    uint64_t spurious;

    (void)state;
    start_pair(&sim, "reorder_no_spurious", 1, &wire);
    bring_up(&sim);
    counters = fab_flow_counters(sim.ends[0].flow);
    sim.ends[0].body_max = 1300;
    sim.ends[0].to_send = 20000; /* to adapt */
    sim_poke(&sim, 0);
    SIM_CHECK(&sim, sim_run_pair(&sim, 0, sim.now_ns + 10 * SIM_S));
    sent = counters->frames_sent;
    spurious = counters->frames_retransmitted;
    sim.ends[0].to_send = 100000;
    sim_poke(&sim, 0);
    SIM_CHECK(&sim, sim_run_pair(&sim, 0, sim.now_ns + 60 * SIM_S));
    sent = counters->frames_sent - sent;
    spurious = counters->frames_retransmitted - spurious;
    print_message("%u spurious of %u frames\n", (unsigned)spurious, (unsigned)sent);
    assert_true(spurious * 1000 <= sent);
    sim_fini(&sim);
}

/* Numbers of packets and records start just under their wrap. */
static void
test_seq_wrap(void **state)
{
    struct sim_wire wire = {
        .lose = 10000, .duplicate = 10000, .delay_ns = 5 * SIM_US, .jitter_ns = 5 * SIM_US
    };
    struct sim sim;

    (void)state;
    start_pair(&sim, "seq_wrap", 1, &wire);
    sim.is_quiet = true;
    for (int i = 0; i < 2; i++) {
        sim.ends[i].config.first_number = UINT32_MAX - 5000;
        sim.ends[i].to_send = 1000000;
        sim.ends[i].burst = 256;
        sim.ends[i].body_max = 8;
    }
    bring_up(&sim);
    SIM_CHECK(&sim, sim_run_pair(&sim, 0, sim.now_ns + 60 * SIM_S));
    assert_int_equal(sim.ends[0].got_total, 1000000);
    assert_int_equal(sim.ends[1].got_total, 1000000);
    assert_int_equal(sim.ends[0].down_total + sim.ends[1].down_total, 0);
    sim_fini(&sim);
}

/* While records wait for credit, every frame that would give it is lost for a while. */
static bool
drop_credit(void *context, const struct sim_end *from, const uint8_t *frame, size_t size)
{
    uint64_t *until_ns = context;
    uint16_t flags;

    (void)size;
    memcpy(&flags, frame + 2, sizeof(flags));
    return from->index == 0 || !(flags & FAB_FRAME_HAS_CREDIT) || from->sim->now_ns >= *until_ns;
}

static void
test_credit_reopen_no_deadlock(void **state)
{
    struct sim_wire wire = { .delay_ns = 10 * SIM_US };
    uint64_t until_ns;
    struct sim sim;

    (void)state;
    start_pair(&sim, "credit_reopen_no_deadlock", 1, &wire);
    sim.ends[1].config.credit_bytes[FAB_LANE_USER] = 8192;
    sim.filter = drop_credit;
    sim.filter_context = &until_ns;
    bring_up(&sim);
    until_ns = sim.now_ns + 700 * SIM_US;
    sim.ends[0].to_send = 500;
    sim_poke(&sim, 0);
    sim_run_until(&sim, until_ns);
    assert_true(sim.ends[1].got_total < 500);
    assert_true(sim.ends[0].flow->short_lanes != 0);
    /* the probe before went out at most so long ago, and the next within twice that */
    sim_run_until(&sim, until_ns + 2 * SIM_MS);
    assert_int_equal(sim.ends[1].got_total, 500);
    assert_true(fab_flow_counters(sim.ends[0].flow)->credit_probes_sent > 0);
    sim_fini(&sim);
}

/* Without loss no credit has to be asked for. */
static void
test_credit_flows_without_probes(void **state)
{
    struct sim_wire wire = { .delay_ns = 10 * SIM_US };
    struct sim sim;

    (void)state;
    start_pair(&sim, "credit_flows", 1, &wire);
    sim.ends[1].config.credit_bytes[FAB_LANE_USER] = 8192;
    bring_up(&sim);
    sim.ends[0].to_send = 5000;
    sim_poke(&sim, 0);
    SIM_CHECK(&sim, sim_run_pair(&sim, 0, sim.now_ns + SIM_S));
    assert_int_equal(sim.ends[1].got_total, 5000);
    assert_int_equal(fab_flow_counters(sim.ends[0].flow)->credit_probes_sent, 0);
    sim_fini(&sim);
}

static void
test_corruption(void **state)
{
    struct sim_wire wire = { .corrupt = 500000, .delay_ns = 5 * SIM_US };
    const struct fab_flow_counters *counters;
    uint64_t corrupted = 0;

    (void)state;
    for (uint64_t seed = 1; corrupted < 1000000; seed++) {
        struct sim sim;
        uint64_t refused = 0;

        start_pair(&sim, "corruption", seed, &wire);
        sim.is_quiet = true;
        sim.ends[0].to_send = sim.ends[1].to_send = 200000;
        sim_start(&sim, 0);
        sim_start(&sim, 1);
        SIM_CHECK(&sim, sim_run_pair(&sim, 0, sim.now_ns + 3000 * SIM_S));
        sim.wire.corrupt = 0;
        sim_run_until(&sim, sim.now_ns + SIM_MS);
        for (int i = 0; i < 2; i++) {
            counters = fab_flow_counters(sim.ends[i].flow);
            refused += counters->refused_size + counters->refused_version + counters->refused_crc;
            SIM_CHECK(&sim, sim.ends[i].got_total == 200000);
            SIM_CHECK(&sim, counters->refused_chunk + counters->refused_block == 0);
            SIM_CHECK(&sim, counters->refused_address + counters->refused_ack == 0);
        }
        SIM_CHECK(&sim, refused <= sim.corrupted && refused + 1000 > sim.corrupted);
        corrupted += sim.corrupted;
        sim_fini(&sim);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tail_loss_recovery),
        cmocka_unit_test(test_reorder_no_spurious),
        cmocka_unit_test(test_seq_wrap),
        cmocka_unit_test(test_credit_reopen_no_deadlock),
        cmocka_unit_test(test_credit_flows_without_probes),
        cmocka_unit_test(test_corruption),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
