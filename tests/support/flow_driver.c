/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/flow_driver.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "env/clock.h"
#include "env/eal.h"
#include "wire/crc32c.h"
#include "wire/message.h"

#define SENDS_PER_TURN    128U
#define BODY_SIZE_DEFAULT 32U

struct body {
    uint64_t number; /* for its receiver, in this epoch */
    uint64_t check;
};

static uint64_t virtual_ns; /* 0: time is the clock's */

uint64_t
driver_now_ns(void)
{
    return virtual_ns ? virtual_ns : fab_clock_ns();
}

void
driver_set_now(uint64_t now_ns)
{
    virtual_ns = now_ns;
}

void
driver_start_eal(const char *program, unsigned megabytes)
{
    char prefix[64], memory[16], error[256];
    char no_huge[] = "--no-huge", no_pci[] = "--no-pci", m[] = "-m", lcores[] = "-l0";
    char level[] = "--log-level=error", no_telemetry[] = "--no-telemetry";
    char *arguments[] = { no_huge, m, memory, no_pci, lcores, prefix, level, no_telemetry };

    snprintf(prefix, sizeof(prefix), "--file-prefix=env-%s-%d", program, (int)getpid());
    snprintf(memory, sizeof(memory), "%u", megabytes);
    fab_clock_init();
    if (fab_eal_start((int)(sizeof(arguments) / sizeof(arguments[0])), arguments, error,
                      sizeof(error)) == MYC_OK)
        return;
    fprintf(stderr, "%s\n", error);
    exit(1);
}

static bool
is_large(const struct driver *driver, uint64_t number)
{
    return driver->bodies.heap && (driver->is_all_large || number % 4 == 0);
}

static uint32_t
size_of(const struct driver *driver, uint64_t number, uint64_t to)
{
    uint32_t span = driver->message_size - (uint32_t)sizeof(struct body) + 1;

    if (is_large(driver, number))
        return driver->bodies.size;
    return driver->is_mixed ? (uint32_t)(sizeof(struct body) + (number * 2654435761U + to) % span)
                            : driver->message_size;
}

/* Of a message, whatever came before it. */
static uint64_t
hash_of(const void *body, uint32_t size, uint64_t to)
{
    return (fab_crc32c((uint32_t)to, body, size) + 1ULL) * 0x9e3779b97f4a7c15ULL;
}

/* --- the sink --------------------------------------------------------------------------------- */

static uint64_t
check_of(uint64_t number, uint64_t to)
{
    return (number + 1) * 0x9e3779b97f4a7c15ULL ^ to;
}

static void
note_origin(struct driver_link *at, const struct fab_msg *msg)
{
    uint64_t time_ns = msg->origin & MYC_ORIGIN_TIME_MASK; /* no machine here is up for a year */
    uint64_t off_ns = time_ns > msg->tag ? time_ns - msg->tag : msg->tag - time_ns;
    uint64_t error_ns = myc_origin_error_ns(msg->origin);

    if (msg->origin == 0)
        return;
    at->origins++;
    at->origins_beyond += off_ns > error_ns;
    if (error_ns > at->origin_error_ns)
        at->origin_error_ns = error_ns;
    if (off_ns > at->origin_off_ns)
        at->origin_off_ns = off_ns;
}

static void
on_message(void *context, struct fab_link *link, const struct fab_msg *msg)
{
    struct driver_link *at = link->core;
    uint64_t receiver = msg->to % DRIVER_RECEIVERS;
    const uint8_t *bytes = fab_msg_has_buffer(msg)
                               ? flow_bodies_borrowed(&at->driver->bodies, fab_msg_buffer_word(msg))
                               : fab_msg_body_const(msg);
    struct body body;

    (void)context;
    memcpy(&body, bytes, sizeof(body));
    at->received_hash += hash_of(bytes, msg->size, msg->to);
    if (msg->size != size_of(at->driver, body.number, msg->to) ||
        body.check != check_of(body.number, msg->to))
        at->torn++;
    if (body.number == at->next_in[receiver])
        at->received++;
    else
        at->misplaced++;
    at->next_in[receiver] = body.number + 1;
    note_origin(at, msg);
    if (fab_msg_has_buffer(msg))
        flow_bodies_drop(&at->driver->bodies, fab_msg_buffer_word(msg));
    at->to_send += at->driver->is_echo;
}

