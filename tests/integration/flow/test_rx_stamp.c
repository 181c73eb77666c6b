/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames that a device has stamped reach a listener with the time at which they came.
 *
 * No PMD of this machine stamps frames by a clock that can be read, so the device is a net_ring
 * whose frames the test stamps between the turns, as a PMD does, and whose clock is the test's.
 * That a real card's stamps and rte_eth_read_clock speak of one clock is not shown by it.
 */
#include "support/cmocka.h"

#include <errno.h>

#include <rte_mbuf.h>
#include <rte_mbuf_dyn.h>
#include <rte_ring.h>

#include "env/clock.h"
#include "env/port_state.h"
#include "link/flow_port.h"
#include "support/flow_driver.h"

#define DEVICE_HZ 78125000ULL
#define LATE_NS   50000000ULL /* from a frame's arrival to its poll */
#define ERROR_NS  5000000ULL  /* a reading may be interrupted on a busy machine, a little */

struct wire {
    struct fab_port *port;
    struct fab_flow_port *flow;
    struct rte_ring *ring;
    uint64_t seen_ns[4];
    uint64_t error_ns[4];
    unsigned seen;
};

static bool is_readable;

static uint64_t
ticks_of(uint64_t ns)
{
    return 7777 + (uint64_t)((unsigned __int128)ns * DEVICE_HZ / 1000000000U);
}

static int
read_clock(uint16_t id, uint64_t *ticks)
{
    (void)id;
    *ticks = ticks_of(fab_clock_ns());
    return is_readable ? 0 : -EIO;
}

static void
on_frame(void *context, const void *bytes, uint32_t size, struct fab_rx_time came)
{
    struct wire *wire = context;

    (void)bytes;
    assert_int_equal(size, 64);
    wire->error_ns[wire->seen] = came.error_ns;
    wire->seen_ns[wire->seen++] = came.ns;
}

static void
open_wire(struct wire *wire)
{
    struct fab_port_options port = { .size = sizeof(port),
                                     .device = "net_ring9,",
                                     .mbuf_count = 512 };
    struct fab_flow_port_options flow = { .size = sizeof(flow),
                                          .name = "card",
                                          .lcore_count = 1,
                                          .home = 1ULL << 48 | 1,
                                          .mbuf_count = 512,
                                          .seed = 1,
                                          .now_ns = fab_clock_ns() };

    *wire = (struct wire){ 0 };
    assert_int_equal(fab_port_open(&port, &wire->port), MYC_OK);
    assert_false(fab_port_info(wire->port)->has_rx_stamps);
    assert_int_equal(
        rte_mbuf_dyn_rx_timestamp_register(&wire->port->stamp.field, &wire->port->stamp.flag), 0);
    wire->port->stamp.is_on = true;
    wire->port->stamp.read = read_clock;
    fab_port_stamp_start(wire->port);
    flow.port = wire->port;
    assert_int_equal(fab_flow_port_create(&flow, &wire->flow), MYC_OK);
    assert_int_equal(fab_flow_port_listen(wire->flow, 0, on_frame, wire), MYC_OK);
    wire->ring = rte_ring_lookup("ETH_RXTX0_net_ring9");
    assert_non_null(wire->ring);
}

static void
close_wire(struct wire *wire)
{
    fab_flow_port_destroy(&wire->flow);
    fab_port_close(&wire->port);
}

/* A frame that comes at `ticks` of the device's clock; 0: it is not stamped. Polled at now_ns. */
static void
deliver(struct wire *wire, uint64_t ticks, uint64_t now_ns)
{
    static const uint8_t frame[64] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0,
                                       0,    0,    0,    0,    1,    0x88, 0xb5 };
    struct fab_pollable pollable = fab_flow_port_pollable(wire->flow, 0);
    struct rte_mbuf *mbuf;
    void *object = NULL;

    assert_int_equal(fab_flow_port_transmit(wire->flow, frame, sizeof(frame), now_ns), MYC_OK);
    fab_flow_port_flush(wire->flow, now_ns);
    assert_int_equal(rte_ring_dequeue(wire->ring, &object), 0);
    mbuf = object;
    if (ticks) {
        *RTE_MBUF_DYNFIELD(mbuf, wire->port->stamp.field, rte_mbuf_timestamp_t *) = ticks;
        mbuf->ol_flags |= wire->port->stamp.flag;
    }
    assert_int_equal(rte_ring_enqueue(wire->ring, mbuf), 0);
    pollable.poll(pollable.context, (struct fab_room){ 64, 64 }, now_ns);
}

static void
test_a_listener_gets_the_time_that_the_device_says(void **state)
{
    struct wire wire;
    uint64_t now_ns;

    (void)state;
    is_readable = true;
    open_wire(&wire);
    assert_true(fab_port_info(wire.port)->has_rx_stamps);
    now_ns = fab_clock_ns();
    deliver(&wire, ticks_of(now_ns - LATE_NS), now_ns);
    assert_int_equal(wire.seen, 1);
    assert_in_range(wire.error_ns[0], 1, ERROR_NS);
    assert_in_range(wire.seen_ns[0], now_ns - LATE_NS - wire.error_ns[0],
                    now_ns - LATE_NS + wire.error_ns[0]);
    assert_int_equal(fab_port_counters(wire.port, 0)->rx_stamps_odd, 0);
    close_wire(&wire);
}

static void
test_a_frame_without_stamp_has_the_time_of_the_poll(void **state)
{
    struct wire wire;
    uint64_t now_ns;

    (void)state;
    is_readable = true;
    open_wire(&wire);
    now_ns = fab_clock_ns();
    deliver(&wire, 0, now_ns);
    assert_true(wire.seen_ns[0] == now_ns && wire.error_ns[0] == 0);
    close_wire(&wire);
}

static void
test_a_stamp_that_cannot_be_is_counted_and_not_believed(void **state)
{
    struct wire wire;
    uint64_t now_ns;

    (void)state;
    is_readable = true;
    open_wire(&wire);
    now_ns = fab_clock_ns();
    deliver(&wire, ticks_of(now_ns + 100 * LATE_NS), now_ns);
    deliver(&wire, 1, now_ns);
    assert_true(wire.seen_ns[0] == now_ns && wire.seen_ns[1] == now_ns);
    assert_int_equal(fab_port_counters(wire.port, 0)->rx_stamps_odd, 2);
    close_wire(&wire);
}

static void
test_stamps_of_a_clock_that_cannot_be_read_are_not_used(void **state)
{
    struct wire wire;
    uint64_t now_ns;

    (void)state;
    is_readable = false;
    open_wire(&wire);
    assert_false(fab_port_info(wire.port)->has_rx_stamps);
    now_ns = fab_clock_ns();
    deliver(&wire, ticks_of(now_ns - LATE_NS), now_ns);
    assert_true(wire.seen_ns[0] == now_ns);
    close_wire(&wire);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_listener_gets_the_time_that_the_device_says),
        cmocka_unit_test(test_a_frame_without_stamp_has_the_time_of_the_poll),
        cmocka_unit_test(test_a_stamp_that_cannot_be_is_counted_and_not_believed),
        cmocka_unit_test(test_stamps_of_a_clock_that_cannot_be_read_are_not_used),
    };

    driver_start_eal("rx-stamp", 128);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
