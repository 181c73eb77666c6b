/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nng: pair0 sockets.
 */
#include <stdint.h>
#include <stdlib.h>

#include <nng/nng.h>
#include <nng/protocol/pair0/pair.h>
#include <nng/supplemental/util/platform.h>

#include "../pair.h"

static void *
open_socket(const char *address, int is_server)
{
    nng_socket *socket = malloc(sizeof(*socket));

    peer_check(socket && nng_pair0_open(socket) == 0, "nng_pair0_open");
    if (is_server) {
        peer_check(nng_listen(*socket, address, NULL, 0) == 0, "nng_listen");
        return socket;
    }
    while (nng_dial(*socket, address, NULL, 0) != 0) /* the other end may not listen yet */
        nng_msleep(1);
    return socket;
}

static void
take(void *socket, struct peer_record *record)
{
    size_t size = sizeof(*record);

    peer_check(nng_recv(*(nng_socket *)socket, record, &size, 0) == 0 && size == sizeof(*record),
               "nng_recv");
}

static void
put(void *socket, const struct peer_record *record)
{
    void *bytes = (void *)(uintptr_t)record; /* nng copies it */

    peer_check(nng_send(*(nng_socket *)socket, bytes, sizeof(*record), 0) == 0, "nng_send");
}

static void
close_socket(void *socket)
{
    nng_close(*(nng_socket *)socket);
    free(socket);
}

int
main(int argc, char **argv)
{
    static const struct peer_library library = { "nng", open_socket, take, put, close_socket };

    return peer_pair_main(argc, argv, &library);
}
