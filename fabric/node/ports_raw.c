/* SPDX-License-Identifier: BSD-3-Clause */
/* Raw frames of a node's ports: the actors that listen to them, and those that send some. */
#include <string.h>

#include "env/clock.h"
#include "node/ports_state.h"

struct port_entry *
fab_ports_find(const struct fab_ports *ports, const char *name)
{
    for (uint32_t i = 0; ports && i < ports->count; i++)
        if (strcmp(ports->entries[i].name, name) == 0)
            return (struct port_entry *)(uintptr_t)&ports->entries[i];
    return NULL;
}

static void
on_raw_frame(void *context, const void *bytes, uint32_t size, struct fab_rx_time came)
{
    const struct listener *listener = context;
    const struct myc_frame frame = {
        .bytes = bytes,
        .size = size,
        .rx_ns = came.ns,
        .origin = myc_origin_make(came.ns, came.error_ns),
    };

    (void)fab_core_frame(listener->core, listener->actor, listener->on_frame, &frame);
}

static struct listener *
free_listener(struct port_entry *entry)
{
    for (uint32_t i = 0; i < FAB_FLOW_LISTENERS_MAX; i++)
        if (!entry->listeners[i].core)
            return &entry->listeners[i];
    return NULL;
}

static enum myc_status
ports_listen(void *context, struct myc_ref actor, const char *port, uint16_t udp_port,
             myc_frame_fn on_frame)
{
    struct fab_lcore *lcore = context;
    struct port_entry *entry = fab_ports_find(lcore->full->ports, port);
    struct listener *listener;
    enum myc_status status;

    if (!entry)
        return MYC_NOT_FOUND;
    if (entry->lcore != lcore->index)
        return MYC_BAD_STATE;
    listener = free_listener(entry);
    if (!listener)
        return MYC_NO_MEMORY;
    *listener = (struct listener){ lcore->core, actor, on_frame, udp_port };
    status = fab_flow_port_listen(entry->flows, udp_port, on_raw_frame, listener);
    if (status != MYC_OK)
        listener->core = NULL;
    return status;
}

static void
release_in(struct port_entry *entry, const struct fab_lcore *lcore, struct myc_ref actor)
{
    for (uint32_t i = 0; i < FAB_FLOW_LISTENERS_MAX; i++) {
        struct listener *listener = &entry->listeners[i];

        if (listener->core != lcore->core || !myc_ref_is_equal(listener->actor, actor))
            continue;
        fab_flow_port_unlisten(entry->flows, listener->udp_port);
        listener->core = NULL;
    }
}

static void
ports_release(void *context, struct myc_ref actor)
{
    const struct fab_lcore *lcore = context;
    struct fab_ports *ports = lcore->full->ports;

    for (uint32_t i = 0; ports && i < ports->count; i++)
        if (ports->entries[i].lcore == lcore->index)
            release_in(&ports->entries[i], lcore, actor);
}

static enum myc_status
ports_transmit(void *context, const char *port, const void *frame, uint32_t size)
{
    const struct fab_lcore *lcore = context;
    struct port_entry *entry = fab_ports_find(lcore->full->ports, port);

    if (!entry)
        return MYC_NOT_FOUND;
    if (entry->lcore != lcore->index)
        return MYC_BAD_STATE;
    return fab_flow_port_transmit(entry->flows, frame, size, fab_clock_ns());
}

struct fab_core_ports
fab_ports_core_ops(struct fab_lcore *lcore)
{
    return (struct fab_core_ports){ ports_listen, ports_release, ports_transmit, lcore };
}
