/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lcores that are kept from their CPUs, over the whole carrier: ports, queues between lcores,
 * timers and what lcores know together of a peer. In virtual time, over cards in software
 * (soft_card.h).
 */
#include "support/cmocka.h"

#include <string.h>

#include "base/prng.h"
#include "soft_card.h"
#include "support/flow_driver.h"

#define TURN_NS 20000U
#define MS      1000000ULL
#define WAIT_MS 5000U
#define LCORES  2U
#define NODES   2U

#define DOWN_US       200000U
#define STILL_NS_MAX  (80 * MS)
#define HOST_STILL_NS (500 * MS) /* at least */

static struct driver nodes[NODES];
static uint64_t now_ns;

static void
open_node(unsigned which, uint8_t lcores, uint8_t peer_lcores, uint32_t down_after_us)
{
    static const char *const devices[] = { "net_ring_carda", "net_ring_cardb" };
    static const char *const addresses[] = { "10.9.0.1/24", "10.9.0.2/24" };
    static const char *const peers[] = { "10.9.0.2", "10.9.0.1" };
    const struct driver_options options = {
        .device = devices[which],
        .node_id = (uint16_t)(1 + which),
        .incarnation = 0xaaa + which,
        .address = addresses[which],
        .peer_node = (uint16_t)(2 - which),
        .peer_address = peers[which],
        .lcore_count = lcores,
        .peer_lcores = peer_lcores,
        .steering = MYC_STEERING_SOFTWARE,
        .mbuf_count = 2048,
        .down_after_us = down_after_us,
        .poll_gap_us = 1,
    };

    if (driver_open(&nodes[which], &options) != MYC_OK)
        fail_msg("%s", nodes[which].error);
}

/* A turn of every lcore that runs. */
static void
turn(void)
{
    now_ns += TURN_NS;
    driver_set_now(now_ns);
    for (unsigned i = 0; i < NODES; i++)
        (void)driver_turn(&nodes[i]);
    card_carry();
}

static void
run_for(uint64_t ns)
{
    for (uint64_t end_ns = now_ns + ns; now_ns < end_ns;)
        turn();
}

static bool
all_are_up(void)
{
    return driver_up_count(&nodes[0]) == nodes[0].link_count &&
           driver_up_count(&nodes[1]) == nodes[1].link_count;
}

static void
wait_until_all_are_up(void)
{
    for (uint64_t end_ns = now_ns + WAIT_MS * MS; !all_are_up();) {
        turn();
        assert_true(now_ns < end_ns);
    }
}

static void
open_pair(uint8_t lcores_a, uint8_t lcores_b, uint32_t down_after_us)
{
    card_clear();
    now_ns = 1000 * MS;
    driver_set_now(now_ns);
    open_node(0, lcores_a, lcores_b, down_after_us);
    open_node(1, lcores_b, lcores_a, down_after_us);
    wait_until_all_are_up();
}

static void
close_pair(void)
{
    driver_close(&nodes[0]);
    driver_close(&nodes[1]);
    driver_set_now(0);
    card_clear();
}

/* An lcore that stood still while another one found the peer dead, and took it back, hears of the
 * death late. What it knows from others it does not tell them as news: their new flows go on. */
static void
test_a_death_that_an_lcore_hears_of_late_is_not_told_again(void **state)
{
    struct driver_link *prompt = &nodes[0].links[0], *late = &nodes[0].links[1];

    (void)state;
    open_pair(LCORES, 1, 40000);
    nodes[1].is_silent = true;
    nodes[0].is_still[1] = true;
    for (uint64_t end_ns = now_ns + 100 * MS; prompt->downs == 0;) {
        turn();
        assert_true(now_ns < end_ns);
    }
    nodes[1].is_silent = false;
    for (uint64_t end_ns = now_ns + 1000 * MS; !prompt->link->is_up;) {
        turn();
        assert_true(now_ns < end_ns);
    }
    nodes[0].is_still[1] = false;
    run_for(1000 * MS);
    assert_true(all_are_up());
    assert_int_equal(prompt->downs, 1);
    assert_int_equal(late->downs, 1);
    close_pair();
}

/* When each lcore changes next between running and standing still. */
struct beat {
    uint64_t next_ns[NODES][LCORES];
};

static void
beat(struct beat *beat, struct fab_prng *dice, uint64_t still_ns_max)
{
    for (unsigned i = 0; i < NODES; i++)
        for (unsigned j = 0; j < LCORES; j++) {
            bool *is_still = &nodes[i].is_still[j];

            if (now_ns < beat->next_ns[i][j])
                continue;
            *is_still = !*is_still;
            beat->next_ns[i][j] = now_ns + (*is_still ? MS + fab_prng_below(dice, still_ns_max)
                                                      : 50000 + fab_prng_below(dice, 3 * MS));
        }
}

/* The host stands still as a whole; its lcores go on one after the other. */
static void
stand_still(struct beat *beat, struct fab_prng *dice)
{
    for (unsigned i = 0; i < NODES; i++)
        for (unsigned j = 0; j < LCORES; j++) {
            nodes[i].is_still[j] = true;
            beat->next_ns[i][j] = now_ns + HOST_STILL_NS + fab_prng_below(dice, STILL_NS_MAX);
        }
}

static void
give_work(uint64_t messages)
{
    for (unsigned i = 0; i < NODES; i++)
        for (unsigned j = 0; j < nodes[i].link_count; j++)
            nodes[i].links[j].to_send += messages;
}

/* Every lcore of both nodes stands still for most of the time, but never for as long as a peer may
 * be silent, unless all do; there is work for a part of it. */
static void
test_lcores_that_hardly_run_find_nobody_dead(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct beat beats = { 0 };
        struct fab_prng dice;

        fab_prng_init(&dice, seed);
        open_pair(LCORES, LCORES, DOWN_US);
        for (uint64_t end_ns = now_ns + 5000 * MS; now_ns < end_ns;) {
            beat(&beats, &dice, STILL_NS_MAX);
            if (fab_prng_below(&dice, 50000) == 0)
                stand_still(&beats, &dice);
            if (fab_prng_below(&dice, 20000) == 0)
                give_work(fab_prng_below(&dice, 2000));
            turn();
        }
        memset(nodes[0].is_still, 0, sizeof(nodes[0].is_still));
        memset(nodes[1].is_still, 0, sizeof(nodes[1].is_still));
        run_for(2000 * MS);
        for (unsigned i = 0; i < NODES; i++)
            for (unsigned j = 0; j < nodes[i].link_count; j++)
                if (nodes[i].links[j].downs != 0) {
                    driver_print_counters(&nodes[i]);
                    fail_msg("seed %u: link %u of node %u went down", (unsigned)seed, j, i);
                }
        assert_true(driver_is_drained(&nodes[0]) && driver_is_drained(&nodes[1]));
        assert_int_equal(driver_misplaced(&nodes[0]) + driver_misplaced(&nodes[1]), 0);
        assert_true(driver_received(&nodes[0]) > 0);
        close_pair();
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_death_that_an_lcore_hears_of_late_is_not_told_again),
        cmocka_unit_test(test_lcores_that_hardly_run_find_nobody_dead),
    };

    driver_start_eal("flow-still", 256);
    card_make(LCORES);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
