/* SPDX-License-Identifier: BSD-3-Clause */
#include "socket_io.h"

#include <errno.h>
#include <sched.h>
#include <sys/socket.h>

/* Whether to try once more after a call that moved nothing. */
static bool
can_go_on(bool spins)
{
    if (errno == EINTR)
        return true;
    if (errno != EAGAIN || !spins)
        return false;
    sched_yield();
    return true;
}

bool
socket_receive_all(int fd, bool spins, void *bytes, size_t size)
{
    for (size_t at = 0; at < size;) {
        ssize_t got = recv(fd, (char *)bytes + at, size - at, spins ? MSG_DONTWAIT : 0);

        if (got > 0)
            at += (size_t)got;
        else if (got == 0 || !can_go_on(spins))
            return false;
    }
    return true;
}

bool
socket_send_all(int fd, bool spins, const void *bytes, size_t size)
{
    const int flags = MSG_NOSIGNAL | (spins ? MSG_DONTWAIT : 0);

    for (size_t at = 0; at < size;) {
        ssize_t sent = send(fd, (const char *)bytes + at, size - at, flags);

        if (sent > 0)
            at += (size_t)sent;
        else if (!can_go_on(spins))
            return false;
    }
    return true;
}
