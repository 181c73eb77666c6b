/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A device that keeps what it was given to send as long as it likes, as DMA may: frames arrive as
 * copies and are acknowledged while the buffers that they left from are still held, and every one
 * of these must hold the bytes that it was sent with until the device gives it back.
 *
 * net_ring makes a port of one ring, which gives back what it was sent. Between the turns of its
 * node the test takes out what was sent and puts in copies of what the other node has sent: it is
 * the wire and the device at once, and frees what it holds in any order.
 */
#include "support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>

#include <rte_mbuf.h>
#include <rte_mempool.h>
#include <rte_ring.h>

#include "base/prng.h"
#include "support/flow_driver.h"
#include "wire/crc32c.h"

#define WAIT_MS     60000U
#define COUNT       20000U
#define LARGE_COUNT 2000U
#define LARGE_SIZE  20001U /* the last part needs a pad, and is copied */
#define FRAMES_MAX  4096U  /* on their way to one side */
#define POOL_FRAMES 2048U
#define SIDES       2U

struct held {
    struct rte_mbuf *mbuf;
    uint32_t crc; /* when it was sent */
};

struct side {
    struct driver driver;
    struct rte_ring *ring; /* of the port; not owned */
    void *inbound[FRAMES_MAX];
    unsigned inbound_at, inbound_count;
    struct held held[POOL_FRAMES];
    unsigned held_count;
    unsigned held_most;
};

static struct side sides[SIDES];
static struct rte_mempool *wire_pool;
static struct fab_prng prng;
static uint64_t count;     /* messages to go each way */
static unsigned hold_most; /* buffers that the device holds at least, when it has so many */
static bool lets_go_late;  /* of one buffer, in a turn in which nothing was sent */
static unsigned lost_per_mille;
static uint64_t spoiled; /* that were changed, or freed, while the device held them */

static uint32_t
crc_of(const struct rte_mbuf *mbuf)
{
    uint32_t crc = 0;

    for (; mbuf; mbuf = mbuf->next)
        crc = fab_crc32c(crc, rte_pktmbuf_mtod(mbuf, const void *), mbuf->data_len);
    return crc;
}

static void
release_one(struct side *side)
{
    unsigned index = (unsigned)fab_prng_below(&prng, side->held_count);
    struct held *held = &side->held[index];

    spoiled += rte_mbuf_refcnt_read(held->mbuf) != 1 || crc_of(held->mbuf) != held->crc;
    rte_pktmbuf_free(held->mbuf);
    *held = side->held[--side->held_count];
}

static void
hold(struct side *side, struct rte_mbuf *mbuf)
{
    assert_in_range(side->held_count, 0, POOL_FRAMES - 1);
    side->held[side->held_count++] = (struct held){ mbuf, crc_of(mbuf) };
    if (side->held_count > side->held_most)
        side->held_most = side->held_count;
    while (side->held_count > hold_most)
        release_one(side);
}

/* Puts a copy on the way to the other side; it is lost when the wire is full, or as often as it is
 * to be. */
static void
carry(struct side *to, const struct rte_mbuf *mbuf)
{
    struct rte_mbuf *copy;

    if (fab_prng_below(&prng, 1000) < lost_per_mille)
        return;
    copy = rte_pktmbuf_copy(mbuf, wire_pool, 0, UINT32_MAX);
    if (!copy)
        return;
    if (to->inbound_count - to->inbound_at == FRAMES_MAX)
        rte_pktmbuf_free(copy);
    else
        to->inbound[to->inbound_count++ % FRAMES_MAX] = copy;
}

/* What is in the ring after a turn: what the node has sent, and what it has not read. */
static void
take_out(struct side *side, struct side *other)
{
    unsigned rest = rte_ring_count(side->ring);
    bool has_sent = false;
    void *mbuf;

    for (; rest > 0 && rte_ring_dequeue(side->ring, &mbuf) == 0; rest--) {
        if (((struct rte_mbuf *)mbuf)->pool == wire_pool) {
            rte_ring_enqueue(side->ring, mbuf);
            continue;
        }
        carry(other, mbuf);
        hold(side, mbuf);
        has_sent = true;
    }
    if (lets_go_late && !has_sent && side->held_count > 0)
        release_one(side);
}

