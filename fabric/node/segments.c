/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Joins the control thread (control/) to the lcores of a full node: one door for each lcore,
 * through which links of attached processes come and go.
 */
#include "node/segments.h"

#include <stdlib.h>

#include "env/memory.h"
#include "node/control/control.h"
#include "node/control/door.h"
#include "node/full.h"
#include "node/inspect.h"

#define ERROR_SIZE   384U
#define MODE_DEFAULT 0600U

struct fab_segments {
    struct fab_full *full;
    struct fab_control *control;            /* owned */
    struct fab_door *doors[FAB_LCORES_MAX]; /* owned; of each lcore, on its NUMA node */
    int sockets[FAB_LCORES_MAX];            /* NUMA node of each */
};

/* The control thread itself says who comes and goes. */
static void
on_attached(void *context, const struct fab_control_peer *peer)
{
    struct fab_segments *segments = context;

    for (uint32_t i = 0; i < peer->link_count; i++)
        fab_door_hand_over(segments->doors[i / peer->lcore_count], &peer->links[i]);
}

static void
on_detached(void *context, const struct fab_control_peer *peer, enum myc_status reason)
{
    struct fab_segments *segments = context;

    (void)reason;
    for (uint32_t i = 0; i < peer->link_count; i++)
        fab_door_retire(segments->doors[i / peer->lcore_count]);
}

static char *
on_request(void *context, const char *request)
{
    struct fab_segments *segments = context;

    return fab_inspect(segments->full, segments->control, request);
}

static enum myc_status
add_door(struct fab_segments *segments, struct fab_lcore *lcore)
{
    struct fab_door *door = fab_memory_alloc("door", sizeof(*door), FAB_CACHE_LINE, lcore->socket);

    if (!door)
        return MYC_NO_MEMORY;
    segments->doors[lcore->index] = door;
    segments->sockets[lcore->index] = lcore->socket;
    fab_door_init(door, lcore->core);
    return fab_lcore_add_pollable(lcore,
                                  (struct fab_pollable){ .poll = fab_door_poll, .context = door });
}

static enum myc_status
add_doors(struct fab_segments *segments)
{
    const struct fab_full *full = segments->full;
    enum myc_status status = MYC_OK;

    for (uint32_t i = 0; i < full->lcore_count && status == MYC_OK; i++)
        status = add_door(segments, &full->lcores[i]);
    return status;
}

enum myc_status
fab_segments_create(struct fab_full *full, struct fab_segments **segments)
{
    struct fab_segments *created = calloc(1, sizeof(*created));

    if (!created)
        return MYC_NO_MEMORY;
    created->full = full;
    *segments = created; /* freed by the node's stop, also when the doors fail */
    return add_doors(created);
}

enum myc_status
fab_segments_open(struct fab_segments *segments)
{
    const struct fab_full *full = segments->full;
    const struct myc_node_options *options = &full->options;
    char error[ERROR_SIZE] = "";
    const struct fab_control_options wish = {
        .size = sizeof(wish),
        .home = full->head.home,
        .wants_huge = true,
        .lcore_count = (uint8_t)full->lcore_count,
        .sockets = segments->sockets,
        .slots = options->limits.ring_slots,
        .heap_fd = full->heap.fd,
        .heap_size = full->heap.size,
        .name = options->name,
        .path = options->control_socket,
        .mode = options->control_socket_mode ? options->control_socket_mode : MODE_DEFAULT,
        .allow = options->attach_allow,
        .allow_count = options->attach_allow_count,
        .attach = options->attach,
        .attach_count = options->attach_count,
        .ops = { on_attached, on_detached, NULL, on_request, NULL },
        .context = segments,
    };
    enum myc_status status = fab_control_create(&wish, &segments->control, error, sizeof(error));

    return status == MYC_OK ? MYC_OK : FAB_REFUSE(options, status, "%s", error);
}

void
fab_segments_counter_each(const struct fab_segments *segments,
                          void (*each)(void *context, const char *name, const char *text,
                                       uint64_t value),
                          void *context)
{
    if (segments && segments->control)
        fab_control_counter_each(segments->control, each, context);
}

int
fab_segments_join(struct fab_segments *segments)
{
    return segments && segments->control ? fab_control_join(segments->control) : -1;
}

void
fab_segments_stop_begin(struct fab_segments *segments)
{
    if (segments && segments->control)
        fab_control_stop_begin(segments->control);
}

bool
fab_segments_have_stopped(const struct fab_segments *segments)
{
    return !segments || !segments->control || fab_control_has_stopped(segments->control);
}

void
fab_segments_stop(struct fab_segments *segments)
{
    if (segments && segments->control)
        fab_control_stop(segments->control);
}

void
fab_segments_destroy(struct fab_segments **segments)
{
    if (!*segments)
        return;
    fab_control_destroy(&(*segments)->control);
    for (uint32_t i = 0; i < FAB_LCORES_MAX; i++)
        fab_memory_free((*segments)->doors[i]);
    free(*segments);
    *segments = NULL;
}
