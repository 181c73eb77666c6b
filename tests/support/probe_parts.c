/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/probe_parts.h"

#include <string.h>

/* The arguments and the answer of one call. */
struct call {
    uint64_t numbers[3];
    uint64_t *id;
    struct myc_ref ref;
    struct myc_ref *out;
    struct myc_request request;
    const char *name;
    const void *options;
    enum myc_status status;
};

#define CALL(probe, function, ...)      \
    struct call call = { __VA_ARGS__ }; \
    probe_do((probe), function, &call); \
    return call.status

static void
timer_start(struct myc_self *self, void *context)
{
    struct call *call = context;

    call->status =
        myc_timer_start(self, call->numbers[0], call->numbers[1], call->numbers[2], call->id);
}

enum myc_status
probe_timer_start(struct probe *probe, uint64_t delay_ns, uint64_t period_ns, uint64_t tag,
                  uint64_t *timer)
{
    CALL(probe, timer_start, .numbers = { delay_ns, period_ns, tag }, .id = timer);
}

static void
timer_cancel(struct myc_self *self, void *context)
{
    struct call *call = context;

    call->status = myc_timer_cancel(self, call->numbers[0]);
}

enum myc_status
probe_timer_cancel(struct probe *probe, uint64_t timer)
{
    CALL(probe, timer_cancel, .numbers = { timer });
}

static void
timer_rearm(struct myc_self *self, void *context)
{
    struct call *call = context;

    call->status = myc_timer_rearm(self, call->id, call->numbers[0]);
}

enum myc_status
probe_timer_rearm(struct probe *probe, uint64_t *timer, uint64_t delay_ns)
{
    CALL(probe, timer_rearm, .id = timer, .numbers = { delay_ns });
}

static void
ask(struct myc_self *self, void *context)
{
    struct call *call = context;
    struct myc_ask_options defaults = { .timeout_ns = 1000000000 };
    struct myc_ask_options options =
        call->options ? *(const struct myc_ask_options *)call->options : defaults;

    options.size = sizeof(options);
    options.tag = call->numbers[0];
    call->status = myc_ask(self, call->ref, &probe_number_type, &call->numbers[0],
                           sizeof(call->numbers[0]), &options, call->id);
}

enum myc_status
probe_ask(struct probe *from, struct myc_ref to, uint64_t value,
          const struct myc_ask_options *options, uint64_t *id)
{
    CALL(from, ask, .numbers = { value }, .ref = to, .options = options, .id = id);
}

static void
ask_cancel(struct myc_self *self, void *context)
{
    struct call *call = context;

    call->status = myc_ask_cancel(self, call->numbers[0]);
}

enum myc_status
probe_ask_cancel(struct probe *probe, uint64_t id)
{
    CALL(probe, ask_cancel, .numbers = { id });
}

static void
reply(struct myc_self *self, void *context)
{
    struct call *call = context;
    uint8_t body[4096] = { 0 };

    memcpy(body, &call->numbers[0], sizeof(call->numbers[0]));
    call->status =
        myc_reply(self, call->request, &probe_number_type, body, (uint32_t)call->numbers[1]);
}

enum myc_status
probe_reply(struct probe *by, struct myc_request request, uint64_t value, uint32_t size)
{
    CALL(by, reply, .request = request, .numbers = { value, size });
}

static void
reply_failure(struct myc_self *self, void *context)
{
    struct call *call = context;

    call->status = myc_reply_failure(self, call->request, (enum myc_status)call->numbers[0]);
}

enum myc_status
probe_reply_failure(struct probe *by, struct myc_request request, enum myc_status status)
{
    CALL(by, reply_failure, .request = request, .numbers = { status });
}

static void
pass_on(struct myc_self *self, void *context)
{
    struct call *call = context;

    call->status = myc_request_pass_on(self, call->request);
}

enum myc_status
probe_pass_on(struct probe *by, struct myc_request request)
{
    CALL(by, pass_on, .request = request);
}

