/* SPDX-License-Identifier: BSD-3-Clause */
/* The control thread: what it waits for, and what it does then. */
#include "node/control/control.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "node/control/place.h"

#define EVENTS_MAX 32

uint64_t
fab_control_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

bool
fab_control_watch(struct fab_control *control, int fd, uint64_t token)
{
    struct epoll_event event = { .events = EPOLLIN, .data.u64 = token };

    return epoll_ctl(control->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

/* ---- connections ---------------------------------------------------------------------------- */

static struct fab_place *
free_place(struct fab_control *control)
{
    for (unsigned i = 0; i < FAB_CONTROL_PLACES; i++) {
        if (control->places[i].state == FAB_PLACE_FREE)
            return &control->places[i];
    }
    return NULL;
}

/* Gives a new connection its place; closes it when there is none, or nothing can be known of it. */
static struct fab_place *
settle(struct fab_control *control, int fd, uint32_t attach)
{
    struct fab_place *place = free_place(control);
    uint32_t index = place ? (uint32_t)(place - control->places) : 0;

    if (!place || !fab_control_watch(control, fd, fab_control_token(FAB_TOKEN_SOCKET, index)) ||
        fab_control_credentials_of(fd, &place->credentials) != MYC_OK) {
        fab_control_count(&control->counters.crowded);
        fab_control_send_end(fd, MYC_FULL, "too many connections");
        close(fd);
        return NULL;
    }
    place->fd = fd;
    place->attach = attach;
    place->state = FAB_PLACE_ACCEPTED;
    place->deadline_ns = fab_control_now_ns() + FAB_CONTROL_HANDSHAKE_MS * 1000000ULL;
    /* A forked child can hold a dead peer's socket open; its pidfd tells the truth. */
    place->process_fd = fab_control_process_fd(place->credentials.pid);
    if (place->process_fd >= 0)
        (void)fab_control_watch(control, place->process_fd,
                                fab_control_token(FAB_TOKEN_PROCESS, index));
    return place;
}

int
fab_control_join(struct fab_control *control)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
        return -1;
    /* A write of so few bytes to a pipe is whole or does not happen. */
    if (write(control->joining[1], &ends[1], sizeof(ends[1])) == sizeof(ends[1]))
        return ends[0];
    close(ends[0]);
    close(ends[1]);
    return -1;
}

static void
on_join(struct fab_control *control)
{
    int fd;

    while (read(control->joining[0], &fd, sizeof(fd)) == sizeof(fd))
        (void)settle(control, fd, FAB_CONTROL_NO_ATTACH);
}

/* Attaches over the connection that we were given, in the place behind the paths. */
static void
attach_given(struct fab_control *control)
{
    uint32_t index = control->options.attach_count;
    struct fab_place *place;

    control->attaches[index].is_served = true;
    place = settle(control, control->options.connection_fd, index);
    control->options.connection_fd = 0;
    if (place)
        fab_place_begin(control, place);
}

static void
on_connection(struct fab_control *control)
{
    int fd = fab_control_accept(control->listen_fd);
    struct fab_place *place = fd < 0 ? NULL : settle(control, fd, FAB_CONTROL_NO_ATTACH);

    if (place && !fab_access_allows(&control->access, &place->credentials, control->options.mode,
                                    &place->reach))
        fab_place_end(control, place, MYC_REFUSED, "this user may not attach here", true);
}

static void
attach(struct fab_control *control, uint32_t index)
{
    struct fab_attach *entry = &control->attaches[index];
    int fd;
    enum myc_status status = fab_control_connect(entry->path, &fd);
    struct fab_place *place;

    if (status != MYC_OK) {
        fab_attach_failed(control, index, status,
                          status == MYC_NOT_FOUND ? "nobody listens there yet"
                          : status == MYC_REFUSED ? "this user may not attach there"
                                                  : myc_status_text(status));
        return;
    }
    place = settle(control, fd, index);
    if (!place) {
        fab_attach_failed(control, index, MYC_FULL, "too many connections here");
        return;
    }
    entry->is_served = true;
    fab_place_begin(control, place);
}

/* ---- what happens to a place ---------------------------------------------------------------- */

static void
on_packet_or_end(struct fab_control *control, struct fab_place *place)
{
    union fab_control_packet packet;
    int passed;
    enum myc_status status = fab_control_receive(place->fd, &packet, &passed);

    switch (status) {
    case MYC_OK:
        fab_place_on_packet(control, place, &packet, passed);
        break;
    case MYC_PENDING:
        break;
    case MYC_GONE:
    case MYC_IO_ERROR:
        fab_place_end(control, place, MYC_NO_CONNECTION, "it closed the connection", false);
        break;
    default:
        fab_place_end(control, place, status,
                      status == MYC_VERSION ? "the two sides speak different versions"
                                            : "that was not a packet of this protocol",
                      true);
    }
}

/* A token names a place, not a life of it: an event that was meant for an earlier holder only makes
 * us look at the socket of the present one, where there is nothing, or at a process that has not
 * ended, so both are asked again. */
static void
on_event(struct fab_control *control, uint64_t token)
{
    struct fab_place *place = &control->places[(uint32_t)token];

    switch ((enum fab_token_kind)(token >> 32)) {
    case FAB_TOKEN_STOP:
        control->is_stopping = true;
        break;
    case FAB_TOKEN_LISTEN:
        on_connection(control);
        break;
    case FAB_TOKEN_JOIN:
        on_join(control);
        break;
    case FAB_TOKEN_SOCKET:
        /* Of one turn's events, an earlier one may have ended the place. */
        if (place->fd >= 0)
            on_packet_or_end(control, place);
        break;
    case FAB_TOKEN_PROCESS:
        /* What it had said before it died is still in the socket: an END counts. */
        if (place->process_fd >= 0 && place->fd >= 0)
            on_packet_or_end(control, place);
        if (place->fd >= 0 && fab_place_is_dead(place))
            fab_place_end(control, place, MYC_NO_CONNECTION, "its process has ended", false);
        break;
    }
}

/* ---- what time and lcores do to places ------------------------------------------------------ */

static void
look_at(struct fab_control *control, struct fab_place *place, uint64_t now_ns)
{
    switch (place->state) {
    case FAB_PLACE_FREE:
        break;
    case FAB_PLACE_UP:
        if (fab_attachment_is_cut(&place->attachment))
            fab_place_end(control, place, MYC_INVALID, "nonsense was in the shared memory", true);
        break;
    case FAB_PLACE_ENDING:
        fab_place_reclaim(control, place, false);
        break;
    default:
        if (now_ns >= place->deadline_ns)
            fab_place_end(control, place, MYC_TIMEOUT, "the handshake took too long", true);
    }
}

/* A client is given its node id by the first node, and has it for all. */
static bool
has_node_id(const struct fab_control *control)
{
    return control->home >> 48 != 0;
}

/* @return milliseconds until it is to be called again; -1: only after an event. */
static int
look_around(struct fab_control *control)
{
    uint64_t now_ns = fab_control_now_ns();
    bool is_waiting = false;

    for (uint32_t i = 0; i < control->options.attach_count; i++) {
        struct fab_attach *entry = &control->attaches[i];

        if (!entry->is_served && now_ns >= entry->retry_ns && (i == 0 || has_node_id(control)))
            attach(control, i);
        is_waiting |= !entry->is_served;
    }
    for (unsigned i = 0; i < FAB_CONTROL_PLACES; i++) {
        look_at(control, &control->places[i], now_ns);
        is_waiting |= control->places[i].state != FAB_PLACE_FREE;
    }
    return is_waiting ? (int)FAB_CONTROL_TICK_MS : -1;
}

static void
say_goodbye(struct fab_control *control)
{
    uint64_t until_ns = fab_control_now_ns() + FAB_CONTROL_STOP_MS * 1000000ULL;
    static const struct timespec step = { .tv_nsec = 1000000 };
    bool is_waiting = true;

    for (unsigned i = 0; i < FAB_CONTROL_PLACES; i++)
        fab_place_end(control, &control->places[i], MYC_SHUTDOWN, "this node leaves", true);
    while (is_waiting && fab_control_now_ns() < until_ns) {
        is_waiting = false;
        for (unsigned i = 0; i < FAB_CONTROL_PLACES; i++) {
            fab_place_reclaim(control, &control->places[i], false);
            is_waiting |= control->places[i].state != FAB_PLACE_FREE;
        }
        if (is_waiting)
            nanosleep(&step, NULL);
    }
}

void *
fab_control_main(void *argument)
{
    struct fab_control *control = argument;
    struct epoll_event events[EVENTS_MAX];

    if (control->options.connection_fd > 0)
        attach_given(control);
    while (!control->is_stopping) {
        int wait_ms = look_around(control);
        int count = epoll_wait(control->epoll_fd, events, EVENTS_MAX, wait_ms);

        for (int i = 0; i < count; i++)
            on_event(control, events[i].data.u64);
    }
    say_goodbye(control);
    atomic_store_explicit(&control->has_stopped, true, memory_order_release);
    return NULL;
}

void
fab_control_each_peer(const struct fab_control *control,
                      void (*each)(void *context, const struct fab_control_peer *peer),
                      void *context)
{
    for (unsigned i = 0; i < FAB_CONTROL_PLACES; i++) {
        if (control->places[i].state == FAB_PLACE_UP)
            each(context, &control->places[i].peer);
    }
}
