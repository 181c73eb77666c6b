/* SPDX-License-Identifier: BSD-3-Clause */
#include "inlet.h"

#include <string.h>

#include "memory.h"

#define CREDIT_EVERY (MARKET_WINDOW / 4U)

bool
market_inlet_init(struct market_inlet *inlet, enum market_lane lane, const char *peer_name,
                  struct market_journal *journal, bool has_messages)
{
    memset(inlet, 0, sizeof(*inlet));
    inlet->lane = lane;
    inlet->peer_name = peer_name;
    inlet->journal = journal;
    myc_histogram_init(&inlet->latency);
    if (!has_messages)
        return true;
    inlet->items = market_memory_take(MARKET_WINDOW, sizeof(*inlet->items));
    return inlet->items != NULL;
}

void
market_inlet_fini(struct market_inlet *inlet)
{
    free(inlet->items);
    inlet->items = NULL;
}

void
market_inlet_set_ready(struct market_inlet *inlet)
{
    if (inlet->is_ready)
        return;
    inlet->is_ready = true;
    inlet->is_credit_due = true;
}

/* A producer that repeats its Open has not seen our first credit; a new life starts at 1. */
static void
on_open(struct market_inlet *inlet, struct myc_self *self, const struct myc_message *message,
        const struct market_open *open)
{
    inlet->is_credit_due = true;
    if (inlet->is_open && inlet->life == open->life && myc_ref_is_equal(inlet->from, message->from))
        return;
    if (inlet->monitor != 0)
        (void)myc_demonitor(self, inlet->monitor);
    if (myc_monitor(self, message->from, &inlet->monitor) != MYC_OK)
        inlet->monitor = 0;
    inlet->from = message->from;
    inlet->life = open->life;
    inlet->expected = 1;
    inlet->life_consumed = 0;
    inlet->life_credited = 0;
    inlet->is_open = true;
    market_journal_peer(inlet->journal, inlet->peer_name, true, MYC_OK);
}

static void
keep(struct market_inlet *inlet, const struct myc_message *message)
{
    struct market_inlet_item *item = &inlet->items[inlet->tail % MARKET_WINDOW];

    if (inlet->tail - inlet->head == MARKET_WINDOW || message->size > MARKET_BODY_MAX) {
        inlet->overflow++;
        return;
    }
    item->origin = message->origin;
    item->key = myc_message_key(message);
    item->size = message->size;
    item->block_length = message->block_length;
    item->version = message->version;
    item->life = inlet->life;
    memcpy(item->body, message->body, message->size);
    inlet->tail++;
    inlet->received++;
}

static void
on_hop(struct market_inlet *inlet, struct myc_self *self, const struct myc_message *message)
{
    struct market_hop hop = market_hop_load(message->body);
    uint64_t now_ns = myc_clock_ns(self);

    if (!inlet->is_open || hop.life != inlet->life ||
        !myc_ref_is_equal(message->from, inlet->from)) {
        inlet->stale++;
        return;
    }
    if (hop.number < inlet->expected) {
        inlet->duplicates++;
        return;
    }
    if (hop.number > inlet->expected) {
        inlet->gaps++;
        inlet->missed += hop.number - inlet->expected;
        /* What is missing will not be consumed, but leaves the producer's window. */
        inlet->life_consumed += hop.number - inlet->expected;
    }
    inlet->expected = hop.number + 1;
    myc_histogram_record(&inlet->latency, now_ns > hop.sent_ns ? now_ns - hop.sent_ns : 0);
    keep(inlet, message);
}

static bool
on_down(struct market_inlet *inlet, const struct myc_message *message)
{
    struct myc_down down;

    if (!myc_down_decode(message, &down) || inlet->monitor == 0 || down.monitor != inlet->monitor)
        return false;
    inlet->monitor = 0;
    inlet->is_open = false;
    market_journal_peer(inlet->journal, inlet->peer_name, false, down.reason);
    return true;
}

/* The lane that a type of message travels on; End is told by its sender. */
static bool
is_of_lane(const struct market_inlet *inlet, const struct myc_message *message)
{
    switch (myc_message_key(message)) {
    case MARKET_BOOK_UPDATE_KEY:
        return inlet->lane == MARKET_LANE_EVENTS;
    case MARKET_TOP_OF_BOOK_KEY:
        return inlet->lane == MARKET_LANE_TOPS;
    case MARKET_REACTION_KEY:
        return inlet->lane == MARKET_LANE_REACTIONS;
    case MARKET_ACK_KEY:
        return inlet->lane == MARKET_LANE_ACKS;
    case MARKET_END_KEY:
        return inlet->items != NULL && myc_ref_is_equal(message->from, inlet->from);
    default:
        return false;
    }
}

bool
market_inlet_on_message(struct market_inlet *inlet, struct myc_self *self,
                        const struct myc_message *message)
{
    struct market_open open;

    if (myc_message_is(message, &market_open_type)) {
        if (!market_open_decode(message, &open) || open.lane != inlet->lane)
            return false;
        on_open(inlet, self, message, &open);
        return true;
    }
    if (myc_message_is(message, &myc_down_type))
        return on_down(inlet, message);
    if (myc_message_is(message, &myc_undelivered_type) &&
        message->tag == (MARKET_TAG_CREDIT | inlet->lane)) {
        inlet->is_credit_due = true;
        return true;
    }
    if (!is_of_lane(inlet, message))
        return false;
    on_hop(inlet, self, message);
    return true;
}

const struct market_inlet_item *
market_inlet_peek(const struct market_inlet *inlet)
{
    return inlet->head < inlet->tail ? &inlet->items[inlet->head % MARKET_WINDOW] : NULL;
}

void
market_inlet_pop(struct market_inlet *inlet)
{
    const struct market_inlet_item *item = &inlet->items[inlet->head % MARKET_WINDOW];

    inlet->consumed++;
    if (item->life == inlet->life)
        inlet->life_consumed++;
    /* The producer ends after this one: it shall see that all was consumed. */
    if (item->key == MARKET_END_KEY)
        inlet->is_credit_due = true;
    inlet->head++;
}

void
market_inlet_account(struct market_inlet *inlet, uint64_t count)
{
    inlet->consumed += count;
    inlet->life_consumed += count;
}

void
market_inlet_flush(struct market_inlet *inlet, struct myc_self *self)
{
    const struct market_credit credit = { .consumed = inlet->life_consumed,
                                          .life = inlet->life,
                                          .lane = inlet->lane };
    const struct myc_send_options options = { .size = sizeof(options),
                                              .tag = MARKET_TAG_CREDIT | inlet->lane };
    uint8_t body[MARKET_CREDIT_SIZE];

    if (!inlet->is_open || !inlet->is_ready)
        return;
    if (!inlet->is_credit_due && inlet->life_consumed - inlet->life_credited < CREDIT_EVERY)
        return;
    market_credit_encode(&credit, body);
    /* Refused: the next flush tries again, at the latest at the next tick. */
    if (myc_send_with(self, inlet->from, &market_credit_type, body, sizeof(body), &options) !=
        MYC_OK)
        return;
    inlet->life_credited = inlet->life_consumed;
    inlet->is_credit_due = false;
}

void
market_inlet_report(const struct market_inlet *inlet, const char *prefix)
{
#define COUNT(name, text) market_journal_part(inlet->journal, prefix, #name, inlet->name);
    MARKET_INLET_COUNTERS(COUNT)
#undef COUNT
}
