/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How flows begin, and begin again, when frames are lost or come late.
 */
#include "support/cmocka.h"

#include <stdlib.h>

#include "sim/sim.h"

static const struct sim_wire wire = { .delay_ns = 5 * SIM_US, .jitter_ns = 1 * SIM_US };

/* Drops those of the first 16 frames, of both ends together, whose bit is set. */
struct mask {
    uint32_t bits;
    uint32_t seen;
};

static bool
pass_by_mask(void *context, const struct sim_end *from, const uint8_t *frame, size_t size)
{
    struct mask *mask = context;

    (void)from;
    (void)frame;
    (void)size;
    return mask->seen >= 16 || !(mask->bits >> mask->seen++ & 1);
}

/* Every probe of the handshake and of a record may have to back off as often as 16 frames allow. */
#define MASK_LIMIT_NS (16 * 250 * SIM_MS + 16 * 50 * SIM_MS)

static void
run_mask(uint32_t bits, bool is_second_initiator)
{
    struct mask mask = { .bits = bits };
    struct sim sim;
    uint32_t first;

    sim_init(&sim, "lossmask_exhaustive16", bits + 1, &wire);
    sim.filter = pass_by_mask;
    sim.filter_context = &mask;
    first = sim_add_pair(&sim);
    for (uint32_t i = 0; i < 2; i++) {
        sim.ends[i].config.window_frames = 16;
        for (int lane = 0; lane < FAB_LANE_COUNT; lane++) {
            sim.ends[i].config.send_bytes[lane] = 8192;
            sim.ends[i].config.credit_bytes[lane] = 8192;
        }
        sim.ends[i].to_send = 1;
    }
    sim.ends[1].config.is_initiator = is_second_initiator;
    sim_start(&sim, first);
    sim_start(&sim, first + 1);
    SIM_CHECK(&sim, sim_run_pair(&sim, first, sim.now_ns + MASK_LIMIT_NS));
    SIM_CHECK(&sim, sim.ends[0].got_total == 1 && sim.ends[1].got_total == 1);
    SIM_CHECK(&sim, sim_pair_is_up(&sim, first));
    SIM_CHECK(&sim, sim.ends[0].up_total == 1 && sim.ends[1].up_total == 1);
    sim_fini(&sim);
}

static void
test_lossmask_exhaustive16(void **state)
{
    (void)state;
    for (uint32_t bits = 0; bits < 65536; bits++)
        run_mask(bits, bits & 1);
}

static void
test_simultaneous_connect(void **state)
{
    struct sim_wire lossy = { .delay_ns = 5 * SIM_US, .lose = 200000, .duplicate = 200000 };
    uint64_t first_seed = sim_seed_first();

    (void)state;
    for (uint64_t seed = first_seed; seed < first_seed + sim_seed_count(500); seed++) {
        struct sim sim;
        uint32_t first;

        sim_init(&sim, "simultaneous_connect", seed, &lossy);
        first = sim_add_pair(&sim);
        sim.ends[0].to_send = sim.ends[1].to_send = 10;
        sim_start(&sim, first);
        sim_start(&sim, first + 1);
        SIM_CHECK(&sim, sim_run_pair(&sim, first, sim.now_ns + 20 * SIM_S));
        SIM_CHECK(&sim, sim_pair_is_up(&sim, first));
        SIM_CHECK(&sim, sim.ends[0].down_total == 0 && sim.ends[1].down_total == 0);
        sim_fini(&sim);
    }
}

/* What went over the wire to end 1, to be replayed later. */
#define RECORDED_MAX 400U

struct recorder {
    struct {
        uint8_t *bytes;
        size_t size;
    } frames[RECORDED_MAX];
    uint32_t count;
};

static bool
record_frames(void *context, const struct sim_end *from, const uint8_t *frame, size_t size)
{
    struct recorder *recorder = context;

    if (from->index != 0 || recorder->count == RECORDED_MAX)
        return true;
    recorder->frames[recorder->count].bytes = malloc(size);
    memcpy(recorder->frames[recorder->count].bytes, frame, size);
    recorder->frames[recorder->count++].size = size;
    return true;
}

static void
replay_all(struct sim *sim, struct recorder *recorder, uint32_t end)
{
    for (uint32_t i = 0; i < recorder->count; i++)
        sim_inject(sim, end, recorder->frames[i].bytes, recorder->frames[i].size);
}

static void
forget_all(struct recorder *recorder)
{
    for (uint32_t i = 0; i < recorder->count; i++)
        free(recorder->frames[i].bytes);
    recorder->count = 0;
}

/* The peer dies without a word and is back at once; everything that it said in its first life is
 * heard again, before and after its second life begins. */
