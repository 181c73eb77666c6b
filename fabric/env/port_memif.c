/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What net_memif needs beyond other PMDs (all seen in DPDK 22.11):
 *
 * It disconnects, and unmaps the rings, in the EAL's interrupt thread, whatever the lcore is doing;
 * a stop or start elsewhere meets that thread's work on the same sockets. So lcores pass a gate
 * (port_memif_gate.c) that is closed while the interrupt thread works, and the device is started
 * and stopped by alarms, which run on that very thread.
 *
 * A client that starts before its server is refused, and one whose server went away stays down for
 * ever: it must be stopped and started again. So that nodes may start in any order and be taken
 * back after a crash, the lcore of queue 0 looks at a client's link now and then, and has it mended
 * when it is down. But a server dies of a client that leaves before it was accepted, so the client
 * is started when a probe (memif_probe.h) was greeted, and stopped when another one was that
 * connected after the start. That also keeps its connect, which blocks, from a full backlog.
 *
 * Mending goes on in alarms until the link is up: at once when a probe is greeted, and ever more
 * rarely when a restart did not help.
 */
#include <string.h>
#include <time.h>

#include <rte_alarm.h>
#include <rte_dev.h>
#include <rte_devargs.h>
#include <rte_ethdev.h>

#include "base/log.h"
#include "env/port_state.h"

#define DRIVER       "net_memif"
#define LOOK_NS      50000000ULL
#define ALARM_US     1U
#define PROBE_US     1000U   /* between looks for an answer */
#define ABSENT_US    50000U  /* between questions to nobody */
#define WAIT_US_MIN  100000U /* for the link after a start */
#define WAIT_US_MAX  1600000U
#define STOP_PROBES  2000U /* looks before a server that does not answer is given up */
#define STOP_WAIT_NS 100000L

enum myc_status
fab_port_memif_init(struct fab_port *port, const struct rte_device *device)
{
    const struct rte_devargs *devargs = device ? rte_dev_devargs(device) : NULL;
    const char *arguments = devargs ? devargs->args : NULL;

    /* The connection of a borrowed one is the program's to mend. */
    port->is_memif = !port->is_borrowed && strcmp(port->info.driver, DRIVER) == 0;
    if (!port->is_memif)
        return MYC_OK;
    port->memif.is_client = !fab_memif_is_server(arguments);
    if (!fab_memif_probe_init(&port->memif.probe, arguments))
        return MYC_INVALID;
    return fab_memif_gates_join(port);
}

/* --- mending: in the interrupt thread --------------------------------------------------------- */

static void
restart(struct fab_port *port)
{
    if (port->is_started)
        rte_eth_dev_stop(port->info.id);
    port->is_started = rte_eth_dev_start(port->info.id) == 0;
}

/* How long to wait for the link that was restarted just now; longer each time. */
static uint32_t
next_wait_us(struct fab_port_memif *memif)
{
    uint32_t wait_us = memif->wait_us ? memif->wait_us : WAIT_US_MIN;

    memif->wait_us = wait_us < WAIT_US_MAX / 2 ? 2 * wait_us : WAIT_US_MAX;
    return wait_us;
}

/* One step of mending. Returns when to go on; 0: it is mended. */
static uint32_t
mend_step(struct fab_port *port)
{
    struct fab_port_memif *memif = &port->memif;

    if (port->is_started && fab_port_is_link_up(port)) {
        memif->wait_us = 0;
        return 0;
    }
    switch (fab_memif_probe_poll(&memif->probe)) {
    case FAB_MEMIF_PENDING:
        return PROBE_US;
    case FAB_MEMIF_ABSENT:
        return ABSENT_US;
    case FAB_MEMIF_GREETED:
        break;
    }
    restart(port);
    return next_wait_us(memif);
}

static void
mend(void *argument)
{
    struct fab_port *port = argument;
    uint32_t again_us = mend_step(port);

    if (again_us == 0 || rte_eal_alarm_set(again_us, mend, port) != 0)
        atomic_store_explicit(&port->memif.is_mending, false, memory_order_release);
}

/* --- mending: who asks for it ----------------------------------------------------------------- */

