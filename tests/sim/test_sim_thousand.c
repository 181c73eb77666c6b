/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A thousand nodes: one hub and 999 others, each with a flow to it; and a ring of a thousand.
 *
 * Incast, nodes that come and go, how long a death goes unnoticed and whether anybody alive is
 * taken for dead, and what all carry together. Time is virtual, so every figure is the same in
 * each run; `./test_sim_thousand` prints those of benchmarks/README.md.
 */
#include "support/cmocka.h"

#include <stdlib.h>

#include "proto/flow_store.h"
#include "sim/sim.h"

#define NODES            1000U
#define OTHERS           (NODES - 1U)
#define WIRE_PS_PER_BYTE 800U /* 10 Gbit/s */
#define BODY_MAX         1300U
#define WINDOW_BYTES     32768U
#define DEATHS           3U
#define BODIES_PER_64K   (65536U / (BODY_MAX / 2U + 16U))

static const struct sim_wire ten_gigabit = { .delay_ns = 10 * SIM_US,
                                             .byte_ps = WIRE_PS_PER_BYTE,
                                             .queue_ns = 8000 * SIM_US }; /* 10 MB */

/* Odd ends are the hub's, or the ring's receivers, and share a store; even ends are the others'. */
struct nodes {
    struct sim sim;
    void *memory[2];
};

/* What a flow of a node with no other has, for each of many. */
static struct fab_flow_store_config
share_of_one(const struct fab_flow_config *config, uint32_t pairs)
{
    struct fab_flow_config alone = *config;
    struct fab_flow_store_config store = fab_flow_share(&alone, 1);

    store.page_count *= pairs;
    store.cell_count *= pairs;
    return store;
}

static void
nodes_start(struct nodes *nodes, const char *name, const struct sim_wire *wire, uint32_t pairs,
            bool has_hub)
{
    sim_init(&nodes->sim, name, 1, wire);
    nodes->sim.is_quiet = true;
    for (uint32_t i = 0; i < pairs; i++) {
        uint32_t first = sim_add_pair(&nodes->sim);

        for (uint32_t j = first; j < first + 2; j++) {
            struct fab_flow_config *config = &nodes->sim.ends[j].config;

            for (int lane = 0; lane < FAB_LANE_COUNT; lane++)
                config->send_bytes[lane] = config->credit_bytes[lane] = WINDOW_BYTES;
            config->window_frames = 64;
        }
    }
    for (uint32_t side = 0; side < 2; side++) {
        struct fab_flow_config shared = nodes->sim.ends[side].config;
        struct fab_flow_store_config store =
            has_hub ? fab_flow_share(&shared, pairs) : share_of_one(&shared, pairs);

        nodes->memory[side] = aligned_alloc(64, fab_flow_store_size(&store));
        shared.store = fab_flow_store_init(nodes->memory[side], &store);
        for (uint32_t i = side; i < 2 * pairs; i += 2) {
            struct fab_flow_config *config = &nodes->sim.ends[i].config;

            memcpy(config->credit_least, shared.credit_least, sizeof(config->credit_least));
            config->store = shared.store;
            config->timers.keepalive_ns = 100 * SIM_MS; /* 100 us for each peer, as a port has it */
            config->timers.suspect_ns = 400 * SIM_MS;
            config->timers.down_ns = 800 * SIM_MS;
            nodes->sim.ends[i].body_max = BODY_MAX;
            nodes->sim.ends[i].burst = 64;
        }
    }
    for (uint32_t i = 0; i < 2 * pairs; i++)
        sim_start(&nodes->sim, i);
    sim_run_until(&nodes->sim, nodes->sim.now_ns + 50 * SIM_MS);
    for (uint32_t i = 0; i < pairs; i++)
        SIM_CHECK(&nodes->sim, sim_pair_is_up(&nodes->sim, 2 * i));
}

static void
nodes_stop(struct nodes *nodes)
{
    sim_fini(&nodes->sim);
    free(nodes->memory[0]);
    free(nodes->memory[1]);
}

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

/* Everybody sends 64 KB to the hub at once, over the hub's one wire. */
static void
test_incast_of_999_nodes(void **state)
{
    static struct nodes nodes;
    static double rates[OTHERS];
    uint64_t start_ns, end_ns = 0, bytes = 0, dropped = 0;
    double share;

    (void)state;
    nodes_start(&nodes, "incast_999", &ten_gigabit, OTHERS, true);
    for (uint32_t i = 0; i < OTHERS; i++)
        nodes.sim.ends[2 * i].wire = 0;
    start_ns = nodes.sim.now_ns;
    for (uint32_t i = 0; i < OTHERS; i++) {
        nodes.sim.ends[2 * i].to_send = BODIES_PER_64K;
        sim_poke(&nodes.sim, 2 * i);
    }
    for (uint32_t i = 0; i < OTHERS; i++)
        SIM_CHECK(&nodes.sim, sim_run_pair(&nodes.sim, 2 * i, start_ns + 10 * SIM_S));
    for (uint32_t i = 0; i < OTHERS; i++) {
        const struct sim_end *to = &nodes.sim.ends[2 * i + 1];

        assert_true(to->got_total == BODIES_PER_64K && to->down_total == 0);
        rates[i] = (double)to->got_bytes / (double)(to->got_ns - start_ns);
        bytes += to->got_bytes;
        dropped += nodes.sim.ends[2 * i].dropped;
        end_ns = to->got_ns > end_ns ? to->got_ns : end_ns;
    }
    share = (double)bytes * WIRE_PS_PER_BYTE / 1000 / (double)(end_ns - start_ns);
    print_message(
        "incast of 999 x 64 KB: %.1f ms, %.3f of the wire, Jain %.3f, %u frames dropped\n",
        (double)(end_ns - start_ns) / SIM_MS, share, jain_index(rates, OTHERS), (unsigned)dropped);
    assert_true(share >= 0.7);
    assert_true(jain_index(rates, OTHERS) >= 0.7);
    nodes_stop(&nodes);
}

