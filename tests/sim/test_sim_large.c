/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Large bodies among small records, over wires that lose, duplicate and reorder: each arrives whole
 * and in its place, and every buffer goes back, whatever ends first.
 */
#include "support/cmocka.h"

#include "sim/sim.h"
#include "sim/sim_parts.h"

#define MIB (1024U * 1024U)

struct plan {
    uint32_t records;
    uint32_t large;      /* per million */
    uint32_t large_size; /* bytes at most */
    uint64_t heap;       /* bytes */
    uint16_t frame_max;
};

static void
prepare(struct sim *sim, uint32_t first, const struct plan *plan)
{
    for (uint32_t i = first; i < first + 2; i++) {
        struct sim_end *end = &sim->ends[i];

        end->config.large_max = FAB_MSG_SIZE_MAX;
        end->config.frame_max = plan->frame_max ? plan->frame_max : 1472;
        end->to_send = plan->records;
        end->large = plan->large;
        end->large_size = plan->large_size;
        end->heap_left = plan->heap;
    }
}

/* Both ways at once; returns the virtual time that it took. */
static uint64_t
exchange(const char *name, uint64_t seed, const struct sim_wire *wire, const struct plan *plan)
{
    struct sim sim;
    uint32_t first;
    uint64_t took_ns;

    sim_init(&sim, name, seed, wire);
    first = sim_add_pair(&sim);
    prepare(&sim, first, plan);
    sim_start(&sim, first);
    sim_start(&sim, first + 1);
    SIM_CHECK(&sim, sim_run_pair(&sim, first, sim.now_ns + 60 * SIM_S));
    for (uint32_t i = first; i < first + 2; i++) {
        const struct sim_end *end = &sim.ends[i];

        SIM_CHECK(&sim, end->got_total == plan->records);
        SIM_CHECK(&sim, end->large_got == sim.ends[end->peer].large_sent);
        SIM_CHECK(&sim, end->large_got > 0 || plan->large == 0);
        SIM_CHECK(&sim, end->down_total == 0 && end->in_doubt_total == 0);
        SIM_CHECK(&sim, !sim_has_bodies(end) && end->heap_left == plan->heap);
        SIM_CHECK(&sim, end->flow->granter->outstanding == 0);
    }
    took_ns = sim.now_ns - SIM_S;
    sim_fini(&sim);
    return took_ns;
}

static void
over_seeds(const char *name, const struct sim_wire *wire, const struct plan *plan, uint64_t count)
{
    uint64_t first = sim_seed_first();

    for (uint64_t seed = first; seed < first + sim_seed_count(count); seed++)
        exchange(name, seed, wire, plan);
}

static const struct plan mixed = {
    .records = 300, .large = 150000, .large_size = 100000, .heap = 4 * MIB
};

static void
test_large_and_small_arrive_whole_and_in_order(void **state)
{
    (void)state;
    over_seeds("large_clean", &(struct sim_wire){ .delay_ns = 5 * SIM_US, .byte_ps = 800 }, &mixed,
               10);
}

static void
test_loss_duplication_and_reordering_change_nothing(void **state)
{
    (void)state;
    over_seeds("large_one_percent",
               &(struct sim_wire){ .lose = 10000,
                                   .duplicate = 10000,
                                   .delay_ns = 5 * SIM_US,
                                   .jitter_ns = 5 * SIM_US,
                                   .byte_ps = 800 },
               &mixed, 20);
    over_seeds(
        "large_thirty_percent",
        &(struct sim_wire){
            .lose = 300000, .duplicate = 100000, .delay_ns = 5 * SIM_US, .jitter_ns = 20 * SIM_US },
        &mixed, 10);
}

static void
test_sixteen_mebibytes_pass_at_every_frame_size(void **state)
{
    static const uint16_t frames[] = { 1232, 1472, 8972 };

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        const struct plan plan = { .records = 3,
                                   .large = 1000000,
                                   .large_size = FAB_MSG_SIZE_MAX - FAB_MSG_SMALL_MAX - 1,
                                   .heap = 64ULL * MIB,
                                   .frame_max = frames[i] };

        exchange("large_16", i + 1,
                 &(struct sim_wire){ .lose = 1000, .delay_ns = 5 * SIM_US, .byte_ps = 80 }, &plan);
    }
}

