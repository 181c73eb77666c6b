/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Flows that share a wire of 10 Gbit/s: how long its queue gets, whether it is kept busy, whether
 * they share it evenly.
 */
#include "support/cmocka.h"

#include "sim/sim.h"

#define WIRE_PS_PER_BYTE 800U
#define HEADERS          42U
#define INCAST           100U

static const struct sim_wire ten_gigabit = {
    .delay_ns = 10 * SIM_US, .byte_ps = WIRE_PS_PER_BYTE, .queue_ns = 800 * SIM_US /* 1 MB */
};

/* `count` pairs whose senders, the even ends, share the first one's wire. */
static void
start_sharing(struct sim *sim, const char *name, const struct sim_wire *wire, uint32_t count)
{
    sim_init(sim, name, 1, wire);
    sim->is_quiet = count > 8;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t first = sim_add_pair(sim);

        for (uint32_t j = first; j < first + 2; j++) {
            struct sim_end *end = &sim->ends[j];

            for (int lane = 0; lane < FAB_LANE_COUNT; lane++)
                end->config.send_bytes[lane] = end->config.credit_bytes[lane] = 1U << 20;
            end->config.window_frames = 1024;
            end->burst = 2000;
            end->body_max = 1300;
        }
        sim->ends[first].wire = 0;
        sim_start(sim, first);
        sim_start(sim, first + 1);
    }
    sim_run_until(sim, sim->now_ns + 5 * SIM_MS);
    for (uint32_t i = 0; i < count; i++)
        SIM_CHECK(sim, sim_pair_is_up(sim, 2 * i));
}

static void
send_all(struct sim *sim, uint32_t count, uint64_t records)
{
    for (uint32_t i = 0; i < count; i++) {
        sim->ends[2 * i].to_send = records;
        sim_poke(sim, 2 * i);
    }
}

/* Bytes of bodies that all have got. */
static uint64_t
got_bytes(const struct sim *sim, uint32_t count)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < count; i++)
        sum += sim->ends[2 * i + 1].got_bytes;
    return sum;
}

/* How evenly: the squared sum by the sum of squares; 1 is perfect. */
static double
jain_index(const double *shares, uint32_t count)
{
    double sum = 0, squares = 0;

    for (uint32_t i = 0; i < count; i++) {
        sum += shares[i];
        squares += shares[i] * shares[i];
    }
    return sum * sum / (count * squares);
}

struct load {
    double wire_share; /* of what the wire could carry of bodies */
    uint64_t queue_ns; /* longest, after the beginning */
};

/* Lets them send for a while and looks at the shared wire every few microseconds. */
static struct load
run_load(struct sim *sim, uint32_t count, uint64_t settle_ns, uint64_t for_ns)
{
    struct load load = { 0 };
    uint64_t before, start_ns;

    send_all(sim, count, 1U << 30);
    sim_run_until(sim, sim->now_ns + settle_ns);
    before = got_bytes(sim, count);
    start_ns = sim->now_ns;
    while (sim->now_ns < start_ns + for_ns) {
        uint64_t free_ns = sim->ends[0].wire_free_ns;

        sim_run_until(sim, sim->now_ns + 5 * SIM_US);
        if (free_ns > sim->now_ns && free_ns - sim->now_ns > load.queue_ns)
            load.queue_ns = free_ns - sim->now_ns;
    }
    load.wire_share = (double)(got_bytes(sim, count) - before) * WIRE_PS_PER_BYTE / 1000 /
                      (double)(sim->now_ns - start_ns);
    return load;
}

static void
test_one_flow_fills_the_wire_and_keeps_its_queue_short(void **state)
{
    struct load load;
    struct sim sim;

    (void)state;
    start_sharing(&sim, "one_flow", &ten_gigabit, 1);
    load = run_load(&sim, 1, 5 * SIM_MS, 20 * SIM_MS);
    print_message("share %.3f, longest queue %u us\n", load.wire_share,
                  (unsigned)(load.queue_ns / SIM_US));
    assert_true(load.wire_share >= 0.83); /* headers and half-filled frames take the rest */
    assert_true(load.queue_ns < 3 * FAB_CONGESTION_TARGET_NS);
    assert_true(sim.ends[0].dropped == 0);
    sim_fini(&sim);
}

