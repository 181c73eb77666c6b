/* SPDX-License-Identifier: BSD-3-Clause */
/* Two nodes' flow carriers in one EAL, with both ends of a memif in one process. */
#include "support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/flow_driver.h"

#define WAIT_MS 20000U

static struct driver a, b;

static struct driver_options
options_of(char side, char *device, size_t size)
{
    struct driver_options options = {
        .device = device,
        .node_id = side == 'a' ? 1 : 2,
        .incarnation = side == 'a' ? 0xaaa : 0xbbb,
        .address = side == 'a' ? "10.9.0.1/24" : "10.9.0.2/24",
        .peer_node = side == 'a' ? 2 : 1,
        .peer_address = side == 'a' ? "10.9.0.2" : "10.9.0.1",
        .mbuf_count = 4096,
    };

    snprintf(device, size,
             "net_memif%c,role=%s,id=0,socket=/tmp/env-flow-%d.sock,socket-abstract=no",
             side == 'a' ? '0' : '1', side == 'a' ? "server" : "client", (int)getpid());
    return options;
}

static uint32_t large_size; /* of pairs to be opened */

static void
open_pair_with(uint8_t lcores_a, uint8_t lcores_b, const struct myc_wire_fault *fault)
{
    char device[128];
    struct driver_options options = options_of('a', device, sizeof(device));

    options.large_size = large_size;
    options.lcore_count = lcores_a;
    options.queue_count = lcores_a; /* a memif steers nothing: it gets one */
    options.rx_fault = fault;
    if (driver_open(&a, &options) != MYC_OK)
        fail_msg("%s", a.error);
    options = options_of('b', device, sizeof(device));
    options.large_size = large_size;
    options.lcore_count = lcores_b;
    options.queue_count = lcores_b;
    options.rx_fault = fault;
    if (driver_open(&b, &options) != MYC_OK)
        fail_msg("%s", b.error);
}

static void
close_pair(void)
{
    driver_close(&a);
    driver_close(&b);
}

static bool
are_up(void *context)
{
    unsigned links = *(unsigned *)context;

    return driver_up_count(&a) == links && driver_up_count(&b) == links;
}

static void
wait_up(unsigned links)
{
    if (driver_run(&a, &b, are_up, &links, WAIT_MS))
        return;
    driver_print_counters(&a);
    driver_print_counters(&b);
    fail_msg("the flows did not come up");
}

static bool
have_received(void *context)
{
    uint64_t each = *(uint64_t *)context;

    return driver_received(&a) >= each && driver_received(&b) >= each && driver_is_drained(&a) &&
           driver_is_drained(&b);
}

/* Sends `count` messages over each link both ways and checks that each arrived once, in order. */
static void
exchange(uint64_t count, unsigned links)
{
    uint64_t each = count * links;
    bool is_done;

    for (unsigned i = 0; i < links; i++)
        a.links[i].to_send = b.links[i].to_send = count;
    is_done = driver_run(&a, &b, have_received, &each, 3 * WAIT_MS);
    if (!is_done || driver_misplaced(&a) || driver_misplaced(&b)) {
        driver_print_counters(&a);
        driver_print_counters(&b);
    }
    assert_true(is_done);
    assert_int_equal(driver_misplaced(&a), 0);
    assert_int_equal(driver_misplaced(&b), 0);
    assert_int_equal(driver_received(&a), each);
    assert_int_equal(driver_received(&b), each);
}

static void
test_two_nodes_exchange_messages_in_order(void **state)
{
    (void)state;
    open_pair_with(1, 1, NULL);
    wait_up(1);
    exchange(200000, 1);
    assert_int_equal(driver_counter(&a, "frames_lost"), 0);
    close_pair();
}

static void
test_lcores_that_do_not_poll_the_port_have_links_too(void **state)
{
    (void)state;
    open_pair_with(2, 2, NULL);
    assert_int_equal(fab_port_info(a.port)->steering, MYC_STEERING_SOFTWARE);
    assert_int_equal(fab_port_info(a.port)->queue_count, 1);
    wait_up(4);
    exchange(20000, 4);
    close_pair();
}

/* Of b's three lcores, a links with as many as it was told to. */
static void
open_unlike_pair(uint8_t peer_lcores_a)
{
    char device[128];
    struct driver_options options = options_of('a', device, sizeof(device));

    options.peer_lcores = peer_lcores_a;
    assert_int_equal(driver_open(&a, &options), MYC_OK);
    options = options_of('b', device, sizeof(device));
    options.lcore_count = 3;
    options.peer_lcores = 1;
    assert_int_equal(driver_open(&b, &options), MYC_OK);
}

static bool
is_excess_counted(void *context)
{
    (void)context;
    return driver_counter(&a, "peer_lcores_excess") > 0;
}

static void
test_lcores_of_a_peer_are_linked_as_far_as_links_are_reserved(void **state)
{
    (void)state;
    open_unlike_pair(2);
    assert_true(driver_run(&a, &b, is_excess_counted, NULL, WAIT_MS));
    assert_int_equal(driver_counter(&a, "peer_lcores_excess"), 1);
    assert_int_equal(a.link_count, 2);
    close_pair();
    open_unlike_pair(3);
    wait_up(3);
    exchange(2000, 3);
    assert_int_equal(driver_counter(&a, "peer_lcores_excess"), 0);
    close_pair();
}

