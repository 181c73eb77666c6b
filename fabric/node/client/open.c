/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How a client comes to be: the control thread attaches, and says what came of it; who opens waits
 * for that, and then makes the core.
 */
#include "node/client/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <mycelium/client.h>
#include <mycelium/dead_letter.h>
#include <mycelium/registry.h>

#include "actor/wait_cycle.h"
#include "env/clock.h"

#define TIMEOUT_MS_DEFAULT 5000U
#define INBOX_DEFAULT      1024U
#define MODE_DEFAULT       0600U
#define INCARNATION_MASK   0xffffffffffffULL
#define HEAP_DEFAULT       (32ULL << 20)

/* ---- the control thread's side ----------------------------------------------------------------
 */

static void
settle(struct fab_client *client, enum myc_status outcome, const char *reason)
{
    pthread_mutex_lock(&client->lock);
    if (client->outcome == MYC_PENDING) {
        client->outcome = outcome;
        snprintf(client->reason, sizeof(client->reason), "%s", reason);
        pthread_cond_signal(&client->has_news);
    }
    pthread_mutex_unlock(&client->lock);
}

static void
on_attached(void *context, const struct fab_control_peer *peer)
{
    struct fab_client *client = context;

    for (uint32_t i = 0; i < peer->link_count; i++)
        fab_door_hand_over(&client->door, &peer->links[i]);
    if (peer->attach != 0)
        return;
    atomic_store_explicit(&client->host_home, peer->home, memory_order_release);
    atomic_fetch_add_explicit(&client->attached, 1, memory_order_release);
    settle(client, MYC_OK, "");
}

static void
on_detached(void *context, const struct fab_control_peer *peer, enum myc_status reason)
{
    struct fab_client *client = context;

    (void)reason;
    if (peer->attach == 0)
        atomic_fetch_sub_explicit(&client->attached, 1, memory_order_release);
    for (uint32_t i = 0; i < peer->link_count; i++)
        fab_door_retire(&client->door);
}

static void
on_given_home(void *context, uint64_t home)
{
    struct fab_client *client = context;

    pthread_mutex_lock(&client->lock);
    client->home = home;
    pthread_mutex_unlock(&client->lock);
}

/* The way to the first node, without which there is no client. */
static bool
is_first(struct fab_client *client, const char *path)
{
    bool answer;

    pthread_mutex_lock(&client->lock);
    answer = client->outcome == MYC_PENDING && (!client->path || strcmp(path, client->path) == 0);
    pthread_mutex_unlock(&client->lock);
    return answer;
}

static void
on_attach_failed(void *context, const char *path, enum myc_status status, const char *text)
{
    struct fab_client *client = context;

    if (!is_first(client, path))
        return;
    /* Nobody there yet, or somebody who is just going: what waiting may mend. */
    if (status == MYC_NOT_FOUND || status == MYC_NO_CONNECTION || status == MYC_SHUTDOWN ||
        status == MYC_FULL) {
        pthread_mutex_lock(&client->lock);
        snprintf(client->reason, sizeof(client->reason), "%s", text);
        pthread_mutex_unlock(&client->lock);
        return;
    }
    settle(client, status, text);
}

/* ---- the user's side --------------------------------------------------------------------------
 */

static void *
alloc_plain(void *context, size_t size, size_t align)
{
    size_t whole = (size + align - 1U) / align * align;
    void *memory = aligned_alloc(align, whole);

    (void)context;
    if (memory)
        memset(memory, 0, whole);
    return memory;
}

static void
free_plain(void *context, void *pointer)
{
    (void)context;
    free(pointer);
}

static uint64_t
draw_incarnation(void)
{
    uint64_t drawn = 0;

    while ((drawn & INCARNATION_MASK) == 0) {
        if (getrandom(&drawn, sizeof(drawn), 0) != sizeof(drawn))
            drawn = fab_clock_ns();
    }
    return drawn & INCARNATION_MASK;
}

/* Without hugepages, which a client has no claim to. */
static enum myc_status
start_heap(struct fab_client *client, const struct myc_limits *limits)
{
    uint64_t bytes = limits->heap_bytes_max ? limits->heap_bytes_max : HEAP_DEFAULT;

    if (bytes > FAB_SEGMENT_MEMORY_MAX)
        return MYC_INVALID;
    return fab_segment_memory_create(fab_segment_memory_round(bytes), false, &client->heap);
}

/* Attaches by a path, or over a connection, which is taken over when that works: -1 then. */
static enum myc_status
start_control(struct fab_client *client, const char *path, int *connection_fd,
              const struct myc_client_options *options)
{
    const char *attach[FAB_CONTROL_ATTACH_MAX] = { path };
    const struct fab_control_options control = {
        .size = sizeof(control),
        .home = draw_incarnation(),
        .is_client = true,
        .lcore_count = 1,
        .slots = options->limits.ring_slots ? options->limits.ring_slots : 1024,
        .heap_fd = client->heap.fd,
        .heap_size = client->heap.size,
        .name = options->name ? options->name : program_invocation_short_name,
        .attach = attach,
        .attach_count = (path != NULL) + options->also_count,
        .path = options->control_socket,
        .mode = options->control_socket_mode ? options->control_socket_mode : MODE_DEFAULT,
        .connection_fd = connection_fd ? *connection_fd : 0,
        .ops = {
            .on_attached = on_attached,
            .on_detached = on_detached,
            .on_given_home = on_given_home,
            .on_attach_failed = on_attach_failed,
        },
        .context = client,
    };
    enum myc_status status;

    if (!fab_ring_slots_is_valid(control.slots) ||
        options->also_count > (path ? FAB_CONTROL_ATTACH_MAX - 1 : 0))
        return MYC_INVALID;
    for (uint32_t i = 0; i < options->also_count; i++)
        attach[i + 1] = options->also[i];
    client->path = path;
    status = fab_control_create(&control, &client->control, client->reason, sizeof(client->reason));
    if (status == MYC_OK && connection_fd)
        *connection_fd = -1;
    return status;
}

