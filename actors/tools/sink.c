/* SPDX-License-Identifier: BSD-3-Clause */
#include "classes.h"

#include <mycelium/send.h>

#include "tools_messages.h"

struct sink {
    struct tools_count_reply count;
    uint64_t expected; /* number of the next message */
};

static void
count_echo(struct myc_self *self, struct sink *sink, const struct tools_echo *echo)
{
    uint64_t now_ns = myc_now_ns(self);

    if (sink->count.received++ == 0)
        sink->count.first_ns = now_ns;
    else if (echo->number != sink->expected)
        sink->count.out_of_order++;
    sink->expected = echo->number + 1;
    sink->count.last_ns = now_ns;
}

static enum myc_status
sink_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct sink *sink = state;
    struct tools_count_request request;
    struct tools_echo echo;
    enum myc_status status;

    if (tools_echo_decode(message, &echo)) {
        count_echo(self, sink, &echo);
        return MYC_OK;
    }
    if (!tools_count_request_decode(message, &request) || message->kind != MYC_KIND_ASK)
        return MYC_OK;
    status = tools_count_reply_reply(self, myc_message_request(message), &sink->count);
    if (status == MYC_OK && request.reset)
        *sink = (struct sink){ .expected = 0 };
    return MYC_OK;
}

static const struct myc_type *const accepts[] = { &tools_echo_type, &tools_count_request_type };

const struct myc_class tools_sink_class = {
    .size = sizeof(struct myc_class),
    .name = "sink",
    .state_size = sizeof(struct sink),
    .accepts = accepts,
    .accepts_count = 2,
    .receive = sink_receive,
};
