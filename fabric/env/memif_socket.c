/* SPDX-License-Identifier: BSD-3-Clause */
#include "env/memif_socket.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"

/* The value of "key=value" among arguments; false: not there, or too long. */
static int
find_value(const char *devargs, const char *key, char *value, size_t size)
{
    const char *at = strstr(devargs, key);
    size_t length;

    if (!at)
        return 0;
    at += strlen(key);
    length = strcspn(at, ",");
    if (length == 0 || length >= size)
        return 0;
    memcpy(value, at, length);
    value[length] = '\0';
    return 1;
}

/* Nobody listens: the connection is refused, not merely busy or forbidden. */
static int
is_stale(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int refused;

    if (fd < 0)
        return 0;
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    refused =
        connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0 && errno == ECONNREFUSED;
    close(fd);
    return refused;
}

void
fab_memif_socket_clean(const char *devargs)
{
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)];

    if (strncmp(devargs, "net_memif", strlen("net_memif")) != 0 ||
        !strstr(devargs, "socket-abstract=no") ||
        (!strstr(devargs, "role=server") && !strstr(devargs, "role=master")))
        return;
    if (!find_value(devargs, "socket=", path, sizeof(path)) || !is_stale(path))
        return;
    fab_log(FAB_LOG_INFO, "nobody listens at %s any more: removing it", path);
    unlink(path);
}
