/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * When frames came, by the device's own clock where it stamps them.
 *
 * The stamp stands in a dynamic field of the mbuf. The lcore that polls reads both clocks together
 * ten times a second, and only while stamped frames come. Of a borrowed port nothing is set: stamps
 * are used when the program has asked its device for them.
 */
/* rte_eth_read_clock and rte_eth_dev_conf_get are stable from 23.11 on. */
#define ALLOW_EXPERIMENTAL_API
#include <errno.h>
#include <time.h>

#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_mbuf_dyn.h>

#include "base/log.h"
#include "env/clock.h"
#include "env/port_state.h"

#define LOOK_NS       100000000U /* between two readings */
#define READING_TRIES 8U         /* at the start, of which the shortest counts */

uint64_t
fab_port_stamp_offload(struct fab_port *port, uint64_t capabilities)
{
    struct fab_port_stamp *stamp = &port->stamp;

    if (!(capabilities & RTE_ETH_RX_OFFLOAD_TIMESTAMP) ||
        rte_mbuf_dyn_rx_timestamp_register(&stamp->field, &stamp->flag) != 0)
        return 0;
    stamp->is_on = true;
    return RTE_ETH_RX_OFFLOAD_TIMESTAMP;
}

void
fab_port_stamp_borrow(struct fab_port *port)
{
    struct fab_port_stamp *stamp = &port->stamp;
    struct rte_eth_conf conf;
    int flag;

    if (rte_eth_dev_conf_get(port->info.id, &conf) != 0 ||
        !(conf.rxmode.offloads & RTE_ETH_RX_OFFLOAD_TIMESTAMP))
        return;
    stamp->field = rte_mbuf_dynfield_lookup(RTE_MBUF_DYNFIELD_TIMESTAMP_NAME, NULL);
    flag = rte_mbuf_dynflag_lookup(RTE_MBUF_DYNFLAG_RX_TIMESTAMP_NAME, NULL);
    if (stamp->field < 0 || flag < 0)
        return;
    stamp->flag = 1ULL << flag;
    stamp->is_on = true;
}

/* The device's clock, in the unit of its stamps. 0, or what the device answered. */
static int
read_device(uint16_t id, uint64_t *ticks)
{
    struct timespec time;
    int result = rte_eth_read_clock(id, ticks);

    if (result != -ENOTSUP)
        return result;
    result = rte_eth_timesync_read_time(id, &time);
    if (result == 0)
        *ticks = (uint64_t)time.tv_sec * 1000000000U + (uint64_t)time.tv_nsec;
    return result;
}

static int
take_reading(struct fab_port *port)
{
    struct fab_stamp_reading reading = { .before_ns = fab_clock_ns() };
    int result = port->stamp.read(port->info.id, &reading.ticks);

    reading.after_ns = fab_clock_ns();
    if (result == 0)
        fab_stamp_on_reading(&port->stamp.clock, &reading);
    return result;
}

/* The device stamps frames, and its clock can be read. */
static int
begin_readings(struct fab_port *port)
{
    static const struct timespec span = { .tv_nsec = FAB_STAMP_SPAN_NS * 2 };
    int result = 0;

    if (!port->info.is_borrowed)
        (void)rte_eth_timesync_enable(port->info.id); /* some need it for read_time */
    for (unsigned i = 0; i < READING_TRIES && result == 0; i++)
        result = take_reading(port);
    if (result != 0)
        return result;
    nanosleep(&span, NULL);
    for (unsigned i = 0; i < READING_TRIES && result == 0; i++)
        result = take_reading(port);
    return result;
}

void
fab_port_stamp_start(struct fab_port *port)
{
    int result;

    if (!port->stamp.is_on)
        return;
    if (!port->stamp.read)
        port->stamp.read = read_device;
    result = begin_readings(port);
    if (result != 0) {
        port->stamp.is_on = false;
        fab_log(FAB_LOG_WARNING,
                "port '%s' stamps frames with times that cannot be related to ours (%s): they get "
                "those of the poll",
                port->info.device, rte_strerror(fab_port_cause(result)));
        return;
    }
    port->info.has_rx_stamps = true;
    fab_log(FAB_LOG_INFO, "port '%s' stamps frames when they come", port->info.device);
}

static uint64_t
stamp_of(const struct fab_port *port, const struct rte_mbuf *mbuf)
{
    return *RTE_MBUF_DYNFIELD(mbuf, port->stamp.field, const rte_mbuf_timestamp_t *);
}

struct fab_rx_time
fab_port_rx_time(struct fab_port *port, uint16_t queue, const struct rte_mbuf *mbuf,
                 uint64_t now_ns)
{
    struct fab_rx_time time = { .ns = now_ns };

    if (fab_likely(!port->stamp.is_on) || !(mbuf->ol_flags & port->stamp.flag))
        return time;
    if (fab_unlikely(now_ns >= port->stamp.look_ns)) {
        port->stamp.look_ns = now_ns + LOOK_NS;
        (void)take_reading(port);
    }
    if (fab_unlikely(
            !fab_stamp_to_ns(&port->stamp.clock, stamp_of(port, mbuf), now_ns, &time.ns))) {
        port->queues[queue].counters.rx_stamps_odd++;
        return time;
    }
    time.error_ns = fab_stamp_error_ns(&port->stamp.clock, time.ns);
    return time;
}