static void
on_up(void *context, struct fab_link *link)
{
    struct driver_link *at = context;

    (void)link;
    at->ups++;
    at->sent = 0;
    memset(at->next_in, 0, sizeof(at->next_in));
}

static void
on_down(void *context, struct fab_link *link, enum myc_status reason)
{
    struct driver_link *at = context;

    (void)link;
    (void)reason;
    at->downs++;
    if (at->driver->bodies.heap)
        flow_bodies_break(&at->driver->bodies);
}

static void
on_in_doubt(void *context, struct fab_link *link, const struct fab_msg *msg)
{
    (void)link;
    (void)msg;
    ((struct driver_link *)context)->doubts++;
}

static void
on_room(void *context, struct fab_link *link)
{
    (void)link;
    ((struct driver_link *)context)->rooms++;
}

static bool
on_body_wanted(void *context, uint32_t size, uint8_t **bytes, uint64_t *name)
{
    struct driver_link *at = context;

    return flow_bodies_want(&at->driver->bodies, size, bytes, name);
}

static void
on_body_dropped(void *context, uint64_t name)
{
    struct driver_link *at = context;

    flow_bodies_drop(&at->driver->bodies, name);
}

static void
on_body_sent(void *context, struct fab_link *link, uint64_t loan)
{
    struct driver_link *at = context;

    (void)link;
    flow_bodies_give(&at->driver->bodies, (uint32_t)loan);
}

static uint64_t
on_body_kept(void *context, struct fab_link *link, uint64_t loan)
{
    struct driver_link *at = context;

    (void)link;
    return flow_bodies_keep(&at->driver->bodies, loan);
}

static const struct fab_link_sink sink = {
    .on_message = on_message,
    .on_up = on_up,
    .on_down = on_down,
    .on_in_doubt = on_in_doubt,
    .on_body_wanted = on_body_wanted,
    .on_body_dropped = on_body_dropped,
    .on_body_sent = on_body_sent,
    .on_body_kept = on_body_kept,
    .on_room = on_room,
};

/* --- life ------------------------------------------------------------------------------------- */

static void
add_link(void *context, struct fab_link *link)
{
    struct driver *driver = context;
    struct driver_link *at = &driver->links[driver->link_count++];

    at->driver = driver;
    at->link = link;
    link->sink = &sink;
    link->own_heap = driver->bodies.heap;
    link->core = at;
}

static void
collect_links(struct driver *driver)
{
    for (uint8_t i = 0; i < driver->lcore_count; i++) {
        unsigned first = driver->link_count;

        driver->pollables[i] = fab_flow_port_pollable(driver->flow, i);
        fab_flow_port_link_each(driver->flow, i, add_link, driver);
        for (unsigned j = first; j < driver->link_count; j++)
            driver->links[j].lcore = i;
    }
}

/* The same node and peer over another port. */
static enum myc_status
open_second(struct driver *driver, const struct driver_options *options,
            struct fab_flow_port_options *flow)
{
    struct fab_flow_second_options second = {
        .peer = { .node_id = options->peer_node, .address = options->peer_address_b },
        .first = driver->flow,
    };
    struct fab_port_options port = {
        .size = sizeof(port),
        .device = options->device_b,
        .queue_count = options->queue_count,
        .steering = options->steering,
        .mtu = options->mtu,
        .mbuf_count = options->mbuf_count,
        .error = driver->error,
        .error_size = sizeof(driver->error),
    };
    enum myc_status status = fab_port_open(&port, &driver->port_b);

    flow->name = options->device_b;
    flow->port = driver->port_b;
    flow->address = options->address_b;
    flow->peer_count = 0;
    flow->seconds = &second;
    flow->second_count = 1;
    if (status == MYC_OK)
        status = fab_flow_port_create(flow, &driver->flow_b);
    for (uint8_t i = 0; status == MYC_OK && i < driver->lcore_count; i++)
        driver->pollables_b[i] = fab_flow_port_pollable(driver->flow_b, i);
    return status;
}