static void
test_a_heap_for_one_body_at_a_time_lets_all_through(void **state)
{
    const struct plan plan = {
        .records = 60, .large = 500000, .large_size = 60000, .heap = FAB_MSG_SMALL_MAX + 1 + 60000
    };

    (void)state;
    over_seeds("large_narrow", &(struct sim_wire){ .lose = 10000, .delay_ns = 5 * SIM_US }, &plan,
               10);
}

static void
test_the_nth_request_for_memory_fails_and_nothing_is_lost(void **state)
{
    (void)state;
    for (uint64_t n = 1; n <= 40; n++) {
        struct sim sim;
        uint32_t first;

        sim_init(&sim, "large_nth", n,
                 &(struct sim_wire){ .lose = 5000, .delay_ns = 5 * SIM_US, .byte_ps = 800 });
        first = sim_add_pair(&sim);
        prepare(
            &sim, first,
            &(struct plan){ .records = 60, .large = 400000, .large_size = 40000, .heap = 4 * MIB });
        sim.ends[first].heap_fails = n;
        sim.ends[first + 1].heap_fails = n;
        sim_start(&sim, first);
        sim_start(&sim, first + 1);
        SIM_CHECK(&sim, sim_run_pair(&sim, first, sim.now_ns + 60 * SIM_S));
        SIM_CHECK(&sim, sim.ends[first].got_total == 60 && sim.ends[first + 1].got_total == 60);
        SIM_CHECK(&sim, !sim_has_bodies(&sim.ends[first]) && !sim_has_bodies(&sim.ends[first + 1]));
        sim_fini(&sim);
    }
}

/* The sender dies somewhere within a body; later it is there again. */
static void
test_a_sender_that_dies_half_way_leaves_nothing_behind(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= sim_seed_count(40); seed++) {
        struct sim sim;
        uint32_t first;

        sim_init(&sim, "large_death", seed,
                 &(struct sim_wire){ .lose = 5000, .delay_ns = 5 * SIM_US, .byte_ps = 800 });
        first = sim_add_pair(&sim);
        prepare(&sim, first,
                &(struct plan){
                    .records = 1000, .large = 300000, .large_size = 200000, .heap = 4 * MIB });
        sim_start(&sim, first);
        sim_start(&sim, first + 1);
        sim_run_until(&sim, sim.now_ns + 100 * SIM_US + seed * 37 * SIM_US);
        sim_crash(&sim, first);
        sim_run_until(&sim, sim.now_ns + 2 * SIM_S);
        SIM_CHECK(&sim, sim.ends[first + 1].down_total == 1);
        SIM_CHECK(&sim, !sim_has_bodies(&sim.ends[first + 1]));
        SIM_CHECK(&sim, sim.ends[first + 1].heap_left == 4 * MIB);
        sim.ends[first].to_send = sim.ends[first + 1].to_send = 50;
        sim_start(&sim, first);
        SIM_CHECK(&sim, sim_run_pair(&sim, first, sim.now_ns + 60 * SIM_S));
        SIM_CHECK(&sim, !sim_has_bodies(&sim.ends[first + 1]));
        sim_fini(&sim);
    }
}

/* Either way, or both, for shorter or longer than it takes to be down. */
static void
cut_for_a_while(struct sim *sim, uint32_t first)
{
    uint32_t ways = 1 + (uint32_t)fab_prng_below(&sim->prng, 3);

    sim->ends[first].is_cut = ways & 1U;
    sim->ends[first + 1].is_cut = ways >> 1;
    sim_run_until(sim, sim->now_ns + fab_prng_below(&sim->prng, 1500) * SIM_MS);
    sim->ends[first].is_cut = sim->ends[first + 1].is_cut = false;
    sim_run_until(sim, sim->now_ns + fab_prng_below(&sim->prng, 400) * SIM_MS);
}

