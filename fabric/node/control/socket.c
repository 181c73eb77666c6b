/* SPDX-License-Identifier: BSD-3-Clause */
#include "node/control/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 32

static bool
address_of(const char *path, struct sockaddr_un *address)
{
    size_t length = strlen(path);

    memset(address, 0, sizeof(*address));
    address->sun_family = AF_UNIX;
    if (length == 0 || length >= sizeof(address->sun_path))
        return false;
    memcpy(address->sun_path, path, length);
    return true;
}

static int
socket_open(void)
{
    return socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

enum myc_status
fab_control_connect(const char *path, int *fd)
{
    struct sockaddr_un address;
    int error;

    if (!address_of(path, &address))
        return MYC_INVALID;
    *fd = socket_open();
    if (*fd < 0)
        return MYC_IO_ERROR;
    if (connect(*fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        return MYC_OK;
    error = errno;
    close(*fd);
    *fd = -1;
    switch (error) {
    case ENOENT:
    case ENOTDIR:
    case ECONNREFUSED:
        return MYC_NOT_FOUND;
    case EACCES:
    case EPERM:
        return MYC_REFUSED;
    case EAGAIN:
        return MYC_FULL;
    default:
        return MYC_IO_ERROR;
    }
}

/* Makes the path free for us, or says who has it. Context: under the lock of the folder. */
static enum myc_status
clear_place(const char *path, char *error, size_t error_size)
{
    struct fab_control_credentials owner = { 0 };
    enum myc_status status;
    struct stat file;
    int fd;

    if (lstat(path, &file) != 0)
        return MYC_OK;
    if (!S_ISSOCK(file.st_mode)) {
        snprintf(error, error_size,
                 "%s is there and not a socket: give the node another control socket, or remove it",
                 path);
        return MYC_EXISTS;
    }
    status = fab_control_connect(path, &fd);
    if (status == MYC_NOT_FOUND) {
        unlink(path);
        return MYC_OK;
    }
    if (status == MYC_OK) {
        (void)fab_control_credentials_of(fd, &owner);
        close(fd);
    }
    snprintf(error, error_size,
             "%s is in use by a node that runs (pid %d): stop that one, or give this node another "
             "control socket",
             path, (int)owner.pid);
    return MYC_EXISTS;
}

static enum myc_status
bind_here(int fd, const char *path, unsigned mode, struct fab_control_place *place)
{
    struct sockaddr_un address;
    struct stat file;

    (void)address_of(path, &address);
    /* Closed to all from its first moment, then opened as wanted. */
    (void)fchmod(fd, 0);
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
        return errno == EACCES || errno == EPERM ? MYC_REFUSED : MYC_IO_ERROR;
    if (listen(fd, BACKLOG) != 0 || chmod(path, mode) != 0 || stat(path, &file) != 0) {
        unlink(path);
        return MYC_IO_ERROR;
    }
    *place = (struct fab_control_place){
        .path = path,
        .device = file.st_dev,
        .inode = file.st_ino,
    };
    return MYC_OK;
}

/* An fd of the path's folder, locked against others who start there; -1 with errno. */
static int
lock_folder(const char *path)
{
    char copy[PATH_MAX];
    int fd;

    snprintf(copy, sizeof(copy), "%s", path);
    fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && flock(fd, LOCK_EX) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

enum myc_status
fab_control_listen(const char *path, unsigned mode, int *fd, struct fab_control_place *place,
                   char *error, size_t error_size)
{
    struct sockaddr_un address;
    enum myc_status status;
    int folder;

    if (!address_of(path, &address)) {
        snprintf(error, error_size, "the path of the control socket must have 1 to %zu bytes: %s",
                 sizeof(address.sun_path) - 1, path);
        return MYC_INVALID;
    }
    folder = lock_folder(path);
    if (folder < 0) {
        snprintf(error, error_size, "the folder of the control socket %s cannot be opened: %s",
                 path, strerror(errno));
        return errno == EACCES ? MYC_REFUSED : MYC_IO_ERROR;
    }
    *fd = socket_open();
    status = *fd < 0 ? MYC_IO_ERROR : clear_place(path, error, error_size);
    if (status == MYC_OK) {
        status = bind_here(*fd, path, mode, place);
        if (status != MYC_OK)
            snprintf(error, error_size, "the control socket %s cannot be made: %s", path,
                     strerror(errno));
    }
    close(folder);
    if (status != MYC_OK && *fd >= 0) {
        close(*fd);
        *fd = -1;
    }
    return status;
}

void
fab_control_unlisten(const struct fab_control_place *place)
{
    struct stat file;

    if (place->path && stat(place->path, &file) == 0 && file.st_dev == place->device &&
        file.st_ino == place->inode)
        unlink(place->path);
}

int
fab_control_accept(int fd)
{
    return accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

enum myc_status
fab_control_credentials_of(int fd, struct fab_control_credentials *credentials)
{
    struct ucred peer;
    socklen_t size = sizeof(peer);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
        return MYC_IO_ERROR;
    credentials->pid = peer.pid;
    credentials->uid = peer.uid;
    credentials->gid = peer.gid;
    return MYC_OK;
}

bool
fab_control_is_allowed(const struct fab_control_credentials *credentials, unsigned mode)
{
    if (credentials->uid == 0 || credentials->uid == geteuid())
        return true;
    if (credentials->gid == getegid() && (mode & S_IWGRP))
        return true;
    return mode & S_IWOTH;
}

int
fab_control_process_fd(pid_t pid)
{
    return pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
}

enum myc_status
fab_control_send(int fd, const union fab_control_packet *packet, int passed)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } beside = { 0 };
    struct iovec bytes = { .iov_base = (void *)(uintptr_t)packet, .iov_len = packet->head.size };
    struct msghdr message = { .msg_iov = &bytes, .msg_iovlen = 1 };
    ssize_t sent;

    if (passed >= 0) {
        struct cmsghdr *header = (struct cmsghdr *)(void *)beside.bytes;

        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(header), &passed, sizeof(int));
        message.msg_control = beside.bytes;
        message.msg_controllen = sizeof(beside.bytes);
    }
    sent = sendmsg(fd, &message, MSG_NOSIGNAL);
    return sent == (ssize_t)packet->head.size ? MYC_OK : MYC_IO_ERROR;
}

/* Takes the one fd that may come beside a packet; more than that are closed and refused. */
static bool
take_passed(struct msghdr *message, int *passed)
{
    bool is_good = !(message->msg_flags & MSG_CTRUNC);

    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header;
         header = CMSG_NXTHDR(message, header)) {
        size_t count;

        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
            continue;
        count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int fd;

            memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
            if (*passed < 0) {
                *passed = fd;
                continue;
            }
            close(fd);
            is_good = false;
        }
    }
    return is_good;
}

