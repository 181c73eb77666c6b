/* SPDX-License-Identifier: BSD-3-Clause */
#include "node/control/place.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

static void
close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void
fab_attach_failed(struct fab_control *control, uint32_t attach, enum myc_status status,
                  const char *text)
{
    struct fab_attach *entry = &control->attaches[attach];
    bool was_refused = status != MYC_NOT_FOUND && status != MYC_NO_CONNECTION;
    uint64_t wait_ms = was_refused ? FAB_CONTROL_REFUSED_MS : FAB_CONTROL_RETRY_MS;

    entry->is_served = false;
    entry->retry_ns = fab_control_now_ns() + wait_ms * 1000000ULL;
    /* EXISTS: the two of us are attached the other way round, as it should be. Not a client. */
    if (status != entry->reported && (status != MYC_EXISTS || control->options.is_client))
        fab_log(status == MYC_NOT_FOUND ? FAB_LOG_INFO : FAB_LOG_WARNING, "attaching to %s: %s; %s",
                entry->path ? entry->path : "a node of this process", text,
                entry->path ? "trying on" : "giving up");
    entry->reported = status;
    if (control->options.ops.on_attach_failed)
        control->options.ops.on_attach_failed(control->options.context, entry->path, status, text);
}

void
fab_place_up(struct fab_control *control, struct fab_place *place)
{
    struct fab_control_peer *peer = &place->peer;

    place->state = FAB_PLACE_UP;
    fab_control_count(&control->counters.attached);
    peer->links = place->attachment.links;
    peer->link_count = place->attachment.link_count;
    peer->attach = place->attach;
    peer->pid = place->credentials.pid;
    if (place->attach != FAB_CONTROL_NO_ATTACH)
        control->attaches[place->attach].reported = MYC_OK;
    control->options.ops.on_attached(control->options.context, peer);
}

/* The peer's links come to an end; its attach path is free to be tried again. */
static void
detach(struct fab_control *control, struct fab_place *place, enum myc_status reason)
{
    place->state = FAB_PLACE_ENDING;
    fab_control_count(&control->counters.detached);
    fab_attachment_end(&place->attachment, reason);
    FAB_FAULT_POINT(END_TOLD);
    control->options.ops.on_detached(control->options.context, &place->peer, reason);
}

/* Why we end a connection, where we did not wish to. */
static void
count_end(struct fab_control *control, const struct fab_place *place, enum myc_status reason)
{
    struct fab_control_counters *counters = &control->counters;

    switch (reason) {
    case MYC_INVALID:
    case MYC_VERSION:
    case MYC_TOO_BIG:
        fab_control_count(place->state == FAB_PLACE_UP ? &counters->cut_off
                                                       : &counters->misbehaved);
        break;
    case MYC_REFUSED:
        fab_control_count(place->state == FAB_PLACE_ACCEPTED ? &counters->refused
                                                             : &counters->misbehaved);
        break;
    case MYC_TIMEOUT:
        fab_control_count(&counters->timed_out);
        break;
    default:
        break;
    }
}

static void
hang_up(struct fab_place *place)
{
    place->owes_goodbye = false;
    close_fd(&place->fd);
    close_fd(&place->process_fd);
}

static void
say_goodbye(struct fab_place *place)
{
    fab_control_send_end(place->fd, MYC_SHUTDOWN, "this node leaves");
    FAB_FAULT_POINT(END_SAID);
    hang_up(place);
}

void
fab_place_end(struct fab_control *control, struct fab_place *place, enum myc_status reason,
              const char *text, bool says_so)
{
    uint32_t attach = place->attach;
    bool was_up = place->state == FAB_PLACE_UP;

    if (place->state == FAB_PLACE_FREE || place->state == FAB_PLACE_ENDING)
        return;
    place->owes_goodbye = was_up && says_so && reason == MYC_SHUTDOWN;
    FAB_FAULT_POINT(END);
    if (says_so)
        count_end(control, place, reason);
    if (says_so && !place->owes_goodbye)
        fab_control_send_end(place->fd, reason, text);
    if (!place->owes_goodbye)
        hang_up(place);
    place->attach = FAB_CONTROL_NO_ATTACH;
    if (was_up) {
        detach(control, place, reason == MYC_SHUTDOWN ? MYC_SHUTDOWN : MYC_NO_CONNECTION);
    } else {
        place->state = FAB_PLACE_ENDING;
        fab_place_reclaim(control, place, true);
    }
    if (attach == FAB_CONTROL_NO_ATTACH)
        return;
    if (!was_up)
        fab_attach_failed(control, attach, reason, text);
    else
        control->attaches[attach].is_served = false;
}

void
fab_place_reclaim(struct fab_control *control, struct fab_place *place, bool is_forced)
{
    (void)control;
    if (place->state != FAB_PLACE_ENDING)
        return;
    if (place->has_attachment) {
        if (!is_forced && !fab_attachment_is_released(&place->attachment))
            return;
        FAB_FAULT_POINT(RECLAIM);
        if (place->owes_goodbye)
            say_goodbye(place);
        fab_attachment_fini(&place->attachment, is_forced);
    }
    close_fd(&place->heap_fd);
    memset(place, 0, sizeof(*place));
    place->fd = -1;
    place->heap_fd = -1;
    place->process_fd = -1;
    place->attach = FAB_CONTROL_NO_ATTACH;
}

bool
fab_place_is_dead(const struct fab_place *place)
{
    struct pollfd ends[] = {
        { .fd = place->fd, .events = 0 },
        { .fd = place->process_fd, .events = POLLIN },
    };

    return poll(ends, 2, 0) > 0 &&
           ((ends[0].revents & (POLLHUP | POLLERR)) || (ends[1].revents & POLLIN));
}

void
fab_control_counter_each(const struct fab_control *control,
                         void (*each)(void *context, const char *name, const char *text,
                                      uint64_t value),
                         void *context)
{
#define EACH(name, text)                    \
    each(context, "processes_" #name, text, \
         atomic_load_explicit(&control->counters.name, memory_order_relaxed));
    FAB_CONTROL_COUNTERS(EACH)
#undef EACH
}
