/* SPDX-License-Identifier: BSD-3-Clause */
#include "bare_port.h"

#include <stdio.h>

#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "env/clock.h"
#include "env/eal.h"
#include "env/port.h"
#include "node/program/eal_arguments.h"
#include "wire_place.h"

#define MEMORY_MB  256U
#define POOL_SIZE  16383U
#define POOL_CACHE 256U

static enum myc_status
start_eal(const char *vdev, char *error, size_t error_size)
{
    uint8_t cpus[2] = { 0 };
    uint32_t count = fab_eal_cpus(cpus, 2);
    struct fab_eal_arguments eal;

    fab_eal_arguments_make(&(struct fab_eal_wish){ .memory_mb = MEMORY_MB,
                                                   .lcore_count = 1,
                                                   .cpus = &cpus[count > 1],
                                                   .vdevs = &vdev,
                                                   .vdev_count = 1 },
                           &eal);
    fab_clock_init();
    return fab_eal_start(eal.argc, eal.argv, error, error_size);
}

enum myc_status
bare_port_open(const char *spec, bool is_partner, struct bare_port *port)
{
    char error[512] = "no such kind of device", vdev[WIRE_PLACE_TEXT];
    struct local_node_wish wish = { 0 };
    struct fab_port_options options = {
        .size = sizeof(options),
        .error = error,
        .error_size = sizeof(error),
    };
    enum myc_status status = wire_device_read(spec, is_partner, &wish, vdev);

    *port = (struct bare_port){ 0 };
    options.device = wish.device;
    if (status == MYC_OK)
        status = start_eal(vdev, error, sizeof(error));
    if (status == MYC_OK)
        status = fab_port_open(&options, &port->port);
    if (status != MYC_OK) {
        fprintf(stderr, "mycelium bench: %s: %s\n", spec, error);
        return status;
    }
    port->id = fab_port_info(port->port)->id;
    port->pool = rte_pktmbuf_pool_create(BARE_PORT_POOL, POOL_SIZE, POOL_CACHE, 0,
                                         RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
    if (!port->pool)
        bare_port_close(port);
    return port->pool ? MYC_OK : MYC_NO_MEMORY;
}

void
bare_port_close(struct bare_port *port)
{
    if (!port->port)
        return;
    fab_port_close(&port->port);
    rte_mempool_free(port->pool);
    port->pool = NULL;
    fab_eal_stop();
}
