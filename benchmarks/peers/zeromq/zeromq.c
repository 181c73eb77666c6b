/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ZeroMQ: PAIR sockets. A process has one context with one I/O thread, which inproc does not use.
 */
#include <pthread.h>
#include <stddef.h>

#include <zmq.h>

#include "../pair.h"

static void *process_context;

static void
make_context(void)
{
    process_context = zmq_ctx_new();
}

static void *
open_socket(const char *address, int is_server)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT; /* here, for a context survives no fork */
    void *socket;

    pthread_once(&once, make_context);
    socket = zmq_socket(process_context, ZMQ_PAIR);
    peer_check(socket != NULL, "zmq_socket");
    if (is_server)
        peer_check(zmq_bind(socket, address) == 0, "zmq_bind");
    else
        peer_check(zmq_connect(socket, address) == 0, "zmq_connect");
    return socket;
}

static void
take(void *socket, struct peer_record *record)
{
    peer_check(zmq_recv(socket, record, sizeof(*record), 0) == sizeof(*record), "zmq_recv");
}

static void
put(void *socket, const struct peer_record *record)
{
    peer_check(zmq_send(socket, record, sizeof(*record), 0) == sizeof(*record), "zmq_send");
}

static void
close_socket(void *socket)
{
    zmq_close(socket);
}

int
main(int argc, char **argv)
{
    static const struct peer_library library = { "ZeroMQ", open_socket, take, put, close_socket };
    int code = peer_pair_main(argc, argv, &library);

    if (process_context)
        zmq_ctx_term(process_context);
    return code;
}
