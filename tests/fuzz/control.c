/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control handshake: the input is a row of packets (with or without an fd beside them) that a
 * peer sends to a listening node, or to one that attaches.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/log.h"
#include "node/control/place.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned attached;
static unsigned detached;

static void
on_attached(void *context, const struct fab_control_peer *peer)
{
    (void)context;
    for (uint32_t i = 0; i < peer->link_count; i++)
        peer->links[i].link.ops->close(&peer->links[i].link);
    attached++;
}

static void
on_detached(void *context, const struct fab_control_peer *peer, enum myc_status reason)
{
    (void)context;
    (void)peer;
    (void)reason;
    detached++;
}

static char *
on_request(void *context, const char *request)
{
    (void)context;
    return strdup(request);
}

/* A descriptor as the first byte says: none, no memfd, unsealed, sealed. */
static int
descriptor(uint8_t kind, uint64_t size)
{
    int fd;

    if (kind % 4 == 0)
        return -1;
    if (kind % 4 == 1)
        return open("/dev/null", O_RDWR | O_CLOEXEC);
    fd = memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    FAB_ASSERT(fd >= 0 && ftruncate(fd, (off_t)(size % (1 << 20))) == 0);
    if (kind % 4 == 3)
        FAB_ASSERT(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE) == 0);
    return fd;
}

static struct fab_control *
make(uint8_t mode)
{
    static char path[] = "fuzz";
    struct fab_control *control = calloc(1, sizeof(*control));

    FAB_ASSERT(control);
    control->options = (struct fab_control_options){
        .size = sizeof(control->options),
        .lcore_count = 1,
        .slots = 64,
        .is_client = mode & 1,
        .attach_count = 1,
        .ops = { on_attached, on_detached, NULL, on_request, NULL },
    };
    control->home = mode & 1 ? 0x123456789abcULL : 0x0001123456789abcULL;
    control->attaches[0].path = path;
    for (unsigned i = 0; i < FAB_CONTROL_PLACES; i++) {
        control->places[i].fd = control->places[i].process_fd = control->places[i].heap_fd = -1;
        control->places[i].attach = FAB_CONTROL_NO_ATTACH;
    }
    return control;
}

static void
feed(struct fab_control *control, struct fab_place *place, const uint8_t **data, size_t *size)
{
    union fab_control_packet packet;
    size_t length = (*data)[1] < sizeof(packet) ? (*data)[1] : sizeof(packet);
    uint8_t kind = (*data)[0];
    int passed;

    *data += 2;
    *size -= 2;
    length = length < *size ? length : *size;
    memset(&packet, 0, sizeof(packet));
    memcpy(&packet, *data, length);
    *data += length;
    *size -= length;
    if (fab_control_packet_check(&packet, length) != MYC_OK)
        return;
    passed = descriptor(kind, packet.memory.size);
    fab_place_on_packet(control, place, &packet, passed);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fab_control *control;
    struct fab_place *place;
    int ends[2];

    if (size < 4)
        return 0;
    fab_log_set_level(FAB_LOG_ERROR);
    control = make(data[0]);
    place = &control->places[0];
    FAB_ASSERT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
    place->fd = ends[0];
    place->state = FAB_PLACE_ACCEPTED;
    attached = detached = 0;
    if (data[0] & 2) {
        place->attach = 0;
        fab_place_begin(control, place);
    }
    data++;
    size--;
    while (size > 2 && place->fd >= 0)
        feed(control, place, &data, &size);
    fab_place_end(control, place, MYC_NORMAL, "the input is over", true);
    FAB_ASSERT(attached == detached);
    fab_place_reclaim(control, place, false);
    FAB_ASSERT(place->state == FAB_PLACE_FREE);
    close(ends[1]);
    free(control);
    return 0;
}