static void
take_over(struct myc_self *self, void *context)
{
    myc_request_take_over(self, ((struct call *)context)->request);
}

void
probe_take_over(struct probe *by, struct myc_request request)
{
    struct call call = { .request = request };

    probe_do(by, take_over, &call);
}

void
probe_answers(struct myc_self *self, struct probe *probe, const struct myc_message *message)
{
    uint64_t value;

    (void)probe;
    if (message->kind != MYC_KIND_ASK)
        return;
    memcpy(&value, message->body, sizeof(value));
    value++;
    (void)myc_reply(self, myc_message_request(message), &probe_number_type, &value, sizeof(value));
}

struct myc_request probe_kept;

void
probe_keeps(struct myc_self *self, struct probe *probe, const struct myc_message *message)
{
    (void)self, (void)probe;
    if (message->kind == MYC_KIND_ASK)
        probe_kept = myc_message_request(message);
}

static void
monitor(struct myc_self *self, void *context)
{
    struct call *call = context;

    call->status = myc_monitor(self, call->ref, call->id);
}

enum myc_status
probe_monitor(struct probe *probe, struct myc_ref ref, uint64_t *id)
{
    CALL(probe, monitor, .ref = ref, .id = id);
}

static void
demonitor(struct myc_self *self, void *context)
{
    struct call *call = context;

    call->status = myc_demonitor(self, call->numbers[0]);
}

enum myc_status
probe_demonitor(struct probe *probe, uint64_t id)
{
    CALL(probe, demonitor, .numbers = { id });
}

static void
link_with(struct myc_self *self, void *context)
{
    struct call *call = context;

    call->status = myc_link(self, call->ref);
}

enum myc_status
probe_link(struct probe *probe, struct myc_ref ref)
{
    CALL(probe, link_with, .ref = ref);
}

static void
unlink_from(struct myc_self *self, void *context)
{
    struct call *call = context;

    call->status = myc_unlink(self, call->ref);
}

enum myc_status
probe_unlink(struct probe *probe, struct myc_ref ref)
{
    CALL(probe, unlink_from, .ref = ref);
}

static void
watch_nodes(struct myc_self *self, void *context)
{
    ((struct call *)context)->status = myc_watch_nodes(self);
}

enum myc_status
probe_watch_nodes(struct probe *probe)
{
    CALL(probe, watch_nodes, .name = NULL);
}

static void
register_name(struct myc_self *self, void *context)
{
    struct call *call = context;

    call->status = myc_register(self, call->name);
}

enum myc_status
probe_register(struct probe *probe, const char *name)
{
    CALL(probe, register_name, .name = name);
}

static void
unregister_name(struct myc_self *self, void *context)
{
    struct call *call = context;

    call->status = myc_unregister(self, call->name);
}

enum myc_status
probe_unregister(struct probe *probe, const char *name)
{
    CALL(probe, unregister_name, .name = name);
}

static void
lookup(struct myc_self *self, void *context)
{
    struct call *call = context;

    call->status = myc_lookup(self, call->name, call->out);
}

enum myc_status
probe_lookup(struct probe *probe, const char *name, struct myc_ref *ref)
{
    CALL(probe, lookup, .name = name, .out = ref);
}

static void
discover(struct myc_self *self, void *context)
{
    struct call *call = context;

    call->status = myc_discover(self, call->name, call->numbers[0], call->numbers[1]);
}

enum myc_status
probe_discover(struct probe *probe, const char *name, uint64_t timeout_ns, uint64_t tag)
{
    CALL(probe, discover, .name = name, .numbers = { timeout_ns, tag });
}

static void
watch_name(struct myc_self *self, void *context)
{
    struct call *call = context;

    call->status = myc_watch_name(self, call->name, call->numbers[0]);
}

enum myc_status
probe_watch_name(struct probe *probe, const char *name, uint64_t tag)
{
    CALL(probe, watch_name, .name = name, .numbers = { tag });
}
