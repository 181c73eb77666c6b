/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The gateway: takes orders from the strategy and acknowledges each. It stands where an exchange's
 * order entry session would be; nothing leaves it.
 */
#include <stdio.h>

#include "arguments.h"
#include "classes.h"
#include "inlet.h"
#include "station.h"

struct gateway {
    struct market_inlet reactions;
    struct market_outlet acks;
    struct market_journal journal;
    struct myc_histogram wire_to_order; /* ns, frame's arrival to the order being here */
    bool is_finished;
};

static const struct myc_type *const accepts[] = {
    &market_open_type,
    &market_credit_type,
    &market_reaction_type,
    &market_end_type,
};

static void
acknowledge(struct gateway *gateway, const struct market_inlet_item *item, uint64_t now_ns)
{
    struct market_reaction_view view = MARKET_INLET_VIEW(struct market_reaction_view, item);
    struct market_reaction reaction;
    uint8_t body[MARKET_ACK_SIZE];

    market_reaction_read(&view, &reaction);
    const struct market_ack ack = {
        .reaction = reaction.hop.number,
        .reaction_sent_ns = reaction.hop.sent_ns,
        .sequence = reaction.sequence,
    };

    if (item->origin != 0)
        myc_histogram_record(&gateway->wire_to_order, myc_origin_age_ns(item->origin, now_ns));
    market_ack_encode(&ack, body);
    market_outlet_push(&gateway->acks, &market_ack_type, body, item->origin);
}

static void
journal_counters(struct gateway *gateway)
{
    market_inlet_report(&gateway->reactions, "reactions");
    market_outlet_report(&gateway->acks, "acks");
    market_journal_latency(&gateway->journal, "flow", &gateway->reactions.latency);
    market_journal_latency(&gateway->journal, "wire_to_order", &gateway->wire_to_order);
}

static void
report(struct gateway *gateway)
{
    if (gateway->is_finished)
        return;
    gateway->is_finished = true;
    journal_counters(gateway);
    market_journal_finished(&gateway->journal);
}

static void
acknowledge_waiting(struct gateway *gateway, struct myc_self *self)
{
    const struct market_inlet_item *item;
    uint64_t now_ns = myc_clock_ns(self);

    while (market_outlet_has_room(&gateway->acks) &&
           (item = market_inlet_peek(&gateway->reactions)) != NULL) {
        bool is_end = item->key == MARKET_END_KEY;

        if (is_end)
            market_outlet_push_end(&gateway->acks);
        else
            acknowledge(gateway, item, now_ns);
        market_inlet_pop(&gateway->reactions);
        market_outlet_flush(&gateway->acks, self);
        if (is_end)
            report(gateway);
    }
}

static void
pump(struct gateway *gateway, struct myc_self *self)
{
    if (gateway->acks.has_been_open)
        market_inlet_set_ready(&gateway->reactions);
    acknowledge_waiting(gateway, self);
    market_outlet_flush(&gateway->acks, self);
    market_inlet_flush(&gateway->reactions, self);
    market_journal_flush(&gateway->journal, self);
}

static void
on_tick(struct gateway *gateway, struct myc_self *self)
{
    market_outlet_on_tick(&gateway->acks, self);
    if (market_journal_progress(
            &gateway->journal,
            (struct market_progress){
                .received = gateway->reactions.received,
                .sent = gateway->acks.sent,
                .gaps = gateway->reactions.gaps,
                .dropped = gateway->acks.dropped_no_peer + gateway->reactions.overflow,
                .depth =
                    market_inlet_depth(&gateway->reactions) + market_outlet_depth(&gateway->acks),
            }))
        journal_counters(gateway);
}

static enum myc_status
gateway_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct gateway *gateway = state;

    if (myc_message_is(message, &myc_timer_fired_type))
        on_tick(gateway, self);
    else if (!market_inlet_on_message(&gateway->reactions, self, message) &&
             !market_outlet_on_message(&gateway->acks, self, message))
        (void)market_journal_on_message(&gateway->journal, message);
    pump(gateway, self);
    return MYC_OK;
}

static void
gateway_stop(struct myc_self *self, void *state, enum myc_status reason)
{
    struct gateway *gateway = state;

    (void)self;
    (void)reason;
    market_inlet_fini(&gateway->reactions);
    market_outlet_fini(&gateway->acks);
    market_journal_fini(&gateway->journal);
}

static enum myc_status
gateway_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    struct gateway *gateway = state;
    char error[MARKET_ARGUMENT_TEXT_SIZE * 2];
    enum myc_status status = MYC_NO_MEMORY;

    if (!market_arguments_read(args, args_size, NULL, 0, error, sizeof(error))) {
        (void)fprintf(stderr, "market_gateway: %s\n", error);
        return MYC_INVALID;
    }
    myc_histogram_init(&gateway->wire_to_order);
    if (market_journal_init(&gateway->journal, MARKET_ROLE_GATEWAY) &&
        market_inlet_init(&gateway->reactions, MARKET_LANE_REACTIONS, MARKET_NAME_STRATEGY,
                          &gateway->journal, true) &&
        market_outlet_init(&gateway->acks, MARKET_LANE_ACKS, MARKET_NAME_STRATEGY,
                           &gateway->journal, true))
        status = market_station_start(self, MARKET_NAME_GATEWAY, &gateway->acks);
    if (status != MYC_OK)
        gateway_stop(self, state, status);
    return status;
}

const struct myc_class market_gateway_class = {
    .size = sizeof(struct myc_class),
    .name = "market_gateway",
    .state_size = sizeof(struct gateway),
    .accepts = accepts,
    .accepts_count = sizeof(accepts) / sizeof(accepts[0]),
    .init = gateway_init,
    .receive = gateway_receive,
    .stop = gateway_stop,
};
