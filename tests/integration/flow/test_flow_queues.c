/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ports with a queue for each lcore: steered by rules, by RSS and the choice of source ports, and
 * by neither; over cards in software (soft_card.h).
 */
#include "support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_byteorder.h>

#include "../embed/port_watch.h"
#include "soft_card.h"
#include "support/flow_driver.h"

#define WAIT_MS  20000U
#define QUEUES   2U
#define RULES    (2U * QUEUES) /* of both nodes */
#define MESSAGES 5000U         /* over each link, each way */
#define ADDRESS  RTE_BE32(0x0a090000U)
#define BASE     21000U

static struct driver a, b;
static unsigned added_before, removed_before;

static struct driver_options
side_options(char side, uint8_t lcores, enum myc_steering steering)
{
    return (struct driver_options){
        .device = side == 'a' ? "net_ring_carda" : "net_ring_cardb",
        .node_id = side == 'a' ? 1 : 2,
        .incarnation = side == 'a' ? 0xaaa : 0xbbb,
        .address = side == 'a' ? "10.9.0.1/24" : "10.9.0.2/24",
        .peer_node = side == 'a' ? 2 : 1,
        .peer_address = side == 'a' ? "10.9.0.2" : "10.9.0.1",
        .lcore_count = lcores,
        .queue_count = lcores,
        .steering = steering,
        .mbuf_count = 2048,
    };
}

static enum myc_status
open_side(struct driver *driver, char side, uint8_t lcores, enum myc_steering steering)
{
    const struct driver_options options = side_options(side, lcores, steering);

    return driver_open(driver, &options);
}

/* Over two ports (A/B): the second ones are the other pair of cards. */
static void
open_twin_side(struct driver *driver, char side)
{
    struct driver_options options = side_options(side, QUEUES, MYC_STEERING_RSS);

    options.device_b = side == 'a' ? "net_ring_cardc" : "net_ring_cardd";
    options.address_b = side == 'a' ? "10.9.1.1/24" : "10.9.1.2/24";
    options.peer_address_b = side == 'a' ? "10.9.1.2" : "10.9.1.1";
    if (driver_open(driver, &options) != MYC_OK)
        fail_msg("%s", driver->error);
}

static void
open_pair(uint8_t lcores, enum myc_steering steering)
{
    card_clear();
    added_before = watch_added();
    removed_before = watch_removed();
    if (open_side(&a, 'a', lcores, steering) != MYC_OK)
        fail_msg("%s", a.error);
    if (open_side(&b, 'b', lcores, steering) != MYC_OK)
        fail_msg("%s", b.error);
}

static void
close_pair(void)
{
    driver_close(&a);
    driver_close(&b);
    card_clear();
}

static bool
are_up(void *context)
{
    unsigned links = *(unsigned *)context;

    card_carry();
    return driver_up_count(&a) == links && driver_up_count(&b) == links;
}

static bool
have_received(void *context)
{
    uint64_t each = *(uint64_t *)context;

    card_carry();
    return driver_received(&a) >= each && driver_received(&b) >= each && driver_is_drained(&a) &&
           driver_is_drained(&b);
}

static void
complain(const char *what)
{
    driver_print_counters(&a);
    driver_print_counters(&b);
    fail_msg("%s", what);
}

/* The links come up, and messages over each of them arrive once and in order, both ways. */
static void
exchange(unsigned links)
{
    uint64_t each = (uint64_t)MESSAGES * links;

    if (!driver_run(&a, &b, are_up, &links, WAIT_MS))
        complain("the flows did not come up");
    for (unsigned i = 0; i < links; i++)
        a.links[i].to_send = b.links[i].to_send = MESSAGES;
    if (!driver_run(&a, &b, have_received, &each, 3 * WAIT_MS))
        complain("messages did not come");
    assert_int_equal(driver_received(&a), each);
    assert_int_equal(driver_received(&b), each);
    assert_int_equal(driver_misplaced(&a) + driver_misplaced(&b), 0);
}