/* Waits for the first attachment, or for what makes it impossible. */
static enum myc_status
await_host(struct fab_client *client, uint32_t timeout_ms)
{
    enum myc_status outcome;
    struct timespec until;
    int waited = 0;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += timeout_ms / 1000U;
    until.tv_nsec += (long)(timeout_ms % 1000U) * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_mutex_lock(&client->lock);
    while (client->outcome == MYC_PENDING && waited != ETIMEDOUT)
        waited = pthread_cond_timedwait(&client->has_news, &client->lock, &until);
    outcome = client->outcome == MYC_PENDING ? MYC_TIMEOUT : client->outcome;
    client->head.home = client->home;
    pthread_mutex_unlock(&client->lock);
    return outcome;
}

static struct myc_limits
limits_of(const struct myc_client_options *options)
{
    struct myc_limits limits = options->limits;

    limits.actors_max = limits.actors_max ? limits.actors_max : 1024;
    limits.messages_max = limits.messages_max ? limits.messages_max : 8192;
    limits.state_bytes_max = limits.state_bytes_max ? limits.state_bytes_max : 4U << 20;
    limits.timers_max = limits.timers_max ? limits.timers_max : 4096;
    limits.asks_max = limits.asks_max ? limits.asks_max : 1024;
    limits.monitors_max = limits.monitors_max ? limits.monitors_max : 4096;
    return limits;
}

static uint64_t
clock_of_core(void *context)
{
    (void)context;
    return fab_clock_ns();
}

static enum myc_status
start_core(struct fab_client *client, const struct myc_client_options *options)
{
    const struct fab_core_memory memory = { alloc_plain, free_plain, NULL };
    const struct fab_core_config config = {
        .size = sizeof(config),
        .home = client->head.home,
        .lcore_count = 1,
        .limits = limits_of(options),
        .heap = client->heap.base,
        .heap_size = client->heap.size,
        .finds_wait_cycles = FAB_WAIT_CYCLES,
        .seed = client->head.home ^ fab_clock_ns(),
        .clock_ns = clock_of_core,
    };
    struct fab_inbox *inbox = &client->inbox;
    const struct myc_spawn_options spawn = {
        .size = sizeof(spawn),
        .args = &inbox,
        .args_size = sizeof(inbox),
    };
    enum myc_status status = fab_core_create(&config, &memory, &client->core);

    if (status != MYC_OK)
        return status;
    client->door.core = client->core;
    /* The registry is the first actor of every lcore: others know its ref by that. */
    status = myc_node_spawn(&client->head, 0, &myc_registry_class, NULL, NULL);
    if (status == MYC_OK)
        status = myc_node_spawn(&client->head, 0, &myc_dead_letters_class, NULL, NULL);
    if (status != MYC_OK)
        return status;
    status = fab_inbox_init(inbox, options->inbox_max ? options->inbox_max : INBOX_DEFAULT);
    if (status == MYC_OK)
        status = myc_node_spawn(&client->head, 0, &fab_inbox_class, &spawn, &client->inbox_ref);
    /* The link comes in at the first turn, and is up after the second. */
    if (status == MYC_OK)
        fab_client_turn(client, 1);
    if (status == MYC_OK)
        fab_client_turn(client, 1);
    return status;
}

static struct fab_client *
make(void)
{
    struct fab_client *client = alloc_plain(NULL, sizeof(*client), FAB_CACHE_LINE);
    pthread_condattr_t monotonic;

    if (!client)
        return NULL;
    client->head.ops = &fab_client_ops;
    client->outcome = MYC_PENDING;
    client->heap.fd = -1;
    fab_door_init(&client->door, NULL);
    pthread_mutex_init(&client->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&client->has_news, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return client;
}

static enum myc_status
open_client(const char *path, int *connection_fd, const struct myc_client_options *options,
            struct myc_node **node)
{
    static const struct myc_client_options defaults = { .size = sizeof(defaults) };
    struct fab_client *client = make();
    enum myc_status status;

    if (!client)
        return MYC_NO_MEMORY;
    if (!options)
        options = &defaults;
    fab_clock_init();
    status = options->size == sizeof(*options) ? start_heap(client, &options->limits) : MYC_INVALID;
    if (status == MYC_OK)
        status = start_control(client, path, connection_fd, options);
    if (status == MYC_OK)
        status = await_host(client, options->timeout_ms ? options->timeout_ms : TIMEOUT_MS_DEFAULT);
    if (status == MYC_OK)
        status = start_core(client, options);
    if (status == MYC_OK) {
        *node = &client->head;
        return MYC_OK;
    }
    if (options->error)
        snprintf(options->error, options->error_size, "%s: %s", path ? path : "the node",
                 *client->reason ? client->reason : myc_status_text(status));
    fab_client_ops.stop(&client->head);
    return status;
}

enum myc_status
myc_client_open(const char *path, const struct myc_client_options *options, struct myc_node **node)
{
    return open_client(path, NULL, options, node);
}

enum myc_status
myc_thread_attach(struct myc_node *node, const struct myc_client_options *options,
                  struct myc_node **thread)
{
    int connection_fd = node->ops->join ? node->ops->join(node) : -1;
    enum myc_status status = MYC_UNSUPPORTED;

    if (connection_fd >= 0)
        status = open_client(NULL, &connection_fd, options, thread);
    if (connection_fd >= 0)
        close(connection_fd);
    return status;
}