static unsigned
turn(struct side *side, struct side *other)
{
    unsigned work;

    while (side->inbound_at != side->inbound_count && rte_ring_count(side->ring) < 64)
        rte_ring_enqueue(side->ring, side->inbound[side->inbound_at++ % FRAMES_MAX]);
    work = driver_turn(&side->driver);
    take_out(side, other);
    return work;
}

static void
open_side(unsigned index, uint32_t large_size)
{
    struct side *side = &sides[index];
    char device[32], ring[32];
    void *stale;
    const struct driver_options options = {
        .device = device,
        .node_id = (uint16_t)(index + 1),
        .incarnation = index + 10,
        .address = index == 0 ? "10.9.0.1/24" : "10.9.0.2/24",
        .peer_node = (uint16_t)(2 - index),
        .peer_address = index == 0 ? "10.9.0.2" : "10.9.0.1",
        .mbuf_count = POOL_FRAMES,
        .message_size = 800,
        .poll_gap_us = 100000,
        .large_size = large_size,
    };

    memset(side, 0, sizeof(*side));
    snprintf(device, sizeof(device), "net_ring%u,", index);
    snprintf(ring, sizeof(ring), "ETH_RXTX0_net_ring%u", index);
    if (driver_open(&side->driver, &options) != MYC_OK)
        fail_msg("%s", side->driver.error);
    side->ring = rte_ring_lookup(ring);
    assert_non_null(side->ring);
    /* The ring outlives its port, and the leave notices in it their pool: nobody's any more. */
    while (rte_ring_dequeue(side->ring, &stale) == 0)
        ;
}

static void
close_side(struct side *side)
{
    void *mbuf;

    while (side->held_count > 0)
        release_one(side);
    while (side->inbound_at != side->inbound_count)
        rte_pktmbuf_free(side->inbound[side->inbound_at++ % FRAMES_MAX]);
    while (rte_ring_dequeue(side->ring, &mbuf) == 0)
        rte_pktmbuf_free(mbuf);
    driver_close(&side->driver);
}

static bool
is_done(void)
{
    for (unsigned i = 0; i < SIDES; i++) {
        const struct driver *driver = &sides[i].driver;

        if (driver_received(driver) < count || !driver_is_drained(driver))
            return false;
    }
    return true;
}

static void
open_sides(unsigned holds, uint32_t large_size)
{
    hold_most = holds;
    for (unsigned i = 0; i < SIDES; i++) {
        open_side(i, large_size);
        sides[i].driver.links[0].to_send = count = large_size ? LARGE_COUNT : COUNT;
    }
}

/* Both ways, with a device that holds so many buffers of each side. */
static void
exchange(unsigned holds, uint32_t large_size)
{
    uint64_t end_ns = driver_now_ns() + WAIT_MS * 1000000ULL;

    open_sides(holds, large_size);
    while (!is_done() && driver_now_ns() < end_ns)
        for (unsigned i = 0; i < SIDES; i++)
            turn(&sides[i], &sides[1 - i]);
    for (unsigned i = 0; i < SIDES; i++) {
        assert_int_equal(driver_received(&sides[i].driver), count);
        assert_int_equal(driver_misplaced(&sides[i].driver), 0);
        assert_int_equal(sides[i].driver.links[0].ups, 1);
        assert_int_equal(driver_counter(&sides[i].driver, "refused_crc"), 0);
        assert_true(sides[i].held_most > (lets_go_late ? holds / 4 : holds));
    }
}

/* The device lets go of all that it holds, and the nodes see it. */
static void
release_all(void)
{
    for (unsigned i = 0; i < SIDES; i++) {
        while (sides[i].held_count > 0)
            release_one(&sides[i]);
        hold_most = 0;
    }
    for (unsigned turns = 0; turns < 100; turns++)
        for (unsigned i = 0; i < SIDES; i++)
            turn(&sides[i], &sides[1 - i]);
}

static void
close_sides(void)
{
    for (unsigned i = 0; i < SIDES; i++)
        close_side(&sides[i]);
    assert_int_equal(spoiled, 0);
    assert_int_equal(rte_mempool_in_use_count(wire_pool), 0);
}

