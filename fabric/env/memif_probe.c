/* SPDX-License-Identifier: BSD-3-Clause */
#include "env/memif_probe.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DEFAULT_PATH "/run/memif.sock" /* the PMD's, an abstract name unless told otherwise */
#define MESSAGE_SIZE 128U
#define STEP_MS      2

bool
fab_memif_find_value(const char *devargs, const char *key, char *value, size_t size)
{
    size_t key_size = strlen(key);
    size_t length;

    for (; devargs; devargs = strchr(devargs, ',')) {
        devargs += *devargs == ',';
        if (strncmp(devargs, key, key_size) != 0 || devargs[key_size] != '=')
            continue;
        devargs += key_size + 1;
        length = strcspn(devargs, ",");
        if (length == 0 || length >= size)
            return false;
        memcpy(value, devargs, length);
        value[length] = '\0';
        return true;
    }
    return false;
}

bool
fab_memif_is_server(const char *devargs)
{
    char role[16];

    return fab_memif_find_value(devargs, "role", role, sizeof(role)) &&
           (strstr(role, "server") || strstr(role, "master"));
}

bool
fab_memif_probe_init(struct fab_memif_probe *probe, const char *devargs)
{
    char path[sizeof(probe->address.sun_path)] = DEFAULT_PATH;
    char is_abstract[8] = "yes";
    bool has_path = devargs && strstr(devargs, "socket=");

    *probe = (struct fab_memif_probe){ .address.sun_family = AF_UNIX, .fd = -1 };
    if (has_path && !fab_memif_find_value(devargs, "socket", path, sizeof(path) - 1))
        return false;
    fab_memif_find_value(devargs, "socket-abstract", is_abstract, sizeof(is_abstract));
    if (strstr(is_abstract, "no")) {
        memcpy(probe->address.sun_path, path, sizeof(path));
        probe->address_size = sizeof(probe->address);
        return true;
    }
    memcpy(probe->address.sun_path + 1, path, sizeof(path) - 1);
    probe->address_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(path));
    return true;
}

static enum fab_memif_answer
ask(struct fab_memif_probe *probe)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return FAB_MEMIF_PENDING;
    if (connect(fd, (const struct sockaddr *)&probe->address, probe->address_size) == 0) {
        probe->fd = fd;
        return FAB_MEMIF_PENDING;
    }
    probe->cause = errno;
    close(fd); /* it was not connected */
    return probe->cause == EAGAIN || probe->cause == EINTR ? FAB_MEMIF_PENDING : FAB_MEMIF_ABSENT;
}

enum fab_memif_answer
fab_memif_probe_poll(struct fab_memif_probe *probe)
{
    char message[MESSAGE_SIZE];
    ssize_t size;

    if (probe->fd < 0)
        return ask(probe);
    size = recv(probe->fd, message, sizeof(message), MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return FAB_MEMIF_PENDING;
    probe->cause = ECONNRESET;
    close(probe->fd);
    probe->fd = -1;
    return size > 0 ? FAB_MEMIF_GREETED : FAB_MEMIF_ABSENT;
}

enum fab_memif_answer
fab_memif_probe_wait(struct fab_memif_probe *probe, unsigned milliseconds)
{
    static const struct timespec step = { .tv_nsec = STEP_MS * 1000000L };
    enum fab_memif_answer answer = fab_memif_probe_poll(probe);

    for (unsigned waited = 0; answer == FAB_MEMIF_PENDING && waited < milliseconds;
         waited += STEP_MS) {
        nanosleep(&step, NULL);
        answer = fab_memif_probe_poll(probe);
    }
    return answer;
}