static void
check_steering(enum myc_steering steering, uint16_t queues)
{
    assert_int_equal(fab_port_info(a.port)->steering, steering);
    assert_int_equal(fab_port_info(b.port)->steering, steering);
    assert_int_equal(fab_port_info(a.port)->queue_count, queues);
}

static void
test_rules_bring_frames_to_the_queue_of_their_lcore(void **state)
{
    (void)state;
    open_pair(QUEUES, MYC_STEERING_RTE_FLOW);
    check_steering(MYC_STEERING_RTE_FLOW, QUEUES);
    assert_int_equal(watch_added() - added_before, RULES);
    for (uint16_t i = 0; i < RULES; i++) {
        uint32_t address = ADDRESS | rte_cpu_to_be_32(1U + i / QUEUES);
        uint16_t udp_port = rte_cpu_to_be_16((uint16_t)(BASE + i % QUEUES));
        uint16_t queue;

        assert_true(watch_steers(address, udp_port, &queue));
        assert_int_equal(queue, i % QUEUES);
    }
    exchange(QUEUES * QUEUES);
    assert_int_equal(driver_counter(&a, "frames_strayed"), 0);
    assert_int_equal(driver_counter(&a, "frames_steered"), card_frames('a', 1));
    assert_true(card_frames('a', 1) > 0);
    close_pair();
    assert_int_equal(watch_removed() - removed_before, RULES);
    assert_int_equal(watch_rules(), 0);
}

static void
test_a_card_without_room_for_a_rule_is_said(void **state)
{
    (void)state;
    added_before = watch_added();
    removed_before = watch_removed();
    watch_give_room(1);
    assert_int_equal(open_side(&a, 'a', QUEUES, MYC_STEERING_RTE_FLOW), MYC_FULL);
    assert_non_null(strstr(a.error, "takes no rule for UDP port 21001 to queue 1: the table is "
                                    "full; free a rule of the card, or use steering: best"));
    assert_int_equal(watch_added() - added_before, 1);
    assert_int_equal(watch_removed() - removed_before, 1);
    watch_give_room(WATCH_RULES_MAX);
}

static void
test_what_no_rule_steers_is_handed_on_where_the_best_is_asked_for(void **state)
{
    (void)state;
    watch_give_room(RULES - 1); /* b's last lcore gets none */
    open_pair(QUEUES, MYC_STEERING_BEST);
    check_steering(MYC_STEERING_RTE_FLOW, QUEUES);
    exchange(QUEUES * QUEUES);
    assert_true(driver_counter(&a, "frames_steered") > 0);
    assert_int_equal(driver_counter(&b, "frames_steered"), 0);
    close_pair();
    assert_int_equal(watch_rules(), 0);
    watch_give_room(WATCH_RULES_MAX);
}

/* Before the peer's hello has come nobody knows from which port to send: these frames may stray. */
static void
test_rss_brings_frames_by_the_choice_of_source_ports(void **state)
{
    (void)state;
    card_set_rss(true, true);
    open_pair(QUEUES, MYC_STEERING_RSS);
    check_steering(MYC_STEERING_RSS, QUEUES);
    exchange(QUEUES * QUEUES);
    assert_int_equal(watch_added() - added_before, 0);
    assert_true(card_frames('a', 1) > 100 && card_frames('b', 1) > 100);
    assert_true(driver_counter(&a, "frames_strayed") <= driver_counter(&b, "hellos_sent"));
    assert_true(driver_counter(&b, "frames_strayed") <= driver_counter(&a, "hellos_sent"));
    assert_true(driver_counter(&a, "frames_steered") >=
                card_frames('a', 1) - driver_counter(&b, "hellos_sent"));
    close_pair();
    card_set_rss(false, false);
}

