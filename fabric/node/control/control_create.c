/* SPDX-License-Identifier: BSD-3-Clause */
/* How the control thread comes to be, and how it is stopped and taken apart. */
#include "node/control/control.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/assert.h"
#include "node/control/place.h"

static enum myc_status
copy_options(struct fab_control *control, const struct fab_control_options *options)
{
    control->options = *options;
    control->options.path = NULL;
    control->options.attach = NULL;
    control->home = options->home;
    snprintf(control->name, sizeof(control->name), "%s", options->name ? options->name : "");
    if (options->attach_count > FAB_CONTROL_ATTACH_MAX ||
        fab_access_init(&control->access, options->allow, options->allow_count) != MYC_OK)
        return MYC_INVALID;
    control->options.attach_count = 0;
    for (uint32_t i = 0; i < options->attach_count; i++) {
        control->attaches[i].path = strdup(options->attach[i]);
        if (!control->attaches[i].path)
            return MYC_NO_MEMORY;
        control->options.attach_count++;
    }
    if (options->path)
        control->options.path = strdup(options->path);
    return options->path && !control->options.path ? MYC_NO_MEMORY : MYC_OK;
}

static enum myc_status
open_files(struct fab_control *control, char *error, size_t error_size)
{
    enum myc_status status = MYC_OK;

    control->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    control->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (control->epoll_fd < 0 || control->stop_fd < 0 ||
        pipe2(control->joining, O_CLOEXEC | O_NONBLOCK) != 0 ||
        !fab_control_watch(control, control->joining[0], fab_control_token(FAB_TOKEN_JOIN, 0)) ||
        !fab_control_watch(control, control->stop_fd, fab_control_token(FAB_TOKEN_STOP, 0))) {
        snprintf(error, error_size, "the control thread's files cannot be opened: %s",
                 strerror(errno));
        return MYC_IO_ERROR;
    }
    if (control->options.path)
        status = fab_control_listen(control->options.path, control->options.mode,
                                    &control->listen_fd, &control->socket_place, error, error_size);
    if (status == MYC_OK && control->listen_fd >= 0 &&
        !fab_control_watch(control, control->listen_fd, fab_control_token(FAB_TOKEN_LISTEN, 0)))
        status = MYC_IO_ERROR;
    return status;
}

static enum myc_status
start_thread(struct fab_control *control, char *error, size_t error_size)
{
    sigset_t all;
    sigset_t before;
    pthread_t thread;
    int failed;

    /* Signals belong to the program's own threads. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    failed = pthread_create(&thread, NULL, fab_control_main, control);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed) {
        snprintf(error, error_size, "the control thread cannot be started: %s", strerror(failed));
        return MYC_NO_MEMORY;
    }
    (void)pthread_setname_np(thread, "myc-control");
    control->thread = thread;
    control->is_running = true;
    return MYC_OK;
}

enum myc_status
fab_control_create(const struct fab_control_options *options, struct fab_control **control,
                   char *error, size_t error_size)
{
    struct fab_control *made = calloc(1, sizeof(*made));
    enum myc_status status;

    FAB_ASSERT(options->size == sizeof(*options));
    FAB_ASSERT(options->ops.on_attached && options->ops.on_detached);
    if (!made) {
        snprintf(error, error_size, "no memory for the control thread");
        return MYC_NO_MEMORY;
    }
    made->epoll_fd = made->stop_fd = made->listen_fd = -1;
    made->joining[0] = made->joining[1] = -1;
    for (unsigned i = 0; i < FAB_CONTROL_PLACES; i++) {
        made->places[i].fd = made->places[i].process_fd = made->places[i].heap_fd = -1;
        made->places[i].attach = FAB_CONTROL_NO_ATTACH;
    }
    status = copy_options(made, options);
    if (status != MYC_OK)
        snprintf(error, error_size,
                 "at most %u control sockets can be attached to, and %u rules given of who may",
                 FAB_CONTROL_ATTACH_MAX, FAB_ACCESS_RULES_MAX);
    if (status == MYC_OK)
        status = open_files(made, error, error_size);
    if (status == MYC_OK)
        status = start_thread(made, error, error_size);
    if (status == MYC_OK)
        *control = made;
    else
        fab_control_destroy(&made);
    return status;
}

void
fab_control_stop_begin(struct fab_control *control)
{
    uint64_t one = 1;

    /* An eventfd that nobody reads takes more writes than there will ever be. */
    FAB_ASSERT(write(control->stop_fd, &one, sizeof(one)) == sizeof(one));
}

bool
fab_control_has_stopped(const struct fab_control *control)
{
    return atomic_load_explicit(&control->has_stopped, memory_order_acquire);
}

void
fab_control_stop(struct fab_control *control)
{
    if (!control->is_running)
        return;
    fab_control_stop_begin(control);
    pthread_join(control->thread, NULL);
    control->is_running = false;
}

static void
close_fd(int fd)
{
    if (fd >= 0)
        close(fd);
}

/* Connections that came when the thread had ended. */
static void
close_joining(struct fab_control *control)
{
    int fd;

    while (read(control->joining[0], &fd, sizeof(fd)) == sizeof(fd))
        close(fd);
}

void
fab_control_destroy(struct fab_control **control)
{
    struct fab_control *old = *control;

    if (!old)
        return;
    FAB_ASSERT(!old->is_running);
    for (unsigned i = 0; i < FAB_CONTROL_PLACES; i++)
        fab_place_reclaim(old, &old->places[i], true);
    fab_control_unlisten(&old->socket_place);
    close_fd(old->listen_fd);
    close_fd(old->stop_fd);
    if (old->joining[0] >= 0)
        close_joining(old);
    close_fd(old->joining[0]);
    close_fd(old->joining[1]);
    close_fd(old->epoll_fd);
    for (uint32_t i = 0; i < old->options.attach_count; i++)
        free(old->attaches[i].path);
    free((char *)(uintptr_t)old->options.path);
    fab_access_fini(&old->access);
    free(old);
    *control = NULL;
}
