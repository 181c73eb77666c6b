/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A poller: an actor that speaks to a peer over the kernel's TCP, as to an exchange whose session
 * is not on a bypass stack.
 *
 * Nothing here waits. The socket is non-blocking from its first call on; in each turn the poller
 * writes what the kernel takes and reads one buffer at most, so that its neighbours on the lcore
 * do not notice. What the owner has no room for stays in the buffer, no more is read, and so TCP's
 * window closes. When the peer is gone the session fails with NO_CONNECTION, when it does not read
 * for so long that the other buffer is full, with FULL; its supervisor connects again.
 */
#include "examples.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <mycelium/timer.h>

#include "examples_messages.h"

#define BUFFER_SIZE (64U * EXAMPLE_JOB_SIZE)

/* Whole records only go in at one end and out at the other. */
struct buffer {
    uint32_t size; /* bytes that wait */
    uint8_t bytes[BUFFER_SIZE];
};

struct session {
    struct example_tcp_args args;
    int fd; /* owned; -1: none */
    bool is_connected;
    struct buffer in;
    struct buffer out;
};

static void
forget(struct buffer *buffer, size_t size)
{
    buffer->size -= (uint32_t)size;
    memmove(buffer->bytes, buffer->bytes + size, buffer->size);
}

static bool
is_only_later(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR || errno == EINPROGRESS;
}

static enum myc_status
begin_connect(struct session *session)
{
    const struct sockaddr_in peer = {
        .sin_family = AF_INET,
        .sin_port = htons(session->args.port),
        .sin_addr.s_addr = htonl(session->args.address),
    };
    int on = 1;

    session->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (session->fd < 0)
        return MYC_IO_ERROR;
    (void)setsockopt(session->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (connect(session->fd, (const struct sockaddr *)&peer, sizeof(peer)) == 0 || is_only_later())
        return MYC_OK;
    close(session->fd);
    return MYC_NO_CONNECTION;
}

/* Whether the connection stands by now; fails the actor when it never will. */
static bool
has_connected(struct myc_self *self, struct session *session)
{
    struct pollfd writable = { .fd = session->fd, .events = POLLOUT };
    socklen_t size = sizeof(int);
    int error = 0;

    if (session->is_connected || poll(&writable, 1, 0) != 1)
        return session->is_connected;
    if (getsockopt(session->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0)
        myc_fail(self, MYC_NO_CONNECTION);
    else
        session->is_connected = true;
    return session->is_connected;
}

static unsigned
write_out(struct myc_self *self, struct session *session)
{
    ssize_t written;

    if (session->out.size == 0)
        return 0;
    written = send(session->fd, session->out.bytes, session->out.size, MSG_NOSIGNAL);
    if (written < 0) {
        if (!is_only_later())
            myc_fail(self, MYC_NO_CONNECTION);
        return 0;
    }
    forget(&session->out, (size_t)written);
    return 1;
}

static unsigned
read_in(struct myc_self *self, struct session *session)
{
    ssize_t got;

    if (session->in.size == BUFFER_SIZE)
        return 0;
    got =
        recv(session->fd, session->in.bytes + session->in.size, BUFFER_SIZE - session->in.size, 0);
    if (got > 0)
        session->in.size += (uint32_t)got;
    else if (got == 0 || !is_only_later())
        myc_fail(self, MYC_NO_CONNECTION);
    return got > 0;
}

/* Whole records go to the owner, as many as it has room for. */
static void
hand_on(struct myc_self *self, struct session *session)
{
    uint32_t taken = 0;

    while (session->in.size - taken >= EXAMPLE_JOB_SIZE &&
           myc_send(self, session->args.owner, &example_job_type, session->in.bytes + taken,
                    EXAMPLE_JOB_SIZE) == MYC_OK)
        taken += EXAMPLE_JOB_SIZE;
    forget(&session->in, taken);
}

static unsigned
session_poll(struct myc_self *self, void *state)
{
    struct session *session = state;
    unsigned done;

    if (!has_connected(self, session))
        return 0;
    done = write_out(self, session) + read_in(self, session);
    if (session->in.size >= EXAMPLE_JOB_SIZE)
        hand_on(self, session);
    return done;
}

static enum myc_status
session_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    struct session *session = state;
    enum myc_status status;

    session->fd = -1;
    if (args_size != sizeof(session->args))
        return MYC_INVALID;
    memcpy(&session->args, args, sizeof(session->args));
    status = begin_connect(session);
    return status == MYC_OK ? myc_poller_start(self, session_poll, 0, NULL) : status;
}

static enum myc_status
session_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct session *session = state;
    struct buffer *out = &session->out;

    (void)self;
    if (!myc_message_is(message, &example_job_type) || message->size != EXAMPLE_JOB_SIZE)
        return MYC_OK;
    if (BUFFER_SIZE - out->size < EXAMPLE_JOB_SIZE)
        return MYC_FULL;
    memcpy(out->bytes + out->size, message->body, EXAMPLE_JOB_SIZE);
    out->size += EXAMPLE_JOB_SIZE;
    return MYC_OK;
}

static void
session_stop(struct myc_self *self, void *state, enum myc_status reason)
{
    const struct session *session = state;

    (void)self, (void)reason;
    if (session->fd >= 0)
        close(session->fd);
}

static const struct myc_type *const accepts[] = { &example_job_type };

const struct myc_class example_tcp_class = {
    .size = sizeof(struct myc_class),
    .name = "example_tcp",
    .state_size = sizeof(struct session),
    .accepts = accepts,
    .accepts_count = 1,
    .init = session_init,
    .receive = session_receive,
    .stop = session_stop,
};
