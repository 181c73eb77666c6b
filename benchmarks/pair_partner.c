/* SPDX-License-Identifier: BSD-3-Clause */
/* The partner of a pair, and its second one beside it: see pair.h. */
#include "pair.h"

#include <string.h>

#include <mycelium/messages.h>
#include <mycelium/name.h>

#include "bench_messages.h"

#define TELL_EVERY 64U /* messages that are alone: how often it says how many have come */

struct partner {
    const struct bench_raw *raw;
    struct myc_ref driver;
    uint64_t received;
    uint64_t expected; /* of the present RATE phase */
    bool tells;        /* it is RATE_ALONE */
    struct bench_phase_done done;
    bool is_owed; /* `done` found no room yet: what the blast lent goes back by the same way */
};

static enum myc_status
partner_init_as(struct myc_self *self, void *state, const void *args, size_t args_size,
                const char *name)
{
    struct partner *partner = state;

    if (args_size != sizeof(partner->raw))
        return MYC_INVALID;
    memcpy(&partner->raw, args, sizeof(partner->raw));
    return myc_register(self, name);
}

static enum myc_status
partner_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    return partner_init_as(self, state, args, args_size, BENCH_PARTNER_NAME);
}

static enum myc_status
sink_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    return partner_init_as(self, state, args, args_size, BENCH_SINK_NAME);
}

/* FULL brings a Writable. Anything else is the end of the driver, or of the link to it. */
static void
partner_pay(struct myc_self *self, struct partner *partner)
{
    partner->is_owed = bench_phase_done_send(self, partner->driver, &partner->done) == MYC_FULL;
}

static void
partner_tell_done(struct myc_self *self, struct partner *partner, uint32_t phase, uint64_t end_ns)
{
    partner->done = (struct bench_phase_done){
        .phase = phase,
        .count = partner->received,
        .duration_ns = end_ns,
    };
    partner_pay(self, partner);
}

static void
partner_begin(struct myc_self *self, struct partner *partner, const struct myc_message *message)
{
    const struct bench_raw *raw = partner->raw;
    struct bench_phase phase;
    uint64_t end_ns;

    if (!bench_phase_decode(message, &phase))
        return;
    partner->driver = message->from;
    partner->received = 0;
    partner->expected = phase.count;
    partner->tells = phase.phase == PHASE_RATE_ALONE;
    if (phase.phase == PHASE_RAW_RTT)
        raw->echo(raw->context, self, phase.count);
    if (phase.phase == PHASE_RAW_RATE) {
        partner->received = raw->drain(raw->context, self, phase.count, &end_ns);
        partner_tell_done(self, partner, phase.phase, end_ns);
    }
}

/* A message that says how many have come is covered by the next, should it find no room. */
static void
partner_count(struct myc_self *self, struct partner *partner)
{
    const struct bench_ping ping = { .sequence = ++partner->received };

    if (partner->received == partner->expected)
        partner_tell_done(self, partner, PHASE_RATE, myc_clock_ns(self));
    else if (partner->tells && partner->received % TELL_EVERY == 0)
        (void)bench_ping_send(self, partner->driver, &ping);
}

static enum myc_status
partner_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct partner *partner = state;

    switch (myc_message_key(message)) {
    case BENCH_PING_KEY:
        /* What finds no room is missed by who sent it. */
        (void)myc_send(self, message->from, &bench_ping_type, message->body, message->size);
        return MYC_OK;
    case BENCH_BLAST_KEY:
        partner_count(self, partner);
        return MYC_OK;
    case BENCH_PHASE_KEY:
        partner_begin(self, partner, message);
        return MYC_OK;
    case MYC_WRITABLE_KEY:
        if (partner->is_owed)
            partner_pay(self, partner);
        return MYC_OK;
    default:
        return MYC_OK;
    }
}

static const struct myc_type *const partner_accepts[] = {
    &bench_ping_type,
    &bench_blast_type,
    &bench_phase_type,
};

const struct myc_class bench_partner_class = {
    .size = sizeof(struct myc_class),
    .name = "bench_partner",
    .state_size = sizeof(struct partner),
    .accepts = partner_accepts,
    .accepts_count = 3,
    .init = partner_init,
    .receive = partner_receive,
};

const struct myc_class bench_sink_class = {
    .size = sizeof(struct myc_class),
    .name = "bench_sink",
    .state_size = sizeof(struct partner),
    .accepts = partner_accepts,
    .accepts_count = 3,
    .init = sink_init,
    .receive = partner_receive,
};
