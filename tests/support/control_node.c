/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/control_node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "support/clock.h"

uint64_t
control_now_ms(void)
{
    return clock_now_ns() / 1000000U;
}

static void
on_message(void *context, struct fab_link *link, const struct fab_msg *msg)
{
    struct control_node *node = context;

    (void)link;
    node->message_count++;
    node->wrong_count += msg->tag != node->next_tag;
    node->next_tag = msg->tag + 1;
}

static void
on_up(void *context, struct fab_link *link)
{
    struct control_node *node = context;

    (void)link;
    node->up_count++;
}

static void
on_down(void *context, struct fab_link *link, enum myc_status reason)
{
    struct control_node *node = context;

    (void)link;
    node->down_count++;
    node->down_reason = reason;
}

static void
on_in_doubt(void *context, struct fab_link *link, const struct fab_msg *msg)
{
    struct control_node *node = context;

    (void)link;
    (void)msg;
    node->doubt_count++;
}

static void
on_room(void *context, struct fab_link *link)
{
    (void)context;
    (void)link;
}

static const struct fab_link_sink sink = {
    .on_message = on_message,
    .on_up = on_up,
    .on_down = on_down,
    .on_in_doubt = on_in_doubt,
    .on_room = on_room,
};

static void
on_attached(void *context, const struct fab_control_peer *peer)
{
    struct control_node *node = context;

    pthread_mutex_lock(&node->lock);
    for (uint32_t i = 0; i < peer->link_count; i++)
        node->arrived[node->arrived_count++] = &peer->links[i];
    pthread_mutex_unlock(&node->lock);
    atomic_store(&node->peer_home, peer->home);
    atomic_fetch_add(&node->attached_count, 1);
}

static void
on_detached(void *context, const struct fab_control_peer *peer, enum myc_status reason)
{
    struct control_node *node = context;

    (void)peer;
    atomic_store(&node->reason, (int)reason);
    atomic_fetch_add(&node->detached_count, 1);
}

static void
on_attach_failed(void *context, const char *path, enum myc_status status, const char *text)
{
    struct control_node *node = context;

    (void)path;
    (void)text;
    atomic_store(&node->failed_status, (int)status);
    atomic_fetch_add(&node->failed_count, 1);
}

static char *
on_request(void *context, const char *request)
{
    (void)context;
    return strcmp(request, "hello") == 0 ? strdup("{\"hello\": \"world\"}") : NULL;
}

struct fab_control_options
control_node_options(uint64_t home, const char *path)
{
    return (struct fab_control_options){
        .size = sizeof(struct fab_control_options),
        .home = home,
        .lcore_count = 1,
        .slots = 64,
        .name = "test",
        .path = path,
        .mode = 0600,
        .ops = {
            .on_attached = on_attached,
            .on_detached = on_detached,
            .on_attach_failed = on_attach_failed,
            .on_request = on_request,
        },
    };
}

enum myc_status
control_node_start(struct control_node *node, struct fab_control_options options, char *error,
                   size_t error_size)
{
    memset(node, 0, sizeof(*node));
    pthread_mutex_init(&node->lock, NULL);
    options.context = node;
    return fab_control_create(&options, &node->control, error, error_size);
}

static void
take_arrivals(struct control_node *node)
{
    pthread_mutex_lock(&node->lock);
    for (unsigned i = 0; i < node->arrived_count; i++) {
        struct fab_segment_link *link = node->arrived[i];

        FAB_ASSERT(node->link_count < CONTROL_NODE_LINKS_MAX);
        link->link.sink = &sink;
        link->link.core = node;
        link->is_in_core = true;
        node->links[node->link_count++] = link;
    }
    node->arrived_count = 0;
    pthread_mutex_unlock(&node->lock);
}

void
control_node_turn(struct control_node *node)
{
    if (!node)
        return;
    take_arrivals(node);
    for (unsigned i = 0; i < node->link_count; i++) {
        struct fab_link *link = &node->links[i]->link;

        link->ops->poll(link, 32, 0);
        link->ops->flush(link, 0);
        if (fab_segment_link_is_over(node->links[i])) {
            node->links[i--] = node->links[--node->link_count];
            link->ops->close(link);
        }
    }
}

enum myc_status
control_node_send(struct control_node *node, uint64_t tag, uint32_t size)
{
    struct fab_msg header = { .to = 1, .from = 2, .size = size, .tag = tag };
    struct fab_link *link = node->link_count ? &node->links[0]->link : NULL;
    struct fab_msg *record;
    enum myc_status status;

    if (!link)
        return MYC_UNREACHABLE;
    status = link->ops->claim(link, FAB_LANE_USER, fab_msg_stride(&header), 1, &record);
    if (status != MYC_OK)
        return status;
    *record = header;
    memset(fab_msg_body(record), 0x5a, size);
    link->ops->commit(link);
    return MYC_OK;
}

struct turner {
    struct control_node *node;
    _Atomic bool is_done;
};

static void *
turn_on(void *argument)
{
    struct turner *turner = argument;
    struct timespec step = { .tv_nsec = 100000 };

    while (!atomic_load(&turner->is_done)) {
        control_node_turn(turner->node);
        nanosleep(&step, NULL);
    }
    return NULL;
}

void
control_node_stop(struct control_node *node)
{
    struct turner turner = { .node = node };
    pthread_t thread;

    if (!node->control)
        return;
    FAB_ASSERT(pthread_create(&thread, NULL, turn_on, &turner) == 0);
    fab_control_stop(node->control);
    atomic_store(&turner.is_done, true);
    pthread_join(thread, NULL);
    fab_control_destroy(&node->control);
    pthread_mutex_destroy(&node->lock);
}

void
control_folder_make(char *folder, size_t size)
{
    snprintf(folder, size, "/tmp/mycelium-control-XXXXXX");
    FAB_ASSERT(mkdtemp(folder) != NULL);
}

void
control_folder_remove(const char *folder)
{
    FAB_ASSERT(rmdir(folder) == 0);
}