static void
test_buffers_keep_their_bytes_while_a_device_holds_them(void **state)
{
    (void)state;
    exchange(1024, 0);
    close_sides();
}

/* The device holds nearly all that there are: flows wait for buffers, whole frames or none. */
static void
test_a_device_that_holds_nearly_all_buffers_is_back_pressure(void **state)
{
    (void)state;
    exchange(POOL_FRAMES - 24, 0);
    assert_true(driver_counter(&sides[0].driver, "no_mbufs") > 0);
    close_sides();
}

static void
check_bodies(void)
{
    release_all();
    for (unsigned i = 0; i < SIDES; i++) {
        assert_true(driver_counter(&sides[i].driver, "parts_attached") > LARGE_COUNT / 4 * 10);
        assert_true(driver_counter(&sides[i].driver, "bodies_held") > 0);
        assert_true(flow_bodies_are_home(&sides[i].driver.bodies));
    }
}

/* Bodies leave from the heap, which spoils what comes back: acknowledged ones are not given back
 * while the device has frames of them. */
static void
test_bodies_stay_while_a_device_holds_their_frames(void **state)
{
    (void)state;
    exchange(256, LARGE_SIZE);
    check_bodies();
    close_sides();
}

/* More frames than those of all bodies that there are: the next one waits for the device. */
static void
test_a_device_that_holds_nearly_all_buffers_holds_bodies_too(void **state)
{
    (void)state;
    lets_go_late = true;
    exchange(POOL_FRAMES - 24, LARGE_SIZE);
    lets_go_late = false;
    check_bodies();
    close_sides();
}

/* Frames are lost and sent again while the device still has the first of them: two frames lead to
 * one part at the same time. */
static void
test_a_part_is_sent_again_while_a_device_holds_it(void **state)
{
    (void)state;
    lost_per_mille = 30;
    exchange(512, LARGE_SIZE); /* fewer than all bodies have, so that some come home */
    lost_per_mille = 0;
    assert_true(driver_counter(&sides[0].driver, "frames_retransmitted") > 0);
    check_bodies();
    close_sides();
}

/* The other node falls silent half way: the loans end with the epoch, the bodies stay until the
 * device has let go of them. */
static void
test_bodies_outlive_their_epoch_while_a_device_holds_their_frames(void **state)
{
    struct driver *driver = &sides[0].driver;
    uint64_t end_ns = driver_now_ns() + WAIT_MS * 1000000ULL;

    (void)state;
    open_sides(512, LARGE_SIZE);
    while (driver_received(&sides[1].driver) < LARGE_COUNT / 4 && driver_now_ns() < end_ns)
        for (unsigned i = 0; i < SIDES; i++)
            turn(&sides[i], &sides[1 - i]);
    sides[1].driver.is_silent = true;
    while (driver->links[0].downs == 0 && driver_now_ns() < end_ns)
        for (unsigned i = 0; i < SIDES; i++)
            turn(&sides[i], &sides[1 - i]);
    assert_int_equal(driver->links[0].downs, 1);
    assert_true(driver->links[0].doubts > 0);
    assert_true(driver->bodies.kept > 0);
    release_all();
    assert_true(flow_bodies_are_home(&driver->bodies));
    close_sides();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buffers_keep_their_bytes_while_a_device_holds_them),
        cmocka_unit_test(test_a_device_that_holds_nearly_all_buffers_is_back_pressure),
        cmocka_unit_test(test_bodies_stay_while_a_device_holds_their_frames),
        cmocka_unit_test(test_a_device_that_holds_nearly_all_buffers_holds_bodies_too),
        cmocka_unit_test(test_a_part_is_sent_again_while_a_device_holds_it),
        cmocka_unit_test(test_bodies_outlive_their_epoch_while_a_device_holds_their_frames),
    };

    driver_start_eal("dma", 256);
    fab_prng_init(&prng, 11);
    wire_pool = rte_pktmbuf_pool_create("wire", 8191, 0, 0, 2048 + RTE_PKTMBUF_HEADROOM, 0);
    if (!wire_pool)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
