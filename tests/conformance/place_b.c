/* SPDX-License-Identifier: BSD-3-Clause */
#include "conformance/place_b.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

#define TURNS  64U /* of a client, between looks at the socket */
#define BUDGET 256U

static enum myc_status
spawn_as_told(struct myc_node *node, const struct place_request *request, struct myc_ref *ref)
{
    const struct myc_spawn_options options = {
        .size = sizeof(options),
        .args = request->args,
        .args_size = sizeof(request->args),
        .name = *request->name ? request->name : NULL,
        .mailbox_max = request->mailbox_max,
    };
    const struct myc_class *class_of = conf_class_lookup(request->class_name);

    return class_of ? myc_node_spawn(node, 0, class_of, &options, ref) : MYC_NOT_FOUND;
}

static bool
answer(const struct place_answer *packet)
{
    return send(PLACE_B_SOCKET, packet, sizeof(*packet), MSG_NOSIGNAL) == sizeof(*packet);
}

/* The next request, waiting for at most timeout_ms; negative: for ever. False: the test is gone. */
static bool
take_request(struct myc_node *node, int timeout_ms)
{
    struct pollfd readable = { .fd = PLACE_B_SOCKET, .events = POLLIN };
    struct place_request request;
    struct place_answer packet = { .status = MYC_OK };
    int count = poll(&readable, 1, timeout_ms);

    if (count == 0 || (count < 0 && errno == EINTR))
        return true;
    if (recv(PLACE_B_SOCKET, &request, sizeof(request), 0) != sizeof(request))
        return false;
    packet.status = spawn_as_told(node, &request, &packet.ref);
    return answer(&packet);
}

/* Some turns of a client. False: all of them found nothing to do. */
static bool
turn_client(struct myc_node *node)
{
    unsigned work = 0;

    for (unsigned i = 0; i < TURNS; i++)
        work += myc_node_poll(node, BUDGET);
    return work != 0;
}

int
place_b_serve(struct myc_node **node, bool is_client)
{
    const struct place_answer ready = { .status = MYC_OK };
    int timeout_ms = -1;

    if (!answer(&ready))
        return 1;
    do {
        if (is_client)
            timeout_ms = turn_client(*node) ? 0 : 1;
    } while (take_request(*node, timeout_ms));
    myc_node_stop(node);
    return 0;
}
