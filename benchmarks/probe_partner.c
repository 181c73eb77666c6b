/* SPDX-License-Identifier: BSD-3-Clause */
#include "probe_partner.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mycelium/dpdk.h>

#include "bare_port.h"
#include "env/eal.h"
#include "partner.h"
#include "tools/classes.h"
#include "tools/probe.h"
#include "wire_place.h"

#define BUDGET     32U /* handlers of the guest in a turn of the loop */
#define REFLECTOR  "bench.reflector"
#define SPEC_PLACE 2U    /* characters of the spec before the device: the place and a colon */
#define MAILBOX    4096U /* frames on the way to the other lcore */

/* The loop of the bare port, if there is one. */
static struct bare_port bare;
static struct myc_node *guest; /* that turns in it; NULL: none */
static atomic_bool is_stopping;

/* ---- loops ---------------------------------------------------------------------------------- */

static bool
goes_on(void)
{
    return !atomic_load_explicit(&is_stopping, memory_order_relaxed);
}

/* A device must not be asked for frames before it is started, which a memif does by itself when the
 * other end is there. */
static void
await_link(void)
{
    struct rte_eth_link link = { 0 };

    while (goes_on() && (rte_eth_link_get_nowait(bare.id, &link) != 0 || !link.link_status))
        sched_yield();
}

static void
transmit(struct rte_mbuf **mbufs, uint16_t count)
{
    uint16_t sent = count ? rte_eth_tx_burst(bare.id, 0, mbufs, count) : 0;

    rte_pktmbuf_free_bulk(mbufs + sent, count - sent);
}

static int
echo_loop(void *unused)
{
    struct rte_mbuf *burst[BARE_PORT_BURST];

    (void)unused;
    await_link();
    while (goes_on())
        transmit(burst, rte_eth_rx_burst(bare.id, 0, burst, BARE_PORT_BURST));
    return 0;
}

/* Probes are turned round where they lie; the node is offered the rest. Returns how many of the
 * burst are to be sent. */
static uint16_t
sort_out(struct rte_mbuf **burst, uint16_t count)
{
    struct tools_probe_mark mark;
    uint16_t probes = 0;

    for (uint16_t i = 0; i < count; i++) {
        void *frame = rte_pktmbuf_mtod(burst[i], void *);

        if (tools_probe_read(frame, rte_pktmbuf_data_len(burst[i]), &mark)) {
            tools_probe_reflect(frame);
            burst[probes++] = burst[i];
        } else if (!myc_rx_offer(guest, burst[i])) {
            rte_pktmbuf_free(burst[i]);
        }
    }
    return probes;
}

static int
port_loop(void *unused)
{
    struct rte_mbuf *burst[BARE_PORT_BURST];

    (void)unused;
    await_link();
    while (goes_on()) {
        uint16_t count = rte_eth_rx_burst(bare.id, 0, burst, BARE_PORT_BURST);

        transmit(burst, sort_out(burst, count));
        (void)myc_node_poll(guest, BUDGET);
    }
    return 0;
}

static enum myc_status
start_guest(struct myc_node **node)
{
    char device[8], error[512] = "";
    const struct myc_lcore_options lcore = { .eal_lcore = BARE_PORT_WORKER, .is_hooked = true };
    /* One thread uses the queue for the program and the node, in turn. */
    const struct myc_borrowed_port borrowed = {
        .rx_queue = MYC_QUEUE_NONE,
        .mempool = BARE_PORT_POOL,
    };
    const struct myc_port_options port = {
        .name = "wire0",
        .device = device,
        .address = "10.99.0.2/24",
        .borrowed = &borrowed,
    };
    const struct myc_node_options options = {
        .size = sizeof(options),
        .node_id = PARTNER_NODE_ID,
        .eal_argc = -1,
        .lcores = &lcore,
        .lcore_count = 1,
        .ports = &port,
        .port_count = 1,
        .error = error,
        .error_size = sizeof(error),
    };
    enum myc_status status;

    snprintf(device, sizeof(device), "%u", bare.id);
    status = myc_node_start(&options, node);
    if (status != MYC_OK)
        fprintf(stderr, "mycelium bench: the guest did not start: %s\n", error);
    guest = *node;
    return status;
}

static enum myc_status
start_loop(enum probe_place place, const char *device, struct myc_node **node)
{
    enum myc_status status = bare_port_open(device, true, &bare);

    if (status == MYC_OK && place == PROBE_PORT_LOOP)
        status = start_guest(node);
    return status != MYC_OK ? status
                            : fab_eal_launch(BARE_PORT_WORKER, guest ? port_loop : echo_loop, NULL);
}

void
bench_probe_partner_stop(void)
{
    if (!bare.port)
        return;
    atomic_store(&is_stopping, true);
    fab_eal_wait(BARE_PORT_WORKER);
}

/* ---- actors --------------------------------------------------------------------------------- */

static enum myc_status
spawn_reflector(struct myc_node *node, uint8_t lcore, const char *name, const char *text)
{
    const struct myc_spawn_options options = {
        .size = sizeof(options),
        .args = text,
        .args_size = strlen(text),
        .name = name,
        .mailbox_max = MAILBOX,
    };

    return myc_node_spawn(node, lcore, &tools_reflector_class, &options, NULL);
}

static enum myc_status
start_actors(enum probe_place place, const char *device, struct myc_node **node)
{
    struct local_node_wish wish = { 0 };
    char vdev[WIRE_PLACE_TEXT];
    enum myc_status status = wire_device_read(device, true, &wish, vdev);

    wish.first_cpu = 0;
    wish.has_driver = true;
    wish.lcore_count = place == PROBE_OTHER_LCORE ? 2 : 1;
    if (status == MYC_OK)
        status = local_node_start(&wish, node);
    if (status != MYC_OK)
        return status;
    if (place == PROBE_SAME_LCORE)
        return spawn_reflector(*node, 0, NULL, "port=wire0");
    status = spawn_reflector(*node, 1, REFLECTOR, "");
    return status != MYC_OK ? status : spawn_reflector(*node, 0, NULL, "port=wire0\nto=" REFLECTOR);
}

/* `arguments`: PLACE:DEVICE. */
enum myc_status
bench_probe_partner(const char *arguments, const char *fault, struct myc_node **node)
{
    unsigned place = (unsigned)(arguments[0] - '0');

    (void)fault; /* what is to be compared is the reflection, not the wire */
    if (place >= PROBE_RELIABLE || arguments[1] != ':')
        return MYC_INVALID;
    if (place == PROBE_FLOOR || place == PROBE_PORT_LOOP)
        return start_loop(place, arguments + SPEC_PLACE, node);
    return start_actors(place, arguments + SPEC_PLACE, node);
}
