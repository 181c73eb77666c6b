/* SPDX-License-Identifier: BSD-3-Clause */
/* The calls of mycelium/client.h for programs that write no actors: all by way of the inbox. */
#include <time.h>

#include <mycelium/buffer.h>
#include <mycelium/client.h>
#include <mycelium/monitor.h>

#include "env/clock.h"
#include "node/client/client.h"

/* After this many turns that found nothing, a waiting call sleeps between turns. */
#define IDLE_TURNS_MAX 1000U
#define IDLE_SLEEP_NS  50000L

bool
myc_client_is_attached(const struct myc_node *node)
{
    const struct fab_client *client = fab_client_of((struct myc_node *)(uintptr_t)node);

    return atomic_load_explicit(&client->attached, memory_order_acquire) > 0;
}

uint64_t
myc_client_host(const struct myc_node *node)
{
    const struct fab_client *client = fab_client_of((struct myc_node *)(uintptr_t)node);

    return atomic_load_explicit(&client->host_home, memory_order_acquire);
}

struct myc_ref
myc_client_ref(const struct myc_node *node)
{
    return fab_client_of((struct myc_node *)(uintptr_t)node)->inbox_ref;
}

struct run_call {
    void (*run)(struct myc_self *self, void *context);
    void *context;
};

static void
run_as_handler(struct myc_self *self, void *state, const struct myc_frame *frame)
{
    const struct run_call *call = frame->bytes;

    (void)state;
    call->run(self, call->context);
}

enum myc_status
myc_client_run(struct myc_node *node, void (*run)(struct myc_self *self, void *context),
               void *context)
{
    struct fab_client *client = fab_client_of(node);
    const struct run_call call = { run, context };
    const struct myc_frame frame = { .bytes = &call, .size = sizeof(call) };
    uint64_t now_ns = fab_clock_ns();
    bool has_run;

    fab_core_turn_begin(client->core, now_ns);
    has_run = fab_core_frame(client->core, client->inbox_ref, run_as_handler, &frame);
    fab_core_flush(client->core, now_ns);
    return has_run ? MYC_OK : MYC_GONE;
}

/* ---- one call each ----------------------------------------------------------------------------
 */

struct send_call {
    struct myc_ref to;
    const struct myc_type *type;
    const void *body;
    uint32_t size;
    uint64_t tag;
    enum myc_status status;
};

static void
run_send(struct myc_self *self, void *context)
{
    struct send_call *call = context;
    const struct myc_send_options options = { .size = sizeof(options), .tag = call->tag };

    call->status = myc_send_with(self, call->to, call->type, call->body, call->size, &options);
}

enum myc_status
myc_client_send(struct myc_node *node, struct myc_ref to, const struct myc_type *type,
                const void *body, uint32_t size, uint64_t tag)
{
    struct send_call call = { .to = to, .type = type, .body = body, .size = size, .tag = tag };
    enum myc_status status = myc_client_run(node, run_send, &call);

    return status == MYC_OK ? call.status : status;
}

struct ask_call {
    struct send_call send;
    uint64_t timeout_ns;
};

static void
run_ask(struct myc_self *self, void *context)
{
    struct ask_call *call = context;
    const struct myc_ask_options options = {
        .size = sizeof(options),
        .timeout_ns = call->timeout_ns,
        .tag = call->send.tag,
        .reply_size_max = MYC_BODY_INLINE_MAX,
    };

    call->send.status = myc_ask(self, call->send.to, call->send.type, call->send.body,
                                call->send.size, &options, NULL);
}

enum myc_status
myc_client_ask(struct myc_node *node, struct myc_ref to, const struct myc_type *type,
               const void *body, uint32_t size, uint64_t timeout_ns, uint64_t tag)
{
    struct ask_call call = { { to, type, body, size, tag, MYC_OK }, timeout_ns };
    enum myc_status status = myc_client_run(node, run_ask, &call);

    return status == MYC_OK ? call.send.status : status;
}

struct monitor_call {
    struct myc_ref ref;
    uint64_t monitor;
    enum myc_status status;
};

static void
run_monitor(struct myc_self *self, void *context)
{
    struct monitor_call *call = context;

    call->status = myc_monitor(self, call->ref, &call->monitor);
}

enum myc_status
myc_client_monitor(struct myc_node *node, struct myc_ref ref, uint64_t *monitor)
{
    struct monitor_call call = { .ref = ref };
    enum myc_status status = myc_client_run(node, run_monitor, &call);

    *monitor = call.monitor;
    return status == MYC_OK ? call.status : status;
}

/* ---- waiting ----------------------------------------------------------------------------------
 */

bool
fab_client_wait(struct fab_client *client, uint64_t until_ns, unsigned *idle_turns)
{
    static const struct timespec step = { .tv_nsec = IDLE_SLEEP_NS };

    *idle_turns = fab_client_turn(client, FAB_CLIENT_POLL_BURST) ? 0 : *idle_turns + 1;
    if (fab_clock_ns() >= until_ns)
        return false;
    if (*idle_turns > IDLE_TURNS_MAX)
        nanosleep(&step, NULL);
    return true;
}

uint64_t
fab_client_end_of(uint64_t timeout_ns)
{
    uint64_t now_ns = fab_clock_ns();

    return timeout_ns > UINT64_MAX - now_ns ? UINT64_MAX : now_ns + timeout_ns;
}

static void
run_release(struct myc_self *self, void *context)
{
    fab_inbox_release(context, self);
}

enum myc_status
myc_client_receive(struct myc_node *node, uint64_t timeout_ns, struct myc_message *message)
{
    struct fab_client *client = fab_client_of(node);
    uint64_t until_ns = fab_client_end_of(timeout_ns);
    unsigned idle_turns = 0;
    bool has_time = true;

    if (fab_inbox_has_kept(&client->inbox))
        (void)myc_client_run(node, run_release, &client->inbox);
    while (!fab_inbox_take(&client->inbox, message)) {
        if (!has_time)
            return MYC_TIMEOUT;
        has_time = fab_client_wait(client, until_ns, &idle_turns);
    }
    return MYC_OK;
}
