/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What loss costs when a wire of 10 Gbit/s is the limit, and that it all arrives when a third of
 * the frames does not.
 */
#include "support/cmocka.h"

#include <stdlib.h>

#include "sim/sim.h"

#define WIRE_PS_PER_BYTE 800U

/* The configuration that nodes use by default. */
static void
start_default_pair(struct sim *sim, uint64_t seed, const struct sim_wire *wire)
{
    sim_init(sim, "loss_goodput", seed, wire);
    sim->is_quiet = true;
    sim_add_pair(sim);
    for (uint32_t i = 0; i < 2; i++) {
        struct fab_flow_config *config = &sim->ends[i].config;
        uint64_t home = config->home;
        uint16_t peer_node = config->peer_node;

        fab_flow_config_default(config);
        config->home = home;
        config->peer_node = peer_node;
        sim->ends[i].burst = 1000;
        sim->ends[i].body_max = 1300;
    }
}

/* Bytes of bodies per virtual microsecond. */
static double
goodput(uint32_t lose)
{
    struct sim_wire wire = {
        .lose = lose, .delay_ns = 10 * SIM_US, .jitter_ns = 0, .byte_ps = WIRE_PS_PER_BYTE
    };
    const struct fab_flow_counters *counters;
    struct sim sim;
    double result;

    start_default_pair(&sim, 1, &wire);
    sim.ends[0].to_send = 60000;
    sim_start(&sim, 0);
    sim_start(&sim, 1);
    SIM_CHECK(&sim, sim_run_pair(&sim, 0, sim.now_ns + 60 * SIM_S));
    SIM_CHECK(&sim, sim.ends[1].got_total == 60000);
    counters = fab_flow_counters(sim.ends[0].flow);
    /* Probes at the end may repeat a frame or two that were not lost. */
    assert_true((double)counters->frames_retransmitted <= 1.3 * (double)counters->frames_lost + 3);
    result = (double)sim.ends[1].got_bytes * 1000 / (double)(sim.now_ns - SIM_S);
    print_message("%u per million lost: %.0f bytes/us, %u frames sent again\n", lose, result,
                  (unsigned)counters->frames_retransmitted);
    sim_fini(&sim);
    return result;
}

static void
test_loss_goodput(void **state)
{
    double whole = goodput(0);

    (void)state;
    assert_true(goodput(1000) >= 0.95 * whole);
    assert_true(goodput(10000) >= 0.90 * whole);
}

/* Mixed sizes, both ways; a gigabyte with MYCELIUM_LONG, else a few megabytes. */
static void
test_drop30_soak(void **state)
{
    struct sim_wire wire = { .lose = 300000, .delay_ns = 5 * SIM_US, .jitter_ns = 5 * SIM_US };
    const char *is_long = getenv("MYCELIUM_LONG");
    uint64_t bytes = is_long != NULL && *is_long == '1' ? 1000000000ULL : 8000000ULL;
    uint64_t records = bytes / 2 / (650 + 16);
    struct sim sim;

    (void)state;
    start_default_pair(&sim, 1, &wire);
    sim.ends[0].to_send = sim.ends[1].to_send = records;
    sim_start(&sim, 0);
    sim_start(&sim, 1);
    SIM_CHECK(&sim, sim_run_pair(&sim, 0, sim.now_ns + 36000 * SIM_S));
    for (int i = 0; i < 2; i++) { /* each byte was compared when it came */
        SIM_CHECK(&sim, sim.ends[i].got_total == records);
        SIM_CHECK(&sim, sim.ends[i].down_total == 0 && sim.ends[i].in_doubt_total == 0);
    }
    sim_fini(&sim);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_loss_goodput),
        cmocka_unit_test(test_drop30_soak),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