static enum myc_status
open_flow(struct driver *driver, const struct driver_options *options)
{
    struct fab_flow_peer_options peer = {
        .node_id = options->peer_node,
        .address = options->peer_address,
        .security = options->security,
        .pre_shared_key = { options->key },
    };
    struct fab_flow_port_options flow = {
        .size = sizeof(flow),
        .name = options->device,
        .port = driver->port,
        .address = options->address,
        .gateway = options->gateway,
        .vlan_id = options->vlan_id,
        .home = (uint64_t)options->node_id << 48 | options->incarnation,
        .lcore_count = driver->lcore_count,
        .peer_lcores = options->peer_lcores,
        .peers = &peer,
        .peer_count = options->peer_node ? 1 : 0,
        .mbuf_count = options->mbuf_count,
        .large_max = options->large_size ? FAB_MSG_SIZE_MAX : 0,
        .down_after_us = options->down_after_us,
        .poll_gap_us = options->poll_gap_us,
        .clock_id = options->clock_id,
        .seed = options->incarnation * 77 + options->node_id,
        .now_ns = driver_now_ns(),
        .error = driver->error,
        .error_size = sizeof(driver->error),
    };
    enum myc_status status = fab_flow_port_create(&flow, &driver->flow);

    if (status == MYC_OK)
        collect_links(driver);
    if (status == MYC_OK && options->device_b)
        status = open_second(driver, options, &flow);
    return status;
}

enum myc_status
driver_open(struct driver *driver, const struct driver_options *options)
{
    struct fab_port_options port = {
        .size = sizeof(port),
        .device = options->device,
        .queue_count = options->queue_count,
        .steering = options->steering,
        .mtu = options->mtu,
        .mbuf_count = options->mbuf_count,
        .rx_fault = options->rx_fault,
        .dma = options->has_dma ? &driver->dma : NULL,
        .error = driver->error,
        .error_size = sizeof(driver->error),
    };
    enum myc_status status;

    memset(driver, 0, sizeof(*driver));
    driver->lcore_count = options->lcore_count ? options->lcore_count : 1;
    driver->send_every_ns = options->send_every_us * 1000ULL;
    driver->message_size = options->message_size ? options->message_size : BODY_SIZE_DEFAULT;
    driver->is_mixed = options->is_mixed;
    driver->has_origins = options->has_origins;
    driver->is_echo = options->is_echo;
    driver->is_all_large = options->is_all_large;
    if (options->large_size)
        flow_bodies_init(&driver->bodies, options->large_size);
    if (options->has_dma)
        fab_dma_init(&driver->dma, driver->bodies.heap, driver->bodies.heap_size, FLOW_BODIES_PAGE);
    status = fab_port_open(&port, &driver->port);
    if (status == MYC_OK)
        status = open_flow(driver, options);
    if (status != MYC_OK)
        driver_close(driver);
    return status;
}

void
driver_close(struct driver *driver)
{
    fab_flow_port_destroy(&driver->flow);
    fab_flow_port_destroy(&driver->flow_b);
    fab_port_close(&driver->port);
    fab_port_close(&driver->port_b);
    driver->link_count = 0;
    fab_dma_fini(&driver->dma);
    flow_bodies_fini(&driver->bodies);
}

/* --- turns ------------------------------------------------------------------------------------ */

static void
fill(struct driver_link *at, struct fab_msg *msg, uint8_t *bytes)
{
    struct body body = { .number = at->sent / DRIVER_RECEIVERS };

    if (at->driver->has_origins) /* both nodes really read one clock */
        msg->origin = msg->tag = driver_now_ns();
    body.check = check_of(body.number, msg->to);
    memset(bytes, (int)body.number, msg->size);
    memcpy(bytes, &body, sizeof(body));
    at->sent_hash += hash_of(bytes, msg->size, msg->to);
    at->sent++;
    at->to_send--;
}

