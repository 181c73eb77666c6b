/* SPDX-License-Identifier: BSD-3-Clause */
/* Two nodes in one thread, joined by a real memif: the instructions of both sides, with the
 * driver's own, which writes and checks each body. */
#include "cost/cost.h"

#include <stdio.h>
#include <unistd.h>

#include "base/assert.h"
#include "support/flow_driver.h"

#define UP_MS       60000U
#define TRANSFER_MS 600000U
#define TURN_NS     500U /* of both ends together */

struct ends {
    struct driver a, b;
    uint64_t count;
};

/* What two ends do. */
struct talk {
    bool is_echo;
    uint32_t large_size; /* 0: small messages */
    enum fab_security security;
};

static void
open_end(struct driver *driver, bool is_server, const struct talk *talk)
{
    char device[128];
    const struct driver_options options = {
        .device = device,
        .node_id = is_server ? 1 : 2,
        .incarnation = is_server ? 0xaaa : 0xbbb,
        .address = is_server ? "10.9.0.1/24" : "10.9.0.2/24",
        .peer_node = is_server ? 2 : 1,
        .peer_address = is_server ? "10.9.0.2" : "10.9.0.1",
        .mbuf_count = 4096,
        .poll_gap_us = 1000000,
        .is_echo = talk->is_echo,
        .large_size = talk->large_size,
        .is_all_large = talk->large_size > 0,
        .security = talk->security,
    };

    snprintf(device, sizeof(device),
             "net_memif%d,role=%s,id=0,socket=/tmp/env-cost-%d.sock,socket-abstract=no", !is_server,
             is_server ? "server" : "client", (int)getpid());
    FAB_ASSERT(driver_open(driver, &options) == MYC_OK);
}

static bool
is_up(void *context)
{
    struct ends *ends = context;

    return driver_up_count(&ends->a) == 1 && driver_up_count(&ends->b) == 1;
}

static bool
has_all(void *context)
{
    struct ends *ends = context;

    return driver_received(&ends->b) == ends->count;
}

static void
open_ends(struct ends *ends, const struct talk *talk, uint64_t count)
{
    driver_start_eal("cost", 192);
    open_end(&ends->a, true, talk);
    open_end(&ends->b, false, talk);
    ends->count = count;
    FAB_ASSERT(driver_run(&ends->a, &ends->b, is_up, ends, UP_MS));
}

/* What is counted: how long the ends take to find each other differs from run to run. Turns take as
 * long as they do on a CPU: under valgrind timers would come due that never do there. */
__attribute__((noinline)) static void
transfer(struct ends *ends)
{
    uint64_t now_ns = driver_now_ns();
    uint64_t end_ns = now_ns + TRANSFER_MS * 1000000ULL;

    for (; !has_all(ends); now_ns += TURN_NS) {
        FAB_ASSERT(now_ns < end_ns);
        driver_set_now(now_ns);
        driver_turn(&ends->a);
        driver_turn(&ends->b);
    }
    driver_set_now(0);
}

static void
close_ends(struct ends *ends)
{
    driver_close(&ends->a);
    driver_close(&ends->b);
}

void
cost_flow_hop(uint64_t count)
{
    static struct ends ends;

    open_ends(&ends, &(struct talk){ 0 }, count);
    ends.a.links[0].to_send = count;
    transfer(&ends);
    close_ends(&ends);
}

/* One message there and back, again and again: each has a frame, which acknowledges the last. */
static void
echo(enum fab_security security, uint64_t count)
{
    static struct ends ends;

    open_ends(&ends, &(struct talk){ .is_echo = true, .security = security }, count);
    ends.a.links[0].to_send = 1;
    transfer(&ends);
    close_ends(&ends);
}

void
cost_flow_echo(uint64_t count)
{
    echo(FAB_SECURITY_OFF, count);
}

void
cost_flow_echo_auth(uint64_t count)
{
    echo(FAB_SECURITY_AUTH, count);
}

void
cost_flow_bulk(uint64_t count)
{
    static struct ends ends;

    open_ends(&ends, &(struct talk){ .large_size = 1U << 20 }, count);
    ends.a.links[0].to_send = count;
    transfer(&ends);
    close_ends(&ends);
}
