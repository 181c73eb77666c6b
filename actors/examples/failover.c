/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An ask with fail-over: a front that asks replicas, one after the other, until one has answered.
 *
 * Whoever asks the front gets one answer or one failure, as from any actor; that a replica was
 * silent, gone or unreachable on the way only costs time. The replicas are a group, so they come
 * and go as they like. A query is kept by its own ask's tag: the place in the table.
 */
#include "examples.h"

#include <string.h>

#include <mycelium/group.h>

#include "examples_messages.h"

#define OPEN_MAX    64U
#define REPLICAS    8U
#define PATIENCE_NS 5000000U /* with one replica */

struct open_query {
    bool is_taken;
    uint32_t next; /* replica to ask next */
    uint64_t key;
    struct myc_request asker;
};

struct front {
    char group[MYC_GROUP_SIZE_MAX + 1];
    struct open_query open[OPEN_MAX];
};

static enum myc_status
front_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    struct front *front = state;

    (void)self;
    if (args_size == 0 || args_size > MYC_GROUP_SIZE_MAX)
        return MYC_INVALID;
    memcpy(front->group, args, args_size);
    return MYC_OK;
}

/* Asks the next replica that can be asked, or gives up. */
static void
try_next(struct myc_self *self, const struct front *front, struct open_query *query)
{
    const struct example_query body = { .key = query->key };
    const struct myc_ask_options options = {
        .size = sizeof(options),
        .timeout_ns = PATIENCE_NS,
        .tag = (uint64_t)(query - front->open),
    };
    struct myc_ref replicas[REPLICAS];
    uint32_t count = myc_members(self, front->group, replicas, REPLICAS);

    while (query->next < count && query->next < REPLICAS)
        if (example_query_ask(self, replicas[query->next++], &body, &options, NULL) == MYC_OK)
            return;
    (void)myc_reply_failure(self, query->asker, MYC_UNREACHABLE);
    query->is_taken = false;
}

static void
begin(struct myc_self *self, struct front *front, const struct myc_message *message, uint64_t key)
{
    for (uint32_t i = 0; i < OPEN_MAX; i++) {
        struct open_query *query = &front->open[i];

        if (query->is_taken)
            continue;
        *query = (struct open_query){ true, 0, key, myc_message_request(message) };
        try_next(self, front, query);
        return;
    }
    (void)myc_reply_failure(self, myc_message_request(message), MYC_FULL);
}

static enum myc_status
front_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct front *front = state;
    struct myc_ask_failed failed;
    struct example_result result;
    struct example_query query;

    if (message->kind == MYC_KIND_ASK && example_query_decode(message, &query)) {
        begin(self, front, message, query.key);
    } else if (message->kind == MYC_KIND_REPLY && example_result_decode(message, &result)) {
        (void)example_result_reply(self, front->open[message->tag].asker, &result);
        front->open[message->tag].is_taken = false;
    } else if (myc_ask_failed_decode(message, &failed)) {
        try_next(self, front, &front->open[message->tag]);
    }
    return MYC_OK;
}

static const struct myc_type *const accepts[] = { &example_query_type };

const struct myc_class example_failover_class = {
    .size = sizeof(struct myc_class),
    .name = "example_failover",
    .state_size = sizeof(struct front),
    .accepts = accepts,
    .accepts_count = 1,
    .init = front_init,
    .receive = front_receive,
};
