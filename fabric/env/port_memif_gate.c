/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Keeps lcores off memifs while the EAL's interrupt thread works.
 *
 * That thread serves all its callbacks in batches, in no order that could be relied upon, and those
 * of net_memif unmap rings under an lcore that is within a burst. They are the PMD's own: nothing
 * can be called before them. So it is the other way round. The thread has a callback of ours that
 * is always ready, opens all gates, sleeps in there for as long as nothing else is ready, and
 * closes them before it returns:
 *
 *     epoll_wait -> [others, ours, others] -> epoll_wait -> ...
 *        closed     closed   open  closed       closed
 *
 * An lcore may use a memif only while the thread is within our callback. Closing waits for bursts
 * that are under way, never for an lcore to take its turn; the lcore only looks, and goes without.
 * Closing is rare and a burst is not, so the barrier that both need is the closing side's: a
 * membarrier of the kernel. Where it has none, the lcores' own accesses are ordered.
 *
 * To sleep until something else is ready it polls the very epoll that the EAL waits in, with our
 * own entry disarmed. The EAL keeps that descriptor to itself and makes another one now and then,
 * so it is looked for: it is the one which has our entry. Where there is none (another EAL), we
 * sleep a millisecond at a time.
 *
 * It starts with the first memif and stays for the life of the process, at no cost while nothing
 * happens.
 */
/* rte_intr_instance_alloc and what fills it are stable from 23.11 on. */
#define ALLOW_EXPERIMENTAL_API
#include <linux/membarrier.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <rte_alarm.h>
#include <rte_ethdev.h>
#include <rte_interrupts.h>

#include "base/assert.h"
#include "env/port_state.h"

#define BLIND_SLEEP_NS 1000000L
#define FDS_MAX        (1U << 20) /* looked through for the EAL's epoll, once */
#define ALARM_US       1U

static struct {
    pthread_mutex_t lock; /* of `ports`; the interrupt thread's but for a join or leave */
    struct fab_port *ports[RTE_MAX_ETHPORTS];
    struct rte_intr_handle *handle; /* NULL: not started; main thread */
    int fd;                         /* always ready */
    int epoll_fd;                   /* the EAL's at the last look; interrupt thread */
    bool is_blind;                  /* it was not found */
    bool is_fenced;                 /* the kernel has no membarrier for us: lcores order */
} gates = { .lock = PTHREAD_MUTEX_INITIALIZER, .fd = -1, .epoll_fd = -1 };

/* --- opening and closing: in the interrupt thread ----------------------------------------------
 */

static void
open_gates(struct fab_port *port)
{
    for (uint16_t i = 0; i < port->info.queue_count; i++)
        atomic_store_explicit(&port->queues[i].gate.is_open, true, memory_order_release);
}

static void
shut_gates(struct fab_port *port)
{
    for (uint16_t i = 0; i < port->info.queue_count; i++)
        atomic_store_explicit(&port->queues[i].gate.is_open, false, memory_order_seq_cst);
}

/* Pairs with fab_memif_gate_leave; who is not seen inside sees that the gate is shut. */
static void
wait_for_bursts(struct fab_port *port)
{
    for (uint16_t i = 0; i < port->info.queue_count; i++)
        while (atomic_load_explicit(&port->queues[i].gate.is_inside, memory_order_seq_cst))
            sched_yield(); /* the lcore may want our CPU to end its burst */
}

static void
each_port(void (*run)(struct fab_port *port))
{
    pthread_mutex_lock(&gates.lock);
    for (uint32_t i = 0; i < RTE_MAX_ETHPORTS; i++)
        if (gates.ports[i])
            run(gates.ports[i]);
    pthread_mutex_unlock(&gates.lock);
}

/* --- sleeping: in the interrupt thread ----------------------------------------------------------
 */

/* Arms (EPOLLIN) or disarms (0) our entry. False: this is no epoll that has it. */
static bool
set_entry(int epoll_fd, uint32_t events)
{
    struct epoll_event event = { .events = events, .data.fd = gates.fd };

    return epoll_ctl(epoll_fd, EPOLL_CTL_MOD, gates.fd, &event) == 0;
}

/* Finds the EAL's epoll and disarms our entry in it. */
static bool
disarm(void)
{
    struct rlimit limit;

    if (gates.is_blind)
        return false;
    if (gates.epoll_fd >= 0 && set_entry(gates.epoll_fd, 0))
        return true;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > FDS_MAX)
        limit.rlim_cur = FDS_MAX;
    for (gates.epoll_fd = 0; (rlim_t)gates.epoll_fd < limit.rlim_cur; gates.epoll_fd++)
        if (set_entry(gates.epoll_fd, 0))
            return true;
    gates.is_blind = true;
    return false;
}

static void
sleep_until_event(void)
{
    static const struct timespec step = { .tv_nsec = BLIND_SLEEP_NS };
    struct pollfd eal;

    if (!disarm()) {
        nanosleep(&step, NULL);
        return;
    }
    eal = (struct pollfd){ .fd = gates.epoll_fd, .events = POLLIN };
    poll(&eal, 1, -1);
    set_entry(gates.epoll_fd, EPOLLIN);
}

static long
membarrier(int command)
{
    return syscall(SYS_membarrier, command, 0, 0);
}

static void
on_turn(void *argument)
{
    (void)argument;
    each_port(open_gates);
    sleep_until_event();
    each_port(shut_gates);
    if (!gates.is_fenced)
        FAB_ASSERT(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED) == 0); /* as we have registered */
    each_port(wait_for_bursts);
}

/* --- ports: in the main thread ------------------------------------------------------------------
 */

static bool
start(void)
{
    struct rte_intr_handle *handle = rte_intr_instance_alloc(RTE_INTR_INSTANCE_F_PRIVATE);

    gates.is_fenced = membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) != 0;
    gates.fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
    if (handle && gates.fd >= 0 && rte_intr_fd_set(handle, gates.fd) == 0 &&
        rte_intr_type_set(handle, RTE_INTR_HANDLE_EXT) == 0 &&
        rte_intr_callback_register(handle, on_turn, NULL) == 0) {
        gates.handle = handle;
        return true;
    }
    rte_intr_instance_free(handle);
    if (gates.fd >= 0)
        close(gates.fd);
    return false;
}

static void
wake(void *argument)
{
    (void)argument; /* that it runs is enough */
}

static void
set_port(uint16_t id, struct fab_port *port)
{
    pthread_mutex_lock(&gates.lock);
    gates.ports[id] = port;
    pthread_mutex_unlock(&gates.lock);
}

enum myc_status
fab_memif_gates_join(struct fab_port *port)
{
    if (!gates.handle && !start())
        return MYC_NO_MEMORY;
    for (uint16_t i = 0; i < port->info.queue_count; i++)
        port->queues[i].gate.is_fenced = gates.is_fenced;
    set_port(port->info.id, port);
    return rte_eal_alarm_set(ALARM_US, wake, NULL) == 0 ? MYC_OK : MYC_NO_MEMORY;
}

void
fab_memif_gates_leave(struct fab_port *port)
{
    if (gates.ports[port->info.id] == port)
        set_port(port->info.id, NULL);
}