/* What the hub saw of deaths. */
struct deaths {
    uint64_t count;
    uint64_t sum_ns;
    uint64_t longest_ns;
    uint64_t back_longest_ns; /* until one that came back was up again */
};

/* A node dies, and comes back a second later. */
static void
let_one_go(struct nodes *nodes, uint32_t pair, struct deaths *deaths)
{
    struct sim *sim = &nodes->sim;
    const struct sim_end *hub = &sim->ends[2 * pair + 1];
    uint64_t before = hub->down_total, died_ns = sim->now_ns, took_ns;

    sim_crash(sim, 2 * pair);
    sim_run_until(sim, died_ns + SIM_S);
    assert_true(hub->down_total == before + 1);
    took_ns = hub->down_ns - died_ns;
    deaths->count++;
    deaths->sum_ns += took_ns;
    deaths->longest_ns = took_ns > deaths->longest_ns ? took_ns : deaths->longest_ns;
    died_ns = sim->now_ns;
    sim_start(sim, 2 * pair);
    sim_run_until(sim, died_ns + 300 * SIM_MS);
    SIM_CHECK(sim, sim_pair_is_up(sim, 2 * pair));
    took_ns = hub->up_ns - died_ns;
    deaths->back_longest_ns = took_ns > deaths->back_longest_ns ? took_ns : deaths->back_longest_ns;
}

static void
test_churn_among_1000_nodes(void **state)
{
    static const struct sim_wire lossy = { .lose = 10000,
                                           .delay_ns = 10 * SIM_US,
                                           .jitter_ns = 40 * SIM_US };
    static struct nodes nodes;
    struct deaths deaths = { 0 };
    uint64_t downs = 0, suspects = 0;

    (void)state;
    nodes_start(&nodes, "churn_1000", &lossy, OTHERS, true);
    for (uint32_t i = 0; i < DEATHS; i++)
        let_one_go(&nodes, 7 + 97 * i, &deaths);
    for (uint32_t i = 0; i < OTHERS; i++) {
        downs += nodes.sim.ends[2 * i + 1].down_total;
        suspects += nodes.sim.ends[2 * i + 1].suspect_total;
    }
    print_message(
        "churn at 1 %% loss: %u deaths seen after %.0f ms (mean), %.0f ms (longest), back "
        "within %.0f ms; %u living taken for dead, %u suspected in %u s\n",
        (unsigned)deaths.count, (double)deaths.sum_ns / (double)deaths.count / SIM_MS,
        (double)deaths.longest_ns / SIM_MS, (double)deaths.back_longest_ns / SIM_MS,
        (unsigned)(downs - deaths.count), (unsigned)(suspects - deaths.count), DEATHS * 13 / 10);
    assert_true(downs == deaths.count); /* nobody else */
    assert_true(deaths.longest_ns <= 800 * SIM_MS + 200 * SIM_US);
    nodes_stop(&nodes);
}

/* Each node sends to the next one, over a wire of its own. */
static void
test_goodput_of_1000_nodes_in_a_ring(void **state)
{
    static struct nodes nodes;
    uint64_t start_ns, before = 0, bytes = 0;
    double share;

    (void)state;
    nodes_start(&nodes, "ring_1000", &ten_gigabit, NODES, false);
    for (uint32_t i = 0; i < NODES; i++) {
        nodes.sim.ends[2 * i].to_send = UINT64_MAX / 2;
        sim_poke(&nodes.sim, 2 * i);
    }
    sim_run_until(&nodes.sim, nodes.sim.now_ns + SIM_MS / 2);
    for (uint32_t i = 0; i < NODES; i++)
        before += nodes.sim.ends[2 * i + 1].got_bytes;
    start_ns = nodes.sim.now_ns;
    sim_run_until(&nodes.sim, start_ns + SIM_MS / 2);
    for (uint32_t i = 0; i < NODES; i++)
        bytes += nodes.sim.ends[2 * i + 1].got_bytes;
    share = (double)(bytes - before) * WIRE_PS_PER_BYTE / 1000 / NODES / (SIM_MS / 2);
    print_message("ring of 1 000 nodes: %.0f Gbit/s of bodies, %.3f of all wires\n",
                  share * NODES * 10, share);
    assert_true(share >= 0.8);
    nodes_stop(&nodes);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_incast_of_999_nodes),
        cmocka_unit_test(test_churn_among_1000_nodes),
        cmocka_unit_test(test_goodput_of_1000_nodes_in_a_ring),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