enum myc_status
fab_control_receive(int fd, union fab_control_packet *packet, int *passed)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(4 * sizeof(int))];
    } beside;
    struct iovec bytes = { .iov_base = packet, .iov_len = sizeof(*packet) };
    struct msghdr message = {
        .msg_iov = &bytes,
        .msg_iovlen = 1,
        .msg_control = beside.bytes,
        .msg_controllen = sizeof(beside.bytes),
    };
    enum myc_status status;
    ssize_t size;

    *passed = -1;
    memset(packet, 0, sizeof(*packet));
    size = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    if (size < 0)
        return errno == EAGAIN || errno == EINTR ? MYC_PENDING
               : errno == ECONNRESET             ? MYC_GONE
                                                 : MYC_IO_ERROR;
    /* Also beside an empty packet, which looks like the end, descriptors can come. */
    status =
        take_passed(&message, passed) && !(message.msg_flags & MSG_TRUNC) ? MYC_OK : MYC_INVALID;
    if (size == 0)
        status = MYC_GONE;
    else if (status == MYC_OK)
        status = fab_control_packet_check(packet, (size_t)size);
    if (status != MYC_OK && *passed >= 0) {
        close(*passed);
        *passed = -1;
    }
    return status;
}

void
fab_control_send_end(int fd, enum myc_status status, const char *text)
{
    union fab_control_packet packet;

    fab_control_packet_init(&packet, FAB_CONTROL_END);
    packet.text.status = status;
    snprintf(packet.text.text, sizeof(packet.text.text), "%s", text);
    (void)fab_control_send(fd, &packet, -1);
}