static void
test_marks_keep_the_queue_at_their_threshold(void **state)
{
    struct sim_wire wire = ten_gigabit;
    struct load load;
    struct sim sim;

    (void)state;
    wire.mark_ns = 20 * SIM_US;
    start_sharing(&sim, "marks", &wire, 2);
    load = run_load(&sim, 2, 5 * SIM_MS, 20 * SIM_MS);
    print_message("share %.3f, longest queue %u us\n", load.wire_share,
                  (unsigned)(load.queue_ns / SIM_US));
    assert_true(fab_flow_counters(sim.ends[1].flow)->frames_marked > 0);
    assert_true(fab_flow_counters(sim.ends[0].flow)->congestion_cuts > 0);
    assert_true(load.wire_share >= 0.83);
    assert_true(load.queue_ns < 60 * SIM_US);
    assert_true(sim.ends[0].dropped + sim.ends[2].dropped == 0);
    sim_fini(&sim);
}

static void
test_flows_share_a_wire_evenly(void **state)
{
    double shares[8];
    struct load load;
    struct sim sim;

    (void)state;
    start_sharing(&sim, "share", &ten_gigabit, 8);
    load = run_load(&sim, 8, 50 * SIM_MS, 1);
    for (uint32_t i = 0; i < 8; i++)
        shares[i] = -(double)sim.ends[2 * i + 1].got_bytes;
    load = run_load(&sim, 8, 0, 50 * SIM_MS);
    for (uint32_t i = 0; i < 8; i++)
        shares[i] += (double)sim.ends[2 * i + 1].got_bytes;
    print_message("share %.3f, longest queue %u us, Jain %.3f\n", load.wire_share,
                  (unsigned)(load.queue_ns / SIM_US), jain_index(shares, 8));
    assert_true(load.wire_share >= 0.83);
    assert_true(jain_index(shares, 8) >= 0.9);
    sim_fini(&sim);
}

/* A hundred flows of 64 KB at once over one wire. */
static void
test_incast_100to1(void **state)
{
    double rates[INCAST];
    uint64_t start_ns, dropped = 0, end_ns = 0;
    uint32_t records = 65536 / (1300 / 2 + 16);
    double share;
    struct sim sim;

    (void)state;
    start_sharing(&sim, "incast_100to1", &ten_gigabit, INCAST);
    start_ns = sim.now_ns;
    send_all(&sim, INCAST, records);
    for (uint32_t i = 0; i < INCAST; i++)
        SIM_CHECK(&sim, sim_run_pair(&sim, 2 * i, start_ns + SIM_S));
    for (uint32_t i = 0; i < INCAST; i++) {
        const struct sim_end *to = &sim.ends[2 * i + 1];

        SIM_CHECK(&sim, to->got_total == records && to->down_total == 0);
        SIM_CHECK(&sim, fab_flow_counters(to->flow)->refused_credit == 0);
        rates[i] = (double)to->got_bytes / (double)(to->got_ns - start_ns);
        dropped += sim.ends[2 * i].dropped;
        if (to->got_ns > end_ns)
            end_ns = to->got_ns;
    }
    share = (double)got_bytes(&sim, INCAST) * WIRE_PS_PER_BYTE / 1000 / (double)(end_ns - start_ns);
    print_message("share %.3f, Jain %.3f, %u frames dropped by the wire\n", share,
                  jain_index(rates, INCAST), (unsigned)dropped);
    assert_true(share >= 0.9 * 1300 / (1300 + HEADERS + 32 + 56)); /* of bodies in full frames */
    assert_true(jain_index(rates, INCAST) >= 0.9);
    sim_fini(&sim);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_flow_fills_the_wire_and_keeps_its_queue_short),
        cmocka_unit_test(test_marks_keep_the_queue_at_their_threshold),
        cmocka_unit_test(test_flows_share_a_wire_evenly),
        cmocka_unit_test(test_incast_100to1),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