static void
begin_mending(struct fab_port *port)
{
    atomic_store_explicit(&port->memif.is_mending, true, memory_order_relaxed);
    if (rte_eal_alarm_set(ALARM_US, mend, port) != 0)
        atomic_store_explicit(&port->memif.is_mending, false, memory_order_relaxed);
}

int
fab_port_memif_start(struct fab_port *port)
{
    int result = 0;

    if (!port->memif.is_client) {
        result = rte_eth_dev_start(port->info.id);
        port->is_started = result == 0;
        return result;
    }
    if (fab_memif_probe_poll(&port->memif.probe) == FAB_MEMIF_ABSENT)
        fab_log(FAB_LOG_WARNING, "port '%s': its memif server is not there yet, and is waited for",
                port->info.device);
    begin_mending(port);
    return result;
}

static void
look(struct fab_port *port, uint64_t now_ns)
{
    struct fab_port_memif *memif = &port->memif;

    memif->look_ns = now_ns + LOOK_NS;
    if (!atomic_load_explicit(&memif->is_mending, memory_order_acquire) &&
        !fab_port_is_link_up(port))
        begin_mending(port);
}

/* --- the data path ---------------------------------------------------------------------------- */

unsigned
fab_port_memif_receive(struct fab_port *port, uint16_t queue, struct rte_mbuf **mbufs,
                       uint16_t count, uint64_t now_ns)
{
    struct fab_memif_gate *gate = &port->queues[queue].gate;
    unsigned received = 0;

    if (port->memif.is_client && queue == 0 && fab_unlikely(now_ns >= port->memif.look_ns))
        look(port, now_ns);
    if (fab_unlikely(!fab_memif_gate_enter(gate)))
        return 0;
    if (fab_likely(port->is_started))
        received = rte_eth_rx_burst(port->info.id, queue, mbufs, count);
    fab_memif_gate_leave(gate);
    return received;
}

unsigned
fab_port_memif_transmit(struct fab_port *port, uint16_t queue, struct rte_mbuf **mbufs,
                        uint16_t count)
{
    struct fab_memif_gate *gate = &port->queues[queue].gate;
    unsigned taken = 0;

    if (fab_unlikely(!fab_memif_gate_enter(gate))) {
        port->queues[queue].stuck_ns = 0; /* the gate is shut, not the way behind it */
        return 0;
    }
    if (fab_likely(port->is_started))
        taken = rte_eth_tx_burst(port->info.id, queue, mbufs, count);
    fab_memif_gate_leave(gate);
    return taken;
}

/* --- the end ---------------------------------------------------------------------------------- */

/* A stop in the interrupt thread, to be waited for. */
struct errand {
    struct fab_port *port;
    unsigned probes_left;
    _Atomic bool is_done; /* set with release after the stop, read with acquire by who waits */
};

/* Whether its server may not have accepted it yet. */
static bool
is_unanswered(struct errand *errand)
{
    struct fab_port *port = errand->port;

    return port->memif.is_client && port->is_started && !fab_port_is_link_up(port) &&
           errand->probes_left-- > 0 &&
           fab_memif_probe_poll(&port->memif.probe) == FAB_MEMIF_PENDING;
}

static void
run_stop(void *argument)
{
    struct errand *errand = argument;

    if (is_unanswered(errand) && rte_eal_alarm_set(PROBE_US, run_stop, errand) == 0)
        return;
    fab_port_stop_device(errand->port);
    atomic_store_explicit(&errand->is_done, true, memory_order_release);
}

void
fab_port_memif_stop(struct fab_port *port)
{
    static const struct timespec step = { .tv_nsec = STOP_WAIT_NS };
    struct errand errand = { .port = port, .probes_left = STOP_PROBES };

    rte_eal_alarm_cancel(mend, port);
    if (rte_eal_alarm_set(ALARM_US, run_stop, &errand) == 0)
        while (!atomic_load_explicit(&errand.is_done, memory_order_acquire))
            nanosleep(&step, NULL);
    else
        fab_port_stop_device(port);
    fab_memif_gates_leave(port);
}