/* Both ends must be done with all that they were given, and a round of bodies must still pass. */
static void
check_after_breaks(struct sim *sim, uint32_t first, uint64_t heap)
{
    uint64_t got[2];

    SIM_CHECK(sim, sim_run_pair(sim, first, sim->now_ns + 60 * SIM_S));
    for (uint32_t i = 0; i < 2; i++) {
        SIM_CHECK(sim, !sim_has_bodies(&sim->ends[first + i]));
        SIM_CHECK(sim, sim->ends[first + i].heap_left == heap);
        SIM_CHECK(sim, sim->ends[first + i].flow->granter->outstanding == 0);
        got[i] = sim->ends[first + i].large_got;
        sim->ends[first + i].large_all = 50000;
        sim->ends[first + i].to_send = 20;
        sim_poke(sim, first + i);
    }
    SIM_CHECK(sim, sim_run_pair(sim, first, sim->now_ns + 60 * SIM_S));
    for (uint32_t i = 0; i < 2; i++)
        SIM_CHECK(sim, sim->ends[first + i].large_got == got[i] + 20);
}

/* Epochs break under bodies, each side noticing by itself or by the other, and come back. What was
 * sent in one that broke arrived or is in doubt (sim_records.c looks at both ends of each). */
static void
test_epochs_that_break_end_every_body(void **state)
{
    uint64_t breaks = 0;

    (void)state;
    for (uint64_t seed = sim_seed_first(); seed < sim_seed_first() + sim_seed_count(20); seed++) {
        struct sim sim;
        uint32_t first;

        sim_init(&sim, "large_breaks", seed,
                 &(struct sim_wire){ .lose = 10000,
                                     .duplicate = 10000,
                                     .delay_ns = 5 * SIM_US,
                                     .jitter_ns = 5 * SIM_US,
                                     .byte_ps = 800 });
        first = sim_add_pair(&sim);
        prepare(
            &sim, first,
            &(struct plan){ .records = 5000, .large = 200000, .large_size = 100000, .heap = MIB });
        for (uint32_t i = 0; i < 2; i++) {
            sim.ends[first + i].refuse = seed % 2 ? 100000 : 0;
            sim_start(&sim, first + i);
        }
        sim_run_until(&sim, sim.now_ns + 5 * SIM_MS);
        for (unsigned i = 0; i < 5; i++) {
            sim.ends[first].to_send = sim.ends[first + 1].to_send = 5000;
            sim_poke(&sim, first);
            sim_poke(&sim, first + 1);
            cut_for_a_while(&sim, first);
        }
        breaks += sim.ends[first].down_total;
        sim.ends[first].to_send = sim.ends[first + 1].to_send = 10;
        check_after_breaks(&sim, first, MIB);
        sim_fini(&sim);
    }
    assert_true(breaks > 0);
}

#define INCAST       100U
#define INCAST_BYTES 65536U
#define FRAME_BYTES  1514U /* on the wire with an MTU of 1500, of which a raw one carries 1472 */
#define RAW_PAYLOAD  1472U
#define BYTE_PS      800U  /* 10 Gbit/s */
#define RING_FRAMES  1024U /* descriptors of the receiving port */

/* A hundred senders, one receiving port: their wires meet in one that holds as many frames as the
 * port has descriptors. */
static void
start_incast(struct sim *sim, struct fab_granter *granter)
{
    const struct sim_wire wire = {
        .delay_ns = 10 * SIM_US,
        .byte_ps = BYTE_PS,
        .queue_ns = (uint64_t)RING_FRAMES * FRAME_BYTES * BYTE_PS / 1000,
    };

    sim_init(sim, "large_incast", 1, &wire);
    sim->is_quiet = true;
    fab_granter_init(granter, FAB_GRANT_BUDGET_DEFAULT);
    for (uint32_t i = 0; i < INCAST; i++) {
        uint32_t first = sim_add_pair(sim);

        prepare(sim, first, &(struct plan){ .heap = 4 * MIB });
        sim->ends[first].large_all = INCAST_BYTES;
        sim->ends[first].wire = 0;
        sim->ends[first + 1].config.granter = granter;
        sim_start(sim, first);
        sim_start(sim, first + 1);
    }
    sim_run_until(sim, sim->now_ns + 5 * SIM_MS);
}

