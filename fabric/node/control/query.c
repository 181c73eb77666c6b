/* SPDX-License-Identifier: BSD-3-Clause */
#include "node/control/query.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "node/control/socket.h"

static enum myc_status
ask(int fd, const char *request)
{
    union fab_control_packet packet;

    if (strlen(request) >= sizeof(packet.text.text))
        return MYC_INVALID;
    fab_control_packet_init(&packet, FAB_CONTROL_REQUEST);
    memcpy(packet.text.text, request, strlen(request));
    return fab_control_send(fd, &packet, -1);
}

static enum myc_status
read_text(int fd, uint64_t size, char **text)
{
    size_t done = 0;
    char *bytes;

    if (size > FAB_QUERY_SIZE_MAX)
        return MYC_INVALID;
    bytes = malloc(size + 1);
    if (!bytes)
        return MYC_NO_MEMORY;
    while (done < size) {
        ssize_t got = pread(fd, bytes + done, size - done, (off_t)done);

        if (got <= 0) {
            free(bytes);
            return MYC_IO_ERROR;
        }
        done += (size_t)got;
    }
    bytes[size] = '\0';
    *text = bytes;
    return MYC_OK;
}

static enum myc_status
await(int fd, int timeout_ms, char **text, char *error, size_t error_size)
{
    struct pollfd socket = { .fd = fd, .events = POLLIN };
    union fab_control_packet packet;
    enum myc_status status;
    int passed;

    if (poll(&socket, 1, timeout_ms) <= 0)
        return MYC_TIMEOUT;
    status = fab_control_receive(fd, &packet, &passed);
    if (status != MYC_OK)
        return status == MYC_GONE ? MYC_IO_ERROR : status;
    if (packet.head.type == FAB_CONTROL_RESPONSE && passed >= 0)
        status = read_text(passed, packet.memory.size, text);
    else
        status = MYC_INVALID;
    if (packet.head.type == FAB_CONTROL_END) {
        snprintf(error, error_size, "%s", packet.text.text);
        status = (enum myc_status)packet.text.status;
    }
    if (passed >= 0)
        close(passed);
    return status;
}

enum myc_status
fab_control_query(const char *path, const char *request, int timeout_ms, char **text, char *error,
                  size_t error_size)
{
    int fd = -1;
    enum myc_status status = fab_control_connect(path, &fd);

    snprintf(error, error_size, "%s: %s", path,
             status == MYC_NOT_FOUND ? "no node listens there" : myc_status_text(status));
    if (status != MYC_OK)
        return status;
    *error = '\0';
    status = ask(fd, request);
    if (status == MYC_OK)
        status = await(fd, timeout_ms, text, error, error_size);
    if (status != MYC_OK && *error == '\0')
        snprintf(error, error_size, "%s: %s", path, myc_status_text(status));
    close(fd);
    return status;
}
