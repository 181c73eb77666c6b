/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The actors of the conformance suite that carry large messages.
 *
 *   hauler   sends `count` bodies of `option` bytes to its peer, one after the other: by copy, or
 *            (name "place") written in place, or (name "share") one buffer to all of `count` sends
 *   weigher  checks `count` bodies of `option` bytes; with name "keep" it keeps each and looks
 *            again at the end
 */
#include "conformance/actor_base.h"

#include <stdlib.h>

#include <mycelium/buffer.h>

#define RETRY_NS 1000000U /* after NO_MEMORY */
#define KEPT_MAX 8U

/* A root block in front of bytes that nobody else knows the meaning of. */
struct load {
    uint64_t value;
    uint64_t source;
};

static const struct myc_type load_type = {
    .name = "Load",
    .schema_id = 901,
    .template_id = 100,
    .block_length = sizeof(struct load),
};
static const struct myc_type *const load_types[] = { &load_type };

static uint8_t
byte_at(uint64_t value, uint32_t i)
{
    return (uint8_t)(value * 17U + i * 131U);
}

static void
fill(uint8_t *body, uint32_t size, uint64_t value, uint32_t source)
{
    struct load load = { value, source };

    for (uint32_t i = sizeof(load); i < size; i++)
        body[i] = byte_at(value, i);
    memcpy(body, &load, sizeof(load));
}

static bool
is_whole(const uint8_t *body, uint32_t size)
{
    struct load load;

    memcpy(&load, body, sizeof(load));
    for (uint32_t i = sizeof(load); i < size; i++)
        if (body[i] != byte_at(load.value, i))
            return false;
    return true;
}

/* --- hauler ----------------------------------------------------------------------------------- */

struct hauler {
    struct base base;
    uint64_t next;
    struct myc_buffer *buffer; /* of "share" */
    bool has_ended;
};

static enum myc_status
send_in_place(struct myc_self *self, const struct hauler *hauler)
{
    const struct conf_plan *plan = &hauler->base.plan;
    void *body;
    enum myc_status status =
        myc_send_claim(self, plan->peer, &load_type, (uint32_t)plan->option, &body);

    if (status != MYC_OK)
        return status;
    fill(body, (uint32_t)plan->option, hauler->next, plan->source);
    myc_send_commit(self);
    return MYC_OK;
}

static enum myc_status
send_shared(struct myc_self *self, struct hauler *hauler)
{
    const struct conf_plan *plan = &hauler->base.plan;
    enum myc_status status = MYC_OK;
    void *body;

    if (!hauler->buffer) {
        status = myc_buffer_claim(self, (uint32_t)plan->option, &hauler->buffer, &body);
        if (status == MYC_OK)
            fill(body, (uint32_t)plan->option, 0, plan->source);
    }
    if (status == MYC_OK)
        status = myc_buffer_send(self, plan->peer, &load_type, hauler->buffer, NULL);
    return status;
}

static enum myc_status
send_copy(struct myc_self *self, const struct hauler *hauler)
{
    const struct conf_plan *plan = &hauler->base.plan;
    uint8_t *body = malloc(plan->option);
    enum myc_status status;

    if (!body)
        return MYC_NO_MEMORY;
    fill(body, (uint32_t)plan->option, hauler->next, plan->source);
    status = myc_send(self, plan->peer, &load_type, body, (uint32_t)plan->option);
    free(body);
    return status;
}

static enum myc_status
send_one(struct myc_self *self, struct hauler *hauler)
{
    const char *how = hauler->base.plan.name;

    if (strcmp(how, "place") == 0)
        return send_in_place(self, hauler);
    return strcmp(how, "share") == 0 ? send_shared(self, hauler) : send_copy(self, hauler);
}

/* Sends until it is refused: FULL brings a Writable, NO_MEMORY passes, anything else is the end. */
static enum myc_status
hauler_go_on(struct myc_self *self, struct hauler *hauler)
{
    const struct conf_plan *plan = &hauler->base.plan;
    enum myc_status status = MYC_OK;

    if (hauler->has_ended)
        return MYC_OK;
    while (hauler->next < plan->count) {
        status = send_one(self, hauler);
        if (status == MYC_FULL)
            return MYC_OK;
        if (status == MYC_NO_MEMORY)
            return myc_timer_start(self, RETRY_NS, 0, 0, NULL);
        if (status != MYC_OK)
            break;
        hauler->next++;
    }
    hauler->has_ended = true;
    myc_buffer_release(self, &hauler->buffer);
    conf_report_to(self, plan, CONF_WHAT_SENT, hauler->next, status, plan->peer);
    return MYC_OK;
}

static enum myc_status
hauler_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    enum myc_status status = conf_take_plan(state, args, args_size);

    return status == MYC_OK ? hauler_go_on(self, state) : status;
}

/* From the first that came back on, all comes back, in order. */
static enum myc_status
hauler_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct hauler *hauler = state;
    struct myc_undelivered undelivered;

    if (myc_undelivered_decode(message, &undelivered)) {
        conf_report_to(self, &hauler->base.plan, CONF_WHAT_UNDELIVERED, 0, undelivered.status,
                       undelivered.ref);
        return MYC_OK;
    }
    return hauler_go_on(self, hauler);
}

/* --- weigher ---------------------------------------------------------------------------------- */

struct weigher {
    struct base base;
    uint64_t next;
    struct myc_buffer *kept[KEPT_MAX];
};

static void
complete(struct myc_self *self, struct weigher *weigher)
{
    const struct conf_plan *plan = &weigher->base.plan;
    bool is_good = true;

    for (uint32_t i = 0; i < KEPT_MAX; i++) {
        if (!weigher->kept[i])
            continue;
        is_good &= is_whole(myc_buffer_body(weigher->kept[i]), myc_buffer_size(weigher->kept[i]));
        myc_buffer_release(self, &weigher->kept[i]);
    }
    conf_report_to(self, plan, is_good ? CONF_WHAT_COMPLETE : CONF_WHAT_DISORDER, weigher->next,
                   MYC_OK, myc_self_ref(self));
}

static enum myc_status
weigher_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct weigher *weigher = state;
    const struct conf_plan *plan = &weigher->base.plan;
    struct load load;

    if (!myc_message_is(message, &load_type))
        return MYC_OK;
    memcpy(&load, message->body, sizeof(load));
    if (message->size != plan->option || !is_whole(message->body, message->size) ||
        (load.value != weigher->next && load.value != 0))
        conf_report_to(self, plan, CONF_WHAT_DISORDER, load.value, MYC_OK, message->from);
    if (strcmp(plan->name, "keep") == 0 && weigher->next < KEPT_MAX &&
        myc_message_keep(self, message, &weigher->kept[weigher->next]) != MYC_OK)
        conf_report_to(self, plan, CONF_WHAT_DISORDER, load.value, MYC_NO_MEMORY, message->from);
    if (++weigher->next == plan->count)
        complete(self, weigher);
    return MYC_OK;
}

const struct myc_class conf_large_classes[] = {
    { CLASS("hauler", struct hauler), .init = hauler_init, .receive = hauler_receive },
    { CLASS("weigher", struct weigher), TAKES(load_types), .init = conf_plain_init,
      .receive = weigher_receive },
};
const size_t conf_large_class_count = sizeof(conf_large_classes) / sizeof(conf_large_classes[0]);