static void
test_a_hundred_senders_at_once_share_the_port_and_overrun_nothing(void **state)
{
    struct fab_granter granter;
    double sum = 0, squares = 0, share;
    uint64_t start_ns, last_ns = 0;
    struct sim sim;

    (void)state;
    start_incast(&sim, &granter);
    start_ns = sim.now_ns;
    for (uint32_t i = 0; i < INCAST; i++) {
        sim.ends[2 * i].to_send = 1;
        sim_poke(&sim, 2 * i);
    }
    sim_run_until(&sim, start_ns + 100 * SIM_MS);
    for (uint32_t i = 0; i < INCAST; i++) {
        const struct sim_end *end = &sim.ends[2 * i + 1];
        double rate = 1.0 / (double)(end->got_ns - start_ns);

        SIM_CHECK(&sim, end->large_got == 1);
        sum += rate;
        squares += rate * rate;
        last_ns = end->got_ns > last_ns ? end->got_ns : last_ns;
    }
    share = (double)INCAST * INCAST_BYTES / RAW_PAYLOAD * FRAME_BYTES * BYTE_PS / 1000 /
            (double)(last_ns - start_ns);
    print_message("goodput %.3f of raw frames, Jain %.3f\n", share, sum * sum / INCAST / squares);
    assert_int_equal(sim.ends[0].dropped, 0);
    assert_true(share >= 0.9);
    assert_true(sum * sum / INCAST / squares >= 0.9);
    assert_true(granter.outstanding == 0);
    sim_fini(&sim);
}

/* Records that fill all of the window, always, and one record in a thousand with a body. */
static void
test_records_without_end_do_not_keep_bodies_from_getting_on(void **state)
{
    const struct sim_wire wire = { .delay_ns = 50 * SIM_US, .byte_ps = 800 };
    struct sim sim;

    (void)state;
    sim_init(&sim, "bodies_beside_records", 1, &wire);
    sim_add_pair(&sim);
    for (uint32_t i = 0; i < 2; i++) {
        struct sim_end *end = &sim.ends[i];

        for (int lane = 0; lane < FAB_LANE_COUNT; lane++)
            end->config.send_bytes[lane] = end->config.credit_bytes[lane] = 1U << 20;
        end->config.large_max = FAB_MSG_SIZE_MAX;
        end->config.has_no_congestion = true;
        end->config.window_frames = 64;
        end->heap_left = 4ULL * MIB;
        end->burst = 1000;
        end->body_max = 1300;
        end->large_size = 20000;
        sim_start(&sim, i);
    }
    sim.ends[0].large = 1000;
    sim.ends[0].to_send = 1U << 20;
    sim_run_until(&sim, sim.now_ns + 100 * SIM_MS);
    print_message("%u of %u bodies came, %u of %u records\n", (unsigned)sim.ends[1].large_got,
                  (unsigned)sim.ends[0].large_sent, (unsigned)sim.ends[1].got_total,
                  (unsigned)sim.ends[0].sent_total);
    SIM_CHECK(&sim, sim.ends[0].to_send > 0);
    SIM_CHECK(&sim, sim.ends[1].large_got > 10);
    SIM_CHECK(&sim, sim.ends[1].large_got + FAB_LARGE_SLOTS >= sim.ends[0].large_sent);
    sim_fini(&sim);
}

static void
test_the_same_seed_takes_the_same_time(void **state)
{
    const struct sim_wire wire = {
        .lose = 50000, .delay_ns = 5 * SIM_US, .jitter_ns = 9 * SIM_US, .byte_ps = 800
    };

    (void)state;
    for (uint64_t seed = 1; seed < 5; seed++)
        assert_true(exchange("large_replay", seed, &wire, &mixed) ==
                    exchange("large_replay", seed, &wire, &mixed));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_large_and_small_arrive_whole_and_in_order),
        cmocka_unit_test(test_loss_duplication_and_reordering_change_nothing),
        cmocka_unit_test(test_sixteen_mebibytes_pass_at_every_frame_size),
        cmocka_unit_test(test_a_heap_for_one_body_at_a_time_lets_all_through),
        cmocka_unit_test(test_the_nth_request_for_memory_fails_and_nothing_is_lost),
        cmocka_unit_test(test_a_sender_that_dies_half_way_leaves_nothing_behind),
        cmocka_unit_test(test_epochs_that_break_end_every_body),
        cmocka_unit_test(test_a_hundred_senders_at_once_share_the_port_and_overrun_nothing),
        cmocka_unit_test(test_records_without_end_do_not_keep_bodies_from_getting_on),
        cmocka_unit_test(test_the_same_seed_takes_the_same_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
