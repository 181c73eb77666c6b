/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire_place.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "partner.h"

void
wire_devices_choose(const char *device, struct wire_devices *devices)
{
    char *comma;

    snprintf(devices->memif, sizeof(devices->memif), "/tmp/mycelium-bench-%d.memif", (int)getpid());
    if (device)
        snprintf(devices->text, sizeof(devices->text), "%s", device);
    else
        snprintf(devices->text, sizeof(devices->text), "memif:%.128s", devices->memif);
    devices->ours = devices->theirs = devices->text;
    comma = strchr(devices->text, ',');
    if (comma) {
        *comma = '\0';
        devices->theirs = comma + 1;
    }
}

enum myc_status
wire_device_read(const char *spec, bool is_partner, struct local_node_wish *wish, char *vdev)
{
    if (strncmp(spec, "memif:", 6) == 0) {
        snprintf(vdev, WIRE_PLACE_TEXT,
                 "net_memif0,role=%s,id=0,socket=%s,socket-abstract=no,bsize=2048",
                 is_partner ? "client" : "server", spec + 6);
        wish->device = "net_memif0";
    } else if (strncmp(spec, "af_packet:", 10) == 0) {
        snprintf(vdev, WIRE_PLACE_TEXT, "net_af_packet0,iface=%s,qpairs=1,framecnt=1024",
                 spec + 10);
        wish->device = "net_af_packet0";
    } else {
        return MYC_INVALID;
    }
    wish->vdev = vdev;
    wish->node_id = is_partner ? PARTNER_NODE_ID : LOCAL_NODE_ID;
    wish->lcore_count = 1;
    wish->first_cpu = is_partner;
    wish->address = is_partner ? "10.99.0.2/24" : "10.99.0.1/24";
    wish->peer_address = is_partner ? "10.99.0.1" : "10.99.0.2";
    return MYC_OK;
}

/* `arguments`: FRAME_SIZE:DEVICE. */
enum myc_status
bench_wire_partner(const char *arguments, const char *fault, struct myc_node **node)
{
    static struct raw_port port;
    static struct bench_raw raw;
    struct local_node_wish wish = { 0 };
    char vdev[WIRE_PLACE_TEXT];
    char *device;
    uint16_t frame_size = (uint16_t)strtoul(arguments, &device, 10);
    enum myc_status status =
        *device == ':' ? wire_device_read(device + 1, true, &wish, vdev) : MYC_INVALID;

    wish.fault = fault;
    if (status == MYC_OK)
        status = local_node_start(&wish, node);
    if (status == MYC_OK)
        status = raw_port_init(&port, *node, "wire0", frame_size);
    if (status != MYC_OK)
        return status;
    raw_port_ops(&port, &raw);
    return bench_partner_spawn(*node, 0, &raw);
}

static enum myc_status
start_partner(const struct wire_place_wish *wish, const char *device, pid_t *partner)
{
    char spec[WIRE_PLACE_TEXT + 16];
    enum myc_status status;
    int home_fd = -1;

    snprintf(spec, sizeof(spec), "wire:%u:%s", wish->frame_size, device);
    if (wish->partner_network_fd) {
        home_fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
        if (home_fd < 0 || setns(wish->partner_network_fd, CLONE_NEWNET) != 0)
            return MYC_IO_ERROR;
    }
    status = bench_partner_start(spec, wish->fault, partner);
    if (home_fd >= 0) {
        if (setns(home_fd, CLONE_NEWNET) != 0)
            status = MYC_IO_ERROR;
        close(home_fd);
    }
    return status;
}

enum myc_status
wire_place_open(const struct wire_place_wish *wish, struct wire_place *place)
{
    struct local_node_wish node = { 0 };
    char vdev[WIRE_PLACE_TEXT];
    enum myc_status status;

    memset(place, 0, sizeof(*place));
    wire_devices_choose(wish->device, &place->devices);
    status = wire_device_read(place->devices.ours, false, &node, vdev);
    node.fault = wish->fault;
    if (wish->lcore_count) {
        node.lcore_count = wish->lcore_count;
        node.has_partner = true;
    }
    if (status == MYC_OK)
        status = local_node_start(&node, &place->node);
    if (status == MYC_OK)
        status = raw_port_init(&place->port, place->node, "wire0", wish->frame_size);
    raw_port_ops(&place->port, &place->raw);
    if (status == MYC_OK)
        status = start_partner(wish, place->devices.theirs, &place->partner);
    if (status != MYC_OK)
        wire_place_close(place);
    return status;
}

void
wire_place_close(struct wire_place *place)
{
    if (place->partner)
        bench_partner_stop(place->partner);
    place->partner = 0;
    myc_node_stop(&place->node);
    unlink(place->devices.memif);
}
