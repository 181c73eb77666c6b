/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * This version of the wire with the one before: version 1 knows neither seals nor left-out records.
 */
#include "support/cmocka.h"

#include "sim/sim.h"

static const struct sim_wire lossy = {
    .delay_ns = 10 * SIM_US, .jitter_ns = 5 * SIM_US, .lose = 20000, .duplicate = 10000
};

/* What went over the wire in a version that its receiver does not know. */
static bool
watch_versions(void *context, const struct sim_end *from, const uint8_t *frame, size_t size)
{
    bool *has_newer = context;

    (void)from;
    (void)size;
    *has_newer |= frame[0] > 1;
    return true;
}

static void
add_pair(struct sim *sim, uint64_t seed)
{
    sim_init(sim, "interop_previous", seed, &lossy);
    sim_add_pair(sim);
    sim->ends[1].config.version_max = 1;
    sim->ends[1].config.features_left = FAB_FEATURE_SKIP | FAB_FEATURE_NO_CRC | FAB_FEATURE_PAD |
                                        FAB_FEATURE_CLOCK | FAB_FEATURE_ORIGIN;
    /* Behind what version 1 reads of a hello. */
    sim->ends[0].config.source_port = 50123;
    sim->ends[0].config.source_port_second = 50999;
    for (uint32_t i = 0; i < 2; i++)
        sim->ends[i].config.is_crc_optional = true;
}

/* Either side may be the one that begins. */
static void
test_both_speak_what_both_know(void **state)
{
    uint64_t first_seed = sim_seed_first();

    (void)state;
    for (uint64_t seed = first_seed; seed < first_seed + sim_seed_count(20); seed++) {
        bool has_newer = false;
        struct sim sim;

        add_pair(&sim, seed);
        sim.filter = watch_versions;
        sim.filter_context = &has_newer;
        for (uint32_t i = 0; i < 2; i++) {
            sim.ends[i].config.is_initiator = i == seed % 2;
            sim.ends[i].to_send = 500;
            sim_start(&sim, i);
        }
        SIM_CHECK(&sim, sim_run_pair(&sim, 0, sim.now_ns + 10 * SIM_S));
        for (uint32_t i = 0; i < 2; i++) {
            const struct fab_flow_peer *peer = fab_flow_peer(sim.ends[i].flow);

            SIM_CHECK(&sim, sim.ends[i].got_total == 500);
            SIM_CHECK(&sim, peer->version == 1 && peer->features == 0);
        }
        SIM_CHECK(&sim, !has_newer);
        SIM_CHECK(&sim, fab_flow_peer_wish(sim.ends[0].flow)->source_port == 0);
        SIM_CHECK(&sim, fab_flow_peer_wish(sim.ends[1].flow)->source_port == 50123);
        SIM_CHECK(&sim, fab_flow_peer_wish(sim.ends[1].flow)->source_port_second == 50999);
        sim_fini(&sim);
    }
}

/* A late record, and one that a later value replaces, go whole to a peer that knows no others. */
static void
test_nothing_is_left_out_for_who_does_not_know_it(void **state)
{
    const struct sim_class latest = { .flags = FAB_MSG_IS_LATEST, .stream = 3, .tag = 7 };
    struct sim sim;

    (void)state;
    add_pair(&sim, 1);
    sim_start(&sim, 0);
    sim_start(&sim, 1);
    sim_run_until(&sim, sim.now_ns + 20 * SIM_MS);
    SIM_CHECK(&sim, sim_pair_is_up(&sim, 0));
    for (int i = 0; i < 10; i++)
        SIM_CHECK(&sim, sim_send_class(&sim, 0, &latest));
    sim_poke(&sim, 0);
    SIM_CHECK(&sim, sim_run_pair(&sim, 0, sim.now_ns + SIM_S));
    SIM_CHECK(&sim, sim.ends[1].got_total == 10);
    SIM_CHECK(&sim, fab_flow_counters(sim.ends[0].flow)->messages_superseded == 0);
    sim_fini(&sim);
}

static void
test_security_and_the_version_before_refuse_each_other(void **state)
{
    struct sim sim;

    (void)state;
    add_pair(&sim, 1);
    sim_secure(&sim, 0, FAB_SECURITY_AUTH, 1);
    sim_start(&sim, 0);
    sim_start(&sim, 1);
    sim_run_until(&sim, sim.now_ns + SIM_S);
    for (uint32_t i = 0; i < 2; i++) {
        SIM_CHECK(&sim, sim.ends[i].up_total == 0);
        SIM_CHECK(&sim, sim.ends[i].obstacles[FAB_FLOW_OBSTACLE_VERSION] > 0);
        SIM_CHECK(&sim, fab_flow_counters(sim.ends[i].flow)->refused_hello > 0);
    }
    sim_fini(&sim);
}

/* As a dissector or a peer that ignores what was agreed would send it. */
static void
test_frames_of_a_version_beyond_ours_are_refused(void **state)
{
    _Alignas(8) uint8_t frame[FAB_FRAME_HEADER_SIZE];
    struct fab_frame_header header = {
        .version = 2,
        .type = FAB_FRAME_DATA,
        .from_node = 1,
        .to_node = 2,
        .size = sizeof(frame),
    };
    struct sim sim;

    (void)state;
    add_pair(&sim, 1);
    sim_start(&sim, 1);
    fab_frame_seal(frame, &header);
    sim_inject(&sim, 1, frame, sizeof(frame));
    SIM_CHECK(&sim, fab_flow_counters(sim.ends[1].flow)->refused_version == 1);
    sim_fini(&sim);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_speak_what_both_know),
        cmocka_unit_test(test_nothing_is_left_out_for_who_does_not_know_it),
        cmocka_unit_test(test_security_and_the_version_before_refuse_each_other),
        cmocka_unit_test(test_frames_of_a_version_beyond_ours_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