/* Each path has a card of its own, for which another source port is right. */
static void
test_rss_brings_frames_of_the_second_path_by_a_wish_of_its_own(void **state)
{
    (void)state;
    card_set_rss(true, true);
    card_clear();
    open_twin_side(&a, 'a');
    open_twin_side(&b, 'b');
    exchange(QUEUES * QUEUES);
    assert_true(card_frames('a', 1) > 100 && card_frames('b', 1) > 100);
    assert_true(card_frames('c', 1) > 100 && card_frames('d', 1) > 100);
    assert_true(driver_counter(&a, "frames_strayed") <= driver_counter(&b, "hellos_sent"));
    assert_true(driver_counter_b(&a, "frames_strayed") <= driver_counter(&b, "hellos_sent"));
    assert_true(driver_counter_b(&b, "frames_strayed") <= driver_counter(&a, "hellos_sent"));
    assert_true(driver_counter_b(&a, "frames_steered") >=
                card_frames('c', 1) - driver_counter(&b, "hellos_sent"));
    close_pair();
    card_set_rss(false, false);
}

static void
test_frames_arrive_though_the_card_hashes_otherwise_than_it_says(void **state)
{
    (void)state;
    card_set_rss(true, false);
    open_pair(QUEUES, MYC_STEERING_RSS);
    exchange(QUEUES * QUEUES);
    assert_true(driver_counter(&a, "frames_strayed") + driver_counter(&b, "frames_strayed") > 0);
    close_pair();
    card_set_rss(false, false);
}

static void
test_the_best_that_the_card_can_do_is_taken(void **state)
{
    (void)state;
    watch_know_rules(false);
    card_set_rss(true, true);
    open_pair(QUEUES, MYC_STEERING_BEST);
    check_steering(MYC_STEERING_RSS, QUEUES);
    exchange(QUEUES * QUEUES);
    close_pair();
    card_set_rss(false, false);
    open_pair(QUEUES, MYC_STEERING_BEST);
    check_steering(MYC_STEERING_SOFTWARE, 1);
    exchange(QUEUES * QUEUES);
    assert_int_equal(card_frames('a', 1) + card_frames('b', 1), 0);
    close_pair();
    watch_know_rules(true);
}

static void
test_what_the_card_cannot_is_refused_where_it_is_asked_for(void **state)
{
    (void)state;
    watch_know_rules(false);
    assert_int_equal(open_side(&a, 'a', QUEUES, MYC_STEERING_RTE_FLOW), MYC_UNSUPPORTED);
    assert_non_null(strstr(a.error, "knows no rules (rte_flow): use steering: rss, or software"));
    assert_int_equal(open_side(&a, 'a', QUEUES, MYC_STEERING_RSS), MYC_UNSUPPORTED);
    assert_non_null(strstr(a.error, "has no RSS over UDP ports: use steering: software"));
    watch_know_rules(true);
}

static void
test_lcores_beyond_the_queues_get_their_frames_by_software(void **state)
{
    (void)state;
    open_pair(QUEUES + 1, MYC_STEERING_BEST);
    check_steering(MYC_STEERING_RTE_FLOW, QUEUES);
    exchange((QUEUES + 1) * (QUEUES + 1));
    assert_true(driver_counter(&a, "frames_steered") > 0);
    close_pair();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules_bring_frames_to_the_queue_of_their_lcore),
        cmocka_unit_test(test_a_card_without_room_for_a_rule_is_said),
        cmocka_unit_test(test_what_no_rule_steers_is_handed_on_where_the_best_is_asked_for),
        cmocka_unit_test(test_rss_brings_frames_by_the_choice_of_source_ports),
        cmocka_unit_test(test_rss_brings_frames_of_the_second_path_by_a_wish_of_its_own),
        cmocka_unit_test(test_frames_arrive_though_the_card_hashes_otherwise_than_it_says),
        cmocka_unit_test(test_the_best_that_the_card_can_do_is_taken),
        cmocka_unit_test(test_what_the_card_cannot_is_refused_where_it_is_asked_for),
        cmocka_unit_test(test_lcores_beyond_the_queues_get_their_frames_by_software),
    };

    driver_start_eal("flow-queues", 256);
    card_make(QUEUES);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
