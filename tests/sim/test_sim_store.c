/* SPDX-License-Identifier: BSD-3-Clause */
/* Many flows on one store: what an idle one costs, and that a store with too little is only slow.
 */
#include "sim/sim.h"
#include "support/cmocka.h"

#include <stdlib.h>

#include "proto/flow_store.h"

#define PAIRS         64U
#define MANY          10000U
#define IDLE_SIZE_MAX (20U * 1024U) /* bytes of a flow among ten thousand, all in all */

static const struct sim_wire loss_and_jitter = {
    .lose = 20000,
    .delay_ns = 20 * SIM_US,
    .jitter_ns = 60 * SIM_US,
};

/* All that sends, and all that receives, on two lcores. */
struct lcores {
    void *memory[2];
    struct fab_flow_store *stores[2];
};

/* Adds pairs; `fit` makes the stores smaller than they should be. */
static void
lcores_start(struct lcores *lcores, struct sim *sim, uint32_t pairs,
             void (*fit)(struct fab_flow_store_config *))
{
    for (uint32_t i = 0; i < pairs; i++)
        sim_add_pair(sim);
    for (uint32_t side = 0; side < 2; side++) {
        struct fab_flow_config shared = sim->ends[side].config;
        struct fab_flow_store_config config = fab_flow_share(&shared, pairs);

        if (fit)
            fit(&config);
        lcores->memory[side] = aligned_alloc(64, fab_flow_store_size(&config));
        lcores->stores[side] = fab_flow_store_init(lcores->memory[side], &config);
        for (uint32_t i = 0; i < pairs; i++) {
            struct fab_flow_config *of = &sim->ends[2 * i + side].config;

            memcpy(of->credit_least, shared.credit_least, sizeof(of->credit_least));
            of->store = lcores->stores[side];
        }
    }
    for (uint32_t i = 0; i < 2 * pairs; i++)
        sim_start(sim, i);
    sim_run_until(sim, sim->now_ns + 20 * SIM_MS);
}

/* Everything has come back, but for what the least of credit takes. */
static void
lcores_stop(struct lcores *lcores, struct sim *sim)
{
    for (uint32_t i = 0; i < sim->end_count; i++)
        sim_crash(sim, i);
    for (uint32_t side = 0; side < 2; side++) {
        const struct fab_flow_store *store = lcores->stores[side];

        assert_int_equal(store->pages.free, store->pages.count);
        assert_int_equal(store->shelf.free, store->shelf.count);
        assert_int_equal(store->shelf.promised, 0);
        free(lcores->memory[side]);
    }
    for (uint32_t i = 0; i < sim->end_count; i++)
        sim->ends[i].config.store = NULL;
}

static void
run_all(struct sim *sim, uint64_t records, uint32_t body_max)
{
    uint64_t limit_ns = sim->now_ns + 60 * SIM_S;

    for (uint32_t i = 0; i < sim->end_count; i++) {
        sim->ends[i].to_send = records;
        sim->ends[i].body_max = body_max;
        sim->ends[i].burst = 64;
        sim_poke(sim, i);
    }
    for (uint32_t i = 0; i < sim->end_count; i += 2)
        SIM_CHECK(sim, sim_run_pair(sim, i, limit_ns));
    sim_run_until(sim, sim->now_ns + SIM_MS);
    for (uint32_t i = 0; i < sim->end_count; i++)
        SIM_CHECK(sim, sim->ends[i].got_total == records && sim->ends[i].down_total == 0);
}

/* Memory by terms, as fabric/decisions has it. */
static void
test_ten_thousand_flows_take_little_each(void **state)
{
    struct fab_flow_config config;
    struct fab_flow_store_config store;
    size_t own, shared;

    (void)state;
    fab_flow_config_default(&config);
    config.large_max = FAB_MSG_SIZE_MAX;
    config.window_frames = 512;
    own = fab_flow_size(&config);
    store = fab_flow_share(&config, MANY);
    shared = fab_flow_store_size(&store);
    config.store = &(struct fab_flow_store){ .pages = { .size = store.page_size } };
    print_message("hot %zu B; a flow alone %zu B; among %u: %zu B of its own, %zu B of the store "
                  "(pages %zu MB, shelf %zu MB)\n",
                  FAB_FLOW_HOT_SIZE, own, MANY, fab_flow_size(&config), shared / MANY,
                  (size_t)store.page_count * store.page_size >> 20,
                  fab_shelf_memory_size(store.cell_count) >> 20);
    assert_true(FAB_FLOW_HOT_SIZE <= 512);
    assert_true(fab_flow_size(&config) + shared / MANY <= IDLE_SIZE_MAX);
}

