/* SPDX-License-Identifier: BSD-3-Clause */
/* A client that is open: its turns, and its end. open.c has how it comes to be. */
#include "node/client/client.h"

#include <stdlib.h>

#include "base/assert.h"
#include "env/clock.h"

static struct fab_client *
client_of(const struct myc_node *node)
{
    return (struct fab_client *)(uintptr_t)node;
}

unsigned
fab_client_turn(struct fab_client *client, unsigned budget)
{
    uint64_t now_ns = fab_clock_ns();
    unsigned work;

    fab_core_turn_begin(client->core, now_ns);
    work = fab_door_poll(&client->door, fab_core_room(client->core), now_ns);
    work += fab_core_poll(client->core, FAB_CLIENT_POLL_BURST);
    work += fab_core_run(client->core, budget);
    fab_core_flush(client->core, now_ns);
    return work;
}

static unsigned
client_poll(struct myc_node *node, unsigned budget)
{
    return fab_client_turn(client_of(node), budget);
}

static enum myc_status
client_spawn(struct myc_node *node, uint8_t lcore, const struct myc_class *class_of,
             const struct myc_spawn_options *options, struct myc_ref *ref)
{
    struct fab_client *client = client_of(node);

    struct myc_ref spawned;
    enum myc_status status;

    if (lcore != 0)
        return MYC_NOT_FOUND;
    fab_core_turn_begin(client->core, fab_clock_ns());
    status = fab_core_spawn(client->core, class_of, options, &spawned);
    if (status == MYC_OK && ref)
        *ref = spawned;
    return status;
}

static void
client_counter_each(const struct myc_node *node,
                    void (*each)(void *context, const char *name, const char *text, uint64_t value),
                    void *context)
{
    const struct fab_client *client = client_of(node);
    const uint64_t *values = (const uint64_t *)fab_core_counters(client->core);

    for (unsigned i = 0; i < fab_core_counter_count; i++)
        each(context, fab_core_counter_table[i].name, fab_core_counter_table[i].text, values[i]);
    each(context, "inbox_dropped", "messages for which the client's inbox had no room",
         client->inbox.dropped_full);
    fab_control_counter_each(client->control, each, context);
}

static void
stop_actors(struct fab_client *client)
{
    fab_core_stop_all(client->core);
    for (unsigned i = 0; i < FAB_CLIENT_STOP_TURNS_MAX && fab_core_actor_count(client->core); i++)
        fab_client_turn(client, UINT32_MAX);
}

/* Good for a client in any state. */
static void
client_stop(struct myc_node *node)
{
    struct fab_client *client = client_of(node);

    if (client->core)
        stop_actors(client);
    if (client->control) {
        fab_control_stop_begin(client->control);
        while (client->core && !fab_control_has_stopped(client->control))
            fab_client_turn(client, 1);
        fab_control_stop(client->control);
    }
    fab_core_destroy(&client->core);
    fab_control_destroy(&client->control);
    fab_inbox_fini(&client->inbox);
    fab_segment_memory_fini(&client->heap);
    pthread_cond_destroy(&client->has_news);
    pthread_mutex_destroy(&client->lock);
    free(client);
}

const struct fab_node_ops fab_client_ops = {
    .stop = client_stop,
    .spawn = client_spawn,
    .poll = client_poll,
    .counter_each = client_counter_each,
};

struct fab_client *
fab_client_of(struct myc_node *node)
{
    FAB_ASSERT(node->ops == &fab_client_ops);
    return client_of(node);
}
