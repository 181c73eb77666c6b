/* SPDX-License-Identifier: BSD-3-Clause */
#include "env/memif_socket.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "env/memif_probe.h"

#define WAIT_MS 2000U

static bool
is_socket(const char *path)
{
    struct stat status;

    return lstat(path, &status) == 0 && S_ISSOCK(status.st_mode);
}

void
fab_memif_socket_clean(const char *devargs)
{
    struct fab_memif_probe probe;
    char is_abstract[8];

    if (strncmp(devargs, "net_memif", strlen("net_memif")) != 0 || !fab_memif_is_server(devargs) ||
        !fab_memif_find_value(devargs, "socket-abstract", is_abstract, sizeof(is_abstract)) ||
        strcmp(is_abstract, "no") != 0 || !fab_memif_probe_init(&probe, devargs))
        return;
    /* Nobody listens: the connection is refused, not merely forbidden. It is at a file, too. */
    if (fab_memif_probe_wait(&probe, WAIT_MS) != FAB_MEMIF_ABSENT || probe.cause != ECONNREFUSED ||
        !is_socket(probe.address.sun_path))
        return;
    if (unlink(probe.address.sun_path) == 0)
        fab_log(FAB_LOG_INFO, "nobody listens at %s any more: removed it", probe.address.sun_path);
}