static bool
send_large(struct driver_link *at, uint64_t to, uint32_t size)
{
    struct flow_bodies *bodies = &at->driver->bodies;
    uint32_t index = flow_bodies_take(bodies);
    struct fab_msg *msg;

    if (index == FLOW_BODIES)
        return false;
    if (at->link->ops->claim_large(at->link, FAB_MSG_HEADER_SIZE + 8, to, size, &msg) != MYC_OK) {
        flow_bodies_give(bodies, index);
        return false;
    }
    *msg = (struct fab_msg){ .to = to,
                             .from = 1,
                             .template_id = 1,
                             .size = size,
                             .flags = FAB_MSG_HAS_BUFFER,
                             .extensions = 1 };
    fab_msg_set_buffer_word(msg, flow_bodies_word(bodies, index));
    fill(at, msg, flow_bodies_lent(bodies, index));
    at->link->ops->commit(at->link);
    at->link->is_dirty = true;
    return true;
}

static bool
send_one(struct driver_link *at)
{
    uint64_t receiver = at->sent % DRIVER_RECEIVERS;
    uint64_t to = receiver | (receiver + 1) << 32;
    uint64_t number = at->sent / DRIVER_RECEIVERS;
    uint32_t size = size_of(at->driver, number, to);
    uint32_t stride = (FAB_MSG_HEADER_SIZE + size + 7U) & ~7U;
    /* Through an open window and past it, in turn, as a core does. */
    bool is_taken = at->link->window.left > 0 && stride <= FAB_RING_SLOT_SIZE && number % 8 != 0;
    struct fab_msg *msg;

    if (is_large(at->driver, number))
        return send_large(at, to, size);
    if (is_taken)
        msg = fab_link_take(at->link, size);
    else if (at->link->ops->claim(at->link, FAB_LANE_USER, stride, to, &msg) != MYC_OK)
        return false;
    *msg = (struct fab_msg){ .to = to, .from = 1, .template_id = 1, .size = size };
    fill(at, msg, fab_msg_body(msg));
    if (!is_taken)
        at->link->ops->commit(at->link);
    at->link->is_dirty = true;
    return true;
}

static const struct fab_room driver_room = { .records = 256, .messages = 256 };

static unsigned
turn_lcore(struct driver *driver, uint8_t lcore)
{
    uint64_t now_ns = driver_now_ns();
    const struct fab_pollable *pollable = &driver->pollables[lcore];
    const struct fab_pollable *second = driver->flow_b ? &driver->pollables_b[lcore] : NULL;
    unsigned work = pollable->poll(pollable->context, driver_room, now_ns);

    if (second)
        work += second->poll(second->context, driver_room, now_ns);
    for (unsigned i = 0; i < driver->link_count; i++) {
        struct driver_link *at = &driver->links[i];

        if (at->lcore != lcore || !at->link->is_up || now_ns < driver->send_ns)
            continue;
        for (unsigned sends = 0; sends < SENDS_PER_TURN && at->to_send > 0; sends++) {
            if (!send_one(at))
                break;
            work++;
        }
        if (at->link->is_dirty)
            at->link->ops->flush(at->link, now_ns);
        at->link->is_dirty = false;
    }
    if (now_ns >= driver->send_ns)
        driver->send_ns = now_ns + driver->send_every_ns;
    pollable->flush(pollable->context, now_ns);
    if (second)
        second->flush(second->context, now_ns);
    return work;
}

unsigned
driver_turn(struct driver *driver)
{
    unsigned work = 0;

    for (uint8_t i = 0; i < driver->lcore_count && !driver->is_silent; i++)
        work += driver->is_still[i] ? 0 : turn_lcore(driver, i);
    return work;
}

bool
driver_run(struct driver *a, struct driver *b, bool (*is_done)(void *context), void *context,
           unsigned milliseconds)
{
    uint64_t end_ns = driver_now_ns() + milliseconds * 1000000ULL;

    while (!is_done(context)) {
        unsigned work = a ? driver_turn(a) : 0;

        work += b ? driver_turn(b) : 0;
        if (driver_now_ns() > end_ns)
            return false;
        if (work == 0)
            sched_yield();
    }
    return true;
}