static void
test_flows_that_share_a_store_all_get_on(void **state)
{
    struct lcores lcores;
    struct sim sim;

    (void)state;
    sim_init(&sim, "shared_store", sim_seed_first(), &loss_and_jitter);
    lcores_start(&lcores, &sim, PAIRS, NULL);
    run_all(&sim, 100, 1300);
    sim_run_until(&sim, sim.now_ns + 20 * SIM_MS); /* lost frames are remembered for a while */
    for (uint32_t side = 0; side < 2; side++) {
        assert_int_equal(lcores.stores[side]->pages.free, lcores.stores[side]->pages.count);
        assert_int_equal(lcores.stores[side]->shelf.free, lcores.stores[side]->shelf.count);
    }
    lcores_stop(&lcores, &sim);
    sim_fini(&sim);
}

static void
few_pages(struct fab_flow_store_config *config)
{
    config->page_count = 24; /* for sixty-four flows that each need three at least */
    config->page_reserve = 6;
}

static void
test_a_store_without_pages_is_back_pressure_and_nothing_else(void **state)
{
    uint64_t full = 0;
    struct lcores lcores;
    struct sim sim;

    (void)state;
    sim_init(&sim, "few_pages", sim_seed_first(), &loss_and_jitter);
    lcores_start(&lcores, &sim, PAIRS, few_pages);
    run_all(&sim, 30, 1300);
    for (uint32_t i = 0; i < sim.end_count; i++)
        full += fab_flow_counters(sim.ends[i].flow)->claims_full;
    assert_true(full > 0);
    lcores_stop(&lcores, &sim);
    sim_fini(&sim);
}

/* The promises are real at every step; who needs more gets more, and gives it back in use. */
static void
test_credit_grows_with_use_and_is_never_promised_twice(void **state)
{
    const uint32_t lane = FAB_LANE_USER;
    const struct fab_shelf *shelf;
    uint32_t least, widest = 0;
    struct lcores lcores;
    struct sim sim;

    (void)state;
    sim_init(&sim, "credit_grows", sim_seed_first(), &loss_and_jitter);
    lcores_start(&lcores, &sim, PAIRS, NULL);
    shelf = &lcores.stores[1]->shelf;
    least = sim.ends[1].flow->lanes[lane].credit_in.window;
    for (uint32_t i = 0; i < sim.end_count; i += 2) {
        sim.ends[i].to_send = i < 8 ? 3000 : 0;
        sim.ends[i].body_max = 1300;
        sim.ends[i].burst = 256;
        sim_poke(&sim, i);
    }
    while (sim.ends[0].to_send > 0 && sim_step(&sim, sim.now_ns + SIM_S)) {
        uint32_t window = sim.ends[1].flow->lanes[lane].credit_in.window;

        SIM_CHECK(&sim, shelf->promised <= shelf->count);
        SIM_CHECK(&sim, window >= least);
        widest = window > widest ? window : widest;
    }
    print_message("least %u units, widest %u\n", least, widest);
    assert_true(widest >= 4 * least);
    assert_int_equal(sim.ends[127].flow->lanes[lane].credit_in.window, least); /* idle */
    lcores_stop(&lcores, &sim);
    sim_fini(&sim);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ten_thousand_flows_take_little_each),
        cmocka_unit_test(test_flows_that_share_a_store_all_get_on),
        cmocka_unit_test(test_a_store_without_pages_is_back_pressure_and_nothing_else),
        cmocka_unit_test(test_credit_grows_with_use_and_is_never_promised_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