static void
test_stale_incarnation(void **state)
{
    uint64_t first_seed = sim_seed_first();

    (void)state;
    for (uint64_t seed = first_seed; seed < first_seed + sim_seed_count(50); seed++) {
        struct recorder recorder = { .count = 0 };
        struct sim sim;
        uint64_t got_before;

        sim_init(&sim, "stale_incarnation", seed, &wire);
        sim_add_pair(&sim);
        sim.filter = record_frames;
        sim.filter_context = &recorder;
        sim.ends[0].to_send = sim.ends[1].to_send = 500;
        sim_start(&sim, 0);
        sim_start(&sim, 1);
        SIM_CHECK(&sim, sim_run_pair(&sim, 0, sim.now_ns + SIM_S));
        sim_run_until(&sim, sim.now_ns + SIM_MS);
        sim.filter = NULL;
        got_before = sim.ends[1].got_total;
        sim_crash(&sim, 0);
        replay_all(&sim, &recorder, 1);
        sim_run_until(&sim, sim.now_ns + seed * SIM_US);
        sim_start(&sim, 0);
        replay_all(&sim, &recorder, 1);
        sim_run_until(&sim, sim.now_ns + 6 * SIM_MS);
        SIM_CHECK(&sim, sim_pair_is_up(&sim, 0));
        SIM_CHECK(&sim, sim.ends[1].down_reason == FAB_FLOW_REASON_RESTARTED ||
                            sim.ends[1].down_reason == FAB_FLOW_REASON_RESET);
        replay_all(&sim, &recorder, 1);
        sim_run_until(&sim, sim.now_ns + 10 * SIM_MS);
        SIM_CHECK(&sim, sim_pair_is_up(&sim, 0));
        SIM_CHECK(&sim, sim.ends[1].got_total == got_before);
        SIM_CHECK(&sim, sim.ends[1].down_total == 1 && sim.ends[0].down_total == 0);
        sim.ends[0].to_send = 100;
        sim_poke(&sim, 0);
        SIM_CHECK(&sim, sim_run_pair(&sim, 0, sim.now_ns + SIM_S));
        SIM_CHECK(&sim, sim.ends[1].got_total == got_before + 100);
        forget_all(&recorder);
        sim_fini(&sim);
    }
}

static uint64_t
hellos_of(const struct sim *sim)
{
    return fab_flow_counters(sim->ends[0].flow)->hellos_sent +
           fab_flow_counters(sim->ends[1].flow)->hellos_sent;
}

/* A hello of an epoch that is over is answered, because who says it may mean it. The answer is one
 * to what its receiver offers no more, and must not begin a talk in which each offers something new
 * to the other for ever. */
static void
test_an_old_hello_begins_no_endless_talk(void **state)
{
    struct recorder recorder = { .count = 0 };
    struct sim sim;
    uint64_t before;

    (void)state;
    sim_init(&sim, "old_hello", 1, &wire);
    sim_add_pair(&sim);
    sim.filter = record_frames;
    sim.filter_context = &recorder;
    sim_start(&sim, 0);
    sim_start(&sim, 1);
    sim_run_until(&sim, sim.now_ns + 10 * SIM_MS);
    sim.filter = NULL;
    sim.ends[0].is_cut = sim.ends[1].is_cut = true;
    sim_run_until(&sim, sim.now_ns + 2 * SIM_S);
    sim.ends[0].is_cut = sim.ends[1].is_cut = false;
    sim_run_until(&sim, sim.now_ns + 2 * SIM_S);
    SIM_CHECK(&sim, sim_pair_is_up(&sim, 0));
    SIM_CHECK(&sim, sim.ends[0].up_total == 2);
    SIM_CHECK(&sim, recorder.frames[0].bytes[1] == FAB_FRAME_HELLO);
    sim_inject(&sim, 1, recorder.frames[0].bytes, recorder.frames[0].size);
    sim_run_until(&sim, sim.now_ns + 2 * SIM_S);
    before = hellos_of(&sim);
    sim_run_until(&sim, sim.now_ns + SIM_S);
    SIM_CHECK(&sim, hellos_of(&sim) == before);
    SIM_CHECK(&sim, sim.ends[0].up_total == 2 && sim.ends[1].up_total == 2);
    forget_all(&recorder);
    sim_fini(&sim);
}

/* "At once": the living side knows the new epoch one and a half round trips after the first hello.
 */
static void
test_restarted_peer_is_taken_within_a_round_trip_of_its_first_frame(void **state)
{
    struct sim_wire steady = { .delay_ns = 50 * SIM_US };
    struct sim sim;
    uint64_t begun_ns;

    (void)state;
    sim_init(&sim, "restart", 1, &steady);
    sim_add_pair(&sim);
    sim_start(&sim, 0);
    sim_start(&sim, 1);
    sim_run_until(&sim, sim.now_ns + 5 * SIM_MS);
    sim_crash(&sim, 0);
    begun_ns = sim.now_ns;
    sim_start(&sim, 0);
    sim_run_until(&sim, sim.now_ns + SIM_MS);
    assert_true(sim.ends[0].up_ns - begun_ns <= 2 * steady.delay_ns);
    assert_true(sim.ends[1].up_ns - begun_ns <= 3 * steady.delay_ns);
    sim_fini(&sim);
}

static void
test_leave_is_told_and_flow_comes_back(void **state)
{
    struct sim sim;

    (void)state;
    sim_init(&sim, "leave", 1, &wire);
    sim_add_pair(&sim);
    sim_start(&sim, 0);
    sim_start(&sim, 1);
    sim_run_until(&sim, sim.now_ns + SIM_MS);
    fab_flow_close(sim.ends[0].flow, sim.now_ns);
    sim_poke(&sim, 0);
    sim_run_until(&sim, sim.now_ns + SIM_MS);
    assert_int_equal(sim.ends[0].down_reason, FAB_FLOW_REASON_CLOSED);
    assert_int_equal(sim.ends[1].down_reason, FAB_FLOW_REASON_LEFT);
    sim_start(&sim, 0);
    sim_run_until(&sim, sim.now_ns + 10 * SIM_MS);
    assert_true(sim_pair_is_up(&sim, 0));
    sim_fini(&sim);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lossmask_exhaustive16),
        cmocka_unit_test(test_simultaneous_connect),
        cmocka_unit_test(test_stale_incarnation),
        cmocka_unit_test(test_an_old_hello_begins_no_endless_talk),
        cmocka_unit_test(test_restarted_peer_is_taken_within_a_round_trip_of_its_first_frame),
        cmocka_unit_test(test_leave_is_told_and_flow_comes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
