/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What net_memif needs beyond other PMDs (all seen in DPDK 22.11):
 *
 * A client that starts before its server is refused, and one whose server went away stays down for
 * ever: it must be stopped and started again. So that nodes may start in any order and be taken
 * back after a crash, the polling lcore looks at a client now and then, and has it started again:
 * ever more rarely, because making the connection takes the interrupt thread a while, too.
 *
 * Its stop takes sockets down while the EAL's interrupt thread may be serving them, and the process
 * dies when the other end leaves at the same time (one time in three). Alarms run on that very
 * thread, so a stop, or start, within one cannot meet it. While one runs the lcore keeps off the
 * device: BUSY is set by the lcore before the alarm and taken back by the alarm, with release, so
 * whoever sees another state (acquire) sees the device as the alarm left it.
 */
#include <sched.h>

#include <rte_alarm.h>
#include <rte_dev.h>
#include <rte_devargs.h>
#include <rte_ethdev.h>

#include "base/log.h"
#include "env/port_state.h"

#define DRIVER      "net_memif"
#define LOOK_NS_MIN 50000000ULL
#define LOOK_NS_MAX 1600000000ULL
#define ALARM_US    1U

void
fab_port_memif_init(struct fab_port *port, const struct rte_device *device)
{
    const struct rte_devargs *devargs = device ? rte_dev_devargs(device) : NULL;
    const char *arguments = devargs ? devargs->args : NULL;

    port->is_memif = strcmp(port->info.driver, DRIVER) == 0;
    port->is_memif_client =
        port->is_memif && port->info.queue_count == 1 &&
        !(arguments && (strstr(arguments, "role=server") || strstr(arguments, "role=master")));
}

bool
fab_port_memif_waits(struct fab_port *port)
{
    if (!port->is_memif_client)
        return false;
    fab_log(FAB_LOG_WARNING, "port '%s': its memif server is not there yet, and is waited for",
            port->info.device);
    atomic_store_explicit(&port->memif_state, FAB_MEMIF_AWAY, memory_order_relaxed);
    return true;
}

/* A stop in another thread, to be waited for. */
struct errand {
    struct fab_port *port;
    _Atomic bool is_done; /* set with release after the stop, read with acquire by who waits */
};

static void
run_stop(void *argument)
{
    struct errand *errand = argument;

    fab_port_stop_device(errand->port);
    atomic_store_explicit(&errand->is_done, true, memory_order_release);
}

void
fab_port_memif_stop(struct fab_port *port)
{
    struct errand errand = { .port = port };

    while (atomic_load_explicit(&port->memif_state, memory_order_acquire) == FAB_MEMIF_BUSY)
        sched_yield();
    if (rte_eal_alarm_set(ALARM_US, run_stop, &errand) != 0) {
        fab_port_stop_device(port);
        return;
    }
    while (!atomic_load_explicit(&errand.is_done, memory_order_acquire))
        sched_yield();
}

static void
run_restart(void *argument)
{
    struct fab_port *port = argument;

    if (port->is_started)
        rte_eth_dev_stop(port->info.id);
    port->is_started = rte_eth_dev_start(port->info.id) == 0;
    atomic_store_explicit(&port->memif_state, port->is_started ? FAB_MEMIF_USABLE : FAB_MEMIF_AWAY,
                          memory_order_release);
}

bool
fab_port_memif_mend(struct fab_port *port, uint64_t now_ns)
{
    uint8_t state = atomic_load_explicit(&port->memif_state, memory_order_acquire);

    if (fab_unlikely(port->memif_look_ns == 0))
        port->memif_look_ns = now_ns + LOOK_NS_MIN;
    if (fab_likely(now_ns < port->memif_look_ns) || state == FAB_MEMIF_BUSY)
        return state == FAB_MEMIF_USABLE;
    if (state == FAB_MEMIF_USABLE && fab_port_is_link_up(port)) {
        port->memif_look_ns = now_ns + LOOK_NS_MIN;
        port->memif_wait_ns = LOOK_NS_MIN;
        return true;
    }
    port->memif_wait_ns = port->memif_wait_ns ? 2 * port->memif_wait_ns : LOOK_NS_MIN;
    if (port->memif_wait_ns > LOOK_NS_MAX)
        port->memif_wait_ns = LOOK_NS_MAX;
    port->memif_look_ns = now_ns + port->memif_wait_ns;
    atomic_store_explicit(&port->memif_state, FAB_MEMIF_BUSY, memory_order_relaxed);
    if (rte_eal_alarm_set(ALARM_US, run_restart, port) != 0)
        atomic_store_explicit(&port->memif_state, state, memory_order_relaxed);
    return false;
}