static void
test_a_million_messages_survive_loss_duplication_and_reordering(void **state)
{
    struct myc_wire_fault fault = { .seed = 4711,
                                    .loss_per_million = 10000,
                                    .duplicate_per_million = 10000,
                                    .reorder_per_million = 10000,
                                    .corrupt_per_million = 1000 };

    (void)state;
    open_pair_with(1, 1, &fault);
    wait_up(1);
    exchange(500000, 1);
    assert_true(fab_port_rx_faults(a.port, 0).lost > 0);
    assert_true(fab_port_rx_faults(b.port, 0).lost > 0);
    close_pair();
}

/* Every part but the last of a body leaves from where its sender wrote it, and a body that has come
 * home is spoiled: were one given back too early, bytes would be wrong. */
static void
exchange_bodies(uint64_t count, uint8_t lcores, const struct myc_wire_fault *fault)
{
    uint64_t bodies = count * lcores * lcores / 4;

    large_size = 30001;
    open_pair_with(lcores, lcores, fault);
    large_size = 0;
    wait_up((unsigned)lcores * lcores);
    exchange(count, (unsigned)lcores * lcores);
    assert_true(driver_counter(&a, "parts_attached") > bodies * 20);
    assert_true(driver_counter(&b, "parts_attached") > bodies * 20);
    assert_true(driver_counter(&a, "parts_copied") >= bodies);
    assert_int_equal(driver_counter(&a, "parts_unattached"), 0);
    assert_int_equal(fab_port_counters(a.port, 0)->rx_segmented, 0);
    assert_true(flow_bodies_are_home(&a.bodies) && flow_bodies_are_home(&b.bodies));
    close_pair();
}

static void
test_bodies_leave_from_the_heap(void **state)
{
    (void)state;
    exchange_bodies(2560, 1, NULL);
}

static void
test_bodies_leave_from_the_heap_of_an_lcore_that_does_not_poll(void **state)
{
    (void)state;
    exchange_bodies(512, 2, NULL);
}

static void
test_bodies_survive_loss_duplication_and_reordering(void **state)
{
    struct myc_wire_fault fault = { .seed = 17,
                                    .loss_per_million = 10000,
                                    .duplicate_per_million = 10000,
                                    .reorder_per_million = 10000,
                                    .corrupt_per_million = 1000 };

    (void)state;
    exchange_bodies(2560, 1, &fault);
}

/* Both nodes read one clock; unless their ids say so, they find out how far apart theirs are. */
static void
open_clocks(uint64_t id_a, uint64_t id_b)
{
    char device[128];
    struct driver_options options = options_of('a', device, sizeof(device));

    options.has_origins = true;
    options.clock_id = id_a;
    assert_int_equal(driver_open(&a, &options), MYC_OK);
    options = options_of('b', device, sizeof(device));
    options.has_origins = true;
    options.clock_id = id_b;
    assert_int_equal(driver_open(&b, &options), MYC_OK);
    wait_up(1);
}

static void
test_the_time_of_a_cause_stays_as_it_is_on_one_host(void **state)
{
    struct fab_link_clock clock;

    (void)state;
    open_clocks(0, 0);
    exchange(1000, 1);
    assert_int_equal(a.links[0].origins, 1000);
    assert_int_equal(b.links[0].origins, 1000);
    assert_int_equal(b.links[0].origin_off_ns + b.links[0].origin_error_ns, 0);
    assert_true(b.links[0].link->ops->clock(b.links[0].link, driver_now_ns(), &clock));
    assert_true(clock.is_same);
    assert_int_equal(clock.error_ns, 0);
    close_pair();
}

static bool
know_clocks(void *context)
{
    struct fab_link_clock clock;

    (void)context;
    return a.links[0].link->ops->clock(a.links[0].link, driver_now_ns(), &clock) &&
           b.links[0].link->ops->clock(b.links[0].link, driver_now_ns(), &clock);
}

/* What is said of the other clock is right within what is said of the error, though both lie on a
 * busy machine: the offset is 0 in truth. */
static void
test_the_time_of_a_cause_is_translated_between_hosts(void **state)
{
    struct fab_link_clock clock;
    uint64_t error_ns;

    (void)state;
    open_clocks(1, 2);
    assert_true(driver_run(&a, &b, know_clocks, NULL, WAIT_MS));
    assert_true(b.links[0].link->ops->clock(b.links[0].link, driver_now_ns(), &clock));
    error_ns = clock.error_ns;
    assert_false(clock.is_same);
    assert_true((uint64_t)llabs(clock.offset_ns) <= error_ns);
    exchange(100000, 1);
    assert_int_equal(b.links[0].origins, 100000);
    assert_int_equal(driver_counter(&b, "origins_unrelated"), 0);
    assert_true(b.links[0].link->ops->clock(b.links[0].link, driver_now_ns(), &clock));
    assert_true(b.links[0].origin_off_ns <= error_ns + clock.error_ns + 1);
    assert_int_equal(a.links[0].origins_beyond + b.links[0].origins_beyond, 0);
    assert_true(b.links[0].origin_error_ns > 0);
    close_pair();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_nodes_exchange_messages_in_order),
        cmocka_unit_test(test_lcores_that_do_not_poll_the_port_have_links_too),
        cmocka_unit_test(test_lcores_of_a_peer_are_linked_as_far_as_links_are_reserved),
        cmocka_unit_test(test_the_time_of_a_cause_stays_as_it_is_on_one_host),
        cmocka_unit_test(test_the_time_of_a_cause_is_translated_between_hosts),
        cmocka_unit_test(test_bodies_leave_from_the_heap),
        cmocka_unit_test(test_bodies_leave_from_the_heap_of_an_lcore_that_does_not_poll),
        cmocka_unit_test(test_bodies_survive_loss_duplication_and_reordering),
        cmocka_unit_test(test_a_million_messages_survive_loss_duplication_and_reordering),
    };

    driver_start_eal("flow-memif", 256);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
