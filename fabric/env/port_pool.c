/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory that a device may refer to until it has stopped: the port's buffers, and what they lead
 * to. */
#include <stdio.h>

#include <rte_mbuf.h>

#include "env/memory.h"
#include "env/numa.h"
#include "env/port_state.h"

#define POOL_CACHE      128U
#define FRAME_SIZE_MIN  2048U /* what PMDs expect of a buffer */
#define FRAME_SIZE_STEP 1024U /* net_af_packet wants its whole slot to fit */

static struct rte_mempool *
create_pool(const char *name, uint32_t count, uint16_t room, int socket)
{
    return rte_pktmbuf_pool_create_by_ops(name, count, POOL_CACHE, 0, room, socket, "ring_mt_rts");
}

static struct rte_mempool *
add_pool(struct fab_port *port, const char *what, uint32_t count, uint16_t room, int socket)
{
    struct rte_mempool *pool;
    char name[RTE_MEMPOOL_NAMESIZE];

    if (port->pool_count == FAB_PORT_POOLS_MAX)
        return NULL;
    snprintf(name, sizeof(name), "port-%u-%u", port->info.id, port->pool_count);
    fab_numa_ask(what, count, socket);
    pool = create_pool(name, count, room, socket);
    if (!pool && socket != SOCKET_ID_ANY)
        pool = create_pool(name, count, room, SOCKET_ID_ANY);
    if (pool)
        port->pools[port->pool_count++] = pool;
    return pool;
}

struct rte_mempool *
fab_port_add_pool(struct fab_port *port, uint32_t count, uint32_t frame_size, int socket)
{
    uint32_t whole = (frame_size + FRAME_SIZE_STEP - 1) / FRAME_SIZE_STEP * FRAME_SIZE_STEP;
    uint32_t size = whole < FRAME_SIZE_MIN ? FRAME_SIZE_MIN : whole;

    if (port->is_borrowed)
        return port->pool;
    return add_pool(port, "port pool", count, (uint16_t)(size + RTE_PKTMBUF_HEADROOM), socket);
}

struct rte_mempool *
fab_port_add_shells(struct fab_port *port, uint32_t count, int socket)
{
    return add_pool(port, "port shells", count, FAB_PORT_SHELL_SIZE, socket);
}

void *
fab_port_add_memory(struct fab_port *port, const char *what, size_t size, int socket)
{
    void *memory;

    if (port->memory_count == FAB_PORT_MEMORIES_MAX)
        return NULL;
    memory = fab_memory_alloc(what, size, FAB_CACHE_LINE, socket);
    if (memory)
        port->memories[port->memory_count++] = memory;
    return memory;
}

void
fab_port_free_pools(struct fab_port *port)
{
    for (uint32_t i = 0; i < port->pool_count; i++)
        rte_mempool_free(port->pools[i]);
    for (uint32_t i = 0; i < port->memory_count; i++)
        fab_memory_free(port->memories[i]);
}
